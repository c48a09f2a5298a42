package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// binding makes an active binding of user "ann".
func binding(id, tenant, role string) sallyport.Binding {
	return sallyport.Binding{
		ID: sallyport.BindingID(id), Tenant: sallyport.TenantID(tenant), Role: sallyport.RoleID(role),
		SubjectKind: sallyport.SubjectUser, Subject: "ann", State: sallyport.Active,
	}
}

func changed(b sallyport.Binding, change func(*sallyport.Binding)) sallyport.Binding {
	change(&b)
	return b
}

func ann(bindings ...sallyport.Binding) policy.Record {
	return policy.Record{
		Principal: sallyport.Principal{ID: "ann", Kind: sallyport.PrincipalPerson, Home: "home"},
		State:     sallyport.Active, Bindings: bindings, Groups: []sallyport.GroupID{"ops"},
	}
}

func principal(tb testing.TB, c *policy.Compiler, bindings ...sallyport.Binding) *policy.Principal {
	tb.Helper()
	p, err := c.Principal(ann(bindings...))
	if err != nil {
		tb.Fatalf("Principal: %v", err)
	}
	return p
}

func grantIDs(p *policy.Principal, tenant sallyport.TenantID) string {
	var ids []string
	for _, g := range p.Grants(tenant) {
		ids = append(ids, string(g.Binding))
	}
	return strings.Join(ids, " ")
}

func TestPrincipalGrants(t *testing.T) {
	t.Parallel()
	p := principal(
		t, newCompiler(t),
		binding("b1", "north", "r"), binding("b2", "south", "r"), binding("b3", "*", "r"), binding("b4", "north", "s"),
		changed(binding("off", "north", "r"), func(b *sallyport.Binding) { b.State = sallyport.Deactivated }),
		changed(binding("odd", "north", "r"), func(b *sallyport.Binding) { b.State = "" }),
		changed(binding("team", "south", "r"), func(b *sallyport.Binding) { b.SubjectKind, b.Subject = sallyport.SubjectGroup, "ops" }),
	)
	for tenant, want := range map[sallyport.TenantID]string{
		"north": "b1 b4 b3", "south": "b2 team b3", "elsewhere": "b3", "*": "b3", "": "",
	} {
		if got := grantIDs(p, tenant); got != want {
			t.Errorf("Grants(%q) = %q, want %q", tenant, got, want)
		}
	}
}

// The number for "never" is not a time at which a binding can end.
func TestPrincipalExpiredLongAgo(t *testing.T) {
	t.Parallel()
	for _, end := range []time.Time{time.UnixMicro(0), time.UnixMicro(-1), time.Time{}.AddDate(1, 0, 0)} {
		b := changed(binding("b", "north", "r"), func(b *sallyport.Binding) { b.Expires = end })
		if principal(t, newCompiler(t), b).Member("north", noon) {
			t.Errorf("a binding until %v is in force", end)
		}
	}
}

// What is bound to somebody else gives nothing, whatever the store returned.
func TestPrincipalRefusesBindingsOfOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*sallyport.Binding)
	}{
		{"another user", func(b *sallyport.Binding) { b.Subject = "bob" }},
		{"a key of the same id", func(b *sallyport.Binding) { b.SubjectKind = sallyport.SubjectKey }},
		{"a group that ann is not in", func(b *sallyport.Binding) { b.SubjectKind, b.Subject = sallyport.SubjectGroup, "admins" }},
		{"a group named like ann", func(b *sallyport.Binding) { b.SubjectKind = sallyport.SubjectGroup }},
		{"nobody", func(b *sallyport.Binding) { b.SubjectKind, b.Subject = "", "" }},
		{"no tenant", func(b *sallyport.Binding) { b.Tenant = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newCompiler(t).Principal(ann(changed(binding("bad", "north", "r"), tt.change), binding("good", "north", "r")))
			if err == nil || !strings.Contains(err.Error(), "binding bad") {
				t.Errorf("error %v", err)
			}
			if got := grantIDs(p, "north"); got != "good" {
				t.Errorf("grants %q, want the good one", got)
			}
		})
	}
}

