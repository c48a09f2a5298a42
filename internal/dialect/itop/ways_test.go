package itop_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestEveryWayIn: a token in the header, in the query, in a form and in a part of
// one; a password with Basic, in the query and in a form.
func TestEveryWayIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"allowed_login_types": "form|basic|url|token"})
	token := w.token(w.jane, "scripts", time.Time{}, restScope)
	secret := token.Secret.Reveal()
	filePart, files := multipart(`name="version"`, "1.3", `name="auth_token"`, secret, `name="json_data"; filename="x.json"`, getPersons)
	fields, parts := multipart(`name="version"`, "1.3", `name="json_data"`, getPersons)
	data := "version=1.3&json_data=" + url.QueryEscape(getPersons)
	raw := `?version=1.3&json_data={"operation":"core/get","class":"Person","key":"SELECT+Person+WHERE+email+LIKE+'%.fr'"}`
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+dialecttest.Password))
	want := int64(0)
	for _, tt := range []struct {
		name, method, query, body string
		header                    []string
		token                     bool
	}{
		{"header, query", "POST", "?" + data, "", []string{"Auth-Token", secret}, true},
		{"header, GET", "GET", "?" + data, "", []string{"Auth-Token", secret}, true},
		{"header, form", "POST", "", data, []string{"Auth-Token", secret, "Content-Type", urlencoded}, true},
		{"header, parts", "POST", "", parts, []string{"Auth-Token", secret, "Content-Type", fields}, true},
		{"query parameter", "POST", "?auth_token=" + secret + "&" + data, "", nil, true},
		{"form field", "POST", "?version=1.3", form("auth_token", secret, "json_data", getPersons), []string{"Content-Type", urlencoded}, true},
		{"forced mode", "POST", "?login_mode=token&version=1.3", form("auth_token", secret, "json_data", getPersons), []string{"Content-Type", urlencoded}, true},
		{"parts with a file", "POST", "", files, []string{"Content-Type", filePart}, true},
		{"a lone percent sign", "POST", raw, "", []string{"Auth-Token", secret}, true},
		{"an empty parameter beside the header", "POST", "?auth_token=&" + data, "", []string{"Auth-Token", secret}, true},
		{"basic", "POST", "?" + data, "", []string{"Authorization", basic}, false},
		{"url mode", "POST", "?auth_user=jane&auth_pwd=" + dialecttest.Password + "&" + data, "", nil, false},
		{"form mode", "POST", "?login_mode=form&version=1.3", form("auth_user", "jane", "auth_pwd", dialecttest.Password, "json_data", getPersons), []string{"Content-Type", urlencoded}, false},
	} {
		r := w.Ask(tt.method, rest+tt.query, tt.body, tt.header...)
		if !forwarded(r) || !strings.Contains(r.Body, "\njane ") {
			t.Errorf("%s: %d %s", tt.name, r.Status, r.Body)
		}
		for _, private := range []string{secret, dialecttest.Password, "auth_user", "login_mode"} {
			if strings.Contains(r.Body, private) {
				t.Errorf("%s: the upstream sees %s: %s", tt.name, private, r.Body)
			}
		}
		if tt.token {
			want++
		}
	}
	if got := w.uses(token.Credential.ID); got != want {
		t.Errorf("%d uses were counted, want %d", got, want)
	}
}

// TestSignInModes: which ways there are is a setting; what is missing of a login
// is told.
func TestSignInModes(t *testing.T) {
	t.Parallel()
	pwd := dialecttest.Password
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+pwd))
	for _, types := range []string{"form|basic|token", "form", "basic", "url", "token", "rest-token", "form|basic|url|token|rest-token"} {
		w := newWorld(t, map[string]string{"allowed_login_types": types})
		secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
		has := func(mode string) bool { return strings.Contains("|"+types+"|", "|"+mode+"|") }
		query := func(pairs ...string) string {
			return rest + "?" + form(append(pairs, "version", "1.3", "json_data", getPersons)...)
		}
		body := func(pairs ...string) string { return form(append(pairs, "version", "1.3", "json_data", getPersons)...) }
		for _, tt := range []struct {
			name, method, target, body string
			header                     []string
			in                         bool
			refusal                    string
		}{
			{"token", "POST", query(), "", []string{"Auth-Token", secret}, has("token") || has("rest-token"), invalidLogin},
			{"token in the query", "GET", query("auth_token", secret), "", nil, has("token") || has("rest-token"), invalidLogin},
			{"basic", "GET", query(), "", []string{"Authorization", basic}, has("basic"), invalidLogin},
			{"url", "GET", query("auth_user", "jane", "auth_pwd", pwd), "", nil, has("url"), faulty(6, "Missing parameter 'auth_pwd'")},
			{"form", "POST", rest, body("auth_user", "jane", "auth_pwd", pwd), []string{"Content-Type", urlencoded}, has("form"), faulty(6, "Missing parameter 'auth_pwd'")},
			{"form without a password", "POST", rest, body("auth_user", "jane"), []string{"Content-Type", urlencoded}, false, faulty(6, "Missing parameter 'auth_pwd'")},
			{
				"form without a user", "POST", rest, body("auth_pwd", pwd),
				[]string{"Content-Type", urlencoded},
				false,
				map[bool]string{true: faulty(5, "Missing parameter 'auth_user'"), false: invalidLogin}[has("form")],
			},
			{
				"form with a wrong password", "POST", rest, body("auth_user", "jane", "auth_pwd", "x"),
				[]string{"Content-Type", urlencoded},
				false,
				map[bool]string{true: invalidLogin, false: faulty(6, "Missing parameter 'auth_pwd'")}[has("form")],
			},
			{
				"forced token", "GET", query("login_mode", "token"), "", nil, false,
				map[bool]string{true: "login_mode 'token' forced without any token passed", false: invalidLogin}[has("token")],
			},
			{
				"forced rest-token", "GET", query("login_mode", "rest-token", "auth_token", ""), "", nil, false,
				map[bool]string{true: "login_mode 'rest-token' forced without any token passed", false: invalidLogin}[has("rest-token")],
			},
			{"forced form", "GET", query("login_mode", "form"), "", nil, false, invalidLogin},
		} {
			r := w.Ask(tt.method, tt.target, tt.body, tt.header...)
			if tt.in != forwarded(r) || !tt.in && (r.Status != 200 || r.Body != tt.refusal) {
				t.Errorf("%s: %s: %d %s", types, tt.name, r.Status, r.Body)
			}
		}
	}
}

