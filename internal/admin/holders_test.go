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
)

// whoCan asks and returns who was named, sorted, each with what is said of him.
func whoCan(t *testing.T, w *admintest.World, a admin.Actor, want admin.Wanted) string {
	t.Helper()
	var out []string
	page := admin.Page{Limit: 2}
	for {
		list, err := w.WhoCan(t.Context(), a, want.Tenant, page, asking(want))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range list.Items {
			text := []string{h.Principal.Login}
			for _, r := range h.Realms {
				text = append(text, "@", r)
			}
			if h.Conditional {
				text = append(text, "?")
			}
			for _, c := range h.Tokens {
				text = append(text, "+", c.Name)
			}
			out = append(out, strings.Join(text, ""))
		}
		if page.Cursor = list.Next; list.Next == "" {
			break
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func asking(want admin.Wanted) func() (admin.Wanted, error) {
	return func() (admin.Wanted, error) { return want, nil }
}

// Who can is who the doors would let in: by himself or through a group, here or
// in every tenant, and not who is deactivated, in another tenant, or whose
// binding is over.
func TestWhoCan(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx, system := t.Context(), admin.System("test")
	here := w.T1.ID
	for _, name := range []string{"lab", "office"} {
		must(w.CreateRealm(ctx, system, here, admin.NewRealm{Name: name}))
	}
	reads, writes := w.MakeRole(here, "orders/read"), w.MakeRole(here, "orders/write")
	both := w.MakeRole(sallyport.EveryTenant, "orders/*")
	login := func(name string) sallyport.PrincipalID {
		return must(w.CreateUser(ctx, system, here, admin.NewUser{Login: name, Kind: sallyport.Person})).ID
	}
	bind := func(id sallyport.PrincipalID, role sallyport.RoleID, change func(*admin.NewBinding)) {
		in := admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(id), Role: role}
		change(&in)
		must(w.CreateBinding(ctx, system, here, in))
	}
	plain := func(*admin.NewBinding) {}
	bind(login("plain"), reads.ID, plain)
	bind(login("lab"), reads.ID, func(b *admin.NewBinding) { b.Realm = "lab" })
	bind(login("sometimes"), reads.ID, func(b *admin.NewBinding) { b.Condition = `method == "GET"` })
	bind(login("over"), reads.ID, func(b *admin.NewBinding) { b.Expires = w.Clock.Now().Add(time.Minute) })
	bind(login("other"), writes.ID, plain)
	off := login("off")
	bind(off, reads.ID, plain)
	must(w.DeactivateUser(ctx, system, here, off, anyVersion))
	grouped := login("grouped")
	group := must(w.CreateGroup(ctx, system, here, admin.NewGroup{Name: "staff"}))
	if err := w.AddMember(ctx, system, here, group.ID, grouped); err != nil {
		t.Fatal(err)
	}
	must(w.CreateBinding(ctx, system, here, admin.NewBinding{SubjectKind: sallyport.SubjectGroup, Subject: string(group.ID), Role: reads.ID}))
	key := must(w.CreateKey(ctx, system, here, admin.NewKey{Name: "key"})).Credential
	must(w.CreateBinding(ctx, system, here, admin.NewBinding{SubjectKind: sallyport.SubjectKey, Subject: string(key.ID), Role: both.ID}))
	split := login("split") // reads in one realm, writes in the other
	bind(split, reads.ID, func(b *admin.NewBinding) { b.Realm = "lab" })
	bind(split, writes.ID, func(b *admin.NewBinding) { b.Realm = "office" })
	w.Person(w.T2.ID, "orders/read")
	w.Clock.Advance(time.Hour)

	read := []sallyport.Permission{"orders/read"}
	for name, tt := range map[string]struct {
		want admin.Wanted
		who  string
	}{
		"in any realm":         {admin.Wanted{AllOf: read, Realms: true}, "grouped key lab@lab plain root sometimes? split@lab"},
		"in one realm":         {admin.Wanted{AllOf: read, Realm: "lab"}, "grouped key lab plain root sometimes? split"},
		"in no realm":          {admin.Wanted{AllOf: read}, "grouped key plain root sometimes?"},
		"all of two":           {admin.Wanted{AllOf: []sallyport.Permission{"orders/read", "orders/write"}, Realms: true}, "key root"},
		"any of two":           {admin.Wanted{AnyOf: []sallyport.Permission{"orders/read", "orders/write"}}, "grouped key other plain root sometimes?"},
		"one and one of two":   {admin.Wanted{AllOf: []sallyport.Permission{"orders/write"}, AnyOf: read}, "key root"},
		"what nobody has":      {admin.Wanted{AllOf: []sallyport.Permission{"sallyport/tenants.write"}}, "root"},
		"what is not declared": {admin.Wanted{AllOf: []sallyport.Permission{"orders/none"}}, ""},
	} {
		tt.want.Tenant = here
		if got := whoCan(t, w, w.Root, tt.want); got != tt.who {
			t.Errorf("%s: %q, want %q", name, got, tt.who)
		}
	}
}

// Names, tokens and groups are told to who may see them; and of another tenant
// nothing is told at all.
func TestWhoCanTellsNoMore(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	owner := w.Person(w.T1.ID, "orders/read", "orders/write")
	for name, scopes := range map[string][]string{"whole": nil, "reads": {"orders/read"}, "writes": {"orders/write"}} {
		must(w.CreateToken(ctx, owner, admin.NewToken{Name: name, Scopes: scopes}))
	}
	want := admin.Wanted{Tenant: w.T1.ID, AllOf: []sallyport.Permission{"orders/read"}}
	for _, tt := range []struct {
		holds []sallyport.Permission
		who   string
	}{
		{[]sallyport.Permission{admin.BindingsRead}, " "},
		{[]sallyport.Permission{admin.BindingsRead, admin.UsersRead}, "root " + owner.Principal.Login},
		{[]sallyport.Permission{admin.BindingsRead, admin.UsersRead, admin.TokensRead}, "root " + owner.Principal.Login + "+TOKENS"},
	} {
		got := whoCan(t, w, w.Person(w.T1.ID, tt.holds...), want)
		for _, order := range []string{"+reads+whole", "+whole+reads"} {
			got = strings.Replace(got, order, "+TOKENS", 1)
		}
		if got != tt.who {
			t.Errorf("with %s: %q, want %q", fmt.Sprint(tt.holds), got, tt.who)
		}
	}
	_, err := w.WhoCan(ctx, w.Person(w.T2.ID, admin.BindingsRead), w.T1.ID, admin.Page{}, func() (admin.Wanted, error) {
		t.Error("the question was looked into before the right to ask")
		return admin.Wanted{}, nil
	})
	if sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("from another tenant: %v", err)
	}
}
