package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// formatPolicy prints advice as a policy file.
const formatPolicy = "policy"

func newAdvise() *cobra.Command {
	var place tenantFlag
	var since span
	var kind, role string
	var limit int
	c := &cobra.Command{
		Use: "advise [PRINCIPAL]", Short: "Compare what is granted with what is used",
		Long: `Compare what is granted with what is used: roles of which somebody uses nothing or not all,
tokens and keys that nobody uses or that reach too far. Of one user, or of an API key as
key:NAME, it tells what was used as well, and -o policy writes what he needs as a policy
file. What it takes away stays there, deactivated, so that it can be taken up again:

  sallyport advise billing -o policy > billing.yaml
  sallyport apply -f billing.yaml --adopt`,
		Example: "  sallyport advise\n  sallyport advise --tenant DemoTenant5 --kind idle_credential\n  sallyport advise billing --since 7d\n  sallyport advise billing -o policy > billing.yaml",
		Args:    needs("[PRINCIPAL]"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			window := since.length
			if len(args) == 1 {
				if kind != "" || role != "" {
					return &usageError{errors.New("--kind and --role choose in a list; leave PRINCIPAL out")}
				}
				return m.advisePrincipal(ctx, args[0], place, window)
			}
			if m.format == formatPolicy {
				return &usageError{withHint(errors.New("a policy file is about one user or key"), "say which: sallyport advise LOGIN -o policy")}
			}
			return m.adviseAll(ctx, place, role, api.AdviceFilter{Since: window, Kind: kind}, limit)
		}),
	}
	f := c.Flags()
	f.VarP(newChoice(formatTable, formatJSON, formatYAML, formatPolicy), "output", "o", "how to print")
	addSince(c, &since)
	f.StringVar(&kind, "kind", "", "only findings of this `KIND`: idle_grant, broad_grant, broad_role, idle_credential or broad_credential")
	f.StringVar(&role, "role", "", "only about this `ROLE`")
	addLimit(c, &limit, 50)
	place.add(c, "name or id of the `TENANT` in which it is granted, \"*\" for what is granted in every tenant (default: your own)")
	return c
}

func (m *manager) adviseAll(ctx context.Context, place tenantFlag, role string, f api.AdviceFilter, limit int) (err error) {
	if f.Tenant, err = m.place(ctx, place); err != nil {
		return err
	}
	if role != "" {
		r, err := m.role(ctx, f.Tenant, role)
		if err != nil {
			return err
		}
		f.Role = r.ID
	}
	return showList(&m.printer, sort{"finding", "findings: what is granted is used"}, findingView(), m.Findings().All(ctx, f), limit)
}

// findingView is how findings are shown in lists.
func findingView() view[api.Finding] {
	return view[api.Finding]{
		{name: "who", text: findingSubject},
		{name: "has", text: findingThing},
		{name: "finding", text: func(f api.Finding) string { return findingWords[f.Kind] }},
		{name: "used", text: func(f api.Finding) string {
			if f.Granted == 0 {
				return ""
			}
			return fmt.Sprintf("%d of %d", f.Granted-len(f.Unused)-f.MoreUnused, f.Granted)
		}},
		{name: "opens", text: func(f api.Finding) string { return counted(f.Opens, "route", "routes") }},
		{name: "enough", text: enough},
	}
}

var findingWords = map[string]string{
	api.FindingIdleGrant: "not used", api.FindingBroadGrant: "broader than used", api.FindingBroadRole: "broader than anybody uses",
	api.FindingIdleCredential: "not used", api.FindingBroadCredential: "reaches further than used",
}

func findingSubject(f api.Finding) string {
	switch {
	case f.Group != "":
		return "group " + f.GroupName
	default:
		return principalName(f.PrincipalKind, f.Login)
	}
}

// principalName is how [manager.principalID] knows a user or an API key.
func principalName(kind sallyport.PrincipalKind, login string) string {
	if kind == sallyport.PrincipalAPIKey {
		return "key:" + login
	}
	return login
}

func findingThing(f api.Finding) string {
	switch {
	case f.Credential != nil:
		return strings.ReplaceAll(string(f.Credential.Kind), "_", " ") + " " + f.Credential.Name
	case f.Realm != "":
		return "role " + f.RoleName + " in realm " + f.Realm
	default:
		return "role " + f.RoleName
	}
}

// enough says what would do.
func enough(f api.Finding) string {
	p := f.Proposal
	switch {
	case p.Remove && f.Credential != nil:
		return "revoke it"
	case p.Remove:
		return "take it away"
	case len(p.Roles) > 0:
		return "role " + strings.Join(p.Roles, " and ")
	case p.Role != nil:
		return "a role of " + joined(p.Role.Permissions)
	case len(p.Scopes) > 0:
		return "scopes " + strings.Join(p.Scopes, ", ")
	}
	return ""
}

// advisePrincipal tells of one user or key.
func (m *manager) advisePrincipal(ctx context.Context, name string, place tenantFlag, window sallyport.Duration) error {
	id, err := m.principalID(ctx, name, place)
	if err != nil {
		return err
	}
	a, err := m.Advice(ctx, id, api.AdviceWindow{Since: window})
	if isStatus(err, http.StatusNotFound) {
		err = withHint(err, "it needs the permission sallyport/advice.read where %s has a role", name)
	}
	if err != nil {
		return err
	}
	switch m.format {
	case formatPolicy:
		return m.advicePolicy(&a)
	case formatTable:
		m.advice(&a)
		return nil
	}
	return m.encode(a)
}

