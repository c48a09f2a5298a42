package doors_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/token"
)

// ways returns requests with every kind of credential that a client can repeat,
// in front of an API with so many routes and roles.
func ways(t testing.TB, routes, roles int) (*doorstest.Kit, map[string][]string) {
	t.Helper()
	api := shop()
	for i := range routes {
		api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: fmt.Sprint("p", i)})
		api.Routes = append(api.Routes, sallyport.Route{
			ID: fmt.Sprint("r", i), Methods: []string{"GET"}, Path: fmt.Sprintf("/things%d/{id}/parts", i), AnyOf: []string{fmt.Sprint("p", i)},
		})
	}
	k := doorstest.New(t, api)
	reader := k.Role("reader", "shop/read")
	for i := range roles {
		k.Role(fmt.Sprint("role", i), sallyport.Permission(fmt.Sprint("shop/p", i%max(routes, 1))))
	}
	alice := k.User("alice", password, reader)
	_, token := k.Token(alice)
	_, key := k.Key("robot", reader)
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice})
	_, access := k.AccessToken(alice, "shop")
	return k, map[string][]string{
		"personal token": {"Authorization", "Bearer " + token},
		"API key":        {"X-Api-Key", key},
		"access token":   {"Authorization", "Bearer " + access},
		"session":        {"Cookie", "sp_session=" + session},
		"Basic":          {"Authorization", basic("alice", password)},
	}
}

// TestKnownCredentialAllocatesNothing: door one remembers, door two is compiled,
// so the way through both costs no allocation; for Basic one, to decode.
func TestKnownCredentialAllocatesNothing(t *testing.T) {
	k, ways := ways(t, 10, 10)
	ctx := t.Context()
	for way, headers := range ways {
		r := request("GET", "/shop/orders/17", headers...)
		if dec := k.Doors.Decide(ctx, r); !dec.Allowed {
			t.Fatalf("%s: refused with %q", way, dec.Reason)
		}
		want := 0.0
		if way == "Basic" {
			want = 1
		}
		if n := testing.AllocsPerRun(100, func() { k.Doors.Decide(ctx, r) }); n > want {
			t.Errorf("%s: %v allocations, want %v", way, n, want)
		}
	}
}

// TestFloodAllocatesNothing: a refusal that comes again and again leaves its note
// where an older one was. Where some of several rights are missing they are listed.
func TestFloodAllocatesNothing(t *testing.T) {
	k := doorstest.New(t, shop())
	_, good := k.Token(k.User("alice", "", k.Role("reader", "shop/read")))
	_, poor := k.Token(k.User("bob", ""))
	unknown, err := token.Mint(sallyport.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, tt := range map[string]struct {
		method, bearer string
		want           sallyport.Reason
		lists          float64
	}{
		"unknown":               {"GET", unknown.Reveal(), sallyport.CredentialUnknown, 0},
		"mistyped":              {"GET", good[:len(good)-1] + "!", sallyport.CredentialMalformed, 0},
		"missing permission":    {"GET", poor, sallyport.PermissionMissing, 0},
		"one of two is missing": {"PUT", good, sallyport.PermissionMissing, 1},
	} {
		r := request(tt.method, "/shop/orders/17", "Authorization", "Bearer "+tt.bearer)
		for range 300 { // fills what is kept of a tenant
			if dec := k.Doors.Decide(ctx, r); dec.Reason != tt.want {
				t.Fatalf("%s: the reason is %q, want %q", name, dec.Reason, tt.want)
			}
		}
		if n := testing.AllocsPerRun(100, func() { k.Doors.Decide(ctx, r) }); n > tt.lists {
			t.Errorf("%s: %v allocations, want %v", name, n, tt.lists)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, routes := range []int{10, 1000} {
		k, ways := ways(b, routes, 100)
		for way, headers := range ways {
			b.Run(fmt.Sprintf("%s/routes=%d", strings.ReplaceAll(way, " ", "-"), routes), func(b *testing.B) {
				r := request("GET", "/shop/orders/17", headers...)
				ctx := b.Context()
				b.ReportAllocs()
				for b.Loop() {
					if dec := k.Doors.Decide(ctx, r); !dec.Allowed {
						b.Fatal(dec.Reason)
					}
				}
			})
		}
	}
}

// BenchmarkTraced shows what it costs that decisions can be explained: nothing
// on an allowed request, a note on a refused one.
func BenchmarkTraced(b *testing.B) {
	for _, untraced := range []bool{true, false} {
		k := doorstest.NewWith(b, doorstest.Options{Untraced: untraced}, shop())
		_, token := k.Token(k.User("alice", "", k.Role("reader", "shop/read")))
		for name, method := range map[string]string{"allowed": "GET", "refused": "PUT"} {
			b.Run(fmt.Sprintf("%s/traces=%t", name, !untraced), func(b *testing.B) {
				r := request(method, "/shop/orders/17", "Authorization", "Bearer "+token)
				ctx := b.Context()
				b.ReportAllocs()
				for b.Loop() {
					k.Doors.Decide(ctx, r)
				}
			})
		}
	}
}
