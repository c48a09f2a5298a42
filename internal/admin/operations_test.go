package admin_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// An operation is a use case of the package as the rules see it: what its caller
// needs, where, and whether it changes something.
type operation struct {
	name  string // of the method
	needs []sallyport.Permission
	every bool                   // in every tenant, not in that of the thing
	holds []sallyport.Permission // what the caller must hold to hand it out
	looks bool                   // changes nothing
	notes bool                   // is written down, and changes nothing else
	rows  int                    // entries in the trail; 1 when 0
	run   func(s *scene) error
}

// A scene is a world with one of each thing in its first tenant, and a caller.
type scene struct {
	*admintest.World
	ctx  context.Context
	a    admin.Actor
	in   sallyport.TenantID
	user sallyport.User
	svc  sallyport.User
	shut sallyport.User // locked

	realm   sallyport.Realm
	group   sallyport.Group
	role    sallyport.Role
	binding sallyport.Binding
	key     sallyport.Credential
	app     sallyport.Credential // application token of svc
	token   sallyport.Credential // personal token of user
	session sallyport.Credential
	family  store.Family
	child   sallyport.Tenant // of the first tenant, empty
	spare   sallyport.Role   // bound to nobody

	held admin.Issued // of user; where a test made it
}

const anyVersion = admin.AnyVersion

// must returns a value that a test cannot go on without.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := admintest.New(t)
	return furnish(t, w)
}

func furnish(t *testing.T, w *admintest.World) *scene {
	t.Helper()
	s := &scene{World: w, ctx: context.WithoutCancel(t.Context()), in: w.T1.ID}
	system := admin.System("test")
	s.user = w.MakeUser(s.in, sallyport.Person)
	s.svc = w.MakeUser(s.in, sallyport.Service)
	s.shut = w.MakeUser(s.in, sallyport.Person)
	must(w.Store.Write(s.ctx, func(tx *store.Tx) error {
		f := store.Factor{ID: "f", Principal: s.user.ID, Kind: store.FactorTOTP, Name: "phone", Active: true}
		if err := tx.InsertFactor(s.ctx, &f); err != nil {
			return err
		}
		return tx.SetUserState(s.ctx, s.in, s.shut.ID, sallyport.Locked, store.AnyVersion)
	}))
	s.child = must(w.CreateTenant(s.ctx, system, admin.NewTenant{Name: "child", Parent: s.in}))
	s.realm = must(w.CreateRealm(s.ctx, system, s.in, admin.NewRealm{Name: "north"}))
	s.group = must(w.CreateGroup(s.ctx, system, s.in, admin.NewGroup{Name: "staff"}))
	s.role = w.MakeRole(s.in, "orders/read")
	s.spare = w.MakeRole(s.in)
	must(w.CreateAPI(s.ctx, system, sallyport.API{Name: "doomed", BasePath: "/doomed"}))
	if err := w.KeepOpenAPI(s.ctx, system, "doomed", []byte("openapi: 3.1.0\npaths: {}")); err != nil {
		panic(err)
	}
	s.binding = must(w.CreateBinding(s.ctx, system, s.in, admin.NewBinding{
		SubjectKind: sallyport.SubjectGroup, Subject: string(s.group.ID), Role: s.role.ID,
	}))
	s.key = must(w.CreateKey(s.ctx, system, s.in, admin.NewKey{Name: "key"})).Credential
	s.app = must(w.CreateApplicationToken(s.ctx, system, s.in, s.svc.ID, admin.NewToken{Name: "app"})).Credential
	s.token = must(w.CreateToken(s.ctx, admintest.As(s.user), admin.NewToken{Name: "own"})).Credential
	brown := sallyport.Brownout{Share: 50, Until: w.Clock.Now().Add(time.Hour)}
	must(w.Store.Write(s.ctx, func(tx *store.Tx) error {
		return errors.Join(tx.SetBrownout(s.ctx, &s.app, brown, anyVersion), tx.SetBrownout(s.ctx, &s.key, brown, anyVersion))
	}))
	s.session = must(w.StartSession(s.ctx, admin.NewSession{User: s.user.ID})).Credential
	s.family = must(w.StartFamily(s.ctx, admin.NewFamily{Principal: s.user.ID, Client: "cli", Refresh: true})).Family
	return s
}