func TestPrincipalBrokenCondition(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	s := compile(t, c, policy.Source{APIs: []sallyport.API{at("a", "", "/a")}, Roles: []sallyport.Role{{ID: "r", Permissions: []sallyport.Permission{"a/read"}}}})
	broken := changed(binding("bad", "north", "r"), func(b *sallyport.Binding) { b.Condition = "metod == 'GET'" })
	p, err := c.Principal(ann(broken, binding("good", "south", "r")))
	if err == nil || !strings.Contains(err.Error(), "binding bad") || !strings.Contains(err.Error(), "column 1") {
		t.Errorf("error %v", err)
	}
	facts := sallyport.Circumstances{Time: noon, Method: "GET", Tenant: "north"}
	if reason, _ := s.Ask(p, nil, "a/read", facts); reason != sallyport.ConditionUnmet {
		t.Errorf("broken condition: %q", reason)
	}
	if p.Member("north", noon) {
		t.Error("a binding that never holds makes a member")
	}
	if facts.Tenant = "south"; !s.Holds(p, "south", "", "a/read", noon) {
		t.Error("the sound binding does not hold")
	}
}

func TestPrincipalMember(t *testing.T) {
	t.Parallel()
	over := func(b *sallyport.Binding) { b.Expires = noon }
	c := newCompiler(t)
	p := principal(t, c, binding("b", "north", "r"), changed(binding("c", "south", "r"), over), changed(binding("d", "*", "r"), over))
	for tenant, want := range map[sallyport.TenantID]bool{"home": true, "north": true, "south": false, "elsewhere": false, "*": false, "": false} {
		if got := p.Member(tenant, noon); got != want {
			t.Errorf("Member(%q) at noon = %v, want %v", tenant, got, want)
		}
	}
	before := noon.Add(-time.Second)
	if !p.Member("south", before) || !p.Member("elsewhere", before) || !p.AnyTenant(before) || p.AnyTenant(noon) {
		t.Error("before the bindings expired it is no member")
	}
	if got := p.Tenants(noon); !slices.Equal(got, []sallyport.TenantID{"home", "north"}) {
		t.Errorf("Tenants at noon = %v", got)
	}
	if got := p.Tenants(before); !slices.Equal(got, []sallyport.TenantID{"home", "north", "south"}) {
		t.Errorf("Tenants before = %v", got)
	}
	rec := ann()
	rec.Principal.Home = sallyport.EveryTenant
	everybody, _ := c.Principal(rec)
	if everybody.Member("north", noon) || everybody.Member("*", noon) || len(everybody.Tenants(noon)) != 0 {
		t.Error("to be administered everywhere is not to be a member everywhere")
	}
}

func TestPrincipalAllocations(t *testing.T) {
	p := principal(t, newCompiler(t), binding("b1", "north", "r"), binding("b2", "south", "r"), binding("b3", "*", "r"))
	if got := testing.AllocsPerRun(100, func() {
		for _, tenant := range []sallyport.TenantID{"north", "elsewhere", "*", "home"} {
			p.Grants(tenant)
			p.Member(tenant, noon)
		}
	}); got != 0 {
		t.Errorf("Grants and Member allocate %v times, want 0", got)
	}
}

// rightsFixture has roles that read, that change, and that hold everything of an API.
func rightsFixture(t *testing.T) (*policy.Compiler, *policy.Snapshot) {
	t.Helper()
	c := newCompiler(t)
	return c, compile(t, c, policy.Source{
		APIs: []sallyport.API{at("a", "", "/a"), at("b", "", "/b")},
		Roles: []sallyport.Role{
			{ID: "reader", Name: "reader", Permissions: []sallyport.Permission{"a/read"}},
			{ID: "writer", Name: "writer", Permissions: []sallyport.Permission{"a/read", "a/write"}},
			{ID: "all of a", Name: "all of a", Permissions: []sallyport.Permission{"a/*"}},
			{ID: "all", Name: "all", Permissions: []sallyport.Permission{"*"}},
		},
	})
}

