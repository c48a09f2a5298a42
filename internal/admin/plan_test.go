package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
)

// shopPolicy is a policy with one of each thing.
func shopPolicy() api.Policy {
	return api.Policy{
		Policy: "shop", Tenant: "north",
		Tenants: []api.PolicyTenant{{Name: "north-2", Parent: "north"}, {Name: "north", TokenMaxAge: sallyport.Duration(24 * time.Hour)}},
		Realms:  []api.PolicyRealm{{Name: "hall", Title: "Hall"}},
		Users: []api.PolicyUser{
			{Login: "viewer", Name: "Vi"},
			{Login: "robot", Kind: sallyport.Service},
			{Login: "gone", State: sallyport.Deactivated},
			{Login: "clerk"},
		},
		Groups: []api.PolicyGroup{{Name: "staff", Members: []string{"clerk", "robot"}}},
		Roles: []api.PolicyRole{
			{Name: "reader", Permissions: []sallyport.Permission{"shop/read"}},
			{Name: "writer", Title: "Writes", Permissions: []sallyport.Permission{"shop/write", "shop/read"}},
		},
		Bindings: []api.PolicyBinding{
			{User: "viewer", Role: "reader"},
			{Group: "staff", Role: "writer", Realm: "hall"},
			{User: "gone", Role: "writer"},
		},
		APIs: []sallyport.API{{
			Name: "shop", BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
			Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
			Realm:       &sallyport.Selector{From: "query", Name: "realm", Any: true},
			Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
			Routes: []sallyport.Route{
				{Methods: []string{"GET"}, Path: "/items", AnyOf: []string{"read"}},
				{Methods: []string{"POST"}, Path: "/items", AnyOf: []string{"write"}},
			},
		}},
		Tests: []api.PolicyTest{
			{Expect: "viewer GET /shop/items in north -> allow"},
			{Expect: "viewer POST /shop/items in north → 403 permission_missing"},
			{Expect: "clerk POST /shop/items in north -> allow", Realm: "hall"},
			{Expect: "gone GET /shop/items -> deny"},
			{Expect: "- GET /shop/items -> 401 credential_missing"},
		},
	}
}

func plan(t *testing.T, w *admintest.World, a admin.Actor, p api.Policy) api.Plan {
	t.Helper()
	got, err := w.Plan(t.Context(), a, api.PolicyRequest{Policy: p})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return got
}

func apply(t *testing.T, w *admintest.World, a admin.Actor, p api.Policy) api.Plan {
	t.Helper()
	got, err := w.Apply(t.Context(), a, api.PolicyRequest{Policy: p})
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	return got
}

// told writes the changes of a plan, one a line.
func told(p api.Plan) string {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s %s %s/%s", c.Action, c.Kind, c.Tenant, c.Name)
		for _, f := range c.Fields {
			fmt.Fprintf(&b, " %s:%s>%s", f.Field, f.Before, f.After)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestPolicyIsAppliedOnce(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	want := plan(t, w, w.Root, shopPolicy())
	if want.Failed != 0 || len(want.Tests) != 5 || want.Applied {
		t.Fatalf("the plan: %+v", want.Tests)
	}
	if n := len(want.Changes); n != 2+1+1+2+4+1+3 {
		t.Errorf("%d changes:\n%s", n, told(want))
	}
	got, err := w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: shopPolicy(), Fingerprint: want.Fingerprint})
	if err != nil || !got.Applied || told(got) != told(want) {
		t.Fatalf("apply: %v\n%s", err, told(got))
	}
	again := apply(t, w, w.Root, shopPolicy())
	if len(again.Changes) != 0 || again.Unowned != 0 || again.Same != len(want.Changes) {
		t.Errorf("again: %d the same, %d unowned, changes:\n%s", again.Same, again.Unowned, told(again))
	}
	u, err := w.UserByLogin(t.Context(), w.Root, "gone")
	if err != nil || u.State != sallyport.Deactivated {
		t.Errorf("gone: %+v, %v", u, err)
	}
}

