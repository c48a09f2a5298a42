package sallyport_test

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	sallyport "github.com/sallyport/sallyport"
)

// Permissions of the tests.
const (
	read int32 = iota
	write
	remove
	far = 200 // beyond the first words of a set
)

// Roles of the tests.
const (
	reader int32 = iota
	writer
	everythingThere
	unknownRole = 99
)

var noon = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func set(numbers ...int32) sallyport.Set {
	var s sallyport.Set
	for _, n := range numbers {
		s.Add(n)
	}
	return s
}

func roles() []sallyport.Set {
	return []sallyport.Set{reader: set(read), writer: set(read, write), everythingThere: set(read, write, remove, far)}
}

// answer is a condition that always gives the same answer.
type answer struct {
	holds bool
	err   error
}

func (a answer) Holds(*sallyport.Circumstances) (bool, error) { return a.holds, a.err }

func TestAuthorize(t *testing.T) {
	t.Parallel()
	all := func(p ...int32) sallyport.Need { return sallyport.Need{AllOf: p} }
	oneOf := func(p ...int32) sallyport.Need { return sallyport.Need{AnyOf: p} }
	for _, tt := range []struct {
		name   string
		grants []sallyport.Grant
		q      sallyport.Question
		want   sallyport.Reason
		by     sallyport.BindingID
	}{
		{"no binding denies", nil, sallyport.Question{Need: all(read)}, sallyport.PermissionMissing, ""},
		{"a role with the permission allows", []sallyport.Grant{{Binding: "a", Role: reader}}, sallyport.Question{Need: all(read)}, "", "a"},
		{"a role without it does not", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: all(write)}, sallyport.PermissionMissing, ""},
		{"a high number is found", []sallyport.Grant{{Binding: "a", Role: everythingThere}}, sallyport.Question{Need: all(far)}, "", "a"},
		{"nothing needed, nothing asked", nil, sallyport.Question{}, "", ""},
		{"all means all", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: all(read, write)}, sallyport.PermissionMissing, ""},
		{"all may come from two bindings", []sallyport.Grant{{Role: reader}, {Binding: "b", Role: writer}}, sallyport.Question{Need: all(read, write)}, "", "b"},
		{"any means one", []sallyport.Grant{{Binding: "a", Role: reader}}, sallyport.Question{Need: oneOf(write, read)}, "", "a"},
		{"any of none held", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: oneOf(write, remove)}, sallyport.PermissionMissing, ""},
		{"all and any are both asked", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: sallyport.Need{AllOf: []int32{read}, AnyOf: []int32{write}}}, sallyport.PermissionMissing, ""},

		{"an unknown role gives nothing", []sallyport.Grant{{Role: unknownRole}}, sallyport.Question{Need: all(read)}, sallyport.PermissionMissing, ""},
		{"a damaged role gives nothing", []sallyport.Grant{{Role: -1}}, sallyport.Question{Need: all(read)}, sallyport.PermissionMissing, ""},
		{"a damaged permission is held by nobody", []sallyport.Grant{{Role: everythingThere}}, sallyport.Question{Need: all(-1)}, sallyport.PermissionMissing, ""},

		{"expired to the microsecond", []sallyport.Grant{{Role: reader, Expires: noon.UnixMicro()}}, sallyport.Question{Need: all(read)}, sallyport.PermissionMissing, ""},
		{"a microsecond left", []sallyport.Grant{{Binding: "a", Role: reader, Expires: noon.UnixMicro() + 1}}, sallyport.Question{Need: all(read)}, "", "a"},
		{"expired before 1970", []sallyport.Grant{{Role: reader, Expires: -1}}, sallyport.Question{Need: all(read)}, sallyport.PermissionMissing, ""},

		{"in its realm", []sallyport.Grant{{Binding: "a", Role: reader, Realm: "north"}}, sallyport.Question{Need: all(read), Realm: "north"}, "", "a"},
		{"in another realm", []sallyport.Grant{{Role: reader, Realm: "north"}}, sallyport.Question{Need: all(read), Realm: "south"}, sallyport.RealmForbidden, ""},
		{"no realm named", []sallyport.Grant{{Role: reader, Realm: "north"}}, sallyport.Question{Need: all(read)}, sallyport.RealmForbidden, ""},
		{"no realm named and any will do", []sallyport.Grant{{Binding: "a", Role: reader, Realm: "north"}}, sallyport.Question{Need: all(read), AnyRealm: true}, "", "a"},
		{"any is for no realm only", []sallyport.Grant{{Role: reader, Realm: "north"}}, sallyport.Question{Need: all(read), Realm: "south", AnyRealm: true}, sallyport.RealmForbidden, ""},
		{"a binding in every realm", []sallyport.Grant{{Binding: "a", Role: reader}}, sallyport.Question{Need: all(read), Realm: "south"}, "", "a"},
		{"realms compare whole", []sallyport.Grant{{Role: reader, Realm: "north"}}, sallyport.Question{Need: all(read), Realm: "northern"}, sallyport.RealmForbidden, ""},

		{"a condition that holds", []sallyport.Grant{{Binding: "a", Role: reader, Condition: answer{holds: true}}}, sallyport.Question{Need: all(read)}, "", "a"},
		{"a condition that does not", []sallyport.Grant{{Role: reader, Condition: answer{}}}, sallyport.Question{Need: all(read)}, sallyport.ConditionUnmet, ""},
		{"a condition that fails", []sallyport.Grant{{Role: reader, Condition: answer{true, errors.New("boom")}}}, sallyport.Question{Need: all(read)}, sallyport.ConditionUnmet, ""},
		{"another binding without one", []sallyport.Grant{{Role: reader, Condition: answer{}}, {Binding: "b", Role: reader}}, sallyport.Question{Need: all(read)}, "", "b"},

		{"scopes leave it", []sallyport.Grant{{Binding: "a", Role: reader}}, sallyport.Question{Need: all(read), Limited: true, Limit: set(read)}, "", "a"},
		{"scopes take it away", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: all(read), Limited: true, Limit: set(write)}, sallyport.ScopeInsufficient, ""},
		{"no scopes leave nothing", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: all(read), Limited: true}, sallyport.ScopeInsufficient, ""},
		{"scopes give nothing", []sallyport.Grant{{Role: reader}}, sallyport.Question{Need: all(write), Limited: true, Limit: set(write)}, sallyport.PermissionMissing, ""},

		{
			"the nearest miss is told",
			[]sallyport.Grant{{Role: reader, Realm: "north"}, {Role: reader, Condition: answer{}}},
			sallyport.Question{Need: all(read), Realm: "south"},
			sallyport.ConditionUnmet, "",
		},
		{
			"of several needs the furthest is told",
			[]sallyport.Grant{{Role: reader}},
			sallyport.Question{Need: all(read, write), Limited: true},
			sallyport.PermissionMissing, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.q.Facts.Time = noon
			reason, by := sallyport.Authorize(roles(), tt.grants, &tt.q)
			if reason != tt.want || by != tt.by {
				t.Errorf("Authorize = %q by %q, want %q by %q", reason, by, tt.want, tt.by)
			}
		})
	}
}

