package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

func TestCreateToken(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	b := w.signedIn("jo")
	b.get("/account").want(t, 200).has(t, "You have no tokens in use.", `href="/sallyport/tokens/new"`)
	form := b.get("/tokens/new").want(t, 200).has(t, "Look at orders", `value="orders/look"`, `value="sallyport/self"`, `min="2030-05-02"`)
	once := form.part(t, oncePattern)
	send := []string{
		"name", " nightly backup ", "reach", "some", "scope", "orders/look", "expires", "7", "networks", "192.0.2.7\r\n10.0.0.0/8", "once", once,
	}
	got := b.post("/tokens/new", send...).want(t, 201).has(t,
		"will not be shown again", "curl --header &#39;Authorization: Bearer spp_", "X-Tenant-Id: "+string(w.tenant.ID), site+"/orders/list",
	)
	if got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page with the secret is kept: %s", got.Header)
	}
	id, secret := got.part(t, tokenPattern), got.part(t, secretPattern)
	h, reason := w.node.Doors.Holder(t.Context(), shown(secret))
	if reason != "" || len(h.Scopes) != 1 || h.Scopes[0] != "orders/look" || !h.Expires.Equal(w.clock.Now().Add(7*24*time.Hour)) {
		t.Errorf("the token is %+v, %s", h, reason)
	}

	// The form, sent again, makes nothing and shows nothing.
	again := b.post("/tokens/new", send...).want(t, 201).has(t, "The form was sent twice.", id)
	pages := []answer{again, b.get("/tokens/" + id), b.get("/tokens/" + id + "/edit"), b.get("/account"), b.get("/tokens/" + id + "/refresh")}
	for _, page := range pages {
		page.hasNot(t, secret)
	}
	pages[1].want(t, 200).has(t, "nightly backup", "orders/look", "192.0.2.7/32", "10.0.0.0/8", "in 7 days", "never").hasNot(t, "Refreshed", "Secrets")
	pages[3].has(t, "nightly backup", "in 7 days", ">active<")
	if n := strings.Count(pages[3].text, ">nightly backup<"); n != 1 {
		t.Errorf("there are %d tokens", n)
	}
}

// A form that is refused comes back as it was typed.
func TestCreateTokenFaults(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	b := w.signedIn("jo")
	for name, try := range map[string]struct {
		send  []string
		field string
	}{
		"no name":         {[]string{"name", "  ", "reach", "all", "expires", "7"}, "name"},
		"long name":       {[]string{"name", strings.Repeat("x", 101), "reach", "all", "expires", "7"}, "name"},
		"control":         {[]string{"name", "a\nb", "reach", "all", "expires", "7"}, "name"},
		"turned":          {[]string{"name", "a\u202eb", "reach", "all", "expires", "7"}, "name"},
		"no reach":        {[]string{"name", "x", "expires", "7"}, "reach"},
		"no scope":        {[]string{"name", "x", "reach", "some", "expires", "7"}, "scopes"},
		"made-up scope":   {[]string{"name", "x", "reach", "some", "scope", "orders/all", "expires", "7"}, "scopes"},
		"made-up tenant":  {[]string{"name", "x", "reach", "all", "tenant", "nobody", "expires", "7"}, ""},
		"no expiry":       {[]string{"name", "x", "reach", "all"}, "expires"},
		"odd expiry":      {[]string{"name", "x", "reach", "all", "expires", "8"}, "expires"},
		"keep what":       {[]string{"name", "x", "reach", "all", "expires", "keep"}, "expires"},
		"no date":         {[]string{"name", "x", "reach", "all", "expires", "date", "date", "tomorrow"}, "date"},
		"a day gone by":   {[]string{"name", "x", "reach", "all", "expires", "date", "date", "2030-04-30"}, "date"},
		"no network":      {[]string{"name", "x", "reach", "all", "expires", "7", "networks", "localhost"}, "networks"},
		"host bits":       {[]string{"name", "x", "reach", "all", "expires", "7", "networks", "10.0.0.1/8"}, "networks"},
		"zone":            {[]string{"name", "x", "reach", "all", "expires", "7", "networks", "fe80::1%eth0"}, "networks"},
		"IPv4 as IPv6":    {[]string{"name", "x", "reach", "all", "expires", "7", "networks", "::ffff:10.0.0.0/104"}, "networks"},
		"a hostile field": {[]string{"name", "", "reach", "all", "expires", "7", "networks", `</textarea><script>alert(1)</script>`}, "networks"},
	} {
		got := b.post("/tokens/new", append(try.send, "scope", "orders/look")[:len(try.send)]...).want(t, 422).hasNot(t, "spp_", "<script>")
		if try.field != "" && !strings.Contains(got.text, `id="`+try.field+`-fault"`) {
			t.Errorf("%s: there is no fault at %s:\n%s", name, try.field, got.text)
		}
	}
	b.post("/tokens/new", "name", "typed", "reach", "some", "scope", "orders/look", "expires", "date", "date", "2029-01-01", "networks", "10.0.0.0/8").
		want(t, 422).has(t, `value="typed"`, `value="orders/look" checked`, `value="some" checked`, `value="date" selected`, `value="2029-01-01"`, ">10.0.0.0/8</textarea>")
	b.get("/account?show=all").has(t, "You have no tokens")
}

