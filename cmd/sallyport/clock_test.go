package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A node whose clock is not the database's is not ready: it would take what others
// refuse as expired, or refuse what is good.
func TestSynchronous(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		theirs time.Duration // away from ours
		took   time.Duration // the question
		fault  error
		ready  bool
	}{
		{"the same", 0, 0, nil, true},
		{"a little ahead", 5 * time.Second, 0, nil, true},
		{"a little behind", -5 * time.Second, 0, nil, true},
		{"ahead", 5*time.Second + time.Millisecond, 0, nil, false},
		{"behind", -10 * time.Minute, 0, nil, false},
		{"the same, asked slowly", 4 * time.Second, 8 * time.Second, nil, true},
		{"no answer", -10 * time.Minute, 0, errors.New("away"), true}, // said by another check
	} {
		asked := 0
		ours := func() time.Time { // before and after the question
			asked++
			return now.Add(time.Duration(asked-1) * tt.took)
		}
		theirs := func(context.Context) (time.Time, error) { return now.Add(tt.theirs), tt.fault }
		if err := synchronous(theirs, ours)(t.Context()); (err == nil) != tt.ready {
			t.Errorf("%s: %v, want ready %t", tt.name, err, tt.ready)
		}
	}
}
