package extauthz_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

// TestAsOverHTTP: the answer over gRPC is that of the HTTP endpoint: the same status,
// headers and body, but for the id of the request.
func TestAsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{})
	_, powerless := s.Token(s.User("carol", "", s.Role("guest")))
	_, limited := s.Token(s.User("bob", "", s.Role("writer", "shop/write", "hosted/read")), "shop/reading")
	_, expired := s.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: s.User("dave", "", s.Role("r2", "shop/read")), Expires: s.Clock.Now().Add(time.Second)})
	revoked, secret := s.Token(s.User("erin", "", s.Role("r3", "shop/read")))
	s.Revoke(revoked)
	_, session := s.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: s.User("frank", "", s.Role("r4", "shop/read"))})
	_, key := s.Key("robot", s.Role("r5", "shop/read"))
	s.Clock.Advance(2 * time.Second)
	s.Apply()
	bearer := func(secret string) []string { return []string{"Authorization", "Bearer " + secret} }
	requests := map[string]request{
		"a token":                  get("/shop/orders/17?realm=north&x=1", bearer(s.token)...),
		"HEAD":                     {http.MethodHead, "/shop/orders", "api.test", bearer(s.token)},
		"HEAD, nobody":             {http.MethodHead, "/shop/orders", "api.test", nil},
		"a key":                    get("/shop/orders", "X-API-Key", key),
		"a key in the query":       get("/shop/orders?api_key="+key, "Accept", "*/*"),
		"a session":                get("/shop/orders", "Cookie", "theme=dark; sp_session="+session),
		"a password":               get("/shop/orders", "Authorization", basic("alice", password)),
		"a wrong password":         get("/shop/orders", "Authorization", basic("alice", "wrong")),
		"a public route":           get("/shop/health"),
		"public, with a token":     get("/shop/health", bearer(s.token)...),
		"nobody":                   get("/shop/orders"),
		"garbage":                  get("/shop/orders", bearer("garbage")...),
		"expired":                  get("/shop/orders", bearer(expired)...),
		"revoked":                  get("/shop/orders", bearer(secret)...),
		"malformed":                get("/shop/orders", "Authorization", "Basic malformed"),
		"two credentials":          get("/shop/orders", "Authorization", "Bearer "+s.token, "X-API-Key", key),
		"misplaced":                get("/shop/orders?access_token=" + s.token),
		"no permission":            get("/shop/orders", bearer(powerless)...),
		"no permission, put":       {http.MethodPut, "/shop/orders/1", "api.test", bearer(s.token)},
		"no scope":                 {http.MethodPut, "/shop/orders/1", "api.test", bearer(limited)},
		"explained":                {http.MethodGet, "/x", "orders.test", bearer(powerless)},
		"no API":                   get("/elsewhere", bearer(s.token)...),
		"no route":                 get("/shop/elsewhere", bearer(s.token)...),
		"no route, nobody":         get("/shop/elsewhere"),
		"no method":                {http.MethodDelete, "/shop/orders/1", "api.test", bearer(s.token)},
		"odd method":               {"GE T", "/shop/orders", "api.test", bearer(s.token)},
		"CONNECT":                  {http.MethodConnect, "/shop/orders", "api.test", bearer(s.token)},
		"another tenant":           get("/shop/orders", "Authorization", "Bearer "+s.token, "X-Tenant-Id", "11111111-1111-4111-8111-111111111111"),
		"no tenant of that form":   get("/shop/orders", "Authorization", "Bearer "+s.token, "X-Tenant-Id", "*"),
		"another host":             {http.MethodGet, "/x", "orders.test:80", bearer(s.token)},
		"odd host":                 {http.MethodGet, "/x", "orders.test, evil", bearer(s.token)},
		"no host":                  {http.MethodGet, "/x", "evil", bearer(s.token)},
		"dot segment":              get("/shop/../shop/health"),
		"encoded dot segment":      get("/shop/%2e%2e/shop/health"),
		"encoded slash":            get("/shop%2Fhealth"),
		"empty segment":            get("/shop//health"),
		"semicolon":                get("/shop/health;x"),
		"backslash":                get("/shop\\health"),
		"NUL":                      get("/shop/health%00"),
		"overlong":                 get("/shop/%c0%aehealth"),
		"escaped letter":           get("/shop/%68ealth"),
		"escaped letter in a name": get("/shop/orders/%31", bearer(s.token)...),
		"fragment":                 get("/shop/orders#/shop/health"),
		"query of another":         get("/elsewhere?/shop/health"),
		"public in the query":      get("/shop/orders?/shop/health"),
		"absolute":                 get("http://api.test/shop/health"),
		"long":                     get("/shop/"+strings.Repeat("a", 20<<10), bearer(s.token)...),
		"parameter twice":          get("/shop/orders?realm=a&realm=b", bearer(s.token)...),
		"other headers":            get("/shop/orders", "X-Original-Url", "/shop/health", "X-Forwarded-Method", "DELETE", "X-Http-Method-Override", "PUT", "X-Envoy-Original-Path", "/shop/health"),
		"forged":                   get("/shop/orders", "X-Sallyport-User", "root", "x_sallyport_user", "root", "X-Sallyport-Kind", "service", "Remote-User", "root"),
		"a verb":                   {http.MethodPost, "/forms/do?verb=read", "api.test", bearer(s.token)},
		"a verb and a body":        {http.MethodPost, "/forms/do?verb=read", "api.test", append(bearer(s.token), "Content-Type", "application/x-www-form-urlencoded")},
		"cookie of another site":   get("/shop/orders", "Cookie", "sp_session="+session, "Origin", "http://evil.test", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
	}
	conn := s.dial(t)
	compare := func(t *testing.T) {
		t.Helper()
		for _, name := range slices.Sorted(maps.Keys(requests)) {
			r := requests[name]
			want := s.overHTTP(r)
			for _, raw := range []bool{false, true} {
				checkSame(t, name, s.check(t, conn, r, raw), want)
			}
		}
	}
	compare(t)
	compare(t) // from memory
	api := shop()
	api.Explain = sallyport.ExplainNone
	s.ReplaceAPI(api)
	compare(t)
	for range 40 {
		s.overHTTP(get("/shop/orders", "Authorization", basic("victim", "wrong")))
	}
	requests = map[string]request{"throttled": get("/shop/orders", "Authorization", basic("victim", "wrong"))}
	compare(t)
	// The store is gone: who is known passes, who is not gets 503, and nobody 401.
	_, unseen := s.Token(s.User("unseen", "", s.Role("r6", "shop/read")))
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	requests = map[string]request{"known": get("/shop/orders", bearer(s.token)...), "not known": get("/shop/orders", bearer(unseen)...), "nobody": get("/shop/orders")}
	compare(t)
	if got := s.check(t, conn, requests["not known"], true); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("with the store gone: %v", got)
	}
	s.Clock.Advance(time.Minute) // the policy is stale
	compare(t)
	if got := s.check(t, conn, requests["known"], true); got.status != http.StatusServiceUnavailable {
		t.Errorf("with a stale policy: %v", got)
	}
}

