package itop_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

const (
	page    = "/itop/pages/exec.php?exec_module=authent-token&exec_page=index.php"
	ajax    = "/itop/pages/exec.php?exec_module=authent-token&exec_page=ajax.php"
	success = `{"result":"ok"}`
	failure = `{"result":"error"}`
)

// A browser is somebody who is signed in to the page.
type browser struct {
	*world
	cookies map[string]string
}

// signIn signs somebody in with the form of the page.
func (w *world) signIn(login string) *browser {
	w.T.Helper()
	b := &browser{w, map[string]string{}}
	r := b.send("POST", page, form("auth_user", login, "auth_pwd", dialecttest.Password))
	if r.Status != 303 || b.cookies["itop_session"] == "" {
		w.T.Fatalf("sign in: %d %s %v", r.Status, r.Body, r.Header)
	}
	return b
}

// send sends a request as a browser does that has a page of the site open, and
// keeps the cookies of the answer. Headers are names and values in turn.
func (b *browser) send(method, target, body string, headers ...string) dialecttest.Reply {
	b.T.Helper()
	headers = append([]string{"Sec-Fetch-Site", "same-origin", "Content-Type", urlencoded}, headers...)
	var cookies []string
	for name, value := range b.cookies {
		cookies = append(cookies, name+"="+value)
	}
	if len(cookies) > 0 {
		headers = append(headers, "Cookie", strings.Join(cookies, "; "))
	}
	r := b.Ask(method, target, body, headers...)
	for _, line := range r.Header["Set-Cookie"] {
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if b.cookies[name] = value; value == "" {
			delete(b.cookies, name)
		}
		for _, want := range []string{"Path=/itop/pages", "HttpOnly", "SameSite=Strict"} {
			if !strings.Contains(attributes, want) {
				b.T.Errorf("the cookie %s lacks %s: %s", name, want, attributes)
			}
		}
	}
	return r
}

func find(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, text)
	}
	return m[1]
}

// add makes a token with the form and returns its id and secret.
func (b *browser) add(t *testing.T, application string, more ...string) (id, secret string) {
	t.Helper()
	r := b.send("POST", ajax+"&operation=EditToken", form("token_id", "0"))
	transaction := find(t, `name="transaction_id" value="([^"]+)"`, r.Body)
	r = b.send("POST", ajax, form(append([]string{"operation", "apply_new", "transaction_id", transaction, "attr_application", application}, more...)...))
	if r.Status != 303 || strings.Contains(r.Body+r.Header.Get("Location"), "auth_token") {
		t.Fatalf("apply_new: %d %s", r.Status, r.Body)
	}
	r = b.send("GET", r.Header.Get("Location"), "")
	secret = find(t, `auth_token=<a>([A-Za-z0-9]{120})</a>`, r.Body)
	id = find(t, `<td>`+regexp.QuoteMeta(application)+`</td>(?s:.*?)name="token_id" value="([^"]+)"`, r.Body)
	return id, secret
}

