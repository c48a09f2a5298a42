package itop_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestForcedMode: a request that says how its client signs in is signed in in that
// way or not at all.
func TestForcedMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"allowed_login_types": "form|basic|url|token|rest-token"})
	narrow := newWorld(t, map[string]string{"allowed_login_types": "basic|token"})
	pwd := dialecttest.Password
	for _, way := range []struct {
		name          string
		modes         string // in which it counts
		query, fields []string
		header        func(token string) []string
	}{
		{"header", "token rest-token", nil, nil, func(token string) []string { return []string{"Auth-Token", token} }},
		{"field", "token rest-token", nil, []string{"auth_token", "TOKEN"}, nil},
		{"parameter", "token rest-token", []string{"auth_token", "TOKEN"}, nil, nil},
		{"Basic", "basic", nil, nil, func(string) []string {
			return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+pwd))}
		}},
		{"form", "form", nil, []string{"auth_user", "jane", "auth_pwd", pwd}, nil},
		{"url", "url", []string{"auth_user", "jane", "auth_pwd", pwd}, nil, nil},
	} {
		for _, in := range []*world{w, narrow} {
			secret := in.token(in.jane, way.name, time.Time{}, restScope).Secret.Reveal()
			for _, mode := range []string{"", "token", "rest-token", "basic", "form", "url", "external", "x"} {
				fill := func(pairs []string, more ...string) string {
					return strings.ReplaceAll(form(append(more, pairs...)...), "TOKEN", secret)
				}
				headers := []string{"Content-Type", urlencoded}
				if way.header != nil {
					headers = append(headers, way.header(secret)...)
				}
				r := in.Ask("POST", rest+"?"+fill(way.query, "login_mode", mode), fill(way.fields, "version", "1.3", "json_data", getPersons), headers...)
				allowed := in == w || strings.HasPrefix(way.modes, "token") || way.modes == "basic"
				known := in == w || mode == "token" || mode == "basic"
				let := allowed && (mode == "" || known && strings.Contains(" "+way.modes+" ", " "+mode+" "))
				if let != forwarded(r) {
					t.Errorf("%s with login_mode=%s: %d %s", way.name, mode, r.Status, r.Body)
				}
				if isToken := mode == "token" || mode == "rest-token"; isToken && known && way.modes != "token rest-token" && allowed {
					if want := "login_mode '" + mode + "' forced without any token passed"; r.Body != want {
						t.Errorf("%s with login_mode=%s: %s", way.name, mode, r.Body)
					}
				}
			}
		}
	}
}

// TestNoAccountPage: where people have no page for tokens there is none, and what
// is left is as it was.
func TestNoAccountPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"enable_myaccount_menu": "no"})
	secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+dialecttest.Password))
	for _, path := range []string{"/itop/pages/exec.php?exec_module=authent-token&exec_page=index.php", "/itop/pages/exec.php?operation=EditToken&token_id=0", "/itop/pages/account.css"} {
		if r := w.Ask("POST", path, "", "Authorization", basic); r.Status != 404 {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	if r := w.call(secret, getPersons); !forwarded(r) {
		t.Errorf("the REST interface: %d %s", r.Status, r.Body)
	}
}

// TestCallLog: with the product's switch each call is in the log, with who and
// what, and without what he sent.
func TestCallLog(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"yes", "no"} {
		w := newWorld(t, map[string]string{"log_rest_service": on})
		w.Bind(w.jane.ID, w.Role("checker", "itop/check-credentials"), w.Tenant, "")
		secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
		w.call(secret, getPersons)
		w.call(secret, updateThing)
		w.call("wrong", getPersons)
		w.call(secret, `{"operation":"core/check_credentials","user":"jane","password":"`+dialecttest.Password+`"}`)
		log := w.Log.String()
		if n := strings.Count(log, `msg="REST call"`); on == "yes" && n != 4 || on == "no" && n != 0 {
			t.Errorf("%s: %d lines\n%s", on, n, log)
		}
		if on == "no" {
			continue
		}
		for _, want := range []string{
			`userinfo=jane provider=personal_token version=1.3 operation=core/get class=Person`,
			`operation=core/update class=Person reason=permission_missing code=1 message="The current user does not have enough permissions for modifying data of class Person"`,
			`userinfo="" provider="" version=1.3 operation=core/get class=Person reason=credential_unknown code=1 message="Error: Invalid login"`,
			`operation=core/check_credentials class="" reason="" code=0`,
		} {
			if !strings.Contains(log, want) {
				t.Errorf("no line with %s\n%s", want, log)
			}
		}
		for _, private := range []string{secret, dialecttest.Password, ".fr"} {
			if strings.Contains(log, private) {
				t.Errorf("%s is in the log", private)
			}
		}
	}
}

// TestNoCookiePassesOn: each call signs in anew, so the upstream must not find a
// session of its own.
func TestNoCookiePassesOn(t *testing.T) {
	t.Parallel()
	var calls, cookies atomic.Int64
	upstream := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		cookies.Add(int64(len(r.Cookies())))
	})
	w := &world{Kit: dialecttest.New(t, upstream, sallyport.API{Name: "itop", Dialect: "itop"})}
	jane := w.User("jane", w.Role("user", "itop/administrator", "itop/rest-services-user", "itop/read", "itop/bulk-read"))
	secret := w.token(jane, "t", time.Time{}, restScope).Secret.Reveal()
	for _, cookie := range []string{"PHPSESSID=1", "itop-0123=2; x=3", "itop_session=4"} {
		w.Ask("POST", rest, form("version", "1.3", "json_data", getPersons), "Auth-Token", secret, "Content-Type", urlencoded, "Cookie", cookie)
	}
	if calls.Load() != 3 || cookies.Load() != 0 {
		t.Errorf("%d calls came through with %d cookies, want 3 without any", calls.Load(), cookies.Load())
	}
}

// TestTokenFromElsewhere: a token that clients have from the product itself, also
// of its older form, goes on being good once it was taken over.
func TestTokenFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, text := range map[string]sallyport.Secret{
		"new": sallyport.Secret(strings.Repeat("Ab9+", 29) + "Ab9="), "old": sallyport.Secret(strings.Repeat("0f5c", 45)),
	} {
		token := w.Key(w.Tenant, name, time.Time{}, w.rest, w.reader)
		if err := w.Admin.AdoptKeySecret(t.Context(), dialecttest.System(), w.Tenant, token.Credential.ID, text); err != nil {
			t.Fatal(err)
		}
		for way, r := range map[string]dialecttest.Reply{
			"header": w.call(text.Reveal(), getPersons),
			"field":  w.Ask("POST", rest, form("auth_token", text.Reveal(), "version", "1.3", "json_data", getPersons), "Content-Type", urlencoded),
			"query":  w.Ask("POST", rest+"?"+form("auth_token", text.Reveal(), "version", "1.3", "json_data", getPersons), ""),
		} {
			if !forwarded(r) {
				t.Errorf("%s form, in the %s: %d %s", name, way, r.Status, r.Body)
			}
		}
		if r := w.call(token.Secret.Reveal(), getPersons); r.Body != invalidLogin {
			t.Errorf("%s form: the secret before: %d %s", name, r.Status, r.Body)
		}
	}
}
