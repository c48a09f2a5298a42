package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sallyport/sallyport"
)

// serve serves the surface on loopback.
func (k *kit) serve() *httptest.Server {
	srv := httptest.NewServer(k.surface)
	k.T.Cleanup(srv.Close)
	return srv
}

// OA-22: a client that many use gets along with us, in each of its ways.
func TestClientCredentialsOfAClientLibrary(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	srv := k.serve()
	for name, style := range map[string]oauth2.AuthStyle{
		"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams, "either": oauth2.AuthStyleAutoDetect,
	} {
		c := clientcredentials.Config{
			ClientID: string(k.key.ID), ClientSecret: k.secret, TokenURL: srv.URL + "/oauth2/token",
			Scopes: []string{"shop/reading"}, EndpointParams: map[string][]string{"resource": {"shop"}}, AuthStyle: style,
		}
		got, err := c.Token(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Type() != "Bearer" || got.Expiry.IsZero() || got.Extra("scope") != "shop/reading" {
			t.Errorf("%s: %s until %s, scope %v", name, got.Type(), got.Expiry, got.Extra("scope"))
		}
		if reason := k.opens("shop", got.AccessToken); reason != "" {
			t.Errorf("%s: refused with %q", name, reason)
		}
		c.ClientSecret = k.otherKey
		_, err = c.Token(t.Context())
		if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != "invalid_client" {
			t.Errorf("%s: with a wrong secret: %v", name, err)
		}
	}
}

func TestSignInOfAClientLibrary(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	srv := k.serve()
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams} {
		c := oauth2.Config{ClientID: "sallyport", Endpoint: oauth2.Endpoint{TokenURL: srv.URL + "/oauth2/token", AuthStyle: style}}
		// The library has no way to name a resource here; the scope tells.
		c.Scopes = []string{"shop/reading"}
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, srv.Client())
		first, err := c.PasswordCredentialsToken(ctx, "alice", secretOfAlice)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		second, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
		if err != nil || second.RefreshToken == first.RefreshToken {
			t.Errorf("%s: refresh: %v", name, err)
			continue
		}
		if reason := k.opens("shop", second.AccessToken); reason != "" {
			t.Errorf("%s: refused with %q", name, reason)
		}
	}
}

// A body without end is not read to its end.
func TestLargeBody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	srv := k.serve()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/oauth2/token", strings.NewReader("a="+strings.Repeat("x", 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
		t.Errorf("%d, connection closed: %v", res.StatusCode, res.Close)
	}
}

// Labels take their values from us, never from a request.
func TestMetrics(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.exchanged()
	k.post("/oauth2/token", nil, "grant_type", "urn:evil")
	k.post("/oauth2/"+strings.Repeat("x", 20), nil)
	w := httptest.NewRecorder()
	k.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`sallyport_oauth_requests_total{endpoint="token",grant="client_credentials",outcome="ok"} 1`,
		`sallyport_oauth_requests_total{endpoint="token",grant="",outcome="unsupported_grant_type"} 1`,
		`sallyport_oauth_requests_total{endpoint="other",grant="",outcome="failed"} 1`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(w.Body.String(), "evil") {
		t.Error("a label came from a request")
	}
	log := k.log.String()
	if !strings.Contains(log, `"user":"pseudonym"`) || !strings.Contains(log, `"route":"oauth/token"`) {
		t.Errorf("access log:\n%s", log)
	}
}

func TestKeyOfAnEndedTenant(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.tenant("short-lived")
	_, secret := k.Credential(sallyport.Credential{Kind: sallyport.APIKey, Name: "far", Tenant: id})
	if status, a := k.post("/oauth2/token", basic("far", secret), "grant_type", "client_credentials"); status != http.StatusOK {
		t.Fatalf("%d %v", status, a)
	}
	k.endTenant(id)
	if status, _ := k.post("/oauth2/token", basic("far", secret), "grant_type", "client_credentials"); status != http.StatusUnauthorized {
		t.Errorf("%d", status)
	}
}
