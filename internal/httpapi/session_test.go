package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/httpapi"
	"github.com/sallyport/sallyport/internal/httpapi/httpapitest"
)

const good = `{"login":"Root","password":"` + httpapitest.Password + `"}`

// signIn signs in and returns the cookie's value.
func (w *world) signIn(t *testing.T, body string, header map[string]string) (string, answer) {
	t.Helper()
	got := w.send(t, request{method: http.MethodPost, path: "/session", body: body, header: header})
	if got.status != http.StatusCreated {
		t.Fatalf("sign in: %d %s", got.status, got.body)
	}
	cookies := (&http.Response{Header: got.header}).Cookies()
	if len(cookies) != 1 || cookies[0].Name != httpapi.CookiePlain {
		t.Fatalf("cookies %v", cookies)
	}
	return cookies[0].Value, got
}

// with returns headers of a browser that has a session.
func with(cookie string, more map[string]string) map[string]string {
	h := map[string]string{"Cookie": httpapi.CookiePlain + "=" + cookie}
	maps.Copy(h, more)
	return h
}

var sameOrigin = map[string]string{"Sec-Fetch-Site": "same-origin"}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, got := w.signIn(t, good, nil)
	line := got.header.Get("Set-Cookie")
	for _, attribute := range []string{"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=43200"} {
		if !strings.Contains(line, attribute) {
			t.Errorf("no %s in %q", attribute, line)
		}
	}
	if strings.Contains(line, "Domain") || strings.Contains(got.body, cookie) || got.header.Get("Location") != "" {
		t.Errorf("%q %s", line, got.body)
	}
	var session api.Session
	if err := json.Unmarshal([]byte(got.body), &session); err != nil || session.Login != "root" || session.Kind != sallyport.Session || !session.Current || session.MustChange {
		t.Errorf("%v %+v", err, session)
	}
	me := w.send(t, request{method: http.MethodGet, path: "/me", header: with(cookie, nil)})
	if me.status != http.StatusOK || !strings.Contains(me.body, `"credential_kind":"session"`) {
		t.Errorf("me: %d %s", me.status, me.body)
	}
	list := w.send(t, request{method: http.MethodGet, path: "/me/sessions", header: with(cookie, nil)})
	if !strings.Contains(list.body, `"current":true`) || !strings.Contains(list.body, string(session.ID)) {
		t.Errorf("sessions: %s", list.body)
	}
}

func TestSecureCookie(t *testing.T) {
	t.Parallel()
	w := httpapitest.New(t, httpapitest.Options{Cookie: httpapi.CookieSecure})
	r := httptest.NewRequest(http.MethodPost, base+"/session", strings.NewReader(good))
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	line := rec.Header().Get("Set-Cookie")
	if rec.Code != http.StatusCreated || !strings.HasPrefix(line, "__Host-sp_session=sps_") {
		t.Fatalf("%d %q", rec.Code, line)
	}
	for _, attribute := range []string{"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} {
		if !strings.Contains(line, attribute) {
			t.Errorf("no %s in %q", attribute, line)
		}
	}
	value, _, _ := strings.Cut(strings.TrimPrefix(line, "__Host-sp_session="), ";")
	for cookie, status := range map[string]int{"__Host-sp_session=": 200, "sp_session=": 401} {
		r := httptest.NewRequest(http.MethodGet, base+"/me", nil)
		r.Header.Set("Cookie", cookie+value)
		rec := httptest.NewRecorder()
		if w.Handler.ServeHTTP(rec, r); rec.Code != status {
			t.Errorf("%s: %d, want %d", cookie, rec.Code, status)
		}
	}
}

// Behind a proxy that asks under a name of its own, a page of the public URL may
// sign in. What a browser says of the site comes first.
func TestSignInBehindProxy(t *testing.T) {
	t.Parallel()
	const public = "https://api.example.com"
	w := httpapitest.New(t, httpapitest.Options{URL: public})
	for name, tt := range map[string]struct {
		origin, site string
		want         int
	}{
		"the public URL":   {public, "", http.StatusCreated},
		"another scheme":   {"http://api.example.com", "", http.StatusForbidden},
		"another name":     {"https://evil.example", "", http.StatusForbidden},
		"of another site":  {"https://evil.example", "cross-site", http.StatusForbidden},
		"a name that ends": {public + ".evil.example", "", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodPost, base+"/session", strings.NewReader(good))
		r.Host = "inside.test"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", tt.origin)
		if tt.site != "" {
			r.Header.Set("Sec-Fetch-Site", tt.site)
		}
		rec := httptest.NewRecorder()
		if w.Handler.ServeHTTP(rec, r); rec.Code != tt.want {
			t.Errorf("%s: %d, want %d", name, rec.Code, tt.want)
		}
	}
}

func TestSignInRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := ok(w.client(t, w.Token(w.Root)).Users(w.T1.ID).Create(t.Context(), api.NewUser{Login: "gone", Password: httpapitest.Password}))(t)
	_ = ok(w.client(t, w.Token(w.Root)).Users(w.T1.ID).Deactivate(t.Context(), gone.ID, gone.Version))(t)
	var bodies []string
	for _, body := range []string{
		`{"login":"root","password":"wrong"}`, `{"login":"nobody","password":"wrong"}`, `{"login":"nobody","password":""}`,
		`{"login":"gone","password":"` + httpapitest.Password + `"}`, `{"login":"","password":""}`, `{}`, `{"login":"a:b","password":"x"}`,
	} {
		got := w.send(t, request{method: http.MethodPost, path: "/session", body: body})
		if got.status != http.StatusUnauthorized || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
		for _, c := range got.header.Values("WWW-Authenticate") {
			if strings.HasPrefix(c, "Basic") {
				t.Errorf("a browser would open a window of its own: %s", c)
			}
		}
		bodies = append(bodies, strings.ReplaceAll(got.body, got.RequestID, ""))
	}
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("strangers can tell %s from %s", b, bodies[0])
		}
	}
}

// Somebody else's page can neither sign a browser in nor act with its cookie.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, _ := w.signIn(t, good, sameOrigin)
	for name, header := range map[string]map[string]string{
		"cross-site":        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		"same-site sibling": {"Sec-Fetch-Site": "same-site"},
		"origin alone":      {"Origin": "https://evil.example"},
		"origin null":       {"Origin": "null"},
	} {
		got := w.send(t, request{method: http.MethodPost, path: "/session", body: good, header: header})
		if got.status != http.StatusForbidden || got.Reason != sallyport.OriginForbidden || got.header.Get("Set-Cookie") != "" {
			t.Errorf("sign in, %s: %d %s", name, got.status, got.body)
		}
		for _, q := range []request{
			{method: http.MethodPost, path: "/me/tokens", body: `{"name":"x"}`},
			{method: http.MethodPost, path: "/me/sessions/end-others"},
			{method: http.MethodDelete, path: "/session"},
			{method: http.MethodPatch, path: "/me", body: `{"name":"x"}`},
		} {
			q.header = with(cookie, header)
			if got := w.send(t, q); got.status != http.StatusForbidden || got.Reason != sallyport.OriginForbidden {
				t.Errorf("%s %s, %s: %d %s", q.method, q.path, name, got.status, got.body)
			}
		}
	}
	got := w.send(t, request{method: http.MethodPost, path: "/me/tokens", body: `{"name":"x"}`, header: with(cookie, nil)})
	if got.status != http.StatusForbidden {
		t.Errorf("without any proof: %d %s", got.status, got.body)
	}
	got = w.send(t, request{method: http.MethodPost, path: "/me/tokens", body: `{"name":"x"}`, header: with(cookie, sameOrigin)})
	if got.status != http.StatusCreated {
		t.Errorf("same origin: %d %s", got.status, got.body)
	}
	got = w.send(t, request{method: http.MethodPost, path: "/session", body: good, header: map[string]string{"Content-Type": "text/plain"}})
	if got.status != http.StatusUnsupportedMediaType {
		t.Errorf("a form's content type: %d", got.status)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, _ := w.signIn(t, good, nil)
	got := w.send(t, request{method: http.MethodDelete, path: "/session", header: with(cookie, sameOrigin)})
	if got.status != http.StatusNoContent || got.header.Get("Clear-Site-Data") != `"cache", "cookies", "storage"` || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(cookie, nil)}); got.status != http.StatusUnauthorized {
		t.Errorf("after it: %d %s", got.status, got.body)
	}
	got = w.send(t, request{method: http.MethodDelete, path: "/session", token: w.Token(w.Root)})
	if got.status != http.StatusConflict || got.header.Get("Clear-Site-Data") != "" {
		t.Errorf("with a token: %d %s", got.status, got.body)
	}
}

