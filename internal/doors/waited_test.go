package doors_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// TestSecondLookAtTheClock: a surface says when it had the request. Where somebody
// was waited for since then, the lease may have run out meanwhile, so the clock is
// looked at again; where nobody was, it is not.
func TestSecondLookAtTheClock(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop()) // whose lease is 5 s
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	_, secret := k.Token(alice)
	_, second := k.Token(alice)
	began := k.Clock.Now()
	var use string
	decide := func(change func(*doors.Request)) sallyport.Reason {
		t.Helper()
		r := request("GET", "/shop/orders", "Authorization", "Bearer "+use)
		r.Now = began
		if change != nil {
			change(r)
		}
		return k.Doors.Decide(t.Context(), r).Reason
	}
	k.Clock.Advance(6 * time.Second)
	use = secret
	if got := decide(nil); got != sallyport.PolicyStale {
		t.Errorf("the store was asked for the credential: %q, want %q", got, sallyport.PolicyStale)
	}
	if got := decide(nil); got != "" {
		t.Errorf("nobody was waited for: %q, want it to pass", got)
	}
	body := func(r *doors.Request) { r.Body = func() ([]byte, error) { return nil, nil } }
	if got := decide(body); got != sallyport.PolicyStale {
		t.Errorf("the client may have sent a body slowly: %q, want %q", got, sallyport.PolicyStale)
	}
	use = second
	if got := decide(nil); got != sallyport.PolicyStale {
		t.Errorf("the store was asked for the credential of a known principal: %q, want %q", got, sallyport.PolicyStale)
	}
	use = secret
	// Who the credential belongs to is loaded anew after a change of his.
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePrincipal, string(alice))
		return nil
	})
	began = k.Clock.Now()
	k.Clock.Advance(6 * time.Second)
	if got := decide(nil); got != sallyport.PolicyStale {
		t.Errorf("the store was asked for the principal: %q, want %q", got, sallyport.PolicyStale)
	}
	if got := decide(nil); got != "" {
		t.Errorf("the principal is known: %q, want it to pass", got)
	}
}
