package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testRole(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	want := sallyport.Role{
		ID: sallyport.RoleID(id()), Tenant: m, Name: "viewer", Title: "Viewer", BuiltIn: true,
		Permissions: []sallyport.Permission{"a/read", "b/read"},
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertRole(ctx, &want) })
	empty := role(ctx, t, s, m)
	get := func() sallyport.Role { return must[sallyport.Role](t)(s.Role(ctx, m, want.ID)) }
	if got := get(); !reflect.DeepEqual(got, want) {
		t.Errorf("Role = %+v, want %+v", got, want)
	}
	refused(ctx, t, s, "a second role of one name", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertRole(ctx, &sallyport.Role{ID: sallyport.RoleID(id()), Tenant: m, Name: "viewer"})
	})
	want.Permissions = nil
	for i := range 300 { // more than one batch
		want.Permissions = append(want.Permissions, sallyport.Permission("a/"+string(rune('a'+i%26))+string(rune('a'+i/26))))
	}
	want.Title = "Sees"
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateRole(ctx, &want, 1) })
	slices.Sort(want.Permissions)
	if got := get(); !reflect.DeepEqual(got, want) {
		t.Errorf("after the update, Role has %d permissions, want %d", len(got.Permissions), len(want.Permissions))
	}
	if all, _, err := s.Roles(ctx, m, "", store.Page{}); err != nil || !reflect.DeepEqual(all, []sallyport.Role{empty, want}) {
		t.Errorf("Roles = %+v, %v", all, err)
	}
	bare := want
	bare.Permissions = nil
	if all, _, err := s.RoleNames(ctx, m, "view", store.Page{}); err != nil || !reflect.DeepEqual(all, []sallyport.Role{bare}) {
		t.Errorf("RoleNames = %+v, %v", all, err)
	}
	if all, _, err := s.Roles(ctx, m, "view", store.Page{}); err != nil || !reflect.DeepEqual(all, []sallyport.Role{want}) {
		t.Errorf("Roles of a search = %+v, %v", all, err)
	}
	shared := role(ctx, t, s, sallyport.EveryTenant, "a/x")
	if all, next, err := s.EveryRole(ctx, store.Page{Limit: 3}); err != nil || next != "" || !reflect.DeepEqual(all, []sallyport.Role{want, empty, shared}) {
		t.Errorf("EveryRole = %+v, %q, %v", all, next, err)
	}

	b := sallyport.Binding{ID: sallyport.BindingID(id()), Tenant: m, SubjectKind: sallyport.SubjectUser, Subject: id(), Role: want.ID, State: sallyport.Active}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertBinding(ctx, &b) })
	refused(ctx, t, s, "deleting a role that is bound", sallyport.Conflict, func(tx *store.Tx) error { return tx.DeleteRole(ctx, m, want.ID, 2) })
	if got := get(); len(got.Permissions) != 300 {
		t.Errorf("a refused deletion left %d permissions", len(got.Permissions))
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteBinding(ctx, m, b.ID, 1) })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteRole(ctx, m, want.ID, 2) })
	_, err := s.Role(ctx, m, want.ID)
	kinds(t, "a deleted role", err, sallyport.NotFound)
}

func testBinding(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	o, o2 := role(ctx, t, s, m), role(ctx, t, s, m)
	want := sallyport.Binding{
		ID: sallyport.BindingID(id()), Tenant: m, SubjectKind: sallyport.SubjectKey, Subject: id(), Role: o.ID,
		Realm: "north", Condition: "true", Expires: day(3), State: sallyport.Active,
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertBinding(ctx, &want) })
	refused(ctx, t, s, "a binding of no role", sallyport.Conflict, func(tx *store.Tx) error {
		b := want
		b.ID, b.Role = sallyport.BindingID(id()), sallyport.RoleID(id())
		return tx.InsertBinding(ctx, &b)
	})
	want.Role, want.Realm, want.Condition, want.Expires, want.State = o2.ID, "", "", time.Time{}, sallyport.Deactivated
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateBinding(ctx, &want, 1) })
	if got := must[sallyport.Binding](t)(s.Binding(ctx, m, want.ID)); got != want {
		t.Errorf("Binding = %+v, want %+v", got, want)
	}
	other := sallyport.Binding{
		ID: sallyport.BindingID(id()), Tenant: sallyport.EveryTenant, SubjectKind: sallyport.SubjectUser, Subject: id(), Role: o.ID, State: sallyport.Active,
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertBinding(ctx, &other) })
	for _, f := range []store.BindingFilter{
		{}, {SubjectKind: sallyport.SubjectKey}, {Subject: want.Subject}, {Role: o2.ID}, {State: sallyport.Deactivated},
	} {
		if all, _, err := s.Bindings(ctx, m, f, store.Page{}); err != nil || len(all) != 1 || all[0] != want {
			t.Errorf("Bindings(%+v) = %+v, %v", f, all, err)
		}
	}
	for _, f := range []store.BindingFilter{{SubjectKind: sallyport.SubjectUser}, {Subject: "x"}, {Role: o.ID}, {State: sallyport.Active}} {
		if all, _, err := s.Bindings(ctx, m, f, store.Page{}); err != nil || len(all) != 0 {
			t.Errorf("Bindings(%+v) = %+v, %v; want none", f, all, err)
		}
	}
	if all, _, err := s.EveryBinding(ctx, store.BindingFilter{}, store.Page{}); err != nil || len(all) != 2 {
		t.Errorf("EveryBinding = %+v, %v", all, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteBinding(ctx, m, want.ID, 2) })
	_, err := s.Binding(ctx, m, want.ID)
	kinds(t, "a deleted binding", err, sallyport.NotFound)
}

