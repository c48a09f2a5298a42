package httpapi_test

import (
	"encoding/base32"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/totp"
	"github.com/sallyport/sallyport/internal/httpapi/httpapitest"
)

// The whole way: set up an app, sign in with it, lose it, be helped.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, err := w.Admin.CreateUser(t.Context(), httpapitest.System(), w.T1.ID, admin.NewUser{
		Login: "alice", Kind: sallyport.Person, Password: httpapitest.Password, KeepPassword: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	session := `{"login":"` + alice.Login + `","password":"` + httpapitest.Password + `"`
	cookie, _ := w.signIn(t, session+"}", nil)
	ask := func(method, path, body string, want int, into any) answer {
		t.Helper()
		got := w.send(t, request{method: method, path: path, body: body, header: with(cookie, sameOrigin)})
		if got.status != want {
			t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
		}
		if into != nil {
			if err := json.Unmarshal([]byte(got.body), into); err != nil {
				t.Fatal(err)
			}
		}
		return got
	}
	var app api.StartedFactor
	ask("POST", "/me/factors", `{"name":"phone"}`, http.StatusOK, &app)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(string(app.Secret))
	if err != nil {
		t.Fatal(err)
	}
	code := func() string { return totp.Code(secret, totp.StepAt(w.Clock.Now())) }
	ask("POST", "/me/factors/"+string(app.ID)+"/activate", `{"code":"12345"}`, http.StatusUnprocessableEntity, nil)
	var recovery api.RecoveryCodes
	ask("POST", "/me/factors/"+string(app.ID)+"/activate", `{"code":"`+code()+`"}`, http.StatusOK, &recovery)
	var mine api.Factors
	ask("PATCH", "/me/factors/"+string(app.ID), `{"name":" "}`, http.StatusUnprocessableEntity, nil)
	ask("PATCH", "/me/factors/"+string(app.ID), `{"name":"tablet"}`, http.StatusNoContent, nil)
	got := ask("GET", "/me/factors", "", http.StatusOK, &mine)
	if len(mine.Items) != 1 || !mine.Items[0].Active || mine.Recovery != 10 || len(recovery.Codes) != 10 || strings.Contains(got.body, string(app.Secret)) {
		t.Errorf("%+v, %d codes", mine, len(recovery.Codes))
	}

	// The password alone opens nothing any more, also by HTTP Basic.
	send := func(body string, want int, reason string) {
		t.Helper()
		got := w.send(t, request{method: "POST", path: "/session", body: body})
		if got.status != want || !strings.Contains(got.body, reason) {
			t.Errorf("sign in: %d %s, want %d %s", got.status, got.body, want, reason)
		}
	}
	send(session+"}", http.StatusForbidden, "second_factor_required")
	send(session+`,"code":"`+code()+`"}`, http.StatusUnauthorized, "credential_invalid") // used for setting up
	w.Advance(30 * time.Second)
	send(session+`,"code":"`+code()+`"}`, http.StatusCreated, alice.Login)
	send(session+`,"code":"`+string(recovery.Codes[0])+`"}`, http.StatusCreated, alice.Login)
	send(session+`,"code":"`+string(recovery.Codes[0])+`"}`, http.StatusUnauthorized, "credential_invalid")

	// After a while changes ask for both again.
	w.Advance(6 * time.Minute)
	if got := ask("POST", "/me/recovery-codes", "", http.StatusForbidden, nil); !strings.Contains(got.body, "reauthentication_required") {
		t.Errorf("%s", got.body)
	}
	ask("POST", "/session/confirm", `{"password":"`+httpapitest.Password+`"}`, http.StatusUnprocessableEntity, nil)
	ask("POST", "/session/confirm", `{"password":"wrong","code":"`+code()+`"}`, http.StatusUnprocessableEntity, nil)
	ask("POST", "/session/confirm", `{"password":"`+httpapitest.Password+`","code":"`+code()+`"}`, http.StatusNoContent, nil)
	ask("POST", "/me/recovery-codes", "", http.StatusOK, &recovery)

	// Somebody who may takes the factors away; the sessions end.
	reset := "/tenants/" + string(w.T1.ID) + "/users/" + string(alice.ID) + "/factors"
	if got := w.send(t, request{method: "DELETE", path: reset, token: w.Token(w.Root)}); got.status != http.StatusNoContent {
		t.Fatalf("reset: %d %s", got.status, got.body)
	}
	if got := w.send(t, request{method: "GET", path: "/me", header: with(cookie, sameOrigin)}); got.status != http.StatusUnauthorized {
		t.Errorf("the session goes on: %d", got.status)
	}
	send(session+"}", http.StatusCreated, alice.Login)
}
