package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/admin"
)

func newTokenRevoke() *cobra.Command {
	var owner ownerFlag
	var version versionFlag
	var leaked bool
	c := &cobra.Command{
		Use: "revoke [TOKEN]", Aliases: []string{"delete"}, Short: "Revoke a token for good",
		Long: `Revoke a token for good. With --leaked it revokes whatever secrets are on standard input,
one a line: tokens, keys, sessions, of whomever. Whoever holds a secret may do that, so it
needs SALLYPORT_URL alone, and it says nothing about whether a secret was good.`,
		Example: `  sallyport token revoke nightly --user stockroom
  sallyport token revoke --leaked < found.txt`,
		Args: needs("[TOKEN]"),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case leaked && len(args) > 0:
				return &usageError{errors.New("--leaked reads secrets from standard input; leave TOKEN out")}
			case leaked:
				return revokeLeaked(c)
			case len(args) == 0:
				return &usageError{errors.New("say which token, or --leaked")}
			}
			return managed(func(ctx context.Context, m *manager, args []string) error {
				t, in, err := m.token(ctx, owner, args[0])
				if err == nil {
					err = in.Revoke(ctx, t.ID, version.or(t.Version))
				}
				if err != nil {
					return err
				}
				return m.told(t, "Revoked the token %s (%s).", t.Name, t.ID)
			})(c, args)
		},
	}
	owner.add(c, usageOwner)
	version.add(c)
	c.Flags().BoolVar(&leaked, "leaked", false, "revoke the secrets on standard input")
	return c
}

// maxSecretLine bounds a line with a secret, in bytes.
const maxSecretLine = 4 << 10

func revokeLeaked(c *cobra.Command) error {
	remote, err := anonymous()
	if err != nil {
		return err
	}
	var secrets []api.Secret
	lines := bufio.NewScanner(c.InOrStdin())
	lines.Buffer(nil, maxSecretLine)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			secrets = append(secrets, api.Secret(line))
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read secrets from standard input: %w", err)
	}
	if len(secrets) == 0 {
		return errors.New("there is no secret on standard input")
	}
	if err := sendLeaked(c.Context(), remote, secrets); err != nil {
		return advised(err)
	}
	fmt.Fprintf(c.ErrOrStderr(), "Sent %d; what was good of them is revoked.\n", len(secrets))
	return nil
}

// sendLeaked has secrets revoked, as many at a time as the server takes.
func sendLeaked(ctx context.Context, remote *client.Client, secrets []api.Secret) error {
	for len(secrets) > 0 {
		n := min(len(secrets), admin.MaxLeaked)
		if err := remote.RevokeLeaked(ctx, secrets[:n]...); err != nil {
			return err
		}
		secrets = secrets[n:]
	}
	return nil
}

// anonymous returns a client for what needs no token.
func anonymous() (*client.Client, error) {
	address := os.Getenv("SALLYPORT_URL")
	if address == "" {
		return nil, &usageError{withHint(errors.New("SALLYPORT_URL is not set"), "export SALLYPORT_URL=https://sallyport.example.com, the address of the installation")}
	}
	remote, err := client.New(address, "", client.WithUserAgent("sallyport-cli/"+versionText()))
	if err != nil {
		return nil, &usageError{withHint(err, "see SALLYPORT_URL")}
	}
	return remote, nil
}

func brownoutText(p *printer, b *api.Brownout) string {
	if b == nil {
		return "none"
	}
	return fmt.Sprintf("%d%% of its uses are refused until %s", b.Share, p.when(b.Until))
}

// A brownoutFlags is a brown-out that is asked for.
type brownoutFlags struct {
	share   string
	length  span
	end     bool
	version versionFlag
}

func (f *brownoutFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.share, "share", "", "how many of 100 uses are refused, such as `25%`")
	c.Flags().Var(&f.length, "for", "for how long, at most 30d")
	c.Flags().BoolVar(&f.end, "end", false, "end it now")
	f.version.add(c)
}

