package itop_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
	"github.com/sallyport/sallyport/internal/store"
)

// TestCheckCredentials: it needs a right of its own, is written down, and wrong
// passwords use up the budget of the account.
func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Bind(w.jane.ID, w.Role("checker", "itop/check-credentials"), w.Tenant, "")
	w.User("joe", w.rest)
	out := w.User("out")
	w.Deactivate(out)
	secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
	plain := w.User("plain", w.rest, w.reader, w.administrator)
	ask := func(token, user, password string) dialecttest.Reply {
		data, err := json.Marshal(map[string]string{"operation": "core/check_credentials", "user": user, "password": password})
		if err != nil {
			t.Fatal(err)
		}
		return w.call(token, string(data))
	}
	const right, wrong = `{"code":0,"message":null,"authorized":true}`, `{"code":0,"message":null,"authorized":false}`
	for _, tt := range []struct{ user, password, want string }{
		{"joe", dialecttest.Password, right},
		{"JOE", dialecttest.Password, right},
		{"joe", "x", wrong},
		{"nobody", "x", wrong},
		{"out", dialecttest.Password, wrong},
		{"joe", "", wrong},
		{"", "x", wrong},
		{strings.Repeat("j", 300), "x", wrong},
		{"joe", strings.Repeat("x", 2000), wrong},
	} {
		if r := ask(secret, tt.user, tt.password); r.Status != 200 || r.Body != tt.want {
			t.Errorf("%.20s %.20s: %d %s", tt.user, tt.password, r.Status, r.Body)
		}
	}
	for data, want := range map[string]string{
		`{"operation":"core/check_credentials"}`:                        faulty(100, "Missing parameter 'user'"),
		`{"operation":"core/check_credentials","user":"joe"}`:           faulty(100, "Missing parameter 'password'"),
		`{"operation":"core/check_credentials","user":[],"password":1}`: faulty(100, "Missing parameter 'user'"),
	} {
		if r := w.call(secret, data); r.Status != 200 || r.Body != want {
			t.Errorf("%s: %d %s", data, r.Status, r.Body)
		}
	}
	if r := ask(w.token(plain, "t", time.Time{}, restScope).Secret.Reveal(), "joe", dialecttest.Password); strings.Contains(r.Body, "authorized") ||
		!strings.Contains(r.Body, `"code":1,"message":"core\/check_credentials is not allowed"`) {
		t.Errorf("without the right: %d %s", r.Status, r.Body)
	}
	list, err := w.Admin.Audit(t.Context(), dialecttest.System(), w.Tenant, store.AuditFilter{}, admin.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]int{}
	for _, e := range list.Items {
		if e.Action == "password.check" {
			checks[e.ActorName+" "+e.TargetName]++
		}
	}
	if want := map[string]int{"jane joe": 5, "jane of nobody": 3, "jane out": 1}; !maps.Equal(checks, want) {
		t.Errorf("written down: %v, want %v", checks, want)
	}
	throttled := false
	for range 200 {
		r := ask(secret, "joe", "wrong")
		if r.Status == 429 {
			throttled = r.Header.Get("Retry-After") != "" && strings.HasPrefix(r.Body, `{"code":100,"message":"Error: Too many attempts`)
			break
		}
	}
	if !throttled {
		t.Error("passwords can be guessed without end")
	}
}
