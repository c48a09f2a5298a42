package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/token"
)

const (
	configFile = "sallyport.yaml"
	masterFile = "master.key"
	dataFile   = "sallyport.db"
)

func newInit() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a configuration, a master key, a database and the first administrator",
		Long: `Make what "sallyport serve" needs: a configuration file, a master key and a database
in one directory, and the first administrator, whose password is shown once.
With --config the files are there already, and only the first administrator is
made; or with --rescue one more, for when nobody can sign in as any of them.

Nothing that exists is overwritten.`,
		Example: `  sallyport init --dir /etc/sallyport --url https://api.example.com
  sallyport init --dir . --storage postgres://sallyport@db/sallyport --admin jane
  sallyport init --config /etc/sallyport/sallyport.yaml --admin jane
  sallyport init --config /etc/sallyport/sallyport.yaml --rescue --admin jane2`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, made := range []string{"dir", "url", "listen", "internal-listen", "storage"} {
				if o.config != "" && c.Flags().Changed(made) {
					return &usageError{fmt.Errorf("--%s is for a new configuration, and --config names one that is there; leave out one of them", made)}
				}
			}
			if o.rescue && o.config == "" {
				return &usageError{errors.New("--rescue is for an installation that is there; name its configuration with --config")}
			}
			return initialise(c.Context(), &o, c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&o.dir, "dir", ".", "`DIRECTORY` of the files")
	f.StringVar(&o.url, "url", "http://127.0.0.1:8080", "`URL` under which clients will reach the installation")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`ADDRESS` of the public listener")
	f.StringVar(&o.internal, "internal-listen", "127.0.0.1:9090", "`ADDRESS` of the internal listener")
	f.StringVar(&o.storage, "storage", "", "`URL` of the database, sqlite:PATH or postgres://... (default: sqlite in the directory)")
	f.StringVar(&o.admin, "admin", "admin", "`LOGIN` of the first administrator")
	f.StringVar(&o.config, "config", "", "`FILE` with the configuration of an installation that needs its first administrator only")
	f.BoolVar(&o.rescue, "rescue", false, "with --config: make one more administrator, though there is one")
	return c
}

type initOptions struct {
	dir, url, listen, internal, storage, admin, config string
	rescue                                             bool
}

// write makes the directory with the configuration and the master key. undo removes
// what was made, and the database that came into being in the directory since: what
// is left of a mistake would be in the way of the next attempt.
func (o *initOptions) write() (undo func(), err error) {
	var made []string
	undo = func() {
		for _, path := range made {
			_ = os.Remove(path) // of the directory: if it is empty
		}
	}
	defer func() {
		if err != nil {
			undo()
		}
	}()
	place := func(name string) string { return filepath.Join(o.dir, name) }
	if _, err := os.Stat(o.dir); errors.Is(err, fs.ErrNotExist) {
		made = append(made, o.dir)
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return undo, fmt.Errorf("make the directory: %w", err)
	}
	if err := writeNew(place(configFile), []byte(o.configText()), 0o640); err != nil {
		return undo, err
	}
	made = append([]string{place(configFile)}, made...)
	m, err := token.NewMasterKey()
	if err != nil {
		return undo, fmt.Errorf("draw the master key: %w", err)
	}
	if err := writeNew(place(masterFile), []byte(m.Text()+"\n"), 0o600); err != nil {
		return undo, err
	}
	made = append([]string{place(masterFile)}, made...)
	for _, beside := range []string{"", "-wal", "-shm", ".reserve", ".unchecked"} {
		if _, err := os.Stat(place(dataFile + beside)); errors.Is(err, fs.ErrNotExist) {
			made = append([]string{place(dataFile + beside)}, made...)
		}
	}
	return undo, nil
}

func initialise(ctx context.Context, o *initOptions, out io.Writer) error {
	path, environ, undo := o.config, os.Environ(), func() {}
	if path == "" {
		var err error
		if undo, err = o.write(); err != nil {
			return err
		}
		// What is made is made as the flags say; no variable changes it.
		path, environ = filepath.Join(o.dir, configFile), nil
	}
	login, secret, err := begin(ctx, path, environ, o)
	if err != nil {
		undo()
		return err
	}
	if o.config == "" {
		fmt.Fprintf(out, "Wrote %s and %s.\n\n", path, filepath.Join(o.dir, masterFile))
	}
	fmt.Fprintf(out, `Administrator:  %s
Password:       %s
                It is shown this once. It was drawn at random; change it if others saw it.

Start it:       sallyport serve --config %s
Check it:       sallyport doctor --config %s
`, login, secret.Reveal(), path, path)
	return nil
}

// configText is a configuration with what there is to choose. Everything else
// has a default.
func (o *initOptions) configText() string {
	storage := o.storage
	if storage == "" {
		storage = "sqlite:" + dataFile
	}
	return fmt.Sprintf(`# Configuration of Sallyport. Every key is described in docs/reference/config.md,
# and each can be set by a variable as well: public.listen by SALLYPORT_PUBLIC_LISTEN.

public:
  listen: %q
  url: %q           # where clients reach this installation; the issuer of its tokens

internal:
  listen: %q    # decisions for proxies, health and metrics; never public

storage:
  url: %q

keys:
  master_key_file: %q   # whoever loses it loses every credential in the store
`, o.listen, o.url, o.internal, storage, masterFile)
}

// writeNew writes a file that must not exist.
func writeNew(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("%s exists already; nothing was changed", path), "choose another --dir, or go on with: sallyport serve --config %s", filepath.Join(filepath.Dir(path), configFile))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// begin makes the administrator of the installation that a configuration describes.
func begin(ctx context.Context, path string, environ []string, o *initOptions) (string, sallyport.Secret, error) {
	c, err := config.Load(path, environ)
	if err != nil {
		return "", "", err
	}
	n, err := openNode(ctx, &c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return "", "", err
	}
	login, secret, err := administrator(ctx, n, o)
	return login, secret, errors.Join(err, n.Close(ctx))
}

// administrator makes an administrator with a password that is drawn.
func administrator(ctx context.Context, n *node.Node, o *initOptions) (string, sallyport.Secret, error) {
	secret, err := password.Generate()
	if err != nil {
		return "", "", fmt.Errorf("draw the administrator's password: %w", err)
	}
	how, actor := n.Admin.FirstAdministrator, admin.System("init")
	if o.rescue {
		how, actor = n.Admin.RescueAdministrator, admin.System("init --rescue")
	}
	user, err := how(ctx, actor, admin.NewUser{
		Kind: sallyport.Person, Login: o.admin, Password: secret, KeepPassword: true, // nobody else has seen it
	})
	if err == nil || o.rescue {
		return user.Login, secret, err
	}
	if has, _ := n.Admin.HasAdministrator(ctx); has {
		err = withHint(err, "if nobody can sign in as one, add --rescue and another --admin")
	}
	return "", "", err
}
