package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newBinding() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "binding",
		Short: "Give roles to users, groups and API keys, and take them away",
		Long: `Give roles to users, groups and API keys, and take them away. A binding is one role of
one subject in one tenant, or in every one; it can be limited to a realm, by a
condition and in time.`,
	}, newBindingList(), newBindingGet(), newBindingCreate(), newBindingUpdate(), newBindingDelete())
}

var bindings = sort{"binding", "bindings"}

// A subjectFlags says who has a role.
type subjectFlags struct{ user, group, key string }

func (f *subjectFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.user, "user", "", "`LOGIN` or id of a user")
	c.Flags().StringVar(&f.group, "group", "", "name or id of a `GROUP`")
	c.Flags().StringVar(&f.key, "key", "", "name or id of an API `KEY` of the tenant")
}

func (f *subjectFlags) given() bool { return f.user+f.group+f.key != "" }

// subject finds out who a subject is. A group of the whole installation can be
// given a role in one tenant too.
func (m *manager) subject(ctx context.Context, tenant sallyport.TenantID, f subjectFlags) (kind sallyport.SubjectKind, id string, err error) {
	switch {
	case f.user != "":
		if sallyport.IsUUID(f.user) {
			return sallyport.SubjectUser, f.user, nil
		}
		u, err := m.user(ctx, f.user, tenantFlag{})
		return sallyport.SubjectUser, string(u.ID), err
	case f.group != "":
		if sallyport.IsUUID(f.group) {
			return sallyport.SubjectGroup, f.group, nil
		}
		g, err := m.group(ctx, tenant, f.group)
		if err != nil && tenant != sallyport.EveryTenant {
			if every, there := m.group(ctx, sallyport.EveryTenant, f.group); there == nil {
				return sallyport.SubjectGroup, string(every.ID), nil
			}
		}
		return sallyport.SubjectGroup, string(g.ID), err
	case f.key != "":
		if tenant == sallyport.EveryTenant {
			return "", "", &usageError{errors.New("an API key has roles in its own tenant only; say which with --tenant")}
		}
		k, err := m.key(ctx, tenant, f.key)
		return sallyport.SubjectKey, string(k.ID), err
	}
	return "", "", nil
}

// A bindingRow is a binding with the names of its role and subject.
type bindingRow struct {
	api.Binding
	roleName, subjectName string
}

func bindingView(p *printer, every bool) view[bindingRow] {
	return view[bindingRow]{
		{name: "id", text: func(b bindingRow) string { return string(b.ID) }},
		{name: "tenant", text: func(b bindingRow) string { return string(b.Tenant) }, detail: !every},
		{name: "kind", text: func(b bindingRow) string { return string(b.SubjectKind) }},
		{name: "subject", text: func(b bindingRow) string { return b.Subject }},
		{name: "name", text: func(b bindingRow) string { return b.subjectName }},
		{name: "role", text: func(b bindingRow) string { return b.roleName }},
		{name: "role id", text: func(b bindingRow) string { return string(b.Role) }, detail: true},
		{name: "realm", text: func(b bindingRow) string { return orAny(b.Realm) }},
		{name: "condition", text: func(b bindingRow) string { return b.Condition }},
		{name: "expires", text: func(b bindingRow) string { return p.until(b.ExpiresAt) }},
		{name: "state", text: func(b bindingRow) string { return string(b.State) }},
		{name: "created", text: func(b bindingRow) string { return p.when(b.CreatedAt) }, detail: true},
		{name: "updated", text: func(b bindingRow) string { return p.when(b.UpdatedAt) }, detail: true},
	}
}

// A directory finds the names of roles and subjects for people, as far as the
// caller may know them. An id that has no name there stays an id.
type directory struct {
	m        *manager
	ctx      context.Context //nolint:containedctx // a directory lives for one listing
	roles    map[sallyport.RoleID]string
	subjects map[string]string
	listed   map[sallyport.TenantID]bool
	asked    int
}

// mostAsked is after how many single questions a directory asks no more.
const mostAsked = 50

func (m *manager) directory(ctx context.Context) *directory {
	return &directory{
		m: m, ctx: ctx, roles: map[sallyport.RoleID]string{},
		subjects: map[string]string{}, listed: map[sallyport.TenantID]bool{},
	}
}

// row returns a binding with the names that it can find.
func (d *directory) row(b api.Binding) bindingRow {
	return bindingRow{Binding: b, roleName: d.role(b), subjectName: d.subject(b)}
}

func (d *directory) role(b api.Binding) string {
	if _, known := d.roles[b.Role]; !known && !d.listed[b.Tenant] {
		d.listed[b.Tenant] = true
		list, _, _ := take(d.m.Roles(b.Tenant).All(d.ctx, api.Search{}), maxCandidates)
		for _, r := range list {
			d.roles[r.ID] = r.Name
		}
	}
	if name, known := d.roles[b.Role]; known {
		return name
	}
	return string(b.Role)
}

