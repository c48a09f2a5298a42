package decide_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

// TestAllow: exactly 200, no body, and every identity header with something in
// it, whoever it is.
func TestAllow(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	each(t, func(t *testing.T, family string) {
		for range 2 { // the second time from memory
			for _, tt := range []struct {
				who     string
				uri     string
				headers []string
				want    map[string]string
			}{
				{"alice", "/shop/orders/17?realm=north", []string{"Authorization", "Bearer " + s.token}, map[string]string{
					"X-Sallyport-User": "alice", "X-Sallyport-Kind": "person", "X-Sallyport-Tenant": string(doorstest.Tenant),
					"X-Sallyport-Realm": "north", "X-Sallyport-Route": "get",
				}},
				{"nobody", "/shop/health", nil, map[string]string{
					"X-Sallyport-User": "-", "X-Sallyport-User-Id": "-", "X-Sallyport-Kind": "anonymous", "X-Sallyport-Tenant": "-",
					"X-Sallyport-Realm": "-", "X-Sallyport-Credential": "-", "X-Sallyport-Route": "health",
				}},
			} {
				res := s.ask(family, with(get(tt.uri).in(family), tt.headers...))
				if res.status != http.StatusOK || res.body != "" {
					t.Fatalf("%s: status %d, reason %q, want 200 without a body", tt.who, res.status, res.header.Get("X-Sallyport-Reason"))
				}
				for _, name := range doors.IdentityHeaders {
					values := res.header[name]
					if len(values) != 1 || values[0] == "" {
						t.Errorf("%s: %s is %q, want one value", tt.who, name, values)
					}
					if want, ok := tt.want[name]; ok && values[0] != want {
						t.Errorf("%s: %s is %q, want %q", tt.who, name, values[0], want)
					}
				}
				if got := res.header.Get("Cache-Control"); got != "no-store" {
					t.Errorf("Cache-Control is %q", got)
				}
			}
		}
	})
}

// TestDeny: each refusal in the status that the client is to see, for every
// family, and on the wire only what nginx can carry.
func TestDeny(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	_, weakToken := s.Token(s.User("weak", password))
	long := "/shop/" + strings.Repeat("a", 20<<10)
	each(t, func(t *testing.T, family string) {
		for _, tt := range []struct {
			name   string
			o      original
			token  string
			status string
			reason string
		}{
			{"nobody", get("/shop/orders"), "", "401", "credential_missing"},
			{"garbage", get("/shop/orders"), "garbage", "401", "credential_invalid"},
			{"no right", get("/shop/orders"), weakToken, "403", "permission_missing"},
			{"no right to that", original{"PUT", "/shop/orders/1", "api.test", "http", client}, s.token, "403", "permission_missing"},
			{"no API", get("/elsewhere"), s.token, "404", "not_found"},
			{"no route", get("/shop/elsewhere"), s.token, "404", "not_found"},
			{"no method", original{"DELETE", "/shop/orders/1", "api.test", "http", client}, s.token, "405", "method_not_allowed"},
			{"dot segment", get("/shop/../orders"), s.token, "400", "path_ambiguous"},
			{"too long", get(long), s.token, "414", "target_too_long"},
		} {
			h := tt.o.in(family)
			if tt.token != "" {
				h.Set("Authorization", "Bearer "+tt.token)
			}
			checkDenial(t, family, tt.name, s.ask(family, h), tt.status, tt.reason)
		}
	})
}

// TestCannotDecide: who guesses too often waits, and what this node cannot know
// is nobody's fault.
func TestCannotDecide(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	_, unseen := s.Token(s.User("unseen", password))
	basic := func(login string) []string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(login, "wrong")
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	for range 40 {
		s.ask("nginx", with(get("/shop/orders").in("nginx"), basic("victim")...))
	}
	each(t, func(t *testing.T, family string) {
		checkDenial(t, family, "guesser", s.ask(family, with(get("/shop/orders").in(family), basic("victim")...)), "429", "throttled")
	})
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, family string) {
		res := s.ask(family, with(get("/shop/orders").in(family), "Authorization", "Bearer "+unseen))
		checkDenial(t, family, "store down", res, "503", "store_unavailable")
	})
	s.Clock.Advance(time.Minute)
	each(t, func(t *testing.T, family string) {
		checkDenial(t, family, "stale", s.ask(family, get("/shop/health").in(family)), "503", "policy_stale")
	})
}

