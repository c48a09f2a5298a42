package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testChanges(ctx context.Context, t *testing.T, s *store.Store) {
	var told [][]sallyport.Change
	s.OnCommit(func(_ sallyport.Revision, c []sallyport.Change) { told = append(told, c) })
	if r, err := s.Revision(ctx); r != 0 || err != nil {
		t.Errorf("the revision before the first = %d, %v", r, err)
	}
	if r := write(ctx, t, s, func(*store.Tx) error { return nil }); r != 0 {
		t.Errorf("a transaction that notes nothing has revision %d", r)
	}
	for i := range 3 {
		r := write(ctx, t, s, func(tx *store.Tx) error {
			tx.Note(sallyport.ChangePrincipal, "a")
			tx.Note(sallyport.ChangeCredential, "c")
			tx.Note(sallyport.ChangePrincipal, "a")
			return nil
		})
		if r != sallyport.Revision(i+1) {
			t.Errorf("revision %d, want %d", r, i+1)
		}
	}
	_, _ = s.Write(ctx, func(tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		return errors.New("no")
	})
	want := func(from, to sallyport.Revision) (out []sallyport.Change) {
		for r := from; r <= to; r++ {
			out = append(out, sallyport.Change{Revision: r, Kind: sallyport.ChangePrincipal, ID: "a"},
				sallyport.Change{Revision: r, Kind: sallyport.ChangeCredential, ID: "c"})
		}
		return out
	}
	for _, tt := range []struct {
		after    sallyport.Revision
		limit    int
		from, to sallyport.Revision
	}{{0, 10, 1, 3}, {0, 1, 1, 1}, {1, 1, 2, 2}, {2, 5, 3, 3}, {3, 5, 4, 3}} {
		if got, err := s.Changes(ctx, tt.after, tt.limit); err != nil || !slices.Equal(got, want(tt.from, tt.to)) {
			t.Errorf("Changes(%d, %d) = %v, %v; want %v", tt.after, tt.limit, got, err, want(tt.from, tt.to))
		}
	}
	if !reflect.DeepEqual(told, [][]sallyport.Change{want(1, 1), want(2, 2), want(3, 3)}) {
		t.Errorf("OnCommit was told %v", told)
	}
	_, err := s.Changes(ctx, 4, 5)
	if !errors.Is(err, store.ErrRewound) {
		t.Errorf("asked from ahead of the store: %v, want ErrRewound", err)
	}
	kinds(t, "asked from ahead of the store", err, sallyport.Unavailable)
}

