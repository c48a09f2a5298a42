package telemetry_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A history tells what was decided in each minute, and the minute that is not over.
func TestHistory(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics(telemetry.Build{})
	m.Know("orders")
	begun := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	h := telemetry.NewHistory(m, begun)
	decide := func(n int, allowed bool, reason sallyport.Reason, took time.Duration) {
		for range n {
			a := m.API("orders")
			a.Decided(&sallyport.Decision{Allowed: allowed, Reason: reason})
			a.Took(took)
		}
	}
	decide(990, true, "", 3*time.Microsecond)
	decide(9, false, sallyport.PermissionMissing, 3*time.Microsecond)
	decide(1, false, sallyport.StoreUnavailable, 2*time.Second)
	h.Note(begun.Add(time.Minute))
	h.Note(begun.Add(2 * time.Minute))
	decide(1, true, "", 90*time.Microsecond)
	got := h.Minutes(begun.Add(150 * time.Second))
	want := []telemetry.Minute{
		{Start: begun, Allowed: 990, Denied: 9, Failed: 1, P99: 5 * time.Microsecond},
		{Start: begun.Add(time.Minute)},
		{Start: begun.Add(2 * time.Minute), Allowed: 1, P99: 99*time.Microsecond + 500*time.Nanosecond},
	}
	if len(got) != len(want) {
		t.Fatalf("%d minutes: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("minute %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	decide(1, true, "", 5*time.Second)
	if last := h.Minutes(begun.Add(170 * time.Second))[2]; last.P99 != time.Second {
		t.Errorf("slower than every bucket: %+v", last)
	}
	m.Know() // an API that is gone takes its counters with it
	if last := h.Minutes(begun.Add(170 * time.Second))[2]; last.Allowed != 0 || last.P99 != 0 {
		t.Errorf("less than before: %+v", last)
	}
	for i := range 100 {
		h.Note(begun.Add(time.Duration(3+i) * time.Minute))
	}
	if got := h.Minutes(begun.Add(200 * time.Minute)); len(got) != 61 || got[0].Start != begun.Add(42*time.Minute) {
		t.Errorf("%d minutes are kept, from %s", len(got), got[0].Start)
	}
}