// checkDenial checks an answer of a family that refuses.
func checkDenial(t *testing.T, family, name string, res answer, status, reason string) {
	t.Helper()
	text := res.body
	if got := res.meant(); got != status {
		t.Errorf("%s: status %s, want %s: %s", name, got, status, text)
	}
	if wire := res.status; family == "nginx" && wire != 200 && wire != 401 && wire != 403 {
		t.Errorf("%s: nginx cannot carry %d", name, wire)
	}
	if family != "nginx" && res.header.Get("X-Sallyport-Status") != "" {
		t.Errorf("%s: %s can carry the status itself", name, family)
	}
	var problem struct {
		Reason    string `json:"reason"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(text), &problem); err != nil || problem.Reason != reason || len(text) > 4<<10 {
		t.Errorf("%s: reason %q in %d bytes, want %q (%v)", name, problem.Reason, len(text), reason, err)
	}
	if got := res.header.Get("X-Sallyport-Reason"); family == "nginx" && got != reason {
		t.Errorf("%s: X-Sallyport-Reason is %q, want %q", name, got, reason)
	}
	if got := res.header.Get("X-Request-Id"); got == "" || got != problem.RequestID {
		t.Errorf("%s: X-Request-Id is %q, in the body %q", name, got, problem.RequestID)
	}
	challenges := res.header.Values("WWW-Authenticate")
	switch {
	case status != "401":
	case family == "nginx" && len(challenges) != 1:
		t.Errorf("%s: %d challenges, and nginx keeps one", name, len(challenges))
	case !strings.Contains(strings.Join(challenges, " "), "Basic realm=") || !strings.Contains(strings.Join(challenges, " "), "Bearer realm="):
		t.Errorf("%s: challenges %q, want Basic and Bearer", name, challenges)
	}
	if got := res.header.Get("Retry-After"); (status == "429" || status == "503") && got == "" {
		t.Errorf("%s: no Retry-After", name)
	}
	for name := range res.header {
		if slices.Contains(doors.IdentityHeaders[:], name) && name != "X-Request-Id" && name != "X-Sallyport-Revision" {
			t.Errorf("a refusal says who it is: %s", name)
		}
	}
}

// TestForgedIdentity: who the client says that he is has no effect.
func TestForgedIdentity(t *testing.T) {
	t.Parallel()
	const elsewhere = "11111111-1111-1111-1111-111111111111"
	s := newService(t, nil)
	each(t, func(t *testing.T, family string) {
		for _, uri := range []string{"/shop/orders", "/shop/orders?x=1"} {
			res := s.askFor(family, get(uri), "X-Sallyport-User", "root", "x-sallyport-tenant", elsewhere,
				"X-Sallyport-Status", "200", "X-Sallyport-Assertion", "e30.e30.", "X-Request-Id", "chosen-by-the-client", "Remote-User", "root")
			if res.status != http.StatusOK || res.header.Get("X-Sallyport-User") != "alice" ||
				res.header.Get("X-Sallyport-Tenant") != string(doorstest.Tenant) || res.header.Get("X-Sallyport-Status") != "" {
				t.Errorf("%s: status %d and %v", uri, res.status, res.header)
			}
			if res.header.Get("X-Request-Id") == "chosen-by-the-client" {
				t.Errorf("%s: a client chose the request id", uri)
			}
		}
	})
}

// TestRefusalIsSmall: a refusal that explains itself stays below 4 KiB.
func TestRefusalIsSmall(t *testing.T) {
	t.Parallel()
	api := sallyport.API{
		Name: "vast", BasePath: "/vast", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}, Explain: sallyport.ExplainFull,
		Realm:  &sallyport.Selector{From: "query", Name: "realm"},
		Routes: []sallyport.Route{{ID: "get", Methods: []string{"GET"}, Path: "/"}},
	}
	for i := range 300 {
		name := fmt.Sprintf("a-permission-with-quite-a-long-name-%d", i)
		api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: name})
		api.Scopes = append(api.Scopes, sallyport.ScopeSpec{Name: name, Permissions: []string{"*"}})
		api.Routes[0].AnyOf = append(api.Routes[0].AnyOf, name)
	}
	s := newService(t, nil)
	s.Write(insertAPI(api))
	_, narrow := s.Token(s.User("bob", password, s.Role("r", "vast/a-permission-with-quite-a-long-name-1")), "other")
	realm := "/vast/?realm=" + strings.Repeat("x", 8000)
	for name, token := range map[string]string{"permission_missing": s.token, "scope_insufficient": narrow} {
		res := s.ask("nginx", with(get(realm).in("nginx"), "Authorization", "Bearer "+token))
		head := 0
		for name, values := range res.header {
			head += len(name) + len(strings.Join(values, "")) + 4
		}
		if head > 3<<10 {
			t.Errorf("%s: %d bytes of headers", name, head)
		}
		checkDenial(t, "nginx", name, res, "403", name)
	}
}

// TestTold: a line in the access log and a count for each decision.
func TestTold(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	s.askFor("nginx", get("/shop/orders/17?secret=hunter2"))
	s.ask("nginx", original{"GET", "/shop/../?secret=hunter2", "api.test", "http", client}.in("nginx"))
	s.ask("nginx", get("/shop/orders").in("nginx"), from("203.0.113.9:1"))
	type line struct {
		Method, Path, Decision, Reason, Client, API string
		Status                                      int
	}
	var got []line
	for text := range strings.Lines(s.access.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		got = append(got, l)
	}
	want := []line{
		{"GET", "/shop/orders/17", "allow", "", client, "shop", 200},
		{"GET", "/shop/../", "deny", "path_ambiguous", client, "", 400},
		{"GET", "/decide/nginx", "deny", "caller_untrusted", "", "", 403},
	}
	if !slices.Equal(got, want) {
		t.Errorf("access log\n got %+v\nwant %+v", got, want)
	}
	for _, count := range []string{
		`sallyport_decisions_total{api="shop",outcome="allow",reason="none"} 1`,
		`sallyport_decisions_total{api="other",outcome="deny",reason="path_ambiguous"} 1`,
		`sallyport_decisions_total{api="other",outcome="deny",reason="caller_untrusted"} 1`,
		`sallyport_decision_seconds_count{api="shop"} 1`,
	} {
		if text := scrape(t, s); !strings.Contains(text, count) {
			t.Errorf("the metrics do not have %s", count)
		}
	}
}

// TestPanicIsRefusal: what fails does not decide.
func TestPanicIsRefusal(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *decide.Config) { c.Doors = nil })
	each(t, func(t *testing.T, family string) {
		checkDenial(t, family, "panic", s.askFor(family, get("/shop/health")), "500", "internal_fault")
	})
	if text := s.log.String(); !strings.Contains(text, "a decision failed") || strings.Contains(text, s.token) {
		t.Errorf("log %s", text)
	}
	late := newService(t, func(c *decide.Config) {
		c.Access = telemetry.NewAccessLog(io.Discard, func(string) string { panic("planted") })
	})
	each(t, func(t *testing.T, family string) {
		checkDenial(t, family, "panic after the answer was made", late.askFor(family, get("/shop/orders")), "500", "internal_fault")
	})
}

// TestNoIdentityIsRefusal: who cannot be named cannot pass.
func TestNoIdentityIsRefusal(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	s.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangeKeys, "")
		keys, err := tx.SigningKeys(ctx)
		for _, key := range keys {
			if key.Use == string(token.AssertionJWT) {
				key.State, key.Retired = store.KeyRetired, s.Clock.Now()
				retired := tx.UpdateSigningKey(ctx, &key, store.AnyVersion)
				_, deleted := tx.DeleteSigningKey(ctx, key.ID)
				err = errors.Join(err, retired, deleted)
			}
		}
		return err
	})
	each(t, func(t *testing.T, family string) {
		checkDenial(t, family, "no key", s.askFor(family, get("/shop/orders")), "500", "internal_fault")
	})
}
