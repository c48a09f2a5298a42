package authn

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// ThrottleLimits bound how often one may guess a password.
type ThrottleLimits struct {
	Window      time.Duration // over which failures are counted
	Failures    int           // of one account from one source in a window
	Consecutive int           // of one account from anywhere, without a success between
	Accounts    int           // different accounts that fail from one source in a window
}

// DefaultThrottleLimits are those of NIST SP 800-63B-4 and stricter: at most 100
// consecutive failures an account.
func DefaultThrottleLimits() ThrottleLimits {
	return ThrottleLimits{Window: 10 * time.Minute, Failures: 10, Consecutive: 100, Accounts: 50}
}

const (
	// maxCounters bounds the memory that guessing can claim.
	maxCounters = 1 << 16
	// inFlight is how many attempts on one account from one source are
	// evaluated at once. Others wait, so that many right ones all get in, while
	// of many wrong ones only a few more than the limit are evaluated.
	inFlight = 8
)

// A Throttle counts failed attempts. Every way to present a password asks the
// same one. Nobody can lock an account for those who use it from a source that
// it was used from before: their budget is their own.
//
// It is safe for concurrent use.
type Throttle struct {
	limits ThrottleLimits
	now    func() time.Time

	mu       sync.Mutex // guards all below
	attempts map[attemptKey]*counter
	accounts map[string]*counter
	sources  map[netip.Prefix]*counter
}

type attemptKey struct {
	account string
	source  netip.Prefix
}

// A counter counts failures in a window that begins with the first of them.
type counter struct {
	failures int
	began    time.Time
	good     bool                // attempts: a success from this source was seen
	failed   map[string]struct{} // sources: the accounts that failed
	gate     chan struct{}       // attempts: held by those being evaluated
}

// NewThrottle returns a throttle that has counted nothing.
func NewThrottle(limits ThrottleLimits, now func() time.Time) *Throttle {
	return &Throttle{
		limits: limits, now: now,
		attempts: map[attemptKey]*counter{}, accounts: map[string]*counter{}, sources: map[netip.Prefix]*counter{},
	}
}

// sourceOf is what a source is counted by: an IPv4 address, or the /64 that one
// subscriber of IPv6 has to himself.
func sourceOf(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: one source of their own
	}
	return p
}

// An Attempt is one evaluation of a password. It ends with one of its methods.
type Attempt struct {
	t    *Throttle
	key  attemptKey
	held *counter
}

// Begin asks for leave to evaluate a password for an account, by its canonical
// login. Without leave, retryAfter says in seconds when to come again. It waits
// while too many attempts on the account from this source are being evaluated.
func (t *Throttle) Begin(ctx context.Context, account string, client netip.Addr) (a Attempt, retryAfter int, err error) {
	key := attemptKey{account, sourceOf(client)}
	t.mu.Lock()
	c := t.attempt(key)
	t.mu.Unlock()
	select {
	case c.gate <- struct{}{}:
	case <-ctx.Done():
		return Attempt{}, 0, ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := t.wait(key, c); wait > 0 {
		<-c.gate
		return Attempt{}, int(wait/time.Second) + 1, nil
	}
	return Attempt{t, key, c}, 0, nil
}

// wait returns how long the attempt must wait; 0 if it need not.
func (t *Throttle) wait(key attemptKey, c *counter) time.Duration {
	now := t.now()
	if s := t.sources[key.source]; s != nil {
		if left := t.left(s, now); left > 0 && len(s.failed) >= t.limits.Accounts && !c.good {
			return left
		}
	}
	if left := t.left(c, now); left > 0 && c.failures >= t.limits.Failures {
		return left
	}
	if a := t.accounts[key.account]; a != nil && a.failures >= t.limits.Consecutive && !c.good {
		return t.limits.Window
	}
	return 0
}

// left returns what is left of a counter's window, and empties the counter when
// it is over.
func (t *Throttle) left(c *counter, now time.Time) time.Duration {
	if left := t.limits.Window - now.Sub(c.began); left > 0 {
		return left
	}
	c.failures, c.failed = 0, nil
	return 0
}

// attempt returns the counter of an account from a source.
func (t *Throttle) attempt(key attemptKey) *counter {
	c := t.attempts[key]
	if c == nil {
		makeRoom(t.attempts)
		c = &counter{gate: make(chan struct{}, inFlight)}
		t.attempts[key] = c
	}
	return c
}

// makeRoom takes any one counter out of a full map. Which one it is cannot be
// foreseen, so a flood cannot be aimed at the counter that guards an account.
func makeRoom[K comparable](m map[K]*counter) {
	if len(m) < maxCounters {
		return
	}
	for k, c := range m {
		if len(c.gate) == 0 {
			delete(m, k)
			return
		}
	}
}

// Failed ends the attempt: the password was wrong, or there is no such account.
func (a Attempt) Failed() {
	if a.t == nil {
		return
	}
	t := a.t
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.count(a.held, now)
	account := t.accounts[a.key.account]
	if account == nil {
		makeRoom(t.accounts)
		account = &counter{began: now}
		t.accounts[a.key.account] = account
	}
	account.failures++
	source := t.sources[a.key.source]
	if source == nil {
		makeRoom(t.sources)
		source = &counter{began: now}
		t.sources[a.key.source] = source
	}
	t.count(source, now)
	if source.failed == nil {
		source.failed = map[string]struct{}{}
	}
	if len(source.failed) < t.limits.Accounts {
		source.failed[a.key.account] = struct{}{}
	}
	<-a.held.gate
}

// count adds a failure, in a new window if the old one is over.
func (t *Throttle) count(c *counter, now time.Time) {
	if t.left(c, now) == 0 {
		c.began = now
	}
	c.failures++
}

// Succeeded ends the attempt: the password was right. It forgives the failures
// of this account, not those of others from the same source.
func (a Attempt) Succeeded() {
	if a.t == nil {
		return
	}
	t := a.t
	t.mu.Lock()
	defer t.mu.Unlock()
	a.held.failures, a.held.good = 0, true
	delete(t.accounts, a.key.account)
	<-a.held.gate
}

// Abandoned ends the attempt: the password was not evaluated.
func (a Attempt) Abandoned() {
	if a.t != nil {
		<-a.held.gate
	}
}