// Whatever the policy said before, afterwards things are as it says now.
func TestPolicyConverges(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	apply(t, w, w.Root, shopPolicy())
	p := shopPolicy()
	p.Tenants = p.Tenants[1:]
	p.Tenants[0].TokenMaxAge = 0
	p.Realms = nil
	p.Users = []api.PolicyUser{{Login: "viewer", Name: "Viola"}, {Login: "clerk"}, {Login: "gone", State: sallyport.Active}}
	p.Groups[0].Members = []string{"viewer"}
	// A permission goes from the API and from the role at once.
	p.APIs[0].Permissions = append(p.APIs[0].Permissions[:1], sallyport.PermissionSpec{Name: "post"})
	p.APIs[0].Routes[1].AnyOf = []string{"post"}
	p.Roles = []api.PolicyRole{{Name: "writer", Permissions: []sallyport.Permission{"shop/read", "shop/post"}}}
	p.Bindings = []api.PolicyBinding{{Group: "staff", Role: "writer", State: sallyport.Deactivated}}
	p.Tests = []api.PolicyTest{{Expect: "viewer GET /shop/items in north -> deny"}}
	got := told(apply(t, w, w.Root, p))
	for _, line := range []string{
		`update tenant /north token_max_age:"24h0m0s">`, `delete tenant /north-2`, `delete realm north/hall`,
		`update user north/viewer name:"Vi">"Viola"`, `delete user north/robot`, `update user north/gone state:"deactivated">"active"`,
		`update group north/staff members:["clerk","robot"]>["viewer"]`,
		`update role north/writer title:"Writes"> permissions:["shop/read","shop/write"]>["shop/post","shop/read"]`,
		`delete role north/reader`, `delete binding north/viewer: reader`, `create binding north/group staff: writer state:>"deactivated"`,
		`update api /shop permissions.post:>{"name":"post"} permissions.write:{"name":"write"}> routes.POST /items.any_of:["write"]>["post"]`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
	if rest := plan(t, w, w.Root, p); len(rest.Changes) != 0 {
		t.Errorf("not converged:\n%s", told(rest))
	}
	empty := api.Policy{Policy: "shop"}
	for _, c := range apply(t, w, w.Root, empty).Changes {
		if c.Action != "delete" {
			t.Errorf("an empty policy makes %+v", c)
		}
	}
	if rest := plan(t, w, w.Root, empty); len(rest.Changes) != 0 || rest.Same != 0 {
		t.Errorf("after all is gone:\n%s", told(rest))
	}
}

func TestPolicyLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	role := w.MakeRole(w.T1.ID, "orders/read")
	p := func(name, title string) api.Policy {
		return api.Policy{Policy: name, Tenant: "t1", Roles: []api.PolicyRole{{Name: role.Name, Title: title, Permissions: []sallyport.Permission{"orders/read"}}}}
	}
	if got := plan(t, w, w.Root, p("one", "")); len(got.Changes) != 0 || got.Unowned != 1 {
		t.Errorf("one that is so already: %+v", got)
	}
	_, err := w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: p("one", "x")})
	if sallyport.KindOf(err) != sallyport.Invalid || !strings.Contains(err.Error(), "belongs to no policy and differs in title") {
		t.Errorf("one that belongs to nobody: %v", err)
	}
	got, err := w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: p("one", "x"), Adopt: true})
	if err != nil || told(got) != "update role t1/"+role.Name+" title:>\"x\"\n" {
		t.Errorf("adopted: %v, %s", err, told(got))
	}
	_, err = w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: p("two", "x"), Adopt: true})
	if sallyport.KindOf(err) != sallyport.Invalid || !strings.Contains(err.Error(), `belongs to the policy "one"`) {
		t.Errorf("one of another policy: %v", err)
	}
	// What was deleted by hand is made again.
	if err := w.DeleteRole(t.Context(), w.Root, w.T1.ID, role.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	if got := apply(t, w, w.Root, p("one", "x")); len(got.Changes) != 1 || got.Changes[0].Action != "create" {
		t.Errorf("after it was deleted: %s", told(got))
	}
	others := must(w.Roles(t.Context(), w.Root, w.T1.ID, "", admin.Page{}))
	apply(t, w, w.Root, api.Policy{Policy: "two", Tenant: "t1"})
	if now := must(w.Roles(t.Context(), w.Root, w.T1.ID, "", admin.Page{})); len(now.Items) != len(others.Items) {
		t.Errorf("an empty policy left %d roles of %d", len(now.Items), len(others.Items))
	}
}

