package httpapi_test

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/httpapi/httpapitest"
)

// ok fails the test unless err is nil.
func ok[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused fails the test unless err is the server's with this status.
func refused(t testing.TB, err error, status int) *client.Error {
	t.Helper()
	e, is := errors.AsType[*client.Error](err)
	if !is || e.Status != status {
		t.Fatalf("got %v, want status %d", err, status)
	}
	return e
}

// all reads a list to its end.
func all[T, F any](t testing.TB, l client.Listing[T, F], filter F) []T {
	t.Helper()
	var items []T
	for item, err := range l.All(t.Context(), filter) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

// life leads one thing of a collection from its making to its end.
func life[ID ~string, T, F, New, Change any](t *testing.T, c client.Collection[ID, T, F, New, Change],
	in New, change Change, filter F, id func(T) ID, version func(T) int64, changed func(T) bool,
) {
	t.Helper()
	ctx := t.Context()
	made := ok(c.Create(ctx, in))(t)
	if id(made) == "" || version(made) == 0 {
		t.Errorf("made %+v", made)
	}
	if _, err := c.Create(ctx, in); err == nil {
		t.Error("made it twice")
	} else {
		refused(t, err, http.StatusConflict)
	}
	got := ok(c.Get(ctx, id(made)))(t)
	if id(got) != id(made) || version(got) != version(made) {
		t.Errorf("got %+v, made %+v", got, made)
	}
	if list := all(t, c.Listing, filter); !slices.ContainsFunc(list, func(v T) bool { return id(v) == id(made) }) {
		t.Errorf("not in the list %+v", list)
	}
	_, err := c.Update(ctx, id(made), 0, change)
	refused(t, err, http.StatusPreconditionRequired)
	_, err = c.Update(ctx, id(made), version(made)+7, change)
	refused(t, err, http.StatusPreconditionFailed)
	now := ok(c.Update(ctx, id(made), version(made), change))(t)
	if !changed(now) || version(now) <= version(made) {
		t.Errorf("changed to %+v", now)
	}
	_, err = c.Update(ctx, id(made), version(made), change)
	refused(t, err, http.StatusPreconditionFailed)
	refused(t, c.Delete(ctx, id(made), 0), http.StatusPreconditionRequired)
	refused(t, c.Delete(ctx, id(made), version(made)), http.StatusPreconditionFailed)
	if err := c.Delete(ctx, id(made), version(now)); err != nil {
		t.Fatal(err)
	}
	_, err = c.Get(ctx, id(made))
	refused(t, err, http.StatusNotFound)
	refused(t, c.Delete(ctx, id(made), client.AnyVersion), http.StatusNotFound)
}

func TestLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.Token(w.Root))
	t.Run("tenant", func(t *testing.T) {
		in := api.NewTenant{Name: "t3", Parent: w.T1.ID, TokenMaxAge: sallyport.Duration(48 * time.Hour)}
		life(t, c.Tenants().Collection, in, api.TenantChange{Parent: api.Null[sallyport.TenantID](), TokenDefaultAge: api.To(sallyport.Duration(time.Hour))},
			api.TenantFilter{Search: "t3"},
			func(v api.Tenant) sallyport.TenantID { return v.ID }, func(v api.Tenant) int64 { return v.Version },
			func(v api.Tenant) bool {
				return v.Parent == "" && time.Duration(v.TokenMaxAge) == 48*time.Hour && time.Duration(v.TokenDefaultAge) == time.Hour
			})
	})
	t.Run("realm", func(t *testing.T) {
		life(t, c.Realms(w.T1.ID).Collection, api.NewRealm{Name: "hall 2 é"}, api.RealmChange{Title: new("Hall two")}, struct{}{},
			func(v api.Realm) string { return v.Name }, func(v api.Realm) int64 { return v.Version },
			func(v api.Realm) bool { return v.Title == "Hall two" })
	})
	t.Run("user", func(t *testing.T) {
		for _, tenant := range []sallyport.TenantID{w.T1.ID, sallyport.EveryTenant} {
			life(t, c.Users(tenant).Collection, api.NewUser{Login: "Jo", Kind: sallyport.Service}, api.UserChange{Name: new("Jo Doe")},
				api.UserFilter{Kind: sallyport.Service, Search: "j"},
				func(v api.User) sallyport.PrincipalID { return v.ID }, func(v api.User) int64 { return v.Version },
				func(v api.User) bool { return v.Name == "Jo Doe" && v.Login == "jo" })
		}
	})
	t.Run("group", func(t *testing.T) {
		life(t, c.Groups(w.T1.ID).Collection, api.NewGroup{Name: "night"}, api.GroupChange{Title: new("Night shift")}, api.Search{Search: "n"},
			func(v api.Group) sallyport.GroupID { return v.ID }, func(v api.Group) int64 { return v.Version },
			func(v api.Group) bool { return v.Title == "Night shift" && v.Name == "night" })
	})
	t.Run("role", func(t *testing.T) {
		life(t, c.Roles(w.T1.ID).Collection, api.NewRole{Name: "lead", Permissions: []sallyport.Permission{"orders/read"}},
			api.RoleChange{Permissions: new([]sallyport.Permission{"orders/write"})}, api.Search{},
			func(v api.Role) sallyport.RoleID { return v.ID }, func(v api.Role) int64 { return v.Version },
			func(v api.Role) bool { return len(v.Permissions) == 1 && v.Permissions[0] == "orders/write" })
	})
	t.Run("binding", func(t *testing.T) {
		user := w.User(w.T1.ID, sallyport.Person)
		in := api.NewBinding{
			SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: w.Role(w.T1.ID, "orders/read").ID,
			ExpiresAt: w.Clock.Now().Add(time.Hour),
		}
		life(t, c.Bindings(w.T1.ID).Collection, in, api.BindingChange{ExpiresAt: api.Null[time.Time](), State: new(sallyport.Deactivated)},
			api.BindingFilter{Subject: string(user.ID)},
			func(v api.Binding) sallyport.BindingID { return v.ID }, func(v api.Binding) int64 { return v.Version },
			func(v api.Binding) bool { return v.ExpiresAt.IsZero() && v.State == sallyport.Deactivated })
	})
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	doc := httpapitest.Orders()
	doc.Name, doc.BasePath = "stock", "/stock"
	check := ok(c.APIs().Check(ctx, doc))(t)
	if !check.OK || len(check.Faults) != 0 {
		t.Errorf("check: %+v", check)
	}
	bad := doc
	bad.BasePath, bad.Explain = "/orders", "loud"
	check = ok(c.APIs().Check(ctx, bad))(t)
	if check.OK || len(check.Faults) != 2 {
		t.Errorf("check of a bad one: %+v", check)
	}
	_, err := c.APIs().Create(ctx, bad)
	if e := refused(t, err, http.StatusUnprocessableEntity); len(e.Fields) != 2 || e.Fields[0].Field == "" {
		t.Errorf("fields: %+v", e.Fields)
	}
	made := ok(c.APIs().Create(ctx, doc))(t)
	doc.Title = "Stock"
	_, err = c.APIs().Replace(ctx, "stock", made.Version+1, doc)
	refused(t, err, http.StatusPreconditionFailed)
	made = ok(c.APIs().Replace(ctx, "stock", made.Version, doc))(t)
	if got := ok(c.APIs().Get(ctx, "stock"))(t); got.Document.Title != "Stock" || got.Version != made.Version || len(got.Document.Routes) != 2 {
		t.Errorf("got %+v", got)
	}
	if names := all(t, c.APIs().Listing, struct{}{}); len(names) != 3 {
		t.Errorf("%d APIs", len(names))
	}
	other := doc
	other.Name, other.BasePath = "returns", "/returns"
	if changed := ok(c.APIs().Apply(ctx, []sallyport.API{doc, other}))(t); !slices.Equal(changed, []sallyport.APIName{"returns"}) {
		t.Errorf("applied %v", changed)
	}
	if changed := ok(c.APIs().Apply(ctx, []sallyport.API{doc, other}))(t); len(changed) != 0 {
		t.Errorf("applied again %v", changed)
	}
	if err := c.APIs().Delete(ctx, "stock", made.Version); err != nil {
		t.Error(err)
	}
	refused(t, c.APIs().Delete(ctx, "sallyport", client.AnyVersion), http.StatusConflict)
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	users := c.Users(w.T1.ID)
	u := ok(users.Create(ctx, api.NewUser{Login: "jo", Email: "jo@example.com", Password: httpapitest.Password}))(t)
	if got := ok(c.UserByLogin(ctx, "JO"))(t); got.ID != u.ID {
		t.Errorf("by login: %+v", got)
	}
	jo := w.client(t, w.Token(sallyport.User{ID: u.ID, Tenant: w.T1.ID, Login: "jo"}))
	_, err := users.Deactivate(ctx, u.ID, 0)
	refused(t, err, http.StatusPreconditionRequired)
	u = ok(users.Deactivate(ctx, u.ID, u.Version))(t)
	if u.State != sallyport.Deactivated {
		t.Errorf("state %s", u.State)
	}
	_, err = jo.Me().Get(ctx)
	refused(t, err, http.StatusUnauthorized)
	u = ok(users.Activate(ctx, u.ID, u.Version))(t)
	_, err = jo.Me().Get(ctx)
	refused(t, err, http.StatusUnauthorized) // what ended does not come back
	_, err = users.Unlock(ctx, u.ID, client.AnyVersion)
	refused(t, err, http.StatusConflict) // he is not locked
	if err := users.SetPassword(ctx, u.ID, api.NewPassword{Password: "nine-golden-ladders-sing"}); err != nil {
		t.Error(err)
	}
	if e := refused(t, users.SetPassword(ctx, u.ID, api.NewPassword{Password: "short"}), http.StatusUnprocessableEntity); len(e.Fields) == 0 {
		t.Errorf("no field in %v", e)
	}
	if err := users.End(ctx, u.ID); err != nil {
		t.Error(err)
	}
	groups := c.Groups(w.T1.ID)
	g := ok(groups.Create(ctx, api.NewGroup{Name: "night"}))(t)
	for range 2 { // both are idempotent
		if err := groups.Add(ctx, g.ID, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	if members := all(t, groups.Members(g.ID), struct{}{}); len(members) != 1 || members[0].ID != u.ID {
		t.Errorf("members %+v", members)
	}
	if of := ok(users.Groups(ctx, u.ID))(t); len(of) != 1 || of[0].ID != g.ID {
		t.Errorf("groups of jo: %+v", of)
	}
	for range 2 {
		if err := groups.Remove(ctx, g.ID, u.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTenantStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	_, token := w.Person(w.T1.ID, admin.UsersRead)
	person := w.client(t, token)
	off := ok(c.Tenants().Deactivate(ctx, w.T1.ID, w.T1.Version))(t)
	_, err := person.Me().Get(ctx)
	refused(t, err, http.StatusUnauthorized)
	if got := ok(c.Tenants().Get(ctx, w.T1.ID))(t); got.State != sallyport.Deactivated {
		t.Errorf("state %s", got.State)
	}
	on := ok(c.Tenants().Reactivate(ctx, w.T1.ID, off.Version))(t)
	if on.State != sallyport.Active {
		t.Errorf("state %s", on.State)
	}
	_ = ok(person.Me().Get(ctx))(t)
	if list := all(t, person.Tenants().Listing, api.TenantFilter{}); len(list) != 1 || list[0].ID != w.T1.ID {
		t.Errorf("tenants of a member: %+v", list)
	}
}

func TestOperating(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.client(t, w.Token(w.Root))
	before := ok(c.SigningKeys(ctx))(t)
	if len(before) != 4 {
		t.Errorf("%d signing keys", len(before))
	}
	if k := ok(c.RotateSigningKey(ctx, api.Rotation{Kind: "access"}))(t); k.State != "active" || k.Algorithm != "EdDSA" {
		t.Errorf("rotated to %+v", k)
	}
	_, err := c.RotateSigningKey(ctx, api.Rotation{Kind: "nosuch"})
	if _, is := errors.AsType[*client.Error](err); !is {
		t.Errorf("rotating nothing: %v", err)
	}
	if v := ok(c.VerifyAudit(ctx, api.Verification{}))(t); !v.OK || v.Entries == 0 || v.Entries != v.Head || len(v.Hash) != 64 {
		t.Errorf("verified: %+v", v)
	}
	entries := all(t, c.EveryAudit(), api.AuditFilter{Action: "signing_key.rotate"})
	if len(entries) != 1 || entries[0].ActorName != "root" || entries[0].CredentialKind != sallyport.PersonalToken || entries[0].RequestID == "" {
		t.Errorf("audit: %+v", entries)
	}
	u := w.User(w.T2.ID, sallyport.Person)
	w.Give(u.ID, w.T2.ID, admin.AuditRead)
	own := w.client(t, w.Token(u))
	for _, e := range all(t, own.Audit(w.T2.ID), api.AuditFilter{From: w.Clock.Now().Add(-time.Hour), Until: w.Clock.Now().Add(time.Hour)}) {
		if e.Tenant != w.T2.ID {
			t.Errorf("an entry of %s", e.Tenant)
		}
	}
}

// networks is what a token is limited to in tests.
func networks() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