func (d *directory) subject(b api.Binding) string {
	if name, known := d.subjects[b.Subject]; known || d.asked == mostAsked {
		return name
	}
	d.asked++
	name := ""
	switch b.SubjectKind {
	case sallyport.SubjectUser:
		// He may be at home elsewhere: most often where the caller is.
		me, _ := d.m.me(d.ctx)
		for _, home := range []sallyport.TenantID{b.Tenant, me.Tenant} {
			if u, err := d.m.Users(home).Get(d.ctx, sallyport.PrincipalID(b.Subject)); err == nil {
				name = u.Login
				break
			}
		}
	case sallyport.SubjectGroup:
		if g, err := d.m.Groups(b.Tenant).Get(d.ctx, sallyport.GroupID(b.Subject)); err == nil {
			name = g.Name
		}
	case sallyport.SubjectKey:
		if k, err := d.m.Keys(b.Tenant).Get(d.ctx, sallyport.CredentialID(b.Subject)); err == nil {
			name = k.Name
		}
	}
	d.subjects[b.Subject] = name
	return name
}

// showBindings prints bindings; people get names as well.
func (m *manager) showBindings(ctx context.Context, all iter.Seq2[api.Binding, error], every bool, limit int) error {
	if m.format != formatTable {
		return showList[api.Binding](&m.printer, bindings, nil, all, limit)
	}
	d := m.directory(ctx)
	rows := func(yield func(bindingRow, error) bool) {
		for b, err := range all {
			if err != nil {
				yield(bindingRow{}, err)
				return
			}
			if !yield(d.row(b), nil) {
				return
			}
		}
	}
	return showList(&m.printer, bindings, bindingView(&m.printer, every), rows, limit)
}

// showBinding prints one binding.
func (m *manager) showBinding(ctx context.Context, b api.Binding, sentence string) error {
	if m.format != formatTable {
		return m.encode(b)
	}
	if sentence != "" {
		fmt.Fprintln(m.out, sentence)
	}
	return show(&m.printer, bindingView(&m.printer, true), m.directory(ctx).row(b), "")
}

func newBindingList() *cobra.Command {
	var tenant tenantFlag
	var who subjectFlags
	var role string
	var every bool
	var limit int
	state := newChoice("", "active", "deactivated")
	c := &cobra.Command{
		Use: "list", Short: "List the bindings of a tenant",
		Long: `List the bindings of a tenant. Those that hold in every tenant are in the list of
--tenant '*', and --all lists those of all tenants.`,
		Example: `  sallyport binding list --tenant DemoTenant5
  sallyport binding list --all --user jane`,
		Args: noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if err := atMostOne(c, "tenant", "all"); err != nil {
				return err
			}
			return atMostOne(c, "user", "group", "key")
		},
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			filter := api.BindingFilter{State: sallyport.State(state.value)}
			if filter.SubjectKind, filter.Subject, err = m.subject(ctx, in, who); err != nil {
				return err
			}
			if role != "" {
				r, err := m.role(ctx, in, role)
				if err != nil {
					return err
				}
				filter.Role = r.ID
			}
			if every {
				return m.showBindings(ctx, m.EveryBinding().All(ctx, filter), true, limit)
			}
			return m.showBindings(ctx, m.Bindings(in).All(ctx, filter), false, limit)
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().BoolVar(&every, "all", false, "those of all tenants")
	who.add(c)
	c.Flags().StringVar(&role, "role", "", "only those of this `ROLE`")
	c.Flags().Var(state, "state", "only those in this state")
	addLimit(c, &limit, 0)
	return c
}

// A selection says which binding is meant: by its id, or by who has which role.
type selection struct {
	tenant tenantFlag
	who    subjectFlags
	role   string
}

func (s *selection) add(c *cobra.Command) {
	s.tenant.add(c, usageTenantEvery)
	s.who.add(c)
	c.Flags().StringVar(&s.role, "role", "", "name or id of the `ROLE`")
}

// check wants an id, or a subject and a role.
func (s *selection) check(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 1 && (s.who.given() || s.role != ""):
		return &usageError{errors.New("give the binding's id, or who has which role, but not both")}
	case len(args) == 1:
		return nil
	}
	if err := oneOf(c, "user", "group", "key"); err != nil {
		return &usageError{withHint(err, "say which binding, by its id or with --user LOGIN --role ROLE")}
	}
	return oneOf(c, "role")
}

// binding returns the binding that is meant.
func (m *manager) binding(ctx context.Context, s *selection, args []string) (b api.Binding, err error) {
	in, err := m.place(ctx, s.tenant)
	if err != nil {
		return b, err
	}
	if len(args) == 1 {
		if !sallyport.IsUUID(args[0]) {
			return b, &usageError{withHint(fmt.Errorf("%q is not the id of a binding", args[0]), "a binding has no name; say which with --user LOGIN --role ROLE")}
		}
		return m.Bindings(in).Get(ctx, sallyport.BindingID(args[0]))
	}
	kind, subject, err := m.subject(ctx, in, s.who)
	if err != nil {
		return b, err
	}
	r, err := m.role(ctx, in, s.role)
	if err != nil {
		return b, err
	}
	found, _, err := take(m.Bindings(in).All(ctx, api.BindingFilter{SubjectKind: kind, Subject: subject, Role: r.ID}), 0)
	switch {
	case err != nil:
		return b, err
	case len(found) == 0:
		return b, withHint(fmt.Errorf("%s does not have the role %s there", s.who.user+s.who.group+s.who.key, r.Name), "sallyport binding list --all shows where somebody has which")
	case len(found) > 1:
		var ids []string
		for _, b := range found {
			ids = append(ids, string(b.ID))
		}
		return b, withHint(fmt.Errorf("there are %d such bindings: %s", len(found), strings.Join(ids, ", ")), "say which one by its id")
	}
	return found[0], nil
}

