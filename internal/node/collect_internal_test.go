package node

import (
	"runtime/debug"
	"testing"
	"time"
)

// A busy program gets room, an idle one gives it back.
func TestCollections(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_900_000_000, 0)
	c := &collections{percent: usualPercent, last: now}
	for _, step := range []struct {
		after time.Duration
		live  uint64
		want  int
	}{
		{5 * time.Second, 16 << 20, 100},        // neither
		{300 * time.Millisecond, 16 << 20, 400}, // busy: four times 16 MiB are the room
		{900 * time.Millisecond, 17 << 20, 375},
		{2 * time.Second, 16 << 20, 375}, // that was enough
		{800 * time.Millisecond, 1 << 30, 100},
		{100 * time.Millisecond, 0, 6400},
		{2 * time.Minute, 16 << 20, 100}, // the runtime collects every two minutes
	} {
		now = now.Add(step.after)
		c.percent = c.next(now, step.live)
		if c.percent != step.want {
			t.Errorf("after %s with %d live: %d, want %d", step.after, step.live, c.percent, step.want)
		}
	}
}

// What the operator chose is left alone.
func TestCollectRarelyLeavesGOGC(t *testing.T) {
	before := debug.SetGCPercent(50)
	defer debug.SetGCPercent(before)
	CollectRarely(time.Now)()
	if got := read("/gc/gogc:percent"); got != 50 {
		t.Errorf("GOGC is %d, want 50", got)
	}
}
