package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
)

// managementCommands returns the commands that speak the management API.
func managementCommands() []*cobra.Command {
	return []*cobra.Command{
		newMe(), newTenant(), newRealm(), newUser(), newGroup(), newRole(), newBinding(), newToken(), newKey(), newSession(),
		newAPI(), newImport(), newExport(), newPlan(), newApply(), newPolicy(), newAdvise(), newShadow(), newAudit(), newKeys(),
		newWhy(), newCanI(), newWhoCan(), newWhatChanged(),
	}
}

// A manager is what a management command works with.
type manager struct {
	*client.Client
	printer

	in    io.Reader
	given func(flag string) bool
	self  api.Me // the caller; read when it is needed
}

// resource returns a command that only has others below it.
func resource(c *cobra.Command, below ...*cobra.Command) *cobra.Command {
	c.Args = noArgs
	if c.RunE == nil {
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	c.PersistentFlags().VarP(newChoice(formatTable, formatJSON, formatYAML), "output", "o", "how to print")
	c.AddCommand(below...)
	return c
}

// managed returns what a management command runs: it connects first, and tells
// what to do about what the server refuses.
func managed(f func(ctx context.Context, m *manager, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		m, err := connect(c)
		if err != nil {
			return err
		}
		return advised(f(c.Context(), m, args))
	}
}

// connect returns what a command works with, from the environment.
func connect(c *cobra.Command) (*manager, error) {
	address, token := os.Getenv("SALLYPORT_URL"), os.Getenv("SALLYPORT_TOKEN")
	switch {
	case address == "":
		return nil, &usageError{withHint(errors.New("SALLYPORT_URL is not set"), "export SALLYPORT_URL=https://sallyport.example.com, the address of the installation")}
	case token == "":
		return nil, &usageError{withHint(errors.New("SALLYPORT_TOKEN is not set"), "export SALLYPORT_TOKEN=spp_..., a token of yours; the console or an administrator makes the first one, later ones: sallyport token create NAME")}
	}
	remote, err := client.New(address, token, client.WithUserAgent("sallyport-cli/"+versionText()))
	if err != nil {
		return nil, &usageError{withHint(err, "see SALLYPORT_URL and SALLYPORT_TOKEN")}
	}
	return &manager{
		Client:  remote,
		printer: printer{out: c.OutOrStdout(), errOut: c.ErrOrStderr(), format: formatOf(c), now: time.Now()},
		in:      c.InOrStdin(), given: c.Flags().Changed,
	}, nil
}

// formatOf returns how a command is to print.
func formatOf(c *cobra.Command) string {
	if f := c.Flag("output"); f != nil && f.Value.String() != "" {
		return f.Value.String()
	}
	return formatTable
}

// me returns who the caller is.
func (m *manager) me(ctx context.Context) (api.Me, error) {
	if m.self.ID != "" {
		return m.self, nil
	}
	me, err := m.Me().Get(ctx)
	if err == nil {
		m.self = me
	}
	return me, err
}

// advised adds to an answer of the server what can be done about it.
func advised(err error) error {
	if _, hinted := errors.AsType[*hint](err); hinted {
		return err
	}
	if _, unheard := errors.AsType[*url.Error](err); unheard {
		return withHint(err, "nothing answers at SALLYPORT_URL; is it the address of the installation, and does that run?")
	}
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case !ok:
		return err
	case e.Status == http.StatusUnauthorized:
		return withHint(err, "SALLYPORT_TOKEN is not a token that works at SALLYPORT_URL; it may have ended or been revoked")
	case len(e.Missing) > 0:
		return withHint(err, "an administrator can give you %s: sallyport binding create --user LOGIN --role ROLE", joined(e.Missing))
	case len(e.RequiredScopes) > 0:
		return withHint(err, "SALLYPORT_TOKEN is limited; use one with the scope %s, or with none", strings.Join(e.RequiredScopes, " or "))
	case e.Status == http.StatusPreconditionFailed:
		return withHint(err, "somebody has changed it meanwhile and nothing was done; look at it again, and repeat the command if it still makes sense")
	case e.Reason == "" && e.Title == "":
		return withHint(err, "this does not look like an answer of Sallyport; check SALLYPORT_URL")
	}
	return err
}

// isStatus reports whether an error is an answer of the server with a status.
func isStatus(err error, status ...int) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && slices.Contains(status, e.Status)
}

// words returns words of any kind as text.
func words[S ~string](list []S) []string {
	text := make([]string, len(list))
	for i, w := range list {
		text[i] = string(w)
	}
	return text
}

// joined lists words of any kind.
func joined[S ~string](list []S) string { return strings.Join(words(list), ", ") }

// A versionFlag is the flag --if-version of commands that change something.
type versionFlag struct{ version int64 }

func (f *versionFlag) add(c *cobra.Command) {
	c.Flags().Int64Var(&f.version, "if-version", 0, "change it only if it is still in this `VERSION` (see -o json)")
}

// or returns the version that was asked for, or else the one that was just read.
func (f *versionFlag) or(read int64) int64 {
	if f.version != 0 {
		return f.version
	}
	return read
}

// A tenantFlag is the flag --tenant.
type tenantFlag struct{ name string }

func (f *tenantFlag) add(c *cobra.Command, usage string) {
	c.Flags().StringVar(&f.name, "tenant", "", usage)
}

const (
	usageTenant      = "name or id of the `TENANT` (default: your own)"
	usageTenantEvery = "name or id of the `TENANT`, \"*\" for the installation (default: your own)"
)

// errNoTenant is for what is always in one tenant.
func errNoTenant() error {
	return &usageError{withHint(errors.New("you are at home in the installation and not in a tenant"), "say which tenant with --tenant NAME; sallyport tenant list shows them")}
}

// place returns the tenant that a flag names, or else the caller's own. "*" is
// the whole installation.
func (m *manager) place(ctx context.Context, f tenantFlag) (sallyport.TenantID, error) {
	if f.name != "" {
		return m.tenantID(ctx, f.name)
	}
	me, err := m.me(ctx)
	return me.Tenant, err
}

// within is place for what is always in one tenant.
func (m *manager) within(ctx context.Context, f tenantFlag) (sallyport.TenantID, error) {
	tenant, err := m.place(ctx, f)
	if err == nil && tenant == sallyport.EveryTenant {
		if f.name == "" {
			return "", errNoTenant()
		}
		return "", &usageError{fmt.Errorf("--tenant %s: this is always in one tenant", f.name)}
	}
	return tenant, err
}
