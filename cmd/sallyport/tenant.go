package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
)

func newTenant() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "tenant",
		Short: "Manage tenants, the isolation boundaries of an installation",
		Long: `Manage tenants, the isolation boundaries of an installation. Users, groups, roles and
keys belong to one; a right that is held in one is not held in another.`,
	}, newTenantList(), newTenantGet(), newTenantCreate(), newTenantUpdate(), newTenantDeactivate(), newTenantReactivate(), newTenantDelete())
}

var tenants = sort{"tenant", "tenants"}

func tenantView(p *printer) view[api.Tenant] {
	return view[api.Tenant]{
		{name: "id", text: func(t api.Tenant) string { return string(t.ID) }},
		{name: "name", text: tenantName},
		{name: "state", text: func(t api.Tenant) string { return string(t.State) }},
		{name: "parent", text: func(t api.Tenant) string { return string(t.Parent) }, detail: true},
		{name: "longest token", text: func(t api.Tenant) string { return length(t.TokenMaxAge) }, detail: true},
		{name: "usual token", text: func(t api.Tenant) string { return length(t.TokenDefaultAge) }, detail: true},
		{name: "created", text: func(t api.Tenant) string { return p.when(t.CreatedAt) }},
		{name: "updated", text: func(t api.Tenant) string { return p.when(t.UpdatedAt) }, detail: true},
	}
}

func newTenantList() *cobra.Command {
	var filter api.TenantFilter
	var parent string
	var limit int
	state := newChoice("", "active", "deactivated")
	c := &cobra.Command{
		Use: "list", Short: "List the tenants that you may see",
		Example: "  sallyport tenant list\n  sallyport tenant list --search Demo -o json",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) (err error) {
			if filter.State = sallyport.State(state.value); parent != "" {
				if filter.Parent, err = m.tenantID(ctx, parent); err != nil {
					return err
				}
			}
			return showList(&m.printer, tenants, tenantView(&m.printer), m.Tenants().All(ctx, filter), limit)
		}),
	}
	c.Flags().StringVar(&filter.Search, "search", "", "only those whose name begins with this `TEXT`")
	c.Flags().StringVar(&parent, "parent", "", "only those directly below this `TENANT`")
	c.Flags().Var(state, "state", "only those in this state")
	addLimit(c, &limit, 0)
	return c
}

func newTenantGet() *cobra.Command {
	return &cobra.Command{
		Use: "get TENANT", Short: "Show a tenant",
		Example: "  sallyport tenant get DemoTenant5",
		Args:    needs("TENANT"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, err := m.tenant(ctx, args[0])
			if err != nil {
				return err
			}
			return show(&m.printer, tenantView(&m.printer), t, "")
		}),
	}
}

// A tenantOptions is the flags with which a tenant is made or changed.
type tenantOptions struct {
	parent         string
	longest, usual spanOrNone
}

func (o *tenantOptions) add(c *cobra.Command, parent, longest, usual string) {
	c.Flags().StringVar(&o.parent, "parent", "", parent)
	c.Flags().Var(&o.longest, "token-max-age", longest)
	c.Flags().Var(&o.usual, "token-default-age", usual)
}

func newTenantCreate() *cobra.Command {
	var o tenantOptions
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a tenant",
		Example: `  sallyport tenant create "Plant North" --token-max-age 365d --token-default-age 90d
  sallyport tenant create "Hall 2" --parent "Plant North"`,
		Args: needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) (err error) {
			in := api.NewTenant{Name: args[0], TokenMaxAge: o.longest.length, TokenDefaultAge: o.usual.length}
			if o.parent != "" {
				if in.Parent, err = m.tenantID(ctx, o.parent); err != nil {
					return err
				}
			}
			t, err := m.Tenants().Create(ctx, in)
			if err != nil {
				return err
			}
			return show(&m.printer, tenantView(&m.printer), t, "Made the tenant %s.", t.Name)
		}),
	}
	o.add(c, "name or id of the `TENANT` above it", "longest life of a token or key made in it (default: no limit)",
		"life of a token or key that is made without an end (default: as long as the longest)")
	return c
}

func newTenantUpdate() *cobra.Command {
	var o tenantOptions
	var name string
	var version versionFlag
	c := &cobra.Command{
		Use: "update TENANT", Short: "Change a tenant",
		Example: `  sallyport tenant update "Plant North" --token-max-age 180d
  sallyport tenant update "Hall 2" --name "Hall 3" --parent none`,
		Args:    needs("TENANT"),
		PreRunE: someOf("name", "parent", "token-max-age", "token-default-age"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			change := api.TenantChange{Name: changed(m, "name", &name), TokenMaxAge: o.longest.change(), TokenDefaultAge: o.usual.change()}
			switch {
			case o.parent == none:
				change.Parent = api.Null[sallyport.TenantID]()
			case o.parent != "":
				parent, err := m.tenantID(ctx, o.parent)
				if err != nil {
					return err
				}
				change.Parent = api.To(parent)
			}
			t, err := m.tenant(ctx, args[0])
			if err != nil {
				return err
			}
			t, err = m.Tenants().Update(ctx, t.ID, version.or(t.Version), change)
			if err != nil {
				return err
			}
			return show(&m.printer, tenantView(&m.printer), t, "Changed the tenant %s.", t.Name)
		}),
	}
	c.Flags().StringVar(&name, "name", "", "another `NAME`")
	o.add(c, "name or id of another `TENANT` above it, or none", "longest life of a token or key made in it, or none",
		"life of a token or key that is made without an end, or none")
	version.add(c)
	return c
}

func newTenantDeactivate() *cobra.Command {
	return tenantCommand(&cobra.Command{
		Use: "deactivate TENANT", Short: "Take a tenant out of use: nobody gets in, and nothing is lost",
		Example: `  sallyport tenant deactivate "Hall 3"`,
	}, "Deactivated the tenant %s (%s).", func(ctx context.Context, in client.Tenants, t api.Tenant, version int64) (api.Tenant, error) {
		return in.Deactivate(ctx, t.ID, version)
	})
}

func newTenantReactivate() *cobra.Command {
	return tenantCommand(&cobra.Command{
		Use: "reactivate TENANT", Short: "Take a deactivated tenant into use again",
		Example: `  sallyport tenant reactivate "Hall 3"`,
	}, "The tenant %s (%s) is active again.", func(ctx context.Context, in client.Tenants, t api.Tenant, version int64) (api.Tenant, error) {
		return in.Reactivate(ctx, t.ID, version)
	})
}

func newTenantDelete() *cobra.Command {
	return tenantCommand(&cobra.Command{
		Use: "delete TENANT", Short: "Delete an empty tenant",
		Example: `  sallyport tenant delete "Hall 3"`,
	}, "Deleted the tenant %s (%s).", func(ctx context.Context, in client.Tenants, t api.Tenant, version int64) (api.Tenant, error) {
		return t, in.Delete(ctx, t.ID, version)
	})
}

// tenantCommand makes a command that does one thing to a tenant and says so; done
// has a place for the tenant's name and one for its id.
func tenantCommand(c *cobra.Command, done string, do func(context.Context, client.Tenants, api.Tenant, int64) (api.Tenant, error)) *cobra.Command {
	var version versionFlag
	c.Args = needs("TENANT")
	c.RunE = managed(func(ctx context.Context, m *manager, args []string) error {
		t, err := m.tenant(ctx, args[0])
		if err == nil {
			t, err = do(ctx, m.Tenants(), t, version.or(t.Version))
		}
		if err != nil {
			return err
		}
		return m.told(t, done, t.Name, t.ID)
	})
	version.add(c)
	return c
}
