package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/password"
)

func newQuickstart() *cobra.Command {
	var o quickstartOptions
	c := &cobra.Command{
		Use:   "quickstart --upstream URL",
		Short: "Guard an API of your own within a minute",
		Long: `Guard an API of your own within a minute: make a configuration with an embedded
database, the first administrator and a token, start the gateway in front of the
API, and print a request that works.

Whoever calls the API then needs a credential: to read, one with the permission
api/read, and to change anything, one with api/write. Say more exactly what each
path needs later, in the API's document.`,
		Example: `  sallyport quickstart --upstream http://127.0.0.1:3000
  sallyport quickstart --upstream https://api.internal --listen 127.0.0.1:8000 --data /var/lib/sallyport`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.listeners(c.Flags(), os.Getenv); err != nil {
				return err
			}
			return quickstart(c.Context(), &o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.upstream, "upstream", "", "`URL` of the API to guard")
	f.StringVar(&o.init.listen, "listen", "127.0.0.1:8080", "`ADDRESS` of the public listener")
	f.StringVar(&o.init.internal, "internal-listen", "127.0.0.1:9090", "`ADDRESS` of the internal listener")
	f.StringVar(&o.init.dir, "data", "sallyport-data", "`DIRECTORY` for configuration, key and database")
	f.StringVar(&o.init.admin, "admin", "admin", "`LOGIN` of the first administrator")
	return c
}

type quickstartOptions struct {
	upstream string
	init     initOptions
}

func quickstart(ctx context.Context, o *quickstartOptions, out, errOut io.Writer) error {
	const example = "for example: sallyport quickstart --upstream http://127.0.0.1:3000"
	if o.upstream == "" {
		return &usageError{withHint(errors.New("--upstream is missing, the URL of the API to guard"), example)}
	}
	u, err := url.Parse(o.upstream)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return &usageError{withHint(fmt.Errorf("--upstream: %q is not a URL with http or https", o.upstream), example)}
	}
	// The listeners come first, so that nothing is left behind when an address is
	// taken.
	addresses := config.Default()
	addresses.Public.Listen, addresses.Internal.Listen = o.init.listen, o.init.internal
	open, err := openSockets(ctx, &addresses)
	if err != nil {
		return withHint(err, "choose others with --listen and --internal-listen")
	}
	o.init.listen, o.init.internal = taken(o.init.listen, open.public), taken(o.init.internal, open.internal)
	o.init.url = "http://" + reachable(o.init.listen)
	if own := reachable(o.init.listen); u.Host == own || u.Host == strings.Replace(own, "127.0.0.1:", "localhost:", 1) {
		return errors.Join(&usageError{withHint(errors.New("--upstream is where Sallyport itself is to listen"), "give one of them another port")}, open.close())
	}
	path := filepath.Join(o.init.dir, configFile)
	undo, err := o.init.write()
	if err != nil {
		return errors.Join(err, open.close())
	}
	guarded := false
	defer func() {
		if !guarded {
			undo()
		}
	}()
	c, err := config.Load(path, os.Environ())
	if err != nil {
		return errors.Join(err, open.close())
	}
	o.init.url = c.Public.URL // a variable may have changed it
	c.Log.Format, c.Log.Level, c.Log.Access = "text", "warn", false
	return runServer(ctx, &c, open, errOut, opening{fill: func(ctx context.Context, n *node.Node) error {
		err := o.guard(ctx, n, path, out)
		if guarded = err == nil; guarded {
			err = tellSilence(ctx, u, out)
		}
		return err
	}})
}

// tellSilence says so if nobody listens where the API should be.
func tellSilence(ctx context.Context, upstream *url.URL, out io.Writer) error {
	f := dial(ctx, "api", upstream.String())
	if f.state != trouble {
		return nil
	}
	_, err := fmt.Fprintf(out, "Nothing answers at %s yet, so what is let in gets 502: %s\n\n", upstream, f.detail)
	return errors.Join(err)
}

// listeners takes the addresses from the variables that a configuration has for
// them, unless a flag says something else.
func (o *quickstartOptions) listeners(flags *pflag.FlagSet, getenv func(string) string) error {
	for _, l := range []struct {
		flag, variable string
		address        *string
	}{
		{"listen", "SALLYPORT_PUBLIC_LISTEN", &o.init.listen},
		{"internal-listen", "SALLYPORT_INTERNAL_LISTEN", &o.init.internal},
	} {
		said := getenv(l.variable)
		switch {
		case said == "" || said == *l.address:
		case flags.Changed(l.flag):
			// The variable would overrule the file that is written, so one of the
			// two listeners would be another than was asked for.
			return &usageError{withHint(fmt.Errorf("--%s is %s, but %s is %s", l.flag, *l.address, l.variable, said), "leave out one of them")}
		default:
			*l.address = said
		}
	}
	return nil
}

// taken returns the address that was asked for, with the port that the system chose
// where it was left to it: the configuration and its URL must have one.
func taken(asked string, l net.Listener) string {
	host, port, err := net.SplitHostPort(asked)
	if err != nil || port != "0" {
		return asked
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port)
}

// reachable returns an address under which this machine reaches a listener.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}

// guard sets up the API, its roles, the administrator and a token, and prints
// what to do with them.
func (o *quickstartOptions) guard(ctx context.Context, n *node.Node, path string, out io.Writer) error {
	actor := admin.System("quickstart")
	if _, err := n.Admin.CreateAPI(ctx, actor, admin.CatchAll("api", o.upstream)); err != nil {
		return fmt.Errorf("set up the API: %w", err)
	}
	for _, role := range []admin.NewRole{
		{Name: "reader", Title: "Read the API", Permissions: []sallyport.Permission{"api/read"}},
		{Name: "writer", Title: "Read and change the API", Permissions: []sallyport.Permission{"api/read", "api/write"}},
	} {
		if _, err := n.Admin.CreateRole(ctx, actor, sallyport.EveryTenant, role); err != nil {
			return fmt.Errorf("set up the role %s: %w", role.Name, err)
		}
	}
	secret, err := password.Generate()
	if err != nil {
		return fmt.Errorf("draw the administrator's password: %w", err)
	}
	user, err := n.Admin.FirstAdministrator(ctx, actor, admin.NewUser{
		Kind: sallyport.Person, Login: o.init.admin, Password: secret, KeepPassword: true, // nobody else has seen it
	})
	if err != nil {
		return fmt.Errorf("make the first administrator: %w", err)
	}
	issued, err := n.Admin.CreateToken(ctx, admin.Actor{Principal: sallyport.Principal{
		ID: user.ID, Kind: sallyport.PrincipalPerson, Login: user.Login, Home: user.Tenant,
	}}, admin.NewToken{Name: "quickstart"})
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	_, err = fmt.Fprintf(out, quickstartText, o.upstream, o.init.url, issued.Secret.Reveal(), o.init.url,
		o.init.url, o.init.url, user.Login, secret.Reveal(), path, o.init.url, issued.Secret.Reveal())
	return errors.Join(err)
}

const quickstartText = `
Your API %s is guarded at %s.

Let in:
  curl -i -H 'Authorization: Bearer %s' %s/

Refused, without a credential:
  curl -i %s/

Console:        %s/sallyport/
Administrator:  %s
Password:       %s
                Both are shown this once.

Stop it with Ctrl-C. Start it again with:
  sallyport serve --config %s

Give others access with the command line:
  export SALLYPORT_URL=%s SALLYPORT_TOKEN=%s
  sallyport user create --help

`
