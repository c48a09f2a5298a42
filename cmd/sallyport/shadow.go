package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newShadow() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "shadow",
		Short: "Try a draft of a policy on real requests, beside the policy in force",
		Long: `Try a draft of a policy on real requests, beside the policy in force, which alone decides:
what would the draft refuse that is allowed, and allow that is refused? The draft is a
policy file, as for sallyport plan.`,
	}, newShadowStart(), newShadowList(), newShadowShow(), newShadowStop(), newShadowPromote())
}

func newShadowStart() *cobra.Command {
	var files policyFlag
	var life span
	var name string
	c := &cobra.Command{
		Use: "start -f FILE...", Short: "Begin to try a draft",
		Example: "  sallyport shadow start -f tighter.yaml\n  sallyport shadow start -f tighter.yaml --adopt --for 3d --name tighter",
		Args:    cobra.ArbitraryArgs,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			s, err := files.read(m.in, args)
			if err != nil {
				return err
			}
			got, err := m.StartShadow(ctx, api.NewShadow{Name: name, Policy: s.Policy, Adopt: files.adopt, For: life.length})
			if err != nil {
				return s.located(err)
			}
			return show(&m.printer, shadowView(&m.printer), got, "The draft is tried from now on: sallyport shadow show %s", got.ID)
		}),
	}
	files.add(c)
	files.addAdopt(c)
	c.Flags().Var(&life, "for", "for how long, at most 14d (default 24h)")
	c.Flags().StringVar(&name, "name", "", "`NAME` of it (default: that of the policy)")
	return c
}

func shadowView(p *printer) view[api.Shadow] {
	return view[api.Shadow]{
		{name: "id", text: func(s api.Shadow) string { return s.ID }},
		{name: "name", text: func(s api.Shadow) string { return s.Name }},
		{name: "state", text: func(s api.Shadow) string {
			switch {
			case s.Running:
				return "running"
			case s.Problem != "":
				return "does not fit"
			}
			return "over"
		}},
		{name: "started", text: func(s api.Shadow) string { return p.when(s.StartedAt) + " by " + s.StartedBy }, detail: true},
		{name: "ends", text: func(s api.Shadow) string { return p.when(s.EndsAt) }},
		{name: "compared", text: func(s api.Shadow) string {
			if s.Compared < s.Seen {
				return fmt.Sprintf("%d of %s, a sample", s.Compared, counted(int(s.Seen), "request", "requests"))
			}
			return counted(int(s.Compared), "request", "requests")
		}},
		{name: "problem", text: func(s api.Shadow) string { return s.Problem }, detail: true},
	}
}

func newShadowList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List drafts that are tried, or were within a week",
		Example: "  sallyport shadow list",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			return showList(&m.printer, sort{"shadow", "shadows"}, shadowView(&m.printer), m.Shadows().All(ctx, struct{}{}), limit)
		}),
	}
	addLimit(c, &limit, 0)
	return c
}

// shadowID returns the id of a shadow that is given by id or name; of several
// with one name the last that was started.
func (m *manager) shadowID(ctx context.Context, name string) (string, error) {
	if sallyport.IsUUID(name) {
		return name, nil
	}
	last := ""
	for s, err := range m.Shadows().All(ctx, struct{}{}) {
		switch {
		case err != nil:
			return "", err
		case s.Name == name:
			last = s.ID
		}
	}
	if last != "" {
		return last, nil
	}
	return "", unknown("shadow", name, "sallyport shadow list shows those that you may see", m.Shadows().All(ctx, struct{}{}), func(s api.Shadow) string { return s.Name })
}

func newShadowShow() *cobra.Command {
	return &cobra.Command{
		Use: "show SHADOW", Short: "Show what a draft would refuse and what it would allow",
		Example: "  sallyport shadow show tighter",
		Args:    needs("SHADOW"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			id, err := m.shadowID(ctx, args[0])
			if err != nil {
				return err
			}
			report, err := m.Shadow(ctx, id)
			if err != nil {
				return err
			}
			if m.format != formatTable {
				return m.encode(report)
			}
			return m.shadow(&report)
		}),
	}
}

// shadow prints what a draft would change for people.
func (p *printer) shadow(r *api.ShadowReport) error {
	if err := show(p, shadowView(p), r.Shadow, ""); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\nIt would have refused %s, %d of them today.\n", total(r.WouldRefuse), r.WouldRefuse.Today)
	fmt.Fprintf(p.out, "It would have allowed %s that were refused, %d of them today.\n", total(r.WouldAllow), r.WouldAllow.Today)
	if len(r.Differences) == 0 {
		return nil
	}
	fmt.Fprintln(p.out)
	return showTable(p.out, view[api.ShadowDifference]{
		{name: "would", text: func(d api.ShadowDifference) string {
			return map[string]string{"would_refuse": "refuse", "would_allow": "allow"}[d.Outcome]
		}},
		{name: "who", text: func(d api.ShadowDifference) string { return d.Login }},
		{name: "requests", text: func(d api.ShadowDifference) string { return fmt.Sprint(d.Requests) }},
		{name: "on", text: func(d api.ShadowDifference) string { return d.Day.UTC().Format(time.DateOnly) }},
		{name: "reason", text: func(d api.ShadowDifference) string { return string(d.Reason) }},
		{name: "such as", text: func(d api.ShadowDifference) string { return d.Method + " " + d.Path }},
		{name: "request id", text: func(d api.ShadowDifference) string { return d.RequestID }},
	}, r.Differences)
}

func total(t api.ShadowTotal) string {
	return counted(int(t.Requests), "request", "requests") + " of " + counted(t.Clients, "client", "clients")
}

func newShadowStop() *cobra.Command {
	return &cobra.Command{
		Use: "stop SHADOW", Short: "Stop trying a draft; what it found is kept for a week",
		Example: "  sallyport shadow stop strict",
		Args:    needs("SHADOW"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			id, err := m.shadowID(ctx, args[0])
			if err == nil {
				err = m.StopShadow(ctx, id)
			}
			if err != nil {
				return err
			}
			return m.told(map[string]string{"id": id}, "Stopped.")
		}),
	}
}

func newShadowPromote() *cobra.Command {
	return &cobra.Command{
		Use: "promote SHADOW", Short: "Apply a draft that was tried, and stop trying it",
		Example: "  sallyport shadow promote tighter",
		Args:    needs("SHADOW"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			id, err := m.shadowID(ctx, args[0])
			if err != nil {
				return err
			}
			plan, err := m.PromoteShadow(ctx, id)
			if err != nil {
				return err
			}
			return m.told(plan, "Applied %s.", counted(len(plan.Changes), "change", "changes"))
		}),
	}
}
