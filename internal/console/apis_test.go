package console

import (
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

// shop mounts an API that has a bit of everything.
func (w *world) shop() {
	w.t.Helper()
	_, err := w.node.Admin.CreateAPI(w.t.Context(), system, sallyport.API{
		Name: "shop", Title: hostile, BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1/behind", BodyLimit: -1, StripBasePath: true},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierHeader, Name: "X-Key", Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}},
			{In: sallyport.CarrierQuery, Name: "key", Refused: true},
		},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant", Required: true},
		Permissions: []sallyport.PermissionSpec{{Name: "see"}, {Name: "sell", Title: hostile}, {Name: "count"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "window", Permissions: []string{"see"}}, {Name: "till"}},
		Routes: []sallyport.Route{
			{ID: "door", Methods: []string{"GET"}, Path: "/door", Public: true},
			{ID: "me", Methods: []string{"GET"}, Path: "/me", Authenticated: true},
			{ID: "see", Title: hostile, Methods: []string{"GET"}, Path: "/things/{id}", AnyOf: []string{"see", "count"}},
			{ID: "sell", Methods: []string{"POST"}, Path: "/things/{id}", AllOf: []string{"see", "sell"}, ByKind: []sallyport.KindNeed{
				{Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}, AnyOf: []string{"count"}}, {Kinds: []sallyport.CredentialKind{sallyport.APIKey}},
			}},
		},
	})
	if err != nil {
		w.t.Fatalf("mounting an API: %v", err)
	}
}

