package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/admin"
)

func TestOwnTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	_, secret := w.Person(w.T1.ID, "orders/read")
	c := w.client(t, secret)
	tokens := c.Me().Tokens()
	made := ok(tokens.Create(ctx, api.NewToken{
		Name: "backup", Scopes: []string{"orders/read", "sallyport/self"}, Networks: networks(), ExpiresAt: w.Clock.Now().Add(time.Hour),
	}))(t)
	if !strings.HasPrefix(made.Secret.Reveal(), "spp_") || made.Kind != sallyport.PersonalToken || made.Current {
		t.Errorf("made %+v", made)
	}
	limited := w.client(t, made.Secret.Reveal())
	me := ok(limited.Me().Get(ctx))(t)
	if len(me.Scopes) != 2 || me.CredentialKind != sallyport.PersonalToken {
		t.Errorf("me %+v", me)
	}
	_, err := limited.Me().Tokens().Create(ctx, api.NewToken{Name: "wider"})
	refused(t, err, http.StatusForbidden)

	changed := ok(tokens.Update(ctx, made.ID, made.Version, api.TokenChange{Name: new("archive"), Scopes: api.Null[[]string]()}))(t)
	if changed.Name != "archive" || changed.Scopes != nil || len(changed.Networks) != 1 || changed.ExpiresAt.IsZero() {
		t.Errorf("changed %+v", changed)
	}
	renewed := ok(tokens.Renew(ctx, made.ID, changed.Version, api.Renewal{Overlap: sallyport.Duration(time.Minute)}))(t)
	if renewed.Secret == made.Secret || renewed.Secret == "" {
		t.Error("the secret was not replaced")
	}
	secrets := ok(tokens.Secrets(ctx, made.ID))(t)
	if len(secrets) != 2 || secrets[0].Hint == secrets[1].Hint {
		t.Errorf("secrets %+v", secrets)
	}
	_ = ok(limited.Me().Get(ctx))(t) // the old one works during the overlap
	w.Advance(2 * time.Minute)
	_, err = limited.Me().Get(ctx)
	refused(t, err, http.StatusUnauthorized)
	refused(t, tokens.Revoke(ctx, made.ID, made.Version), http.StatusPreconditionFailed)
	if err := tokens.Revoke(ctx, made.ID, renewed.Version); err != nil {
		t.Fatal(err)
	}
	_, err = w.client(t, renewed.Secret.Reveal()).Me().Get(ctx)
	refused(t, err, http.StatusUnauthorized)
	if list := all(t, tokens.Listing, api.StateFilter{State: sallyport.Revoked}); len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("revoked: %+v", list)
	}
}

// Below /me there is what is one's own, and nothing else, whatever one may.
func TestOwnTokensAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	_, secret := w.Person(w.T1.ID)
	theirs := ok(w.client(t, secret).Me().Tokens().Create(ctx, api.NewToken{Name: "theirs"}))(t)
	_, other := w.Person(w.T1.ID)
	for name, token := range map[string]string{"administrator": w.Token(w.Root), "stranger": other} {
		tokens := w.client(t, token).Me().Tokens()
		_, err := tokens.Get(ctx, theirs.ID)
		refused(t, err, http.StatusNotFound)
		_, err = tokens.Update(ctx, theirs.ID, client.AnyVersion, api.TokenChange{Name: new("mine")})
		refused(t, err, http.StatusNotFound)
		_, err = tokens.Renew(ctx, theirs.ID, client.AnyVersion, api.Renewal{})
		refused(t, err, http.StatusNotFound)
		_, err = tokens.Secrets(ctx, theirs.ID)
		refused(t, err, http.StatusNotFound)
		refused(t, tokens.Revoke(ctx, theirs.ID, client.AnyVersion), http.StatusNotFound)
		if list := all(t, tokens.Listing, api.StateFilter{}); len(list) != 1 {
			t.Errorf("%s sees %+v", name, list)
		}
	}
}

