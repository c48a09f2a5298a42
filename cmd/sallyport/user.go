package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/password"
)

func newUser() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "user",
		Short: "Manage the accounts of persons and services",
		Long: `Manage the accounts of persons and services. An account is administered in one tenant
and can be given roles in others: sallyport binding create.`,
	}, newUserList(), newUserGet(), newUserCreate(), newUserUpdate(), newUserPassword(), newUserGroups(), newUserUnlock(),
		newUserDeactivate(), newUserActivate(), newUserEnd(), newUserDelete())
}

var users = sort{"user", "users"}

func userView(p *printer) view[api.User] {
	return view[api.User]{
		{name: "id", text: func(u api.User) string { return string(u.ID) }},
		{name: "login", text: userLogin},
		{name: "kind", text: func(u api.User) string { return string(u.Kind) }},
		{name: "state", text: func(u api.User) string { return string(u.State) }},
		{name: "name", text: func(u api.User) string { return u.Name }},
		{name: "e-mail", text: func(u api.User) string { return u.Email }, detail: true},
		{name: "tenant", text: func(u api.User) string { return string(u.Tenant) }, detail: true},
		{name: "last login", text: func(u api.User) string { return p.when(u.LastLoginAt) }},
		{name: "created", text: func(u api.User) string { return p.when(u.CreatedAt) }, detail: true},
		{name: "updated", text: func(u api.User) string { return p.when(u.UpdatedAt) }, detail: true},
	}
}

// everyUserView has the tenant in lists too.
func everyUserView(p *printer) view[api.User] {
	v := userView(p)
	for i := range v {
		v[i].detail = v[i].detail && v[i].name != "tenant"
	}
	return v
}

const usageTenantOfUser = "name or id of the `TENANT` that he is administered in (default: found by his login)"

func newUserList() *cobra.Command {
	var filter api.UserFilter
	var tenant tenantFlag
	var every bool
	var limit int
	kind, state := newChoice("", "person", "service"), newChoice("", "active", "deactivated", "locked")
	c := &cobra.Command{
		Use: "list", Short: "List the users who are administered in a tenant",
		Example: `  sallyport user list --tenant DemoTenant5
  sallyport user list --all --kind service`,
		Args:    noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "tenant", "all") },
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			filter.Kind, filter.State = sallyport.UserKind(kind.value), sallyport.State(state.value)
			if every {
				return showList(&m.printer, users, everyUserView(&m.printer), m.EveryUser().All(ctx, filter), limit)
			}
			in, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			return showList(&m.printer, users, userView(&m.printer), m.Users(in).All(ctx, filter), limit)
		}),
	}
	tenant.add(c, usageTenantEvery)
	c.Flags().BoolVar(&every, "all", false, "those of all tenants")
	c.Flags().Var(kind, "kind", "only accounts of this kind")
	c.Flags().Var(state, "state", "only those in this state")
	c.Flags().StringVar(&filter.Search, "search", "", "only those whose login begins with this `TEXT`")
	addLimit(c, &limit, 0)
	return c
}

func newUserGet() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "get LOGIN", Short: "Show a user",
		Example: "  sallyport user get operator\n  sallyport user get operator -o yaml",
		Args:    needs("LOGIN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			u, err := m.user(ctx, args[0], tenant)
			if err != nil {
				return err
			}
			return show(&m.printer, userView(&m.printer), u, "")
		}),
	}
	tenant.add(c, usageTenantOfUser)
	return c
}

// A passwordFlags is where a new password for somebody comes from.
type passwordFlags struct {
	file     string
	generate bool
	keep     bool
}

func (f *passwordFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "password-file", "", "read the password from this `FILE`; - is standard input")
	c.Flags().BoolVar(&f.generate, "generate-password", false, "draw a password and print it")
	c.Flags().BoolVar(&f.keep, "keep-password", false, "he need not change it at the next sign-in")
}

func (f *passwordFlags) check(c *cobra.Command, _ []string) error {
	return atMostOne(c, "password-file", "generate-password")
}

// read returns the password and whether it was drawn here. There is none when
// no flag asks for one.
func (f *passwordFlags) read(m *manager) (secret api.Secret, drawn bool, err error) {
	switch {
	case f.generate:
		s, err := password.Generate()
		return api.Secret(s), true, err
	case f.file != "":
		secret, err := m.readSecret("password-file", f.file)
		return secret, false, err
	}
	return "", false, nil
}