// Who forgets to say what time it is must not get what has expired.
func TestAuthorizeWithoutClock(t *testing.T) {
	t.Parallel()
	q := sallyport.Question{Need: sallyport.Need{AllOf: []int32{read}}}
	grants := []sallyport.Grant{{Role: reader, Expires: noon.UnixMicro()}}
	if reason, _ := sallyport.Authorize(roles(), grants, &q); reason != sallyport.PermissionMissing {
		t.Errorf("Authorize without a time = %q, want %q", reason, sallyport.PermissionMissing)
	}
}

func numberOf() *rapid.Generator[int32] {
	return rapid.SampledFrom([]int32{read, write, remove, far, -1, 63, 64})
}

func someSet() *rapid.Generator[sallyport.Set] {
	return rapid.Map(rapid.SliceOfN(numberOf(), 0, 5), func(n []int32) sallyport.Set { return set(n...) })
}

func someGrant() *rapid.Generator[sallyport.Grant] {
	return rapid.Custom(func(t *rapid.T) sallyport.Grant {
		g := sallyport.Grant{
			Binding: sallyport.BindingID(rapid.StringN(1, 4, 4).Draw(t, "binding")),
			Role:    rapid.Int32Range(-1, 4).Draw(t, "role"),
			Realm:   rapid.SampledFrom([]string{"", "north", "south"}).Draw(t, "realm"),
			Expires: rapid.SampledFrom([]int64{0, 1, noon.UnixMicro(), noon.UnixMicro() + 1, math.MaxInt64}).Draw(t, "expires"),
		}
		if rapid.Bool().Draw(t, "conditional") {
			g.Condition = answer{holds: rapid.Bool().Draw(t, "holds")}
		}
		return g
	})
}

func someQuestion() *rapid.Generator[sallyport.Question] {
	return rapid.Custom(func(t *rapid.T) sallyport.Question {
		return sallyport.Question{
			Need: sallyport.Need{
				AllOf: rapid.SliceOfN(numberOf(), 0, 3).Draw(t, "all"),
				AnyOf: rapid.SliceOfN(numberOf(), 0, 3).Draw(t, "any"),
			},
			Limited:  rapid.Bool().Draw(t, "limited"),
			Limit:    someSet().Draw(t, "limit"),
			Realm:    rapid.SampledFrom([]string{"", "north", "south"}).Draw(t, "realm"),
			AnyRealm: rapid.Bool().Draw(t, "any realm"),
			Facts:    sallyport.Circumstances{Time: noon},
		}
	})
}

