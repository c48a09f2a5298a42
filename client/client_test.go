package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
)

// A server answers in memory, so that time can be virtual.
type server func(*http.Request) (status int, header map[string]string, body string)

// RoundTrip answers.
func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	status, header, body := s(r)
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	res := &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: r, Proto: "HTTP/1.1",
		Body: io.NopCloser(strings.NewReader(body)),
	}
	for name, value := range header {
		res.Header.Set(name, value)
	}
	return res, nil
}

func dial(t testing.TB, s server, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New("https://sallyport.example.com", "spp_token", append([]client.Option{client.WithHTTPClient(&http.Client{Transport: s})}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"", "sallyport.example.com", "ftp://sallyport.example.com", "https://", "https://u:secret-4711@example.com", "https://example.com?x=1",
		"https://example.com#x", "://", "https://exa mple.com",
	} {
		if _, err := client.New(base, ""); err == nil || strings.Contains(err.Error(), "secret-4711") {
			t.Errorf("%q: %v", base, err)
		}
	}
	for _, token := range []string{"a b", "a\n", "a\r\nX: y", "é"} {
		if _, err := client.New("https://example.com", token); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	const tenant sallyport.TenantID = "4213b2bc-e1ab-4225-acc6-2f64c98d621b"
	for base, prefix := range map[string]string{
		"https://example.com": "https://example.com", "https://example.com/": "https://example.com",
		"http://127.0.0.1:8080/sallyport/api/v1": "http://127.0.0.1:8080", "https://example.com/inner/": "https://example.com/inner",
	} {
		var got *http.Request
		var body string
		s := server(func(r *http.Request) (int, map[string]string, string) {
			text, _ := io.ReadAll(r.Body)
			got, body = r, string(text)
			return 200, nil, "{}"
		})
		c, err := client.New(base, "spp_token", client.WithHTTPClient(&http.Client{Transport: s}), client.WithUserAgent("test/1"))
		if err != nil {
			t.Fatal(err)
		}
		prefix += "/sallyport/api/v1"
		check := func(what string, err error, method, url, wantBody string, header map[string]string) {
			t.Helper()
			if err != nil || got.Method != method || got.URL.String() != prefix+url || body != wantBody {
				t.Errorf("%s: %v, %s %s %s", what, err, got.Method, got.URL, body)
			}
			for name, want := range header {
				if got.Header.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", what, name, got.Header.Get(name), want)
				}
			}
		}
		_, err = c.Me().Get(t.Context())
		check("get", err, "GET", "/me", "", map[string]string{"Authorization": "Bearer spp_token", "User-Agent": "test/1", "Content-Type": "", "If-Match": "", "Accept": "application/json"})
		_, err = c.Realms(tenant).Update(t.Context(), "hall 2/é?", 3, api.RealmChange{Title: new("x")})
		check("update", err, "PATCH", "/tenants/"+string(tenant)+"/realms/hall%202%2F%C3%A9%3F", `{"title":"x"}`, map[string]string{"If-Match": `"3"`, "Content-Type": "application/json"})
		err = c.Users("*").Delete(t.Context(), "x", client.AnyVersion)
		check("delete", err, "DELETE", "/tenants/%2A/users/x", "", map[string]string{"If-Match": "*"})
		_, err = c.EveryAudit().Page(t.Context(), api.AuditFilter{Action: "role.", From: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, api.Page{Limit: 3})
		check("page", err, "GET", "/audit?action=role.&from=2030-01-01T00%3A00%3A00Z&limit=3", "", nil)
		_, err = c.Roles(tenant).Create(t.Context(), api.NewRole{Name: "r", Permissions: []sallyport.Permission{"a/b"}})
		check("create", err, "POST", "/tenants/"+string(tenant)+"/roles", `{"name":"r","permissions":["a/b"]}`, nil)
		if len(got.Header.Get("Idempotency-Key")) < 20 {
			t.Errorf("Idempotency-Key %q", got.Header.Get("Idempotency-Key"))
		}
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	c := dial(t, func(r *http.Request) (int, map[string]string, string) {
		if login, password, ok := r.BasicAuth(); !ok || login != "jo" || password != "pw:x" {
			t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		}
		return 200, nil, "{}"
	}, client.WithPassword("jo", "pw:x"))
	if _, err := c.Me().Get(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		header map[string]string
		body   string
		want   client.Error
		text   string
	}{
		{
			403, nil, `{"type":"x","title":"Permission missing","status":403,"detail":"No.","reason":"permission_missing","request_id":"r1","missing_permissions":["a/b"]}`,
			client.Error{Status: 403, Reason: "permission_missing", Title: "Permission missing", Detail: "No.", RequestID: "r1"},
			"Permission missing: No. (missing: [a/b]) [403 permission_missing, request r1]",
		},
		{
			422, nil, `{"title":"Invalid input","status":422,"detail":"d","reason":"invalid","errors":[{"field":"email","message":"email is no address"},{"field":"a","message":"is b"}]}`,
			client.Error{Status: 422, Reason: "invalid", Title: "Invalid input", Detail: "d"},
			"Invalid input; email is no address; a: is b [422 invalid]",
		},
		{502, map[string]string{"X-Request-Id": "r2"}, "<html>", client.Error{Status: 502, RequestID: "r2"}, "Bad Gateway [502, request r2]"},
		{404, nil, `{"title":"x","status":200}`, client.Error{Status: 404}, "Not Found [404]"},
		{302, map[string]string{"Location": "https://evil.example/"}, "", client.Error{Status: 302}, "Found [302]"},
		{401, nil, `{"title":"Scope","status":401,"required_scopes":["a","b"]}`, client.Error{Status: 401, Title: "Scope"}, "Scope (scope: a or b) [401]"},
	} {
		calls := 0
		c := dial(t, func(*http.Request) (int, map[string]string, string) {
			calls++
			return tt.status, tt.header, tt.body
		})
		_, err := c.Me().Get(t.Context())
		got, ok := errors.AsType[*client.Error](err)
		if !ok || calls != 1 {
			t.Errorf("%d: %v after %d calls", tt.status, err, calls)
			continue
		}
		if got.Status != tt.want.Status || got.Reason != tt.want.Reason || got.Title != tt.want.Title || got.Detail != tt.want.Detail || got.RequestID != tt.want.RequestID {
			t.Errorf("%d: %+v", tt.status, got)
		}
		if got.Error() != tt.text {
			t.Errorf("%d: %q, want %q", tt.status, got.Error(), tt.text)
		}
	}
}

func TestOddAnswers(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]server{
		"no connection": func(*http.Request) (int, map[string]string, string) { return 0, nil, "" },
		"not JSON":      func(*http.Request) (int, map[string]string, string) { return 200, nil, "<html>" },
		"too large":     func(*http.Request) (int, map[string]string, string) { return 200, nil, strings.Repeat(" ", 33<<20) },
	} {
		_, err := dial(t, s).Me().Get(t.Context())
		if name == "too large" && !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := errors.AsType[*client.Error](err); ok || err == nil || strings.Contains(err.Error(), "spp_token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func busy(status int, reason, after string) (int, map[string]string, string) {
	return status, map[string]string{"Retry-After": after}, `{"title":"Busy","status":` + map[int]string{429: "429", 503: "503"}[status] + `,"reason":"` + reason + `"}`
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *client.Client) error { _, err := c.Me().Get(ctx); return err }
	create := func(ctx context.Context, c *client.Client) error {
		_, err := c.Me().Tokens().Create(ctx, api.NewToken{Name: "x"})
		return err
	}
	update := func(ctx context.Context, c *client.Client) error {
		_, err := c.Me().Update(ctx, 1, api.MeChange{})
		return err
	}
	remove := func(ctx context.Context, c *client.Client) error { return c.Me().Tokens().Revoke(ctx, "x", 1) }
	for name, tt := range map[string]struct {
		do            func(context.Context, *client.Client) error
		status        int
		reason, after string
		calls         int
		waited        time.Duration
	}{
		"get, busy":                {get, 503, "store_unavailable", "2", 4, 6 * time.Second},
		"get, throttled":           {get, 429, "throttled", "30", 4, 90 * time.Second},
		"get, behind":              {get, 503, "policy_stale", "1", 4, 3 * time.Second},
		"get, far too long":        {get, 503, "overloaded", "31", 1, 0},
		"get, no time said":        {get, 503, "overloaded", "", 1, 0},
		"get, a date":              {get, 503, "overloaded", "Thu, 01 Jan 2032 00:00:00 GMT", 1, 0},
		"get, refused":             {get, 403, "permission_missing", "1", 1, 0},
		"create, busy":             {create, 503, "overloaded", "1", 4, 3 * time.Second},
		"create, perhaps made":     {create, 503, "policy_stale", "1", 1, 0},
		"update, busy":             {update, 503, "overloaded", "1", 1, 0},
		"remove, busy":             {remove, 503, "overloaded", "1", 4, 3 * time.Second},
		"remove, perhaps happened": {remove, 503, "policy_stale", "1", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls, keys, began := 0, map[string]bool{}, time.Now()
				c := dial(t, func(r *http.Request) (int, map[string]string, string) {
					calls++
					keys[r.Header.Get("Idempotency-Key")] = true
					return busy(tt.status, tt.reason, tt.after)
				})
				err := tt.do(t.Context(), c)
				if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != tt.status {
					t.Errorf("%v", err)
				}
				if waited := time.Since(began); calls != tt.calls || waited != tt.waited || len(keys) != 1 {
					t.Errorf("%d calls in %s with %d keys; want %d in %s", calls, waited, len(keys), tt.calls, tt.waited)
				}
			})
		})
	}
}

func TestRepeatSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := dial(t, func(r *http.Request) (int, map[string]string, string) {
			calls++
			text, _ := io.ReadAll(r.Body)
			if string(text) != `{"name":"x"}` {
				t.Errorf("call %d: body %s", calls, text)
			}
			if calls < 3 {
				return busy(503, "overloaded", "1")
			}
			return 201, nil, `{"secret":"spp_x"}`
		})
		if issued, err := c.Me().Tokens().Create(t.Context(), api.NewToken{Name: "x"}); err != nil || issued.Secret != "spp_x" {
			t.Errorf("%v %v", issued, err)
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, func(*http.Request) (int, map[string]string, string) { return busy(503, "overloaded", "10") })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Me().Get(ctx)
		if _, ok := errors.AsType[*client.Error](err); !ok || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestAll(t *testing.T) {
	t.Parallel()
	var asked []string
	pages := map[string]string{
		"":   `{"items":[{"login":"a"},{"login":"b"}],"next":"c1"}`,
		"c1": `{"items":[],"next":"c2"}`,
		"c2": `{"items":[{"login":"c"}]}`,
	}
	c := dial(t, func(r *http.Request) (int, map[string]string, string) {
		q := r.URL.Query()
		asked = append(asked, q.Get("cursor"))
		if q.Get("limit") != "200" || q.Get("search") != "x" {
			t.Errorf("query %v", q)
		}
		return 200, nil, pages[q.Get("cursor")]
	})
	var logins []string
	for u, err := range c.EveryUser().All(t.Context(), api.UserFilter{Search: "x"}) {
		if err != nil {
			t.Fatal(err)
		}
		logins = append(logins, u.Login)
	}
	if strings.Join(logins, "") != "abc" || len(asked) != 3 {
		t.Errorf("%q by %q", logins, asked)
	}
	asked = nil
	for u := range c.EveryUser().All(t.Context(), api.UserFilter{Search: "x"}) {
		if u.Login == "b" {
			break
		}
	}
	if len(asked) != 1 {
		t.Errorf("asked %q for the first page", asked)
	}
	failing := dial(t, func(r *http.Request) (int, map[string]string, string) {
		if r.URL.Query().Get("cursor") == "" {
			return 200, nil, pages[""]
		}
		return 500, nil, ""
	})
	seen, failed := 0, 0
	for _, err := range failing.EveryUser().All(t.Context(), api.UserFilter{}) {
		if err != nil {
			failed++
			continue
		}
		seen++
	}
	if seen != 2 || failed != 1 {
		t.Errorf("%d users and %d errors", seen, failed)
	}
}