// reader makes somebody who sees all APIs, and holds permissions in the world's
// tenant.
func (w *world) reader(login string, permissions ...sallyport.Permission) *browser {
	w.t.Helper()
	user := w.user(login, login, permissions...)
	role, err := w.node.Admin.CreateRole(w.t.Context(), system, sallyport.EveryTenant, admin.NewRole{
		Name: "sees APIs, as " + login, Permissions: []sallyport.Permission{admin.APIsRead},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.node.Admin.CreateBinding(w.t.Context(), system, sallyport.EveryTenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: role.ID,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.signedIn(login)
}

// The pages about APIs are well made, with hostile text in them as well, and
// tell what the documents say.
func TestAPIPages(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.shop()
	b := w.boss()
	for _, path := range []string{
		"/apis", "/apis?search=nothing-like-this", "/apis/shop", "/apis/orders", "/apis/sallyport", "/apis/shop/permissions", "/apis/sallyport/permissions",
		"/apis/shop/routes", "/apis/shop/routes?show=not", "/apis/sallyport/routes", "/apis/shop/route?id=see", "/apis/shop/route?id=door", "/apis/orders/route?id=list",
	} {
		got := b.get(path).want(t, 200).hasNot(t, "<img src=x", "onerror=alert(1)>", "<nil>", "%!", "ZgotmplZ")
		for _, fault := range wellMade(got.text) {
			t.Errorf("%s: %s\n%s", path, fault, got.text)
		}
		if fault := guarded(got.Header); fault != "" {
			t.Errorf("%s: %s", path, fault)
		}
		if len(got.text) > 40_000 {
			t.Errorf("%s: %d bytes", path, len(got.text))
		}
	}
	b.get("/apis").has(t, "Orders", ">/orders<", "https://sallyport.test/orders", "standard", html.EscapeString(hostile), "/sallyport/apis/shop")
	b.get("/apis?search=ORDER").has(t, "/sallyport/apis/orders").hasNot(t, "/sallyport/apis/shop")
	b.get("/apis?search=nothing-like-this").has(t, "No API fits.")
	b.get("/apis/shop").has(t, "http://127.0.0.1:1/behind", "no limit", "is cut off", "X-Key", "personal token", "refused there",
		"in the header X-Tenant, without which a request is refused", "The dialect has no settings.")
	b.get("/apis/shop/permissions").has(t, "shop/see", "shop/till", "what its routes need", "/who-can?permission=shop%2fsell")
	for _, path := range []string{"/apis/none", "/apis/none/routes", "/apis/none/permissions", "/apis/shop/route", "/apis/shop/route?id=none", "/apis/none/route?id=see"} {
		b.get(path).want(t, 404)
	}
}

// The page of an API says whether its upstream answers.
func TestUpstreamHealth(t *testing.T) {
	w := newWorld(t)
	w.shop()
	up := httptest.NewServer(http.NotFoundHandler())
	defer up.Close()
	_, err := w.node.Admin.CreateAPI(t.Context(), system, sallyport.API{
		Name: "alive", BasePath: "/alive", Upstream: sallyport.Upstream{URL: up.URL}, Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: "/", Public: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := w.boss()
	b.get("/apis/shop").want(t, 200).has(t, `class="badge silent"`, "Nothing listens at 127.0.0.1:1.")
	b.get("/apis/alive").want(t, 200).has(t, `class="badge answers"`, "in 1ms")
	b.get("/apis/sallyport").want(t, 200).hasNot(t, `class="badge answers"`, `class="badge silent"`)
}

// Who may not see the APIs is told what the management API would tell him, also
// where he holds the permission in one tenant alone.
func TestAPIsRefused(t *testing.T) {
	w := newWorld(t)
	w.shop()
	w.user("jo", "Jo", "shop/see")
	w.user("ann", "Ann", admin.APIsRead)
	for _, login := range []string{"jo", "ann"} {
		b := w.signedIn(login)
		for _, path := range []string{"/apis/shop", "/apis/shop/permissions", "/apis/shop/routes", "/apis/shop/route?id=see", "/apis/none"} {
			b.get(path).want(t, 403).hasNot(t, "127.0.0.1:1", "/things/")
		}
	}
	w.signedIn("jo").get("/apis").want(t, 200).has(t, "/sallyport/apis/shop/explore").hasNot(t, `"/sallyport/apis/shop"`, "127.0.0.1:1")
}

// Each route says whether the visitor may call it where he looks, and what he
// lacks.
func TestAPIRoutes(t *testing.T) {
	w := newWorld(t)
	w.shop()
	other, err := w.node.Admin.CreateTenant(t.Context(), system, admin.NewTenant{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	b := w.reader("ann", "shop/see")
	row := func(page answer, id string) string {
		t.Helper()
		_, rest, found := strings.Cut(page.text, "/route?id="+id+"&amp;")
		if !found {
			return ""
		}
		text, _, _ := strings.Cut(rest, "</tr>")
		return text
	}
	const lacks = `class="small">Missing:`
	here := b.get("/apis/shop/routes").want(t, 200).has(t, "4 routes fit.")
	for id, want := range map[string]string{"door": "", "me": "", "see": "", "sell": lacks + " <code>shop/sell</code><"} {
		got := row(here, id)
		if may := strings.Contains(got, "badge allowed"); got == "" || may != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", id, got, want)
		}
	}
	there := b.get("/apis/shop/routes?tenant="+string(other.ID)).want(t, 200)
	for id, want := range map[string]string{
		"door": "", "me": "", "see": lacks + " one of <code>shop/see</code>, <code>shop/count</code><", "sell": lacks + " <code>shop/see</code>, <code>shop/sell</code><",
	} {
		got := row(there, id)
		if may := strings.Contains(got, "badge allowed"); got == "" || may != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s elsewhere: %s, want %q", id, got, want)
		}
	}
	for query, want := range map[string]string{"show=not": "sell", "show=may": "door me see", "path=THINGS": "see sell", "path=things&show=not": "sell", "path=zz": ""} {
		page := b.get("/apis/shop/routes?"+query).want(t, 200)
		var got []string
		for _, id := range []string{"door", "me", "see", "sell"} {
			if row(page, id) != "" {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	b.get("/apis/shop/routes?path=zz").has(t, "No route fits.")
	b.get("/apis/shop/routes?tenant=00000000-0000-0000-0000-000000000000").want(t, 404)
	b.get("/apis/shop/route?id=sell").has(t, "May I call it in acme?", lacks, "shop/sell", "With personal token", "one of shop/count, besides", "With API key", "not at all").hasNot(t, "who-can")
}

// An API that is out of use lets nobody in, whatever he holds, and one without
// routes says so.
func TestAPIOutOfUse(t *testing.T) {
	w := newWorld(t)
	_, err := w.node.Admin.CreateAPI(t.Context(), system, sallyport.API{
		Name: "old", BasePath: "/old", Disabled: true, Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Routes: []sallyport.Route{{ID: "all", Methods: []string{"GET"}, Path: "/all", Public: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.node.Admin.CreateAPI(t.Context(), system, sallyport.API{Name: "bare", BasePath: "/bare", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	b := w.boss()
	b.get("/apis").has(t, "out of use")
	b.get("/apis/old").has(t, "Every request to it is refused.")
	b.get("/apis/old/routes").has(t, "badge refused", "The API is out of use.").hasNot(t, "badge allowed")
	b.get("/apis/bare/routes").has(t, "The API has no routes.")
	b.get("/apis/bare/permissions").has(t, "The API declares no permissions.", "The API declares no scopes.")
}

func TestCurl(t *testing.T) {
	w := newWorld(t)
	token := []sallyport.Accept{{In: sallyport.CarrierBearer}}
	v := &visit{Console: w.console, self: &admin.Self{Principal: sallyport.Principal{Login: "o'hara"}}}
	for _, c := range []struct {
		name   string
		accept []sallyport.Accept
		doc    sallyport.API
		route  policy.Route
		want   string
	}{
		{
			"a token", token,
			sallyport.API{BasePath: "/a"},
			policy.Route{Methods: []string{"GET"}, Path: "/x/{id}/{rest...}"},
			`curl|--header 'Authorization: Bearer '"$TOKEN"|'https://sallyport.test/a/x/ID/REST'`,
		},
		{
			"nothing", token,
			sallyport.API{BasePath: "/"},
			policy.Route{Methods: []string{"DELETE"}, Path: "/x", Public: true, Host: "h.test"},
			`curl --request 'DELETE'|'https://h.test/x'`,
		},
		{
			"a tenant in the path", token,
			sallyport.API{BasePath: "/a"},
			policy.Route{Methods: []string{"*"}, Path: "/{t}", Tenant: &sallyport.Selector{From: "path", Name: "t"}},
			`curl|--header 'Authorization: Bearer '"$TOKEN"|'https://sallyport.test/a/T1'`,
		},
		{
			"a hostile header",
			[]sallyport.Accept{{In: sallyport.CarrierHeader, Name: "X-'`id`"}},
			sallyport.API{BasePath: "/a"},
			policy.Route{Methods: []string{"HEAD"}, Path: "/"},
			`curl --head|--header 'X-'\''` + "`id`" + `: '"$TOKEN"|'https://sallyport.test/a/'`,
		},
		{
			"a password",
			[]sallyport.Accept{{In: sallyport.CarrierBasic}},
			sallyport.API{BasePath: "/a"},
			policy.Route{Methods: []string{"GET"}, Path: "/x"},
			`curl|--user 'o'\''hara'|'https://sallyport.test/a/x'`,
		},
		{
			"a parameter in a form",
			[]sallyport.Accept{{In: sallyport.CarrierQuery, Name: "auth_token"}},
			sallyport.API{BasePath: "/a"},
			policy.Route{Methods: []string{"POST"}, Path: "/x", Parameter: &sallyport.Parameter{In: "form", Name: "json", Field: "op", Value: "get"}},
			`curl|--data-urlencode 'json={"op":"get"}'|'https://sallyport.test/a/x?auth_token='"$TOKEN"`,
		},
		{
			"a parameter in the query, and a realm", token,
			sallyport.API{BasePath: "/a"},
			policy.Route{
				Methods: []string{"PUT"}, Path: "/x", Parameter: &sallyport.Parameter{In: "query", Name: "op", Value: "a b"},
				Realm: &sallyport.Selector{From: "header", Name: "Realm", Required: true}, Tenant: &sallyport.Selector{From: "query", Name: "tenant"},
			},
			`curl --request 'PUT'|--header 'Authorization: Bearer '"$TOKEN"|--header 'Realm: REALM'|'https://sallyport.test/a/x?op=a+b&tenant=T1'`,
		},
		{"a cookie", []sallyport.Accept{{In: sallyport.CarrierCookie, Name: "s"}}, sallyport.API{BasePath: "/a"}, policy.Route{Methods: []string{"GET"}, Path: "/x"}, ``},
	} {
		c.route.API = &policy.API{Document: &c.doc, Accept: c.accept}
		lines, _ := v.curl(&c.route, "T1")
		if got := strings.Join(lines, "|"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// What a document can say has a text.
func TestAPITexts(t *testing.T) {
	t.Parallel()
	texts := english(t)
	for part, names := range map[string]string{
		"carrier.":     "basic bearer header query form cookie",
		"credential.":  "password session personal_token application_token api_key access_token refresh_token",
		"selector.":    "fixed required default header path query claim dialect",
		"api.explain.": "none code full",
		"api.stale.":   "deny serve",
		"api.on.":      "strip host http2 forward",
		"api.view.":    "about routes permissions explore",
		"api.why.":     "disabled scopes",
		"state.":       "active waiting disabled",
	} {
		for name := range strings.FieldsSeq(names) {
			if !texts.has(part + name) {
				t.Errorf("there is no text %s%s", part, name)
			}
		}
	}
}

// TestAPIThatLearns: the pages of an API that lets everything through say so, until
// when it does, and those of others do not.
func TestAPIThatLearns(t *testing.T) {
	w := newWorld(t)
	from := w.clock.Now()
	for name, learn := range map[sallyport.APIName]sallyport.LearnSpec{
		"fresh": {From: from.Add(-time.Hour), Until: from.Add(3 * time.Hour)},
		"over":  {From: from.Add(-2 * time.Hour), Until: from.Add(-time.Hour)},
	} {
		api := sallyport.API{Name: name, BasePath: "/" + string(name), Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}, Learn: learn}
		if _, err := w.node.Admin.CreateAPI(t.Context(), system, api); err != nil {
			t.Fatal(err)
		}
	}
	b := w.boss()
	for _, page := range []string{"", "/routes", "/permissions"} {
		b.get("/apis/fresh"+page).has(t, "This API learns and enforces nothing:", `<time datetime="`)
		b.get("/apis/over"+page).hasNot(t, "This API learns")
	}
}
