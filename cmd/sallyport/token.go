package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newToken() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "token",
		Short: "Manage tokens, your own and those of service accounts",
		Long: `Manage tokens. A personal token stands for a person, an application token for a service
account; it may what its owner may, as far as its scopes reach. Without --user it is
about your own.`,
	}, newTokenList(), newTokenGet(), newTokenCreate(), newTokenUpdate(), newTokenRenew(), newTokenSecrets(), newTokenUsage(), newTokenReach(), newTokenApplications(), newTokenEndOverlap(), newTokenBrownout(), newTokenRevoke())
}

var tokens = sort{"token", "tokens"}

// credentialView shows a token, a key or a session.
func credentialView(p *printer) view[api.Credential] {
	return view[api.Credential]{
		{name: "id", text: credentialID},
		{name: "kind", text: func(c api.Credential) string { return string(c.Kind) }, detail: true},
		{name: "name", text: credentialName},
		{name: "hint", text: func(c api.Credential) string { return c.Hint }},
		{name: "state", text: func(c api.Credential) string { return string(c.State) }},
		{name: "owner", text: func(c api.Credential) string { return string(c.Owner) }, detail: true},
		{name: "tenant", text: func(c api.Credential) string { return string(c.Tenant) }, detail: true},
		{name: "scopes", text: func(c api.Credential) string { return orAny(strings.Join(c.Scopes, ", ")) }},
		{name: "networks", text: func(c api.Credential) string { return orAny((&networksFlag{list: c.Networks}).String()) }, detail: true},
		{name: "expires", text: func(c api.Credential) string {
			if c.Expiring {
				return p.until(c.ExpiresAt) + ", soon"
			}
			return p.until(c.ExpiresAt)
		}},
		{name: "brown-out", text: func(c api.Credential) string { return brownoutText(p, c.Brownout) }, detail: true},
		{name: "ends idle", text: func(c api.Credential) string { return length(c.IdleLimit) }, detail: true},
		{name: "uses", text: func(c api.Credential) string { return fmt.Sprint(c.Uses) }},
		{name: "last used", text: func(c api.Credential) string { return p.when(c.LastUsedAt) }},
		{name: "last address", text: func(c api.Credential) string { return c.LastAddr }, detail: true},
		{name: "last agent", text: func(c api.Credential) string { return c.LastUsedBy }, detail: true},
		{name: "created", text: func(c api.Credential) string { return p.when(c.CreatedAt) }, detail: true},
		{name: "renewed", text: func(c api.Credential) string { return p.when(c.RenewedAt) }, detail: true},
		{name: "in use here", text: func(c api.Credential) string { return yes[c.Current] }, detail: true},
	}
}

// vault is one of the collections of things with secrets.
type vault interface {
	Get(ctx context.Context, id sallyport.CredentialID) (api.Credential, error)
	Update(ctx context.Context, id sallyport.CredentialID, version int64, change api.TokenChange) (api.Credential, error)
	Renew(ctx context.Context, id sallyport.CredentialID, version int64, in api.Renewal) (api.Issued, error)
	Revoke(ctx context.Context, id sallyport.CredentialID, version int64) error
	BrownOut(ctx context.Context, id sallyport.CredentialID, version int64, in api.NewBrownout) (api.Credential, error)
	EndBrownout(ctx context.Context, id sallyport.CredentialID, version int64) (api.Credential, error)
	EndOverlap(ctx context.Context, id sallyport.CredentialID, version int64) (api.Credential, error)
	Secrets(ctx context.Context, id sallyport.CredentialID) ([]api.SecretInfo, error)
	Usage(ctx context.Context, id sallyport.CredentialID, window api.AdviceWindow) (api.CredentialUsage, error)
	Reach(ctx context.Context, id sallyport.CredentialID, tenant sallyport.TenantID) (api.CredentialReach, error)
}

// An ownerFlag says whose tokens are meant.
type ownerFlag struct{ login string }

func (f *ownerFlag) add(c *cobra.Command, usage string) {
	c.Flags().StringVar(&f.login, "user", "", usage)
}

const usageOwner = "`LOGIN` of its owner (default: you)"

// token returns a token that is given by name or id, and the collection that it
// is reached in: the caller's own or, with an owner or by id, that of others.
func (m *manager) token(ctx context.Context, f ownerFlag, name string) (api.Credential, vault, error) {
	if f.login == "" {
		return m.ownToken(ctx, name)
	}
	owner, err := m.user(ctx, f.login, tenantFlag{})
	if err != nil {
		return api.Credential{}, nil, err
	}
	in := m.Credentials(owner.Tenant)
	if sallyport.IsUUID(name) {
		t, err := in.Get(ctx, sallyport.CredentialID(name))
		if err == nil && t.Owner != owner.ID {
			err = fmt.Errorf("%s has no token %s", owner.Login, name)
		}
		return t, in, err
	}
	active := api.TokenFilter{Owner: owner.ID, State: sallyport.Active}
	t, there, err := pick("token", name, in.All(ctx, active), credentialName, credentialID)
	if err == nil && !there {
		err = unknown("token", name, "sallyport token list --user "+owner.Login+" shows them", in.All(ctx, api.TokenFilter{Owner: owner.ID}), credentialName)
	}
	return t, in, err
}

