package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newMe() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "me",
		Short: "Tell who you are and what you may",
		Long: `Tell whom SALLYPORT_TOKEN stands for. Your tokens and sessions: sallyport token and
sallyport session.`,
		Example: "  sallyport me\n  sallyport me -o json",
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			me, err := m.Me().Get(ctx)
			if err != nil {
				return err
			}
			return m.showMe(ctx, me, "")
		}),
	}, newMePermissions(), newMeUpdate(), newMePassword())
}

// showMe prints the caller; people get the names of tenants as well.
func (m *manager) showMe(ctx context.Context, me api.Me, sentence string) error {
	names := map[sallyport.TenantID]string{}
	if m.format == formatTable {
		list, _, _ := take(m.Tenants().All(ctx, api.TenantFilter{}), maxCandidates) // an id will do as well
		for _, t := range list {
			names[t.ID] = t.Name
		}
	}
	if sentence != "" && m.format == formatTable {
		fmt.Fprintln(m.out, sentence)
	}
	return show(&m.printer, meView(func(id sallyport.TenantID) string {
		if names[id] == "" {
			return string(id)
		}
		return fmt.Sprintf("%s (%s)", names[id], id)
	}), me, "")
}

func meView(tenant func(sallyport.TenantID) string) view[api.Me] {
	return view[api.Me]{
		{name: "id", text: func(me api.Me) string { return string(me.ID) }},
		{name: "kind", text: func(me api.Me) string { return string(me.Kind) }},
		{name: "login", text: func(me api.Me) string { return me.Login }},
		{name: "name", text: func(me api.Me) string { return me.Name }},
		{name: "e-mail", text: func(me api.Me) string { return me.Email }},
		{name: "tenant", text: func(me api.Me) string { return tenant(me.Tenant) }},
		{name: "acts in", text: func(me api.Me) string {
			if me.EveryTenant {
				return "every tenant"
			}
			var all []string
			for _, id := range me.Tenants {
				all = append(all, tenant(id))
			}
			return strings.Join(all, ", ")
		}},
		{name: "groups", text: func(me api.Me) string {
			var names []string
			for _, g := range me.Groups {
				names = append(names, g.Name)
			}
			return strings.Join(names, ", ")
		}},
		{name: "credential", text: func(me api.Me) string { return string(me.CredentialKind) }},
		{name: "scopes", text: func(me api.Me) string { return orAny(strings.Join(me.Scopes, ", ")) }},
		{name: "password", text: func(me api.Me) string {
			if me.MustChange {
				return "to be changed: sallyport me password"
			}
			return ""
		}},
	}
}

func newMePermissions() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "permissions", Short: "List what you may in a tenant, in some realm or under some condition",
		Example: "  sallyport me permissions\n  sallyport me permissions --tenant acme_3",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			var in api.TenantQuery
			if tenant.name != "" {
				id, err := m.place(ctx, tenant)
				if err != nil {
					return err
				}
				in.Tenant = id
			}
			may, err := m.Me().Permissions(ctx, in.Tenant)
			switch {
			case err != nil:
				return err
			case m.format != formatTable:
				return m.encode(may)
			case len(may.Permissions) == 0:
				fmt.Fprintln(m.errOut, "You hold no permission there.")
				return nil
			}
			_, err = fmt.Fprintln(m.out, strings.Join(words(may.Permissions), "\n"))
			return err
		}),
	}
	tenant.add(c, usageTenantEvery)
	return c
}

func newMeUpdate() *cobra.Command {
	var name, email string
	var version versionFlag
	c := &cobra.Command{
		Use: "update", Short: "Change your name and e-mail address",
		Example: `  sallyport me update --name "Ada Administrator"`,
		Args:    noArgs,
		PreRunE: someOf("name", "email"),
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			me, err := m.me(ctx)
			if err != nil {
				return err
			}
			me, err = m.Me().Update(ctx, version.or(me.Version), api.MeChange{Name: changed(m, "name", &name), Email: changed(m, "email", &email)})
			if err != nil {
				return err
			}
			return m.showMe(ctx, me, "Changed.")
		}),
	}
	c.Flags().StringVar(&name, "name", "", "`TEXT` for people")
	c.Flags().StringVar(&email, "email", "", "`ADDRESS` for people")
	version.add(c)
	return c
}

func newMePassword() *cobra.Command {
	var current, file string
	c := &cobra.Command{
		Use: "password", Short: "Replace your password",
		Long: `Replace your password. Your sessions and sign-ins end; your tokens stay. Without flags
both passwords are asked for at the terminal.`,
		Example: "  sallyport me password\n  sallyport me password --current-file old --password-file new",
		Args:    noArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if current == "-" && file == "-" {
				return &usageError{errors.New("only one of the two can come from standard input")}
			}
			return nil
		},
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			before, err := m.secretOrAsk("current-file", current, func(flag string) (api.Secret, error) { return m.ask(flag, "Present password") })
			if err != nil {
				return err
			}
			after, err := m.secretOrAsk("password-file", file, func(flag string) (api.Secret, error) { return m.askTwice(flag, "New password") })
			if err != nil {
				return err
			}
			if err := m.Me().ChangePassword(ctx, before, after); err != nil {
				return err
			}
			return m.told(map[string]bool{"changed": true}, "Changed your password. Your sessions and sign-ins have ended; your tokens stay.")
		}),
	}
	c.Flags().StringVar(&current, "current-file", "", "read the present password from this `FILE`; - is standard input")
	c.Flags().StringVar(&file, "password-file", "", "read the new password from this `FILE`; - is standard input")
	return c
}

// secretOrAsk reads a password from a file or, without one, asks for it.
func (m *manager) secretOrAsk(flag, path string, ask func(flag string) (api.Secret, error)) (api.Secret, error) {
	if path == "" {
		return ask(flag)
	}
	return m.readSecret(flag, path)
}