// Whoever follows the changes while many write sees each revision once, in
// order.
func testChangesConcurrent(ctx context.Context, t *testing.T, s *store.Store) {
	const writers, each = 6, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				_, err := s.Write(ctx, func(tx *store.Tx) error {
					tx.Note(sallyport.ChangePolicy, "")
					return tx.SetMeta(ctx, id(), "x")
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var at sallyport.Revision
	for last := false; ; {
		changes, err := s.Changes(ctx, at, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Revision != at+1 {
				t.Fatalf("after revision %d comes %d", at, c.Revision)
			}
			at = c.Revision
		}
		if len(changes) == 0 && last {
			break
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
	if at != writers*each {
		t.Errorf("saw %d revisions, want %d", at, writers*each)
	}
}

func testChangesPruned(ctx context.Context, t *testing.T, s *store.Store) {
	for range 5 {
		write(ctx, t, s, func(tx *store.Tx) error { tx.Note(sallyport.ChangePolicy, ""); return nil })
	}
	prune := func(before time.Time, keep int) {
		t.Helper()
		write(ctx, t, s, func(tx *store.Tx) error { return tx.PruneChanges(ctx, before, keep) })
	}
	prune(time.Now().Add(-time.Hour), 0) // all are younger
	prune(time.Now().Add(time.Hour), 5)  // as many are kept
	if got, err := s.Changes(ctx, 0, 10); err != nil || len(got) != 5 {
		t.Errorf("nothing was to be pruned, but Changes = %v, %v", got, err)
	}
	prune(time.Now().Add(time.Hour), 2)
	_, err := s.Changes(ctx, 2, 10)
	if !errors.Is(err, store.ErrGap) {
		t.Errorf("asked for what was pruned: %v, want ErrGap", err)
	}
	if got, err := s.Changes(ctx, 3, 10); err != nil || len(got) != 2 {
		t.Errorf("asked for what is left: %v, %v", got, err)
	}
	prune(time.Now().Add(time.Hour), 0)
	if got, err := s.Changes(ctx, 5, 10); err != nil || len(got) != 0 {
		t.Errorf("all pruned: %v, %v", got, err)
	}
	if r := write(ctx, t, s, func(tx *store.Tx) error { tx.Note(sallyport.ChangePolicy, ""); return nil }); r != 6 {
		t.Errorf("the revision after pruning is %d, want 6", r)
	}
}

func testChangesManyNotes(ctx context.Context, t *testing.T, s *store.Store) {
	everything := sallyport.Change{Kind: sallyport.ChangeEverything}
	policy := sallyport.Change{Kind: sallyport.ChangePolicy}
	for _, tt := range []struct {
		principals, parts, want int
		last                    sallyport.Change // zero: whatever it is
	}{
		{400, 0, 400, sallyport.Change{}},
		{10_000, 0, 1, everything},
		{3, 400, 403, sallyport.Change{}},
		{3, 600, 4, policy}, // nobody's credentials are forgotten for many roles
		{600, 600, 1, everything},
	} {
		r := write(ctx, t, s, func(tx *store.Tx) error {
			for range tt.parts {
				tx.Note(sallyport.ChangePolicy, "role:"+id())
			}
			for range tt.principals {
				tx.Note(sallyport.ChangePrincipal, id())
			}
			return nil
		})
		got, err := s.Changes(ctx, r-1, 1)
		tt.last.Revision = r
		if err != nil || len(got) != tt.want || tt.last.Kind != "" && got[len(got)-1] != tt.last {
			t.Errorf("%d principals and %d parts of the policy became %d changes, %v; want %d", tt.principals, tt.parts, len(got), err, tt.want)
		}
	}
}

func testOptimisticLocking(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	o := role(ctx, t, s, m, "a/b")
	c, _ := token(ctx, t, s, m, u.ID)
	g := sallyport.Group{ID: sallyport.GroupID(id()), Tenant: m, Name: "g"}
	b := sallyport.Binding{ID: sallyport.BindingID(id()), Tenant: m, SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: o.ID, State: sallyport.Active}
	r := sallyport.Realm{Tenant: m, Name: "r"}
	a := store.APIDocument{API: sallyport.API{Name: "a"}}
	k := store.SigningKey{ID: id(), Algorithm: "EdDSA", Use: "access", State: store.KeyActive}
	write(ctx, t, s, func(tx *store.Tx) error {
		return errors.Join(tx.InsertGroup(ctx, &g), tx.InsertBinding(ctx, &b), tx.InsertRealm(ctx, &r), tx.InsertAPI(ctx, &a), tx.InsertSigningKey(ctx, &k))
	})
	org := must[sallyport.Tenant](t)(s.Tenant(ctx, m))
	for name, update := range map[string]func(tx *store.Tx, version int64) error{
		"tenant":      func(tx *store.Tx, v int64) error { x := org; return tx.UpdateTenant(ctx, &x, v) },
		"realm":       func(tx *store.Tx, v int64) error { x := r; return tx.UpdateRealm(ctx, &x, v) },
		"user":        func(tx *store.Tx, v int64) error { x := u; return tx.UpdateUser(ctx, &x, v) },
		"group":       func(tx *store.Tx, v int64) error { x := g; return tx.UpdateGroup(ctx, &x, v) },
		"role":        func(tx *store.Tx, v int64) error { x := o; return tx.UpdateRole(ctx, &x, v) },
		"binding":     func(tx *store.Tx, v int64) error { x := b; return tx.UpdateBinding(ctx, &x, v) },
		"credential":  func(tx *store.Tx, v int64) error { x := c; return tx.UpdateCredential(ctx, &x, v) },
		"API":         func(tx *store.Tx, v int64) error { x := a; return tx.UpdateAPI(ctx, &x, v) },
		"signing key": func(tx *store.Tx, v int64) error { x := k; return tx.UpdateSigningKey(ctx, &x, v) },
	} {
		write(ctx, t, s, func(tx *store.Tx) error { return update(tx, 1) })
		refused(ctx, t, s, "the second update of one version of a "+name, sallyport.Changed, func(tx *store.Tx) error { return update(tx, 1) })
		refused(ctx, t, s, "version 0 of a "+name, sallyport.Changed, func(tx *store.Tx) error { return update(tx, 0) })
		write(ctx, t, s, func(tx *store.Tx) error { return update(tx, store.AnyVersion) })
	}
	refused(ctx, t, s, "the state of an older version", sallyport.Changed, func(tx *store.Tx) error {
		return tx.SetUserState(ctx, m, u.ID, sallyport.Locked, 1)
	})
	refused(ctx, t, s, "an update of a user who is not", sallyport.NotFound, func(tx *store.Tx) error {
		x := u
		x.ID = sallyport.PrincipalID(id())
		return tx.UpdateUser(ctx, &x, 1)
	})
}

// size returns how many rows a list gave, -1 if it failed.
func size[T any](all []T, _ string, err error) int {
	if err != nil {
		return -1
	}
	return len(all)
}

// From another tenant nothing can be seen, changed or told from what is not
// there.
func testOtherTenant(ctx context.Context, t *testing.T, s *store.Store) {
	m, foreign := tenant(ctx, t, s), tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	o := role(ctx, t, s, m, "a/b")
	c, _ := token(ctx, t, s, m, u.ID)
	f := family(ctx, t, s, m, u.ID)
	g := sallyport.Group{ID: sallyport.GroupID(id()), Tenant: m, Name: "g"}
	b := sallyport.Binding{ID: sallyport.BindingID(id()), Tenant: m, SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: o.ID, State: sallyport.Active}
	r := sallyport.Realm{Tenant: m, Name: "r"}
	write(ctx, t, s, func(tx *store.Tx) error {
		_, err := tx.AppendAudit(ctx, store.AuditRow{Time: day(1), Tenant: m}, chain)
		return errors.Join(err, tx.InsertGroup(ctx, &g), tx.InsertBinding(ctx, &b), tx.InsertRealm(ctx, &r))
	})
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.AddMember(ctx, m, g.ID, u.ID); return err })

	for _, in := range []sallyport.TenantID{foreign, sallyport.EveryTenant} {
		u, o, c, g, b, r := u, o, c, g, b, r
		u.Tenant, o.Tenant, c.Tenant, g.Tenant, b.Tenant, r.Tenant = in, in, in, in, in, in
		for what, f := range map[string]func(*store.Tx) error{
			"User":             func(tx *store.Tx) error { _, err := tx.User(ctx, in, u.ID); return err },
			"UpdateUser":       func(tx *store.Tx) error { return tx.UpdateUser(ctx, &u, store.AnyVersion) },
			"SetUserState":     func(tx *store.Tx) error { return tx.SetUserState(ctx, in, u.ID, sallyport.Locked, store.AnyVersion) },
			"AdvanceEpoch":     func(tx *store.Tx) error { return tx.AdvanceEpoch(ctx, in, u.ID) },
			"SetPassword":      func(tx *store.Tx) error { return tx.SetPassword(ctx, in, u.ID, "$x", false) },
			"DeletePassword":   func(tx *store.Tx) error { return tx.DeletePassword(ctx, in, u.ID) },
			"DeleteUser":       func(tx *store.Tx) error { _, err := tx.DeleteUser(ctx, in, u.ID, store.AnyVersion); return err },
			"Group":            func(tx *store.Tx) error { _, err := tx.Group(ctx, in, g.ID); return err },
			"UpdateGroup":      func(tx *store.Tx) error { return tx.UpdateGroup(ctx, &g, store.AnyVersion) },
			"DeleteGroup":      func(tx *store.Tx) error { return tx.DeleteGroup(ctx, in, g.ID, store.AnyVersion) },
			"Role":             func(tx *store.Tx) error { _, err := tx.Role(ctx, in, o.ID); return err },
			"UpdateRole":       func(tx *store.Tx) error { return tx.UpdateRole(ctx, &o, store.AnyVersion) },
			"DeleteRole":       func(tx *store.Tx) error { return tx.DeleteRole(ctx, in, o.ID, store.AnyVersion) },
			"Binding":          func(tx *store.Tx) error { _, err := tx.Binding(ctx, in, b.ID); return err },
			"UpdateBinding":    func(tx *store.Tx) error { return tx.UpdateBinding(ctx, &b, store.AnyVersion) },
			"DeleteBinding":    func(tx *store.Tx) error { return tx.DeleteBinding(ctx, in, b.ID, store.AnyVersion) },
			"Realm":            func(tx *store.Tx) error { _, err := tx.Realm(ctx, in, "r"); return err },
			"UpdateRealm":      func(tx *store.Tx) error { return tx.UpdateRealm(ctx, &r, store.AnyVersion) },
			"DeleteRealm":      func(tx *store.Tx) error { return tx.DeleteRealm(ctx, in, "r", store.AnyVersion) },
			"Credential":       func(tx *store.Tx) error { _, err := tx.Credential(ctx, in, c.ID); return err },
			"UpdateCredential": func(tx *store.Tx) error { return tx.UpdateCredential(ctx, &c, store.AnyVersion) },
			"RevokeCredential": func(tx *store.Tx) error { _, err := tx.RevokeCredential(ctx, in, c.ID); return err },
			"ReplaceSecret": func(tx *store.Tx) error {
				return tx.ReplaceSecret(ctx, in, c.ID, &sallyport.CredentialSecret{Digest: hash(counter.Add(1))}, time.Time{}, store.AnyVersion)
			},
			"EndFamily": func(tx *store.Tx) error { _, err := tx.EndFamily(ctx, in, f.ID, "x"); return err },
		} {
			refused(ctx, t, s, what+" from another tenant", sallyport.NotFound, f)
		}
		for what, n := range map[string]int{
			"Users":             size(s.Users(ctx, in, store.UserFilter{}, store.Page{})),
			"Groups":            size(s.Groups(ctx, in, "", store.Page{})),
			"Members":           size(s.Members(ctx, in, g.ID, store.Page{})),
			"RoleNames":         size(s.RoleNames(ctx, in, "", store.Page{})),
			"Roles":             size(s.Roles(ctx, in, "", store.Page{})),
			"Bindings":          size(s.Bindings(ctx, in, store.BindingFilter{}, store.Page{})),
			"Realms":            size(s.Realms(ctx, in, store.Page{})),
			"Credentials":       size(s.Credentials(ctx, in, store.CredentialFilter{}, store.Page{})),
			"Families":          size(s.Families(ctx, in, "", store.Page{})),
			"Audit":             size(s.Audit(ctx, in, store.AuditFilter{}, store.Page{})),
			"CredentialSecrets": len(must[[]sallyport.CredentialSecret](t)(s.CredentialSecrets(ctx, in, c.ID))),
			"MembersFrom":       size(s.MembersFrom(ctx, in, g.ID, store.Page{})),
			"MemberIDs":         len(must[[]sallyport.PrincipalID](t)(s.MemberIDs(ctx, in, g.ID))),
		} {
			if n != 0 {
				t.Errorf("%s of another tenant gave %d rows", what, n)
			}
		}
	}
	if got := must[sallyport.User](t)(s.User(ctx, m, u.ID)); got != u {
		t.Errorf("the user was changed to %+v", got)
	}
}

func testPaging(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	const n = 7
	for range n - 1 {
		user(ctx, t, s, m)
	}
	for range n {
		token(ctx, t, s, m, u.ID)
		role(ctx, t, s, m, "a/b")
	}
	for limit := 1; limit <= n+1; limit++ {
		walk(t, "Users", n, limit, func(p store.Page) (keys []string, next string, err error) {
			all, next, err := s.Users(ctx, m, store.UserFilter{}, p)
			for _, u := range all {
				keys = append(keys, u.Login)
			}
			return keys, next, err
		})
		walk(t, "Credentials", n, limit, func(p store.Page) (keys []string, next string, err error) {
			all, next, err := s.Credentials(ctx, m, store.CredentialFilter{}, p)
			for _, c := range all {
				keys = append(keys, c.Created.Format(time.RFC3339Nano)+string(c.ID))
			}
			return keys, next, err
		})
		walk(t, "EveryRole", n, limit, func(p store.Page) (keys []string, next string, err error) {
			all, next, err := s.EveryRole(ctx, p)
			for _, o := range all {
				if len(o.Permissions) != 1 {
					t.Errorf("a role of a page has permissions %q", o.Permissions)
				}
				keys = append(keys, string(o.ID))
			}
			return keys, next, err
		})
	}
	// What a search begins with and where a page begins are one bound.
	for after, want := range map[string]int{"": n, "a": n, "user-": n, u.Login: n - 1, "zz": 0} {
		all, _, err := s.Users(ctx, m, store.UserFilter{Search: "user-"}, store.Page{After: after})
		if err != nil || len(all) != want {
			t.Errorf("users that begin with user-, after %q: %d, %v, want %d", after, len(all), err, want)
		}
	}
	_, _, err := s.Credentials(ctx, m, store.CredentialFilter{}, store.Page{After: "nonsense"})
	kinds(t, "a cursor from elsewhere", err, sallyport.Invalid)
}

// walk reads a list page by page, which must give every row once, in order.
func walk(t *testing.T, what string, n, limit int, read func(store.Page) ([]string, string, error)) {
	t.Helper()
	var all []string
	for after, pages := "", 0; ; pages++ {
		keys, next, err := read(store.Page{After: after, Limit: limit})
		if err != nil || len(keys) > limit || pages > n {
			t.Fatalf("%s by %d: %d rows, %d pages, %v", what, limit, len(keys), pages, err)
		}
		all = append(all, keys...)
		if after = next; after == "" {
			break
		}
	}
	if len(all) != n || !slices.IsSorted(all) || len(slices.Compact(all)) != n {
		t.Errorf("%s by %d: %d rows, want %d: %q", what, limit, len(all), n, all)
	}
}

// Text is compared and sorted byte by byte, on both engines.
func testBytewise(ctx context.Context, t *testing.T, s *store.Store) {
	names := []string{"B", "a", "b c", "b%", "b-c", "b_", "ba", "é", "日本", "😀"}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		m := sallyport.Tenant{ID: sallyport.TenantID(id()), Name: name, State: sallyport.Active}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertTenant(ctx, &m) })
	}
	read := func(search string) (got []string) {
		all, _, err := s.Tenants(ctx, store.TenantFilter{Search: search}, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			got = append(got, m.Name)
		}
		return got
	}
	if got := read(""); !slices.Equal(got, names) {
		t.Errorf("in order: %q, want %q", got, names)
	}
	for search, want := range map[string][]string{"b": {"b c", "b%", "b-c", "b_", "ba"}, "b%": {"b%"}, "b_": {"b_"}, "日": {"日本"}, "A": nil} {
		if got := read(search); !slices.Equal(got, want) {
			t.Errorf("beginning with %q: %q, want %q", search, got, want)
		}
	}
	_, err := s.TenantByName(ctx, "b")
	kinds(t, "the name in another case", err, sallyport.NotFound)
}

