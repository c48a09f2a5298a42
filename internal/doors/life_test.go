package doors_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// TestBrownout: of the uses of a token the share is refused that was chosen, for as
// long as was chosen; and "why" says so, but not to the caller.
func TestBrownout(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	c, secret := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: alice, Name: "backup"})
	_, other := k.Token(alice)
	passed := int64(0)
	refused := func(secret string) (n int) {
		t.Helper()
		for range 1000 {
			switch dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+secret); dec.Reason {
			case "":
				passed++
			case sallyport.CredentialBrownout:
				n++
			default:
				t.Fatalf("refused with %s", dec.Reason)
			}
		}
		return n
	}
	set := func(share int) {
		t.Helper()
		k.Write(func(ctx context.Context, tx *store.Tx) error {
			tx.Note(sallyport.ChangeCredential, string(c.ID))
			return tx.SetBrownout(ctx, &c, sallyport.Brownout{Share: share, Until: k.Clock.Now().Add(time.Hour)}, store.AnyVersion)
		})
		k.Apply()
	}
	if n := refused(secret); n != 0 {
		t.Errorf("%d of 1000 were refused without a brown-out", n)
	}
	set(25)
	if n := refused(secret); n < 180 || n > 320 {
		t.Errorf("of 1000 uses %d were refused, want about 250", n)
	}
	set(100)
	if n := refused(secret); n != 1000 {
		t.Errorf("of 1000 uses %d were refused, want all", n)
	}
	r := request("GET", "/shop/orders", "Authorization", "Bearer "+secret)
	r.ID = "browned-out"
	d, trace := traced(t, k, r)
	if step, text := refusedStep(trace); d.Reason != sallyport.CredentialBrownout || d.Login != "alice" || step != "credential" ||
		!strings.Contains(text, `"backup"`) || !strings.Contains(text, "100 of 100 of its uses are refused until 2030-05-01T13:00:00Z") {
		t.Errorf("why: %s of %q at %s: %s", d.Reason, d.Login, step, text)
	}
	brown, dead := sallyport.CredentialBrownout, sallyport.CredentialRevoked
	if brown.Coarse() != dead.Coarse() || brown.Status() != dead.Status() {
		t.Errorf("the caller is told %s with %d", brown.Coarse(), brown.Status())
	}
	k.Clock.Advance(time.Hour)
	k.Apply()
	if n := refused(secret); n != 0 {
		t.Errorf("%d of 1000 were refused after the end", n)
	}
	if err := k.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Store.CredentialByID(t.Context(), c.ID); err != nil || got.Uses != passed {
		t.Errorf("%d uses, %v; want the %d that were let in", got.Uses, err, passed)
	}
	if n := refused(other); n != 0 {
		t.Errorf("%d uses of another token were refused", n)
	}
}

// TestTombstones: a secret whose record was removed long ago is refused for its own
// reason, and explained by name and owner.
func TestTombstones(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	_, expired := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: alice, Name: "last year's", Expires: k.Clock.Now().Add(-time.Hour)})
	c, revoked := k.Credential(sallyport.Credential{Kind: sallyport.ApplicationToken, Owner: alice, Name: "the nightly one"})
	k.Revoke(c)
	k.Clock.Advance(time.Hour)
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		for _, kind := range []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken} {
			if n, err := tx.PruneCredentials(ctx, kind, k.Clock.Now()); err != nil || n != 1 {
				t.Errorf("PruneCredentials(%s) = %d, %v", kind, n, err)
			}
		}
		return nil
	})
	k.Apply()
	for i, tt := range []struct {
		secret, name string
		reason       sallyport.Reason
	}{{expired, "last year's", sallyport.CredentialExpired}, {revoked, "the nightly one", sallyport.CredentialRevoked}} {
		r := request("GET", "/shop/orders", "Authorization", "Bearer "+tt.secret)
		r.ID = "tombstone-" + string(rune('a'+i))
		d, trace := traced(t, k, r)
		step, text := refusedStep(trace)
		if d.Reason != tt.reason || d.Login != "alice" || step != "credential" || !strings.Contains(text, tt.name) || !strings.Contains(text, "removed since") {
			t.Errorf("%s: %s, login %q, at %s: %s", tt.name, d.Reason, d.Login, step, text)
		}
		if tt.reason.Coarse() != sallyport.CredentialUnknown.Coarse() {
			t.Errorf("the caller can tell %s from an unknown one", tt.reason)
		}
	}
}

// TestNotice: who uses a token in its last days is told when it ends; of an old
// secret, when the overlap does. Telling costs no allocation.
func TestNotice(t *testing.T) {
	k := doorstest.New(t, shop()) // which warns ten minutes before
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	now := k.Clock.Now()
	_, soon := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: alice, Expires: now.Add(9 * time.Minute)})
	_, far := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: alice, Expires: now.Add(time.Hour)})
	_, never := k.Token(alice)
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice, Expires: now.Add(time.Minute)})
	old, replaced := k.Token(alice)
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		digest := [32]byte{1}
		return tx.ReplaceSecret(ctx, old.Tenant, old.ID, &sallyport.CredentialSecret{Digest: digest}, now.Add(5*time.Minute), store.AnyVersion)
	})
	for name, tt := range map[string]struct {
		path, header, value, want string
	}{
		"soon":        {"/shop/orders", "Authorization", "Bearer " + soon, "Wed, 01 May 2030 12:09:00 GMT"},
		"soon, again": {"/shop/orders", "Authorization", "Bearer " + soon, "Wed, 01 May 2030 12:09:00 GMT"},
		"refused":     {"/shop/nothing", "Authorization", "Bearer " + soon, "Wed, 01 May 2030 12:09:00 GMT"},
		"replaced":    {"/shop/orders", "Authorization", "Bearer " + replaced, "Wed, 01 May 2030 12:05:00 GMT"},
		"far":         {"/shop/orders", "Authorization", "Bearer " + far, ""},
		"never":       {"/shop/orders", "Authorization", "Bearer " + never, ""},
		"session":     {"/shop/orders", "Cookie", "sp_session=" + session, ""},
		"nobody":      {"/shop/orders", "Accept", "*/*", ""},
	} {
		dec := k.Doors.Decide(t.Context(), request("GET", tt.path, tt.header, tt.value))
		h := http.Header{}
		k.Doors.Announce(&dec, h)
		if got := h.Get(doors.HeaderExpires); got != tt.want {
			t.Errorf("%s: %q, want %q (%s)", name, got, tt.want, dec.Reason)
		}
	}
	r := request("GET", "/shop/orders", "Authorization", "Bearer "+soon)
	h := http.Header{}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		dec := k.Doors.Decide(ctx, r)
		k.Doors.Announce(&dec, h)
	}); n != 0 {
		t.Errorf("%v allocations in the last days of a token", n)
	}
}
