package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newRole() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "role",
		Short: "Manage roles, the named sets of permissions",
		Long: `Manage roles, the named sets of permissions. A role gives nobody anything until it is
bound to somebody: sallyport binding create.`,
	}, newRoleList(), newRoleGet(), newRoleCreate(), newRoleUpdate(), newRoleDelete())
}

var roles = sort{"role", "roles"}

func roleView(p *printer) view[api.Role] {
	return view[api.Role]{
		{name: "id", text: func(r api.Role) string { return string(r.ID) }},
		{name: "name", text: roleName},
		{name: "title", text: func(r api.Role) string { return r.Title }, detail: true},
		{name: "tenant", text: func(r api.Role) string { return string(r.Tenant) }},
		{name: "built in", text: func(r api.Role) string { return yes[r.BuiltIn] }, detail: true},
		{name: "gives", text: func(r api.Role) string { return some(words(r.Permissions), 3) }, list: true},
		{name: "permissions", text: func(r api.Role) string { return joined(r.Permissions) }, detail: true},
		{name: "created", text: func(r api.Role) string { return p.when(r.CreatedAt) }, detail: true},
		{name: "updated", text: func(r api.Role) string { return p.when(r.UpdatedAt) }, detail: true},
	}
}

// roleIn returns a role that is given by name or id in the tenant of the flag.
func (m *manager) roleIn(ctx context.Context, f tenantFlag, name string) (api.Role, error) {
	tenant, err := m.place(ctx, f)
	if err != nil {
		return api.Role{}, err
	}
	return m.role(ctx, tenant, name)
}

func newRoleList() *cobra.Command {
	var tenant tenantFlag
	var filter api.Search
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the roles that can be used in a tenant",
		Example: "  sallyport role list\n  sallyport role list --tenant '*'",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			return showList(&m.printer, roles, roleView(&m.printer), m.Roles(in).All(ctx, filter), limit)
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().StringVar(&filter.Search, "search", "", "only those whose name begins with this `TEXT`")
	addLimit(c, &limit, 0)
	return c
}

func newRoleGet() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "get ROLE", Short: "Show a role and what it gives",
		Example: "  sallyport role get operator",
		Args:    needs("ROLE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			r, err := m.roleIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return show(&m.printer, roleView(&m.printer), r, "")
		}),
	}
	tenant.add(c, usageTenantEvery)
	return c
}

func newRoleCreate() *cobra.Command {
	var tenant tenantFlag
	var title string
	var permissions []string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a role",
		Long: `Make a role. A permission is written API/NAME; API/* is all of an API. You must hold
yourself what a role gives.`,
		Example: `  sallyport role create stocktaker --permission inventory/read --permission inventory/write`,
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			in, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			r, err := m.Roles(in).Create(ctx, api.NewRole{Name: args[0], Title: title, Permissions: permissionsOf(permissions)})
			if err != nil {
				return err
			}
			return show(&m.printer, roleView(&m.printer), r, "Made the role %s.", r.Name)
		}),
	}
	c.Flags().StringVar(&title, "title", "", "`TEXT` for people")
	c.Flags().StringSliceVar(&permissions, "permission", nil, "`PERMISSION` that it gives; can be given several times")
	tenant.add(c, usageTenantEvery)
	return c
}

func permissionsOf(text []string) []sallyport.Permission {
	out := []sallyport.Permission{}
	for _, t := range text {
		out = append(out, sallyport.Permission(t))
	}
	return out
}

func newRoleUpdate() *cobra.Command {
	var tenant tenantFlag
	var name, title string
	var all, more, less []string
	var version versionFlag
	c := &cobra.Command{
		Use: "update ROLE", Short: "Change a role",
		Example: `  sallyport role update stocktaker --title "Takes stock" --remove-permission inventory/write
  sallyport role update stocktaker --permission inventory/read`,
		Args: needs("ROLE"),
		PreRunE: func(c *cobra.Command, args []string) error {
			for _, delta := range []string{"add-permission", "remove-permission"} {
				if err := atMostOne(c, "permission", delta); err != nil {
					return err
				}
			}
			return someOf("name", "title", "permission", "add-permission", "remove-permission")(c, args)
		},
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			r, err := m.roleIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			change := api.RoleChange{Name: changed(m, "name", &name), Title: changed(m, "title", &title)}
			switch {
			case m.given("permission"):
				change.Permissions = new(permissionsOf(all))
			case len(more) > 0 || len(less) > 0:
				left, err := adjusted(r, permissionsOf(more), permissionsOf(less))
				if err != nil {
					return err
				}
				change.Permissions = &left
			}
			r, err = m.Roles(r.Tenant).Update(ctx, r.ID, version.or(r.Version), change)
			if err != nil {
				return err
			}
			return show(&m.printer, roleView(&m.printer), r, "Changed the role %s.", r.Name)
		}),
	}
	c.Flags().StringVar(&name, "name", "", "another `NAME`")
	c.Flags().StringVar(&title, "title", "", "`TEXT` for people")
	c.Flags().StringSliceVar(&all, "permission", nil, "`PERMISSION` that it gives, in place of all before; can be given several times")
	c.Flags().StringSliceVar(&more, "add-permission", nil, "`PERMISSION` that it gives as well")
	c.Flags().StringSliceVar(&less, "remove-permission", nil, "`PERMISSION` that it gives no longer")
	tenant.add(c, usageTenantEvery)
	version.add(c)
	return c
}

// adjusted returns the permissions of a role with more in them and less not in
// them. What is to go must be there: else it was misspelt.
func adjusted(r api.Role, more, less []sallyport.Permission) ([]sallyport.Permission, error) {
	left := slices.Clone(r.Permissions)
	for _, p := range less {
		if !slices.Contains(r.Permissions, p) {
			err := fmt.Errorf("the role %s does not give %q", r.Name, p)
			if near := nearest(string(p), words(r.Permissions)); near != "" {
				return nil, withHint(err, "did you mean %q?", near)
			}
			return nil, err
		}
		left = slices.DeleteFunc(left, func(q sallyport.Permission) bool { return q == p })
	}
	for _, p := range more {
		if !slices.Contains(left, p) {
			left = append(left, p)
		}
	}
	return left, nil
}

func newRoleDelete() *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "delete ROLE", Short: "Delete a role that is bound to nobody",
		Example: "  sallyport role delete stocktaker",
		Args:    needs("ROLE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			r, err := m.roleIn(ctx, tenant, args[0])
			if err == nil {
				err = m.Roles(r.Tenant).Delete(ctx, r.ID, version.or(r.Version))
			}
			if err != nil {
				return err
			}
			return m.told(r, "Deleted the role %s (%s).", r.Name, r.ID)
		}),
	}
	tenant.add(c, usageTenantEvery)
	version.add(c)
	return c
}
