package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

const (
	longUsage = `Tell what it was used for: how often on which day, and which permissions were asked for.`
	longReach = `Tell what it could do: what its owner holds where it acts, and what of that its scopes
leave. Whether one request would pass tells sallyport can-i METHOD URL.`
)

// usageIn tells what a token or a key was used for.
func (m *manager) usageIn(ctx context.Context, in vault, t api.Credential, since sallyport.Duration) error {
	u, err := in.Usage(ctx, t.ID, api.AdviceWindow{Since: since})
	if err != nil || m.format != formatTable {
		return m.encoded(u, err)
	}
	fmt.Fprintf(m.out, "%s, since %s\n\n", printable(t.Name), m.when(u.Since))
	if len(u.Days) == 0 {
		fmt.Fprintln(m.out, "It was not used.")
		return nil
	}
	var rows [][]string
	for _, d := range u.Days {
		rows = append(rows, []string{"  " + d.Day.UTC().Format(time.DateOnly), counted(int(d.Uses), "time", "times")})
	}
	_ = align(m.out, rows) // the next line would fail as well
	fmt.Fprintln(m.out, "\nUsed:")
	return align(m.out, useRows(u.Permissions))
}

// reachIn tells what a token or a key could do in a tenant.
func (m *manager) reachIn(ctx context.Context, in vault, t api.Credential, place tenantFlag) error {
	tenant := sallyport.TenantID("")
	if place.name != "" {
		var err error
		if tenant, err = m.within(ctx, place); err != nil {
			return err
		}
	}
	r, err := in.Reach(ctx, t.ID, tenant)
	if err != nil || m.format != formatTable {
		return m.encoded(r, err)
	}
	where := "no tenant"
	for _, x := range r.Tenants {
		if x.ID == r.Tenant {
			where = x.Name
		}
	}
	fmt.Fprintf(m.out, "%s acts in %s\n\nIts owner holds there:\n", printable(t.Name), printable(where))
	printEach(m, r.Held)
	fmt.Fprintln(m.out, "\nIt could use, in some tenant and within its scopes:")
	printEach(m, r.Could)
	return nil
}

func printEach(m *manager, list []sallyport.Permission) {
	if len(list) == 0 {
		fmt.Fprintln(m.out, "  nothing")
	}
	for _, p := range list {
		fmt.Fprintln(m.out, "  "+printable(string(p)))
	}
}

// encoded prints something as JSON or YAML, unless there was an error.
func (m *manager) encoded(v any, err error) error {
	if err != nil {
		return err
	}
	return m.encode(v)
}

func newTokenUsage() *cobra.Command {
	var owner ownerFlag
	var since span
	c := &cobra.Command{
		Use: "usage TOKEN", Short: "Tell what a token was used for", Long: longUsage,
		Example: "  sallyport token usage \"backup script\" --since 7d", Args: needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			return m.usageIn(ctx, in, t, since.length)
		}),
	}
	owner.add(c, usageOwner)
	addSince(c, &since)
	return c
}

func newTokenReach() *cobra.Command {
	var owner ownerFlag
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "reach TOKEN", Short: "Tell what a token could do", Long: longReach,
		Example: "  sallyport token reach \"backup script\"\n  sallyport token reach nightly --user stockroom --tenant DemoTenant5", Args: needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			return m.reachIn(ctx, in, t, tenant)
		}),
	}
	owner.add(c, usageOwner)
	tenant.add(c, "name or id of the `TENANT` that is asked about (default: where it acts by itself)")
	return c
}

func newKeyUsage() *cobra.Command {
	var tenant tenantFlag
	var since span
	c := &cobra.Command{
		Use: "usage KEY", Short: "Tell what an API key was used for", Long: longUsage,
		Example: "  sallyport key usage conveyor-7", Args: needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return m.usageIn(ctx, in, k, since.length)
		}),
	}
	tenant.add(c, usageTenant)
	addSince(c, &since)
	return c
}

func newKeyReach() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "reach KEY", Short: "Tell what an API key could do", Long: longReach,
		Example: "  sallyport key reach conveyor-7", Args: needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return m.reachIn(ctx, in, k, tenantFlag{})
		}),
	}
	tenant.add(c, usageTenant)
	return c
}

// applications are service accounts with their tokens.
var applications = sort{"service account", "service accounts"}

func applicationView(p *printer) view[api.Application] {
	return view[api.Application]{
		{name: "service account", text: func(a api.Application) string { return a.User.Login }},
		{name: "state", text: func(a api.Application) string { return string(a.User.State) }},
		{name: "tokens", text: func(a api.Application) string {
			names := make([]string, 0, len(a.Tokens))
			for _, t := range a.Tokens {
				names = append(names, t.Name)
			}
			if a.More {
				names = append(names, "and more")
			}
			return strings.Join(names, ", ")
		}},
		{name: "last used", text: func(a api.Application) string {
			last := time.Time{}
			for _, t := range a.Tokens {
				if t.LastUsedAt.After(last) {
					last = t.LastUsedAt
				}
			}
			return p.when(last)
		}},
	}
}

func newTokenApplications() *cobra.Command {
	var tenant tenantFlag
	var search string
	var limit int
	state := newChoice("", "active", "revoked")
	c := &cobra.Command{
		Use: "applications", Short: "List service accounts with their tokens",
		Long:    `List service accounts with their first tokens; all of one are in sallyport token list --user LOGIN.`,
		Example: "  sallyport token applications\n  sallyport token applications --tenant DemoTenant5 --state active --search robot",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in, err := m.within(ctx, tenant)
			if err != nil {
				return err
			}
			found := m.Applications(in).All(ctx, api.ApplicationFilter{State: sallyport.State(state.value), Search: search})
			return showList(&m.printer, applications, applicationView(&m.printer), found, limit)
		}),
	}
	tenant.add(c, usageTenant)
	c.Flags().Var(state, "state", "only tokens in this state")
	c.Flags().StringVar(&search, "search", "", "only accounts whose login begins with `TEXT`")
	addLimit(c, &limit, 0)
	return c
}

// addSince adds the flag that says how far to look back.
func addSince(c *cobra.Command, since *span) {
	c.Flags().Var(since, "since", "how far to look back, at most 90d (default 30d)")
}
