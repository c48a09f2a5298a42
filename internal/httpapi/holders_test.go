package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// Who can is asked by permission or by request, and answered page by page to who
// may see the bindings of the tenant.
func TestWhoCan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jo, token := w.Person(w.T1.ID, "orders/read")
	_, sees := w.Person(w.T1.ID, admin.BindingsRead, admin.UsersRead)
	_, elsewhere := w.Person(w.T2.ID, admin.BindingsRead)
	ask := func(token, query string) answer {
		return w.send(t, request{method: "GET", path: "/who-can?tenant=" + string(w.T1.ID) + "&" + query, token: token})
	}
	for query, want := range map[string]api.WhoCan{
		"permission=orders/read":   {AllOf: []sallyport.Permission{"orders/read"}},
		"method=GET&url=/orders/":  {AnyOf: []sallyport.Permission{"orders/read"}, API: "orders", Route: "GET /"},
		"permission=orders/*":      {AllOf: []sallyport.Permission{"orders/*"}},
		"method=post&url=/orders/": {AnyOf: []sallyport.Permission{"orders/write"}, API: "orders", Route: "POST /"},
	} {
		if strings.HasPrefix(query, "method=post") { // methods are what they are
			if got := ask(sees, query); got.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", query, got.status, got.body)
			}
			continue
		}
		got := decode[api.WhoCan](t, ask(sees, query), http.StatusOK)
		if got.API != want.API || got.Route != want.Route || !slices.Equal(got.AllOf, want.AllOf) || !slices.Equal(got.AnyOf, want.AnyOf) || got.Tenant != w.T1.ID {
			t.Errorf("%s: %+v, want %+v", query, got, want)
		}
		found := slices.ContainsFunc(got.Items, func(h api.Holder) bool {
			return h.Principal == jo.ID && h.Login == jo.Login && len(h.Through) == 1 && h.Tokens == nil
		})
		if found != !strings.Contains(query, "*") {
			t.Errorf("%s: he is among those: %t, %+v", query, found, got.Items)
		}
	}
	one := decode[api.WhoCan](t, ask(sees, "permission=orders/read&limit=1"), http.StatusOK)
	two := decode[api.WhoCan](t, ask(sees, "permission=orders/read&limit=1&cursor="+one.Next), http.StatusOK)
	if len(one.Items) != 1 || len(two.Items) != 1 || one.Items[0].Principal == two.Items[0].Principal || two.Next != "" {
		t.Errorf("two pages: %+v, %+v", one, two)
	}
	for name, tt := range map[string]struct {
		token, query string
		status       int
	}{
		"without the right":     {token, "permission=orders/read", http.StatusForbidden},
		"before the question":   {token, "permission=orders/none", http.StatusForbidden},
		"from another tenant":   {elsewhere, "permission=orders/read", http.StatusNotFound},
		"nothing":               {sees, "", http.StatusBadRequest},
		"both":                  {sees, "permission=orders/read&method=GET&url=/", http.StatusBadRequest},
		"half a request":        {sees, "method=GET", http.StatusBadRequest},
		"not declared":          {sees, "permission=orders/none", http.StatusBadRequest},
		"no such path":          {sees, "method=GET&url=/nothing", http.StatusBadRequest},
		"a path with two sides": {sees, "method=GET&url=/orders/..%252fx", http.StatusBadRequest},
	} {
		if got := ask(tt.token, tt.query); got.status != tt.status {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, tt.status)
		}
	}
}

// What changed is asked for oneself and for others, with the request that is
// asked about, and answered to who may read the trail of the tenant.
func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jo, token := w.Person(w.T1.ID, "orders/read")
	_, reads := w.Person(w.T1.ID, admin.AuditRead)
	_, both := w.Person(w.T1.ID, admin.AuditRead, admin.DecisionsExplain)
	ask := func(token, query string) answer {
		return w.send(t, request{method: "GET", path: "/changes?tenant=" + string(w.T1.ID) + "&" + query, token: token})
	}
	about := fmt.Sprintf("principal=%s&method=GET&url=/orders/", jo.ID)
	got := decode[api.RightsChanges](t, ask(both, about), http.StatusOK)
	if got.Then == nil || got.Now == nil || !got.Now.Allowed || len(got.Items) == 0 || got.Items[0].After == nil || !got.Items[0].After.Allowed ||
		got.Items[0].Action != "binding.create" || got.Items[0].Subject != string(jo.ID) || len(got.Items[0].Gained) != 1 {
		t.Errorf("about somebody: %+v", got)
	}
	if got := decode[api.RightsChanges](t, ask(reads, "method=GET&url=/orders/"), http.StatusOK); got.Now.Reason != sallyport.PermissionMissing {
		t.Errorf("about oneself: %+v", got)
	}
	for name, tt := range map[string]struct {
		token, query string
		status       int
	}{
		"without the right":   {token, "", http.StatusForbidden},
		"about somebody else": {reads, about, http.StatusNotFound},
		"half a request":      {both, "url=/orders/", http.StatusBadRequest},
		"a time that is none": {both, "since=yesterday", http.StatusBadRequest},
		"all of it":           {both, "until=2020-01-01T00:00:00Z", http.StatusOK},
	} {
		if got := ask(tt.token, tt.query); got.status != tt.status {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, tt.status)
		}
	}
}
