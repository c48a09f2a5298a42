package doors_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/token"
)

func identify(t *testing.T, d *doors.Doors, dec sallyport.Decision) http.Header {
	t.Helper()
	if !dec.Allowed {
		t.Fatalf("refused: %q", dec.Reason)
	}
	h := http.Header{"X-Sallyport-User": {"forged"}}
	if err := d.Identify(&dec, h); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestIdentityIsWhole: every header is there and none is empty, for somebody and
// for nobody.
func TestIdentityIsWhole(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, key := k.Key("robot", k.Role("reader", "shop/read"))
	for name, dec := range map[string]sallyport.Decision{
		"somebody": ask(t, k.Doors, "GET", "/shop/orders", "X-Api-Key", key),
		"nobody":   ask(t, k.Doors, "GET", "/shop/health"),
	} {
		h := identify(t, k.Doors, dec)
		for _, header := range doors.IdentityHeaders {
			if v := h[header]; len(v) != 1 || v[0] == "" {
				t.Errorf("%s: %s is %q", name, header, v)
			}
		}
	}
}

// TestAssertionSaysWhatThisTokenMay: two access tokens of one sign-in with other
// scopes do not share an assertion, although much else about them is equal.
func TestAssertionSaysWhatThisTokenMay(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	family, wide := k.AccessToken(alice, "shop", "shop")
	now := k.Clock.Now()
	narrow, err := k.Doors.Keys().Sign(token.AccessJWT, "", token.Claims{
		Audience: []string{"shop"}, Issued: now, Expires: now.Add(5 * time.Minute), Subject: alice, Client: "test",
		Session: family, Scopes: []string{"shop/reading"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{wide: "shop", narrow.Reveal(): "shop/reading"} {
		h := identify(t, k.Doors, ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+text))
		claims, err := k.Doors.Keys().Verify(token.AssertionJWT, h.Get(doors.HeaderAssertion), token.Expect{Audience: "shop", Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(claims.Scopes, " "); got != want {
			t.Errorf("the assertion says scope %q, want %q", got, want)
		}
	}
}

// TestHeaderTextCannotBreakOut: what people name things cannot become another
// header, or another value.
func TestHeaderTextCannotBreakOut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"alice": "alice", "josé": "jos%C3%A9", "a\r\nX: 1": "a%0D%0AX:%201", "a,b": "a%2Cb", "100%": "100%25",
	} {
		if got := doors.HeaderText(in); got != want {
			t.Errorf("HeaderText(%q) = %q, want %q", in, got, want)
		}
	}
}
