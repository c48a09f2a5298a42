package doors_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/token"
)

// TestAnyRealm: a list that names no realm is for whoever holds all that it needs
// in some realm, and its upstream is told in which.
func TestAnyRealm(t *testing.T) {
	t.Parallel()
	api := shop()
	api.Realm.Any = true
	k := doorstest.New(t, api)
	reader, writer := k.Role("reader", "shop/read"), k.Role("writer", "shop/write")
	type grant struct {
		role             sallyport.RoleID
		realm, condition string
	}
	in := func(realm string, roles ...sallyport.RoleID) (list []grant) {
		for _, r := range roles {
			list = append(list, grant{role: r, realm: realm})
		}
		return list
	}
	for i, tt := range []struct {
		name           string
		grants         []grant
		method, target string
		reason         sallyport.Reason
		realms         []string
		header         string
		missing        []sallyport.Permission
	}{
		{"one realm", in("north", reader), "GET", "/shop/orders", "", []string{"north"}, "north", nil},
		{"two, and commas in a name", append(in("south, far", reader), in("north", reader)...), "GET", "/shop/orders", "", []string{"north", "south, far"}, "north,south%2C%20far", nil},
		{"the same twice", append(in("north", reader), in("north", writer)...), "GET", "/shop/orders", "", []string{"north"}, "north", nil},
		{"everywhere", append(in("north", reader), in("", reader)...), "GET", "/shop/orders", "", nil, "-", nil},
		{"named", append(in("south", reader), in("north", reader)...), "GET", "/shop/orders?realm=north", "", nil, "north", nil},
		{"named, not held", in("south", reader), "GET", "/shop/orders?realm=north", sallyport.RealmForbidden, nil, "", []sallyport.Permission{"shop/read", "shop/write"}},
		{"all in one realm", in("north", reader, writer), "PUT", "/shop/orders/1", "", []string{"north"}, "north", nil},
		{"halves in two realms", append(in("north", reader), in("south", writer)...), "PUT", "/shop/orders/1", sallyport.RealmForbidden, nil, "", []sallyport.Permission{"shop/read", "shop/write"}},
		{"one half everywhere", append(in("", reader), in("south", writer)...), "PUT", "/shop/orders/1", "", []string{"south"}, "south", nil},
		{"one half missing", in("north", reader), "PUT", "/shop/orders/1", sallyport.PermissionMissing, nil, "", []sallyport.Permission{"shop/write"}},
		{"a condition on the realm", []grant{{reader, "north", `realm == "north"`}, {reader, "south", `realm == "north"`}}, "GET", "/shop/orders", "", []string{"north"}, "north", nil},
		{"an unmet condition", []grant{{reader, "north", `method == "PUT"`}}, "GET", "/shop/orders", sallyport.ConditionUnmet, nil, "", []sallyport.Permission{"shop/read", "shop/write"}},
		{"everywhere, on an unmet condition", append([]grant{{reader, "", `method == "PUT"`}}, in("north", reader)...), "GET", "/shop/orders", "", []string{"north"}, "north", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			who := k.User(fmt.Sprint("user", i), "")
			for _, g := range tt.grants {
				k.Bind(sallyport.Binding{Subject: string(who), SubjectKind: sallyport.SubjectUser, Role: g.role, Realm: g.realm, Condition: g.condition})
			}
			_, secret := k.Token(who)
			dec := ask(t, k.Doors, tt.method, tt.target, "Authorization", "Bearer "+secret)
			if dec.Reason != tt.reason || !slices.Equal(dec.Realms, tt.realms) || !slices.Equal(dec.Missing, tt.missing) || dec.Allowed == (dec.Binding == "") {
				t.Fatalf("reason %q, realms %q, missing %q, binding %q", dec.Reason, dec.Realms, dec.Missing, dec.Binding)
			}
			if !dec.Allowed {
				return
			}
			h := identify(t, k.Doors, dec)
			claims, err := k.Doors.Keys().Verify(token.AssertionJWT, h.Get(doors.HeaderAssertion), token.Expect{Audience: "shop", Now: k.Clock.Now()})
			if err != nil || !slices.Equal(claims.Realms, tt.realms) || claims.Realm != dec.Realm {
				t.Errorf("the assertion says realms %q and realm %q, %v", claims.Realms, claims.Realm, err)
			}
			if got := h.Get(doors.HeaderRealm); got != tt.header {
				t.Errorf("the header says %q, want %q", got, tt.header)
			}
		})
	}
}

// TestTooManyRealms: the list of realms is bounded; beyond that one is to be named.
func TestTooManyRealms(t *testing.T) {
	t.Parallel()
	api := shop()
	api.Realm.Any = true
	k := doorstest.New(t, api)
	alice, reader := k.User("alice", ""), k.Role("reader", "shop/read")
	_, secret := k.Token(alice)
	for i := range 101 {
		if i == 100 {
			if dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+secret); len(dec.Realms) != 100 {
				t.Errorf("with 100 realms: %d, %q", len(dec.Realms), dec.Reason)
			}
		}
		k.Bind(sallyport.Binding{Subject: string(alice), SubjectKind: sallyport.SubjectUser, Role: reader, Realm: fmt.Sprint("r", i)})
	}
	if dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+secret); dec.Reason != sallyport.RealmRequired || dec.Realms != nil {
		t.Errorf("with 101 realms: %q, %d realms", dec.Reason, len(dec.Realms))
	}
}