// TestAccountPage: the page shows who one is and one's tokens; they are made,
// changed, refreshed and deleted there.
func TestAccountPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("joe", w.administrator)
	b := w.signIn("jane")
	r := b.send("GET", page, "")
	for _, want := range []string{"My user", "<dd>jane</dd>", "DemoTenant5", "Administrator", "REST Services User", "My contact", "My personal tokens", "You have none yet"} {
		if !strings.Contains(r.Body, want) {
			t.Errorf("the page lacks %q: %s", want, r.Body)
		}
	}
	id, secret := b.add(t, "scripts", "attr_scope[]", "REST/JSON", "attr_expiration_date", "2030-05-02 12:00:00", "user_id", "17")
	if again := b.send("GET", page, ""); strings.Contains(again.Body, secret) || strings.Contains(again.Body, "auth_token=") ||
		!strings.Contains(again.Body, "<td>REST/JSON</td><td>2030-05-02 12:00:00</td><td>0</td><td>–</td>") {
		t.Errorf("the page after that: %s", again.Body)
	}
	if r := w.call(secret, getPersons); !forwarded(r) || !strings.Contains(r.Body, "\njane ") {
		t.Errorf("the token: %d %s", r.Status, r.Body)
	}
	w.uses(sallyport.CredentialID(id))
	if r := b.send("GET", page, ""); !strings.Contains(r.Body, "<td>1</td><td>2030-05-01 12:00:00</td>") {
		t.Errorf("the use was not counted: %s", r.Body)
	}

	r = b.send("POST", ajax+"&operation=EditToken", form("token_id", id))
	for _, want := range []string{`value="scripts"`, `value="2030-05-02 12:00:00"`, `value="REST/JSON" checked`, `value="Export">`, `value="apply_modify"`} {
		if !strings.Contains(r.Body, want) || strings.Contains(r.Body, secret) {
			t.Errorf("the form lacks %s: %s", want, r.Body)
		}
	}
	transaction := find(t, `name="transaction_id" value="([^"]+)"`, r.Body)
	change := form("operation", "apply_modify", "id", id, "transaction_id", transaction, "attr_application", "robots", "attr_scope_shown", "1",
		"attr_scope[]", "Export", "attr_scope[]", "REST/JSON", "attr_expiration_date", "2030-06-01")
	if r := b.send("POST", ajax, change); r.Status != 303 {
		t.Fatalf("apply_modify: %d %s", r.Status, r.Body)
	}
	if r := b.send("GET", page, ""); !strings.Contains(r.Body, "<td>robots</td><td>Export, REST/JSON</td><td>2030-06-01 00:00:00</td><td>1</td>") {
		t.Errorf("after the change: %s", r.Body)
	}
	if r := b.send("POST", ajax, change); r.Body != failure {
		t.Errorf("the same form again: %d %s", r.Status, r.Body)
	}

	r = b.send("POST", ajax+"&operation=RefreshToken&rebuild_Token=1&token_id="+id, "")
	next := find(t, `^\{"result":"ok","message":".*auth_token=\\u003ca\\u003e([A-Za-z0-9]{120})\\u003c/a\\u003e","title":"robots"\}$`, r.Body)
	if r := w.call(secret, getPersons); r.Body != invalidLogin {
		t.Errorf("the old secret: %s", r.Body)
	}
	if r := w.call(next, getPersons); !forwarded(r) {
		t.Errorf("the new secret: %s", r.Body)
	}
	if r := b.send("GET", page, ""); !strings.Contains(r.Body, "<td>robots</td><td>Export, REST/JSON</td><td>2030-06-01 00:00:00</td>") {
		t.Errorf("the refresh changed more than the secret: %s", r.Body)
	}
	if got := w.uses(sallyport.CredentialID(id)); got != 2 {
		t.Errorf("%d uses after the refresh, want 2", got)
	}
	r = b.send("POST", ajax+"&operation=RefreshToken", form("token_id", id), "Accept", "text/html,*/*;q=0.8")
	if r.Status != 303 {
		t.Fatalf("refresh by hand: %d %s", r.Status, r.Body)
	}
	if r = b.send("GET", page, ""); !strings.Contains(r.Body, "auth_token=<a>") {
		t.Errorf("the new secret is not shown: %s", r.Body)
	}

	joe := w.signIn("joe")
	for _, op := range []string{"RefreshToken", "DeleteToken", "EditToken", "apply_modify"} {
		if r := joe.send("POST", ajax+"&operation="+op, form("token_id", id)); r.Status != 200 || r.Body != failure {
			t.Errorf("%s of somebody else's token: %d %s", op, r.Status, r.Body)
		}
		if r := joe.send("POST", ajax+"&operation="+op, ""); r.Status != 200 || r.Body != failure {
			t.Errorf("%s of none: %d %s", op, r.Status, r.Body)
		}
	}
	if r := b.send("POST", ajax+"&operation=DeleteToken", form("token_id", id)); r.Status != 200 || r.Body != success {
		t.Errorf("delete: %d %s", r.Status, r.Body)
	}
	if r := b.send("POST", ajax+"&operation=DeleteToken", form("token_id", id)); r.Body != failure {
		t.Errorf("delete again: %s", r.Body)
	}
	if r := b.send("POST", "/itop/pages/logoff.php", ""); r.Status != 303 || b.cookies["itop_session"] != "" {
		t.Errorf("sign out: %d %v", r.Status, b.cookies)
	}
}

