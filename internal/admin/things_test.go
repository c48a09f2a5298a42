package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	name, title := "other", "Title"
	for what, update := range map[string]func(v int64) error{
		"tenant": func(v int64) error {
			return tell(s.UpdateTenant(s.ctx, s.Root, s.in, v, admin.TenantChange{Name: &name}))
		},
		"realm": func(v int64) error { return tell(s.UpdateRealm(s.ctx, s.Root, s.in, "north", v, title)) },
		"user": func(v int64) error {
			return tell(s.UpdateUser(s.ctx, s.Root, s.in, s.user.ID, v, admin.UserChange{Name: &name}))
		},
		"group": func(v int64) error {
			return tell(s.UpdateGroup(s.ctx, s.Root, s.in, s.group.ID, v, admin.GroupChange{Title: &title}))
		},
		"role": func(v int64) error {
			return tell(s.UpdateRole(s.ctx, s.Root, s.in, s.role.ID, v, admin.RoleChange{Title: &title}))
		},
		"binding": func(v int64) error {
			return tell(s.UpdateBinding(s.ctx, s.Root, s.in, s.binding.ID, v, admin.BindingChange{}))
		},
		"API": func(v int64) error {
			return tell(s.ReplaceAPI(s.ctx, s.Root, "doomed", v, sallyport.API{Name: "doomed", BasePath: "/doomed", Title: title}))
		},
		"token": func(v int64) error {
			if v == 1 {
				v = s.app.Version // a brown-out has changed it since
			}
			return tell(s.UpdateToken(s.ctx, s.Root, s.app.ID, v, admin.TokenChange{Name: &name}))
		},
		"key": func(v int64) error {
			if v == 1 {
				v = s.key.Version
			}
			return tell(s.UpdateKey(s.ctx, s.Root, s.in, s.key.ID, v, admin.TokenChange{Name: &name}))
		},
	} {
		if err := update(0); sallyport.KindOf(err) != sallyport.MissingMatch {
			t.Errorf("%s without a version: %v", what, err)
		}
		if err := update(-7); sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("%s with version -7: %v", what, err)
		}
		if err := update(77); sallyport.KindOf(err) != sallyport.Changed {
			t.Errorf("%s with another version: %v", what, err)
		}
		if err := update(1); err != nil {
			t.Errorf("%s with its version: %v", what, err)
		}
		if err := update(1); sallyport.KindOf(err) != sallyport.Changed {
			t.Errorf("%s with its old version: %v", what, err)
		}
	}
}

