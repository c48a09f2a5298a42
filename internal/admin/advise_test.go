package admin_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/pgtest"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// An advised is an installation in which rights are used.
type advised struct {
	*admintest.World
	t testing.TB
}

// newAdvised makes one with an API of which customers can be added by a narrow
// permission or by a broad one.
func newAdvised(t testing.TB) *advised {
	t.Helper()
	return adviseIn(t, admintest.New(t))
}

func adviseIn(t testing.TB, w *admintest.World) *advised {
	t.Helper()
	v := &advised{w, t}
	crm := sallyport.API{
		Name: "crm", BasePath: "/crm", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "use"}, {Name: "customers"}, {Name: "rights"}, {Name: "racks"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "look", Permissions: []string{"use"}}, {Name: "all", Permissions: []string{"*"}}},
		Routes: []sallyport.Route{
			{Methods: []string{"GET"}, Path: "/customers", AllOf: []string{"use"}},
			{Methods: []string{"POST"}, Path: "/customers", AllOf: []string{"use"}, AnyOf: []string{"customers", "rights"}},
			{Methods: []string{"GET"}, Path: "/users", AllOf: []string{"use", "rights"}},
			{Methods: []string{"POST"}, Path: "/users", AllOf: []string{"use", "rights"}},
			{Methods: []string{"GET"}, Path: "/racks", AllOf: []string{"use", "racks"}},
		},
	}
	if _, err := v.ApplyAPIs(t.Context(), w.Root, []sallyport.API{crm}); err != nil {
		t.Fatal(err)
	}
	for name, permissions := range map[string][]sallyport.Permission{
		"crm-user": {"crm/use"}, "customers": {"crm/customers"}, "crm-admin": {"crm/use", "crm/rights", "crm/racks"},
	} {
		v.role(w.T1.ID, name, permissions...)
	}
	return v
}

func (v *advised) role(tenant sallyport.TenantID, name string, permissions ...sallyport.Permission) sallyport.Role {
	v.t.Helper()
	r, err := v.CreateRole(context.WithoutCancel(v.t.Context()), v.Root, tenant, admin.NewRole{Name: name, Permissions: permissions})
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

func (v *advised) user(login string) sallyport.User {
	v.t.Helper()
	u, err := v.CreateUser(v.t.Context(), v.Root, v.T1.ID, admin.NewUser{Login: login, Kind: sallyport.Service})
	if err != nil {
		v.t.Fatal(err)
	}
	return u
}

func (v *advised) bind(b admin.NewBinding, role string) sallyport.BindingID {
	v.t.Helper()
	roles, err := v.Roles(v.t.Context(), v.Root, v.T1.ID, role, admin.Page{Limit: 200})
	if err != nil {
		v.t.Fatal(err)
	}
	i := slices.IndexFunc(roles.Items, func(r sallyport.Role) bool { return r.Name == role })
	b.Role = roles.Items[i].ID
	made, err := v.CreateBinding(v.t.Context(), v.Root, v.T1.ID, b)
	if err != nil {
		v.t.Fatal(err)
	}
	return made.ID
}

func toUser(u sallyport.User) admin.NewBinding {
	return admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(u.ID)}
}

// uses writes down what was used today.
func (v *advised) uses(uses ...store.Use) {
	v.t.Helper()
	v.usesOn(v.Clock.Now(), uses...)
}

