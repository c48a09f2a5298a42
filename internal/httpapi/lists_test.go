package httpapi_test

import (
	"iter"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/admin"
)

// A scout notes which paths were asked for.
type scout struct {
	mu    sync.Mutex
	asked map[string]bool
}

// RoundTrip passes the request on.
func (s *scout) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked[r.URL.EscapedPath()] = true
	s.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// listed reads a list at once and a page of one at a time, which must be the
// same.
func listed[T, F any](l client.Listing[T, F], filter F) func(*testing.T) {
	return func(t *testing.T) {
		want := len(all(t, l, filter))
		got, page := 0, api.Page{Limit: 1}
		for {
			list := ok(l.Page(t.Context(), filter, page))(t)
			got += len(list.Items)
			if page.Cursor = list.Next; page.Cursor == "" {
				break
			}
		}
		if got != want {
			t.Errorf("%d items one by one, %d at once", got, want)
		}
	}
}

// yielded returns all that is yielded, which must be without an error.
func yielded[T any](t *testing.T, all iter.Seq2[T, error]) (out []T) {
	for item, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, item)
	}
	return out
}

// Every list of the server is one of the client, and the server takes whatever
// the client asks with.
func TestEveryListOfTheClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, in := t.Context(), w.T1.ID
	jo, _ := w.Person(in, "orders/read")
	group := ok(w.Admin.CreateGroup(ctx, admin.System("test"), in, admin.NewGroup{Name: "night"}))(t)
	seen := &scout{asked: map[string]bool{}}
	c := ok(client.New(w.URL, w.Token(w.Root), client.WithHTTPClient(&http.Client{Transport: seen})))(t)
	if err := c.Groups(in).Add(ctx, group.ID, jo.ID); err != nil {
		t.Fatal(err)
	}
	clear(seen.asked)
	lists := map[string]func(*testing.T){
		"apis":        listed(c.APIs().Listing, struct{}{}),
		"tenants":     listed(c.Tenants().Listing, api.TenantFilter{State: sallyport.Active, Search: "t"}),
		"realms":      listed(c.Realms(in).Listing, struct{}{}),
		"users":       listed(c.Users(in).Listing, api.UserFilter{Kind: sallyport.Person, State: sallyport.Active, Search: "u"}),
		"every user":  listed(c.EveryUser(), api.UserFilter{}),
		"groups":      listed(c.Groups(in).Listing, api.Search{Search: "n"}),
		"members":     listed(c.Groups(in).Members(group.ID), struct{}{}),
		"roles":       listed(c.Roles(in).Listing, api.Search{}),
		"bindings":    listed(c.Bindings(in).Listing, api.BindingFilter{SubjectKind: sallyport.SubjectUser, Subject: string(jo.ID)}),
		"every one":   listed(c.EveryBinding(), api.BindingFilter{}),
		"keys":        listed(c.Keys(in).Listing, api.StateFilter{State: sallyport.Active}),
		"credentials": listed(c.Credentials(in).Listing, api.TokenFilter{Owner: jo.ID, State: sallyport.Active}),
		"sessions":    listed(c.Sessions(in).Listing, api.OwnerFilter{Owner: jo.ID}),
		"sign-ins":    listed(c.SignIns(in).Listing, api.OwnerFilter{Owner: jo.ID}),
		"my tokens":   listed(c.Me().Tokens().Listing, api.StateFilter{}),
		"my sessions": listed(c.Me().Sessions().Listing, struct{}{}),
		"my sign-ins": listed(c.Me().SignIns().Listing, struct{}{}),
		"audit":       listed(c.Audit(in), api.AuditFilter{}),
		"every audit": listed(c.EveryAudit(), api.AuditFilter{Action: "user.create"}),
		"groups of jo": func(t *testing.T) {
			if of := ok(c.Users(in).Groups(t.Context(), jo.ID))(t); len(of) != 1 || of[0].ID != group.ID {
				t.Errorf("groups of jo: %+v", of)
			}
		},
		"applications": listed(c.Applications(in), api.ApplicationFilter{}),
		"findings":     listed(c.Findings(), api.AdviceFilter{Tenant: in}),
		"decisions":    func(t *testing.T) { all(t, c.Decisions(), api.DecisionFilter{}) }, // grows while it is read
		"who can": func(t *testing.T) {
			first, all, err := c.WhoCan(t.Context(), api.WhoCanQuery{Permission: "orders/read", Tenant: in})
			if got := yielded(t, all); err != nil || len(got) != 2 || first.Tenant != in || len(first.AllOf) != 1 {
				t.Errorf("who can: %+v, %+v, %v", first, got, err)
			}
		},
		"changes": func(t *testing.T) {
			first, all, err := c.Changes(t.Context(), api.RightsFilter{Tenant: in, Principal: jo.ID, Method: "GET", URL: "/orders/"})
			if got := yielded(t, all); err != nil || len(got) == 0 || first.Now == nil || !first.Now.Allowed || first.Since.IsZero() {
				t.Errorf("changes: %+v, %+v, %v", first, got, err)
			}
		},
		"shadows": func(t *testing.T) {
			in := api.NewShadow{Policy: api.Policy{Policy: "draft", Tenant: "t1", Realms: []api.PolicyRealm{{Name: "east"}}}}
			for range 3 {
				ok(c.StartShadow(t.Context(), in))(t)
			}
			listed(c.Shadows(), struct{}{})(t)
		},
		"learned": func(t *testing.T) {
			first, all, err := c.APIs().Learned(t.Context(), "orders")
			if got := yielded(t, all); err != nil || len(got) != 0 || first.API != "orders" || first.Learning {
				t.Errorf("learned: %+v, %+v, %v", first, got, err)
			}
		},
		"signing keys": func(t *testing.T) { ok(c.SigningKeys(t.Context()))(t) },
	}
	for name, list := range lists {
		t.Run(name, list)
	}
	asked := map[string]bool{}
	for path := range seen.asked {
		r := ok(http.NewRequestWithContext(ctx, http.MethodGet, path, nil))(t)
		route, _, err := w.router.FindRoute(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		asked[route.Path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(w.document.Paths.Map())) {
		op := w.document.Paths.Value(path).Get
		if op != nil && op.Parameters.GetByInAndName("query", "cursor") != nil && !asked[path] {
			t.Errorf("no list of the client reads %s", path)
		}
	}
}