func (m *manager) ownToken(ctx context.Context, name string) (api.Credential, vault, error) {
	own := m.Me().Tokens()
	if !sallyport.IsUUID(name) {
		t, there, err := pick("token", name, own.All(ctx, api.StateFilter{State: sallyport.Active}), credentialName, credentialID)
		if err == nil && !there {
			err = unknown("token", name, "sallyport token list shows yours; for another's add --user LOGIN", own.All(ctx, api.StateFilter{}), credentialName)
		}
		return t, own, err
	}
	t, err := own.Get(ctx, sallyport.CredentialID(name))
	if isStatus(err, http.StatusNotFound) {
		err = withHint(err, "if it is another's, say whose with --user LOGIN")
	}
	return t, own, err
}

func newTokenList() *cobra.Command {
	var owner ownerFlag
	var tenant tenantFlag
	var limit int
	state := newChoice("", "active", "revoked")
	c := &cobra.Command{
		Use: "list", Short: "List your tokens, or those of others",
		Long: `List your tokens, with --user those of somebody else, or with --tenant those that are
limited to a tenant.`,
		Example: `  sallyport token list
  sallyport token list --user operator --state active`,
		Args:    noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "user", "tenant") },
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			only := sallyport.State(state.value)
			v := credentialView(&m.printer)
			switch {
			case owner.login != "":
				u, err := m.user(ctx, owner.login, tenantFlag{})
				if err != nil {
					return err
				}
				return showList(&m.printer, tokens, v, m.Credentials(u.Tenant).All(ctx, api.TokenFilter{Owner: u.ID, State: only}), limit)
			case tenant.name != "":
				in, err := m.place(ctx, tenant)
				if err != nil {
					return err
				}
				return showList(&m.printer, tokens, v, m.Credentials(in).All(ctx, api.TokenFilter{State: only}), limit)
			}
			return showList(&m.printer, tokens, v, m.Me().Tokens().All(ctx, api.StateFilter{State: only}), limit)
		}),
	}
	owner.add(c, "`LOGIN` of their owner (default: you)")
	tenant.add(c, "only those that are limited to this `TENANT`, whoever owns them")
	c.Flags().Var(state, "state", "only those in this state")
	addLimit(c, &limit, 0)
	return c
}

func newTokenGet() *cobra.Command {
	var owner ownerFlag
	c := &cobra.Command{
		Use: "get TOKEN", Short: "Show a token, by name or id; its secret cannot be shown",
		Example: "  sallyport token get administration\n  sallyport token get laptop --user viewer",
		Args:    needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, _, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			return show(&m.printer, credentialView(&m.printer), t, "")
		}),
	}
	owner.add(c, usageOwner)
	return c
}

// A limitFlags is what a token or key is limited to.
type limitFlags struct {
	scopes   []string
	networks networksFlag
	expires  moment
}

func (f *limitFlags) add(c *cobra.Command, scope, network, expires string) {
	c.Flags().StringSliceVar(&f.scopes, "scope", nil, scope)
	c.Flags().Var(&f.networks, "network", network)
	c.Flags().Var(&f.expires, "expires", expires)
}

// addNew adds the flags for something that is made.
func (f *limitFlags) addNew(c *cobra.Command) {
	f.add(c, "`SCOPE` that it is limited to, written API/NAME; can be given several times (default: not limited)",
		"where it may be used from (default: anywhere)", "when it ends (default: as the tenant's policy says)")
}

// addChange adds the flags for something that is changed.
func (f *limitFlags) addChange(c *cobra.Command) {
	f.add(c, "`SCOPE` that it is limited to, in place of all before; or none",
		"where it may be used from, in place of all before; or none", "when it ends, or none for as the tenant's policy says")
}

// change returns what is to be changed.
func (f *limitFlags) change(m *manager, name *string) api.TokenChange {
	change := api.TokenChange{
		Name: changed(m, "name", name), Scopes: nullableList(m.given("scope"), f.scopes), ExpiresAt: f.expires.change(m.now),
	}
	switch {
	case !f.networks.given:
	case len(f.networks.list) == 0:
		change.Networks = api.Null[[]netip.Prefix]()
	default:
		change.Networks = api.To(f.networks.list)
	}
	return change
}

