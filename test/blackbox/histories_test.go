package blackbox_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// A lifetime is what was done to an API key, and when it was asked for and
// acknowledged.
type lifetime struct {
	id, secret string
	made       span
	madeAt     int // number of the node
	revoked    span
	revokedAt  int
}

// A span is the time of a call. Its end is zero while nobody was answered, as
// after a failure: it may have been done, now or later.
type span struct{ begin, end time.Time }

// A reading is that somebody used a key at a node.
type reading struct {
	key  *lifetime
	node int
	span
	status int
}

// fault says what is wrong with a reading; nothing if the key could be in that
// state at some time of the call, or at another node as long before as a node may
// be behind. What a node answered once is not taken back there.
func (r *reading) fault() string {
	k := r.key
	behind := func(at int) time.Duration {
		if at == r.node {
			return 0
		}
		return lease
	}
	switch {
	case r.status == http.StatusOK:
		if end := k.revoked.end; !end.IsZero() && r.begin.After(end.Add(behind(k.revokedAt))) {
			return fmt.Sprintf("let in %s after its end was acknowledged at node %d", r.begin.Sub(end), k.revokedAt)
		}
	case r.status == http.StatusUnauthorized:
		if begin := k.revoked.begin; !begin.IsZero() && r.end.After(begin) {
			return "" // its end had been asked for
		}
		if r.begin.After(k.made.end.Add(behind(k.madeAt))) {
			return fmt.Sprintf("refused %s after it was made at node %d", r.begin.Sub(k.made.end), k.madeAt)
		}
	case r.status != http.StatusServiceUnavailable: // a node that is behind says so
		return "neither let in nor refused"
	}
	return ""
}

// A chronicle is what many clients did and saw at two nodes.
type chronicle struct {
	w     *world
	nodes []*installation

	mu       sync.Mutex // guards the rest
	keys     []*lifetime
	readings []reading
}

// client makes, uses and revokes keys at nodes that it draws.
func (c *chronicle) client(number int, random *rand.Rand) {
	const steps = 60
	for step := range steps {
		at := random.IntN(len(c.nodes))
		switch n := random.IntN(10); {
		case step == 0 || n < 2:
			c.create(at, fmt.Sprintf("key %d-%d", number, step))
		case n < 4:
			c.revoke(at, random)
		default:
			c.use(at, random)
		}
	}
}

func (c *chronicle) admin(at int) *manager { return c.nodes[at].as(c.w.admin.token) }

func (c *chronicle) create(at int, name string) {
	k := &lifetime{madeAt: at, made: span{begin: time.Now()}}
	res := c.admin(at).try(http.MethodPost, "/tenants/"+c.w.tenant+"/keys", c.w.keyNamed(name))
	if res.status != http.StatusCreated {
		return // nobody knows its secret
	}
	k.made.end = time.Now()
	made := decode(c.w.t, res.body)
	k.id, k.secret = made.text("id"), made.text("secret")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, k)
}

// draw returns one of the keys, mostly a new one.
func (c *chronicle) draw(random *rand.Rand) *lifetime {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) == 0 {
		return nil
	}
	return c.keys[len(c.keys)-1-random.IntN(min(len(c.keys), 8))]
}

func (c *chronicle) revoke(at int, random *rand.Rand) {
	k := c.draw(random)
	c.mu.Lock()
	if k == nil || !k.revoked.begin.IsZero() {
		c.mu.Unlock()
		return
	}
	k.revokedAt, k.revoked.begin = at, time.Now()
	c.mu.Unlock()
	res := c.admin(at).revoke(c.w.keyPath(k.id))
	c.mu.Lock()
	defer c.mu.Unlock()
	if res.status == http.StatusNoContent {
		k.revoked.end = time.Now()
	}
}

func (c *chronicle) use(at int, random *rand.Rand) {
	k := c.draw(random)
	if k == nil {
		return
	}
	r := reading{key: k, node: at, span: span{begin: time.Now()}}
	r.status = c.nodes[at].read(apiKey(k.secret)).status
	r.end = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readings = append(c.readings, r)
}

// Many clients make, use and revoke keys at two nodes at once. Whatever the order
// was, each answer must be one that a node could give which is behind by its lease
// at the most; and in the end the nodes agree.
func TestHistoriesOfManyClients(t *testing.T) {
	t.Parallel()
	a := initialise(t, pgtest.DSN(t))
	b := a.another()
	for _, in := range []*installation{a, b} {
		in.env = append(in.env, "SALLYPORT_MAX_STALENESS=1s", "SALLYPORT_LOG_ACCESS=false")
	}
	a.serve("TERM")
	c := &chronicle{w: a.furnish(), nodes: []*installation{a, b}}
	p := b.serve("TERM")
	p.await("both nodes know the world", func() bool { return b.read(apiKey(c.w.key)).status == http.StatusOK })
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var clients sync.WaitGroup
	for n := range 6 {
		clients.Go(func() { c.client(n, rand.New(rand.NewPCG(seed, uint64(n)))) })
	}
	clients.Wait()
	in, out := 0, 0
	for _, r := range c.readings {
		if fault := r.fault(); fault != "" {
			t.Errorf("the key %s at node %d: %d: %s", r.key.id, r.node, r.status, fault)
		}
		switch r.status {
		case http.StatusOK:
			in++
		case http.StatusUnauthorized:
			out++
		}
	}
	t.Logf("%d keys, let in %d times, refused %d times", len(c.keys), in, out)
	if in < 10 || out < 10 {
		t.Error("too little was seen")
	}
	for _, k := range c.keys {
		want := http.StatusOK
		if !k.revoked.begin.IsZero() {
			if k.revoked.end.IsZero() {
				continue // it was not acknowledged, and may be either
			}
			want = http.StatusUnauthorized
		}
		for n, in := range c.nodes {
			p.await(fmt.Sprintf("in the end the key %s is the same everywhere (%d at node %d)", k.id, want, n), func() bool {
				return in.read(apiKey(k.secret)).status == want
			})
		}
	}
}
