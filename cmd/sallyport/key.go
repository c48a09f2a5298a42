package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newKey() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "key",
		Short: "Manage API keys, which act in their own name",
		Long: `Manage API keys. A key belongs to nobody: it acts in its own name, in one tenant, with
roles of its own. Signing keys are another matter: sallyport keys.`,
	}, newKeyList(), newKeyGet(), newKeyCreate(), newKeyUpdate(), newKeyRenew(), newKeySecrets(), newKeyUsage(), newKeyReach(), newKeyEndOverlap(), newKeyBrownout(), newKeyRevoke())
}

var keys = sort{"API key", "API keys"}

// keyIn returns a key that is given by name or id in the tenant of the flag.
func (m *manager) keyIn(ctx context.Context, f tenantFlag, name string) (api.Credential, vault, error) {
	tenant, err := m.within(ctx, f)
	if err != nil {
		return api.Credential{}, nil, err
	}
	k, err := m.key(ctx, tenant, name)
	return k, m.Keys(tenant), err
}

func newKeyList() *cobra.Command {
	var tenant tenantFlag
	var limit int
	state := newChoice("", "active", "revoked")
	c := &cobra.Command{
		Use: "list", Short: "List the API keys of a tenant",
		Example: "  sallyport key list --tenant DemoTenant5 --state active",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in, err := m.within(ctx, tenant)
			if err != nil {
				return err
			}
			found := m.Keys(in).All(ctx, api.StateFilter{State: sallyport.State(state.value)})
			return showList(&m.printer, keys, credentialView(&m.printer), found, limit)
		}),
	}
	tenant.add(c, usageTenant)
	c.Flags().Var(state, "state", "only those in this state")
	addLimit(c, &limit, 0)
	return c
}

func newKeyGet() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "get KEY", Short: "Show an API key, by name or id; its secret cannot be shown",
		Long: `Show an API key, by name or id. What it may is in its bindings:
sallyport binding list --key KEY.`,
		Example: "  sallyport key get reporting",
		Args:    needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, _, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return show(&m.printer, credentialView(&m.printer), k, "")
		}),
	}
	tenant.add(c, usageTenant)
	return c
}

func newKeyCreate() *cobra.Command {
	var tenant tenantFlag
	var roles []string
	var realm, condition string
	var limits limitFlags
	c := &cobra.Command{
		Use: "create NAME", Short: "Make an API key",
		Long: `Make an API key. You must hold the roles that you give it yourself. Its secret is printed
once, alone on the last line, and as "secret" with -o json; nobody can show it again.`,
		Example: `  sallyport key create conveyor-7 --role stock --expires 365d
  sallyport key create lab-probe --role network-operator --realm Lab --network 10.0.0.0/8`,
		Args: needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			to, err := m.within(ctx, tenant)
			if err != nil {
				return err
			}
			in := api.NewKey{Name: args[0], Scopes: limits.scopes, Networks: limits.networks.list, ExpiresAt: limits.expires.value(m.now)}
			for _, name := range roles {
				r, err := m.role(ctx, to, name)
				if err != nil {
					return err
				}
				in.Roles = append(in.Roles, api.KeyRole{Role: r.ID, Realm: realm, Condition: condition})
			}
			issued, err := m.Keys(to).Create(ctx, in)
			if err != nil {
				return err
			}
			return m.showSecret(&issued, "Made the API key %s.", issued.Name)
		}),
	}
	tenant.add(c, usageTenant)
	c.Flags().StringSliceVar(&roles, "role", nil, "name or id of a `ROLE` that it has; can be given several times")
	c.Flags().StringVar(&realm, "realm", "", "the one `REALM` that the roles hold in (default: all)")
	c.Flags().StringVar(&condition, "condition", "", "`CEL` expression; the roles hold only while this is true")
	limits.addNew(c)
	return c
}

func newKeyUpdate() *cobra.Command {
	var tenant tenantFlag
	var name string
	var limits limitFlags
	var version versionFlag
	c := &cobra.Command{
		Use: "update KEY", Short: "Change an API key's name and limits; its secret stays",
		Example: "  sallyport key update conveyor-7 --scope inventory/read --expires 30d",
		Args:    needs("KEY"),
		PreRunE: someOf("name", "scope", "network", "expires"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			k, err = in.Update(ctx, k.ID, version.or(k.Version), limits.change(m, &name))
			if err != nil {
				return err
			}
			return show(&m.printer, credentialView(&m.printer), k, "Changed the API key %s.", k.Name)
		}),
	}
	tenant.add(c, usageTenant)
	c.Flags().StringVar(&name, "name", "", "another `NAME`")
	limits.addChange(c)
	version.add(c)
	return c
}

func newKeyRenew() *cobra.Command {
	var tenant tenantFlag
	var overlap spanOrNone
	var version versionFlag
	c := &cobra.Command{
		Use: "renew KEY", Short: "Give an API key a new secret",
		Long: `Give an API key a new secret; it is printed once. The present one stops working at once,
or after --overlap; sallyport key secrets tells which one is still in use.`,
		Example: "  sallyport key renew conveyor-7 --overlap 7d",
		Args:    needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			issued, err := in.Renew(ctx, k.ID, version.or(k.Version), api.Renewal{Overlap: overlap.length})
			if err != nil {
				return err
			}
			return m.showSecret(&issued, "Gave the API key %s a new secret.", issued.Name)
		}),
	}
	tenant.add(c, usageTenant)
	addOverlap(c, &overlap)
	version.add(c)
	return c
}

func newKeySecrets() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "secrets KEY", Short: "Tell which secrets an API key has, and which is still in use",
		Example: "  sallyport key secrets conveyor-7",
		Args:    needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return m.showSecrets(ctx, in, k.ID)
		}),
	}
	tenant.add(c, usageTenant)
	return c
}

func newKeyRevoke() *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "revoke KEY", Aliases: []string{"delete"}, Short: "Revoke an API key for good",
		Example: "  sallyport key revoke conveyor-7",
		Args:    needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err == nil {
				err = in.Revoke(ctx, k.ID, version.or(k.Version))
			}
			if err != nil {
				return err
			}
			return m.told(k, "Revoked the API key %s (%s).", k.Name, k.ID)
		}),
	}
	tenant.add(c, usageTenant)
	version.add(c)
	return c
}
