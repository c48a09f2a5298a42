package console

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
)

func TestSignInAndOut(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.browser()
	b.get("/sign-in").want(t, 200).has(t, `autocomplete="current-password"`, `action="/sallyport/sign-in"`)
	got := b.post("/sign-in", "login", "jo", "password", password)
	got.leads(t, "/sallyport/")
	c := got.Cookies()[0]
	if c.Name != cookie || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(c.Value, "sps_") {
		t.Errorf("the cookie is %s", c.Raw)
	}
	if c.MaxAge != int(admin.DefaultSession/time.Second) {
		t.Errorf("the cookie lives for %d s", c.MaxAge)
	}
	b.get("/account").want(t, 200).has(t, "My account", ">jo<")
	b.get("/sign-in").leads(t, "/sallyport/") // he is in already

	before := b.session
	out := b.post("/sign-out")
	out.leads(t, "/sallyport/sign-in?done=out")
	if got := out.Header.Get("Clear-Site-Data"); got != `"cache", "cookies", "storage"` {
		t.Errorf("Clear-Site-Data is %q", got)
	}
	if b.session != "" {
		t.Error("the cookie is still there")
	}
	b.get("/sign-in?done=out").has(t, "You are signed out.")
	b.session = before
	b.get("/").leads(t, "/sallyport/sign-in?done=ended")
	if w.holder(before) == "" {
		t.Error("the session can still be used")
	}
	b.post("/sign-out").leads(t, "/sallyport/sign-in?done=out") // nothing to end is no fault
}

// Whoever tries logins learns nothing of which exist.
func TestSignInRefused(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	gone := w.user("gone", "Gone")
	if _, err := w.node.Admin.DeactivateUser(t.Context(), system, w.tenant.ID, gone.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, try := range [][2]string{{"jo", "not-it"}, {"no", password}, {"gone", password}} {
		b := w.browser()
		got := b.post("/sign-in", "login", try[0], "password", try[1], "next", "/sallyport/sessions").want(t, 401).
			has(t, "The login or the password is wrong, or the account cannot be used.", `role="alert"`, `value="`+try[0]+`"`, `value="/sallyport/sessions"`).hasNot(t, try[1])
		if got.Header.Get("Www-Authenticate") == "" || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("headers: %s", got.Header)
		}
		// What a passkey is asked is drawn anew for each page.
		text := regexp.MustCompile(`(?:name="passkey_ticket" value|data-[a-z]+)="[^"]*"`).ReplaceAllString(got.text, "")
		bodies = append(bodies, strings.ReplaceAll(text, `value="`+try[0]+`"`, ""))
	}
	if bodies[0] != bodies[1] || bodies[1] != bodies[2] {
		t.Errorf("the answers differ:\n%s", strings.Join(bodies, "\n------\n"))
	}
	w.browser().post("/sign-in", "login", "", "password", "").want(t, 422).
		has(t, "Enter your login.", "Enter your password.", `aria-describedby="login-fault"`, `id="password-fault"`)
}

func TestSignInThrottled(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.browser()
	status := 0
	for range 30 {
		got := b.post("/sign-in", "login", "jo", "password", "wrong")
		if status = got.StatusCode; status == 429 {
			got.has(t, "Too many attempts failed.", `value="jo"`)
			if got.Header.Get("Retry-After") == "" {
				t.Error("it does not say how long to wait")
			}
			break
		}
	}
	if status != 429 {
		t.Errorf("30 wrong passwords end with status %d", status)
	}
}

// A session that somebody else put into the browser dies at the sign-in.
func TestFixation(t *testing.T) {
	w := newWorld(t)
	w.user("mallory", "Mallory")
	w.user("jo", "Jo")
	planted := w.signedIn("mallory").session
	b := w.browser()
	b.session = planted
	b.post("/sign-in", "login", "jo", "password", password).leads(t, "/sallyport/")
	if b.session == planted {
		t.Fatal("the session is the one from before")
	}
	if w.holder(planted) == "" {
		t.Error("the session from before goes on")
	}
	b.get("/account").has(t, ">jo<")
}