// A session that a sign-in came with, an attacker's perhaps, is of no use after it.
func TestSignInEndsThePreviousSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.signIn(t, good, nil)
	second, _ := w.signIn(t, good, with(first, sameOrigin))
	if first == second {
		t.Fatal("the session is the same")
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(first, nil)}); got.status != http.StatusUnauthorized {
		t.Errorf("the first session: %d %s", got.status, got.body)
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(second, nil)}); got.status != http.StatusOK {
		t.Errorf("the second session: %d %s", got.status, got.body)
	}
	third, _ := w.signIn(t, good, with("sps_garbage", sameOrigin)) // one that is none does not matter
	if got := w.send(t, request{method: http.MethodPost, path: "/me/sessions/end-others", header: with(third, sameOrigin)}); got.body != `{"ended":1}` {
		t.Errorf("ending the others: %d %s", got.status, got.body)
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(second, nil)}); got.status != http.StatusUnauthorized {
		t.Errorf("the second session: %d %s", got.status, got.body)
	}
}

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, _ := w.signIn(t, good, nil)
	w.Advance(14 * time.Minute)
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(cookie, nil)}); got.status != http.StatusOK {
		t.Errorf("before the idle limit: %d %s", got.status, got.body)
	}
	w.Advance(16 * time.Minute)
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(cookie, nil)}); got.status != http.StatusUnauthorized {
		t.Errorf("after the idle limit: %d %s", got.status, got.body)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, _ := w.signIn(t, good, nil)
	token := w.Token(w.Root)
	change := func(current, next string) answer {
		return w.send(t, request{
			method: http.MethodPost, path: "/me/password", header: with(cookie, sameOrigin),
			body: `{"present":"` + current + `","password":"` + next + `"}`,
		})
	}
	const next = "nine-golden-ladders-sing"
	if got := change("", next); got.status != http.StatusUnprocessableEntity || got.Reason != "invalid" || got.Errors[0].Field != "present" {
		t.Errorf("without the present one: %d %s", got.status, got.body)
	}
	if got := change("wrong", next); got.status != http.StatusUnprocessableEntity || got.Reason != "invalid" || got.Errors[0].Field != "present" {
		t.Errorf("with a wrong one: %d %s", got.status, got.body)
	}
	if got := change(httpapitest.Password, "short"); got.status != http.StatusUnprocessableEntity || got.Errors[0].Field != "password" {
		t.Errorf("with a bad new one: %d %s", got.status, got.body)
	}
	got := change(httpapitest.Password, next)
	if got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	fresh := (&http.Response{Header: got.header}).Cookies()
	if len(fresh) != 1 || fresh[0].Value == cookie {
		t.Fatalf("cookies %v", fresh)
	}
	for name, status := range map[string]int{cookie: 401, fresh[0].Value: 200} {
		if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(name, nil)}); got.status != status {
			t.Errorf("a session: %d, want %d", got.status, status)
		}
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", token: token}); got.status != http.StatusOK {
		t.Errorf("a token from before: %d", got.status)
	}
}

// Guessing the present password is throttled like guessing at the sign-in, and
// from the same budget.
func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	throttled := false
	for i := 0; i < 200 && !throttled; i++ {
		got := w.send(t, request{method: http.MethodPost, path: "/me/password", token: token, body: `{"present":"wrong","password":"nine-golden-ladders-sing"}`})
		throttled = got.status == http.StatusTooManyRequests
		if throttled && got.header.Get("Retry-After") == "" {
			t.Errorf("no Retry-After: %s", got.body)
		}
		if !throttled && got.status != http.StatusUnprocessableEntity {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if !throttled {
		t.Fatal("200 guesses were answered")
	}
	if got := w.send(t, request{method: http.MethodPost, path: "/session", body: good}); got.status != http.StatusTooManyRequests {
		t.Errorf("the sign-in: %d %s", got.status, got.body)
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", token: token}); got.status != http.StatusOK {
		t.Errorf("a good token: %d %s", got.status, got.body)
	}
}

func TestSessionsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cookie, got := w.signIn(t, good, nil)
	var session api.Session
	if err := json.Unmarshal([]byte(got.body), &session); err != nil {
		t.Fatal(err)
	}
	c := w.client(t, w.Token(w.Root))
	list := all(t, c.Sessions(sallyport.EveryTenant).Listing, api.OwnerFilter{Owner: w.Root.ID})
	if len(list) != 1 || list[0].ID != session.ID || list[0].Current {
		t.Errorf("list %+v", list)
	}
	if signIns := all(t, c.SignIns(sallyport.EveryTenant).Listing, api.OwnerFilter{Owner: w.Root.ID}); len(signIns) != 0 {
		t.Errorf("sign-ins %+v", signIns)
	}
	_, stranger := w.Person(w.T1.ID)
	for _, token := range []string{stranger, w.Token(w.User(w.T1.ID, sallyport.Person)), superior(w)} {
		refused(t, w.client(t, token).Me().Sessions().End(t.Context(), session.ID), http.StatusNotFound)
	}
	for range 2 {
		if err := c.Sessions(sallyport.EveryTenant).End(t.Context(), session.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(cookie, nil)}); got.status != http.StatusUnauthorized {
		t.Errorf("the ended session: %d", got.status)
	}
}

