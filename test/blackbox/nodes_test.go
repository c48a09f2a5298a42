package blackbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// lease is how long after a revocation was acknowledged on one node another may
// still let the credential in.
const lease = time.Second

// Two nodes on one database: what was revoked on one is refused there at once,
// and a second later on the other.
func TestRevocationReachesTheOtherNode(t *testing.T) {
	t.Parallel()
	a := initialise(t, pgtest.DSN(t))
	a.env = append(a.env, "SALLYPORT_MAX_STALENESS=1s", "SALLYPORT_LOG_ACCESS=false")
	b := a.another()
	b.env = append(b.env, "SALLYPORT_MAX_STALENESS=1s", "SALLYPORT_LOG_ACCESS=false")
	a.serve("TERM")
	w := a.furnish()
	p := b.serve("TERM")
	var slowest time.Duration
	for round := range 20 {
		id, secret := w.newKey(fmt.Sprint("key ", round))
		if res := w.read(apiKey(secret)); res.status != http.StatusOK {
			t.Fatalf("where it was made: %d %s", res.status, res.body)
		}
		p.await("a new key is known on the other node", func() bool { return b.read(apiKey(secret)).status == http.StatusOK })
		if res := w.revoke(id); res.status != http.StatusNoContent {
			t.Fatalf("revoke: %d %s", res.status, res.body)
		}
		acknowledged := time.Now()
		if res := w.read(apiKey(secret)); res.status != http.StatusUnauthorized {
			t.Errorf("where it was revoked: %d %s", res.status, res.body)
		}
		refused := false
		p.await("a revoked key is refused on the other node", func() bool {
			asked := time.Since(acknowledged)
			res := b.read(apiKey(secret))
			if res.status == http.StatusOK && (asked > lease || refused) {
				t.Errorf("%s after it was revoked it is let in on the other node", asked)
			}
			refused = refused || res.status == http.StatusUnauthorized
			slowest = max(slowest, asked)
			return refused
		})
	}
	t.Logf("a revocation took %s at most", slowest.Round(time.Millisecond))

	// The same for other ways of taking rights away.
	m := w.admin
	for _, step := range []struct {
		what   string
		change func()
		status int
	}{
		{"role without its permission", func() {
			m.must(http.MethodPatch, "/tenants/"+w.tenant+"/roles/"+w.role, map[string]any{"permissions": []string{}}, "If-Match: *")
		}, 403},
		{"role with its permission", func() {
			m.must(http.MethodPatch, "/tenants/"+w.tenant+"/roles/"+w.role, map[string]any{"permissions": []string{"orders/read"}}, "If-Match: *")
		}, 200},
		{"user deactivated", func() {
			m.must(http.MethodPost, "/tenants/"+w.tenant+"/users/"+w.user+"/deactivate", nil, "If-Match: *")
		}, 401},
	} {
		step.change()
		acknowledged := time.Now()
		if got := a.read(bearer(w.token)).status; got != step.status {
			t.Errorf("%s: %d where it was done, want %d", step.what, got, step.status)
		}
		p.await(step.what, func() bool {
			asked := time.Since(acknowledged)
			got := b.read(bearer(w.token)).status
			if got != step.status && got < 300 && asked > lease {
				t.Errorf("%s: %s later the other node lets it in", step.what, asked)
			}
			return got == step.status
		})
	}
}

// Uses that two nodes counted add up.
func TestUsesOfTwoNodesAddUp(t *testing.T) {
	t.Parallel()
	a := initialise(t, pgtest.DSN(t))
	b := a.another()
	pa := a.serve("TERM")
	w := a.furnish()
	pb := b.serve("TERM")
	pb.await("the key is known", func() bool { return b.read(apiKey(w.key)).status == http.StatusOK })
	for range 50 {
		for _, node := range []*installation{a, b} {
			if res := node.read(apiKey(w.key)); res.status != http.StatusOK {
				t.Fatalf("%d %s", res.status, res.body)
			}
		}
	}
	for _, p := range []*process{pb, pa} {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	}
	a.serve("TERM")
	if got := w.admin.must(http.MethodGet, w.keyPath(w.keyID), nil).number("uses"); got != 101 {
		t.Errorf("%d uses were counted, want 101", got)
	}
}