// checkSame compares an outcome over gRPC with the one over HTTP.
func checkSame(t *testing.T, name string, got, want outcome) {
	t.Helper()
	if got.status != want.status {
		t.Errorf("%s: status %d, over HTTP %d\n%s\n%s", name, got.status, want.status, got.body, want.body)
		return
	}
	id, wantID := got.header.Get("X-Request-Id"), want.header.Get("X-Request-Id")
	if id == "" || id == wantID || id == "made-by-envoy" {
		t.Errorf("%s: the id is %q, over HTTP %q", name, id, wantID)
	}
	if got.status == http.StatusOK {
		for _, h := range doors.IdentityHeaders {
			if h != doors.HeaderRequestID && !slices.Equal(got.header[h], want.header[h]) {
				t.Errorf("%s: %s is %q, over HTTP %q", name, h, got.header[h], want.header[h])
			}
		}
		return
	}
	if strings.ReplaceAll(got.body, id, "ID") != strings.ReplaceAll(want.body, wantID, "ID") {
		t.Errorf("%s: body %s\nover HTTP %s", name, got.body, want.body)
	}
	without := func(h http.Header) http.Header {
		h = h.Clone()
		for _, name := range []string{"X-Request-Id", "Content-Length"} {
			h.Del(name)
		}
		return h
	}
	if g, w := without(got.header), without(want.header); !maps.EqualFunc(g, w, slices.Equal) {
		t.Errorf("%s: headers %v\nover HTTP %v", name, g, w)
	}
}

