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
	"github.com/sallyport/sallyport/internal/store"
)

// learned is an installation with an API that learns and what was asked of it.
func learned(t *testing.T) *advised {
	t.Helper()
	v := newAdvised(t)
	fresh := sallyport.API{
		Name: "fresh", BasePath: "/fresh", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Learn: sallyport.LearnSpec{From: v.Clock.Now(), Until: v.Clock.Now().Add(time.Hour)},
	}
	if _, err := v.ApplyAPIs(t.Context(), v.Root, []sallyport.API{fresh}); err != nil {
		t.Fatal(err)
	}
	return v
}

// saw writes down that somebody asked for something: "METHOD PATH" each.
func (v *advised) saw(who sallyport.User, asked ...string) {
	v.t.Helper()
	var list []store.Lesson
	for _, a := range asked {
		method, path, _ := strings.Cut(a, " ")
		l := store.Lesson{
			LessonKey: store.LessonKey{API: "fresh", Path: path, Method: method, Principal: who.ID, Tenant: who.Tenant},
			Login:     who.Login, Requests: 2, Answered: 2, First: v.Clock.Now(), Last: v.Clock.Now(),
		}
		if who.ID != "" {
			l.Kind = sallyport.PrincipalService
		}
		if strings.Contains(path, "nothing") {
			l.Absent = 2
		}
		list = append(list, l)
	}
	if _, err := v.Store.Write(context.WithoutCancel(v.t.Context()), func(tx *store.Tx) error { return tx.PutLessons(v.t.Context(), list) }); err != nil {
		v.t.Fatal(err)
	}
}

// proposed tells a policy, a line each thing.
func proposed(p *api.Policy) string {
	var b strings.Builder
	for _, a := range p.APIs {
		for _, r := range a.Routes {
			fmt.Fprintf(&b, "route %s %s: %v\n", strings.Join(r.Methods, ","), r.Path, r.AnyOf)
		}
	}
	for _, r := range p.Roles {
		fmt.Fprintf(&b, "role %s: %v\n", r.Name, r.Permissions)
	}
	for _, x := range p.Bindings {
		fmt.Fprintf(&b, "binding %s%s has %s in %s\n", x.User, x.Key, x.Role, x.Tenant)
	}
	for _, x := range p.Tests {
		fmt.Fprintf(&b, "test %s\n", x.Expect)
	}
	return b.String()
}

// TestProposeLearned makes a policy of what was asked, which can be applied as it
// is: then the same is allowed, and nothing else.
func TestProposeLearned(t *testing.T) {
	t.Parallel()
	v := learned(t)
	ann, bob, cleo := v.user("ann"), v.user("bob"), v.user("cleo")
	v.saw(ann, "GET /racks", "GET /racks/{rack}", "HEAD /racks")
	v.saw(bob, "GET /racks", "GET /api/v1/racks", "GET /nothing/{nothing}")
	v.saw(cleo, "GET /racks", "PUT /racks/{rack}", "DELETE /racks/{rack}", "GET /")
	v.saw(sallyport.User{}, "GET /health", "POST /nothing")
	v.saw(sallyport.User{ID: "others", Tenant: v.T1.ID}, "GET /racks")
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		v.saw(cleo, "GET /users/"+name)
	}
	got, err := v.ProposeLearned(t.Context(), v.Root, "fresh")
	if err != nil {
		t.Fatal(err)
	}
	want := `route GET /: [root.read]
route GET /api/v1/racks: [racks.read]
route GET /health: [health.read]
route GET /racks: [racks.read]
route GET /racks/{rack}: [racks.read]
route DELETE,PUT /racks/{rack}: [racks.write]
route GET /users/{user}: [users.read]
role fresh-editor: [fresh/racks.read fresh/racks.write fresh/root.read fresh/users.read]
role fresh-racks-reader: [fresh/racks.read]
binding ann has fresh-racks-reader in t1
binding bob has fresh-racks-reader in t1
binding cleo has fresh-editor in t1
test ann GET /fresh/racks in t1 -> allow
test ann GET /fresh/racks/1 in t1 -> allow
test bob GET /fresh/api/v1/racks in t1 -> allow
test bob GET /fresh/racks in t1 -> allow
test cleo GET /fresh/ in t1 -> allow
test cleo GET /fresh/racks in t1 -> allow
test cleo DELETE /fresh/racks/1 in t1 -> allow
test cleo GET /fresh/users/1 in t1 -> allow
`
	if text := proposed(&got.Policy); text != want {
		t.Errorf("proposed\n%swant\n%s", text, want)
	}
	notes := []string{
		"left out: 2 methods and paths to which the upstream always answered that there is no such thing",
		"asked for without a credential, and refused then: GET /health; write public: true where that is right",
	}
	if !slices.Equal(got.Notes, notes) {
		t.Errorf("notes %q, want %q", got.Notes, notes)
	}
	if !got.Policy.APIs[0].Learn.Until.IsZero() {
		t.Error("the API would learn on")
	}
	got.Policy.Tests = append(got.Policy.Tests,
		api.PolicyTest{Expect: "ann DELETE /fresh/racks/1 in t1 -> 403 permission_missing"},
		api.PolicyTest{Expect: "- GET /fresh/health -> 401 credential_missing"},
		api.PolicyTest{Expect: "cleo GET /fresh/other in t1 -> 404 route_unknown"},
	)
	plan, err := v.Apply(t.Context(), v.Root, api.PolicyRequest{Policy: got.Policy, Adopt: true})
	if err != nil || !plan.Applied || plan.Failed > 0 {
		t.Errorf("Apply = %+v, %v", plan, err)
	}
	if _, err := v.ProposeLearned(t.Context(), v.Root, "fresh"); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("when it has routes: %v", err)
	}
}