func testWriteRollsBack(ctx context.Context, t *testing.T, s *store.Store) {
	failure := errors.New("no")
	_, err := s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetMeta(ctx, "x", "1"); err != nil {
			return err
		}
		if got, err := tx.Meta(ctx, "x"); got != "1" || err != nil {
			t.Errorf("a transaction does not see its own change: %q, %v", got, err)
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("Write = %v, want the function's error", err)
	}
	_, err = s.Meta(ctx, "x")
	kinds(t, "what was rolled back", err, sallyport.NotFound)

	func() {
		defer func() { _ = recover() }()
		_, _ = s.Write(ctx, func(tx *store.Tx) error {
			_ = tx.SetMeta(ctx, "x", "1")
			panic("in the middle")
		})
	}()
	_, err = s.Meta(ctx, "x")
	kinds(t, "what a panic rolled back", err, sallyport.NotFound)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetMeta(ctx, "x", "2") })
}

// After a statement that failed nothing is committed, even if the function
// goes on as if nothing had happened.
func testWriteAfterFailure(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	_, err := s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetMeta(ctx, "x", "1"); err != nil {
			return err
		}
		_ = tx.InsertTenant(ctx, &sallyport.Tenant{ID: m, Name: "again", State: sallyport.Active})
		return nil
	})
	kinds(t, "a swallowed failure", err, sallyport.Conflict)
	_, err = s.Meta(ctx, "x")
	kinds(t, "what was written beside a failure", err, sallyport.NotFound)
}

