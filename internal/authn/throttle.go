package authn

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/store"
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
	maxCounters = 1 << 17
	// inFlight is how many attempts on one account from one source are
	// evaluated at once. Others wait, so that many right ones all get in, while
	// of many wrong ones only a few more than the limit are evaluated.
	inFlight = 8
)

// A Throttle counts failed attempts. Every way to present a password asks the
// same one. Nobody can lock an account for those who use it from a source that
// it was used from before: their budget is their own.
//
// What it counts survives a restart if [Throttle.Flush] is called; accounts and
// addresses are kept as keyed hashes only. It is safe for concurrent use.
type Throttle struct {
	limits ThrottleLimits
	now    func() time.Time
	digest PairDigester

	mu       sync.Mutex // guards all below
	counters map[counterKey]*counter
	unsaved  map[counterKey]unsaved
	marks    map[counterKey]time.Time // of successes that the store does not know of yet
	kept     *store.Reader            // where those of other nodes, and of earlier, are; nil: nowhere
}

// A PairDigester makes a keyed hash of two texts; see [token.Digester].
type PairDigester interface {
	DigestPair(first, second string) [32]byte
}

// A counterKey is the keyed hash of what is counted. Attempts, accounts and
// sources have keys that cannot be equal.
type counterKey [32]byte

// A counter counts failures in a window that begins with the first of them. Of a
// source it counts the accounts that failed.
type counter struct {
	failures int
	began    time.Time
	good     bool                    // attempts: a success from this source was seen
	marked   time.Time               // attempts: when that was last written down
	asked    time.Time               // attempts: when the store was last asked for it
	failed   map[counterKey]struct{} // sources: the accounts among the failures
	gate     chan struct{}           // attempts: held by those being evaluated
}

// NewThrottle returns a throttle that has counted nothing.
func NewThrottle(limits ThrottleLimits, digest PairDigester, now func() time.Time) *Throttle {
	return &Throttle{
		limits: limits, now: now, digest: digest,
		counters: map[counterKey]*counter{}, unsaved: map[counterKey]unsaved{}, marks: map[counterKey]time.Time{},
	}
}

// An Attempt is one evaluation of a password. It ends with one of its methods.
type Attempt struct {
	t                        *Throttle
	attempt, account, source counterKey
	mark                     counterKey // under which a success is remembered
	held                     *counter
}

// Begin asks for leave to evaluate a password for an account, by its canonical
// login. Without leave, retryAfter says in seconds when to come again. It waits
// while too many attempts on the account from this source are being evaluated.
func (t *Throttle) Begin(ctx context.Context, account string, client netip.Addr) (a Attempt, retryAfter int, err error) {
	source := SourceOf(client).String()
	a = Attempt{
		t:       t,
		attempt: t.digest.DigestPair("attempt:"+source, account),
		account: t.digest.DigestPair("account:", account),
		source:  t.digest.DigestPair("source:", source),
		mark:    t.digest.DigestPair("good:"+source, account),
	}
	t.mu.Lock()
	a.held = t.counter(a.attempt)
	if a.held.gate == nil {
		a.held.gate = make(chan struct{}, inFlight)
	}
	t.mu.Unlock()
	select {
	case a.held.gate <- struct{}{}:
	case <-ctx.Done():
		return Attempt{}, 0, ctx.Err()
	}
	wait := t.look(&a)
	if wait > 0 && t.recall(ctx, &a) {
		wait = t.look(&a)
	}
	if wait > 0 {
		<-a.held.gate
		return Attempt{}, int(wait/time.Second) + 1, nil
	}
	return a, 0, nil
}

func (t *Throttle) look(a *Attempt) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wait(a)
}

// wait returns how long the attempt must wait; 0 if it need not.
func (t *Throttle) wait(a *Attempt) time.Duration {
	now := t.now()
	if s := t.counters[a.source]; s != nil {
		if left := t.left(s, now); left > 0 && s.failures >= t.limits.Accounts && !a.held.good {
			return left
		}
	}
	if left := t.left(a.held, now); left > 0 && a.held.failures >= t.limits.Failures {
		return left
	}
	if c := t.counters[a.account]; c != nil && c.failures >= t.limits.Consecutive && !a.held.good {
		return t.limits.Window
	}
	return 0
}

// left returns what is left of a counter's window, and empties the counter when
// it is over. A window that begins in time to come was begun by a clock that has been
// set back since, here before a restart or on another node: nobody waits for that.
func (t *Throttle) left(c *counter, now time.Time) time.Duration {
	if c.began.After(now) {
		c.began = now
	}
	if left := t.limits.Window - now.Sub(c.began); left > 0 {
		return left
	}
	c.failures, c.failed = 0, nil
	return 0
}

// counter returns the counter of a key, making one if there is none.
func (t *Throttle) counter(key counterKey) *counter {
	c := t.counters[key]
	if c == nil {
		t.makeRoom()
		c = &counter{began: t.now()}
		t.counters[key] = c
	}
	return c
}

// makeRoom takes any one counter out of a full map. Which one it is cannot be
// foreseen, so a flood cannot be aimed at the counter that guards an account.
func (t *Throttle) makeRoom() {
	if len(t.counters) < maxCounters {
		return
	}
	for key, c := range t.counters {
		if len(c.gate) == 0 {
			delete(t.counters, key)
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
	t.count(a.attempt, a.held, now)

	// The failures of an account have no window: they end with a success.
	account := t.counter(a.account)
	account.failures++
	t.note(a.account, account)

	source := t.counter(a.source)
	t.left(source, now)
	if _, known := source.failed[a.account]; !known && source.failures < t.limits.Accounts {
		t.count(a.source, source, now)
		if source.failed == nil {
			source.failed = map[counterKey]struct{}{}
		}
		source.failed[a.account] = struct{}{}
	}
	<-a.held.gate
}

// count adds a failure, in a new window if the old one is over.
func (t *Throttle) count(key counterKey, c *counter, now time.Time) {
	if t.left(c, now) == 0 {
		c.began = now
	}
	c.failures++
	t.note(key, c)
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
	a.held.good = true
	if now := t.now(); now.Sub(a.held.marked) > markAgain {
		a.held.marked, t.marks[a.mark] = now, now
	}
	for key, c := range map[counterKey]*counter{a.attempt: a.held, a.account: t.counters[a.account]} {
		if c != nil && c.failures > 0 {
			c.failures = 0
			t.unsaved[key] = unsaved{forgiven: true}
		}
	}
	<-a.held.gate
}

// Abandoned ends the attempt: the password was not evaluated.
func (a Attempt) Abandoned() {
	if a.t != nil {
		<-a.held.gate
	}
}