func TestSessionLimits(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	w.clock.Advance(admin.DefaultIdle + time.Minute)
	if _, err := w.node.Doors.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get("/sessions?x=1").leads(t, "/sallyport/sign-in?done=ended&next="+url.QueryEscape("/sallyport/sessions?x=1"))
	b.post("/tokens/new", "name", "late").leads(t, "/sallyport/sign-in?done=ended")
	b.get("/sign-in?done=ended").has(t, "Your session has ended.")
	// What is over by its limits is not listed among those that can be ended.
	w.signedIn("jo").get("/sessions").want(t, 200).has(t, "this one").hasNot(t, `/end"`)
}

func TestOwnPath(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/sallyport/", "/sallyport/sessions", "/sallyport/tokens/new?name=ci&scopes=orders/look"} {
		if got := ownPath(good); got != good {
			t.Errorf("ownPath(%q) = %q", good, got)
		}
	}
	for _, bad := range []string{
		"", "/", "/orders", "//evil.test/sallyport/", "https://evil.test/sallyport/", "/sallyport//evil.test", `/sallyport/\evil.test`,
		"/sallyport/../orders", "/sallyport/%2e%2e/orders", "/sallyport/a\r\nSet-Cookie: x=y", "javascript:alert(1)",
		"/sallyport/s%65ssions", "/sallyport/api/v1/me", "/sallyport/sign-in", "/sallyport/sign-out", "/sallyportx/", "\t/sallyport/",
	} {
		if got := ownPath(bad); got != "" {
			t.Errorf("ownPath(%q) = %q", bad, got)
		}
	}
}

func TestNext(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.browser()
	b.get("/tokens/new?name=ci").leads(t, "/sallyport/sign-in?next="+url.QueryEscape("/sallyport/tokens/new?name=ci"))
	b.get("/sign-in?next="+url.QueryEscape("/sallyport/sessions")).has(t, `name="next" value="/sallyport/sessions"`)
	b.get("/sign-in?next="+url.QueryEscape("//evil.test/")).hasNot(t, "evil.test")
	b.post("/sign-in", "login", "jo", "password", password, "next", "https://evil.test/").leads(t, "/sallyport/")
	b.post("/sign-in", "login", "jo", "password", password, "next", "/sallyport/sessions").leads(t, "/sallyport/sessions")
}

// Every page but the sign-in is closed to who has no session, also those that
// somebody adds and forgets to think of.
func TestClosed(t *testing.T) {
	w := newWorld(t)
	user := w.user("jo", "Jo", "sallyport/users.read")
	b := w.signedIn("jo")
	_, personal := b.made("name", "ci", "reach", "all")
	open := 0
	for _, rt := range routes() {
		if rt.access == anybody {
			open++
			continue
		}
		path := strings.NewReplacer("{$}", "", "{token}", "x", "{tenant}", string(w.tenant.ID), "{session}", "x", "{signin}", "x").Replace(rt.path)
		var form url.Values
		if rt.method == "POST" {
			form = url.Values{}
		}
		for _, s := range []string{"", "sps_wrong", personal, `"` + b.session + `"`, b.session + "x", b.session + "; " + cookie + "=x"} {
			stranger := &browser{w: w, session: s}
			got := stranger.do(rt.method, path, form)
			if got.StatusCode != 303 && got.StatusCode != 400 || strings.Contains(got.text, string(user.ID)) {
				t.Errorf("%s %s with the cookie %q: status %d\n%s", rt.method, path, s, got.StatusCode, got.text)
			}
		}
		program := &browser{w: w, header: http.Header{"Authorization": {"Bearer " + personal}}, session: b.session}
		if got := program.do(rt.method, path, form).want(t, 401); got.Header.Get("Set-Cookie") != "" || got.Header.Get("Www-Authenticate") == "" {
			t.Errorf("%s %s with a token: %s", rt.method, path, got.Header)
		}
	}
	if open != 9 {
		t.Errorf("%d routes are open to anybody, want 9", open)
	}
}

