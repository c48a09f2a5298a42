package console

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

const hostile = `<img src=x onerror=alert(1)>"'{{7*7}}` + "`${7*7}`"

// Every page is well made, full and empty, and stored text stays text on it.
func TestPages(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("empty", "")
	w.user("full", hostile, "orders/read", "orders/write", "sallyport/users.read", "orders/*")
	other, err := w.node.Admin.CreateTenant(t.Context(), system, admin.NewTenant{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	empty, full := w.signedIn("empty"), w.signedIn("full")
	full.header = http.Header{"User-Agent": {hostile}}
	id, _ := full.made("name", hostile, "reach", "some", "scope", "orders/look", "networks", "10.0.0.0/8")
	full.made("name", "unlimited", "reach", "all", "expires", "policy", "tenant", string(w.tenant.ID))
	second := w.browser()
	second.header = full.header
	second.post("/sign-in", "login", "full", "password", password)

	shared := []string{"/account", "/account?show=all", "/sessions", "/sessions/others", "/password", "/tokens/new", "/nosuch"}
	own := []string{
		"/tokens/" + id, "/tokens/" + id + "/edit", "/tokens/" + id + "/refresh", "/tokens/" + id + "/revoke", "/tokens/" + id + "/brownout", "/tokens/" + id + "/routes", "/account/contact", "/tenants/" + string(w.tenant.ID),
		"/account?done=updated",
	}
	check := func(who *browser, path string) {
		got := who.get(path)
		if got.StatusCode != 200 && path != "/nosuch" {
			t.Errorf("%s: status %d", path, got.StatusCode)
		}
		for _, fault := range wellMade(got.text) {
			t.Errorf("%s: %s\n%s", path, fault, got.text)
		}
		if fault := guarded(got.Header); fault != "" {
			t.Errorf("%s: %s", path, fault)
		}
		if len(got.text) > 60_000 {
			t.Errorf("%s: %d bytes", path, len(got.text))
		}
		got.hasNot(t, "<img src=x", "onerror=alert(1)>", "<nil>", "%!", "ZgotmplZ", "0001")
	}
	check(w.browser(), "/sign-in")
	for _, path := range shared {
		check(empty, path)
	}
	for _, path := range append(shared, own...) {
		check(full, path)
	}
	escaped := html.EscapeString(hostile)
	full.get("/account").has(t, escaped)
	full.get("/tenants/"+string(w.tenant.ID)).has(t, "Change orders", "See orders", "orders/read")
	empty.get("/tenants/"+string(w.tenant.ID)).want(t, 200).has(t, "You hold no permission here.")
	empty.get("/tenants/"+string(other.ID)).want(t, 404).hasNot(t, "other")
	empty.get("/account").has(t, "You have no tokens in use.", "not given")
}

// Every template is one that some page shows, and each is made at least once
// here with nothing in it but what a struct has to begin with.
func TestTemplatesEmpty(t *testing.T) {
	t.Parallel()
	all, err := loadPages(english(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]any{
		"account": &accountPage{frame: frame{Self: &admin.Self{}}}, "fault": &faultPage{}, "password": &passwordPage{frame: frame{Self: &admin.Self{}}},
		"sessions": &sessionsPage{}, "sign_in": &signInPage{}, "tenant": &tenantPage{}, "account_contact": &contactPage{},
		"token_form": &tokenFormPage{}, "secret": &secretPage{}, "refresh": &refreshPage{credentialPage: &credentialPage{}},
		"brownout": &brownoutPage{credentialPage: &credentialPage{}}, "credential_routes": &credentialRoutesPage{credentialPage: &credentialPage{}},
		"credential": &aboutPage{credentialPage: &credentialPage{}, ByDay: &chart{}, Refusals: &chart{}},
		"tenants":    &tenantsPage{}, "tenant_form": &tenantFormPage{}, "users": &usersPage{}, "user": &userPage{}, "user_form": &userFormPage{},
		"user_password": &userPasswordPage{}, "groups": &groupsPage{}, "group": &groupPage{}, "group_form": &groupFormPage{},
		"roles": &rolesPage{}, "role": &rolePage{}, "role_form": &roleFormPage{}, "bindings": &bindingsPage{}, "binding_form": &bindingFormPage{},
		"applications": &applicationsPage{}, "realms": &realmsPage{}, "realm_form": &realmFormPage{}, "keys": &keysPage{}, "key_form": &keyFormPage{},
		"overview": &overviewPage{Whole: true, Expires: true, ByHour: &chart{}, ByReason: &chart{}, Requests: &chart{}, Latency: &chart{}},
		"apis":     &apisPage{}, "api": &apiPage{}, "api_permissions": &apiPermissionsPage{}, "api_routes": &apiRoutesPage{}, "api_route": &apiRoutePage{Row: routeRow{Route: &policy.Route{}}},
		"api_settings": &settingsPage{}, "api_document": &documentPage{}, "api_import": &importPage{Sure: "x"}, "shadows": &shadowsPage{}, "shadow": &shadowPage{}, "shadow_form": &shadowFormPage{}, "explore": &explorePage{}, "explore_call": &explorePage{frame: frame{Self: &admin.Self{}}, Op: &operation{Route: &policy.Route{}}},
		"audit": &auditPage{}, "who": &whoPage{}, "why": &whyPage{}, "decision": &decisionPage{}, "advise": &findingsPage{}, "advice": &advicePage{},
		"sign_in_code": &codePage{}, "confirm_self": &confirmSelfPage{}, "factors": &factorsPage{}, "factor": &factorPage{}, "factor_codes": &codesPage{},
		"passkey": &passkeyPage{}, "factor_name": &factorNamePage{},
		"first_run": &firstRunPage{}, "start": &startPage{}, "start_token": &startTokenPage{}, "start_first": &firstPage{},
		"confirm": &confirmPage{}, "design": &designPage{Columns: &chart{}, Line: &chart{}, Bars: &chart{}, None: &chart{}},
	} {
		var b strings.Builder
		made, err := all[name].read()
		if err == nil {
			err = made.Execute(&b, page)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		delete(all, name)
	}
	for name := range all {
		t.Errorf("%s was not tried", name)
	}
}

var (
	idPattern     = regexp.MustCompile(`\sid="([^"]*)"`)
	refPattern    = regexp.MustCompile(`\s(?:for|aria-labelledby|aria-describedby)="([^"]*)"`)
	fieldPattern  = regexp.MustCompile(`<(?:input|select|textarea)[^>]*>`)
	unsafePattern = regexp.MustCompile(`(?i)<(?:iframe|object|base)|<script(?: [^>]*)?>[^<]|<script>|<[^>]*\s(?:on[a-z]+|style)=`)
	valuePattern  = regexp.MustCompile(`"[^"<>]*"`)
	leavePattern  = regexp.MustCompile(`(?i)\s(?:href|src|action)="(?:[a-z]+:|//|[^/"#])`)
	tagPattern    = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)[^>]*>`)
)

// wellMade lists what is wrong with the HTML of a page.
func wellMade(page string) (faults []string) {
	var ids []string
	for _, m := range idPattern.FindAllStringSubmatch(page, -1) {
		if slices.Contains(ids, m[1]) {
			faults = append(faults, "the id "+m[1]+" is there twice")
		}
		ids = append(ids, m[1])
	}
	for _, m := range refPattern.FindAllStringSubmatch(page, -1) {
		for ref := range strings.FieldsSeq(m[1]) {
			if !slices.Contains(ids, ref) {
				faults = append(faults, "nothing has the id "+ref)
			}
		}
	}
	for _, field := range fieldPattern.FindAllString(page, -1) {
		own := idPattern.FindStringSubmatch(field)
		labelled := own != nil && strings.Contains(page, `for="`+own[1]+`"`)
		inside := strings.Contains(page, `<label class="choice">`+field)
		if !labelled && !inside && !strings.Contains(field, "hidden") && !strings.Contains(field, "aria-label=") {
			faults = append(faults, "there is no label for "+field)
		}
	}
	if found := unsafePattern.FindString(valuePattern.ReplaceAllString(page, `""`)); found != "" {
		faults = append(faults, "there is "+found)
	}
	if found := leavePattern.FindString(page); found != "" {
		faults = append(faults, "there is "+found)
	}
	for _, one := range []string{"<h1", "<main", "<title", "lang=\"en\""} {
		if n := strings.Count(page, one); n != 1 {
			faults = append(faults, fmt.Sprintf("there are %d of %s", n, one))
		}
	}
	return append(faults, balanced(page)...)
}

// balanced lists elements that are not closed where they should be.
func balanced(page string) (faults []string) {
	var open []string
	for _, m := range tagPattern.FindAllStringSubmatch(page, -1) {
		switch name := m[2]; {
		case slices.Contains([]string{"meta", "link", "img", "input", "br", "path", "rect"}, name):
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return []string{"</" + name + "> closes nothing that is open: " + strings.Join(open, " ")}
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		faults = []string{"left open: " + strings.Join(open, " ")}
	}
	return faults
}

func TestWellMade(t *testing.T) {
	t.Parallel()
	good := `<html lang="en"><title>x</title><main><h1>x</h1><label for="a">a</label><input id="a"></main></html>`
	if faults := wellMade(good); len(faults) > 0 {
		t.Errorf("a good page: %v", faults)
	}
	for _, bad := range []string{
		strings.Replace(good, `for="a"`, `for="b"`, 1), strings.Replace(good, `<input id="a">`, `<input id="a"><p id="a"></p>`, 1),
		strings.Replace(good, `id="a"`, `id="a" onfocus="alert(1)"`, 1), strings.Replace(good, "</h1>", "", 1), good + "<script>",
		strings.Replace(good, "<input", `<input style="x"`, 1), strings.Replace(good, `<label for="a">a</label>`, "", 1),
		strings.Replace(good, "</main>", `<a href="javascript:x">x</a></main>`, 1), strings.Replace(good, "</main>", `<a href="//evil.test/">x</a></main>`, 1),
	} {
		if len(wellMade(bad)) == 0 {
			t.Errorf("nothing was found wrong with %s", bad)
		}
	}
}

// guarded says what is wrong with the headers of a private page.
func guarded(h http.Header) string {
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"X-Frame-Options": "DENY", "Strict-Transport-Security": "max-age=31536000",
	} {
		if got := h.Values(name); len(got) != 1 || got[0] != want {
			return fmt.Sprintf("%s: %q, want %q", name, got, want)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, part := range []string{
		"default-src 'none'", "script-src 'self';", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
	} {
		if !strings.Contains(policy, part) {
			return "Content-Security-Policy is without " + part
		}
	}
	if strings.Contains(policy, "unsafe") || h.Get("X-Request-Id") == "" {
		return "an unsafe policy, or no request id"
	}
	return ""
}

func TestReferrerPolicy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, host, want string }{
		{"https", "sallyport.test", "no-referrer"},
		{"http", "127.0.0.1:8080", "no-referrer"},
		{"http", "[::1]:8080", "no-referrer"},
		{"http", "localhost:8080", "no-referrer"},
		{"http", "a.localhost", "no-referrer"},
		{"http", "10.0.0.7:8080", "same-origin"},
		{"http", "sallyport.lan", "same-origin"},
		{"http", "localhost.evil.test", "same-origin"},
		{"http", "", "same-origin"},
	} {
		if got := referrerPolicy(c.scheme, c.host); got != c.want {
			t.Errorf("%s://%s: %s", c.scheme, c.host, got)
		}
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for url, kind := range map[string]string{w.console.assets.style: "text/css; charset=utf-8", w.console.assets.script: "text/javascript; charset=utf-8", w.console.assets.icon: "image/svg+xml"} {
		got := b.get(strings.TrimPrefix(url, Base)).want(t, 200)
		if got.Header.Get("Content-Type") != kind || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s", url, got.Header)
		}
		if len(got.text) > 30_000 {
			t.Errorf("%s: %d bytes", url, len(got.text))
		}
		if strings.Contains(got.text, "http://") && kind != "image/svg+xml" || strings.Contains(got.text, "https://") || strings.Contains(got.text, "@import") {
			t.Errorf("%s leads elsewhere", url)
		}
	}
	for _, path := range []string{"/assets/style.css", "/assets/", "/assets/none.js", "/x.js", "/api.json", "/assets/..%2f..%2fdoc.go"} {
		if got := b.get(path); got.StatusCode != 404 && got.StatusCode != 400 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: status %d, %s", path, got.StatusCode, got.Header.Get("Content-Type"))
		}
	}
}

func TestOddRequests(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	w.browser().get("").leads(t, "/sallyport/")
	b.get("/tokens").leads(t, "/sallyport/account")
	b.get("/").leads(t, "/sallyport/account")
	if got := b.do("DELETE", "/sessions", nil).want(t, 405); got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow: %q", got.Header.Get("Allow"))
	}
	if got := b.do("PUT", "/password", nil).want(t, 405); got.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow: %q", got.Header.Get("Allow"))
	}
	b.post("/sessions").want(t, 405)
	if got := b.do("HEAD", "/account", nil).want(t, 200); got.text != "" {
		t.Errorf("HEAD has the body %q", got.text)
	}
	for _, path := range []string{"/../orders", "/%2e%2e/metrics", "//evil.test", "/a%00b", `/a\b`} {
		b.get(path).want(t, 400)
	}
	b.get("/account?done="+hostile[:4]+"x").want(t, 200).hasNot(t, `class="notice`)
	b.post("/tokens/new", "name", strings.Repeat("x", maxForm)).want(t, 413)
	b.get("/account?tenants=made-up").want(t, 422)
}

// A page that fails inside is a page that says so, without a word of the cause.
func TestFailure(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	delete(w.console.pages["en"], "sessions")
	b.get("/sessions").want(t, 500).has(t, "request id").hasNot(t, "there is no page")
	f := faults{}
	if f.take(errors.New("inside"), "name") || f.take(sallyport.ErrUnavailable(errors.New("inside"))) || f.Any() {
		t.Error("a form tells of what is not its fault")
	}
}

// TestEveryPageCanBeRead: a page is read when it is first shown, which is too late to
// find a fault in it.
func TestEveryPageCanBeRead(t *testing.T) {
	t.Parallel()
	languages, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	for lang, texts := range languages {
		all, err := loadPages(texts)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) < 10 {
			t.Errorf("%s: there are %d pages", lang, len(all))
		}
		for name, p := range all {
			if made, err := p.read(); err != nil || made == nil {
				t.Errorf("%s, %s: %v", lang, name, err)
			}
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	texts := english(t)
	now := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "just now"},
		{-59 * time.Second, "just now"},
		{30 * time.Second, "in less than a minute"},
		{-time.Minute, "1 minute ago"},
		{-59 * time.Minute, "59 minutes ago"},
		{time.Hour, "in 1 hour"},
		{47 * time.Hour, "in 47 hours"},
		{48 * time.Hour, "in 2 days"},
		{-30 * 24 * time.Hour, "30 days ago"},
		{365 * 24 * time.Hour, "1 May 2031"},
		{-365 * 24 * time.Hour, "1 May 2029"},
	} {
		if got := texts.moment(now, now.Add(c.d)); got.Words != c.want || got.Machine == "" {
			t.Errorf("%s: %+v, want %q", c.d, got, c.want)
		}
	}
	if m := texts.moment(now, time.Time{}); m != (moment{}) {
		t.Errorf("no time is %+v", m)
	}
}

func TestAgent(t *testing.T) {
	t.Parallel()
	for via, want := range map[string]string{
		"": "", "curl/8.5.0": "curl/8.5.0", "Go-http-client/1.1": "Go-http-client/1.1", "backup 1.2 (nightly)": "backup",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0":   "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Mobile Safari/537.36":                "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19 Safari/604.1": "Safari on iPhone",
	} {
		if got := agent(via); got != want {
			t.Errorf("agent(%q) = %q, want %q", via, got, want)
		}
	}
}