// operations is every use case that needs a permission. What needs none, since
// it is about the actor himself or for the installation alone, is in ownAffairs.
func operations() []operation {
	type perms = []sallyport.Permission
	text := func(s string) *string { return &s }
	orders := perms{"orders/read"}
	changed := func(api sallyport.API) sallyport.API { api.Title = "Changed"; return api }
	return []operation{
		{name: "CreateTenant", needs: perms{admin.TenantsWrite}, every: true, run: func(s *scene) error {
			_, err := s.CreateTenant(s.ctx, s.a, admin.NewTenant{Name: "new"})
			return err
		}},
		{name: "CreateTenant below", needs: perms{admin.TenantsWrite}, run: func(s *scene) error {
			_, err := s.CreateTenant(s.ctx, s.a, admin.NewTenant{Name: "new", Parent: s.in})
			return err
		}},
		{name: "UpdateTenant", needs: perms{admin.TenantsWrite}, run: func(s *scene) error {
			_, err := s.UpdateTenant(s.ctx, s.a, s.in, anyVersion, admin.TenantChange{Name: text("other")})
			return err
		}},
		{name: "DeactivateTenant", needs: perms{admin.TenantsWrite}, every: true, run: func(s *scene) error {
			_, err := s.DeactivateTenant(s.ctx, s.a, s.in, anyVersion)
			return err
		}},
		{name: "ReactivateTenant", needs: perms{admin.TenantsWrite}, every: true, run: func(s *scene) error {
			_, err := s.ReactivateTenant(s.ctx, s.a, s.in, anyVersion)
			return err
		}},
		{name: "DeleteTenant", needs: perms{admin.TenantsWrite}, every: true, run: func(s *scene) error {
			return s.DeleteTenant(s.ctx, s.a, s.child.ID, anyVersion)
		}},

		{name: "CreateRealm", needs: perms{admin.RealmsWrite}, run: func(s *scene) error {
			_, err := s.CreateRealm(s.ctx, s.a, s.in, admin.NewRealm{Name: "south"})
			return err
		}},
		{name: "Realm", needs: perms{admin.RealmsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Realm(s.ctx, s.a, s.in, s.realm.Name)
			return err
		}},
		{name: "Realms", needs: perms{admin.RealmsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Realms(s.ctx, s.a, s.in, admin.Page{})
			return err
		}},
		{name: "UpdateRealm", needs: perms{admin.RealmsWrite}, run: func(s *scene) error {
			_, err := s.UpdateRealm(s.ctx, s.a, s.in, s.realm.Name, anyVersion, "North")
			return err
		}},
		{name: "DeleteRealm", needs: perms{admin.RealmsWrite}, run: func(s *scene) error {
			return s.DeleteRealm(s.ctx, s.a, s.in, s.realm.Name, anyVersion)
		}},

		{name: "CreateUser", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			_, err := s.CreateUser(s.ctx, s.a, s.in, admin.NewUser{Login: "new"})
			return err
		}},
		{name: "CreateUser with a password", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			_, err := s.CreateUser(s.ctx, s.a, s.in, admin.NewUser{Login: "new", Password: admintest.Password})
			return err
		}},
		{name: "CreateUser with groups and roles", needs: perms{admin.UsersWrite, admin.GroupsWrite, admin.BindingsWrite}, holds: orders, rows: 4, run: func(s *scene) error {
			_, err := s.CreateUser(s.ctx, s.a, s.in, admin.NewUser{
				Login: "new", Groups: []sallyport.GroupID{s.group.ID}, Roles: []sallyport.RoleID{s.role.ID}, State: sallyport.Deactivated,
			})
			return err
		}},
		{name: "User", needs: perms{admin.UsersRead}, looks: true, run: func(s *scene) error {
			_, err := s.User(s.ctx, s.a, s.in, s.user.ID)
			return err
		}},
		{name: "Users", needs: perms{admin.UsersRead}, looks: true, run: func(s *scene) error {
			_, err := s.Users(s.ctx, s.a, s.in, store.UserFilter{}, admin.Page{})
			return err
		}},
		{name: "Users of all tenants", needs: perms{admin.UsersRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.Users(s.ctx, s.a, "", store.UserFilter{}, admin.Page{})
			return err
		}},
		{name: "UpdateUser", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			_, err := s.UpdateUser(s.ctx, s.a, s.in, s.user.ID, anyVersion, admin.UserChange{Name: text("New")})
			return err
		}},
		{name: "DeactivateUser", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			_, err := s.DeactivateUser(s.ctx, s.a, s.in, s.user.ID, anyVersion)
			return err
		}},
		{name: "ActivateUser", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			_, err := s.ActivateUser(s.ctx, s.a, s.in, s.user.ID, anyVersion)
			return err
		}},
		{name: "UnlockUser", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			_, err := s.UnlockUser(s.ctx, s.a, s.in, s.shut.ID, anyVersion)
			return err
		}},
		{name: "DeleteUser", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			return s.DeleteUser(s.ctx, s.a, s.in, s.user.ID, anyVersion)
		}},
		{name: "SetPassword", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			return s.SetPassword(s.ctx, s.a, s.in, s.user.ID, admintest.Password, false)
		}},
		{name: "EndUser", needs: perms{admin.SessionsRevoke, admin.TokensRevoke}, run: func(s *scene) error {
			return s.EndUser(s.ctx, s.a, s.in, s.user.ID)
		}},

		{name: "CreateGroup", needs: perms{admin.GroupsWrite}, run: func(s *scene) error {
			_, err := s.CreateGroup(s.ctx, s.a, s.in, admin.NewGroup{Name: "new"})
			return err
		}},
		{name: "Group", needs: perms{admin.GroupsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Group(s.ctx, s.a, s.in, s.group.ID)
			return err
		}},
		{name: "Groups", needs: perms{admin.GroupsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Groups(s.ctx, s.a, s.in, "", admin.Page{})
			return err
		}},
		{name: "GroupsOf", needs: perms{admin.GroupsRead}, looks: true, run: func(s *scene) error {
			_, err := s.GroupsOf(s.ctx, s.a, s.in, s.user.ID)
			return err
		}},
		{name: "Members", needs: perms{admin.GroupsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Members(s.ctx, s.a, s.in, s.group.ID, admin.Page{})
			return err
		}},
		{name: "Member", needs: perms{admin.GroupsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Member(s.ctx, s.a, s.in, s.group.ID, s.user.ID)
			return err
		}},
		{name: "UpdateGroup", needs: perms{admin.GroupsWrite}, run: func(s *scene) error {
			_, err := s.UpdateGroup(s.ctx, s.a, s.in, s.group.ID, anyVersion, admin.GroupChange{Title: text("Staff")})
			return err
		}},
		{name: "DeleteGroup", needs: perms{admin.GroupsWrite}, run: func(s *scene) error {
			return s.DeleteGroup(s.ctx, s.a, s.in, s.group.ID, anyVersion)
		}},
		{name: "AddMember", needs: perms{admin.GroupsWrite}, holds: orders, run: func(s *scene) error {
			return s.AddMember(s.ctx, s.a, s.in, s.group.ID, s.user.ID)
		}},
		{name: "RemoveMember", needs: perms{admin.GroupsWrite}, run: func(s *scene) error {
			return s.RemoveMember(s.ctx, s.a, s.in, s.group.ID, s.user.ID)
		}},

		{name: "CreateRole", needs: perms{admin.RolesWrite}, holds: orders, run: func(s *scene) error {
			_, err := s.CreateRole(s.ctx, s.a, s.in, admin.NewRole{Name: "new", Permissions: orders})
			return err
		}},
		{name: "Role", needs: perms{admin.RolesRead}, looks: true, run: func(s *scene) error {
			_, err := s.Role(s.ctx, s.a, s.in, s.role.ID)
			return err
		}},
		{name: "Roles", needs: perms{admin.RolesRead}, looks: true, run: func(s *scene) error {
			_, err := s.Roles(s.ctx, s.a, s.in, "", admin.Page{})
			return err
		}},
		{name: "UpdateRole", needs: perms{admin.RolesWrite}, holds: perms{"orders/write"}, run: func(s *scene) error {
			_, err := s.UpdateRole(s.ctx, s.a, s.in, s.role.ID, anyVersion, admin.RoleChange{Permissions: &perms{"orders/read", "orders/write"}})
			return err
		}},
		{name: "DeleteRole", needs: perms{admin.RolesWrite}, run: func(s *scene) error {
			return s.DeleteRole(s.ctx, s.a, s.in, s.spare.ID, anyVersion)
		}},

		{name: "CreateBinding", needs: perms{admin.BindingsWrite}, holds: orders, run: func(s *scene) error {
			_, err := s.CreateBinding(s.ctx, s.a, s.in, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: s.role.ID})
			return err
		}},
		{name: "Binding", needs: perms{admin.BindingsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Binding(s.ctx, s.a, s.in, s.binding.ID)
			return err
		}},
		{name: "Bindings", needs: perms{admin.BindingsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Bindings(s.ctx, s.a, s.in, store.BindingFilter{}, admin.Page{})
			return err
		}},
		{name: "UpdateBinding", needs: perms{admin.BindingsWrite}, holds: orders, run: func(s *scene) error {
			_, err := s.UpdateBinding(s.ctx, s.a, s.in, s.binding.ID, anyVersion, admin.BindingChange{Realm: text("north")})
			return err
		}},
		{name: "DeleteBinding", needs: perms{admin.BindingsWrite}, run: func(s *scene) error {
			return s.DeleteBinding(s.ctx, s.a, s.in, s.binding.ID, anyVersion)
		}},

		{name: "API", needs: perms{admin.APIsRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.API(s.ctx, s.a, "orders")
			return err
		}},
		{name: "APIs", needs: perms{admin.APIsRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.APIs(s.ctx, s.a, admin.Page{})
			return err
		}},
		{name: "Learned", needs: perms{admin.APIsRead, admin.DecisionsExplain}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.Learned(s.ctx, s.a, "doomed", admin.Page{})
			return err
		}},
		{name: "ProposeLearned", needs: perms{admin.APIsRead, admin.DecisionsExplain, admin.PolicyRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.ProposeLearned(s.ctx, s.a, "doomed")
			return err
		}},
		{name: "ForgetLearned", needs: perms{admin.APIsWrite}, every: true, notes: true, run: func(s *scene) error {
			return s.ForgetLearned(s.ctx, s.a, "doomed")
		}},
		{name: "CheckAPI", needs: perms{admin.APIsWrite}, every: true, looks: true, run: func(s *scene) error {
			return s.CheckAPI(s.ctx, s.a, changed(admintest.Orders()))
		}},
		{name: "CreateAPI", needs: perms{admin.APIsWrite}, every: true, run: func(s *scene) error {
			_, err := s.CreateAPI(s.ctx, s.a, sallyport.API{Name: "new", BasePath: "/new"})
			return err
		}},
		{name: "ReplaceAPI", needs: perms{admin.APIsWrite}, every: true, run: func(s *scene) error {
			_, err := s.ReplaceAPI(s.ctx, s.a, "orders", anyVersion, changed(admintest.Orders()))
			return err
		}},
		{name: "DeleteAPI", needs: perms{admin.APIsWrite}, every: true, run: func(s *scene) error {
			return s.DeleteAPI(s.ctx, s.a, "doomed", anyVersion)
		}},
		{name: "OpenAPI", needs: perms{admin.APIsRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.OpenAPI(s.ctx, s.a, "doomed")
			return err
		}},
		{name: "KeepOpenAPI", needs: perms{admin.APIsWrite}, every: true, notes: true, run: func(s *scene) error {
			return s.KeepOpenAPI(s.ctx, s.a, "orders", []byte("openapi: 3.1.0\npaths: {}"))
		}},
		{name: "DropOpenAPI", needs: perms{admin.APIsWrite}, every: true, notes: true, run: func(s *scene) error {
			return s.DropOpenAPI(s.ctx, s.a, "orders")
		}},
		{name: "ApplyAPIs", needs: perms{admin.APIsWrite}, every: true, run: func(s *scene) error {
			_, err := s.ApplyAPIs(s.ctx, s.a, []sallyport.API{changed(admintest.Orders())})
			return err
		}},

		{name: "CreateApplicationToken", needs: perms{admin.TokensWrite}, run: func(s *scene) error {
			_, err := s.CreateApplicationToken(s.ctx, s.a, s.in, s.svc.ID, admin.NewToken{Name: "new"})
			return err
		}},
		{name: "Tokens", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.Tokens(s.ctx, s.a, s.in, admin.TokenFilter{Owner: s.user.ID}, admin.Page{})
			return err
		}},
		{name: "Tokens of a tenant", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.Tokens(s.ctx, s.a, s.in, admin.TokenFilter{}, admin.Page{})
			return err
		}},
		{name: "Token", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.Token(s.ctx, s.a, s.token.ID)
			return err
		}},
		{name: "Applications", needs: perms{admin.UsersRead, admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.Applications(s.ctx, s.a, s.in, sallyport.Active, "", admin.Page{})
			return err
		}},
		{name: "ViewCredential", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.ViewCredential(s.ctx, s.a, s.token.ID)
			return err
		}},
		{name: "ViewCredential of a key", needs: perms{admin.KeysRead}, looks: true, run: func(s *scene) error {
			_, err := s.ViewCredential(s.ctx, s.a, s.key.ID)
			return err
		}},
		{name: "Usage", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.Usage(s.ctx, s.a, s.token.ID, 0)
			return err
		}},
		{name: "Usage of a key", needs: perms{admin.KeysRead}, looks: true, run: func(s *scene) error {
			_, err := s.Usage(s.ctx, s.a, s.key.ID, 0)
			return err
		}},
		{name: "TokenSecrets", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			_, err := s.TokenSecrets(s.ctx, s.a, s.token.ID)
			return err
		}},
		{name: "MayInspect", needs: perms{admin.TokensRead}, looks: true, run: func(s *scene) error {
			return s.MayInspect(s.ctx, s.a, s.in, s.user.ID)
		}},
		{name: "UpdateToken", needs: perms{admin.TokensWrite}, run: func(s *scene) error {
			_, err := s.UpdateToken(s.ctx, s.a, s.app.ID, anyVersion, admin.TokenChange{Name: text("other")})
			return err
		}},
		{name: "RenewToken", needs: perms{admin.TokensWrite}, run: func(s *scene) error {
			_, err := s.RenewToken(s.ctx, s.a, s.app.ID, anyVersion, 0)
			return err
		}},
		{name: "RenewTokenAs", needs: perms{admin.TokensWrite}, run: func(s *scene) error {
			_, err := s.RenewTokenAs(s.ctx, s.a, s.app.ID, anyVersion, 0, admin.ShapeBase64)
			return err
		}},
		{name: "AdoptSecret", needs: perms{admin.TokensWrite}, run: func(s *scene) error {
			return s.AdoptSecret(s.ctx, s.a, s.app.ID, "a-secret-from-elsewhere-1")
		}},
		{name: "AdoptKeySecret", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			return s.AdoptKeySecret(s.ctx, s.a, s.in, s.key.ID, "a-secret-from-elsewhere-3")
		}},
		{name: "AdoptSecret of a key", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			return s.AdoptSecret(s.ctx, s.a, s.key.ID, "a-secret-from-elsewhere-2")
		}},
		{name: "RevokeToken", needs: perms{admin.TokensRevoke}, run: func(s *scene) error {
			return s.RevokeToken(s.ctx, s.a, s.token.ID, anyVersion)
		}},
		{name: "BrownOutToken", needs: perms{admin.TokensRevoke}, run: func(s *scene) error {
			_, err := s.BrownOutToken(s.ctx, s.a, s.token.ID, anyVersion, admin.BrownoutPlan{Share: 10, For: time.Hour})
			return err
		}},
		{name: "EndTokenBrownout", needs: perms{admin.TokensRevoke}, run: func(s *scene) error {
			_, err := s.EndTokenBrownout(s.ctx, s.a, s.app.ID, anyVersion)
			return err
		}},
		{name: "EndTokenOverlap", needs: perms{admin.TokensWrite}, run: func(s *scene) error {
			_, err := s.EndTokenOverlap(s.ctx, s.a, s.app.ID, anyVersion)
			return err
		}},

		{name: "CreateKey", needs: perms{admin.KeysWrite}, holds: orders, run: func(s *scene) error {
			_, err := s.CreateKey(s.ctx, s.a, s.in, admin.NewKey{Name: "new", Roles: []admin.KeyRole{{Role: s.role.ID}}})
			return err
		}},
		{name: "CreateKey with a secret", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			_, err := s.CreateKey(s.ctx, s.a, s.in, admin.NewKey{Name: "new", Secret: "a-secret-of-elsewhere"})
			return err
		}},
		{name: "Key", needs: perms{admin.KeysRead}, looks: true, run: func(s *scene) error {
			_, err := s.Key(s.ctx, s.a, s.in, s.key.ID)
			return err
		}},
		{name: "KeySecrets", needs: perms{admin.KeysRead}, looks: true, run: func(s *scene) error {
			_, err := s.KeySecrets(s.ctx, s.a, s.in, s.key.ID)
			return err
		}},
		{name: "Keys", needs: perms{admin.KeysRead}, looks: true, run: func(s *scene) error {
			_, err := s.Keys(s.ctx, s.a, s.in, "", admin.Page{})
			return err
		}},
		{name: "UpdateKey", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			_, err := s.UpdateKey(s.ctx, s.a, s.in, s.key.ID, anyVersion, admin.TokenChange{Name: text("other")})
			return err
		}},
		{name: "RenewKey", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			_, err := s.RenewKey(s.ctx, s.a, s.in, s.key.ID, anyVersion, 0)
			return err
		}},
		{name: "RevokeKey", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			return s.RevokeKey(s.ctx, s.a, s.in, s.key.ID, anyVersion)
		}},
		{name: "BrownOutKey", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			_, err := s.BrownOutKey(s.ctx, s.a, s.in, s.key.ID, anyVersion, admin.BrownoutPlan{Share: 10, For: time.Hour})
			return err
		}},
		{name: "EndKeyBrownout", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			_, err := s.EndKeyBrownout(s.ctx, s.a, s.in, s.key.ID, anyVersion)
			return err
		}},
		{name: "EndKeyOverlap", needs: perms{admin.KeysWrite}, run: func(s *scene) error {
			_, err := s.EndKeyOverlap(s.ctx, s.a, s.in, s.key.ID, anyVersion)
			return err
		}},

		{name: "Sessions", needs: perms{admin.SessionsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Sessions(s.ctx, s.a, s.in, s.user.ID, admin.Page{})
			return err
		}},
		{name: "EndSession", needs: perms{admin.SessionsRevoke}, run: func(s *scene) error {
			return s.EndSession(s.ctx, s.a, s.session.ID)
		}},
		{name: "Families", needs: perms{admin.SessionsRead}, looks: true, run: func(s *scene) error {
			_, err := s.Families(s.ctx, s.a, s.in, s.user.ID, admin.Page{})
			return err
		}},
		{name: "ResetFactors", needs: perms{admin.UsersWrite}, run: func(s *scene) error {
			return s.ResetFactors(s.ctx, s.a, s.in, s.user.ID)
		}},
		{name: "RevokeFamily", needs: perms{admin.SessionsRevoke}, run: func(s *scene) error {
			return s.RevokeFamily(s.ctx, s.a, s.family.ID)
		}},

		{name: "SigningKeys", needs: perms{admin.SigningKeysRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.SigningKeys(s.ctx, s.a)
			return err
		}},
		{name: "EnsureSigningKeys", needs: perms{admin.SigningKeysWrite}, every: true, rows: 2, run: func(s *scene) error {
			return s.EnsureSigningKeys(s.ctx, s.a, admin.KeyUse{Kind: token.AccessJWT, Algorithm: token.ES256})
		}},
		{name: "RotateSigningKey", needs: perms{admin.SigningKeysWrite}, every: true, run: func(s *scene) error {
			_, err := s.RotateSigningKey(s.ctx, s.a, admin.KeyUse{Kind: token.AccessJWT})
			return err
		}},

		{name: "Plan", needs: perms{admin.PolicyRead}, looks: true, run: func(s *scene) error {
			_, err := s.Plan(s.ctx, s.a, api.PolicyRequest{Policy: api.Policy{Policy: "p", Tenant: "t1", Realms: []api.PolicyRealm{{Name: "east"}}}})
			return err
		}},
		{name: "ExportPolicy", needs: perms{admin.PolicyRead}, looks: true, run: func(s *scene) error {
			_, err := s.ExportPolicy(s.ctx, s.a, api.PolicyExport{Tenant: "t1"})
			return err
		}},
		{name: "Apply", needs: perms{admin.PolicyRead, admin.PolicyWrite, admin.RealmsWrite}, rows: 2, run: func(s *scene) error {
			_, err := s.Apply(s.ctx, s.a, api.PolicyRequest{Policy: api.Policy{Policy: "p", Tenant: "t1", Realms: []api.PolicyRealm{{Name: "east"}}}})
			return err
		}},
		{name: "Audit", needs: perms{admin.AuditRead}, looks: true, run: func(s *scene) error {
			_, err := s.Audit(s.ctx, s.a, s.in, store.AuditFilter{}, admin.Page{})
			return err
		}},
		{name: "Audit of all tenants", needs: perms{admin.AuditRead}, every: true, notes: true, run: func(s *scene) error {
			_, err := s.Audit(s.ctx, s.a, "", store.AuditFilter{}, admin.Page{})
			return err
		}},
		{name: "Decisions", needs: perms{admin.DecisionsExplain}, looks: true, run: func(s *scene) error {
			_, err := s.Decisions(s.ctx, s.a, admin.DecisionFilter{Tenant: s.in}, admin.Page{})
			return err
		}},
		{name: "RoleNames", needs: perms{admin.RolesRead}, looks: true, run: func(s *scene) error {
			_, err := s.RoleNames(s.ctx, s.a, s.in, admin.Page{})
			return err
		}},
		{name: "WhoCan", needs: perms{admin.BindingsRead}, looks: true, run: func(s *scene) error {
			_, err := s.WhoCan(s.ctx, s.a, s.in, admin.Page{}, asking(admin.Wanted{AllOf: orders}))
			return err
		}},
		{name: "Overview", needs: perms{admin.DecisionsExplain}, looks: true, run: func(s *scene) error {
			_, err := s.Overview(s.ctx, s.a, s.in, admin.Look{Most: 10})
			return err
		}},
		{name: "Overview of all tenants", needs: perms{admin.DecisionsExplain}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.Overview(s.ctx, s.a, "", admin.Look{Most: 10})
			return err
		}},
		{name: "NamesIn", needs: perms{admin.BindingsRead}, looks: true, run: func(s *scene) error {
			_, err := s.NamesIn(s.ctx, s.a, []sallyport.Binding{s.binding})
			return err
		}},
		{name: "FindSubject", needs: perms{admin.BindingsWrite}, looks: true, run: func(s *scene) error {
			_, err := s.FindSubject(s.ctx, s.a, s.in, sallyport.SubjectUser, s.user.Login)
			return err
		}},
		{name: "CheckCondition", needs: perms{admin.BindingsWrite}, looks: true, run: func(s *scene) error {
			return s.CheckCondition(s.ctx, s.a, s.in, `method == "GET"`)
		}},
		{name: "Changes", needs: perms{admin.AuditRead}, looks: true, run: func(s *scene) error {
			_, err := s.Changes(s.ctx, s.a, admin.ChangeFilter{Tenant: s.in}, admin.Page{})
			return err
		}},
		{name: "StartShadow", needs: perms{admin.PolicyWrite, admin.PolicyRead, admin.DecisionsExplain}, notes: true, run: func(s *scene) error {
			_, err := s.StartShadow(s.ctx, s.a, api.NewShadow{Policy: api.Policy{Policy: "p", Tenant: "t1", Realms: []api.PolicyRealm{{Name: "east"}}}})
			return err
		}},
		{name: "Findings", needs: perms{admin.AdviceRead}, looks: true, run: func(s *scene) error {
			_, err := s.Findings(s.ctx, s.a, admin.AdviceFilter{Tenant: s.in}, admin.Page{})
			return err
		}},
		{name: "VerifyAudit", needs: perms{admin.AuditRead}, every: true, looks: true, run: func(s *scene) error {
			_, err := s.VerifyAudit(s.ctx, s.a, 0, 0)
			return err
		}},
		{name: "Checkpoint", needs: perms{admin.AuditRead}, every: true, notes: true, run: func(s *scene) error {
			_, _, err := s.Checkpoint(s.ctx, s.a)
			return err
		}},
		{name: "Who", needs: perms{admin.AuditRead}, every: true, notes: true, run: func(s *scene) error {
			_, err := s.Who(s.ctx, s.a, "0123456789ab")
			return err
		}},
	}
}