func TestRoleInput(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	type perms = []sallyport.Permission
	for name, tt := range map[string]struct {
		in    admin.NewRole
		field string
		kind  sallyport.Kind
		says  string
	}{
		"no name":            {admin.NewRole{}, "name", sallyport.Invalid, ""},
		"built-in name":      {admin.NewRole{Name: "auditor"}, "name", sallyport.Conflict, ""},
		"taken":              {admin.NewRole{Name: s.role.Name}, "name", sallyport.Conflict, ""},
		"unknown permission": {admin.NewRole{Name: "x", Permissions: perms{"orders/read", "orders/wirte"}}, "permissions[1]", sallyport.Invalid, `"orders/write"`},
		"unknown API":        {admin.NewRole{Name: "x", Permissions: perms{"order/read"}}, "permissions[0]", sallyport.Invalid, `"orders"`},
		"no API":             {admin.NewRole{Name: "x", Permissions: perms{"read"}}, "permissions[0]", sallyport.Invalid, ""},
		"prefix":             {admin.NewRole{Name: "x", Permissions: perms{"orders/rea"}}, "permissions[0]", sallyport.Invalid, ""},
		"twice":              {admin.NewRole{Name: "x", Permissions: perms{"orders/read", "orders/read"}}, "permissions[1]", sallyport.Invalid, ""},
		"empty":              {admin.NewRole{Name: "x", Permissions: perms{""}}, "permissions[0]", sallyport.Invalid, ""},
	} {
		_, err := s.CreateRole(s.ctx, s.Root, s.in, tt.in)
		if sallyport.KindOf(err) != tt.kind || field(err) != tt.field || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%s: %v of %q", name, err, field(err))
		}
	}
	builtIn := admin.BuiltInRole(admin.RoleAuditor)
	title := "x"
	if _, err := s.UpdateRole(s.ctx, s.Root, sallyport.EveryTenant, builtIn, anyVersion, admin.RoleChange{Title: &title}); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("update a built-in role: %v", err)
	}
	if err := s.DeleteRole(s.ctx, s.Root, sallyport.EveryTenant, builtIn, anyVersion); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("delete a built-in role: %v", err)
	}
	if err := s.DeleteRole(s.ctx, s.Root, s.in, s.role.ID, anyVersion); sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), "1 binding") {
		t.Errorf("delete a role that is bound: %v", err)
	}
	// The roles of a tenant are those of every tenant, then its own.
	var all []string
	page := admin.Page{Limit: 2}
	for {
		list := must(s.Roles(s.ctx, s.Root, s.in, "", page))
		for _, r := range list.Items {
			all = append(all, r.Name)
		}
		if page.Cursor = list.Next; page.Cursor == "" {
			break
		}
	}
	if len(all) != 6 || all[0] != admin.RoleAdministrator || all[4] != s.role.Name {
		t.Errorf("roles %q", all)
	}
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	s, contents := file(t)
	before := contents()
	lost := admintest.Orders()
	lost.Permissions, lost.Scopes, lost.Routes = lost.Permissions[1:], nil, nil
	_, err := s.ReplaceAPI(s.ctx, s.Root, "orders", anyVersion, lost)
	if sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), s.role.Name) {
		t.Errorf("a permission disappears: %v, want the role named", err)
	}
	if err := s.DeleteAPI(s.ctx, s.Root, "orders", anyVersion); sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), s.role.Name) {
		t.Errorf("delete one that a role names: %v", err)
	}
	faulty := sallyport.API{Name: "Faulty", BasePath: "orders/", Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: "/", AnyOf: []string{"nope"}}}}
	for name, err := range map[string]error{
		"create": tell(s.CreateAPI(s.ctx, s.Root, faulty)), "check": s.CheckAPI(s.ctx, s.Root, faulty),
		"apply": tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{{Name: "good", BasePath: "/good"}, faulty})),
	} {
		if list := admin.Faults(err); len(list) < 3 {
			t.Errorf("%s: faults %v, want all of them", name, list)
		}
	}
	for name, err := range map[string]error{
		"same place":     tell(s.CreateAPI(s.ctx, s.Root, sallyport.API{Name: "x", BasePath: "/orders"})),
		"reserved":       tell(s.CreateAPI(s.ctx, s.Root, sallyport.API{Name: "x", BasePath: "/oauth2"})),
		"other name":     tell(s.ReplaceAPI(s.ctx, s.Root, "orders", anyVersion, sallyport.API{Name: "x", BasePath: "/x"})),
		"management":     tell(s.CreateAPI(s.ctx, s.Root, admin.BuiltInAPI())),
		"management 2":   tell(s.ReplaceAPI(s.ctx, s.Root, "sallyport", anyVersion, admin.BuiltInAPI())),
		"management 3":   s.DeleteAPI(s.ctx, s.Root, "sallyport", anyVersion),
		"management 4":   tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{admin.BuiltInAPI()})),
		"twice":          tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{{Name: "x", BasePath: "/x"}, {Name: "x", BasePath: "/y"}})),
		"two at a place": tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{{Name: "x", BasePath: "/x"}, {Name: "y", BasePath: "/x"}})),
		"there already":  tell(s.CreateAPI(s.ctx, s.Root, admintest.Orders())),
	} {
		if k := sallyport.KindOf(err); k != sallyport.Invalid && k != sallyport.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if contents() != before {
		t.Error("something has changed")
	}
	if changed := must(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{admintest.Orders(), {Name: "new", BasePath: "/new"}})); !slices.Equal(changed, []sallyport.APIName{"new"}) {
		t.Errorf("changed %v, want the new one alone", changed)
	}
	if s.Policy().API("new") == nil {
		t.Error("the new API is not in force")
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for range 5 {
		s.MakeUser(s.in, sallyport.Person)
		s.MakeUser(s.T2.ID, sallyport.Person)
	}
	alice := s.Person(s.in, admin.UsersRead)
	list := func(a admin.Actor, tenant sallyport.TenantID, f store.UserFilter, p admin.Page) (admin.List[sallyport.User], error) {
		return s.Users(s.ctx, a, tenant, f, p)
	}
	first := must(list(alice, s.in, store.UserFilter{}, admin.Page{Limit: 2}))
	if len(first.Items) != 2 || first.Next == "" {
		t.Fatalf("first page %d, %q", len(first.Items), first.Next)
	}
	second := must(list(alice, s.in, store.UserFilter{}, admin.Page{Limit: 2, Cursor: first.Next}))
	if len(second.Items) != 2 || second.Items[0].Login <= first.Items[1].Login {
		t.Errorf("second page %v", second.Items)
	}
	broken := first.Next[:20] + "AAAA" + first.Next[24:]
	for name, err := range map[string]error{
		"another tenant": tell(list(s.Root, s.T2.ID, store.UserFilter{}, admin.Page{Cursor: first.Next})),
		"another actor":  tell(list(s.Root, s.in, store.UserFilter{}, admin.Page{Cursor: first.Next})),
		"another filter": tell(list(alice, s.in, store.UserFilter{Search: "u"}, admin.Page{Cursor: first.Next})),
		"another list":   tell(s.Users(s.ctx, s.Root, "", store.UserFilter{}, admin.Page{Cursor: first.Next})),
		"broken":         tell(list(alice, s.in, store.UserFilter{}, admin.Page{Cursor: broken})),
		"made up":        tell(list(alice, s.in, store.UserFilter{}, admin.Page{Cursor: "MDp1c2Vy"})),
		"not a cursor":   tell(list(alice, s.in, store.UserFilter{}, admin.Page{Cursor: "'; DROP TABLE users; --"})),
	} {
		if sallyport.KindOf(err) != sallyport.Invalid || field(err) != "cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, limit := range []int{-1, 201} {
		if _, err := list(alice, s.in, store.UserFilter{}, admin.Page{Limit: limit}); field(err) != "limit" {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestBootstrapAgain(t *testing.T) {
	t.Parallel()
	s, contents := file(t)
	before := contents()
	if err := s.Bootstrap(s.ctx, admin.BuiltInAPI()); err != nil || contents() != before {
		t.Errorf("a second start: %v, changed %v", err, contents() != before)
	}
	api := admin.BuiltInAPI()
	api.Routes = []sallyport.Route{{Methods: []string{"GET"}, Path: "/me", Authenticated: true, Scopes: []string{"self"}}}
	if err := s.Bootstrap(s.ctx, api); err != nil || len(s.Policy().API("sallyport").Routes) != 1 {
		t.Errorf("a newer version: %v", err)
	}
	for _, name := range []string{admin.RoleAdministrator, admin.RoleTenantAdministrator, admin.RoleUserAdministrator, admin.RoleAuditor} {
		role := s.Policy().Role(admin.BuiltInRole(name))
		if role == nil || !role.BuiltIn || role.Tenant != sallyport.EveryTenant {
			t.Errorf("role %s = %v", name, role)
		}
	}
	if admin.BuiltInRole("nope") != "" {
		t.Error("there is a role nope")
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	use := admin.KeyUse{Kind: token.AccessJWT}
	state := func() (active, next, retired []string) {
		for _, k := range must(s.SigningKeys(s.ctx, s.Root)) {
			if k.Kind != token.AccessJWT {
				continue
			}
			switch k.State {
			case token.KeyActive:
				active = append(active, k.ID)
			case token.KeyNext:
				next = append(next, k.ID)
			case token.KeyRetired:
				retired = append(retired, k.ID)
			}
		}
		return active, next, retired
	}
	active, next, retired := state()
	if len(active) != 1 || len(next) != 1 || len(retired) != 0 {
		t.Fatalf("keys %v, %v, %v", active, next, retired)
	}
	info := must(s.RotateSigningKey(s.ctx, s.Root, use))
	newActive, newNext, newRetired := state()
	if info.ID != next[0] || !slices.Equal(newActive, next) || len(newNext) != 1 || !slices.Equal(newRetired, active) {
		t.Errorf("rotated to %v, %v, %v; want the next one active and the old one retired", newActive, newNext, newRetired)
	}
	sealer := must(token.NewSealer(token.SealSigningKey, s.Master))
	for _, k := range must(s.Store.SigningKeys(s.ctx)) {
		_, err := token.OpenKey(sealer, token.StoredKey{
			ID: k.ID, Kind: token.JWTKind(k.Use), Algorithm: token.Algorithm(k.Algorithm), State: token.KeyState(k.State),
			Private: k.Sealed, PublicJWK: k.Public, Created: k.Created, Activated: k.Activated, Retired: k.Retired, AcceptUntil: k.Ends,
		})
		if err != nil {
			t.Errorf("key %s, %s: %v", k.ID, k.State, err)
		}
	}
	if err := s.TendSigningKeys(s.ctx, admin.System("test")); err != nil {
		t.Fatal(err)
	}
	if _, _, retired = state(); len(retired) != 1 {
		t.Error("a key was removed whose tokens still live")
	}
	s.Clock.Advance(time.Hour)
	if err := s.TendSigningKeys(s.ctx, admin.System("test")); err != nil {
		t.Fatal(err)
	}
	if _, _, retired = state(); len(retired) != 0 {
		t.Error("a key is kept whose tokens are all dead")
	}
	if _, err := s.RotateSigningKey(s.ctx, s.Root, admin.KeyUse{Kind: token.AccessJWT, Algorithm: token.ES256}); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("rotate one that is not in use: %v", err)
	}
	if err := s.EnsureSigningKeys(s.ctx, s.Root, admin.KeyUse{Kind: token.RefreshJWT, Algorithm: token.RS256}); field(err) != "algorithm" {
		t.Errorf("an algorithm that the kind does not have: %v", err)
	}
}

// TestEntriesTellWho checks what an entry says about its actor.
func TestEntriesTellWho(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Person(s.in, admin.GroupsWrite)
	c := must(s.CreateToken(s.ctx, a, admin.NewToken{Name: "x"})).Credential
	a = admintest.With(a, c)
	a.RequestID, a.Address = "req-1", "192.0.2.77"
	a.Principal.Login, a.Principal.Name = "somebody-else", "forged" // what the store says counts
	group := must(s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: "g"}))
	row := lastAction(s)
	if row.ActorID != a.Principal.ID || row.ActorName == "somebody-else" || row.ActorKind != "person/personal_token/"+string(c.ID) ||
		row.RequestID != "req-1" || row.Address != "192.0.2.77" || row.TargetID != string(group.ID) || row.TargetKind != "group" ||
		row.Tenant != s.in || !row.Time.Equal(s.Clock.Now()) || row.After != `{"name":"g","title":""}` {
		t.Errorf("entry %+v", row)
	}
}

// TestRightsAreLive has rights taken away between two calls.
func TestRightsAreLive(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Person(s.in)
	b := s.Give(a.Principal.ID, s.in, admin.GroupsWrite)
	create := func(name string) error { return tell(s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: name})) }
	if err := create("one"); err != nil {
		t.Fatal(err)
	}
	none := []sallyport.Permission{}
	must(s.UpdateRole(s.ctx, s.Root, s.in, b.Role, anyVersion, admin.RoleChange{Permissions: &none}))
	if err := create("two"); reason(err) != sallyport.PermissionMissing {
		t.Errorf("after the role was emptied: %v", err)
	}
	all := []sallyport.Permission{admin.GroupsWrite}
	must(s.UpdateRole(s.ctx, s.Root, s.in, b.Role, anyVersion, admin.RoleChange{Permissions: &all}))
	soon := s.Clock.Now().Add(time.Hour)
	must(s.UpdateBinding(s.ctx, s.Root, s.in, b.ID, anyVersion, admin.BindingChange{Expires: &soon}))
	if err := create("three"); err != nil {
		t.Errorf("before the binding expires: %v", err)
	}
	s.Clock.Advance(time.Hour)
	if err := create("four"); reason(err) != sallyport.PermissionMissing {
		t.Errorf("after the binding has expired: %v", err)
	}
}

