package doors_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// used returns what a principal used, each as "credential permission times".
func used(t *testing.T, k *doorstest.Kit, id sallyport.PrincipalID, tokens map[sallyport.CredentialID]string) []string {
	t.Helper()
	if err := k.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := k.Store.UsesOf(t.Context(), id, 0, store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, u := range list {
		bound := ""
		if u.Binding != "" {
			bound = " bound"
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d%s", tokens[u.Credential], u.Permission, u.Uses, bound)))
	}
	slices.Sort(out)
	return out
}

// TestUsesOfPermissions: what was used is counted by token and by what was asked
// for; what was refused, and what is for everybody, is not.
func TestUsesOfPermissions(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	bob := k.User("bob", password, k.Role("keeper", "shop/read", "shop/write"))
	c, token := k.Token(alice)
	names := map[sallyport.CredentialID]string{c.ID: "token"}
	for range 3 {
		ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", "Bearer "+token)
	}
	ask(t, k.Doors, "GET", "/shop/orders", "Authorization", basic("alice", password))
	ask(t, k.Doors, "GET", "/shop/me", "Authorization", basic("alice", password))
	ask(t, k.Doors, "GET", "/shop/health", "Authorization", basic("alice", password))
	ask(t, k.Doors, "PUT", "/shop/orders/1", "Authorization", basic("alice", password)) // refused
	ask(t, k.Doors, "PUT", "/shop/orders/1", "Authorization", basic("bob", password))

	if got, want := used(t, k, alice, names), []string{"1", "shop/read|shop/write 1 bound", "token shop/read 3 bound"}; !slices.Equal(got, want) {
		t.Errorf("alice used %q, want %q", got, want)
	}
	// Which binding gave which of two is not told apart.
	if got, want := used(t, k, bob, names), []string{"shop/read 1", "shop/write 1"}; !slices.Equal(got, want) {
		t.Errorf("bob used %q, want %q", got, want)
	}
	ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", "Bearer "+token)
	if got := used(t, k, alice, names); !slices.Contains(got, "token shop/read 4 bound") {
		t.Errorf("after another use: %q", got)
	}
	if since, err := k.Store.Meta(t.Context(), store.MetaUsesSince); err != nil || since != k.Clock.Now().Format(time.RFC3339) {
		t.Errorf("counted since %q, %v", since, err)
	}
}

// TestUsesBehindTheDoors: the management counts itself what it asks for, and its
// routes are not counted a second time.
func TestUsesBehindTheDoors(t *testing.T) {
	t.Parallel()
	own := sallyport.API{
		Name: "sallyport", BasePath: "/sallyport/api/v1", Permissions: []sallyport.PermissionSpec{{Name: "users.read"}},
		Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: "/users", AllOf: []string{"users.read"}}},
		Accept: []sallyport.Accept{{In: sallyport.CarrierBasic}},
	}
	k := doorstest.New(t, own)
	alice := k.User("alice", password, k.Role("reader", "sallyport/users.read"))
	if dec := ask(t, k.Doors, "GET", "/sallyport/api/v1/users", "Authorization", basic("alice", password)); !dec.Allowed {
		t.Fatalf("refused: %s", dec.Reason)
	}
	k.Doors.Used(policy.Use{
		Principal: alice, CredentialKind: sallyport.Password, Tenant: doorstest.Tenant, Binding: "b", Permissions: []sallyport.Permission{"sallyport/users.read"},
	})
	if got, want := used(t, k, alice, nil), []string{"1", "sallyport/users.read 1 bound"}; !slices.Equal(got, want) {
		t.Errorf("used %q, want %q", got, want)
	}
}