// ownAffairs are the methods with an actor that need no permission.
func ownAffairs() []string {
	return []string{
		"Me", "MyRoles", "MyTenants", "Permissions", "Explore", "ReadsAPIs", "UpdateMe", "ChangePassword", "CreateToken", "EndOtherSessions", "RevokeExchanged", // about himself
		"Factors", "StartFactor", "ActivateFactor", "RemoveFactor", "NewRecoveryCodes", "ConfirmSession", "StartPasskey", "ActivatePasskey", "RenameFactor", // the same
		"Tenant", "Tenants", "UserByLogin", "Decision", // show only what he may see
		"Shadows", "Shadow", "StopShadow", "PromoteShadow", "PlanShadow", // see TestShadowIsForWhoMaySeeIt
		"Suppose", "Advice", // about himself; about others see TestCanI of the management API
		"Reach",                                                        // about himself; about others see TestReach
		"NotePasswordCheck",                                            // writes down what a dialect has let him ask
		"FirstAdministrator", "RescueAdministrator", "TendSigningKeys", // of the installation alone
	}
}

// TestOperationsAreWhole keeps a use case from being forgotten above.
func TestOperationsAreWhole(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, o := range operations() {
		name, _, _ := strings.Cut(o.name, " ")
		known[name] = true
	}
	for _, name := range ownAffairs() {
		known[name] = true
	}
	service := reflect.TypeFor[*admin.Service]()
	actor := reflect.TypeFor[admin.Actor]()
	for m := range service.Methods() {
		if m.Type.NumIn() > 2 && m.Type.In(2) == actor && !known[m.Name] {
			t.Errorf("%s is in neither table", m.Name)
		}
		delete(known, m.Name)
	}
	for name := range known {
		t.Errorf("there is no use case %s", name)
	}
}