// A withPassword is a user with the password that was drawn for him.
type withPassword struct {
	api.User
	Password api.Secret `json:"password,omitempty"`
}

// showUser prints a user, and his password if it was drawn here.
func (m *manager) showUser(u api.User, secret api.Secret, sentence string, args ...any) error {
	if m.format != formatTable {
		return m.encode(withPassword{u, secret})
	}
	if err := show(&m.printer, userView(&m.printer), u, sentence, args...); err != nil || secret == "" {
		return err
	}
	return m.secret("The password", secret)
}

func newUserCreate() *cobra.Command {
	var in api.NewUser
	var tenant tenantFlag
	var flags passwordFlags
	kind := newChoice("person", "service")
	c := &cobra.Command{
		Use: "create LOGIN", Short: "Make a user, without any role",
		Long: `Make a user. Without a password he cannot sign in with one; a service account needs
none, it has tokens: sallyport token create --user LOGIN. What he may is given with
sallyport binding create.`,
		Example: `  sallyport user create jo --name "Jo Doe" --email jo@example.com --generate-password
  sallyport user create backup --kind service --tenant DemoTenant5`,
		Args:    needs("LOGIN"),
		PreRunE: flags.check,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			to, err := m.place(ctx, tenant)
			if err != nil {
				return err
			}
			secret, drawn, err := flags.read(m)
			if err != nil {
				return err
			}
			in.Login, in.Kind, in.Password, in.KeepPassword = args[0], sallyport.UserKind(kind.value), secret, flags.keep
			u, err := m.Users(to).Create(ctx, in)
			if err != nil {
				return err
			}
			if !drawn {
				secret = ""
			}
			return m.showUser(u, secret, "Made the user %s.", u.Login)
		}),
	}
	tenant.add(c, "name or id of the `TENANT` that will administer him, \"*\" for the installation (default: your own)")
	c.Flags().Var(kind, "kind", "a service is an integration account")
	c.Flags().StringVar(&in.Name, "name", "", "`TEXT` for people")
	c.Flags().StringVar(&in.Email, "email", "", "`ADDRESS` for people")
	flags.add(c)
	return c
}

func newUserUpdate() *cobra.Command {
	var login, name, email string
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "update LOGIN", Short: "Change a user",
		Example: `  sallyport user update jo --name "Jo Smith" --email jo.smith@example.com`,
		Args:    needs("LOGIN"),
		PreRunE: someOf("login", "name", "email"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			u, err := m.user(ctx, args[0], tenant)
			if err != nil {
				return err
			}
			change := api.UserChange{Login: changed(m, "login", &login), Name: changed(m, "name", &name), Email: changed(m, "email", &email)}
			u, err = m.Users(u.Tenant).Update(ctx, u.ID, version.or(u.Version), change)
			if err != nil {
				return err
			}
			return show(&m.printer, userView(&m.printer), u, "Changed the user %s.", u.Login)
		}),
	}
	c.Flags().StringVar(&login, "login", "", "another `LOGIN`")
	c.Flags().StringVar(&name, "name", "", "`TEXT` for people")
	c.Flags().StringVar(&email, "email", "", "`ADDRESS` for people")
	tenant.add(c, usageTenantOfUser)
	version.add(c)
	return c
}

func newUserPassword() *cobra.Command {
	var tenant tenantFlag
	var flags passwordFlags
	c := &cobra.Command{
		Use: "password LOGIN", Short: "Give a user another password",
		Long: `Give a user another password. Everything that was issued to him ends, tokens too.
Without a flag the password is asked for at the terminal. Your own: sallyport me password.`,
		Example: "  sallyport user password jo --generate-password",
		Args:    needs("LOGIN"),
		PreRunE: flags.check,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			u, err := m.user(ctx, args[0], tenant)
			if err != nil {
				return err
			}
			secret, drawn, err := flags.read(m)
			if err == nil && secret == "" {
				secret, err = m.askTwice("password-file", "New password of "+u.Login)
			}
			if err != nil {
				return err
			}
			if err := m.Users(u.Tenant).SetPassword(ctx, u.ID, api.NewPassword{Password: secret, Keep: flags.keep}); err != nil {
				return err
			}
			if !drawn {
				return m.told(u, "Changed the password of %s.", u.Login)
			}
			return m.showUser(u, secret, "Changed the password of %s.", u.Login)
		}),
	}
	tenant.add(c, usageTenantOfUser)
	flags.add(c)
	return c
}

