package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
)

func newWhatChanged() *cobra.Command {
	var who whoFlags
	var filter api.RightsFilter
	since, until := moment{past: true}, moment{past: true}
	var limit int
	c := leaf(&cobra.Command{
		Use: "what-changed [METHOD URL]", Short: "Tell what changed rights, and who did it",
		Long: `Tell what changed rights since a time, and who did it, from the audit trail: roles that lost
or gained permissions, roles that were given and taken away, groups, accounts, APIs.

With a request it tells what would have been decided on it then and now, and only what made
the difference: for yourself, or with --as and --key for somebody else.

It needs the permission sallyport/audit.read in the tenant; for others also
sallyport/decisions.explain.`,
		Example: `  sallyport what-changed
  sallyport what-changed POST /api/current/customers --as interface
  sallyport what-changed --permission itadvisor/CUSTOMERS --since 7d
  sallyport what-changed --as jane --tenant acme_3 --since 2030-01-31`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return &usageError{fmt.Errorf("%s: URL is missing", nameOf(c))}
			}
			return needs("[METHOD]", "[URL]")(c, args)
		},
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "as", "key") },
		RunE: managed(func(ctx context.Context, m *manager, args []string) (err error) {
			if len(args) == 2 {
				if filter.Method, filter.URL, err = requestOf(args); err != nil {
					return err
				}
			}
			if filter.Principal, filter.Tenant, err = m.asked(ctx, &who); err != nil {
				return err
			}
			filter.Since, filter.Until = since.value(m.now), until.value(m.now)
			return m.showChanges(ctx, filter, limit)
		}),
	})
	who.add(c)
	c.Flag("as").Usage = "only what concerns the user of this `LOGIN` or id"
	c.Flag("key").Usage = "only what concerns the API `KEY` of this name or id"
	c.Flag("tenant").Usage = usageTenantEvery
	c.Flags().StringVar((*string)(&filter.Permission), "permission", "", "only what gave this `PERMISSION` or took it away")
	c.Flags().StringVar(&filter.Realm, "realm", "", "the `REALM` that the request is for")
	c.Flags().Var(&since, "since", "not before this time; a duration counts from now backwards (default: 24h)")
	c.Flags().Var(&until, "until", "before this time; a duration counts from now backwards")
	addLimit(c, &limit, usualEntries)
	return c
}

var rightsChanges = sort{"change", "changes of rights since then"}

func (m *manager) showChanges(ctx context.Context, filter api.RightsFilter, limit int) error {
	first, all, err := m.Changes(ctx, filter)
	if err != nil {
		return err
	}
	if m.format == formatTable && first.Then != nil {
		m.say("%s: %s", m.when(first.Since), verdictText(first.Then.Allowed, first.Then.Reason))
		m.say("now: %s", verdictText(first.Now.Allowed, first.Now.Reason))
		m.blank()
	}
	return showList(&m.printer, rightsChanges, changeView(&m.printer, first.Then != nil), all, limit)
}

func changeView(p *printer, asked bool) view[api.RightsChange] { //nolint:revive // not a switch: what is known
	v := view[api.RightsChange]{
		{name: "at", text: func(c api.RightsChange) string { return p.when(c.At) }},
		{name: "by", text: func(c api.RightsChange) string { return cmp.Or(c.ActorName, c.ActorKind) }},
		{name: "what", text: func(c api.RightsChange) string { return c.Text }},
	}
	if asked {
		v = append(v, field[api.RightsChange]{name: "since then", text: func(c api.RightsChange) string {
			if c.After == nil {
				return ""
			}
			return verdictText(c.After.Allowed, c.After.Reason)
		}})
	}
	return v
}