func testBindingsOfPrincipal(ctx context.Context, t *testing.T, s *store.Store) {
	m, m2 := tenant(ctx, t, s), tenant(ctx, t, s)
	u, stranger := user(ctx, t, s, m), user(ctx, t, s, m)
	o := role(ctx, t, s, sallyport.EveryTenant)
	key := sallyport.PrincipalID(id())
	var groups []sallyport.GroupID
	for _, in := range []sallyport.TenantID{m, m2} {
		g := sallyport.Group{ID: sallyport.GroupID(id()), Tenant: in, Name: "g"}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertGroup(ctx, &g) })
		groups = append(groups, g.ID)
	}
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.AddMember(ctx, m, groups[0], u.ID); return err })

	bind := func(kind sallyport.SubjectKind, subject string, in sallyport.TenantID) sallyport.BindingID {
		b := sallyport.Binding{ID: sallyport.BindingID(id()), Tenant: in, SubjectKind: kind, Subject: subject, Role: o.ID, State: sallyport.Active}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertBinding(ctx, &b) })
		return b.ID
	}
	own := []sallyport.BindingID{
		bind(sallyport.SubjectUser, string(u.ID), m),
		bind(sallyport.SubjectUser, string(u.ID), m2),
		bind(sallyport.SubjectGroup, string(groups[0]), m),
	}
	bind(sallyport.SubjectGroup, string(groups[1]), m2) // of a group that he is not in
	bind(sallyport.SubjectUser, string(stranger.ID), m) // somebody else's
	bind(sallyport.SubjectGroup, string(u.ID), m)       // of a group that has his id
	keys := []sallyport.BindingID{bind(sallyport.SubjectKey, string(key), m)}

	for _, tt := range []struct {
		principal sallyport.PrincipalID
		bindings  []sallyport.BindingID
		groups    []sallyport.GroupID
	}{{u.ID, own, groups[:1]}, {key, keys, nil}, {sallyport.PrincipalID(id()), nil, nil}} {
		bindings, groups, err := s.BindingsOfPrincipal(ctx, tt.principal)
		var got []sallyport.BindingID
		for _, b := range bindings {
			got = append(got, b.ID)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, tt.bindings) || !slices.Equal(groups, tt.groups) {
			t.Errorf("BindingsOfPrincipal = %v, %v, %v; want %v, %v", got, groups, err, tt.bindings, tt.groups)
		}
	}
}

func testAPI(ctx context.Context, t *testing.T, s *store.Store) {
	want := store.APIDocument{API: sallyport.API{
		Name: "inventory", Title: "Inventory", BasePath: "/inventory",
		Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1", Timeout: sallyport.Duration(3 * time.Second)},
		Accept:   []sallyport.Accept{{In: sallyport.CarrierHeader, Name: "X-Key", Kinds: []sallyport.CredentialKind{sallyport.APIKey}}},
		Tenant:   &sallyport.Selector{From: "header", Name: "X-Tenant-Id", Required: true},
		Routes:   []sallyport.Route{{Methods: []string{"GET"}, Path: "/things/{id}", AnyOf: []string{"read"}}},
		Explain:  sallyport.ExplainFull,
		Path:     sallyport.PathSpec{AllowSemicolon: true},
	}}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertAPI(ctx, &want) })
	refused(ctx, t, s, "a second API of one name", sallyport.Conflict, func(tx *store.Tx) error { a := want; return tx.InsertAPI(ctx, &a) })
	want.API.Disabled = true
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateAPI(ctx, &want, 1) })
	if got := must[store.APIDocument](t)(s.API(ctx, "inventory")); !reflect.DeepEqual(got, want) {
		t.Errorf("API = %+v, want %+v", got, want)
	}
	if all, _, err := s.APIs(ctx, store.Page{}); err != nil || !reflect.DeepEqual(all, []store.APIDocument{want}) {
		t.Errorf("APIs = %+v, %v", all, err)
	}
	refused(ctx, t, s, "a deletion of an older version", sallyport.Changed, func(tx *store.Tx) error { return tx.DeleteAPI(ctx, "inventory", 1) })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteAPI(ctx, "inventory", 2) })
	_, err := s.API(ctx, "inventory")
	kinds(t, "a deleted API", err, sallyport.NotFound)
}