// principalID returns the id of a user, or of an API key as key:NAME.
func (m *manager) principalID(ctx context.Context, name string, place tenantFlag) (sallyport.PrincipalID, error) {
	key, isKey := strings.CutPrefix(name, "key:")
	switch {
	case isKey:
		tenant, err := m.within(ctx, place)
		if err != nil {
			return "", err
		}
		k, err := m.key(ctx, tenant, key)
		return sallyport.PrincipalID(k.ID), err
	case sallyport.IsUUID(name):
		return sallyport.PrincipalID(name), nil
	}
	u, err := m.user(ctx, name, place)
	return u.ID, err
}

// advicePolicy writes the proposals as a policy file.
func (m *manager) advicePolicy(a *api.Advice) error {
	if a.Policy == nil {
		fmt.Fprintf(m.errOut, "Nothing to change by a policy: what %s has is used, or is for a person to look at (sallyport advise %s).\n", printable(a.Login), printable(a.Login))
		return nil
	}
	for _, f := range a.Findings {
		switch {
		case f.Policy != "" && f.Policy != a.Policy.Policy:
			fmt.Fprintf(m.errOut, "The %s belongs to the policy %s; change it there.\n", printable(findingThing(f)), printable(f.Policy))
		case f.Group != "":
			fmt.Fprintf(m.errOut, "The %s comes from the group %s, so it is not in the file.\n", printable(findingThing(f)), printable(f.GroupName))
		}
	}
	fmt.Fprintf(m.out, "# What %s used since %s, and nothing else. Look at it, then:\n#   sallyport apply -f FILE --adopt\n",
		printable(a.Login), a.Since.UTC().Format(time.DateOnly))
	m.format = formatYAML
	return m.encode(a.Policy)
}

// advice prints advice for people.
func (p *printer) advice(a *api.Advice) {
	if a.CountedSince.IsZero() {
		fmt.Fprintln(p.out, "Nothing was used in this installation yet, so there is nothing to compare with.")
		return
	}
	since := a.Since
	if a.CountedSince.After(since) {
		since = a.CountedSince
	}
	fmt.Fprintf(p.out, "%s, watched since %s\n\nUsed:\n", printable(a.Login), p.when(since))
	if len(a.Uses) == 0 {
		fmt.Fprintln(p.out, "  nothing")
	}
	_ = align(p.out, useRows(a.Uses)) // the next line would fail as well
	fmt.Fprintln(p.out)
	if len(a.Findings) == 0 {
		fmt.Fprintln(p.out, "What is granted is used.")
		return
	}
	changes := false
	for _, f := range a.Findings {
		p.finding(&f)
		changes = changes || f.Binding != "" && f.Group == ""
	}
	if a.Policy != nil && changes {
		fmt.Fprintf(p.out, "\nAs a policy file: sallyport advise %s -o policy\n", printable(principalName(a.PrincipalKind, a.Login)))
	}
}

// useRows tells what was used, through whichever token and binding.
func useRows(uses []api.PermissionUse) [][]string {
	var rows [][]string
	at, times, last := map[string]int{}, []int64{}, []time.Time{}
	for _, u := range uses {
		what := joinedOr(u.AnyOf)
		if what == "" {
			what = "a good credential, and no permission"
		}
		i, known := at[what]
		if !known {
			i = len(rows)
			at[what] = i
			rows, times, last = append(rows, []string{"  " + what}), append(times, 0), append(last, time.Time{})
		}
		times[i] += u.Uses
		if u.LastDay.After(last[i]) {
			last[i] = u.LastDay
		}
	}
	for i := range rows {
		rows[i] = append(rows[i], counted(int(times[i]), "time", "times"), "last on "+last[i].UTC().Format(time.DateOnly))
	}
	return rows
}

// finding prints one finding for people.
func (p *printer) finding(f *api.Finding) {
	fmt.Fprintf(p.out, "%s: %s", printable(findingThing(*f)), findingWords[f.Kind])
	if f.Group != "" {
		fmt.Fprintf(p.out, " (through the group %s)", printable(f.GroupName))
	}
	fmt.Fprintln(p.out)
	var rows [][]string
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, []string{"  " + name + ":", text})
		}
	}
	if len(f.Unused) > 0 {
		text := joined(f.Unused)
		if f.MoreUnused > 0 {
			text += fmt.Sprintf(" and %d more", f.MoreUnused)
		}
		add("not needed", text)
	}
	for _, n := range f.Narrower {
		add("narrower", fmt.Sprintf("%s would do for what %s was used for", n.Enough, n.Held))
	}
	if f.Opens > 0 {
		add("opens", counted(f.Opens, "route that was", "routes that were")+" not needed")
	}
	if f.Credential != nil && f.Credential.LastUsedAt.IsZero() {
		add("last used", "never")
	} else if f.Credential != nil {
		add("last used", p.when(f.Credential.LastUsedAt))
	}
	add("watched since", p.when(f.Observed))
	add("belongs to", f.Policy)
	add("enough", enough(*f))
	_ = align(p.out, rows) // nothing can be done about an output that is gone
}

func joinedOr(list []sallyport.Permission) string { return strings.Join(words(list), " or ") }