// TestProposeLearnedFromMany: when hardly two use the same, there is a role for
// each resource.
func TestProposeLearnedFromMany(t *testing.T) {
	t.Parallel()
	v := learned(t)
	resources := []string{"racks", "rooms", "users", "cables"}
	for i := range 15 {
		u := v.user(fmt.Sprintf("u%d", i))
		for bit, r := range resources {
			if i&(1<<bit) != 0 || i == 0 && bit == 0 {
				v.saw(u, "GET /"+r)
			}
		}
	}
	got, err := v.ProposeLearned(t.Context(), v.Root, "fresh")
	if err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, r := range got.Policy.Roles {
		roles = append(roles, r.Name)
	}
	if want := []string{"fresh-cables-reader", "fresh-racks-reader", "fresh-rooms-reader", "fresh-users-reader"}; !slices.Equal(roles, want) {
		t.Errorf("roles %q, want %q", roles, want)
	}
	plan, err := v.Plan(t.Context(), v.Root, api.PolicyRequest{Policy: got.Policy, Adopt: true})
	if err != nil || plan.Failed > 0 {
		t.Errorf("Plan = %+v, %v", plan, err)
	}
}

// TestLearnedPages: what was learned is told by method and path, page by page, and
// goes with the API.
func TestLearnedPages(t *testing.T) {
	t.Parallel()
	v := learned(t)
	ann, bob := v.user("ann"), v.user("bob")
	v.saw(ann, "GET /racks", "POST /racks", "GET /rooms")
	v.saw(bob, "GET /racks")
	v.saw(sallyport.User{}, "GET ") // what could not be told apart
	var routes []string
	for page := (admin.Page{Limit: 2}); ; {
		got, err := v.Learned(t.Context(), v.Root, "fresh", page)
		if err != nil || !got.Learning || got.Requests != 10 || got.Untold != 2 {
			t.Fatalf("Learned = %+v, %v", got, err)
		}
		for _, r := range got.Items {
			routes = append(routes, fmt.Sprintf("%s %s %d %d", r.Method, r.Path, r.Requests, len(r.Callers)))
		}
		if page.Cursor = got.Next; got.Next == "" {
			break
		}
	}
	if want := []string{"GET /racks 4 2", "POST /racks 2 1", "GET /rooms 2 1"}; !slices.Equal(routes, want) {
		t.Errorf("routes %q, want %q", routes, want)
	}
	v.Clock.Advance(2 * time.Hour)
	if got, err := v.Learned(t.Context(), v.Root, "fresh", admin.Page{}); err != nil || got.Learning || len(got.Items) != 3 {
		t.Errorf("when the time is over: %+v, %v", got, err)
	}
	if err := v.DeleteAPI(t.Context(), v.Root, "fresh", admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if list, err := v.Store.Lessons(t.Context(), "fresh"); err != nil || len(list) != 0 {
		t.Errorf("when the API is gone: %+v, %v", list, err)
	}
}