// TestForms: a form is good once, for who opened it, for what it was opened for,
// and for an hour.
func TestForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("joe", w.administrator)
	b, joe := w.signIn("jane"), w.signIn("joe")
	open := func(b *browser, id string) string {
		return find(t, `name="transaction_id" value="([^"]+)"`, b.send("POST", ajax+"&operation=EditToken", form("token_id", id)).Body)
	}
	post := func(b *browser, transaction string, more ...string) dialecttest.Reply {
		return b.send("POST", ajax, form(append([]string{"operation", "apply_new", "transaction_id", transaction, "attr_application", "x", "attr_scope", "REST/JSON"}, more...)...))
	}
	used := open(b, "0")
	if r := post(b, used); r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	old, foreign, late := open(b, "0"), open(joe, "0"), ""
	for name, transaction := range map[string]string{"used": used, "none": "", "made up": "abc", "somebody else's": foreign, "changed": altered(old), "long": strings.Repeat("A", 1000)} {
		if r := post(b, transaction); r.Status != 200 || r.Body != failure {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	if r := post(b, used, "attr_application", "y"); r.Body != failure {
		t.Errorf("used for something else: %s", r.Body)
	}
	for name, more := range map[string][]string{
		"unknown scope": {"attr_scope[]", "CRON"}, "broken scopes": {"attr_scope", "{"}, "a bad date": {"attr_expiration_date", "soon"}, "a past date": {"attr_expiration_date", "2020-01-01"},
	} {
		if r := b.send("POST", ajax, form(append([]string{"operation", "apply_new", "transaction_id", open(b, "0"), "attr_application", "z"}, more...)...)); r.Body != failure {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	late = open(b, "0")
	w.Advance(61 * time.Minute)
	b = w.signIn("jane")
	if r := post(b, late); r.Body != failure {
		t.Errorf("an hour later: %d %s", r.Status, r.Body)
	}
	list, err := w.Admin.Tokens(t.Context(), dialecttest.System(), w.Tenant, admin.TokenFilter{Owner: w.jane.ID}, admin.Page{})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("%d tokens were made, want 1 (%v)", len(list.Items), err)
	}
}

// TestWidget: the product's own form sends the scopes in its own way.
func TestWidget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.signIn("jane")
	for name, tt := range map[string]struct{ list, want string }{
		"added":   {`{"partial_values":[],"orig_value":[],"added":["WebService"],"removed":[]}`, "REST/JSON"},
		"removed": {`{"orig_value":["REST/JSON","Export"],"added":["Import"],"removed":["Export"]}`, "Import, REST/JSON"},
		"commas":  {"Export, Synchro", "Export, Synchro"},
	} {
		b.add(t, name, "attr_scope", tt.list)
		if r := b.send("GET", page, ""); !strings.Contains(r.Body, "<td>"+name+"</td><td>"+tt.want+"</td>") {
			t.Errorf("%s: %s", name, r.Body)
		}
	}
}

// TestWhoMayManage: who has none of the profiles is told so; a token and another
// site's page are not good for it; who is not signed in is asked to.
func TestWhoMayManage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("plain", w.rest, w.reader)
	b := w.signIn("plain")
	if r := b.send("GET", page, ""); !strings.Contains(r.Body, "None of your profiles") || strings.Contains(r.Body, "EditToken") {
		t.Errorf("the page: %s", r.Body)
	}
	token := w.token(w.jane, "t", time.Time{}, restScope)
	jane := w.signIn("jane")
	session := "itop_session=" + jane.cookies["itop_session"]
	const restricted = "iTop access to this page is restricted. Please, contact an iTop administrator"
	for _, op := range []string{"RefreshToken", "DeleteToken", "EditToken", "apply_new", "apply_modify"} {
		if r := b.send("POST", ajax+"&operation="+op, form("token_id", "0")); r.Status != 401 || r.Body != "User not allowed to access current ressource." {
			t.Errorf("%s without a profile: %d %s", op, r.Status, r.Body)
		}
		if r := w.Ask("POST", ajax+"&operation="+op, ""); r.Status != 401 || !strings.Contains(r.Body, restricted) || !strings.HasPrefix(r.Header.Get("Www-Authenticate"), "Basic") {
			t.Errorf("%s without a credential: %d %s", op, r.Status, r.Body)
		}
		if r := w.Ask("POST", ajax+"&operation="+op, "", "Auth-Token", token.Secret.Reveal()); r.Status != 401 || !strings.Contains(r.Body, restricted) {
			t.Errorf("%s with a token: %d %s", op, r.Status, r.Body)
		}
		if r := w.Ask("POST", ajax+"&operation="+op, form("token_id", string(token.Credential.ID)), "Cookie", session, "Content-Type", urlencoded, "Origin", "https://evil.example"); r.Status != 403 {
			t.Errorf("%s from another site: %d %s", op, r.Status, r.Body)
		}
	}
	if got := w.uses(token.Credential.ID); got != 0 {
		t.Errorf("%d uses were counted", got)
	}
	for name, tt := range map[string]struct {
		method, body string
		headers      []string
		status       int
		want         string
	}{
		"nobody":                 {"GET", "", nil, 200, `id="login-body"`},
		"with a wrong password":  {"POST", form("auth_user", "jane", "auth_pwd", "x"), nil, 401, "The user name or the password is wrong."},
		"from another site":      {"POST", form("auth_user", "jane", "auth_pwd", dialecttest.Password), []string{"Origin", "https://evil.example"}, 403, ""},
		"with a token":           {"GET", "", []string{"Auth-Token", token.Secret.Reveal()}, 403, "A token is not good for this page."},
		"with a bad token":       {"GET", "", []string{"Auth-Token", "x"}, 401, `id="login-body"`},
		"with an unknown cookie": {"GET", "", []string{"Cookie", "itop_session=sps_x"}, 401, `id="login-body"`},
	} {
		r := w.Ask(tt.method, page, tt.body, append([]string{"Content-Type", urlencoded}, tt.headers...)...)
		if r.Status != tt.status || !strings.Contains(r.Body, tt.want) || len(r.Header["Set-Cookie"]) > 0 || strings.HasPrefix(r.Header.Get("Www-Authenticate"), "Basic") {
			t.Errorf("%s: %d %s %v", name, r.Status, r.Body, r.Header)
		}
	}
	if r := w.Ask("GET", "/itop/pages/account.css", ""); r.Status != 200 || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: %d", r.Status)
	}
}

