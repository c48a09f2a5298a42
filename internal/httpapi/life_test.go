package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func TestTokenLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	_, secret := w.Person(w.T1.ID, "orders/read")
	c := w.client(t, secret)
	tokens := c.Me().Tokens()
	made := ok(tokens.Create(ctx, api.NewToken{Name: "backup", ExpiresAt: w.Clock.Now().Add(5 * time.Minute)}))(t)
	if !made.Expiring {
		t.Errorf("made %+v", made)
	}
	me := func(secret api.Secret) answer {
		t.Helper()
		return w.send(t, request{method: http.MethodGet, path: "/me", token: secret.Reveal()})
	}
	if got, want := me(made.Secret).header.Get("X-Sallyport-Credential-Expires"), "Wed, 01 May 2030 12:05:00 GMT"; got != want {
		t.Errorf("header %q, want %q", got, want)
	}
	brown := ok(tokens.BrownOut(ctx, made.ID, made.Version, api.NewBrownout{Share: 100, For: sallyport.Duration(time.Minute)}))(t)
	if brown.Brownout == nil || brown.Brownout.Share != 100 || brown.Brownout.Until.Sub(w.Clock.Now()) != time.Minute {
		t.Errorf("brown-out %+v", brown)
	}
	during := me(made.Secret)
	ended := ok(tokens.EndBrownout(ctx, made.ID, brown.Version))(t)
	if after := me(made.Secret); ended.Brownout != nil || after.status != http.StatusOK {
		t.Errorf("after the brown-out: %d, %+v", after.status, ended)
	}
	renewed := ok(tokens.Renew(ctx, made.ID, ended.Version, api.Renewal{Overlap: sallyport.Duration(time.Minute)}))(t)
	_ = ok(tokens.EndOverlap(ctx, made.ID, renewed.Version))(t)
	if old := me(made.Secret); old.status != http.StatusUnauthorized {
		t.Errorf("the old secret after the overlap: %d", old.status)
	}

	// Whoever holds it may end it. Good, unknown and nonsense look the same, and a
	// brown-out looks like the end.
	unknown := strings.Replace(renewed.Secret.Reveal(), "spp_", "spn_", 1)
	for _, leaked := range []string{renewed.Secret.Reveal(), renewed.Secret.Reveal(), unknown, "hunter2"} {
		a := w.send(t, request{method: http.MethodPost, path: "/leaked", body: `{"secrets":["` + leaked + `"]}`})
		if a.status != http.StatusNoContent || a.body != "" {
			t.Errorf("%.6s…: %d %s", leaked, a.status, a.body)
		}
	}
	over := me(renewed.Secret)
	if over.status != http.StatusUnauthorized || over.status != during.status || over.Reason != during.Reason {
		t.Errorf("revoked: %d %s, browned out: %d %s", over.status, over.Reason, during.status, during.Reason)
	}
}

// TestLeakedIsThrottled: looking secrets up for strangers is bounded.
func TestLeakedIsThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"secrets":["` + strings.Repeat(`a","`, 99) + `a"]}`
	for i, want := range []int{http.StatusNoContent, http.StatusNoContent, http.StatusTooManyRequests} {
		got := w.send(t, request{method: http.MethodPost, path: "/leaked", body: body})
		if got.status != want || want == http.StatusTooManyRequests && got.header.Get("Retry-After") == "" {
			t.Errorf("request %d: %d %s", i, got.status, got.body)
		}
	}
	w.Advance(time.Minute)
	if got := w.send(t, request{method: http.MethodPost, path: "/leaked", body: body}); got.status != http.StatusNoContent {
		t.Errorf("a minute later: %d", got.status)
	}
}
