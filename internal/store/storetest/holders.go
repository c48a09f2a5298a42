package storetest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Who has a role is listed by who it is, part by part, whatever the size of a part
// and wherever it begins.
func testHolders(ctx context.Context, t *testing.T, s *store.Store) {
	m, m2 := tenant(ctx, t, s), tenant(ctx, t, s)
	r, other := role(ctx, t, s, sallyport.EveryTenant), role(ctx, t, s, sallyport.EveryTenant)
	bind := func(kind sallyport.SubjectKind, subject string, in sallyport.TenantID, role sallyport.RoleID, state sallyport.State) sallyport.Binding {
		b := sallyport.Binding{ID: sallyport.BindingID(id()), Tenant: in, SubjectKind: kind, Subject: subject, Role: role, State: state}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertBinding(ctx, &b) })
		return b
	}
	var want []sallyport.Binding
	for range 3 {
		subject := id()
		for range 2 { // two of each: in two realms, say
			want = append(want, bind(sallyport.SubjectUser, subject, m, r.ID, sallyport.Active))
		}
		bind(sallyport.SubjectUser, subject, m, r.ID, sallyport.Deactivated)
		bind(sallyport.SubjectUser, subject, m, other.ID, sallyport.Active)
		bind(sallyport.SubjectUser, subject, m2, r.ID, sallyport.Active)
		bind(sallyport.SubjectKey, subject, m, r.ID, sallyport.Active)
	}
	slices.SortFunc(want, func(a, b sallyport.Binding) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.ID, b.ID))
	})
	read := func(after string, limit int) (got []sallyport.Binding) {
		t.Helper()
		for {
			part, next, err := s.Holders(ctx, m, r.ID, sallyport.SubjectUser, store.Page{After: after, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, part...)
			if after = next; next == "" {
				return got
			}
		}
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		if got := read("", limit); !slices.Equal(got, want) {
			t.Errorf("Holders by %d = %+v, want %+v", limit, got, want)
		}
		if got := read(want[1].Subject, limit); !slices.Equal(got, want[2:]) {
			t.Errorf("Holders by %d behind the first = %+v, want %+v", limit, got, want[2:])
		}
	}
	_, _, err := s.Holders(ctx, "", r.ID, sallyport.SubjectUser, store.Page{})
	kinds(t, "holders of no tenant", err, sallyport.Invalid)

	g := sallyport.Group{ID: sallyport.GroupID(id()), Tenant: m, Name: "g"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertGroup(ctx, &g) })
	var members []sallyport.PrincipalID
	for range 3 {
		u := user(ctx, t, s, m)
		members = append(members, u.ID)
		write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.AddMember(ctx, m, g.ID, u.ID); return err })
	}
	slices.Sort(members)
	first, next, err := s.MembersFrom(ctx, m, g.ID, store.Page{Limit: 2})
	if err != nil || !slices.Equal(first, members[:2]) || next == "" {
		t.Errorf("MembersFrom = %v, %q, %v; want %v", first, next, err, members[:2])
	}
	rest, next, err := s.MembersFrom(ctx, m, g.ID, store.Page{Limit: 2, After: next})
	if err != nil || !slices.Equal(rest, members[2:]) || next != "" {
		t.Errorf("MembersFrom, the rest = %v, %q, %v; want %v", rest, next, err, members[2:])
	}
}
