package main

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// maxSkew is how far this machine's clock may be from the database's: ends of
// credentials are judged by the clock of the node that decides.
const maxSkew = 5 * time.Second

// skew returns how far the database's clock is from this machine's.
func skew(ctx context.Context, theirs func(context.Context) (time.Time, error), ours func() time.Time) (time.Duration, error) {
	before := ours()
	at, err := theirs(ctx)
	if err != nil {
		return 0, err
	}
	return at.Sub(before.Add(ours().Sub(before) / 2)).Abs(), nil
}

// synchronous is the check that this machine's clock is the database's: a node whose
// clock is behind takes what the others refuse as expired. Without an answer nothing
// is known of it, which the check of the store says.
func synchronous(theirs func(context.Context) (time.Time, error), ours func() time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		if away, err := skew(ctx, theirs, ours); err == nil && away > maxSkew {
			return &sallyport.Error{Kind: sallyport.Unavailable, Message: "the clock is " + away.Round(time.Millisecond).String() + " away from the database's; synchronise the clocks"}
		}
		return nil
	}
}
