package telemetry

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// kept is how many minutes a [History] keeps.
const kept = 60

// A Minute is what a node decided in one minute.
type Minute struct {
	Start   time.Time
	Allowed int64
	Denied  int64
	Failed  int64         // no decision could be taken
	P99     time.Duration // 99 of 100 decisions took about so long or less; 0: there were none
}

// A History remembers what a node decided in the last hour, minute by minute, for
// who looks at it without a monitoring of his own. It reads the counters that are
// there anyway, so counting costs nothing more. It is safe for concurrent use.
type History struct {
	m *Metrics

	mu      sync.Mutex
	last    totals
	minutes []Minute // oldest first
}

// totals are the counters as they stand.
type totals struct {
	at                      time.Time
	allowed, denied, failed float64
	buckets                 map[float64]uint64 // decisions that took no longer than so many seconds
	count                   uint64
}

// NewHistory returns a history that begins now.
func NewHistory(m *Metrics, now time.Time) *History {
	h := &History{m: m}
	h.last = h.read(now)
	return h
}

// Run takes note every minute until ctx ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			h.Note(at)
		}
	}
}

// Note ends a minute.
func (h *History) Note(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	current := h.read(now)
	h.minutes = append(h.minutes, current.since(&h.last))
	if over := len(h.minutes) - kept; over > 0 {
		h.minutes = slices.Delete(h.minutes, 0, over)
	}
	h.last = current
}

// Minutes returns the minutes that are kept, oldest first; the last one is not
// over.
func (h *History) Minutes(now time.Time) []Minute {
	h.mu.Lock()
	defer h.mu.Unlock()
	current := h.read(now)
	return append(slices.Clone(h.minutes), current.since(&h.last))
}

// read reads the counters. What cannot be gathered counts as nothing.
func (h *History) read(now time.Time) totals {
	t := totals{at: now, buckets: map[float64]uint64{}}
	families, _ := h.m.registry.Gather() // the rest is there all the same
	for _, f := range families {
		switch f.GetName() {
		case "sallyport_decisions_total":
			for _, m := range f.GetMetric() {
				outcome := ""
				for _, l := range m.GetLabel() {
					if l.GetName() == "outcome" {
						outcome = l.GetValue()
					}
				}
				t.add(outcome, m.GetCounter().GetValue())
			}
		case "sallyport_decision_seconds":
			for _, m := range f.GetMetric() {
				t.count += m.GetHistogram().GetSampleCount()
				for _, b := range m.GetHistogram().GetBucket() {
					t.buckets[b.GetUpperBound()] += b.GetCumulativeCount()
				}
			}
		}
	}
	return t
}

func (t *totals) add(outcome string, n float64) {
	switch outcome {
	case "allow":
		t.allowed += n
	case "deny":
		t.denied += n
	default:
		t.failed += n
	}
}

// since is what was counted after before. Counters of an API that was unmounted
// are gone, so a difference may be negative; it counts as nothing.
func (t *totals) since(before *totals) Minute {
	m := Minute{
		Start: before.at, Allowed: max(0, int64(t.allowed-before.allowed)),
		Denied: max(0, int64(t.denied-before.denied)), Failed: max(0, int64(t.failed-before.failed)),
	}
	if t.count <= before.count {
		return m
	}
	wanted := float64(t.count-before.count) * .99
	floor, below := 0.0, 0.0 // the bound of the bucket before, and how many it has
	for _, bound := range slices.Sorted(maps.Keys(t.buckets)) {
		within := float64(t.buckets[bound]) - float64(before.buckets[bound])
		if within >= wanted {
			// As Prometheus does: as if those of a bucket were spread evenly over it.
			share := (wanted - below) / (within - below)
			m.P99 = time.Duration((floor + (bound-floor)*share) * float64(time.Second)).Round(100 * time.Nanosecond)
			return m
		}
		floor, below = bound, within
	}
	m.P99 = time.Second // the greatest bucket; it was longer
	return m
}
