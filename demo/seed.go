package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/demo/platform/inventory"
	"github.com/sallyport/sallyport/demo/platform/itadvisor"
	"github.com/sallyport/sallyport/demo/platform/truesight"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store"
)

// A stage is the demonstration while it is set up. Each step remembers what the
// next ones and the examples need.
type stage struct {
	Options
	ctx      context.Context //nolint:containedctx // a stage lives for one call of Fill
	manifest *Manifest

	tenantID   map[string]sallyport.TenantID
	roleID     map[string]sallyport.RoleID
	user       map[string]sallyport.User
	password   map[string]string
	credential map[string]ManifestCredential
}

// documents keeps what the upstream says of its APIs, for Explore.
func (s *stage) documents() error {
	for name, text := range map[sallyport.APIName][]byte{"inventory": inventory.OpenAPI(), "truesight": truesight.Swagger()} {
		_, err := s.Admin.OpenAPI(s.ctx, actor, name)
		there, err := found(err)
		if err == nil && !there {
			err = s.Admin.KeepOpenAPI(s.ctx, actor, name, text)
		}
		if err != nil {
			return fmt.Errorf("the document of %s: %w", name, err)
		}
	}
	return nil
}

// found turns "there is none" into false.
func found(err error) (bool, error) {
	if err != nil && sallyport.KindOf(err) == sallyport.NotFound {
		return false, nil
	}
	return err == nil, err
}