func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	service := w.User(w.T1.ID, sallyport.Service)
	tokens := c.Credentials(w.T1.ID)
	made := ok(tokens.Create(ctx, api.NewApplicationToken{Owner: service.ID, NewToken: api.NewToken{Name: "sync"}}))(t)
	if made.Kind != sallyport.ApplicationToken || made.Owner != service.ID || !strings.HasPrefix(made.Secret.Reveal(), "spn_") {
		t.Errorf("made %+v", made)
	}
	if list := all(t, tokens.Listing, api.TokenFilter{Owner: service.ID}); len(list) != 1 {
		t.Errorf("list %+v", list)
	}
	changed := ok(tokens.Update(ctx, made.ID, made.Version, api.TokenChange{Name: new("sync 2")}))(t)
	renewed := ok(tokens.Renew(ctx, made.ID, changed.Version, api.Renewal{}))(t)
	if got := ok(tokens.Get(ctx, made.ID))(t); got.Name != "sync 2" || got.Version != renewed.Version {
		t.Errorf("got %+v", got)
	}
	if s := ok(tokens.Secrets(ctx, made.ID))(t); len(s) == 0 {
		t.Error("no secrets")
	}
	if err := tokens.Revoke(ctx, made.ID, renewed.Version); err != nil {
		t.Error(err)
	}
	_, err := tokens.Create(ctx, api.NewApplicationToken{Owner: w.Root.ID, NewToken: api.NewToken{Name: "x"}})
	refused(t, err, http.StatusNotFound)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	role := w.Role(w.T1.ID, admin.UsersRead)
	keys := c.Keys(w.T1.ID)
	made := ok(keys.Create(ctx, api.NewKey{Name: "conveyor", Roles: []api.KeyRole{{Role: role.ID}}}))(t)
	key := w.client(t, made.Secret.Reveal())
	if me := ok(key.Me().Get(ctx))(t); me.Kind != sallyport.PrincipalAPIKey || me.Login != "conveyor" || string(me.ID) != string(made.ID) {
		t.Errorf("me %+v", me)
	}
	_ = ok(key.Users(w.T1.ID).Page(ctx, api.UserFilter{}, api.Page{}))(t)
	_, err := key.Users(w.T1.ID).Create(ctx, api.NewUser{Login: "x"})
	if e := refused(t, err, http.StatusForbidden); len(e.Missing) != 1 || e.Missing[0] != admin.UsersWrite {
		t.Errorf("missing %v", e.Missing)
	}
	_, err = key.Me().Tokens().Create(ctx, api.NewToken{Name: "x"})
	refused(t, err, http.StatusConflict)
	refused(t, key.Me().ChangePassword(ctx, "a", "b"), http.StatusConflict)
	_, err = keys.Create(ctx, api.NewKey{Name: "bad", Roles: []api.KeyRole{{Role: role.ID, ExpiresAt: w.Clock.Now().Add(-time.Hour)}}})
	if e := refused(t, err, http.StatusUnprocessableEntity); len(e.Fields) != 1 || e.Fields[0].Field != "roles[0].expires_at" || !strings.HasPrefix(e.Fields[0].Message, "expires_at ") {
		t.Errorf("fields %+v", e.Fields)
	}
	changed := ok(keys.Update(ctx, made.ID, made.Version, api.TokenChange{Networks: api.To(networks())}))(t)
	renewed := ok(keys.Renew(ctx, made.ID, changed.Version, api.Renewal{}))(t)
	if got := ok(keys.Get(ctx, made.ID))(t); got.Version != renewed.Version || len(got.Networks) != 1 {
		t.Errorf("got %+v", got)
	}
	if s := ok(keys.Secrets(ctx, made.ID))(t); len(s) == 0 {
		t.Error("no secrets")
	}
	if err := keys.Revoke(ctx, made.ID, renewed.Version); err != nil {
		t.Error(err)
	}
	if list := all(t, keys.Listing, api.StateFilter{State: sallyport.Revoked}); len(list) != 1 {
		t.Errorf("revoked %+v", list)
	}
}

// A secret is in the answer that made it and in no other, and neither are hashes
// of passwords.
func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	u := ok(c.Users(w.T1.ID).Create(ctx, api.NewUser{Login: "jo", Password: "seven-purple-anvils-hum"}))(t)
	token := ok(c.Me().Tokens().Create(ctx, api.NewToken{Name: "a"}))(t)
	key := ok(c.Keys(w.T1.ID).Create(ctx, api.NewKey{Name: "b"}))(t)
	_ = ok(c.Me().Tokens().Get(ctx, token.ID))(t)
	_ = ok(c.Me().Tokens().Secrets(ctx, token.ID))(t)
	_ = ok(c.Keys(w.T1.ID).Get(ctx, key.ID))(t)
	_ = all(t, c.Me().Tokens().Listing, api.StateFilter{})
	_ = all(t, c.Keys(w.T1.ID).Listing, api.StateFilter{})
	_ = ok(c.Users(w.T1.ID).Get(ctx, u.ID))(t)
	_ = all(t, c.EveryUser(), api.UserFilter{})
	_ = all(t, c.EveryAudit(), api.AuditFilter{})
	for name, canary := range map[string]string{"token": token.Secret.Reveal(), "key": key.Secret.Reveal()} {
		seen := 0
		for _, text := range w.answers {
			seen += strings.Count(text, canary)
		}
		if seen != 1 {
			t.Errorf("the secret of the %s was shown %d times", name, seen)
		}
	}
	for _, text := range w.answers {
		if strings.Contains(text, "argon2") || strings.Contains(text, "seven-purple") || strings.Contains(text, `"digest"`) {
			t.Errorf("an answer has what it must not: %s", text)
		}
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.Token(w.Root)
	send := func(path, key, body string) answer {
		return w.send(t, request{method: http.MethodPost, path: path, body: body, token: secret, header: map[string]string{"Idempotency-Key": key}})
	}
	users := "/tenants/" + string(w.T1.ID) + "/users"
	first, again := send(users, "k1", `{"login":"jo"}`), send(users, "k1", `{"login":"jo"}`)
	if first.status != http.StatusCreated || again.status != http.StatusCreated || first.body != again.body {
		t.Errorf("%d %s\n%d %s", first.status, first.body, again.status, again.body)
	}
	if at := first.header.Get("Location"); !strings.HasPrefix(at, base+users+"/") || again.header.Get("Location") != at {
		t.Errorf("Location %q", at)
	}
	if got := send(users, "k1", `{"login":"other"}`); got.status != http.StatusConflict || got.Errors[0].Field != "Idempotency-Key" {
		t.Errorf("another request: %d %s", got.status, got.body)
	}
	for _, tenant := range []sallyport.TenantID{w.T1.ID, w.T2.ID} { // the same body elsewhere is another request
		status := map[sallyport.TenantID]int{w.T1.ID: http.StatusCreated, w.T2.ID: http.StatusConflict}[tenant]
		if got := send("/tenants/"+string(tenant)+"/groups", "k3", `{"name":"night"}`); got.status != status {
			t.Errorf("in %s: %d %s, want %d", tenant, got.status, got.body, status)
		}
	}
	for _, key := range []string{strings.Repeat("k", 129), "a b", "é"} {
		if got := send(users, key, `{"login":"jo3"}`); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
			t.Errorf("key %q: %d %s", key, got.status, got.body)
		}
	}
	made, replayed := send("/me/tokens", "k2", `{"name":"t"}`), send("/me/tokens", "k2", `{"name":"t"}`)
	if !strings.Contains(made.body, `"secret":"spp_`) || strings.Contains(replayed.body, "secret") || replayed.status != http.StatusCreated {
		t.Errorf("%s\n%s", made.body, replayed.body)
	}
}