// What a form of another site asks for does not happen.
func TestCrossSite(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	for i, h := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}},
		{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://other.sallyport.test"}},
		{"Sec-Fetch-Site": nil, "Origin": {"https://evil.test"}},
		{"Sec-Fetch-Site": nil, "Origin": {"null"}},
		{"Sec-Fetch-Site": nil, "Origin": {"http://sallyport.test"}},
		{"Sec-Fetch-Site": nil, "Origin": {"https://sallyport.test:8443"}},
		{"Sec-Fetch-Site": nil, "Origin": nil},
		{"Sec-Fetch-Site": nil, "Origin": nil, "Referer": {"https://evil.test/"}},
		{"Content-Type": {"text/plain"}},
		{"Content-Type": {"multipart/form-data; boundary=x"}},
		{"Content-Type": nil},
	} {
		b.header = h
		for path, form := range map[string][]string{
			"/tokens/new":      {"name", "stolen", "reach", "all", "expires", "30"},
			"/sign-out":        nil,
			"/sessions/others": nil,
			"/password":        {"present", password, "password", another, "again", another},
			"/sign-in":         {"login", "jo", "password", password},
		} {
			before := b.session
			got := b.post(path, form...)
			if got.StatusCode != 403 && got.StatusCode != 400 {
				t.Errorf("case %d, %s: status %d", i, path, got.StatusCode)
			}
			if b.session != before || got.Header.Get("Set-Cookie") != "" {
				t.Fatalf("case %d, %s: the session has changed", i, path)
			}
		}
	}
	b.header = nil
	b.get("/account?show=all").want(t, 200).hasNot(t, "stolen")
	b.header = http.Header{"Sec-Fetch-Site": nil} // an older browser, on our own page
	b.made("name", "mine", "reach", "all")
}

func TestPassword(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b, elsewhere := w.signedIn("jo"), w.signedIn("jo")
	_, secret := b.made("name", "nightly backup", "reach", "all")
	b.get("/password").want(t, 200).has(t, "Every other session", "Your tokens go on working")
	for _, try := range []struct{ current, password, again, fault string }{
		{"wrong", another, another, "This is not your present password."},
		{"", another, another, "Enter your present password."},
		{password, "", "", "Choose a new password."},
		{password, another, "different", "Type both again."},
		{password, "short", "short", "fault"},
		{password, password, password, "the new password is the present one"},
	} {
		got := b.post("/password", "present", try.current, "password", try.password, "again", try.again).want(t, 422).has(t, `class="fault"`)
		if !strings.Contains(strings.ToLower(got.text), strings.ToLower(try.fault)) {
			t.Errorf("%+v: %s", try, got.text)
		}
		for _, typed := range []string{password, another} {
			got.hasNot(t, typed)
		}
	}
	before := b.session
	b.post("/password", "present", password, "password", another, "again", another).leads(t, "/sallyport/account?done=password")
	for what, old := range map[string]string{"this session": before, "the other session": elsewhere.session} {
		if w.holder(old) == "" {
			t.Errorf("%s of before the change goes on", what)
		}
	}
	if reason := w.holder(secret); reason != "" {
		t.Errorf("the token ended as well: %s", reason)
	}
	b.get("/account?done=password").want(t, 200).has(t, "Your password is changed,")
	w.browser().post("/sign-in", "login", "jo", "password", password).want(t, 401)
	w.browser().post("/sign-in", "login", "jo", "password", another).leads(t, "/sallyport/")
}

// Guesses of the present password count like those at the sign-in.
func TestPasswordThrottled(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	for range 30 {
		got := b.post("/password", "present", "wrong", "password", another, "again", another)
		if got.StatusCode == 429 {
			got.has(t, "Too many attempts failed.", `id="present"`)
			w.browser().post("/sign-in", "login", "jo", "password", "wrong").want(t, 429)
			return
		}
	}
	t.Error("30 guesses of the present password were let through")
}

