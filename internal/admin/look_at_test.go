package admin_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// What a credential reaches is for its owner, and for who may explain decisions
// where he is at home.
func TestReach(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	orders := s.MakeRole(s.in, "orders/read")
	must(s.CreateBinding(s.ctx, admin.System("test"), s.in, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: orders.ID,
	}))
	who := func(permissions ...sallyport.Permission) admin.Actor {
		u := s.MakeUser(s.in, sallyport.Person)
		role := s.MakeRole(s.in, permissions...)
		must(s.CreateBinding(s.ctx, admin.System("test"), s.in, admin.NewBinding{
			SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: role.ID,
		}))
		return admintest.As(u)
	}
	for name, c := range map[string]struct {
		actor admin.Actor
		id    sallyport.CredentialID
		kind  sallyport.Kind
		fails bool
	}{
		"his own":                     {actor: admintest.As(s.user), id: s.token.ID},
		"may read and explain":        {actor: who(admin.TokensRead, admin.DecisionsExplain), id: s.token.ID},
		"may read alone":              {actor: who(admin.TokensRead), id: s.token.ID, fails: true, kind: sallyport.NotFound},
		"may explain alone":           {actor: who(admin.DecisionsExplain), id: s.token.ID, fails: true, kind: sallyport.Refused},
		"a key, may read and explain": {actor: who(admin.KeysRead, admin.DecisionsExplain), id: s.key.ID},
		"a key, may read alone":       {actor: who(admin.KeysRead), id: s.key.ID, fails: true, kind: sallyport.NotFound},
		"a session":                   {actor: who(admin.TokensRead, admin.DecisionsExplain), id: s.session.ID, fails: true, kind: sallyport.NotFound},
	} {
		reach, err := s.Reach(s.ctx, c.actor, c.id, "")
		if c.fails {
			if err == nil || sallyport.KindOf(err) != c.kind {
				t.Errorf("%s: %v, want kind %d", name, err, c.kind)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.id == s.token.ID && (reach.Tenant != s.in || !slices.Contains(reach.Held, "orders/read") || !slices.Contains(reach.Could, "orders/read")) {
			t.Errorf("%s: %+v", name, reach)
		}
	}
	if _, err := s.Reach(s.ctx, admintest.As(s.user), s.token.ID, "nosuch"); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("in a tenant that he has nothing to do with: %v", err)
	}
	narrow := must(s.CreateToken(s.ctx, admintest.As(s.user), admin.NewToken{Name: "narrow", Scopes: []string{"sallyport/self"}})).Credential
	reach, err := s.Reach(s.ctx, admintest.As(s.user), narrow.ID, "")
	if err != nil || len(reach.Could) != 0 || !slices.Contains(reach.Held, "orders/read") {
		t.Errorf("a token whose scopes leave nothing: %+v, %v", reach, err)
	}
	view := must(s.ViewCredential(s.ctx, who(admin.TokensRead, admin.TokensRevoke), s.token.ID))
	if view.Own || view.Change || !view.Revoke || view.Explain || view.Owner.ID != s.user.ID || len(view.Secrets) != 1 {
		t.Errorf("who may revoke sees %+v", view)
	}
}