// superior returns the token of somebody else who holds everything.
func superior(w *world) string {
	u := w.User(sallyport.EveryTenant, sallyport.Person)
	w.Give(u.ID, sallyport.EveryTenant, "*")
	return w.Token(u)
}

func TestEndOwnSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, got := w.signIn(t, good, nil)
	second, _ := w.signIn(t, good, nil)
	var session api.Session
	if err := json.Unmarshal([]byte(got.body), &session); err != nil {
		t.Fatal(err)
	}
	got = w.send(t, request{method: http.MethodDelete, path: "/me/sessions/" + string(session.ID), header: with(second, sameOrigin)})
	if got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.body)
	}
	for cookie, status := range map[string]int{first: 401, second: 200} {
		if got := w.send(t, request{method: http.MethodGet, path: "/me", header: with(cookie, nil)}); got.status != status {
			t.Errorf("%d, want %d", got.status, status)
		}
	}
}

// A password that somebody else has set opens nothing but its own replacement,
// neither by itself nor through a session that began with it.
func TestPasswordOfAnotherMustBeChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, _ := w.Person(w.T1.ID, "sallyport/users.read")
	const given, own = "nine-golden-ladders-sing", "four-silver-kettles-hum"
	c := w.client(t, w.Token(w.Root))
	if err := c.Users(w.T1.ID).SetPassword(t.Context(), u.ID, api.NewPassword{Password: given}); err != nil {
		t.Fatal(err)
	}
	users := "/tenants/" + string(w.T1.ID) + "/users"
	basic := func(password string) map[string]string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(u.Login, password)
		return map[string]string{"Authorization": r.Header.Get("Authorization")}
	}
	cookie, got := w.signIn(t, `{"login":"`+u.Login+`","password":"`+given+`"}`, nil)
	if !strings.Contains(got.body, `"must_change_password":true`) {
		t.Errorf("the session does not say so: %s", got.body)
	}
	for name, header := range map[string]map[string]string{"password": basic(given), "session": with(cookie, sameOrigin)} {
		for _, q := range []request{
			{method: http.MethodGet, path: users},
			{method: http.MethodGet, path: "/me/tokens"},
			{method: http.MethodGet, path: "/nothing"},
			{method: http.MethodPost, path: "/me/tokens", body: `{"name":"x"}`},
		} {
			q.header = header
			got := w.send(t, q)
			if got.status != http.StatusForbidden || got.Reason != sallyport.PasswordChangeRequired || !strings.Contains(got.Detail, "/me/password") {
				t.Errorf("with the %s: %s %s: %d %s", name, q.method, q.path, got.status, got.body)
			}
		}
		if got := w.send(t, request{method: http.MethodGet, path: "/me", header: header}); got.status != http.StatusOK {
			t.Errorf("with the %s: %d %s", name, got.status, got.body)
		}
	}
	changed := w.send(t, request{
		method: http.MethodPost, path: "/me/password", header: basic(given), body: `{"present":"` + given + `","password":"` + own + `"}`,
	})
	if changed.status != http.StatusNoContent {
		t.Fatalf("%d %s", changed.status, changed.body)
	}
	if got := w.send(t, request{method: http.MethodGet, path: users, header: basic(own)}); got.status != http.StatusOK {
		t.Errorf("with a password of his own: %d %s", got.status, got.body)
	}

	program := w.User(w.T1.ID, sallyport.Service)
	w.Give(program.ID, w.T1.ID, "sallyport/users.read")
	if err := c.Users(w.T1.ID).SetPassword(t.Context(), program.ID, api.NewPassword{Password: given}); err != nil {
		t.Fatal(err)
	}
	u = program
	if got := w.send(t, request{method: http.MethodGet, path: users, header: basic(given)}); got.status != http.StatusOK {
		t.Errorf("a program, which cannot change its password: %d %s", got.status, got.body)
	}
}
