package doors_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
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

// TestAssertionOutlivesChanges: an assertion is handed out again under a later
// revision, which the header says and the assertion does not, as long as it says
// what is still so and its key is in use. Each revision would have all signed anew.
func TestAssertionOutlivesChanges(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	_, text := k.Token(alice)
	assertion := func() (string, token.Claims) {
		t.Helper()
		dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+text)
		h := identify(t, k.Doors, dec)
		if got, want := h.Get(doors.HeaderRevision), strconv.FormatUint(uint64(k.Doors.Revision()), 10); got != want {
			t.Errorf("the revision is %s, want %s", got, want)
		}
		signed := h.Get(doors.HeaderAssertion)
		claims, err := k.Doors.Keys().Verify(token.AssertionJWT, signed, token.Expect{Audience: "shop", Now: k.Clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return signed, claims
	}
	first, claims := assertion()
	if claims.Revision != k.Doors.Revision() {
		t.Errorf("the assertion is of revision %d, want %d", claims.Revision, k.Doors.Revision())
	}
	k.Role("other", "shop/read")
	if second, _ := assertion(); second != first {
		t.Error("a change of something else had the assertion signed anew")
	}
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		u, err := tx.UserByID(ctx, alice)
		if err != nil {
			return err
		}
		u.Login = "alicia"
		tx.Note(sallyport.ChangePrincipal, string(alice))
		return tx.UpdateUser(ctx, &u, store.AnyVersion)
	})
	renamed, claims := assertion()
	if renamed == first || claims.Login != "alicia" {
		t.Errorf("after alice was renamed the assertion is about %q", claims.Login)
	}
	k.Write(func(_ context.Context, tx *store.Tx) error { tx.Note(sallyport.ChangeKeys, ""); return nil })
	if again, _ := assertion(); again == renamed {
		t.Error("with other keys in use an assertion of the old ones was handed out")
	}
}