// A file is no way around the rules for single calls.
func TestPolicyKnowsItsCeiling(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	all := []sallyport.Permission{admin.PolicyRead, admin.PolicyWrite, admin.RolesWrite, admin.BindingsWrite, admin.UsersWrite, admin.GroupsWrite, admin.UsersRead}
	a := w.Person(w.T1.ID, append(slices.Clone(all), "orders/read")...)
	own := must(w.User(t.Context(), a, w.T1.ID, a.Principal.ID)).Login
	strong := w.MakeRole(w.T1.ID, "orders/write")
	staff := must(w.CreateGroup(t.Context(), w.Root, w.T1.ID, admin.NewGroup{Name: "strong"}))
	must(w.CreateBinding(t.Context(), w.Root, w.T1.ID, admin.NewBinding{SubjectKind: sallyport.SubjectGroup, Subject: string(staff.ID), Role: strong.ID}))
	reader := api.PolicyRole{Name: "reader", Permissions: []sallyport.Permission{"orders/read"}}
	writer := api.PolicyRole{Name: "writer", Permissions: []sallyport.Permission{"orders/write"}}
	for name, tt := range map[string]struct {
		p    api.Policy
		want sallyport.Reason
	}{
		"what he holds":         {api.Policy{Roles: []api.PolicyRole{reader}, Bindings: []api.PolicyBinding{{User: own, Role: "reader"}}}, ""},
		"a role beyond him":     {api.Policy{Roles: []api.PolicyRole{writer}}, sallyport.PrivilegeCeiling},
		"a binding beyond him":  {api.Policy{Bindings: []api.PolicyBinding{{User: own, Role: strong.Name}}}, sallyport.PrivilegeCeiling},
		"administrator":         {api.Policy{Bindings: []api.PolicyBinding{{User: own, Role: "administrator"}}}, sallyport.PrivilegeCeiling},
		"a wildcard":            {api.Policy{Roles: []api.PolicyRole{{Name: "w", Permissions: []sallyport.Permission{"*"}}}}, sallyport.PrivilegeCeiling},
		"a strong group":        {api.Policy{Groups: []api.PolicyGroup{{Name: "strong", Members: []string{own}}}}, sallyport.PrivilegeCeiling},
		"a realm without right": {api.Policy{Realms: []api.PolicyRealm{{Name: "hall"}}}, sallyport.PermissionMissing},
		"an API":                {api.Policy{APIs: []sallyport.API{{Name: "x", BasePath: "/x", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}}}}, sallyport.PermissionMissing},
	} {
		t.Run(name, func(t *testing.T) {
			tt.p.Policy, tt.p.Tenant = name, "t1"
			_, err := w.Apply(t.Context(), a, api.PolicyRequest{Policy: tt.p, Adopt: true})
			if reasonOf(err) != tt.want || tt.want == "" && err != nil {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	weak := w.Person(w.T1.ID, append(slices.DeleteFunc(slices.Clone(all), func(p sallyport.Permission) bool { return p == admin.PolicyWrite }), "orders/read")...)
	reader.Name = "other"
	p := api.Policy{Policy: "weak", Tenant: "t1", Roles: []api.PolicyRole{reader}}
	if got := plan(t, w, weak, p); len(got.Changes) != 1 {
		t.Errorf("who may only look plans %s", told(got))
	}
	if _, err := w.Apply(t.Context(), weak, api.PolicyRequest{Policy: p}); reasonOf(err) != sallyport.PermissionMissing {
		t.Errorf("who may only look applied: %v", err)
	}
	if _, err := w.Plan(t.Context(), w.Person(w.T2.ID, all...), api.PolicyRequest{Policy: p}); err == nil {
		t.Error("a stranger planned in the tenant")
	}
}

func reasonOf(err error) sallyport.Reason {
	for _, e := range admin.Faults(err) {
		return e.Reason
	}
	return ""
}

// Policies of one name in different tenants do not know of each other, unless
// somebody sees both.
func TestPoliciesOfOneName(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	rights := []sallyport.Permission{admin.PolicyRead, admin.PolicyWrite, admin.GroupsWrite}
	p := func(tenant string) api.Policy {
		return api.Policy{Policy: "same", Tenant: tenant, Groups: []api.PolicyGroup{{Name: "g"}}}
	}
	one, two := w.Person(w.T1.ID, rights...), w.Person(w.T2.ID, rights...)
	apply(t, w, one, p("t1"))
	if got := told(apply(t, w, two, p("t2"))); got != "create group t2/g\n" {
		t.Errorf("the other tenant's: %s", got)
	}
	if got := plan(t, w, one, p("t1")); len(got.Changes) != 0 || got.Unowned != 0 || got.Same != 1 {
		t.Errorf("the first one is another now: %s", told(got))
	}
	if got := told(plan(t, w, w.Root, p("t1"))); got != "delete group t2/g\n" {
		t.Errorf("who sees both plans %s", got)
	}
}

// All or nothing, and what was done is told in the trail.
func TestPolicyIsAtomicAndAudited(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	broken := shopPolicy()
	broken.Tests = append(broken.Tests, api.PolicyTest{Expect: "viewer GET /shop/items in north -> deny"})
	trail := func() []store.AuditRow {
		return must(w.Audit(t.Context(), admin.System("test"), sallyport.EveryTenant, store.AuditFilter{}, admin.Page{Limit: 200})).Items
	}
	before := len(trail())
	_, err := w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: broken})
	if sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), "a test fails") {
		t.Errorf("with a test that fails: %v", err)
	}
	if _, err := w.UserByLogin(t.Context(), w.Root, "viewer"); sallyport.KindOf(err) != sallyport.NotFound || len(trail()) != before {
		t.Errorf("something was done: %v", err)
	}
	first := plan(t, w, w.Root, shopPolicy())
	must(w.CreateUser(t.Context(), w.Root, w.T1.ID, admin.NewUser{Login: "bystander"}))
	if got := plan(t, w, w.Root, shopPolicy()); got.Fingerprint != first.Fingerprint {
		t.Error("something else changed the fingerprint")
	}
	_, err = w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: shopPolicy(), Fingerprint: "0123"})
	if sallyport.KindOf(err) != sallyport.Changed {
		t.Errorf("with another fingerprint: %v", err)
	}
	apply(t, w, w.Root, shopPolicy())
	rows := trail()
	if rows[0].Action != "policy.apply" || rows[0].TargetName != "shop" {
		t.Errorf("the last entry is %s %s", rows[0].Action, rows[0].TargetName)
	}
	for _, action := range []string{"api.create"} {
		if !slices.ContainsFunc(rows, func(r store.AuditRow) bool { return r.Action == action }) {
			t.Errorf("no entry %s", action)
		}
	}
}