func newBindingGet() *cobra.Command {
	var s selection
	c := &cobra.Command{
		Use: "get [ID]", Short: "Show a binding",
		Example: "  sallyport binding get --user operator --role network-operator",
		Args:    needs("[ID]"),
		PreRunE: s.check,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			b, err := m.binding(ctx, &s, args)
			if err != nil {
				return err
			}
			return m.showBinding(ctx, b, "")
		}),
	}
	s.add(c)
	return c
}

func newBindingCreate() *cobra.Command {
	var tenant tenantFlag
	var who subjectFlags
	var role string
	var in api.NewBinding
	var expires moment
	c := &cobra.Command{
		Use: "create", Short: "Give a role to a user, a group or an API key",
		Long: `Give a role to a user, a group or an API key. You must hold what you give yourself, to
the same extent.`,
		Example: `  sallyport binding create --user viewer --role stock
  sallyport binding create --user viewer --role network-operator --realm Lab --expires 30d
  sallyport binding create --user operator --role edge-data --tenant acme_3 --condition 'time.getHours("UTC") < 18'`,
		Args: noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if err := oneOf(c, "user", "group", "key"); err != nil {
				return err
			}
			return oneOf(c, "role")
		},
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			to, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			if in.SubjectKind, in.Subject, err = m.subject(ctx, to, who); err != nil {
				return err
			}
			r, err := m.role(ctx, to, role)
			if err != nil {
				return err
			}
			in.Role, in.ExpiresAt = r.ID, expires.value(m.now)
			b, err := m.Bindings(to).Create(ctx, in)
			if err != nil {
				return err
			}
			return m.showBinding(ctx, b, "Gave the role.")
		}),
	}
	tenant.add(c, "name or id of the `TENANT` that it holds in, \"*\" for each (default: your own)")
	who.add(c)
	c.Flags().StringVar(&role, "role", "", "name or id of the `ROLE`")
	c.Flags().StringVar(&in.Realm, "realm", "", "the one `REALM` that it holds in (default: all)")
	c.Flags().StringVar(&in.Condition, "condition", "", "`CEL` expression; it holds only while this is true")
	c.Flags().Var(&expires, "expires", "when it ends (default: never)")
	return c
}

func newBindingUpdate() *cobra.Command {
	var s selection
	var realm, condition string
	var expires moment
	var version versionFlag
	state := newChoice("", "active", "deactivated")
	c := &cobra.Command{
		Use: "update [ID]", Short: "Change how far a binding reaches",
		Example: `  sallyport binding update --user operator --role network-operator --realm Lab
  sallyport binding update --user operator --role operator --state deactivated`,
		Args: needs("[ID]"),
		PreRunE: func(c *cobra.Command, args []string) error {
			if err := s.check(c, args); err != nil {
				return err
			}
			return someOf("realm", "condition", "expires", "state")(c, args)
		},
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			b, err := m.binding(ctx, &s, args)
			if err != nil {
				return err
			}
			change := api.BindingChange{Realm: changed(m, "realm", &realm), Condition: changed(m, "condition", &condition), ExpiresAt: expires.change(m.now)}
			if state.value != "" {
				change.State = new(sallyport.State(state.value))
			}
			b, err = m.Bindings(b.Tenant).Update(ctx, b.ID, version.or(b.Version), change)
			if err != nil {
				return err
			}
			return m.showBinding(ctx, b, "Changed the binding.")
		}),
	}
	s.add(c)
	c.Flags().StringVar(&realm, "realm", "", "the one `REALM` that it holds in; empty: all")
	c.Flags().StringVar(&condition, "condition", "", "`CEL` expression; it holds only while this is true; empty: always")
	c.Flags().Var(&expires, "expires", "when it ends, or none")
	c.Flags().Var(state, "state", "a deactivated binding gives nothing")
	version.add(c)
	return c
}

func newBindingDelete() *cobra.Command {
	var s selection
	var version versionFlag
	c := &cobra.Command{
		Use: "delete [ID]", Short: "Take a role away",
		Example: "  sallyport binding delete --user viewer --role stock",
		Args:    needs("[ID]"),
		PreRunE: s.check,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			b, err := m.binding(ctx, &s, args)
			if err == nil {
				err = m.Bindings(b.Tenant).Delete(ctx, b.ID, version.or(b.Version))
			}
			if err != nil {
				return err
			}
			return m.told(b, "Deleted the binding %s.", b.ID)
		}),
	}
	s.add(c)
	version.add(c)
	return c
}
