package main

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newRealm() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "realm",
		Short: "Manage realms, the partitions of a tenant",
		Long:  "Manage realms, the named partitions of a tenant's resources. A role can be given in one realm only.",
	}, newRealmList(), newRealmGet(), newRealmCreate(), newRealmUpdate(), newRealmDelete())
}

var realms = sort{"realm", "realms"}

func realmView(p *printer) view[api.Realm] {
	return view[api.Realm]{
		{name: "name", text: realmName},
		{name: "title", text: func(r api.Realm) string { return r.Title }},
		{name: "tenant", text: func(r api.Realm) string { return string(r.Tenant) }, detail: true},
		{name: "created", text: func(r api.Realm) string { return p.when(r.CreatedAt) }},
	}
}

func realmName(r api.Realm) string { return r.Name }

// realm returns a realm and the tenant that it is in.
func (m *manager) realm(ctx context.Context, f tenantFlag, name string) (api.Realm, sallyport.TenantID, error) {
	tenant, err := m.within(ctx, f)
	if err != nil {
		return api.Realm{}, "", err
	}
	r, err := m.Realms(tenant).Get(ctx, name)
	if isStatus(err, http.StatusNotFound) {
		err = unknown("realm", name, "sallyport realm list shows them", m.Realms(tenant).All(ctx, struct{}{}), realmName)
	}
	return r, tenant, err
}

func newRealmList() *cobra.Command {
	var tenant tenantFlag
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the realms of a tenant",
		Example: "  sallyport realm list --tenant DemoTenant5",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in, err := m.within(ctx, tenant)
			if err != nil {
				return err
			}
			return showList(&m.printer, realms, realmView(&m.printer), m.Realms(in).All(ctx, struct{}{}), limit)
		}),
	}
	tenant.add(c, usageTenant)
	addLimit(c, &limit, 0)
	return c
}

func newRealmGet() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "get NAME", Short: "Show a realm",
		Example: "  sallyport realm get Lab",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			r, _, err := m.realm(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return show(&m.printer, realmView(&m.printer), r, "")
		}),
	}
	tenant.add(c, usageTenant)
	return c
}

func newRealmCreate() *cobra.Command {
	var tenant tenantFlag
	var title string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a realm",
		Example: `  sallyport realm create hall-2 --title "Hall 2"`,
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			in, err := m.within(ctx, tenant)
			if err != nil {
				return err
			}
			r, err := m.Realms(in).Create(ctx, api.NewRealm{Name: args[0], Title: title})
			if err != nil {
				return err
			}
			return show(&m.printer, realmView(&m.printer), r, "Made the realm %s.", r.Name)
		}),
	}
	c.Flags().StringVar(&title, "title", "", "`TEXT` for people")
	tenant.add(c, usageTenant)
	return c
}

func newRealmUpdate() *cobra.Command {
	var tenant tenantFlag
	var title string
	var version versionFlag
	c := &cobra.Command{
		Use: "update NAME", Short: "Change the title of a realm; its name never changes",
		Example: `  sallyport realm update hall-2 --title "Hall two"`,
		Args:    needs("NAME"),
		PreRunE: someOf("title"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			r, in, err := m.realm(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			r, err = m.Realms(in).Update(ctx, r.Name, version.or(r.Version), api.RealmChange{Title: &title})
			if err != nil {
				return err
			}
			return show(&m.printer, realmView(&m.printer), r, "Changed the realm %s.", r.Name)
		}),
	}
	c.Flags().StringVar(&title, "title", "", "`TEXT` for people")
	tenant.add(c, usageTenant)
	version.add(c)
	return c
}

func newRealmDelete() *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "delete NAME", Short: "Delete a realm that no binding is limited to",
		Example: "  sallyport realm delete hall-2",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			r, in, err := m.realm(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			if err := m.Realms(in).Delete(ctx, r.Name, version.or(r.Version)); err != nil {
				return err
			}
			return m.told(r, "Deleted the realm %s.", r.Name)
		}),
	}
	tenant.add(c, usageTenant)
	version.add(c)
	return c
}