func TestBeyond(t *testing.T) {
	t.Parallel()
	c, s := rightsFixture(t)
	in := func(change func(*sallyport.Binding)) sallyport.Binding {
		return changed(binding("b", "north", "writer"), change)
	}
	plain := in(func(*sallyport.Binding) {})
	inRealm := in(func(b *sallyport.Binding) { b.Realm = "r1" })
	onCondition := in(func(b *sallyport.Binding) { b.Condition = "method == 'GET'" })
	untilLater := in(func(b *sallyport.Binding) { b.Expires = noon.Add(time.Hour) })
	everywhere := in(func(b *sallyport.Binding) { b.Tenant = "*" })
	wildOne := binding("b", "north", "all of a")
	wildAll := binding("b", "north", "all")
	north := policy.Extent{Tenant: "north"}
	both := []sallyport.Permission{"a/read", "a/write"}
	for _, tt := range []struct {
		name   string
		held   sallyport.Binding
		to     policy.Extent
		hand   []sallyport.Permission
		beyond []sallyport.Permission
	}{
		{"what one holds", plain, north, both, nil},
		{"what one does not hold", plain, north, []sallyport.Permission{"a/read", "b/read"}, []sallyport.Permission{"b/read"}},
		{"what nobody declares", plain, north, []sallyport.Permission{"a/nope"}, []sallyport.Permission{"a/nope"}},
		{"in another tenant", plain, policy.Extent{Tenant: "south"}, both, both},
		{"in every tenant", plain, policy.Extent{Tenant: "*"}, both, both},
		{"in no tenant", plain, policy.Extent{}, both, both},
		{"held in every tenant, for one", everywhere, north, both, nil},
		{"held in every tenant, for each", everywhere, policy.Extent{Tenant: "*"}, both, nil},
		{"held in a realm, for all", inRealm, north, both, both},
		{"held in a realm, for it", inRealm, policy.Extent{Tenant: "north", Realm: "r1"}, both, nil},
		{"held in a realm, for another", inRealm, policy.Extent{Tenant: "north", Realm: "r2"}, both, both},
		{"held in all, for a realm", plain, policy.Extent{Tenant: "north", Realm: "r2"}, both, nil},
		{"held on a condition, for always", onCondition, north, both, both},
		{"held on a condition, for the same", onCondition, policy.Extent{Tenant: "north", Condition: "method == 'GET'"}, both, nil},
		{"held on a condition, for another", onCondition, policy.Extent{Tenant: "north", Condition: "true"}, both, both},
		{"held always, for a condition", plain, policy.Extent{Tenant: "north", Condition: "true"}, both, nil},
		{"held for a time, for ever", untilLater, north, both, both},
		{"held for a time, for as long", untilLater, policy.Extent{Tenant: "north", Expires: noon.Add(time.Hour)}, both, nil},
		{"held for a time, for longer", untilLater, policy.Extent{Tenant: "north", Expires: noon.Add(2 * time.Hour)}, both, both},
		{"held no more", in(func(b *sallyport.Binding) { b.Expires = noon }), policy.Extent{Tenant: "north", Expires: noon.Add(-time.Hour)}, both, both},
		{"a wildcard by who holds its parts", plain, north, []sallyport.Permission{"a/*"}, []sallyport.Permission{"a/*"}},
		{"a wildcard by who holds it", wildOne, north, []sallyport.Permission{"a/*", "a/write"}, nil},
		{"everything by who holds one API", wildOne, north, []sallyport.Permission{"*", "b/*", "b/read"}, []sallyport.Permission{"*", "b/*", "b/read"}},
		{"everything by who holds everything", wildAll, north, []sallyport.Permission{"*", "b/*", "b/read"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := s.Beyond(principal(t, c, tt.held), nil, tt.to, tt.hand, noon); !slices.Equal(got, tt.beyond) {
				t.Errorf("Beyond = %v, want %v", got, tt.beyond)
			}
		})
	}
	if got := s.Beyond(principal(t, c, plain), s.Limit([]string{"b"}), north, both, noon); !slices.Equal(got, both) {
		t.Errorf("with a limited credential Beyond = %v, want all", got)
	}
	if got := s.Beyond(nil, nil, north, both, noon); !slices.Equal(got, both) {
		t.Errorf("for nobody Beyond = %v, want all", got)
	}
}

