package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/demo"
	"github.com/sallyport/sallyport/demo/platform"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/console"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/token"
)

func newDemo() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Start a demonstration with APIs, users and examples to paste",
		Long: `Start the gateway in front of a stand-in for six real APIs, with tenants, users, roles
and credentials whose secrets are drawn anew, and print requests to paste: some
that are let in and some that are refused, each with the status that it must give.

Everything is gone when it ends, unless --data names a directory.`,
		Example: `  sallyport demo
  sallyport demo --listen 127.0.0.1:9000 --manifest demo.json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), &o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`ADDRESS` of the public listener")
	f.StringVar(&o.internal, "internal-listen", "127.0.0.1:9090", "`ADDRESS` of the internal listener")
	f.StringVar(&o.data, "data", "", "`DIRECTORY` to keep the data in (default: a temporary one)")
	f.StringVar(&o.manifest, "manifest", "", "`FILE` to write users, secrets and examples to, as JSON")
	f.BoolVar(&o.exposed, "allow-non-loopback", false, "listen where other machines can reach it; secrets then cross the network in the clear")
	f.BoolVar(&o.verbose, "verbose", false, "log every decision")
	return c
}

type demoOptions struct {
	listen, internal, data, manifest string
	exposed, verbose                 bool
}

func runDemo(ctx context.Context, o *demoOptions, out, errOut io.Writer) (err error) {
	for _, address := range []string{o.listen, o.internal} {
		if !o.exposed && !isLoopback(address) {
			return &usageError{withHint(fmt.Errorf("%s can be reached from other machines, and this is a demonstration", address), "choose an address such as 127.0.0.1:8080, or add --allow-non-loopback")}
		}
	}
	dir, cleanUp, err := demoDirectory(o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanUp()) }()
	c, err := o.config(dir)
	if err != nil {
		return err
	}
	open, err := openSockets(ctx, &c)
	if err != nil {
		return withHint(err, "choose others with --listen and --internal-listen")
	}
	c.Public.URL = "http://" + open.public.Addr().String()
	upstream, stop, err := startPlatform(ctx, filepath.Join(dir, "platform.db"))
	if err != nil {
		return errors.Join(err, open.close())
	}
	defer func() { err = errors.Join(err, stop()) }()
	var manifest *demo.Manifest
	fill := func(ctx context.Context, n *node.Node) (err error) {
		manifest, err = demo.Fill(ctx, demo.Options{
			Admin: n.Admin, URL: c.Public.URL, Internal: "http://" + open.internal.Addr().String(), Upstream: upstream,
			Session: gateway.InsecureSessionCookie, Now: time.Now,
		})
		if err != nil {
			return err
		}
		manifest.ConsoleURL = c.Public.URL + console.Base + "/"
		if err := writeManifest(o.manifest, manifest); err != nil {
			return err
		}
		return manifest.Print(out, o.manifest)
	}
	live := func(ctx context.Context, h http.Handler) error {
		return onLoopback(ctx, h, func(address string) error { return manifest.Live(ctx, address) })
	}
	return runServer(ctx, &c, open, errOut, opening{fill: fill, before: live})
}

// onLoopback serves on a loopback port of its own for as long as f takes.
func onLoopback(ctx context.Context, h http.Handler, f func(address string) error) error {
	var l net.ListenConfig
	socket, err := l.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen on a loopback port: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(socket) }()
	err = f(socket.Addr().String())
	err = errors.Join(err, server.Close())
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// config is the configuration of the demonstration.
func (o *demoOptions) config(dir string) (config.Config, error) {
	c := config.Default()
	c.Demonstration = true
	c.Public.Listen, c.Internal.Listen = o.listen, o.internal
	c.Public.AllowHTTP, c.Internal.AllowNonLoopback = true, o.exposed
	if o.exposed {
		c.Public.Hosts = []string{anyHost} // who looks at it from elsewhere does not say by which name
	}
	c.Storage.URL = sallyport.Secret("sqlite:" + filepath.Join(dir, "sallyport.db"))
	c.ShutdownTimeout = 5 * time.Second
	c.Log.Format, c.Log.Access = "text", o.verbose
	if !o.verbose {
		c.Log.Level = "warn"
	}
	key, err := demoMasterKey(filepath.Join(dir, masterFile))
	c.Keys.MasterKey = key
	return c, err
}

// demoMasterKey returns the key that the directory's data is sealed with, and
// draws one for a new directory.
func demoMasterKey(path string) (sallyport.Secret, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		m, err := token.NewMasterKey()
		if err != nil {
			return "", err
		}
		return sallyport.Secret(m.Text()), writeNew(path, []byte(m.Text()+"\n"), 0o600)
	}
	return sallyport.Secret(text), err
}

// demoDirectory returns the directory of the data and what to do at the end.
func demoDirectory(data string) (dir string, cleanUp func() error, err error) {
	if data != "" {
		return data, func() error { return nil }, os.MkdirAll(data, 0o700)
	}
	dir, err = os.MkdirTemp("", "sallyport-demo-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// startPlatform starts the stand-in platform on a loopback port of its own.
func startPlatform(ctx context.Context, path string) (url string, stop func() error, err error) {
	p, err := platform.Open(ctx, path, platform.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", nil, fmt.Errorf("open the platform behind the demonstration: %w", err)
	}
	var l net.ListenConfig
	socket, err := l.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("listen for the platform: %w", err), p.Close())
	}
	server := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(socket) }()
	stop = func() error {
		err := server.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return errors.Join(err, p.Close())
	}
	return "http://" + socket.Addr().String(), stop, nil
}

func writeManifest(path string, m *demo.Manifest) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	// Written beside and renamed, so that who waits for it finds it whole.
	temporary := path + ".part"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return os.Rename(temporary, path)
}

// isLoopback reports whether an address to listen on can be reached from this
// machine only.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}
