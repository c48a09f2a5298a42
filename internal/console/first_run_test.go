package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/admin"
)

func (w *world) firstRunCode() string {
	w.t.Helper()
	code, err := w.node.Admin.BeginFirstRun(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return code.Reveal()
}

// Every page leads to the first run until there is an administrator, and the
// first run away from then on.
func TestFirstRun(t *testing.T) {
	w := emptyWorld(t)
	code := w.firstRunCode()
	w.user("jo", "Jo") // is no administrator
	b := w.browser()
	for _, path := range []string{"", "/", "/sign-in", "/account", "/access/x/users", "/sign-in?next=/sallyport/account"} {
		b.get(path).leads(t, FirstRunPage)
	}
	b.post("/sign-in", "login", "jo", "password", password).leads(t, FirstRunPage)
	if b.session != "" {
		t.Error("somebody signed in to an installation without an administrator")
	}
	asset := strings.TrimPrefix(w.console.assets.style, Base)
	b.get(asset).want(t, 200)

	form := b.get("/first-run").want(t, 200).has(t, `autocomplete="new-password"`, "nobody can administer this installation yet")
	for _, fault := range append(wellMade(form.text), guarded(form.Header)) {
		if fault != "" {
			t.Error(fault)
		}
	}
	send := func(b *browser, pairs ...string) answer {
		values := map[string]string{"code": code, "login": "boss", "name": "The Boss", "password": password, "again": password}
		for i := 0; i < len(pairs); i += 2 {
			values[pairs[i]] = pairs[i+1]
		}
		var all []string
		for name, value := range values {
			all = append(all, name, value)
		}
		return b.post("/first-run", all...)
	}
	for name, tt := range map[string]struct {
		change []string
		says   string
	}{
		"no code":              {[]string{"code", ""}, "Enter the code from the log."},
		"a wrong code":         {[]string{"code", "aaaa-bbbb-cccc-dddd"}, "This is not the code"},
		"a code beyond bounds": {[]string{"code", strings.Repeat("a", 5000)}, "This is not the code"},
		"no login":             {[]string{"login", ""}, "Choose a login."},
		"a login that is none": {[]string{"login", " "}, `id="login-fault"`},
		"no password":          {[]string{"password", ""}, "Choose a password."},
		"a short password":     {[]string{"password", "short", "again", "short"}, `id="password-fault"`},
		"two passwords":        {[]string{"again", another}, "This is not the same"},
	} {
		got := send(b, tt.change...).want(t, 422).has(t, tt.says, `value="The Boss"`).hasNot(t, password)
		if faults := wellMade(got.text); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
	foreign := w.browser()
	foreign.header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}}
	send(foreign).want(t, 403)

	send(b, "code", strings.ToUpper(strings.ReplaceAll(code, "-", " "))).leads(t, Base+startPath)
	if b.session == "" {
		t.Fatal("the first administrator is not signed in")
	}
	b.get("/start").want(t, 200)
	b.get("/first-run").leads(t, Base+"/sign-in")
	send(w.browser(), "login", "other").leads(t, Base+"/sign-in")
	w.signedIn("boss").get("/access").want(t, 200)
	w.browser().get("/account").leads(t, Base+"/sign-in?next=%2Fsallyport%2Faccount")
}

// The administrator may come from elsewhere; then the page is gone at once.
func TestFirstRunIsOverAfterInit(t *testing.T) {
	w := emptyWorld(t)
	code := w.firstRunCode()
	if _, err := w.node.Admin.FirstAdministrator(t.Context(), system, admin.NewUser{Login: "root"}); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.post("/first-run", "code", code, "login", "boss", "password", password, "again", password).leads(t, Base+"/sign-in")
	b.get("/sign-in").want(t, 200)
	if w.firstRunCode() != "" {
		t.Error("there is a code for an installation with an administrator")
	}
}

func TestFirstRunCodeEnds(t *testing.T) {
	w := emptyWorld(t)
	code := w.firstRunCode()
	w.later(t, admin.FirstRunLife)
	b := w.browser()
	b.post("/first-run", "code", code, "login", "boss", "password", password, "again", password).
		want(t, 422).has(t, "No code is good any more")
	code = w.firstRunCode()
	w.later(t, admin.FirstRunLife-time.Second)
	b.post("/first-run", "code", code, "login", "boss", "password", password, "again", password).leads(t, Base+startPath)
}