// Whatever narrows a right never allows what was refused before: fewer bindings,
// smaller roles, fewer scopes, a realm, an expiry, a condition.
func TestAuthorizeNarrowing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roles := rapid.SliceOfN(someSet(), 0, 4).Draw(t, "roles")
		grants := rapid.SliceOfN(someGrant(), 0, 4).Draw(t, "grants")
		q := someQuestion().Draw(t, "question")
		before, _ := sallyport.Authorize(roles, grants, &q)
		if before == "" {
			return
		}
		narrower := q
		if !q.Limited {
			narrower.Limited = rapid.Bool().Draw(t, "then limited")
		} else {
			narrower.Limit = intersection(q.Limit, someSet().Draw(t, "and only"))
		}
		narrower.Need.AllOf = append(slices.Clone(q.Need.AllOf), rapid.SliceOfN(numberOf(), 0, 2).Draw(t, "and needs")...)
		fewer := slices.Clone(grants)
		for i := range fewer {
			switch rapid.IntRange(0, 4).Draw(t, "narrow") {
			case 0:
				fewer[i].Role = -1
			case 1:
				fewer[i].Expires = noon.UnixMicro()
			case 2:
				fewer[i].Condition = answer{}
			case 3:
				if fewer[i].Realm == "" {
					fewer[i].Realm = "north"
				}
			}
		}
		smaller := slices.Clone(roles)
		for i := range smaller {
			smaller[i] = intersection(smaller[i], someSet().Draw(t, "of the role only"))
		}
		if after, by := sallyport.Authorize(smaller, fewer, &narrower); after == "" {
			t.Fatalf("narrowed rights allow (by %q) what was refused before (%q)", by, before)
		}
	})
}

// The order of bindings and needs changes neither the answer nor the reason.
func TestAuthorizeOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roles := rapid.SliceOfN(someSet(), 0, 4).Draw(t, "roles")
		grants := rapid.SliceOfN(someGrant(), 0, 4).Draw(t, "grants")
		q := someQuestion().Draw(t, "question")
		first, _ := sallyport.Authorize(roles, grants, &q)
		q.Need.AllOf = rapid.Permutation(q.Need.AllOf).Draw(t, "all in another order")
		q.Need.AnyOf = rapid.Permutation(q.Need.AnyOf).Draw(t, "any in another order")
		second, _ := sallyport.Authorize(roles, rapid.Permutation(grants).Draw(t, "grants in another order"), &q)
		if first != second {
			t.Fatalf("first %q, in another order %q", first, second)
		}
	})
}

func intersection(a, b sallyport.Set) sallyport.Set {
	out := sallyport.Set{}
	for i := range min(len(a), len(b)) {
		out = append(out, a[i]&b[i])
	}
	return out
}

func TestAuthorizeAllocations(t *testing.T) {
	roles := roles()
	grants := []sallyport.Grant{{Role: reader, Realm: "north"}, {Binding: "a", Role: writer}}
	allOf, anyOf := []int32{read}, []int32{write, remove}
	limit, client := set(read, write), netip.MustParseAddr("192.0.2.7")
	got := testing.AllocsPerRun(100, func() {
		q := sallyport.Question{
			Need:    sallyport.Need{AllOf: allOf, AnyOf: anyOf},
			Limited: true, Limit: limit, Facts: sallyport.Circumstances{Time: noon, Client: client},
		}
		if reason, _ := sallyport.Authorize(roles, grants, &q); reason != "" {
			t.Errorf("Authorize = %q", reason)
		}
	})
	if got != 0 {
		t.Errorf("Authorize allocates %v times, want 0", got)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	var s sallyport.Set
	s.Add(-1)
	if len(s) != 0 {
		t.Errorf("a negative number made the set %d words long", len(s))
	}
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.Int32Range(-2, 300)).Draw(t, "numbers")
		s, asked := set(numbers...), rapid.Int32Range(-2, 1000).Draw(t, "asked")
		if got, want := s.Has(asked), asked >= 0 && slices.Contains(numbers, asked); got != want {
			t.Fatalf("Has(%d) = %v, want %v in %v", asked, got, want, numbers)
		}
	})
}

func BenchmarkAuthorize(b *testing.B) {
	roles := roles()
	grants := []sallyport.Grant{{Role: reader}, {Binding: "a", Role: writer}}
	q := sallyport.Question{Need: sallyport.Need{AllOf: []int32{write}}, Facts: sallyport.Circumstances{Time: noon}}
	b.ReportAllocs()
	for b.Loop() {
		if reason, _ := sallyport.Authorize(roles, grants, &q); reason != "" {
			b.Fatal(reason)
		}
	}
}
