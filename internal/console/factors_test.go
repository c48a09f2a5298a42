package console

import (
	"encoding/base32"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/totp"
)

var (
	shownSecret = regexp.MustCompile(`name="secret" value="([A-Z2-7]+)"`)
	shownURI    = regexp.MustCompile(`name="uri" value="([^"]+)"`)
	shownTicket = regexp.MustCompile(`name="ticket" value="([^"]+)"`)
	activation  = regexp.MustCompile(`action="/sallyport(/factors/[0-9a-f-]+/activate)"`)
	shownCodes  = regexp.MustCompile(`(?m)^(?:.*>)?([a-z2-7]{5}-[a-z2-7]{5})$`)
)

// found returns what a pattern finds in a page.
func found(t testing.TB, a answer, p *regexp.Regexp) string {
	t.Helper()
	m := p.FindStringSubmatch(a.text)
	if m == nil {
		t.Fatalf("no %s in status %d\n%s", p, a.StatusCode, a.text)
	}
	return html.UnescapeString(m[1])
}

func TestSecondFactor(t *testing.T) {
	w := newWorld(t)
	jo := w.user("jo", "Jo")
	b := w.signedIn("jo")
	b.get("/factors").want(t, 200).has(t, "You have none.", "Programs that sign in with your password stop working")

	begun := b.post("/factors", "name", "Phone")
	begun.want(t, 200).has(t, `class="qr"`, `href="otpauth://totp/sallyport.test:jo?`)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(found(t, begun, shownSecret))
	if err != nil {
		t.Fatal(err)
	}
	code := func() string { return totp.Code(secret, totp.StepAt(w.clock.Now())) }
	wrong := b.post(found(t, begun, activation), "code", "12345", "secret", found(t, begun, shownSecret), "uri", found(t, begun, shownURI))
	wrong.want(t, 422).has(t, "The code is wrong", `class="qr"`, found(t, begun, shownSecret))
	codes := b.post(found(t, wrong, activation), "code", code())
	codes.want(t, 200)
	list := shownCodes.FindAllStringSubmatch(codes.text, -1)
	if len(list) != 10 {
		t.Fatalf("%d recovery codes in\n%s", len(list), codes.text)
	}
	b.get("/factors").want(t, 200).has(t, "Phone", "You have 10 recovery codes left.")

	// The next sign-in asks for a code, after the password.
	w.later(t, 30*time.Second)
	c := w.browser()
	c.post("/sign-in", "login", "jo", "password", "wrong").want(t, 401)
	half := c.post("/sign-in", "login", "jo", "password", password, "next", "/sallyport/sessions")
	half.want(t, 200).has(t, `autocomplete="one-time-code"`)
	ticket := found(t, half, shownTicket)
	if c.session != "" || strings.Contains(half.text, string(jo.ID)) {
		t.Error("half a sign-in has a session, or tells who it is of")
	}
	c.post("/sign-in/code", "ticket", ticket, "code", "000000").want(t, 401).has(t, "This code is wrong", shownTicketOf(ticket))
	c.post("/sign-in/code", "ticket", ticket, "code", "").want(t, 422)
	c.post("/sign-in/code", "ticket", altered(ticket), "code", code()).want(t, 401).has(t, "Sign in again")
	c.post("/sign-in/code", "ticket", ticket, "code", code(), "next", "/sallyport/sessions").leads(t, "/sallyport/sessions")
	d := w.browser()
	d.post("/sign-in/code", "ticket", ticket, "code", code()).want(t, 401) // it was used
	d.post("/sign-in/code", "ticket", ticket, "code", list[0][1]).leads(t, "/sallyport/")
	w.later(t, ticketLife+time.Second)
	w.browser().post("/sign-in/code", "ticket", ticket, "code", list[1][1]).want(t, 401).has(t, "That took too long")

	// The first one signed in a while ago: he is asked for both, and then what he
	// wanted is done.
	asked := b.post("/factors/codes")
	asked.want(t, 403).has(t, `name="confirm_to" value="/sallyport/factors/codes"`, `name="confirm_code"`)
	b.post("/confirm", "confirm_to", "/sallyport/factors/codes", "confirm_password", password).want(t, 422)
	b.post("/confirm", "confirm_to", "/sallyport/factors/codes", "confirm_password", "wrong", "confirm_code", code()).want(t, 422)
	on := b.post("/confirm", "confirm_to", "/sallyport/factors/codes", "confirm_password", password, "confirm_code", code())
	if on.StatusCode != 307 || on.Header.Get("Location") != "/sallyport/factors/codes" {
		t.Errorf("confirmed: %d to %q", on.StatusCode, on.Header.Get("Location"))
	}
	b.post("/factors/codes").want(t, 200)

	remove := strings.Replace(found(t, begun, activation), "/activate", "/remove", 1)
	b.get(remove).want(t, 200).has(t, "It is your last one")
	b.post(remove).leads(t, "/sallyport/factors?done=factor-removed")
	w.browser().post("/sign-in", "login", "jo", "password", password).leads(t, "/sallyport/")
}

// altered is a text with another first character.
func altered(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

// shownTicketOf is the field in which a ticket comes back.
func shownTicketOf(ticket string) string { return `name="ticket" value="` + ticket + `"` }

// What was typed into a form that asks for the password goes along.
func TestConfirmKeepsTheForm(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	w.later(t, admin.ConfirmedFor+time.Second)
	const at = "/factors"
	asked := b.post(at, "name", "billing <run>", "scopes", "a", "scopes", "b")
	asked.want(t, 403).has(t, `name="name" value="billing &lt;run&gt;"`, `name="scopes" value="a"`, `name="scopes" value="b"`, `value="/sallyport`+at+`"`)
	b.post("/confirm", "confirm_to", "https://evil.example/", "confirm_password", password).leads(t, "/sallyport/")
}