// TestTheOneMessage: whatever is wrong with a token, the answer is the same and
// nothing is counted.
func TestTheOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := w.token(w.jane, "good", time.Time{}, restScope)
	expired := w.token(w.jane, "expired", w.Now().Add(time.Hour), restScope)
	refreshed := w.token(w.jane, "refreshed", time.Time{}, restScope)
	deleted := w.token(w.jane, "deleted", time.Time{}, restScope)
	export := w.token(w.jane, "export", time.Time{}, "itop/Export")
	gone := w.User("gone", w.rest, w.reader, w.administrator)
	goneToken := w.token(gone, "gone", time.Time{}, restScope)
	plain := w.User("plain", w.rest, w.reader)
	plainToken := w.token(plain, "plain", time.Time{}, restScope)
	former := w.User("former", w.rest, w.reader)
	binding := w.Bind(former.ID, w.administrator, w.Tenant, "")
	formerToken := w.token(former, "former", time.Time{}, restScope)

	for _, c := range []admin.Issued{good, expired, refreshed, deleted, goneToken, formerToken} {
		if r := w.call(c.Secret.Reveal(), getPersons); !forwarded(r) {
			t.Fatalf("%s: %d %s", c.Credential.Name, r.Status, r.Body)
		}
	}
	w.Deactivate(gone)
	w.Advance(time.Hour)
	if err := w.Admin.DeleteBinding(t.Context(), dialecttest.System(), w.Tenant, binding.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Admin.RenewToken(t.Context(), self(w.jane), refreshed.Credential.ID, admin.AnyVersion, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.Admin.RevokeToken(t.Context(), self(w.jane), deleted.Credential.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Doors.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := map[string]int64{}
	all := []admin.Issued{expired, refreshed, deleted, export, goneToken, plainToken, formerToken}
	for _, c := range all {
		before[c.Credential.Name] = w.uses(c.Credential.ID)
	}
	session := w.Ask("POST", "/itop/pages/exec.php", form("auth_user", "jane", "auth_pwd", dialecttest.Password), "Content-Type", urlencoded)
	cookie, _, _ := strings.Cut(session.Header.Get("Set-Cookie"), ";")
	secret := good.Secret.Reveal()
	wrong := secret[:len(secret)-1] + map[bool]string{true: "b", false: "a"}[strings.HasSuffix(secret, "a")]
	for name, headers := range map[string][]string{
		"none":          nil,
		"wrong":         {"Auth-Token", wrong},
		"not a token":   {"Auth-Token", "x"},
		"empty":         {"Auth-Token", ""},
		"long":          {"Auth-Token", strings.Repeat("a", 5000)},
		"ours, changed": {"Auth-Token", "spp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		"expired":       {"Auth-Token", expired.Secret.Reveal()},
		"refreshed":     {"Auth-Token", refreshed.Secret.Reveal()},
		"deleted":       {"Auth-Token", deleted.Secret.Reveal()},
		"wrong scope":   {"Auth-Token", export.Secret.Reveal()},
		"owner gone":    {"Auth-Token", goneToken.Secret.Reveal()},
		"no profile":    {"Auth-Token", plainToken.Secret.Reveal()},
		"profile lost":  {"Auth-Token", formerToken.Secret.Reveal()},
		"two":           {"Auth-Token", secret, "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+dialecttest.Password))},
		"twice":         {"Auth-Token", secret, "Auth-Token", secret},
		"a session":     {"Cookie", cookie, "Sec-Fetch-Site", "same-origin"},
		"bad base64":    {"Authorization", "Basic %%%"},
		"no blank":      {"Authorization", "Basicamane"},
		"password":      {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:wrong"))},
		"nobody":        {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("nobody:wrong"))},
		"gone":          {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("gone:"+dialecttest.Password))},
	} {
		for what, body := range map[string]string{
			"get": form("version", "1.3", "json_data", getPersons), "nothing asked": form("version", "1.3"), "no JSON": form("version", "1.3", "json_data", "{"),
		} {
			r := w.Ask("POST", rest, body, append([]string{"Content-Type", urlencoded}, headers...)...)
			if r.Status != 200 || r.Body != invalidLogin || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s, %s: %d %s %v", name, what, r.Status, r.Body, r.Header)
			}
		}
	}
	for _, c := range all {
		if got := w.uses(c.Credential.ID); got != before[c.Credential.Name] {
			t.Errorf("%s: %d uses, before %d", c.Credential.Name, got, before[c.Credential.Name])
		}
	}
	if r := w.call(secret, getPersons); !forwarded(r) {
		t.Errorf("the good one: %d %s", r.Status, r.Body)
	}
}
