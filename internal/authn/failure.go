package authn

import (
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
)

// maxFailures bounds how many different sign-ins that failed are told apart at a
// time. What is beyond is counted together.
const maxFailures = 128

// A Failure is a number of sign-ins that failed alike within a minute: at one
// login, from one source.
type Failure struct {
	Login     string           // canonical; empty: none, or several together
	User      sallyport.User   // of the login; zero: nobody's, or not looked up
	Source    netip.Prefix     // not valid: several together
	Reason    sallyport.Reason // of the last one that was evaluated
	Began     time.Time        // of the minute
	Attempts  int              // since it was last taken
	Throttled int              // how many of them were not evaluated
}

type failureKey struct {
	login  string
	source netip.Prefix
	minute int64
}

// failures counts sign-ins that failed until somebody writes them down. A flood
// of them costs the store no more than a few rows a minute.
type failures struct {
	mu     sync.Mutex
	counts map[failureKey]*failureCount
}

type failureCount struct {
	Failure
	told bool // a first part of it was taken
}

// note counts one failure.
func (f *failures) note(login string, client netip.Addr, o *outcome, at time.Time) {
	minute := at.Truncate(time.Minute)
	key := failureKey{login, SourceOf(client), minute.Unix()}
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.counts[key]
	if c == nil && len(f.counts) >= maxFailures {
		key = failureKey{minute: minute.Unix()}
		c = f.counts[key]
	}
	if c == nil {
		c = &failureCount{Failure: Failure{Login: key.login, Source: key.source, Began: minute}}
		if f.counts == nil {
			f.counts = map[failureKey]*failureCount{}
		}
		f.counts[key] = c
	}
	c.Attempts++
	if o.reason == sallyport.Overdone {
		c.Throttled++
	}
	if o.reason != sallyport.Overdone || c.Reason == "" {
		c.Reason = o.reason
	}
	if o.user.ID != "" && key.login != "" {
		c.User = o.user
	}
}

// take returns what was counted: the first of a minute at once, all others when
// the minute is over, or everything there is.
func (f *failures) take(now time.Time, everything bool) []Failure { //nolint:revive // the last time asks the same question, with no minute to wait for
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Failure
	for key, c := range f.counts {
		over := !now.Truncate(time.Minute).Equal(c.Began)
		if c.Attempts > 0 && (over || everything || !c.told) {
			list = append(list, c.Failure)
			c.Attempts, c.Throttled, c.told = 0, 0, true
		}
		if over {
			delete(f.counts, key)
		}
	}
	return list
}

// TakeFailures returns the sign-ins that failed and were not returned before:
// those that begin a minute at once, the others of it when it is over, or all of
// them with everything set. At most 129 different ones a minute are told apart.
func (v *Verifier) TakeFailures(everything bool) []Failure { return v.failed.take(v.Now(), everything) }

// GiveBackFailures takes back what could not be written down.
func (v *Verifier) GiveBackFailures(list []Failure) {
	v.failed.mu.Lock()
	defer v.failed.mu.Unlock()
	if v.failed.counts == nil {
		v.failed.counts = map[failureKey]*failureCount{}
	}
	for i := range list {
		key := failureKey{list[i].Login, list[i].Source, list[i].Began.Unix()}
		c := v.failed.counts[key]
		if c == nil {
			if len(v.failed.counts) >= 2*maxFailures {
				continue // the store is away for minutes; what cannot be kept is lost
			}
			v.failed.counts[key] = &failureCount{Failure: list[i]}
			continue
		}
		c.Attempts += list[i].Attempts
		c.Throttled += list[i].Throttled
		c.told = false
	}
}
