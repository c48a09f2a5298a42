package policy_test

import (
	"slices"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// limited has two APIs: one whose routes name scopes, one without scopes.
func limited() []sallyport.API {
	return []sallyport.API{
		{
			Name: "a", BasePath: "/a",
			Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}, {Name: "export"}},
			Scopes: []sallyport.ScopeSpec{
				{Name: "ro", Permissions: []string{"read"}}, {Name: "all", Permissions: []string{"*"}}, {Name: "x/y"}, {Name: "empty"},
			},
			Routes: []sallyport.Route{
				{ID: "read", Methods: []string{"GET"}, Path: "/", AllOf: []string{"read"}},
				{ID: "export", Methods: []string{"GET"}, Path: "/export", AllOf: []string{"export"}, Scopes: []string{"x/y", "all"}},
				{ID: "me", Methods: []string{"GET"}, Path: "/me", Authenticated: true},
				{ID: "public", Methods: []string{"GET"}, Path: "/public", Public: true},
			},
		},
		{
			Name: "b", BasePath: "/b", Permissions: []sallyport.PermissionSpec{{Name: "read"}},
			Routes: []sallyport.Route{{ID: "read", Methods: []string{"GET"}, Path: "/", AllOf: []string{"read"}}},
		},
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: limited()})
	a := s.API("a")
	for _, tt := range []struct {
		name    string
		scopes  []string
		keeps   []sallyport.Permission
		reaches []string // routes of a
		unknown []string
	}{
		{"the whole API", []string{"a"}, []sallyport.Permission{"a/export", "a/read", "a/write"}, []string{"export", "me", "public", "read"}, nil},
		{"one scope", []string{"a/ro"}, []sallyport.Permission{"a/read"}, []string{"me", "public", "read"}, nil},
		{"every permission", []string{"a/all"}, []sallyport.Permission{"a/export", "a/read", "a/write"}, []string{"export", "me", "public", "read"}, nil},
		{"what its routes need", []string{"a/x/y"}, []sallyport.Permission{"a/export"}, []string{"export", "me", "public", "read"}, nil},
		{"a scope of nothing", []string{"a/empty"}, nil, []string{"me", "public", "read"}, nil},
		{"two scopes join", []string{"a/x/y", "a/ro"}, []sallyport.Permission{"a/export", "a/read"}, []string{"export", "me", "public", "read"}, nil},
		{"another API", []string{"b"}, []sallyport.Permission{"b/read"}, []string{"public"}, nil},
		{"an unknown scope", []string{"a/nope"}, nil, []string{"public"}, []string{"a/nope"}},
		{"an unknown API", []string{"c/ro", "a/ro"}, []sallyport.Permission{"a/read"}, []string{"me", "public", "read"}, []string{"c/ro"}},
		{"no prefix counts", []string{"a/r", "a/", "a/ro/x"}, nil, []string{"public"}, []string{"a/", "a/r", "a/ro/x"}},
		{"the empty scope", []string{""}, nil, []string{"public"}, []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := s.Limit(tt.scopes)
			var reaches []string
			for _, r := range a.Routes {
				if l.Reaches(r) {
					reaches = append(reaches, r.ID)
				}
			}
			if got := s.Names(l.Set); !slices.Equal(got, tt.keeps) || !slices.Equal(reaches, tt.reaches) || !slices.Equal(l.Unknown, tt.unknown) {
				t.Errorf("%v keeps %v, reaches %v, does not know %v", tt.scopes, got, reaches, l.Unknown)
			}
		})
	}
	var none *policy.Limit
	if s.Limit(nil) != none || !none.Reaches(a.Route("export")) {
		t.Error("a credential without scopes is limited")
	}
}

func TestLimitIndex(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	index := func(scopes ...string) int32 {
		i, ok := c.LimitIndex(scopes)
		if !ok {
			t.Fatalf("LimitIndex(%q) has no room", scopes)
		}
		return i
	}
	if index() != policy.Unlimited {
		t.Error("no scopes are a limit")
	}
	if index("a", "b") != index("b", "a", "b") {
		t.Error("the same scopes have two indexes")
	}
	for _, pair := range [][2][]string{{{"a", "b"}, {"ab"}}, {{"a"}, {"a", ""}}, {{"1:a"}, {"a"}}, {{"a1:b"}, {"a", "b"}}, {{"a1b"}, {"a", "b"}}} {
		if index(pair[0]...) == index(pair[1]...) {
			t.Errorf("%q and %q have the same index", pair[0], pair[1])
		}
	}
	if index("a") <= 0 {
		t.Error("a list has the index that reaches nothing")
	}
}

func TestLimitAt(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	s := compile(t, c, policy.Source{APIs: limited()})
	index, _ := c.LimitIndex([]string{"a/ro"}) // later than the snapshot
	l := s.LimitAt(index)
	if got := s.Names(l.Set); !slices.Equal(got, []sallyport.Permission{"a/read"}) {
		t.Errorf("LimitAt keeps %v", got)
	}
	if s.LimitAt(policy.Unlimited) != nil {
		t.Error("Unlimited is limited")
	}
	for _, damaged := range []int32{0, -2, 12345} {
		if l := s.LimitAt(damaged); l == nil || len(l.Set) != 0 || l.Reaches(s.API("a").Route("me")) {
			t.Errorf("LimitAt(%d) = %v, want what reaches nothing", damaged, l)
		}
	}
	// The same list under a policy that changed.
	changed := limited()
	changed[0].Scopes[0].Permissions = []string{"write"}
	s2 := compile(t, c, policy.Source{APIs: changed})
	if got := s2.Names(s2.LimitAt(index).Set); !slices.Equal(got, []sallyport.Permission{"a/write"}) {
		t.Errorf("under the new policy it keeps %v", got)
	}
	if got := s.Names(s.LimitAt(index).Set); !slices.Equal(got, []sallyport.Permission{"a/read"}) {
		t.Errorf("under the old policy it now keeps %v", got)
	}
	for i := range 200 { // beyond what the snapshot had room for
		index, _ := c.LimitIndex([]string{"a/ro", "z" + string(rune(0x100+i))})
		if got := s.Names(s.LimitAt(index).Set); len(got) != 1 {
			t.Fatalf("limit %d keeps %v", index, got)
		}
	}
}

func TestLimitAtAllocations(t *testing.T) {
	c := newCompiler(t)
	s := compile(t, c, policy.Source{APIs: limited()})
	index, _ := c.LimitIndex([]string{"a/ro"})
	route := s.API("a").Route("export")
	s.LimitAt(index)
	if got := testing.AllocsPerRun(100, func() { s.LimitAt(index).Reaches(route) }); got != 0 {
		t.Errorf("LimitAt allocates %v times, want 0", got)
	}
}