// TestStalePolicy has a role be reduced behind this node's back, as another node
// would do: the right is judged by the role as it is in the store.
func TestStalePolicy(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Person(s.in)
	b := s.Give(a.Principal.ID, s.in, admin.GroupsWrite)
	_, err := s.Store.Write(s.ctx, func(tx *store.Tx) error {
		role, err := tx.Role(s.ctx, s.in, b.Role)
		if err != nil {
			return err
		}
		role.Permissions = nil
		tx.Note(sallyport.ChangePolicy, "")
		return tx.UpdateRole(s.ctx, &role, store.AnyVersion)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: "x"}); reason(err) != sallyport.PermissionMissing {
		t.Errorf("err = %v, want permission_missing", err)
	}
}

// TestAlgorithmOfAnAPIHasKeys: an API that wants RS256 gets keys of it with its
// document, also when the document is replaced.
func TestAlgorithmOfAnAPIHasKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	has := func(want token.Algorithm) bool {
		t.Helper()
		keys, err := s.SigningKeys(s.ctx, admin.System("test"))
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(keys, func(k admin.KeyInfo) bool {
			return k.Kind == token.AccessJWT && k.Algorithm == want && k.State == token.KeyActive
		})
	}
	if has(token.RS256) || has(token.ES256) {
		t.Fatal("there are keys that nobody asked for")
	}
	api := sallyport.API{Name: "edge", BasePath: "/edge", Token: sallyport.TokenSpec{Algorithm: "RS256"}}
	stored, err := s.CreateAPI(s.ctx, admin.System("test"), api)
	if err != nil {
		t.Fatal(err)
	}
	if !has(token.RS256) {
		t.Error("the API is there and no key of its algorithm")
	}
	api.Token.Algorithm = "ES256"
	if _, err := s.ReplaceAPI(s.ctx, admin.System("test"), "edge", stored.Version, api); err != nil {
		t.Fatal(err)
	}
	if !has(token.ES256) {
		t.Error("the document was replaced and there is no key of its algorithm")
	}
}
