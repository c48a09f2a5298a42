package httpapi

import (
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/authn"
)

const (
	leaksPerMinute = 200  // secrets that one source may revoke a minute
	maxSources     = 4096 // that are told apart; beyond it they share one quota
)

// A quota bounds what each source may have done in a minute.
type quota struct {
	mu     sync.Mutex // guards all below
	minute int64
	used   map[netip.Prefix]int
}

// take takes n from what a source may have, and returns in how many seconds to come
// again if it has not as many left; 0: it has.
func (q *quota) take(client netip.Addr, n int, now time.Time) (wait int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if minute := now.Unix() / 60; q.used == nil || q.minute != minute {
		q.minute, q.used = minute, map[netip.Prefix]int{}
	}
	source := authn.SourceOf(client)
	if _, known := q.used[source]; !known && len(q.used) >= maxSources {
		source = netip.Prefix{}
	}
	if q.used[source]+n > leaksPerMinute {
		return int(60 - now.Unix()%60)
	}
	q.used[source] += n
	return 0
}
