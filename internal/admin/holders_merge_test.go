package admin_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Whatever the size of a page, who-can names those whom one finds who looks at
// every binding there is, in the order of their ids, with the same bindings.
func TestWhoCanIsWhatEveryBindingSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		w := admintest.New(t)
		crowd(t, w, rand.New(rand.NewPCG(seed, 7)))
		for _, want := range []admin.Wanted{
			{AllOf: []sallyport.Permission{"orders/read"}, Realms: true},
			{AllOf: []sallyport.Permission{"orders/read", "orders/write"}, Realms: true},
			{AnyOf: []sallyport.Permission{"orders/read", "orders/write"}, Realm: "lab"},
			{AllOf: []sallyport.Permission{"orders/write"}},
		} {
			want.Tenant = w.T1.ID
			expected := everyBinding(t.Context(), t, w, want)
			if len(expected) < 3 {
				t.Fatalf("seed %d, %+v: %q is too few to page through", seed, want, expected)
			}
			for _, limit := range []int{1, 2, 3, 200} {
				if got := through(t, w, want, limit); !slices.Equal(got, expected) {
					t.Errorf("seed %d, %+v, by %d:\n%s\nwant\n%s", seed, want, limit, strings.Join(got, "\n"), strings.Join(expected, "\n"))
				}
			}
		}
	}
}

// crowd makes people, keys and groups that have roles at random.
func crowd(t *testing.T, w *admintest.World, dice *rand.Rand) {
	t.Helper()
	ctx, system, here := t.Context(), admin.System("test"), w.T1.ID
	must(w.CreateRealm(ctx, system, here, admin.NewRealm{Name: "lab"}))
	roles := []sallyport.RoleID{
		w.MakeRole(here, "orders/read").ID, w.MakeRole(here, "orders/write").ID, w.MakeRole(sallyport.EveryTenant, "orders/*").ID,
	}
	var subjects []admin.NewBinding
	var people []sallyport.PrincipalID
	for i := range 12 {
		u := must(w.CreateUser(ctx, system, here, admin.NewUser{Login: fmt.Sprint("user-", i), Kind: sallyport.Person}))
		people = append(people, u.ID)
		subjects = append(subjects, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(u.ID)})
	}
	for i := range 3 {
		k := must(w.CreateKey(ctx, system, here, admin.NewKey{Name: fmt.Sprint("key-", i)})).Credential
		subjects = append(subjects, admin.NewBinding{SubjectKind: sallyport.SubjectKey, Subject: string(k.ID)})
		g := must(w.CreateGroup(ctx, system, here, admin.NewGroup{Name: fmt.Sprint("group-", i)}))
		subjects = append(subjects, admin.NewBinding{SubjectKind: sallyport.SubjectGroup, Subject: string(g.ID)})
		for range 4 {
			if err := w.AddMember(ctx, system, here, g.ID, people[dice.IntN(len(people))]); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 24 {
		in := subjects[dice.IntN(len(subjects))]
		in.Role = roles[dice.IntN(len(roles))]
		in.Realm = []string{"", "lab"}[dice.IntN(2)]
		in.Condition = []string{"", "", `method == "GET"`}[dice.IntN(3)]
		b, err := w.CreateBinding(ctx, system, here, in)
		if sallyport.KindOf(err) == sallyport.Conflict { // there is such a one already
			continue
		}
		if must(b, err); dice.IntN(6) == 0 {
			off := sallyport.Deactivated
			must(w.UpdateBinding(ctx, system, here, b.ID, anyVersion, admin.BindingChange{State: &off}))
		}
	}
	must(w.DeactivateUser(ctx, system, here, people[0], anyVersion))
}

// everyBinding answers the question slowly.
func everyBinding(ctx context.Context, t *testing.T, w *admintest.World, want admin.Wanted) (out []string) {
	t.Helper()
	has := map[sallyport.PrincipalID][]sallyport.Binding{}
	bindings, _, err := w.Store.EveryBinding(ctx, store.BindingFilter{State: sallyport.Active}, store.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bindings {
		at := b.Tenant == sallyport.EveryTenant || b.Tenant == want.Tenant
		in := b.Realm == "" || b.Realm == want.Realm || want.Realms
		gives := slices.ContainsFunc(append(want.AllOf, want.AnyOf...), func(p sallyport.Permission) bool { return gives(w, b.Role, p) })
		if !at || !in || !gives {
			continue
		}
		who := []sallyport.PrincipalID{sallyport.PrincipalID(b.Subject)}
		if b.SubjectKind == sallyport.SubjectGroup {
			who = must(w.Store.MemberIDs(ctx, b.Tenant, sallyport.GroupID(b.Subject)))
		}
		for _, id := range who {
			has[id] = append(has[id], b)
		}
	}
	for id, list := range has {
		if u, err := w.Store.UserByID(ctx, id); err == nil && u.State != sallyport.Active {
			continue
		}
		if !slices.ContainsFunc([]string{want.Realm, "lab"}, func(realm string) bool {
			return (realm == want.Realm || want.Realms) && enough(w, want, list, realm)
		}) {
			continue
		}
		order := func(b sallyport.Binding) int {
			return slices.IndexFunc(w.Policy().RoleList(), func(r *policy.Role) bool { return r.ID == b.Role })
		}
		everywhere := func(b sallyport.Binding) int { return strings.Compare(string(b.Tenant), string(sallyport.EveryTenant)) }
		slices.SortFunc(list, func(a, b sallyport.Binding) int {
			return cmp.Or(cmp.Compare(order(a), order(b)), everywhere(a)-everywhere(b), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		})
		line := []string{string(id)}
		for _, b := range list {
			line = append(line, string(b.ID))
		}
		out = append(out, strings.Join(line, " "))
	}
	slices.Sort(out)
	return out
}

func gives(w *admintest.World, role sallyport.RoleID, p sallyport.Permission) bool {
	return slices.Contains(w.Policy().RolePermissions(role), p)
}

// enough reports whether bindings give all that is wanted in a realm.
func enough(w *admintest.World, want admin.Wanted, list []sallyport.Binding, realm string) bool {
	has := func(p sallyport.Permission) bool {
		return slices.ContainsFunc(list, func(b sallyport.Binding) bool { return (b.Realm == "" || b.Realm == realm) && gives(w, b.Role, p) })
	}
	return !slices.ContainsFunc(want.AllOf, func(p sallyport.Permission) bool { return !has(p) }) &&
		(len(want.AnyOf) == 0 || slices.ContainsFunc(want.AnyOf, has))
}

// through asks who can, part by part, and says through which bindings.
func through(t *testing.T, w *admintest.World, want admin.Wanted, limit int) (out []string) {
	t.Helper()
	page := admin.Page{Limit: limit}
	for {
		list, err := w.WhoCan(t.Context(), w.Root, want.Tenant, page, asking(want))
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) > limit {
			t.Fatalf("a page of %d has %d", limit, len(list.Items))
		}
		for i := range list.Items {
			line := []string{string(list.Items[i].Principal.ID)}
			for _, held := range list.Items[i].Through {
				line = append(line, string(held.Binding.ID))
			}
			out = append(out, strings.Join(line, " "))
		}
		if page.Cursor = list.Next; list.Next == "" {
			return out
		}
	}
}
