package authn

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/store/storetest"
)

var (
	home     = netip.MustParseAddr("10.0.0.1")
	attacker = netip.MustParseAddr("203.0.113.9")
)

// plainPairs stands in for the keyed digest.
type plainPairs struct{}

func (plainPairs) DigestPair(first, second string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(first), first, second))
}

func newThrottle(now func() time.Time) *Throttle {
	return NewThrottle(DefaultThrottleLimits(), plainPairs{}, now)
}

// guess presents a password and reports whether it was evaluated.
func guess(t testing.TB, throttle *Throttle, account string, from netip.Addr, right bool) bool {
	t.Helper()
	a, wait, err := throttle.Begin(t.Context(), account, from)
	if err != nil {
		t.Fatal(err)
	}
	if wait > 0 {
		return false
	}
	if right {
		a.Succeeded()
	} else {
		a.Failed()
	}
	return true
}

func TestTenFailuresThenWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle(time.Now)
		for i := range 10 {
			if !guess(t, throttle, "alice", attacker, false) {
				t.Fatalf("attempt %d was refused", i+1)
			}
		}
		if guess(t, throttle, "alice", attacker, true) {
			t.Error("the eleventh attempt was evaluated, although right")
		}
		if !guess(t, throttle, "bob", attacker, true) {
			t.Error("another account from the same source has to wait")
		}
		if !guess(t, throttle, "alice", home, true) {
			t.Error("the owner at home has to wait for what an attacker did")
		}
		time.Sleep(10 * time.Minute)
		if !guess(t, throttle, "alice", attacker, true) {
			t.Error("the window is over and the attempt is still refused")
		}
	})
}

// TestClockIsSetBack: who failed while the clock was a year ahead waits for a window,
// not for a year.
func TestClockIsSetBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	throttle := newThrottle(func() time.Time { return now })
	for range 10 {
		guess(t, throttle, "alice", attacker, false)
	}
	now = now.AddDate(-1, 0, 0)
	_, wait, err := throttle.Begin(t.Context(), "alice", attacker)
	if err != nil || wait < 1 || wait > 10*60+1 {
		t.Fatalf("wait %d s, %v; want at most a window", wait, err)
	}
	now = now.Add(10 * time.Minute)
	if !guess(t, throttle, "alice", attacker, true) {
		t.Error("the window is over and the attempt is still refused")
	}
}

// TestSuccessForgivesItsOwnAccountOnly: an attacker who signs in with an account
// of his own between guesses gains nothing.
func TestSuccessForgivesItsOwnAccountOnly(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(time.Now)
	evaluated := 0
	for range 30 {
		if guess(t, throttle, "alice", attacker, false) {
			evaluated++
		}
		guess(t, throttle, "mallory", attacker, true)
	}
	if evaluated != 10 {
		t.Errorf("%d guesses were evaluated, want 10", evaluated)
	}
}

func TestManySourcesOneAccount(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(time.Now)
	if !guess(t, throttle, "alice", home, true) {
		t.Fatal("the first sign-in was refused")
	}
	evaluated := 0
	for i := range 1000 {
		from := netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
		if guess(t, throttle, "alice", from, false) {
			evaluated++
		}
	}
	if evaluated != 100 {
		t.Errorf("%d guesses were evaluated, want 100", evaluated)
	}
	if !guess(t, throttle, "alice", home, true) {
		t.Error("the owner is locked out at a source that she used before")
	}
}

// TestSpraying: one password tried on many accounts from one source.
func TestSpraying(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(time.Now)
	evaluated := 0
	for i := range 1000 {
		if guess(t, throttle, fmt.Sprint("user", i), attacker, false) {
			evaluated++
		}
	}
	if evaluated != 50 {
		t.Errorf("%d accounts could be tried, want 50", evaluated)
	}
}

