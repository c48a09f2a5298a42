package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/store"
)

const (
	// kept is how many refusals there are to find one among: what is kept of five
	// tenants that had very many.
	kept = 50_000
	// perInsert is how many of them are written in one transaction.
	perInsert = 1000

	whyGoal = 100 // milliseconds
)

// explaining measures how long it takes to find one refusal of a day, as the
// management API does: the decision with its trace, and what would let the
// request pass now.
func explaining(ctx context.Context, w *world) (*sample, error) {
	r := requestOf(w.askers[noPermission][0])
	r.ID = "the-one-that-is-asked-about"
	w.node.Doors.Decide(ctx, r)
	if err := w.settle(ctx); err != nil {
		return nil, err
	}
	one, err := w.node.Store.DecisionByID(ctx, r.ID)
	if err != nil {
		return nil, fmt.Errorf("find the refusal: %w", err)
	}
	if err := w.refuseMany(ctx, &one); err != nil {
		return nil, err
	}
	why := func() error {
		d, _, err := w.node.Admin.Decision(ctx, admin.System("bench"), r.ID)
		if err != nil {
			return err
		}
		facts := sallyport.Circumstances{Time: d.At, Method: d.Method, Path: d.Path}
		facts.Client, _ = netip.ParseAddr(d.Address)
		found, err := w.node.Doors.Suggest(ctx, d.Principal, doors.Wanted{API: d.API, Route: d.Route, Tenant: d.ActedIn, Facts: facts})
		if err == nil && (d.Trace == "" || len(found) == 0) {
			err = errors.New("there is no trace, or nothing would help")
		}
		return err
	}
	return &sample{name: "why", check: why, bench: func(b *testing.B) {
		loop(b, func() {
			if err := why(); err != nil {
				b.Fatal(err)
			}
		})
	}}, nil
}

// refuseMany keeps very many refusals like one of them.
func (w *world) refuseMany(ctx context.Context, like *store.Decision) error {
	rows := make([]store.Decision, perInsert)
	for n := 0; n < kept; n += len(rows) {
		for i := range rows {
			rows[i] = *like
			rows[i].RequestID = fmt.Sprintf("%s-%d", newID(), n+i)
		}
		_, err := w.node.Store.Write(ctx, func(tx *store.Tx) error { return tx.AddDecisions(ctx, rows) })
		if err != nil {
			return fmt.Errorf("keep many refusals: %w", err)
		}
	}
	return nil
}

func whyResults(why *sample) []result {
	return []result{figure("why, one of 50,000 refusals, 10,000 routes, 1,000 roles", why.ns()/1e6, "ms").goal(whyGoal)}
}