func (v *advised) usesOn(at time.Time, uses ...store.Use) {
	v.t.Helper()
	list := make([]store.DayUse, len(uses))
	for i, u := range uses {
		if u.Tenant == "" {
			u.Tenant = v.T1.ID
		}
		list[i] = store.DayUse{Use: u, Day: store.DayOf(at), Uses: 7}
	}
	_, err := v.Store.Write(context.WithoutCancel(v.t.Context()), func(tx *store.Tx) error {
		if _, err := tx.InitMeta(v.t.Context(), store.MetaUsesSince, at.UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		return tx.AddUses(v.t.Context(), list)
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// addsCustomers are the uses of somebody who adds customers.
func addsCustomers(id sallyport.PrincipalID) []store.Use {
	return []store.Use{{Principal: id, Permission: "crm/use"}, {Principal: id, Permission: "crm/customers|crm/rights"}}
}

// told returns findings as lines.
func toldFindings(list []api.Finding) string {
	var b strings.Builder
	for _, f := range list {
		who, what := f.Login, f.RoleName
		if f.Group != "" {
			who = "group " + f.GroupName
		}
		if f.Credential != nil {
			what = f.Credential.Name
		}
		fmt.Fprintf(&b, "%s %s %s: used %v, unused %v", f.Kind, who, what, f.Used, f.Unused)
		for _, n := range f.Narrower {
			fmt.Fprintf(&b, ", %s for %s", n.Enough, n.Held)
		}
		switch p := f.Proposal; {
		case p.Remove:
			b.WriteString(": remove")
		case p.Role != nil:
			fmt.Fprintf(&b, ": a role %s of %v", p.Role.Name, p.Role.Permissions)
		case len(p.Roles) > 0:
			fmt.Fprintf(&b, ": roles %v", p.Roles)
		default:
			fmt.Fprintf(&b, ": scopes %v", p.Scopes)
		}
		fmt.Fprintln(&b, "; opens", f.Opens)
	}
	return b.String()
}

func (v *advised) findings(a admin.Actor, f admin.AdviceFilter) string {
	v.t.Helper()
	list, err := v.Findings(v.t.Context(), a, f, admin.Page{Limit: 200})
	if err != nil {
		v.t.Fatal(err)
	}
	return toldFindings(list.Items)
}

func (v *advised) advice(id sallyport.PrincipalID) api.Advice {
	v.t.Helper()
	a, err := v.Advice(v.t.Context(), v.Root, id, 0)
	if err != nil {
		v.t.Fatal(err)
	}
	return a
}

// TestAdviseTheNarrowRole is the story of the account that was given an
// administrator's role to add customers.
func TestAdviseTheNarrowRole(t *testing.T) {
	t.Parallel()
	theNarrowRole(t, newAdvised(t))
}

func TestAdviseOnPostgres(t *testing.T) {
	t.Parallel()
	clock := clocktest.New()
	st := storetest.Open(t, pgtest.DSN(t), clock.Now)
	if err := st.Migrate(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	theNarrowRole(t, adviseIn(t, admintest.NewOn(t, st, clock)))
}

func theNarrowRole(t *testing.T, v *advised) {
	t.Helper()
	billing := v.user("billing")
	v.bind(toUser(billing), "crm-admin")
	v.uses(addsCustomers(billing.ID)...)

	const want = "broad_grant billing crm-admin: used [crm/customers crm/use], unused [crm/racks crm/rights], crm/customers for crm/rights: roles [crm-user customers]; opens 3\n"
	if got := v.findings(v.Root, admin.AdviceFilter{Tenant: v.T1.ID, Principal: billing.ID}); got != want {
		t.Errorf("findings:\n%swant\n%s", got, want)
	}
	a := v.advice(billing.ID)
	if got := toldFindings(a.Findings); got != want {
		t.Errorf("advice:\n%swant\n%s", got, want)
	}
	if len(a.Uses) != 2 || a.Uses[0].Uses != 7 || a.Policy == nil {
		t.Fatalf("advice: %+v", a)
	}
	// What it writes can be applied, leaves what was used, and is all there is to say.
	doc := *a.Policy
	doc.Tests = []api.PolicyTest{
		{Expect: "billing POST /crm/customers in t1 -> allow"},
		{Expect: "billing GET /crm/customers in t1 -> allow"},
		{Expect: "billing GET /crm/users in t1 -> 403"},
		{Expect: "billing GET /crm/racks in t1 -> 403"},
	}
	done, err := v.Apply(t.Context(), v.Root, api.PolicyRequest{Policy: doc, Adopt: true})
	if err != nil || len(done.Changes) != 3 || done.Failed != 0 {
		t.Fatalf("apply: %+v, %v", done, err)
	}
	if again := v.advice(billing.ID); len(again.Findings) != 0 || again.Policy != nil {
		t.Errorf("after it was applied: %+v", again)
	}
	// A month later it adds no customers any more. The file is about all that the
	// first one made, so that nothing is deleted by the way.
	v.Clock.Advance(40 * 24 * time.Hour)
	v.uses(store.Use{Principal: billing.ID, Permission: "crm/use"})
	later := v.advice(billing.ID)
	if got, want := toldFindings(later.Findings), "idle_grant billing customers: used [], unused [crm/customers]: remove; opens 0\n"; got != want {
		t.Errorf("a month later: %swant %s", got, want)
	}
	done, err = v.Apply(t.Context(), v.Root, api.PolicyRequest{Policy: *later.Policy, Adopt: true})
	if err != nil || len(done.Changes) != 1 || done.Changes[0].Action != "update" {
		t.Errorf("apply what is left: %+v, %v", done, err)
	}
}

// TestFindings is what is found, one case each.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  func(*advised)
		want string
	}{
		{"what is used is granted", func(v *advised) {
			u := v.user("u")
			b := v.bind(toUser(u), "crm-user")
			v.uses(store.Use{Principal: u.ID, Binding: b, Permission: "crm/use"})
		}, ""},
		{"a right that was used long ago", func(v *advised) {
			u := v.user("u")
			v.bind(toUser(u), "crm-user")
			v.usesOn(v.Clock.Now().Add(-31*24*time.Hour), store.Use{Principal: u.ID, Permission: "crm/use"})
		}, "idle_grant u crm-user: used [], unused [crm/use]: remove; opens 1\n"},
		{"a right that was used elsewhere", func(v *advised) {
			u := v.user("u")
			v.bind(toUser(u), "crm-user")
			v.uses(store.Use{Principal: u.ID, Permission: "crm/use", Tenant: v.T2.ID})
		}, "idle_grant u crm-user: used [], unused [crm/use]: remove; opens 1\n"},
		{"a role that another one makes needless", func(v *advised) {
			u := v.user("u")
			v.bind(toUser(u), "crm-user")
			b := v.bind(toUser(u), "crm-admin")
			v.uses(store.Use{Principal: u.ID, Binding: b, Permission: "crm/use"})
		}, "broad_grant u crm-admin: used [crm/use], unused [crm/racks crm/rights]: roles [crm-user]; opens 4\n" +
			"idle_grant u crm-user: used [], unused [crm/use]: remove; opens 1\n" +
			"broad_role  crm-admin: used [crm/use], unused [crm/racks crm/rights]: a role crm-admin of [crm/use]; opens 4\n"},
		{"no role fits", func(v *advised) {
			u := v.user("u")
			v.bind(toUser(u), "crm-admin")
			v.uses(store.Use{Principal: u.ID, Permission: "crm/use"}, store.Use{Principal: u.ID, Permission: "crm/racks"})
		}, "broad_grant u crm-admin: used [crm/racks crm/use], unused [crm/rights]: a role  of [crm/racks crm/use]; opens 3\n" +
			"broad_role  crm-admin: used [crm/racks crm/use], unused [crm/rights]: a role crm-admin of [crm/racks crm/use]; opens 3\n"},
		{"what the others of a group use", func(v *advised) {
			one, other := v.user("one"), v.user("other")
			g, err := v.CreateGroup(v.t.Context(), v.Root, v.T1.ID, admin.NewGroup{Name: "crew"})
			if err != nil {
				v.t.Fatal(err)
			}
			for _, u := range []sallyport.User{one, other} {
				if err := v.AddMember(v.t.Context(), v.Root, v.T1.ID, g.ID, u.ID); err != nil {
					v.t.Fatal(err)
				}
			}
			v.bind(admin.NewBinding{SubjectKind: sallyport.SubjectGroup, Subject: string(g.ID)}, "crm-admin")
			v.uses(store.Use{Principal: one.ID, Permission: "crm/use"}, store.Use{Principal: other.ID, Permission: "crm/rights"})
		}, "broad_grant group crew crm-admin: used [crm/rights crm/use], unused [crm/racks]: a role  of [crm/rights crm/use]; opens 1\n" +
			"broad_role  crm-admin: used [crm/rights crm/use], unused [crm/racks]: a role crm-admin of [crm/rights crm/use]; opens 1\n"},
		{"what somebody handed out", func(v *advised) {
			u := v.user("u")
			v.bind(toUser(u), "crm-admin")
			v.uses(store.Use{Principal: u.ID, Permission: "crm/*"})
		}, ""},
		{"a deactivated binding", func(v *advised) {
			u := v.user("u")
			b := v.bind(toUser(u), "crm-user")
			off := sallyport.Deactivated
			if _, err := v.UpdateBinding(v.t.Context(), v.Root, v.T1.ID, b, admin.AnyVersion, admin.BindingChange{State: &off}); err != nil {
				v.t.Fatal(err)
			}
		}, ""},
		{"tokens", func(v *advised) {
			u := v.user("u")
			v.bind(toUser(u), "crm-admin")
			for _, name := range []string{"idle", "broad", "good", "odd"} {
				in := admin.NewToken{Name: name}
				if name == "good" {
					in.Scopes = []string{"crm/look"}
				}
				c, err := v.CreateApplicationToken(v.t.Context(), v.Root, v.T1.ID, u.ID, in)
				if err != nil {
					v.t.Fatal(err)
				}
				switch name {
				case "broad", "good":
					v.uses(store.Use{Principal: u.ID, Credential: c.Credential.ID, Permission: "crm/use"})
				case "odd": // it was used where no permission is needed; of which API that was is not known
					v.uses(store.Use{Principal: u.ID, Credential: c.Credential.ID, Permission: "crm/use"}, store.Use{Principal: u.ID, Credential: c.Credential.ID})
				}
			}
			v.uses(store.Use{Principal: u.ID, Permission: "crm/rights"}, store.Use{Principal: u.ID, Permission: "crm/racks"})
		}, "broad_credential u broad: used [crm/use], unused [crm/racks crm/rights]: scopes [crm/look]; opens 4\n" +
			"idle_credential u idle: used [], unused []: remove; opens 0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newAdvised(t)
			tt.set(v)
			got := strings.Split(v.findings(v.Root, admin.AdviceFilter{Tenant: v.T1.ID}), "\n")
			want := strings.Split(tt.want, "\n")
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestAdviceOnAnAdministrator: a person who may do everything is not told to do
// with less; an account that no person acts as is.
func TestAdviceOnAnAdministrator(t *testing.T) {
	t.Parallel()
	v := newAdvised(t)
	robot := v.user("robot")
	_, err := v.CreateBinding(t.Context(), v.Root, sallyport.EveryTenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(robot.ID), Role: admin.BuiltInRole(admin.RoleAdministrator),
	})
	if err != nil {
		t.Fatal(err)
	}
	v.uses(store.Use{Principal: robot.ID, Permission: "crm/use"})
	if got := v.advice(v.Root.Principal.ID); len(got.Findings) != 0 {
		t.Errorf("the administrator: %s", toldFindings(got.Findings))
	}
	got := v.advice(robot.ID)
	if len(got.Findings) != 1 || got.Findings[0].Kind != api.FindingBroadGrant || got.Findings[0].Tenant != sallyport.EveryTenant {
		t.Errorf("the robot: %s", toldFindings(got.Findings))
	}
}

// TestAdviceIsForWhoMaySeeIt: nobody learns what is granted in a tenant where he
// may not see advice; about himself everybody may ask.
func TestAdviceIsForWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	v := newAdvised(t)
	both := v.user("both")
	v.bind(toUser(both), "crm-admin")
	v.Give(both.ID, v.T2.ID, "crm/racks")
	v.uses(store.Use{Principal: both.ID, Permission: "crm/use"}, store.Use{Principal: both.ID, Permission: "crm/racks", Tenant: v.T2.ID})
	in1, in2 := v.Person(v.T1.ID, admin.AdviceRead), v.Person(v.T2.ID, admin.AdviceRead)
	stranger := v.Person(v.T1.ID)

	tenants := func(a admin.Actor) string {
		t.Helper()
		got, err := v.Advice(t.Context(), a, both.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[sallyport.TenantID]bool{}
		for _, u := range got.Uses {
			seen[u.Tenant] = true
		}
		for _, f := range got.Findings {
			seen[f.Tenant] = true
		}
		return fmt.Sprint(seen[v.T1.ID], seen[v.T2.ID])
	}
	for _, tt := range []struct {
		who  string
		a    admin.Actor
		want string
	}{{"of t1", in1, "true false"}, {"of t2", in2, "false true"}, {"root", v.Root, "true true"}, {"himself", admintest.As(both), "true true"}} {
		if got := tenants(tt.a); got != tt.want {
			t.Errorf("%s sees t1, t2: %s; want %s", tt.who, got, tt.want)
		}
	}
	for name, id := range map[string]sallyport.PrincipalID{"somebody": both.ID, "nobody": "11111111-1111-4111-8111-111111111111"} {
		if _, err := v.Advice(t.Context(), stranger, id, 0); sallyport.KindOf(err) != sallyport.NotFound {
			t.Errorf("a stranger asks about %s: %v", name, err)
		}
	}
	for _, f := range []admin.AdviceFilter{{Tenant: v.T1.ID}, {Tenant: v.T2.ID}, {Tenant: sallyport.EveryTenant}, {}} {
		if _, err := v.Findings(t.Context(), stranger, f, admin.Page{}); err == nil {
			t.Errorf("a stranger lists the findings of %q", f.Tenant)
		}
	}
	for _, window := range []time.Duration{-time.Hour, 91 * 24 * time.Hour} {
		if _, err := v.Advice(t.Context(), v.Root, both.ID, window); sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("a window of %s: %v", window, err)
		}
	}
}

// TestFindingsInPages: the worst come first, and each once.
func TestFindingsInPages(t *testing.T) {
	t.Parallel()
	v := newAdvised(t)
	for i := range 7 {
		v.bind(toUser(v.user(fmt.Sprint("u", i))), "crm-user")
	}
	v.bind(toUser(v.user("worst")), "crm-admin")
	seen := map[sallyport.PrincipalID]bool{}
	page := admin.Page{Limit: 3}
	for first := true; ; first = false {
		list, err := v.Findings(t.Context(), v.Root, admin.AdviceFilter{Tenant: v.T1.ID, Kind: api.FindingIdleGrant}, page)
		if err != nil {
			t.Fatal(err)
		}
		if first && list.Items[0].Login != "worst" {
			t.Errorf("the first is %s", list.Items[0].Login)
		}
		for _, f := range list.Items {
			if seen[f.Principal] {
				t.Errorf("%s is there twice", f.Login)
			}
			seen[f.Principal] = true
		}
		if page.Cursor = list.Next; page.Cursor == "" {
			break
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d were found", len(seen))
	}
}

// Advice on 10,000 principals, each with a role that is broader than what it
// uses, takes less than 10 s.
func BenchmarkAdvise(b *testing.B) {
	v := newAdvised(b)
	const people, each = 10_000, 2_000
	p := api.Policy{Policy: "large", Tenant: "t1"}
	for i := range 200 {
		p.Roles = append(p.Roles, api.PolicyRole{Name: fmt.Sprint("role-", i), Permissions: []sallyport.Permission{"crm/use", "crm/rights", "crm/racks", "orders/read"}})
	}
	for i := range people {
		login := fmt.Sprint("somebody-", i)
		p.Users = append(p.Users, api.PolicyUser{Login: login})
		p.Bindings = append(p.Bindings, api.PolicyBinding{User: login, Role: fmt.Sprint("role-", i%200)})
	}
	for from := 0; from < people; from += each {
		part := p
		part.Users, part.Bindings = p.Users[:from+each], p.Bindings[:from+each]
		if _, err := v.Apply(b.Context(), v.Root, api.PolicyRequest{Policy: part}); err != nil {
			b.Fatal(err)
		}
	}
	page := admin.Page{Limit: 200}
	for {
		users, err := v.Users(b.Context(), v.Root, v.T1.ID, store.UserFilter{}, page)
		if err != nil {
			b.Fatal(err)
		}
		for day := range 30 {
			var uses []store.Use
			for _, u := range users.Items {
				uses = append(uses, addsCustomers(u.ID)...)
				uses = append(uses, store.Use{Principal: u.ID, Permission: "orders/read"})
			}
			v.usesOn(v.Clock.Now().Add(-time.Duration(day)*24*time.Hour), uses...)
		}
		if page.Cursor = users.Next; page.Cursor == "" {
			break
		}
	}
	for b.Loop() {
		list, err := v.Findings(b.Context(), v.Root, admin.AdviceFilter{Tenant: v.T1.ID, Kind: api.FindingBroadGrant}, admin.Page{Limit: 200})
		if err != nil || len(list.Items) != 200 || list.Next == "" {
			b.Fatal(len(list.Items), err)
		}
	}
}