func newUserGroups() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "groups LOGIN", Short: "List the groups that a user is in",
		Example: "  sallyport user groups operator",
		Args:    needs("LOGIN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			u, err := m.user(ctx, args[0], tenant)
			if err != nil {
				return err
			}
			list, err := m.Users(u.Tenant).Groups(ctx, u.ID)
			if err != nil {
				return err
			}
			return showList(&m.printer, groups, groupView(&m.printer), all(list), 0)
		}),
	}
	tenant.add(c, usageTenantOfUser)
	return c
}

// toUser is something that is done to a user of whom a version was read.
type toUser func(ctx context.Context, in client.Users, u api.User, version int64) (api.User, error)

// userCommand makes a command that does something to one user.
func userCommand(c *cobra.Command, done string, do toUser) *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c.Args = needs("LOGIN")
	c.RunE = managed(func(ctx context.Context, m *manager, args []string) error {
		u, err := m.user(ctx, args[0], tenant)
		if err != nil {
			return err
		}
		u, err = do(ctx, m.Users(u.Tenant), u, version.or(u.Version))
		if err != nil {
			return err
		}
		return m.told(u, done, u.Login, u.ID)
	})
	tenant.add(c, usageTenantOfUser)
	version.add(c)
	return c
}

func newUserUnlock() *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "unlock LOGIN", Short: "Let a locked user in again",
		Long: `Let a locked user in again. Nobody is locked for failed sign-ins: who fails too often
waits for a while, and the wait ends by itself.`,
		Example: "  sallyport user unlock operator",
		Args:    needs("LOGIN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			u, err := m.user(ctx, args[0], tenant)
			if err != nil {
				return err
			}
			if u.State == sallyport.Active {
				return m.told(u, "%s (%s) is not locked; there was nothing to do.", u.Login, u.ID)
			}
			if u, err = m.Users(u.Tenant).Unlock(ctx, u.ID, version.or(u.Version)); err != nil {
				return err
			}
			return m.told(u, "Unlocked %s (%s).", u.Login, u.ID)
		}),
	}
	tenant.add(c, usageTenantOfUser)
	version.add(c)
	return c
}

func newUserDeactivate() *cobra.Command {
	return userCommand(&cobra.Command{
		Use: "deactivate LOGIN", Short: "Take a user out of use; his tokens and sign-ins end for good",
		Example: "  sallyport user deactivate jo",
	}, "Deactivated %s (%s).", func(ctx context.Context, in client.Users, u api.User, version int64) (api.User, error) {
		return in.Deactivate(ctx, u.ID, version)
	})
}

func newUserActivate() *cobra.Command {
	return userCommand(&cobra.Command{
		Use: "activate LOGIN", Short: "Take a deactivated user into use again",
		Example: "  sallyport user activate jo",
	}, "%s (%s) is active again.", func(ctx context.Context, in client.Users, u api.User, version int64) (api.User, error) {
		return in.Activate(ctx, u.ID, version)
	})
}

func newUserDelete() *cobra.Command {
	return userCommand(&cobra.Command{
		Use: "delete LOGIN", Short: "Delete a user for good; deactivate can be undone",
		Example: "  sallyport user delete jo",
	}, "Deleted %s (%s).", func(ctx context.Context, in client.Users, u api.User, version int64) (api.User, error) {
		return u, in.Delete(ctx, u.ID, version)
	})
}

func newUserEnd() *cobra.Command {
	var tenant tenantFlag
	c := &cobra.Command{
		Use: "end LOGIN", Short: "End all sessions, sign-ins and tokens of a user",
		Long: `End all sessions, sign-ins and tokens of a user, as when his laptop is lost. He stays
active and can sign in again. Only sessions and sign-ins: sallyport session end --all --user LOGIN.`,
		Example: "  sallyport user end viewer",
		Args:    needs("LOGIN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			u, err := m.user(ctx, args[0], tenant)
			if err == nil {
				err = m.Users(u.Tenant).End(ctx, u.ID)
			}
			if err != nil {
				return err
			}
			return m.told(u, "Ended all sessions, sign-ins and tokens of %s (%s).", u.Login, u.ID)
		}),
	}
	tenant.add(c, usageTenantOfUser)
	return c
}
