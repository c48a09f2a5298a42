package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
)

func newAuditTail() *cobra.Command {
	var tenant tenantFlag
	var every, once bool
	var filter api.AuditFilter
	var lines int
	interval := span{length: sallyport.Duration(2 * time.Second), text: "2s"}
	c := &cobra.Command{
		Use: "tail", Short: "Follow the audit trail",
		Long: `Print the last entries of the audit trail and then each new one as it is written, oldest
first, until it is interrupted. With -o json each is one line of JSON, as in an export.`,
		Example: `  sallyport audit tail --all
  sallyport audit tail --action token. -o json`,
		Args:    noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "tenant", "all") },
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			list := m.EveryAudit()
			if !every {
				of, err := m.place(ctx, tenant)
				if err != nil {
					return err
				}
				list = m.Audit(of)
			}
			t := tail{manager: m, list: list, filter: filter, every: every}
			return t.follow(ctx, lines, once, time.Duration(interval.length))
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().BoolVar(&every, "all", false, "that of the whole installation")
	c.Flags().StringVar(&filter.Action, "action", "", "only actions that begin with this `TEXT`, such as role. or role.update")
	c.Flags().IntVar(&lines, "lines", 10, "`NUMBER` of entries to begin with")
	c.Flags().BoolVar(&once, "no-follow", false, "end after those")
	c.Flags().Var(&interval, "interval", "how often to ask for new ones")
	return c
}

// leastInterval keeps a tail from being a load.
const leastInterval = 100 * time.Millisecond

// A tail follows a trail.
type tail struct {
	*manager
	list   client.Listing[api.AuditEntry, api.AuditFilter]
	filter api.AuditFilter
	every  bool
}

// follow prints the last entries, and then new ones until ctx ends.
func (t *tail) follow(ctx context.Context, lines int, once bool, interval time.Duration) error { //nolint:revive // once is what was asked for
	if lines < 0 {
		return &usageError{fmt.Errorf("--lines %d: it cannot be less than none", lines)}
	}
	ask := max(lines, 1) // one at least, to know where the trail ends
	items, _, err := take(t.list.All(ctx, t.filter), ask)
	if err != nil {
		return err
	}
	if len(items) > 0 {
		t.filter.After = items[0].Seq
	}
	if err := t.print(items[:min(lines, len(items))]); err != nil || once {
		return err
	}
	tick := time.NewTicker(max(interval, leastInterval))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		items, _, err := take(t.list.All(ctx, t.filter), 0)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case len(items) > 0:
			t.filter.After = items[0].Seq
		}
		if err := t.print(items); err != nil {
			return err
		}
	}
}

// print prints entries, which come newest first, in their order.
func (t *tail) print(items []api.AuditEntry) error {
	slices.Reverse(items)
	if t.format == formatTable {
		v := auditView(&t.printer, t.every).row()
		for _, e := range items {
			for i, f := range v {
				if i > 0 {
					fmt.Fprint(t.out, "  ")
				}
				fmt.Fprint(t.out, printable(f.text(e)))
			}
			fmt.Fprintln(t.out)
		}
		return nil
	}
	lines := json.NewEncoder(t.out)
	for _, e := range items {
		if err := lines.Encode(e); err != nil {
			return fmt.Errorf("print an entry: %w", err)
		}
	}
	return nil
}