func TestHoldsAndPermissions(t *testing.T) {
	t.Parallel()
	c, s := rightsFixture(t)
	p := principal(
		t, c, binding("b1", "north", "reader"),
		changed(binding("b2", "north", "writer"), func(b *sallyport.Binding) { b.Realm = "r1" }),
		changed(binding("b3", "*", "all"), func(b *sallyport.Binding) { b.Expires = noon }),
	)
	for _, tt := range []struct {
		tenant sallyport.TenantID
		realm  string
		want   string
		holds  bool
	}{
		{"north", "", "a/read", true},
		{"north", "", "a/write", false},
		{"north", "r1", "a/write", true},
		{"north", "r2", "a/write", false},
		{"south", "", "a/read", false},
		{"north", "", "b/read", false},
		{"north", "", "a/nope", false},
		{"north", "", "a", false},
		{"north", "", "a/rea", false},
	} {
		if got := s.Holds(p, tt.tenant, tt.realm, sallyport.Permission(tt.want), noon); got != tt.holds {
			t.Errorf("Holds(%q, %q, %q) = %v", tt.tenant, tt.realm, tt.want, got)
		}
	}
	if got := s.Permissions(p, "north", noon); !slices.Equal(got, []sallyport.Permission{"a/read", "a/write"}) {
		t.Errorf("Permissions = %v", got)
	}
	if got := s.Permissions(p, "south", noon.Add(-time.Minute)); len(got) != 4 {
		t.Errorf("Permissions while everything was held = %v", got)
	}
	if reason, _ := s.Ask(p, s.Limit([]string{"b"}), "a/read", sallyport.Circumstances{Time: noon, Tenant: "north"}); reason != sallyport.ScopeInsufficient {
		t.Errorf("with a limited credential Ask = %q", reason)
	}
	if reason, _ := s.Ask(nil, nil, "a/read", sallyport.Circumstances{Time: noon, Tenant: "north"}); reason != sallyport.PermissionMissing {
		t.Errorf("nobody: Ask = %q", reason)
	}
}

// A principal may be newer than the policy: its new role holds nothing yet.
func TestPrincipalNewerThanSnapshot(t *testing.T) {
	t.Parallel()
	c, s := rightsFixture(t)
	p := principal(t, c, binding("b", "north", "made later"))
	if s.Holds(p, "north", "", "a/read", noon) || len(s.Permissions(p, "north", noon)) != 0 {
		t.Error("a role that the policy does not know gives something")
	}
}

func TestCheckRole(t *testing.T) {
	t.Parallel()
	_, s := rightsFixture(t)
	role := &sallyport.Role{Permissions: []sallyport.Permission{"a/read", "a/read", "a/raed", "c/read", "*", "a/*", "c/*", "read"}}
	faults := s.CheckRole(role)
	if len(faults) != 5 ||
		!hasFault(faults, "permissions[1]", "twice") || !hasFault(faults, "permissions[2]", "a/read") ||
		!hasFault(faults, "permissions[3]", `API "c"`) || !hasFault(faults, "permissions[6]", `API "c"`) || !hasFault(faults, "permissions[7]", "api/name") {
		t.Errorf("faults %v", faults)
	}
}
