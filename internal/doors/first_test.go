package doors_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

// TestFirstUsesAtOnce: requests that bring a credential for the first time
// together are all let in. Each of them learns it, and none takes the others'
// learning for a revocation. The same once more, when what was known of a
// password has run out.
func TestFirstUsesAtOnce(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	for range 30 {
		_, token := k.Token(alice)
		for way, header := range map[string]string{"token": "Bearer " + token, "Basic": basic("alice", password)} {
			var all sync.WaitGroup
			start := make(chan struct{})
			for range 32 {
				all.Go(func() {
					<-start
					if dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", header); dec.Reason != "" {
						t.Errorf("%s: %s", way, dec.Reason)
					}
				})
			}
			close(start)
			all.Wait()
		}
		k.Clock.Advance(2 * time.Minute)
		k.Apply()
	}
}