func TestMustChange(t *testing.T) {
	w := newWorld(t)
	user := w.user("jo", "Jo")
	if err := w.node.Admin.SetPassword(t.Context(), system, w.tenant.ID, user.ID, another, false); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.post("/sign-in", "login", "jo", "password", another).leads(t, "/sallyport/")
	for _, path := range []string{"/", "/sessions", "/tokens/new"} {
		b.get(path).leads(t, "/sallyport/password")
	}
	b.post("/tokens/new", "name", "early", "reach", "all", "expires", "30").leads(t, "/sallyport/password")
	b.get("/password").want(t, 200).has(t, "was set by somebody else").hasNot(t, `href="/sallyport/sessions"`)
	b.post("/password", "present", another, "password", password, "again", password).leads(t, "/sallyport/account?done=password")
	b.get("/account").want(t, 200).has(t, "You have no tokens in use.")
}

// When nothing can be decided, nobody is told to sign in again.
func TestStoreUnavailable(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	if err := w.node.Store.Close(); err != nil {
		t.Fatal(err)
	}
	got := b.get("/account").want(t, 503).has(t, "request id", "This passes by itself")
	if got.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	w.browser().post("/sign-in", "login", "other", "password", password).want(t, 503).has(t, `value="other"`)
}

func TestSessions(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b, second, third := w.signedIn("jo"), w.signedIn("jo"), w.signedIn("jo")
	got := b.get("/sessions").want(t, 200).has(t, "this one", "Firefox on Linux", "192.0.2.1", "No program is signed in")
	if n := strings.Count(got.text, `/end"`); n != 2 {
		t.Errorf("%d sessions can be ended, want 2", n)
	}
	b.post("/sessions/"+string(w.sessionOf(second))+"/end").leads(t, "/sallyport/sessions?done=session")
	if w.holder(second.session) == "" || w.holder(third.session) != "" {
		t.Error("not exactly the one session has ended")
	}
	b.get("/sessions/others").want(t, 200).has(t, "End all other sessions?", "Firefox on Linux")
	b.post("/sessions/others").leads(t, "/sallyport/sessions?done=others")
	if w.holder(third.session) == "" || w.holder(b.session) != "" {
		t.Error("not exactly the other sessions have ended")
	}
	b.get("/sessions?done=others").want(t, 200).has(t, "have ended").hasNot(t, `/end"`)
	b.get("/sessions/others").want(t, 200).has(t, "There is no other session.")
	b.post("/sessions/"+string(w.sessionOf(b))+"/end").leads(t, "/sallyport/sign-in?done=out") // his own
}

// Nobody ends the session of somebody else without the right to.
func TestSessionsOfOthers(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	w.user("mallory", "Mallory")
	victim, b := w.signedIn("jo"), w.signedIn("mallory")
	b.post("/sessions/"+string(w.sessionOf(victim))+"/end").want(t, 403).has(t, "sallyport/sessions.revoke")
	b.post("/sign-ins/"+string(w.sessionOf(victim))+"/end").want(t, 404)
	if w.holder(victim.session) != "" {
		t.Error("the session has ended")
	}
}

// sessionOf returns the id of the session that a browser has.
func (w *world) sessionOf(b *browser) sallyport.CredentialID {
	w.t.Helper()
	h, reason := w.node.Doors.Holder(w.t.Context(), doors.Shown{Secret: b.session, Inspected: true})
	if reason != "" {
		w.t.Fatalf("the session of a browser: %s", reason)
	}
	return sallyport.CredentialID(fmt.Sprint(h.Credential))
}

func TestCodedFormsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.user("ann", "Ann")
	b := w.browser()
	b.header = http.Header{"Content-Encoding": {"gzip"}}
	b.post("/sign-in", "login", "ann", "password", password).want(t, http.StatusBadRequest)
	b.header = http.Header{"Content-Encoding": {"identity"}}
	b.post("/sign-in", "login", "ann", "password", password).want(t, http.StatusSeeOther)
}