// TestOtherScopesStay: what a token may at other APIs is not touched by the form.
func TestOtherScopesStay(t *testing.T) {
	t.Parallel()
	shop := sallyport.API{
		Name: "shop", BasePath: "/shop", Permissions: []sallyport.PermissionSpec{{Name: "buy"}}, Scopes: []sallyport.ScopeSpec{{Name: "buy", Permissions: []string{"buy"}}},
		Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: "/", AnyOf: []string{"buy"}}},
	}
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "itop", Dialect: "itop"}, shop)}
	w.jane = w.User("jane", w.Role("Administrator", "itop/administrator"))
	both, only := w.token(w.jane, "both", time.Time{}, "shop/buy", restScope), w.token(w.jane, "only", time.Time{}, "shop/buy")
	all := w.token(w.jane, "all", time.Time{})
	b := w.signIn("jane")
	if r := b.send("GET", page, ""); strings.Contains(r.Body, "<td>only</td>") || !strings.Contains(r.Body, "<td>all</td><td>REST/JSON, Synchro, Import, Export</td>") {
		t.Errorf("the page: %s", r.Body)
	}
	change := func(c admin.Issued, boxes ...string) string {
		id := string(c.Credential.ID)
		r := b.send("POST", ajax+"&operation=EditToken", form("token_id", id))
		if r.Body == failure {
			return failure
		}
		f := url.Values{"operation": {"apply_modify"}, "id": {id}, "transaction_id": {find(t, `name="transaction_id" value="([^"]+)"`, r.Body)}, "attr_scope_shown": {"1"}, "attr_scope[]": boxes}
		if r := b.send("POST", ajax, f.Encode()); r.Status != 303 {
			return r.Body
		}
		now, err := w.Admin.Token(t.Context(), dialecttest.System(), c.Credential.ID)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(now.Scopes, " ")
	}
	for _, tt := range []struct {
		token admin.Issued
		boxes []string
		want  string
	}{
		{both, []string{"Export"}, "itop/Export shop/buy"},
		{both, nil, "shop/buy"},
		{only, []string{"Export"}, failure},
		{all, []string{"REST/JSON", "Synchro", "Import", "Export"}, ""},
		{all, []string{"Import"}, "itop/Import"},
		{all, nil, failure},
	} {
		if got := change(tt.token, tt.boxes...); got != tt.want {
			t.Errorf("%s with %v: %q, want %q", tt.token.Credential.Name, tt.boxes, got, tt.want)
		}
	}
}

// altered is a text with another first character.
func altered(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}