// What is exported makes the same again, and belongs to nobody until it is
// adopted.
func TestExportedPolicyChangesNothing(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	apply(t, w, w.Root, shopPolicy())
	if _, err := w.CreateKey(t.Context(), w.Root, w.T1.ID, admin.NewKey{Name: "machine", Roles: []admin.KeyRole{{Role: w.MakeRole(w.T1.ID, "orders/read").ID}}}); err != nil {
		t.Fatal(err)
	}
	own, err := w.ExportPolicy(t.Context(), w.Root, api.PolicyExport{Policy: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	if got := plan(t, w, w.Root, own); len(got.Changes) != 0 || got.Unowned != 0 || got.Same != 14 {
		t.Errorf("what it owns: %d the same\n%s", got.Same, told(got))
	}
	everything, err := w.ExportPolicy(t.Context(), w.Root, api.PolicyExport{})
	if err != nil {
		t.Fatal(err)
	}
	everything.Policy = "shop"
	if got := plan(t, w, w.Root, everything); len(got.Changes) != 0 || got.Unowned < 6 {
		t.Errorf("everything: %d unowned\n%s", got.Unowned, told(got))
	}
	got, err := w.Apply(t.Context(), w.Root, api.PolicyRequest{Policy: everything, Adopt: true})
	if err != nil || slices.ContainsFunc(got.Changes, func(c api.PolicyChange) bool { return c.Action != "adopt" }) {
		t.Errorf("adopting: %v\n%s", err, told(got))
	}
	if _, err := w.ExportPolicy(t.Context(), w.Person(w.T1.ID, admin.PolicyRead), api.PolicyExport{}); reasonOf(err) != sallyport.PermissionMissing {
		t.Errorf("somebody of one tenant exported everything: %v", err)
	}
	one, err := w.ExportPolicy(t.Context(), w.Person(w.T1.ID, admin.PolicyRead), api.PolicyExport{Tenant: "t1"})
	if err != nil || len(one.Tenants) != 1 || len(one.APIs) != 0 {
		t.Errorf("one tenant: %+v, %v", one, err)
	}
}

func TestPolicyFaultsSayWhere(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	p := api.Policy{
		Policy: "faulty", Tenant: "t1",
		Users:    []api.PolicyUser{{Login: "a b"}, {Login: "jo"}, {Login: "JO"}, {Login: "al", Email: "nowhere"}},
		Groups:   []api.PolicyGroup{{Name: "g", Members: []string{"nobody"}}},
		Roles:    []api.PolicyRole{{Name: "r", Permissions: []sallyport.Permission{"orders/reed"}}, {Name: "administrator"}},
		Bindings: []api.PolicyBinding{{User: "jo", Role: "none"}, {Role: "r"}, {User: "jo", Role: "r", Realm: "x"}, {User: "jo", Role: "r", Condition: "1 +"}},
		Realms:   []api.PolicyRealm{{Name: "a/b"}},
		APIs:     []sallyport.API{{Name: "bad", BasePath: "bad"}, {Name: "sallyport"}},
		Tests:    nil,
	}
	_, err := w.Plan(t.Context(), w.Root, api.PolicyRequest{Policy: p})
	var fields []string
	for _, e := range admin.Faults(err) {
		fields = append(fields, e.Field)
	}
	for _, want := range []string{
		"users[0].login", "users[2]", "users[3].email", "groups[0].members[0]", "roles[0].permissions[0]", "roles[1].name",
		"bindings[0].role", "bindings[1]", "bindings[2].realm", "bindings[3].condition", "realms[0].name", "apis[0].base_path", "apis[1].name",
	} {
		if !slices.Contains(fields, want) {
			t.Errorf("nothing is said of %s; only of %v", want, fields)
		}
	}
	for expect, want := range map[string]string{
		"":                                "is not a test",
		"jo GET -> allow":                 "is not a test",
		"jo GET /x":                       "is not a test",
		"jo GET x -> allow":               "has no path",
		"jo GET /x within t1 -> allow":    `"within t1" after the path`,
		"jo GET /x -> perhaps":            `expects "perhaps"`,
		"jo GET /x -> 403 404":            `expects "404"`,
		"jo GET /x -> ":                   "what is expected",
		"root GET /x in nowhere -> allow": `no tenant "nowhere"`,
		"nobody GET /x in t1 -> allow":    `no user "nobody"`,
		"key:none GET /x in t1 -> allow":  `no API key "none"`,
	} {
		_, err := w.Plan(t.Context(), w.Root, api.PolicyRequest{Policy: api.Policy{Tests: []api.PolicyTest{{Expect: expect}}}})
		if sallyport.KindOf(err) != sallyport.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", expect, err, want)
		}
	}
}

func TestPolicyWarns(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	p := shopPolicy()
	p.Roles = append(p.Roles, api.PolicyRole{Name: "god", Permissions: []sallyport.Permission{"*"}}, api.PolicyRole{Name: "nothing"})
	p.Users = append(p.Users, api.PolicyUser{Login: "idle"})
	p.APIs[0].Permissions = append(p.APIs[0].Permissions, sallyport.PermissionSpec{Name: "spare"})
	p.Tests = nil
	var got []string
	for _, warning := range plan(t, w, w.Root, p).Warnings {
		got = append(got, warning.Field)
	}
	if want := "roles[2].permissions roles[2] roles[3] users[4] apis[0].permissions tests"; strings.Join(got, " ") != want {
		t.Errorf("warnings of %v, want %s", got, want)
	}
}

// A test tells nothing of tenants in which its reader may not read policies: the
// path, or a header, may lead there too.
func TestPolicyTestsStayAtHome(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	shop := sallyport.API{
		Name: "shop", BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}},
		Routes:      []sallyport.Route{{ID: "items", Methods: []string{"GET"}, Path: "/items", AnyOf: []string{"read"}}},
	}
	if _, err := w.CreateAPI(t.Context(), w.Root, shop); err != nil {
		t.Fatal(err)
	}
	reads := w.Person(w.T1.ID, admin.PolicyRead)
	member, stranger := w.MakeUser(w.T1.ID, sallyport.Person), w.MakeUser(w.T1.ID, sallyport.Person)
	w.Give(member.ID, w.T2.ID, "shop/read")
	ask := func(a admin.Actor, login string) string {
		t.Helper()
		p := api.Policy{Policy: "p", Tenant: w.T1.Name, Roles: []api.PolicyRole{{Name: "any", Permissions: []sallyport.Permission{}}}}
		p.Tests = []api.PolicyTest{{Expect: login + " GET /shop/items -> allow", Headers: []string{"X-Tenant-Id: " + string(w.T2.ID)}}}
		got, err := w.Plan(t.Context(), a, api.PolicyRequest{Policy: p})
		if err != nil {
			t.Fatal(err)
		}
		return got.Tests[0].Got
	}
	if got := ask(w.Root, member.Login); got != "allow" {
		t.Errorf("who may read everywhere is told %q", got)
	}
	for _, login := range []string{member.Login, stranger.Login} {
		if got := ask(reads, login); got != "403 tenant_forbidden" {
			t.Errorf("who may not read there is told %q of %s", got, login)
		}
	}
}