func TestSignIns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	u, token := w.Person(w.T1.ID)
	c := w.client(t, token)
	begin := func() sallyport.FamilyID {
		return ok(w.Admin.StartFamily(ctx, admin.NewFamily{Principal: u.ID, Client: "app", Refresh: true}))(t).Family.ID
	}
	first, second := begin(), begin()
	if list := all(t, c.Me().SignIns().Listing, struct{}{}); len(list) != 2 || list[0].Client != "app" || list[0].Owner != u.ID {
		t.Errorf("sign-ins %+v", list)
	}
	refused(t, w.client(t, w.Token(w.Root)).Me().SignIns().End(ctx, first), http.StatusNotFound)
	if err := c.Me().SignIns().End(ctx, first); err != nil {
		t.Error(err)
	}
	root := w.client(t, w.Token(w.Root)).SignIns(w.T1.ID)
	if list := all(t, root.Listing, api.OwnerFilter{Owner: u.ID}); len(list) != 1 || list[0].ID != second {
		t.Errorf("sign-ins %+v", list)
	}
	if err := root.End(ctx, second); err != nil {
		t.Error(err)
	}
	third := begin()
	if n := ok(c.Me().EndOthers(ctx))(t); n != 1 {
		t.Errorf("%d ended, and %s was all there is", n, third)
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	u, token := w.Person(w.T1.ID, "orders/read")
	w.Give(u.ID, w.T2.ID, "orders/write")
	c := w.client(t, token)
	me := ok(c.Me().Get(ctx))(t)
	if me.ID != u.ID || me.Tenant != w.T1.ID || len(me.Tenants) != 2 || me.EveryTenant || me.Scopes != nil {
		t.Errorf("me %+v", me)
	}
	_, err := c.Me().Update(ctx, 0, api.MeChange{Name: new("Jo")})
	refused(t, err, http.StatusPreconditionRequired)
	me = ok(c.Me().Update(ctx, me.Version, api.MeChange{Name: new("Jo"), Email: new("jo@example.com")}))(t)
	if me.Name != "Jo" || me.Email != "jo@example.com" {
		t.Errorf("me %+v", me)
	}
	got := w.send(t, request{method: http.MethodPatch, path: "/me", body: `{"login":"root"}`, token: token, header: map[string]string{"If-Match": "*"}})
	if got.status != http.StatusBadRequest || got.Errors[0].Field != "login" {
		t.Errorf("changing the login: %d %s", got.status, got.body)
	}
	for tenant, want := range map[sallyport.TenantID]sallyport.Permission{"": "orders/read", w.T1.ID: "orders/read", w.T2.ID: "orders/write"} {
		if p := ok(c.Me().Permissions(ctx, tenant))(t); len(p.Permissions) != 1 || p.Permissions[0] != want {
			t.Errorf("permissions in %q: %+v", tenant, p)
		}
	}
	_, err = c.Me().Permissions(ctx, someID)
	refused(t, err, http.StatusNotFound)
	limited := ok(c.Me().Tokens().Create(ctx, api.NewToken{Name: "t2", Tenant: w.T2.ID}))(t)
	if p := ok(w.client(t, limited.Secret.Reveal()).Me().Permissions(ctx, ""))(t); p.Tenant != w.T2.ID {
		t.Errorf("permissions of a token for one tenant: %+v", p)
	}
}