// A tenant can bound how long tokens live; the form says so where the expiry is.
func TestTokenPolicy(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo", "sallyport/users.read")
	_, err := w.node.Admin.UpdateTenant(t.Context(), system, w.tenant.ID, w.tenant.Version, admin.TenantChange{
		Policy: &sallyport.TenantPolicy{TokenMaxAge: 10 * 24 * time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := w.signedIn("jo")
	b.post("/tokens/new", "name", "x", "reach", "all", "expires", "30").want(t, 422).has(t, `id="expires-fault"`, "240h")
	id, _ := b.made("name", "x", "reach", "all", "expires", "7")
	if id == "" {
		t.Error("no token")
	}
}

// A link can fill the form, and does no more than that.
func TestPrefilled(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	b := w.signedIn("jo")
	b.get("/tokens/new?name=ci&scopes=orders/look,sallyport/self&expires=90").want(t, 200).
		has(t, `value="ci"`, `value="orders/look" checked`, `value="sallyport/self" checked`, `value="90" selected`)
	b.get("/tokens/new?expires=2030-12-31").want(t, 200).has(t, `value="date" selected`, `value="2030-12-31"`)
	b.get("/tokens/new?scopes=nosuch&expires=never&name="+url.QueryEscape(`"><script>`)).want(t, 200).
		has(t, `id="scopes-fault"`, `id="expires-fault"`, `value="30" selected`).hasNot(t, "nosuch", "<script>")
	b.get("/account").has(t, "You have no tokens in use.")
}

func TestEditToken(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	b := w.signedIn("jo")
	id, secret := b.made("name", "before", "reach", "some", "scope", "orders/look", "scope", "sallyport/self", "networks", "10.0.0.0/8")
	at := "/tokens/" + id
	form := b.get(at+"/edit").want(t, 200).has(t, `value="before"`, `value="orders/look" checked`, `value="keep" selected`, ">10.0.0.0/8</textarea>")
	version := form.part(t, versionPattern)
	b.post(at+"/edit", "version", version, "name", "after", "reach", "some", "scope", "orders/look", "expires", "keep").leads(t, "/sallyport"+at+"?done=updated")
	b.get(at+"?done=updated").want(t, 200).has(t, "It was changed.", "after", "in 30 days", "anywhere").hasNot(t, "sallyport/self", "10.0.0.0/8")
	if reason := w.holder(secret); reason != "" {
		t.Errorf("the secret does not work any more: %s", reason)
	}
	// Somebody else was faster: nothing is overwritten unseen.
	got := b.post(at+"/edit", "version", version, "name", "again", "reach", "all", "expires", "90").want(t, 412).
		has(t, "was changed by somebody else", `value="again"`)
	b.post(at+"/edit", "version", got.part(t, versionPattern), "name", "again", "reach", "all", "expires", "90").leads(t, "/sallyport"+at+"?done=updated")
	b.get(at).has(t, "All that its owner may", "in 90 days")
	b.post(at+"/edit", "version", "99", "name", "", "reach", "some", "expires", "keep").want(t, 422).has(t, `id="name-fault"`, `id="scopes-fault"`)
	b.post(at+"/edit", "name", "no version", "reach", "all", "expires", "keep").want(t, 428)
	b.post(at+"/edit", "version", "-1", "name", "any version", "reach", "all", "expires", "keep").want(t, 428)
}

func TestRefreshToken(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	id, first := b.made("name", "ci", "reach", "all")
	at := "/tokens/" + id
	b.get(at+"/refresh").want(t, 200).has(t, "was never used", `value="none" checked`)
	if reason := w.holder(first); reason != "" {
		t.Fatal(reason)
	}
	if err := w.node.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := b.get(at+"/refresh").want(t, 200).has(t, "it was used once,", `value="day" checked`)
	version := ask.part(t, versionPattern)
	b.post(at+"/refresh", "version", version).want(t, 422).has(t, `id="overlap-fault"`)
	got := b.post(at+"/refresh", "version", version, "overlap", "day").want(t, 200).has(t, "The old secret works for some time more", "in 24 hours")
	second := got.part(t, secretPattern)
	if w.holder(first) != "" || w.holder(second) != "" {
		t.Error("during the overlap both secrets work")
	}
	b.get(at).want(t, 200).has(t, "Two secrets", ">new<", ">old<", "Nobody has used the old secret", "the old one has 24 hours of 24 hours left").hasNot(t, first, second)
	// Sent again, from the history, it changes nothing.
	b.post(at+"/refresh", "version", version, "overlap", "none").want(t, 412).hasNot(t, "spp_0")
	if w.holder(second) != "" {
		t.Error("the form from the history took effect")
	}
	got = b.post(at+"/refresh", "version", b.get(at+"/refresh").part(t, versionPattern), "overlap", "none").want(t, 200)
	third := got.part(t, secretPattern)
	if w.holder(second) == "" || w.holder(third) != "" {
		t.Error("without an overlap the old secret ends at once")
	}
}

func TestRevokeToken(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	id, secret := b.made("name", "ci", "reach", "all")
	at := "/tokens/" + id
	ask := b.get(at+"/revoke").want(t, 200).has(t, "Revoke ci?", "was never used", "cannot be undone")
	if reason := w.holder(secret); reason != "" {
		t.Fatalf("to ask has ended it: %s", reason)
	}
	if err := w.node.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get(at+"/revoke").has(t, "stops working at once", "It was used once, just now.")
	b.post(at+"/revoke", "version", "7").want(t, 412).has(t, "was changed by somebody else")
	b.post(at+"/revoke", "version", ask.part(t, versionPattern)).leads(t, "/sallyport/account?done=revoked")
	if w.holder(secret) == "" {
		t.Error("the token can still be used")
	}
	b.get("/account?done=revoked").want(t, 200).has(t, "The token is revoked.", "You have no tokens in use.")
	b.get("/account?show=all").want(t, 200).has(t, ">ci<", ">revoked<").hasNot(t, at+"/edit")
	b.get(at).want(t, 200).hasNot(t, at+"/edit", at+"/refresh")
	b.get(at+"/revoke").want(t, 200).has(t, "revoked already").hasNot(t, "<button class=\"danger\"")
}

func TestExpiredToken(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	id, _ := w.signedIn("jo").made("name", "ci", "reach", "all", "expires", "7")
	w.clock.Advance(10 * 24 * time.Hour)
	if _, err := w.node.Doors.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := w.signedIn("jo")
	b.get("/tokens/"+id).want(t, 200).has(t, ">expired<", "3 days ago").hasNot(t, "Refresh the secret")
	version := b.get("/tokens/"+id+"/refresh").part(t, versionPattern)
	b.post("/tokens/"+id+"/refresh", "version", version, "overlap", "none").want(t, 409).has(t, "It has expired")
}

// What is somebody else's is not there, but for who administers it: he may end it,
// and not use it.
func TestTokensOfOthers(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	w.user("root", "Root", "*")
	w.user("mallory", "Mallory")
	w.user("reader", "Reader", admin.TokensRead)
	id, secret := w.signedIn("jo").made("name", "hers", "reach", "all")
	at := "/tokens/" + id
	form := []string{"version", "1", "overlap", "none", "name", "mine", "reach", "all", "expires", "keep", "share", "50", "for", "1"}
	for login, sees := range map[string]int{"root": 200, "mallory": 404, "reader": 200} {
		b := w.signedIn(login)
		b.get(at).want(t, sees).hasNot(t, at+"/edit", at+"/refresh")
		for _, path := range []string{"/edit", "/refresh"} {
			b.get(at+path).want(t, 404).hasNot(t, "hers")
			if got := b.post(at+path, form...); got.StatusCode < 400 {
				t.Errorf("%s may %s: status %d", login, path, got.StatusCode)
			}
		}
		if login != "root" {
			b.get(at+"/brownout").want(t, 404)
			b.get(at+"/routes").want(t, 404)
			for _, path := range []string{"/revoke", "/brownout", "/brownout/end", "/overlap"} {
				if got := b.post(at+path, form...); got.StatusCode < 400 {
					t.Errorf("%s may %s: status %d", login, path, got.StatusCode)
				}
			}
		}
		b.get("/account?show=all").hasNot(t, "hers")
	}
	if reason := w.holder(secret); reason != "" {
		t.Errorf("the token has ended: %s", reason)
	}
	w.signedIn("reader").get(at).want(t, 200).has(t, "hers", ">jo<").hasNot(t, "What it can do", "Last requests", at+"/revoke")
	root := w.signedIn("root")
	root.get(at).want(t, 200).has(t, "hers", ">jo<", "What it can do", at+"/revoke", at+"/brownout", "Last requests")
	version := root.get(at+"/revoke").want(t, 200).part(t, versionPattern)
	if got := root.post(at+"/revoke", "version", version).want(t, 303); !strings.HasSuffix(got.Header.Get("Location"), "?done=revoked") {
		t.Errorf("it leads to %s", got.Header.Get("Location"))
	}
	if w.holder(secret) == "" {
		t.Error("the token can still be used")
	}
	if got := w.signedIn("jo").get("/tokens/nonsense"); got.StatusCode != http.StatusNotFound {
		t.Errorf("a token that cannot be: status %d", got.StatusCode)
	}
}

// A command that is copied into a shell does what it says, whatever is in it.
func TestQuoted(t *testing.T) {
	t.Parallel()
	if got := quoted(`a'; rm -rf $HOME; echo '`); got != `'a'\''; rm -rf $HOME; echo '\'''` {
		t.Error(got)
	}
}
