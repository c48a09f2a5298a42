package console

import (
	"net/http"
	"regexp"
	"testing"
)

var stampPattern = regexp.MustCompile(`name="stamp" value="([\w-]+)"`)

// A browser that says nothing of where a form comes from is believed by the
// form's stamp, and only by that of its own session.
func TestStamp(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	w.user("eve", "Eve")
	b, eve := w.signedIn("jo"), w.signedIn("eve")
	silent := http.Header{"Sec-Fetch-Site": nil, "Origin": nil}
	stamp := b.get("/tokens/new").part(t, stampPattern)
	others := eve.get("/tokens/new").part(t, stampPattern)
	if stamp == others {
		t.Fatal("two sessions have the same stamp")
	}
	b.header = silent
	for _, wrong := range []string{"", others, stamp[1:], stamp + "A"} {
		b.post("/tokens/new", "name", "stolen", "reach", "all", "expires", "30", "stamp", wrong).want(t, 403)
	}
	b.post("/tokens/new", "name", "mine", "reach", "all", "expires", "30", "stamp", stamp).want(t, 201)
	b.header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": nil}
	b.post("/tokens/new", "name", "stolen", "reach", "all", "expires", "30", "stamp", stamp).want(t, 403)
	anybody := w.browser()
	anybody.header = silent
	anybody.post("/sign-in", "login", "jo", "password", password, "stamp", stamp).want(t, 403)
}

// Each form that changes something has a stamp, and no other does.
func TestStamped(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	for _, path := range []string{"/account", "/sessions", "/password", "/tokens/new"} {
		page := b.get(path).want(t, 200).text
		forms := len(regexp.MustCompile(`<form method="post"[^>]*>`).FindAllString(page, -1))
		stamped := len(regexp.MustCompile(`<form method="post"[^>]*><input type="hidden" name="stamp" value="[\w-]{43}">`).FindAllString(page, -1))
		other := len(regexp.MustCompile(`<form`).FindAllString(page, -1)) - forms
		if forms == 0 || forms != stamped || other != 0 {
			t.Errorf("%s: %d forms, %d with a stamp, %d others", path, forms, stamped, other)
		}
	}
	if got := w.browser().get("/sign-in"); stampPattern.MatchString(got.text) {
		t.Error("there is a stamp for nobody")
	}
}
