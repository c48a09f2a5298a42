package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

func (k *kit) get(target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	return k.send(r)
}

func object(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	o := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return o
}

// JW-28: nothing private is published, and what is published verifies.
func TestKeys(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	w := k.get("/.well-known/jwks.json")
	if w.Header().Get("Cache-Control") != "public, max-age=300" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("header %v", w.Header())
	}
	keys, _ := object(t, w)["keys"].([]any)
	if len(keys) < 3 {
		t.Fatalf("%d keys", len(keys))
	}
	for _, key := range keys {
		members, _ := key.(map[string]any)
		if members["kty"] == "oct" {
			t.Error("a symmetric key is published")
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, there := members[private]; there {
				t.Errorf("a key has %q", private)
			}
		}
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	for resource, algorithm := range map[string]jose.SignatureAlgorithm{"shop": jose.EdDSA, "stock": jose.ES256} {
		_, a := k.post("/oauth2/token", k.asKey(), "grant_type", "client_credentials", "resource", resource)
		signed, err := jose.ParseSignedCompact(text(a, "access_token"), []jose.SignatureAlgorithm{algorithm})
		if err != nil {
			t.Fatalf("%s: %v", resource, err)
		}
		header := signed.Signatures[0].Header
		if header.ExtraHeaders[jose.HeaderType] != "at+jwt" {
			t.Errorf("%s: type %v", resource, header.ExtraHeaders[jose.HeaderType])
		}
		found := set.Key(header.KeyID)
		if len(found) != 1 {
			t.Fatalf("%s: %d keys have the id", resource, len(found))
		}
		payload, err := signed.Verify(found[0])
		if err != nil {
			t.Fatalf("%s: %v", resource, err)
		}
		claims := map[string]any{}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} { // RFC 9068 section 2.2
			if claims[name] == nil {
				t.Errorf("%s: no %s", resource, name)
			}
		}
		if claims["iss"] != doorstest.Issuer || claims["aud"] != resource {
			t.Errorf("%s: claims %v", resource, claims)
		}
	}
	tag := w.Header().Get("ETag")
	for _, match := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if w := k.get("/.well-known/jwks.json", "If-None-Match", match); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("If-None-Match %s: %d", match, w.Code)
		}
	}
	if w := k.get("/.well-known/jwks.json", "If-None-Match", `"x"`); w.Code != http.StatusOK {
		t.Errorf("another tag: %d", w.Code)
	}
}

// OA-20: nothing of a request gets into a document.
func TestServerMetadata(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	plain := k.get("/.well-known/oauth-authorization-server")
	m := object(t, plain)
	for name, want := range map[string]string{
		"issuer": "", "token_endpoint": "/oauth2/token", "revocation_endpoint": "/oauth2/revoke",
		"introspection_endpoint": "/oauth2/introspect", "jwks_uri": "/.well-known/jwks.json",
	} {
		if m[name] != doorstest.Issuer+want {
			t.Errorf("%s is %v", name, m[name])
		}
	}
	forged := k.get("/.well-known/oauth-authorization-server",
		"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example")
	if forged.Body.String() != plain.Body.String() {
		t.Errorf("with a forged host: %s", forged.Body)
	}
}

func TestResourceMetadata(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, tt := range []struct {
		path, host, resource string
		scopes               []any
		methods              int
	}{
		{"/shop", "", doorstest.Issuer + "/shop", []any{"shop/reading", "shop/writing"}, 1},
		{"/boutique", "evil.example", doorstest.Issuer + "/boutique", []any{"shop/reading", "shop/writing"}, 1},
		{"/stock", "", doorstest.Issuer + "/stock", []any{}, 1},
		{"/sallyport/api/v1", "", doorstest.Issuer + "/sallyport/api/v1", nil, 1},
		{"", "", doorstest.Issuer, nil, 1},
		{"", "shop.example", "http://shop.example", []any{"hosted/reading", "hosted/writing"}, 0},
		{"", "SHOP.example:8080", "http://shop.example", []any{"hosted/reading", "hosted/writing"}, 0},
	} {
		m := object(t, k.get("/.well-known/oauth-protected-resource"+tt.path, "Host", tt.host))
		scopes, _ := m["scopes_supported"].([]any)
		methods, _ := m["bearer_methods_supported"].([]any)
		servers, _ := m["authorization_servers"].([]any)
		if m["resource"] != tt.resource || len(methods) != tt.methods || len(servers) != tt.methods ||
			tt.scopes != nil && !slices.Equal(scopes, tt.scopes) {
			t.Errorf("%s at %q: %v", tt.path, tt.host, m)
		}
	}
	for _, path := range []string{"/off", "/none", "/shop/orders", "/", "x", "/%73hop"} {
		if w := k.get("/.well-known/oauth-protected-resource" + path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for name, want := range map[string]string{"shop": "/shop", "stock": "/stock"} {
		got := k.surface.Metadata(k.Doors.Policy().API(sallyportName(name)))
		if got != doorstest.Issuer+"/.well-known/oauth-protected-resource"+want {
			t.Errorf("%s: %q", name, got)
		}
		if w := k.get(strings.TrimPrefix(got, doorstest.Issuer)); w.Code != http.StatusOK {
			t.Errorf("%s: %d", got, w.Code)
		}
	}
	for _, name := range []string{"hosted", "off", "none"} {
		if got := k.surface.Metadata(k.Doors.Policy().API(sallyportName(name))); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, tt := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/oauth2/token", 405, "POST"},
		{"GET", "/oauth2/token?refresh_token=spr_x", 405, "POST"},
		{"HEAD", "/oauth2/revoke", 405, "POST"},
		{"OPTIONS", "/oauth2/introspect", 405, "POST"},
		{"POST", "/oauth2/token?client_secret=x", 400, ""},
		{"POST", "/oauth2/token?", 400, ""},
		{"POST", "/.well-known/jwks.json", 405, "GET, HEAD"},
		{"DELETE", "/.well-known/oauth-authorization-server", 405, "GET, HEAD"},
		{"HEAD", "/.well-known/jwks.json", 200, ""},
		{"GET", "/oauth2/authorize", 404, ""},
		{"GET", "/oauth2/tok%65n", 404, ""},
		{"POST", "/oauth2/token/", 404, ""},
		{"GET", "/.well-known/openid-configuration", 404, ""},
	} {
		r := httptest.NewRequest(tt.method, tt.target, strings.NewReader("grant_type=client_credentials"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := k.send(r)
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q", tt.method, tt.target, w.Code, w.Header().Get("Allow"))
		}
		if w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s %s: no request id", tt.method, tt.target)
		}
	}
}
