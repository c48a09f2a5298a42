package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newAudit() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "audit",
		Short: "Read, follow and verify the audit trail",
		Long:  "Read the audit trail, which has every change with who made it, and verify that it is as it was written.",
	}, newAuditList(), newAuditTail(), newAuditExport(), newAuditVerify(), newAuditCheckpoint(), newAuditKey(), newAuditWho())
}

var entries = sort{"entry", "entries"}

func auditView(p *printer, every bool) view[api.AuditEntry] {
	return view[api.AuditEntry]{
		{name: "seq", text: func(e api.AuditEntry) string { return fmt.Sprint(e.Seq) }},
		{name: "at", text: func(e api.AuditEntry) string { return p.when(e.At) }},
		{name: "tenant", text: func(e api.AuditEntry) string { return string(e.Tenant) }, detail: !every},
		{name: "actor", text: func(e api.AuditEntry) string {
			if e.ActorName != "" {
				return e.ActorName
			}
			return e.ActorKind
		}},
		{name: "action", text: func(e api.AuditEntry) string { return e.Action }},
		{name: "target", text: func(e api.AuditEntry) string {
			return strings.Join(strings.Fields(e.TargetKind+" "+e.TargetName), " ")
		}},
		{name: "target id", text: func(e api.AuditEntry) string { return e.TargetID }},
		{name: "address", text: func(e api.AuditEntry) string { return e.Address }},
		{name: "request", text: func(e api.AuditEntry) string { return e.RequestID }},
	}
}

// usualEntries is how many entries are shown when nothing is said.
const usualEntries = 50

func newAuditList() *cobra.Command {
	var tenant tenantFlag
	var every bool
	var actor string
	var filter api.AuditFilter
	from, until := moment{past: true}, moment{past: true}
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "Read the audit trail of a tenant, newest first",
		Long: `Read the audit trail of a tenant, newest first. How things were before and after a
change is there with -o json and -o yaml, without secrets.`,
		Example: `  sallyport audit list --action role. --from 24h
  sallyport audit list --all --actor admin --limit 10 -o json`,
		Args:    noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "tenant", "all") },
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			filter.From, filter.Until = from.value(m.now), until.value(m.now)
			switch {
			case sallyport.IsUUID(actor):
				filter.Actor = sallyport.PrincipalID(actor)
			case actor != "":
				u, err := m.user(ctx, actor, tenantFlag{})
				if err != nil {
					return err
				}
				filter.Actor = u.ID
			}
			if every {
				return showList(&m.printer, entries, auditView(&m.printer, true), m.EveryAudit().All(ctx, filter), limit)
			}
			of, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			return showList(&m.printer, entries, auditView(&m.printer, false), m.Audit(of).All(ctx, filter), limit)
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().BoolVar(&every, "all", false, "that of the whole installation")
	c.Flags().StringVar(&actor, "actor", "", "only what this `LOGIN` or id did")
	c.Flags().StringVar(&filter.Action, "action", "", "only actions that begin with this `TEXT`, such as role. or role.update")
	c.Flags().StringVar(&filter.Target, "target", "", "only what was done to the thing with this `ID`")
	c.Flags().StringVar(&filter.RequestID, "request", "", "only what the request with this `ID` did")
	c.Flags().Var(&from, "from", "not before this time; a duration counts from now backwards")
	c.Flags().Var(&until, "until", "before this time; a duration counts from now backwards")
	addLimit(c, &limit, usualEntries)
	return c
}

func newAuditExport() *cobra.Command {
	var tenant tenantFlag
	var every bool
	var filter api.AuditFilter
	from, until := moment{past: true}, moment{past: true}
	c := &cobra.Command{
		Use: "export", Short: "Write the audit trail as JSON Lines, newest first",
		Long: `Write the audit trail as JSON Lines: one entry a line, newest first, each with its number and
its hash, so that what was written can be compared with the trail later. Secrets are masked
in the trail itself. It is written as it is read, so there is no limit.`,
		Example: `  sallyport audit export --all > trail.jsonl
  sallyport audit export --action role. --from 24h > roles.jsonl`,
		Args:    noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "tenant", "all") },
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			filter.From, filter.Until = from.value(m.now), until.value(m.now)
			list := m.EveryAudit().All(ctx, filter)
			if !every {
				of, err := m.place(ctx, tenant)
				if err != nil {
					return err
				}
				list = m.Audit(of).All(ctx, filter)
			}
			lines := json.NewEncoder(m.out)
			for entry, err := range list {
				if err != nil {
					return err
				}
				if err := lines.Encode(entry); err != nil {
					return fmt.Errorf("write the trail: %w", err)
				}
			}
			return nil
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().BoolVar(&every, "all", false, "that of the whole installation")
	c.Flags().StringVar(&filter.Action, "action", "", "only actions that begin with this `TEXT`, such as role. or role.update")
	c.Flags().Var(&from, "from", "not before this time; a duration counts from now backwards")
	c.Flags().Var(&until, "until", "before this time; a duration counts from now backwards")
	return c
}