// plan returns what was asked for.
func (f *brownoutFlags) plan() (api.NewBrownout, error) {
	if f.end {
		if f.share != "" || f.length.given {
			return api.NewBrownout{}, &usageError{errors.New("--end goes with neither --share nor --for")}
		}
		return api.NewBrownout{}, nil
	}
	share, err := strconv.Atoi(strings.TrimSuffix(f.share, "%"))
	if err != nil || share < 1 || share > 100 || !f.length.given {
		return api.NewBrownout{}, &usageError{errors.New("say how much and for how long, such as --share 25% --for 2h, or --end")}
	}
	return api.NewBrownout{Share: share, For: f.length.length}, nil
}

// run begins or ends a brown-out.
func (f *brownoutFlags) run(ctx context.Context, m *manager, in vault, t api.Credential) error {
	plan, err := f.plan()
	if err != nil {
		return err
	}
	if f.end {
		if t, err = in.EndBrownout(ctx, t.ID, f.version.or(t.Version)); err != nil {
			return err
		}
		return show(&m.printer, credentialView(&m.printer), t, "Ended the brown-out of %s.", t.Name)
	}
	if t, err = in.BrownOut(ctx, t.ID, f.version.or(t.Version), plan); err != nil {
		return err
	}
	return show(&m.printer, credentialView(&m.printer), t, "Until %s, %d%% of the uses of %s are refused.", m.when(t.Brownout.Until), t.Brownout.Share, t.Name)
}

const longBrownout = `Refuse a share of the uses of it for a while, as if it had been revoked already, to find out
who would miss it. Whoever runs into it gets the same 401 as with a revoked one;
sallyport why REQUEST-ID tells the truth. It ends by itself, or with --end.`

func newTokenBrownout() *cobra.Command {
	var owner ownerFlag
	var f brownoutFlags
	c := &cobra.Command{
		Use: "brownout TOKEN", Short: "Refuse part of a token's uses for a while, before it is revoked",
		Long:    longBrownout,
		Example: "  sallyport token brownout \"backup script\" --share 25% --for 2h\n  sallyport token brownout \"backup script\" --end",
		Args:    needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			if _, err := f.plan(); err != nil {
				return err
			}
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			return f.run(ctx, m, in, t)
		}),
	}
	owner.add(c, usageOwner)
	f.add(c)
	return c
}

func newTokenEndOverlap() *cobra.Command {
	var owner ownerFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "end-overlap TOKEN", Short: "End the secrets of a token that a renewal has replaced",
		Long: `End the secrets of a token that a renewal has replaced, before their overlap is over.
sallyport token secrets tells whether they are still in use, from where and by what.`,
		Example: `  sallyport token end-overlap "backup script"`,
		Args:    needs("TOKEN"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			t, in, err := m.token(ctx, owner, args[0])
			if err != nil {
				return err
			}
			return m.endOverlap(ctx, in, t, version)
		}),
	}
	owner.add(c, usageOwner)
	version.add(c)
	return c
}

func (m *manager) endOverlap(ctx context.Context, in vault, t api.Credential, version versionFlag) error {
	t, err := in.EndOverlap(ctx, t.ID, version.or(t.Version))
	if err != nil {
		return err
	}
	return m.told(t, "Of %s only the newest secret works now.", t.Name)
}

func newKeyBrownout() *cobra.Command {
	var tenant tenantFlag
	var f brownoutFlags
	c := &cobra.Command{
		Use: "brownout KEY", Short: "Refuse part of an API key's uses for a while, before it is revoked",
		Long:    longBrownout,
		Example: "  sallyport key brownout conveyor-7 --share 10 --for 1h",
		Args:    needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			if _, err := f.plan(); err != nil {
				return err
			}
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return f.run(ctx, m, in, k)
		}),
	}
	tenant.add(c, usageTenant)
	f.add(c)
	return c
}

func newKeyEndOverlap() *cobra.Command {
	var tenant tenantFlag
	var version versionFlag
	c := &cobra.Command{
		Use: "end-overlap KEY", Short: "End the secrets of an API key that a renewal has replaced",
		Example: "  sallyport key end-overlap conveyor-7",
		Args:    needs("KEY"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			k, in, err := m.keyIn(ctx, tenant, args[0])
			if err != nil {
				return err
			}
			return m.endOverlap(ctx, in, k, version)
		}),
	}
	tenant.add(c, usageTenant)
	version.add(c)
	return c
}
