package doors_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/policy"
)

// TestWatch: who watches is told of what door two decided on, with nothing in it
// that is secret, and what he is told is decided the same again.
func TestWatch(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	_, token := k.Token(alice, "shop/reading")
	var seen []policy.Observed
	k.Doors.Watch(func(o *policy.Observed) { seen = append(seen, *o) })
	as := basic("alice", password)
	ask(t, k.Doors, "GET", "/shop/orders/1?x=y", "Authorization", as)
	ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", "Bearer "+token)
	ask(t, k.Doors, "PUT", "/shop/orders/1", "Authorization", as)
	ask(t, k.Doors, "GET", "/shop/nothing", "Authorization", as)
	ask(t, k.Doors, "GET", "/shop/orders/1")
	ask(t, k.Doors, "GET", "/shop/health")
	ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", basic("alice", "wrong")) // not for a watcher
	ask(t, k.Doors, "GET", "/nowhere", "Authorization", as)                            // nor this
	ask(t, k.Doors, "GET", "/shop/../x", "Authorization", as)                          // nor this
	k.Doors.Watch(nil)
	ask(t, k.Doors, "GET", "/shop/orders/1", "Authorization", as)

	var told []string
	for _, o := range seen {
		told = append(told, fmt.Sprintf("%s %s %s %t %s", o.Login, o.Method, o.Path, o.Allowed, o.Reason))
		if len(o.Header) > 0 {
			t.Errorf("headers are told: %v", o.Header)
		}
	}
	want := []string{
		"alice GET /shop/orders/1 true ", "alice GET /shop/orders/1 true ", "alice PUT /shop/orders/1 false permission_missing",
		"alice GET /shop/nothing false route_unknown", " GET /shop/orders/1 false credential_missing", " GET /shop/health true ",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if len(seen) > 1 && (seen[0].Limited || !seen[1].Limited || seen[0].Target != "http://api.test/shop/orders/1?x=y") {
		t.Errorf("told of %+v and %+v", seen[0], seen[1])
	}
	var record policy.Record
	for _, o := range seen {
		var who *policy.Principal
		if o.Principal != "" {
			if record.Principal.ID == "" {
				var err error
				if record, err = policy.LoadPrincipal(t.Context(), &k.Store.Reader, o.Principal); err != nil {
					t.Fatal(err)
				}
			}
			who, _ = k.Compiler.Principal(record)
		}
		if dec := doors.Judge(k.Doors.Policy(), who, &o.Trial); dec.Allowed != o.Allowed || dec.Reason != o.Reason {
			t.Errorf("%s %s of %q: judged %t %s, was %t %s", o.Method, o.Path, o.Login, dec.Allowed, dec.Reason, o.Allowed, o.Reason)
		}
	}
}