// TestUpstreamSees: who it is, and nothing of the credential nor of what the client
// says about itself.
func TestUpstreamSees(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{})
	_, session := s.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: s.User("frank", "", s.Role("r4", "shop/read"))})
	conn := s.dial(t)
	own := []string{
		"X-Sallyport-User", "root", "X-Sallyport-Tenant", "x", "X_Sallyport_User", "root", "X-Sallyport-Status", "200", "X-Sallyport-Reason", "x",
		"Remote-User", "root", "X-Forwarded-User", "root", "X-Http-Method-Override", "DELETE", "X-Original-Url", "/admin", "Proxy", "http://evil",
		"X-Real-Ip", "10.0.0.1", "X-Envoy-Original-Path", "/admin", "An_Underscore", "x",
	}
	bearer := []string{"Authorization", "Bearer " + s.token}
	for _, tt := range []struct {
		name   string
		r      request
		path   string
		want   map[string]string // empty: not there
		secret string
	}{
		{"a token", get("/shop/orders", bearer...), "/shop/orders", map[string]string{"Authorization": ""}, s.token},
		{"a key", get("/shop/orders", "X-API-Key", s.token, "Accept", "a/b"), "/shop/orders", map[string]string{"X-Api-Key": "", "Accept": "a/b"}, s.token},
		{"a query", get("/shop/orders?a=1&api_key=" + s.token + "&b"), "/shop/orders?a=1&b", nil, s.token},
		{"an escaped name", get("/shop/orders?api%5Fkey=" + s.token), "/shop/orders", nil, s.token},
		{"a cookie", get("/shop/orders", "Cookie", "sp_session="+session), "/shop/orders", map[string]string{"Cookie": ""}, session},
		{"a cookie among others", get("/shop/orders", "Cookie", "a=b; sp_session="+session+"; c=d"), "/shop/orders", map[string]string{"Cookie": "a=b; c=d"}, session},
		{"cookies of others", get("/shop/health", "Cookie", "a=b; c=d"), "/shop/health", map[string]string{"Cookie": "a=b; c=d"}, ""},
		{"beside a public route", get("/shop/health", bearer...), "/shop/health", map[string]string{"Authorization": ""}, s.token},
		{"of an API that wants it", request{http.MethodGet, "/x?k=1", "orders.test", bearer}, "/x?k=1", map[string]string{"Authorization": "Bearer " + s.token}, ""},
		{"what a client may not say", get("/shop/orders", append(own, bearer...)...), "/shop/orders", map[string]string{
			"X-Sallyport-User": "alice", "X-Sallyport-Tenant": string(doorstest.Tenant), "X_Sallyport_User": "", "X-Sallyport-Status": "", "X-Sallyport-Reason": "",
			"Remote-User": "", "X-Forwarded-User": "", "X-Http-Method-Override": "", "X-Original-Url": "", "Proxy": "", "X-Real-Ip": "",
			"X-Envoy-Original-Path": "", "An_Underscore": "", "X-Forwarded-For": client, "X-Forwarded-Proto": "http",
		}, s.token},
	} {
		if strings.Contains(tt.path, "api_key") && strings.HasPrefix(tt.path, "/shop") {
			t.Fatal("a mistake in the table")
		}
		for _, raw := range []bool{false, true} {
			got := s.check(t, conn, tt.r, raw)
			if got.status != http.StatusOK || got.path != tt.path {
				t.Errorf("%s: %v", tt.name, got)
				continue
			}
			for name, want := range tt.want {
				if is := strings.Join(got.header[http.CanonicalHeaderKey(name)], "|"); is != want {
					t.Errorf("%s: the upstream gets %s: %q, want %q", tt.name, name, is, want)
				}
			}
			for name, values := range got.header {
				if tt.secret != "" && strings.Contains(strings.Join(values, " "), tt.secret) {
					t.Errorf("%s: the upstream gets the credential in %s", tt.name, name)
				}
			}
			for _, name := range doors.IdentityHeaders {
				if len(got.header[name]) != 1 || got.header.Get(name) == "" {
					t.Errorf("%s: %s is %q, want one value", tt.name, name, got.header[name])
				}
			}
			if id := got.toClient.Get("X-Request-Id"); id == "" || id != got.header.Get("X-Request-Id") || got.toClient.Get("X-Sallyport-Revision") == "" || got.toClient.Get("X-Sallyport-User") != "" {
				t.Errorf("%s: the client gets %v", tt.name, got.toClient)
			}
		}
	}
}

// TestNoticesGoToTheClient: that a token ends soon is for who holds it.
func TestNoticesGoToTheClient(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{})
	ends := s.Clock.Now().Add(5 * time.Minute)
	_, secret := s.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: s.User("bob", "", s.Role("r2", "shop/read")), Expires: ends})
	conn := s.dial(t)
	want := ends.Format(http.TimeFormat)
	got := s.check(t, conn, get("/shop/orders", "Authorization", "Bearer "+secret), true)
	if got.toClient.Get(doors.HeaderExpires) != want || got.header.Get(doors.HeaderExpires) != "" {
		t.Errorf("passed: the client gets %v, the upstream %v", got.toClient, got.header)
	}
	if got = s.check(t, conn, get("/shop/nothing", "Authorization", "Bearer "+secret), true); got.header.Get(doors.HeaderExpires) != want {
		t.Errorf("refused: the client gets %v", got.header)
	}
}
