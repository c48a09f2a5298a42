package doors

import "testing"

// What is counted already keeps its count while its table grows.
func TestUseTableKeepsCounts(t *testing.T) {
	t.Parallel()
	l, s := &useLedger{}, &slot{}
	const rounds = 3
	for range rounds {
		for i := range int32(usesEach + 1) {
			l.add(s, useKey{use: i})
		}
	}
	if total, dropped := l.total.Load(), l.dropped.Load(); total != usesEach || dropped != rounds {
		t.Errorf("%d counts and %d dropped uses, want %d and %d", total, dropped, usesEach, rounds)
	}
	for i := range int32(usesEach) {
		if c := s.uses.Load().find(&useKey{use: i}); c == nil || c.n.Load() != rounds {
			t.Fatalf("the count of %d is %v, want %d", i, c, rounds)
		}
	}
}