// Of transactions that call Exclusive, each decides on what the one before has
// left.
func testWriteExclusive(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	users := make([]sallyport.User, 6)
	for i := range users {
		users[i] = user(ctx, t, s, m)
	}
	last := errors.New("the last one")
	var wg sync.WaitGroup
	for _, u := range users {
		wg.Go(func() {
			_, err := s.Write(ctx, func(tx *store.Tx) error {
				if err := tx.Exclusive(ctx); err != nil {
					return err
				}
				all, _, err := tx.Users(ctx, m, store.UserFilter{State: sallyport.Active}, store.Page{})
				if err != nil {
					return err
				}
				if len(all) == 1 {
					return last
				}
				return tx.SetUserState(ctx, m, u.ID, sallyport.Deactivated, store.AnyVersion)
			})
			if err != nil && !errors.Is(err, last) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if all, _, err := s.Users(ctx, m, store.UserFilter{State: sallyport.Active}, store.Page{}); err != nil || len(all) != 1 {
		t.Errorf("%d users are left, %v; want 1", len(all), err)
	}
}

func testReadSnapshot(ctx context.Context, t *testing.T, s *store.Store) {
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetMeta(ctx, "x", "1") })
	err := s.Read(ctx, func(tx *store.Tx) error {
		if got, err := tx.Meta(ctx, "x"); got != "1" || err != nil {
			t.Errorf("before: %q, %v", got, err)
		}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.SetMeta(ctx, "x", "2") })
		if got, err := tx.Meta(ctx, "x"); got != "1" || err != nil {
			t.Errorf("in the same transaction: %q, %v; want what it saw before", got, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got, err := s.Meta(ctx, "x"); got != "2" || err != nil {
		t.Errorf("after: %q, %v", got, err)
	}
}

func testReadOnly(ctx context.Context, t *testing.T, s *store.Store) {
	err := s.Read(ctx, func(tx *store.Tx) error { return tx.SetMeta(ctx, "x", "1") })
	if err == nil {
		t.Error("a change while reading was accepted")
	}
	_, err = s.Meta(ctx, "x")
	kinds(t, "what was written while reading", err, sallyport.NotFound)
}

// A context that has ended means that the store did not answer: never that
// something is not there.
func testCancelled(ctx context.Context, t *testing.T, s *store.Store) {
	over, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err := s.CredentialByDigest(over, hash(1))
	kinds(t, "reading", err, sallyport.Unavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
	_, err = s.Write(over, func(*store.Tx) error { return nil })
	kinds(t, "writing", err, sallyport.Unavailable)
	kinds(t, "a snapshot", s.Read(over, func(*store.Tx) error { return nil }), sallyport.Unavailable)
	kinds(t, "asking whether it is there", s.Ping(over), sallyport.Unavailable)

	during, cancel := context.WithCancel(ctx)
	_, err = s.Write(during, func(tx *store.Tx) error {
		if err := tx.SetMeta(ctx, "x", "1"); err != nil {
			return err
		}
		cancel()
		return nil
	})
	kinds(t, "cancelled before the commit", err, sallyport.Unavailable)
	_, err = s.Meta(ctx, "x")
	kinds(t, "what was cancelled", err, sallyport.NotFound)
	if err := s.Ping(ctx); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func testSchema(ctx context.Context, t *testing.T, s *store.Store) {
	is, known, err := s.SchemaVersion(ctx)
	if err != nil || is != known || is < 1 {
		t.Errorf("SchemaVersion = %d, %d, %v", is, known, err)
	}
	if err := s.Migrate(ctx); err != nil {
		t.Errorf("migrating again: %v", err)
	}
}