func newTokenCreate() *cobra.Command {
	var owner ownerFlag
	var tenant tenantFlag
	var limits limitFlags
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a token for yourself or for a service account",
		Long: `Make a token. Its secret is printed once, alone on the last line, and as "secret" with
-o json; nobody can show it again.`,
		Example: `  sallyport token create "backup script" --scope inventory/read --expires 90d
  sallyport token create nightly --user stockroom --network 10.0.0.0/8`,
		Args: needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) (err error) {
			in := api.NewToken{Name: args[0], Scopes: limits.scopes, Networks: limits.networks.list, ExpiresAt: limits.expires.value(m.now)}
			if tenant.name != "" {
				if in.Tenant, err = m.within(ctx, tenant); err != nil {
					return err
				}
			}
			var issued api.Issued
			if owner.login == "" {
				issued, err = m.Me().Tokens().Create(ctx, in)
			} else {
				issued, err = m.createFor(ctx, owner.login, in)
			}
			if err != nil {
				return err
			}
			return m.showSecret(&issued, "Made the token %s.", issued.Name)
		}),
	}
	owner.add(c, "`LOGIN` of the service account that it is for (default: you)")
	tenant.add(c, "the one `TENANT` that it acts in (default: wherever its owner may)")
	limits.addNew(c)
	return c
}

func (m *manager) createFor(ctx context.Context, login string, in api.NewToken) (api.Issued, error) {
	u, err := m.user(ctx, login, tenantFlag{})
	if err != nil {
		return api.Issued{}, err
	}
	return m.Credentials(u.Tenant).Create(ctx, api.NewApplicationToken{Owner: u.ID, NewToken: in})
}

func newTokenUpdate() *cobra.Command {
	var owner ownerFlag
	var name string
	var limits limitFlags
	var version versionFlag
	c := &cobra.Command{
		Use: "update TOKEN", Short: "Change a token's name and limits; its secret stays",
		Example: `  sallyport token update "backup script" --network 192.0.2.0/24,198.51.100.7 --expires 30d`,
		Args:    needs("TOKEN"),
		PreRunE: someOf("name", "scope", "network", "expires"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			t, err = in.Update(ctx, t.ID, version.or(t.Version), limits.change(m, &name))
			if err != nil {
				return err
			}
			return show(&m.printer, credentialView(&m.printer), t, "Changed the token %s.", t.Name)
		}),
	}
	owner.add(c, usageOwner)
	c.Flags().StringVar(&name, "name", "", "another `NAME`")
	limits.addChange(c)
	version.add(c)
	return c
}

// addOverlap adds the flag --overlap.
func addOverlap(c *cobra.Command, overlap *spanOrNone) {
	c.Flags().Var(overlap, "overlap", "for how long the present secret works beside the new one, at most 30d (default: not at all)")
}

func newTokenRenew() *cobra.Command {
	var owner ownerFlag
	var overlap spanOrNone
	var version versionFlag
	c := &cobra.Command{
		Use: "renew TOKEN", Short: "Give a token a new secret",
		Long: `Give a token a new secret; it is printed once. The present one stops working at once,
or after --overlap; sallyport token secrets tells which one is still in use.`,
		Example: `  sallyport token renew "backup script" --overlap 24h`,
		Args:    needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			issued, err := in.Renew(ctx, t.ID, version.or(t.Version), api.Renewal{Overlap: overlap.length})
			if err != nil {
				return err
			}
			return m.showSecret(&issued, "Gave the token %s a new secret.", issued.Name)
		}),
	}
	owner.add(c, usageOwner)
	addOverlap(c, &overlap)
	version.add(c)
	return c
}

var secrets = sort{"secret", "secrets"}

func secretView(p *printer) view[api.SecretInfo] {
	return view[api.SecretInfo]{
		{name: "hint", text: func(s api.SecretInfo) string { return s.Hint }},
		{name: "created", text: func(s api.SecretInfo) string { return p.when(s.CreatedAt) }},
		{name: "overlap ends", text: func(s api.SecretInfo) string { return p.when(s.ExpiresAt) }},
		{name: "uses", text: func(s api.SecretInfo) string { return fmt.Sprint(s.Uses) }},
		{name: "last used", text: func(s api.SecretInfo) string { return p.when(s.LastUsedAt) }},
		{name: "from", text: func(s api.SecretInfo) string { return s.LastAddr }},
		{name: "by", text: func(s api.SecretInfo) string { return s.LastUsedBy }},
	}
}

// showSecrets prints which secrets something has.
func (m *manager) showSecrets(ctx context.Context, in vault, id sallyport.CredentialID) error {
	list, err := in.Secrets(ctx, id)
	if err != nil {
		return err
	}
	return showList(&m.printer, secrets, secretView(&m.printer), all(list), 0)
}

func newTokenSecrets() *cobra.Command {
	var owner ownerFlag
	c := &cobra.Command{
		Use: "secrets TOKEN", Short: "Tell which secrets a token has, and which is still in use",
		Example: `  sallyport token secrets "backup script"`,
		Args:    needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			return m.showSecrets(ctx, in, t.ID)
		}),
	}
	owner.add(c, usageOwner)
	return c
}