// TestUsesOfMany: of concurrent requests none is lost, also while what was
// counted is written down, nor when the store fails in between.
func TestUsesOfMany(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	_, token := k.Token(alice)
	const workers, each = 8, 200
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range each {
				ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", "Bearer "+token)
				if i%50 == 0 {
					if err := k.Doors.Settle(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if got, want := used(t, k, alice, nil), []string{fmt.Sprintf("shop/read %d bound", workers*each)}; !slices.Equal(got, want) {
		t.Errorf("used %q, want %q", got, want)
	}
}

// TestUsesAreBounded: who uses more than can be counted at a time is not counted
// whole, but everybody else is, and later he is too.
func TestUsesAreBounded(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	use := func(i int) policy.Use {
		return policy.Use{Principal: alice, Tenant: doorstest.Tenant, Binding: sallyport.BindingID(fmt.Sprintf("binding-%08d", i)), Permissions: []sallyport.Permission{"shop/read"}}
	}
	for i := range 600 {
		k.Doors.Used(use(i))
	}
	if err := k.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 600 {
		k.Doors.Used(use(599 - i))
	}
	if err := k.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := k.Store.UsesOf(t.Context(), alice, 0, store.Page{Limit: 1000})
	if err != nil || len(list) != 600 {
		t.Errorf("%d different uses were counted, %v; want all 600 after the second time", len(list), err)
	}
}

// TestUsesFlushNowAndThen: a flush of every second leaves the uses of permissions
// for one of every ten, and the last one takes them along.
func TestUsesFlushNowAndThen(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	stored := func() int {
		list, _, err := k.Store.UsesOf(t.Context(), alice, 0, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, u := range list {
			n += int(u.Uses)
		}
		return n
	}
	step := func(what string, flush func(*doors.Doors) error, want int) {
		t.Helper()
		ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", basic("alice", password))
		if err := flush(k.Doors); err != nil {
			t.Fatal(err)
		}
		if got := stored(); got != want {
			t.Errorf("%s: %d uses are stored, want %d", what, got, want)
		}
	}
	flush := func(d *doors.Doors) error { return d.Flush(t.Context()) }
	step("the first flush", flush, 1)
	k.Clock.Advance(time.Second)
	step("a second later", flush, 1)
	k.Clock.Advance(10 * time.Second)
	k.Apply()
	step("ten seconds later", flush, 3)
	step("at the end", func(d *doors.Doors) error { return d.LastFlush(t.Context()) }, 4)
}

// BenchmarkCounted shows what it costs that the use of permissions is counted.
func BenchmarkCounted(b *testing.B) {
	for _, uncounted := range []bool{true, false} {
		k := doorstest.NewWith(b, doorstest.Options{Uncounted: uncounted}, shop())
		_, token := k.Token(k.User("alice", "", k.Role("reader", "shop/read")))
		b.Run(fmt.Sprintf("counted=%t", !uncounted), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				r := request("GET", "/shop/orders/17", "Authorization", "Bearer "+token)
				for p.Next() {
					if dec := k.Doors.Decide(b.Context(), r); !dec.Allowed {
						b.Error(dec.Reason)
					}
				}
			})
		})
	}
}

// TestIdleUsesAreForgotten: what very many did once does not stay in memory, and
// is counted again when they do it again.
func TestIdleUsesAreForgotten(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	role := k.Role("reader", "shop/read")
	use := func(principal sallyport.PrincipalID, i int) policy.Use {
		return policy.Use{Principal: principal, Tenant: doorstest.Tenant, Binding: sallyport.BindingID(fmt.Sprintf("binding-%08d", i)), Permissions: []sallyport.Permission{"shop/read"}}
	}
	const people, each = 42, 400 // more than may stay
	var all []sallyport.PrincipalID
	for p := range people {
		all = append(all, k.User(fmt.Sprint("user", p), "", role))
		for i := range each {
			k.Doors.Used(use(all[p], i))
		}
	}
	settle := func() {
		t.Helper()
		if err := k.Doors.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	if n := k.Doors.CountsInMemory(); n != people*each {
		t.Errorf("%d counts are in memory while all are used, want %d", n, people*each)
	}
	k.Doors.Used(use(all[0], 0))
	settle()
	if n := k.Doors.CountsInMemory(); n != 0 {
		t.Errorf("%d idle counts are in memory", n)
	}
	k.Doors.Used(use(all[0], 0))
	settle()
	list, _, err := k.Store.UsesOf(t.Context(), all[0], 0, store.Page{Limit: 1000})
	if err != nil || len(list) != each {
		t.Fatalf("%d different uses were counted, %v; want %d", len(list), err, each)
	}
	n := int64(0)
	for _, u := range list {
		n += u.Uses
	}
	if n != each+2 {
		t.Errorf("%d uses were counted, want %d", n, each+2)
	}
}