func (s *stage) tenants() error {
	s.tenantID = map[string]sallyport.TenantID{"*": sallyport.EveryTenant}
	list, err := s.Admin.Tenants(s.ctx, actor, store.TenantFilter{}, admin.Page{})
	if err != nil {
		return err
	}
	for _, t := range list.Items {
		s.tenantID[t.Name] = t.ID
	}
	for _, name := range []string{tenantMain, tenantOther} {
		if s.tenantID[name] == "" {
			t, err := s.Admin.CreateTenant(s.ctx, actor, admin.NewTenant{Name: name})
			if err != nil {
				return err
			}
			s.tenantID[name] = t.ID
		}
		s.manifest.Tenants = append(s.manifest.Tenants, ManifestTenant{ID: string(s.tenantID[name]), Name: name})
	}
	s.tenantID[""] = s.tenantID[tenantMain]
	for _, realm := range append([]string{"Default", "Lab", "Retail", "Person", "124"}, itadvisor.SampleLocations()...) {
		_, err := s.Admin.Realm(s.ctx, actor, s.tenantID[""], realm)
		switch there, err := found(err); {
		case err != nil:
			return err
		case !there:
			if _, err := s.Admin.CreateRealm(s.ctx, actor, s.tenantID[""], admin.NewRealm{Name: realm}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stage) roles() error {
	s.roleID = map[string]sallyport.RoleID{
		administrator: admin.BuiltInRole(administrator), tenantAdministrator: admin.BuiltInRole(tenantAdministrator),
	}
	list, err := s.Admin.Roles(s.ctx, actor, sallyport.EveryTenant, "", admin.Page{Limit: 200})
	if err != nil {
		return err
	}
	for _, r := range list.Items {
		s.roleID[r.Name] = r.ID
	}
	for _, p := range parts {
		if s.roleID[p.name] != "" {
			continue
		}
		r, err := s.Admin.CreateRole(s.ctx, actor, sallyport.EveryTenant, admin.NewRole{Name: p.name, Title: p.title, Permissions: p.permissions})
		if err != nil {
			return fmt.Errorf("role %s: %w", p.name, err)
		}
		s.roleID[p.name] = r.ID
	}
	return nil
}

func (s *stage) users() error {
	s.user, s.password = map[string]sallyport.User{}, map[string]string{}
	for i := range players {
		if err := s.enter(&players[i]); err != nil {
			return fmt.Errorf("user %s: %w", players[i].login, err)
		}
	}
	return nil
}

// enter makes one account, or gives it a new password if it is there.
func (s *stage) enter(p *player) error {
	secret, err := password.Generate()
	if err != nil {
		return err
	}
	kind := p.kind
	if kind == "" {
		kind = sallyport.Person
	}
	home := s.tenantID[""]
	user, err := s.Admin.UserByLogin(s.ctx, actor, p.login)
	there, err := found(err)
	switch {
	case err != nil:
		return err
	case there:
		err = s.Admin.SetPassword(s.ctx, actor, user.Tenant, user.ID, secret, true)
	default:
		user, err = s.Admin.CreateUser(s.ctx, actor, home, admin.NewUser{
			Kind: kind, Login: p.login, Name: p.name, Password: secret, KeepPassword: true,
		})
		if err == nil {
			err = s.bind(p, user)
		}
	}
	if err != nil {
		return err
	}
	s.user[p.login], s.password[p.login] = user, secret.Reveal()
	state := user.State
	if p.gone {
		state = sallyport.Deactivated
	}
	entry := ManifestUser{
		Login: p.login, Password: secret.Reveal(), Kind: string(kind), State: string(state),
		Roles: []string{}, Tenants: []string{}, About: p.about,
	}
	for _, g := range p.grants {
		entry.Roles = append(entry.Roles, g.part)
		tenant := g.tenant
		if tenant == "" {
			tenant = tenantMain
		}
		entry.Tenants = append(entry.Tenants, tenant)
	}
	s.manifest.Users = append(s.manifest.Users, entry)
	return nil
}

func (s *stage) bind(p *player, user sallyport.User) error {
	for _, g := range p.grants {
		_, err := s.Admin.CreateBinding(s.ctx, actor, s.tenantID[g.tenant], admin.NewBinding{
			SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: s.roleID[g.part], Realm: g.realm,
		})
		if err != nil {
			return fmt.Errorf("role %s: %w", g.part, err)
		}
	}
	return nil
}

// life is that of the demonstration's credentials: longer than that of what its
// examples make with them.
const life = 180 * 24 * time.Hour

// credentials makes tokens and keys, in place of those of an earlier start. The
// accounts that are gone go after that.
func (s *stage) credentials() error {
	s.credential = map[string]ManifestCredential{}
	expires := s.Now().Add(life).UTC().Truncate(time.Second)
	for _, t := range []struct {
		name, owner string
		scopes      []string
		shape       admin.Shape
	}{
		{"laptop", "viewer", nil, admin.ShapeStandard},
		{"look only", "operator", []string{"inventory/read", "itop/Export", "orchestrator/view"}, admin.ShapeStandard},
		{"scripts", "operator", nil, admin.ShapeStandard},
		{"racks", "interface", nil, admin.ShapeStandard},
		{"left over", "gone", nil, admin.ShapeStandard},
		{"administration", "admin", nil, admin.ShapeStandard},
		{"cmdb", "operator", []string{"itop/REST/JSON"}, admin.ShapeBase64},
		{"exports", "operator", []string{"itop/Export"}, admin.ShapeBase64},
		{"synchro", "operator", []string{"itop/Synchro"}, admin.ShapeBase64},
		{"imports", "operator", []string{"itop/Import"}, admin.ShapeBase64},
		{"left behind", "technician", []string{"itop/REST/JSON"}, admin.ShapeBase64},
		{"collector", "collector", []string{"itop/REST/JSON", "itop/Synchro"}, admin.ShapeBase64},
		{"work orders", "operator", nil, admin.ShapeScrambled},
	} {
		if err := s.token(t.name, t.owner, t.scopes, t.shape, expires); err != nil {
			return fmt.Errorf("token %q: %w", t.name, err)
		}
	}
	// It is over by the time that somebody uses it.
	if err := s.token("brief", "operator", []string{"itop/REST/JSON"}, admin.ShapeBase64, s.Now().Add(2*time.Second)); err != nil {
		return fmt.Errorf("token that ends: %w", err)
	}
	for _, k := range []struct {
		name, tenant string
		roles        []string
	}{
		{"warehouse-robot", tenantMain, []string{"operator"}},
		{"reporting", tenantMain, []string{"viewer"}},
		{"rack-robot", tenantMain, []string{"interface"}},
		{"nbikey", tenantOther, []string{"edge-assets"}},
	} {
		if err := s.key(k.name, k.tenant, k.roles, expires); err != nil {
			return fmt.Errorf("API key %q: %w", k.name, err)
		}
	}
	for _, p := range players {
		if user := s.user[p.login]; p.gone && user.State == sallyport.Active {
			if _, err := s.Admin.DeactivateUser(s.ctx, actor, user.Tenant, user.ID, admin.AnyVersion); err != nil {
				return fmt.Errorf("user %s: %w", p.login, err)
			}
		}
	}
	return nil
}

// token makes a personal token of a person or an application token of a
// service account.
func (s *stage) token(name, owner string, scopes []string, shape admin.Shape, expires time.Time) error {
	user := s.user[owner]
	if user.State != sallyport.Active {
		return nil // deactivated at an earlier start; nothing can be made for him
	}
	old, err := s.Admin.Tokens(s.ctx, actor, user.Tenant, admin.TokenFilter{Owner: user.ID, State: sallyport.Active}, admin.Page{Limit: 200})
	if err != nil {
		return err
	}
	for _, c := range old.Items {
		if c.Name == name {
			if err := s.Admin.RevokeToken(s.ctx, actor, c.ID, admin.AnyVersion); err != nil {
				return err
			}
		}
	}
	in := admin.NewToken{Name: name, Scopes: scopes, Shape: shape, Expires: expires}
	var issued admin.Issued
	kind := "personal-token"
	if shape == admin.ShapeScrambled {
		kind = "scrambled-password"
	}
	if user.Kind == sallyport.Service {
		kind = "application-token"
		issued, err = s.Admin.CreateApplicationToken(s.ctx, actor, user.Tenant, user.ID, in)
	} else {
		issued, err = s.Admin.CreateToken(s.ctx, admin.Actor{Principal: sallyport.Principal{
			ID: user.ID, Kind: sallyport.PrincipalPerson, Login: user.Login, Home: user.Tenant,
		}}, in)
	}
	if err != nil {
		return err
	}
	s.keep(ManifestCredential{Name: name, Kind: kind, Owner: owner, Scopes: scopes}, issued)
	return nil
}

func (s *stage) key(name, tenant string, roles []string, expires time.Time) error {
	old, err := s.Admin.Keys(s.ctx, actor, s.tenantID[tenant], sallyport.Active, admin.Page{Limit: 200})
	if err != nil {
		return err
	}
	for _, c := range old.Items {
		if c.Name == name {
			if err := s.Admin.RevokeKey(s.ctx, actor, s.tenantID[tenant], c.ID, admin.AnyVersion); err != nil {
				return err
			}
		}
	}
	in := admin.NewKey{Name: name, Expires: expires}
	for _, r := range roles {
		in.Roles = append(in.Roles, admin.KeyRole{Role: s.roleID[r]})
	}
	issued, err := s.Admin.CreateKey(s.ctx, actor, s.tenantID[tenant], in)
	if err != nil {
		return err
	}
	s.keep(ManifestCredential{Name: name, Kind: "api-key", Roles: roles, Tenant: tenant}, issued)
	return nil
}

// keep puts an issued credential into the manifest.
func (s *stage) keep(c ManifestCredential, issued admin.Issued) {
	c.ID, c.Secret = string(issued.Credential.ID), issued.Secret.Reveal()
	if !issued.Credential.Expires.IsZero() {
		at := issued.Credential.Expires
		c.ExpiresAt = &at
	}
	if c.Scopes == nil {
		c.Scopes = []string{}
	}
	if c.Roles == nil {
		c.Roles = []string{}
	}
	c.APIs = names
	s.credential[c.Name] = c
	s.manifest.Credentials = append(s.manifest.Credentials, c)
}