// TestSixtyFourAtOnce: of many wrong passwords at once only the limit and those
// already under way are evaluated; of many right ones all get in.
func TestSixtyFourAtOnce(t *testing.T) {
	t.Parallel()
	for _, right := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			throttle := newThrottle(time.Now)
			var mu sync.Mutex
			evaluated := 0
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					a, wait, err := throttle.Begin(t.Context(), "alice", attacker)
					if err != nil || wait > 0 {
						return
					}
					time.Sleep(20 * time.Millisecond) // the hash
					mu.Lock()
					evaluated++
					mu.Unlock()
					if right {
						a.Succeeded()
					} else {
						a.Failed()
					}
				})
			}
			wg.Wait()
			if right && evaluated != 64 {
				t.Errorf("%d of 64 right passwords were evaluated", evaluated)
			}
			if limit := 10 + inFlight; !right && evaluated > limit {
				t.Errorf("%d wrong passwords were evaluated, want at most %d", evaluated, limit)
			}
		})
	}
}

func TestBeginRespectsTheContext(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(time.Now)
	for range inFlight {
		if _, _, err := throttle.Begin(t.Context(), "alice", home); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := throttle.Begin(ctx, "alice", home); err == nil {
		t.Error("Begin waits although its context has ended")
	}
}

// TestSourceIsASubscriber: whoever has an IPv6 network has 2^64 addresses.
func TestSourceIsASubscriber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ a, b string }{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"},
		{"10.0.0.1", "::ffff:10.0.0.1"},
	} {
		if a, b := SourceOf(netip.MustParseAddr(tt.a)), SourceOf(netip.MustParseAddr(tt.b)); a != b {
			t.Errorf("%s and %s are two sources: %v, %v", tt.a, tt.b, a, b)
		}
	}
}

func TestCountersAreBounded(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(time.Now)
	for i := range maxCounters/2 + 1000 {
		guess(t, throttle, fmt.Sprint(i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), false)
	}
	if n := len(throttle.counters); n > maxCounters {
		t.Errorf("%d counters, want at most %d", n, maxCounters)
	}
}

// TestRestartForgivesNobody: what was counted is there after a restart, and what
// a success forgave is not.
func TestRestartForgivesNobody(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	before := newThrottle(time.Now)
	for range 9 {
		guess(t, before, "alice", attacker, false)
		guess(t, before, "bob", attacker, false)
	}
	if err := before.Flush(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	guess(t, before, "bob", attacker, true)
	guess(t, before, "alice", attacker, false)
	if err := before.Flush(t.Context(), s); err != nil {
		t.Fatal(err)
	}

	after := newThrottle(time.Now)
	if err := after.Load(t.Context(), &s.Reader); err != nil {
		t.Fatal(err)
	}
	if guess(t, after, "alice", attacker, true) {
		t.Error("after the restart the eleventh attempt was evaluated")
	}
	for i := range 10 {
		if !guess(t, after, "bob", attacker, false) {
			t.Errorf("attempt %d on the account that was forgiven was refused", i+1)
		}
	}
}

// TestStrangersKeepNobodyOut: who signed in from a source before keeps his own
// budget there after a restart, and on another node, whatever strangers did.
func TestStrangersKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	before := newThrottle(time.Now)
	if !guess(t, before, "alice", home, true) {
		t.Fatal("the first sign-in was refused")
	}
	for i := range 120 {
		guess(t, before, "alice", netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), false)
	}
	if err := before.Flush(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	after := newThrottle(time.Now)
	if err := after.Load(t.Context(), &s.Reader); err != nil {
		t.Fatal(err)
	}
	if guess(t, after, "alice", attacker, false) {
		t.Error("a stranger may go on after the restart")
	}
	if !guess(t, after, "alice", home, true) {
		t.Error("the owner is locked out at home")
	}
}

// TestFlushKeepsWhatItCouldNotWrite: a failed flush is made up for by the next.
func TestFlushKeepsWhatItCouldNotWrite(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	throttle := newThrottle(time.Now)
	for range 9 {
		guess(t, throttle, "alice", attacker, false)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := throttle.Flush(cancelled, s); err == nil {
		t.Fatal("a flush with a cancelled context succeeded")
	}
	guess(t, throttle, "alice", attacker, false)
	if err := throttle.Flush(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	after := newThrottle(time.Now)
	if err := after.Load(t.Context(), &s.Reader); err != nil {
		t.Fatal(err)
	}
	if guess(t, after, "alice", attacker, true) {
		t.Error("failures were lost with a flush that failed")
	}
}
