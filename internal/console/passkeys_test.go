package console

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/passkey/passkeytest"
	"github.com/sallyport/sallyport/internal/store"
)

var (
	shownQuestion = regexp.MustCompile(`data-question="([^"]+)"`)
	shownAsk      = regexp.MustCompile(`name="passkey_ticket" value="([^"]+)"`)
	passkeyMade   = regexp.MustCompile(`action="/sallyport(/factors/[0-9a-f-]+/passkey)"`)
)

// regressions counts what the audit trail tells of passkeys whose counter stood.
func (w *world) regressions() int {
	w.t.Helper()
	rows, _, err := w.node.Store.EveryAudit(w.t.Context(), store.AuditFilter{Action: "passkey.regressed"}, store.Page{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(rows)
}

// withPasskey signs somebody in, and makes a passkey for him on a device.
func (w *world) withPasskey(login string) (*browser, *passkeytest.Device, []string) {
	w.t.Helper()
	b := w.signedIn(login)
	b.get("/factors").want(w.t, 200).has(w.t, "Add a passkey")
	device := passkeytest.New(w.t, site, "sallyport.test")
	device.Counter = 1
	asked := b.post("/factors/passkeys", "name", "Laptop").want(w.t, 200).has(w.t, `data-passkey="make"`, w.console.assets.passkey)
	codes := b.post(found(w.t, asked, passkeyMade), "passkey_answer", device.Make(found(w.t, asked, shownQuestion))).want(w.t, 200)
	var list []string
	for _, m := range shownCodes.FindAllStringSubmatch(codes.text, -1) {
		list = append(list, m[1])
	}
	if len(list) != 10 {
		w.t.Fatalf("%d recovery codes in\n%s", len(list), codes.text)
	}
	w.later(w.t, time.Second)
	return b, device, list
}

// signs answers the question of a page, with the next number of the device.
func (a answer) signs(t testing.TB, d *passkeytest.Device) []string {
	t.Helper()
	d.Counter++
	return []string{"passkey_ticket", found(t, a, shownAsk), "passkey_answer", d.Sign(found(t, a, shownQuestion))}
}

// A passkey is the second half of a sign-in.
func TestPasskeyAfterPassword(t *testing.T) {
	w := newWorld(t)
	jo := w.user("jo", "Jo")
	w.user("di", "Di")
	_, device, codes := w.withPasskey("jo")
	half := func() answer {
		return w.browser().post("/sign-in", "login", "jo", "password", password, "next", "/sallyport/sessions").
			want(t, 200).has(t, `data-passkey="get"`, `autocomplete="one-time-code"`).hasNot(t, string(jo.ID))
	}
	page := half()
	for _, fault := range wellMade(page.text) {
		t.Error(fault)
	}
	form := append([]string{"ticket", found(t, page, shownTicket), "next", "/sallyport/sessions"}, page.signs(t, device)...)
	b := w.browser()
	b.post("/sign-in/code", form...).leads(t, "/sallyport/sessions")
	b.get("/sessions").want(t, 200)
	w.browser().post("/sign-in/code", form...).want(t, 401).has(t, "The passkey does not do") // it was answered

	old := half()
	w.later(t, authn.QuestionLife-time.Second)
	fresh := half()
	mixed := append([]string{"ticket", found(t, fresh, shownTicket)}, old.signs(t, device)...)
	w.browser().post("/sign-in/code", mixed[:4:4]...).want(t, 422)
	w.later(t, 2*time.Second)
	w.browser().post("/sign-in/code", mixed...).want(t, 401) // it was open for too long

	stands := half()
	device.Counter = 1
	w.browser().post("/sign-in/code", append([]string{"ticket", found(t, stands, shownTicket)}, stands.signs(t, device)...)...).want(t, 401)
	if n := w.regressions(); n != 1 {
		t.Errorf("%d entries of a counter that did not grow, want 1", n)
	}
	device.Counter = 50
	elsewhere := w.browser().get("/sign-in").want(t, 200)
	stolen := half()
	w.browser().post("/sign-in/code", append([]string{"ticket", found(t, stolen, shownTicket)}, elsewhere.signs(t, device)...)...).want(t, 401) // of another place
	w.browser().post("/sign-in/code", "ticket", found(t, stolen, shownTicket), "code", codes[0]).leads(t, home)

	// A lost device: the passkey is removed, and the password alone does again.
	last := w.browser()
	last.post("/sign-in/code", "ticket", found(t, stolen, shownTicket), "code", codes[1]).leads(t, home)
	list := last.get("/factors").want(t, 200).has(t, "Laptop", "passkey", "You have 8 recovery codes left.")
	one := found(t, list, regexp.MustCompile(`href="/sallyport(/factors/[0-9a-f-]+)/remove"`))
	last.get(one+"/name").want(t, 200).has(t, `value="Laptop"`)
	last.post(one+"/name", "name", " ").want(t, 422).has(t, `id="name-fault"`)
	last.post(one+"/name", "name", "Desk").leads(t, Base+"/factors?done=factor-renamed")
	w.signedIn("di").post(one+"/name", "name", "mine").want(t, 404)
	last.get(one+"/remove").want(t, 200).has(t, "Remove Desk?", "It is your last one.")
	last.post(one+"/remove").leads(t, Base+"/factors?done=factor-removed")
	w.signedIn("jo")
}

// A passkey signs in by itself, whoever it belongs to.
func TestPasskeyAlone(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	di := w.user("di", "Di")
	_, device, _ := w.withPasskey("jo")
	page := w.browser().get("/sign-in?next=/sallyport/sessions").want(t, 200).has(t, `action="/sallyport/sign-in/passkey"`)
	form := append([]string{"next", "/sallyport/sessions"}, page.signs(t, device)...)
	b := w.browser()
	b.post("/sign-in/passkey", form...).leads(t, "/sallyport/sessions")
	b.get("/account").want(t, 200).has(t, "jo")
	for name, form := range map[string][]string{
		"a second time":  form,
		"nothing":        nil,
		"no answer":      {"passkey_ticket", found(t, page, shownAsk)},
		"not JSON":       {"passkey_ticket", found(t, page, shownAsk), "passkey_answer", "{"},
		"another page's": {"passkey_ticket", strings.Repeat("A", 60), "passkey_answer", device.Sign(found(t, page, shownQuestion))},
		"a stranger's":   append([]string{}, w.browser().get("/sign-in").signs(t, passkeytest.New(t, site, "sallyport.test"))...),
	} {
		other := w.browser()
		if got := other.post("/sign-in/passkey", form...); got.StatusCode != 401 || other.session != "" {
			t.Errorf("%s: status %d", name, got.StatusCode)
		}
	}
	device.Handle(string(di.ID))
	w.browser().post("/sign-in/passkey", w.browser().get("/sign-in").signs(t, device)...).want(t, 401)
}

// A passkey shows that it is still he who sits there, in this session alone.
func TestPasskeyConfirms(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b, device, _ := w.withPasskey("jo")
	other := w.browser()
	other.post("/sign-in/passkey", other.get("/sign-in").signs(t, device)...).leads(t, home)
	w.later(t, admin.ConfirmedFor+time.Minute)
	asked := b.post("/factors/passkeys", "name", "Second").want(t, 403).has(t, `name="confirm_password"`, `data-passkey="get"`)
	for _, fault := range wellMade(asked.text) {
		t.Error(fault)
	}
	theirs := other.post("/factors/codes").want(t, 403)
	b.post("/confirm", append([]string{"confirm_to", "/sallyport/factors/passkeys"}, theirs.signs(t, device)...)...).
		want(t, 422).has(t, "The passkey does not do")
	form := append([]string{"confirm_to", "/sallyport/factors/passkeys", "name", "Second"}, asked.signs(t, device)...)
	if got := b.post("/confirm", form...).want(t, 307); got.Header.Get("Location") != "/sallyport/factors/passkeys" {
		t.Errorf("it leads to %s", got.Header.Get("Location"))
	}
	making := b.post("/factors/passkeys", "name", "Second").want(t, 200)

	// The question for a new one is good once, in the session that asked for it.
	device2 := passkeytest.New(t, site, "sallyport.test")
	made := device2.Make(found(t, making, shownQuestion))
	device2.Origin = "https://evil.test"
	path := found(t, making, passkeyMade)
	b.post(path, "passkey_answer", device2.Make(found(t, making, shownQuestion))).want(t, 422).has(t, "could not be made")
	b.post(path, "passkey_answer", made).want(t, 404)
	making = b.post("/factors/passkeys", "name", "Second").want(t, 200)
	device2.Origin = site
	b.post(found(t, making, passkeyMade), "passkey_answer", device2.Make(found(t, making, shownQuestion))).
		leads(t, Base+"/factors?done=passkey")
	b.get("/factors").want(t, 200).has(t, "Laptop", "Second")
}

// What is done about passkeys in one session holds in all of them: a question is
// answered in the session that asked it, and what was removed is removed everywhere.
func TestPasskeysInSeveralSessions(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b, device, _ := w.withPasskey("jo")
	other := w.browser()
	other.post("/sign-in/passkey", other.get("/sign-in").signs(t, device)...).leads(t, home)
	other.get("/factors").want(t, 200).has(t, "Laptop")

	second := passkeytest.New(t, site, "sallyport.test")
	making := b.post("/factors/passkeys", "name", "Second").want(t, 200)
	answer := second.Make(found(t, making, shownQuestion))
	other.post(found(t, making, passkeyMade), "passkey_answer", answer).want(t, 422).has(t, "could not be made")
	b.post(found(t, making, passkeyMade), "passkey_answer", answer).want(t, 404) // there can be no second answer
	making = other.post("/factors/passkeys", "name", "Second").want(t, 200)
	other.post(found(t, making, passkeyMade), "passkey_answer", second.Make(found(t, making, shownQuestion))).leads(t, Base+"/factors?done=passkey")
	b.get("/factors").want(t, 200).has(t, "Laptop", "Second")
	w.later(t, time.Second)
	third := w.browser()
	third.post("/sign-in/passkey", third.get("/sign-in").signs(t, second)...).leads(t, home)

	begun := w.browser()
	form := begun.get("/sign-in").signs(t, device) // and while it is on its way
	laptop := found(t, b.get("/factors"), regexp.MustCompile(`href="/sallyport(/factors/[0-9a-f-]+)/remove" aria-label="Remove Laptop"`))
	third.post(laptop+"/remove").leads(t, Base+"/factors?done=factor-removed")
	w.later(t, time.Second)
	begun.post("/sign-in/passkey", form...).want(t, 401)
	b.get("/factors").want(t, 200).has(t, "Second").hasNot(t, "Laptop")
	for _, path := range []string{laptop + "/remove", laptop + "/name"} {
		b.get(path).want(t, 404)
	}
	b.post(laptop+"/remove").want(t, 404)
	b.get("/account").want(t, 200) // the sessions themselves go on
}
