package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newGroup() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "group",
		Short: "Manage groups of users",
		Long:  "Manage groups of users. A role that is given to a group is given to everybody in it: sallyport binding create --group NAME.",
	}, newGroupList(), newGroupGet(), newGroupCreate(), newGroupUpdate(), newGroupMembers(), newGroupAdd(), newGroupRemove(), newGroupDelete())
}

var groups = sort{"group", "groups"}

func groupView(p *printer) view[api.Group] {
	return view[api.Group]{
		{name: "id", text: func(g api.Group) string { return string(g.ID) }},
		{name: "name", text: groupName},
		{name: "title", text: func(g api.Group) string { return g.Title }},
		{name: "tenant", text: func(g api.Group) string { return string(g.Tenant) }, detail: true},
		{name: "created", text: func(g api.Group) string { return p.when(g.CreatedAt) }},
		{name: "updated", text: func(g api.Group) string { return p.when(g.UpdatedAt) }, detail: true},
	}
}

// groupIn returns a group that is given by name or id in the tenant of the flag.
func (m *manager) groupIn(ctx context.Context, f tenantFlag, name string) (api.Group, error) {
	tenant, err := m.place(ctx, f)
	if err != nil {
		return api.Group{}, err
	}
	return m.group(ctx, tenant, name)
}

func newGroupList() *cobra.Command {
	var tenant tenantFlag
	var filter api.Search
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the groups of a tenant",
		Example: "  sallyport group list",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			return showList(&m.printer, groups, groupView(&m.printer), m.Groups(in).All(ctx, filter), limit)
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().StringVar(&filter.Search, "search", "", "only those whose name begins with this `TEXT`")
	addLimit(c, &limit, 0)
	return c
}

func newGroupGet() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "get GROUP", Short: "Show a group",
		Example: "  sallyport group get night-shift",
		Args:    needs("GROUP"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			g, err := m.groupIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return show(&m.printer, groupView(&m.printer), g, "")
		}),
	}
	tenant.add(c, usageTenantEvery)
	return c
}

func newGroupCreate() *cobra.Command {
	var tenant tenantFlag
	var title string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a group",
		Example: `  sallyport group create night-shift --title "Night shift"`,
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			in, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			g, err := m.Groups(in).Create(ctx, api.NewGroup{Name: args[0], Title: title})
			if err != nil {
				return err
			}
			return show(&m.printer, groupView(&m.printer), g, "Made the group %s.", g.Name)
		}),
	}
	c.Flags().StringVar(&title, "title", "", "`TEXT` for people")
	tenant.add(c, usageTenantEvery)
	return c
}

func newGroupUpdate() *cobra.Command {
	var tenant tenantFlag
	var name, title string
	var version versionFlag
	c := &cobra.Command{
		Use: "update GROUP", Short: "Change a group",
		Example: `  sallyport group update night-shift --title "Nights and week-ends"`,
		Args:    needs("GROUP"),
		PreRunE: someOf("name", "title"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			g, err := m.groupIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			change := api.GroupChange{Name: changed(m, "name", &name), Title: changed(m, "title", &title)}
			g, err = m.Groups(g.Tenant).Update(ctx, g.ID, version.or(g.Version), change)
			if err != nil {
				return err
			}
			return show(&m.printer, groupView(&m.printer), g, "Changed the group %s.", g.Name)
		}),
	}
	c.Flags().StringVar(&name, "name", "", "another `NAME`")
	c.Flags().StringVar(&title, "title", "", "`TEXT` for people")
	tenant.add(c, usageTenantEvery)
	version.add(c)
	return c
}

func newGroupMembers() *cobra.Command {
	var tenant tenantFlag
	var limit int
	c := &cobra.Command{
		Use: "members GROUP", Short: "List the users in a group",
		Example: "  sallyport group members night-shift",
		Args:    needs("GROUP"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			g, err := m.groupIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return showList(&m.printer, users, userView(&m.printer), m.Groups(g.Tenant).Members(g.ID).All(ctx, struct{}{}), limit)
		}),
	}
	tenant.add(c, usageTenantEvery)
	addLimit(c, &limit, 0)
	return c
}

func newGroupAdd() *cobra.Command {
	return membership(&cobra.Command{
		Use: "add GROUP LOGIN...", Short: "Put users into a group",
		Long: `Put users into a group. It gives them all that the group is bound to; you must hold
that yourself. Whoever is in it already stays in it.`,
		Example: "  sallyport group add night-shift operator viewer",
	}, "%s is in the group %s.", func(ctx context.Context, m *manager, g api.Group, user sallyport.PrincipalID) error {
		return m.Groups(g.Tenant).Add(ctx, g.ID, user)
	})
}

func newGroupRemove() *cobra.Command {
	return membership(&cobra.Command{
		Use: "remove GROUP LOGIN...", Short: "Take users out of a group",
		Example: "  sallyport group remove night-shift viewer",
	}, "%s is not in the group %s.", func(ctx context.Context, m *manager, g api.Group, user sallyport.PrincipalID) error {
		return m.Groups(g.Tenant).Remove(ctx, g.ID, user)
	})
}

// membership makes a command that does something to a group and each of some
// users. All of them are found before anything is changed.
func membership(c *cobra.Command, done string, do func(context.Context, *manager, api.Group, sallyport.PrincipalID) error) *cobra.Command {
	var tenant tenantFlag
	c.Args = needs("GROUP", "LOGIN...")
	c.RunE = managed(func(ctx context.Context, m *manager, args []string) error {
		g, err := m.groupIn(ctx, tenant, args[0])
		if err != nil {
			return err
		}
		var found []api.User
		for _, login := range args[1:] {
			u, err := m.user(ctx, login, tenantFlag{})
			if err != nil {
				return err
			}
			found = append(found, u)
		}
		for _, u := range found {
			if err := do(ctx, m, g, u.ID); err != nil {
				return err
			}
			if m.format == formatTable {
				if err := m.told(u, done, u.Login, g.Name); err != nil {
					return err
				}
			}
		}
		if m.format == formatTable {
			return nil
		}
		return m.encode(found)
	})
	tenant.add(c, usageTenantEvery)
	return c
}

func newGroupDelete() *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "delete GROUP", Short: "Delete a group and what it is bound to",
		Example: "  sallyport group delete night-shift",
		Args:    needs("GROUP"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			g, err := m.groupIn(ctx, tenant, args[0])
			if err == nil {
				err = m.Groups(g.Tenant).Delete(ctx, g.ID, version.or(g.Version))
			}
			if err != nil {
				return err
			}
			return m.told(g, "Deleted the group %s (%s).", g.Name, g.ID)
		}),
	}
	tenant.add(c, usageTenantEvery)
	version.add(c)
	return c
}
