package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/console"
	"github.com/sallyport/sallyport/internal/node"
)

func newServe() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the gateway, the decision service and the management API",
		Long: `Run the gateway, the decision service and the management API until SIGTERM or SIGINT.
Requests in flight are then given time to end, and what was counted is written down.
SIGHUP changes nothing: certificates are read again when their files change.

Proxies ask the decision service on the internal listener; Envoy may ask it over gRPC,
on a port or a socket of its own (decide.grpc).`,
		Example: "  sallyport serve --config /etc/sallyport/sallyport.yaml",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return serve(c.Context(), path, c.ErrOrStderr()) },
	}
	c.Flags().StringVar(&path, "config", "", "`FILE` with the configuration")
	return c
}

func serve(ctx context.Context, path string, errOut io.Writer) error {
	c, err := loadConfig(path, os.Environ())
	if err != nil {
		return err
	}
	open, err := openSockets(ctx, &c)
	if err != nil {
		return err
	}
	return runServer(ctx, &c, open, errOut, opening{})
}

// stayOnHangUp has the process go on when it is told to read its files again, as
// others are with SIGHUP, or when a terminal is closed: without it requests in
// flight would be cut off and counts lost. It returns what ends that.
func stayOnHangUp(ctx context.Context, log *slog.Logger) (stop func()) {
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	go func() {
		for range heard {
			log.InfoContext(ctx, "SIGHUP changes nothing: certificates are read again when their files change, the configuration at a restart")
		}
	}()
	return func() {
		signal.Stop(heard)
		close(heard)
	}
}

// An opening is what is done before anything is served. A nil function does
// nothing.
type opening struct {
	fill   func(context.Context, *node.Node) error   // with the node, before there are surfaces
	before func(context.Context, http.Handler) error // with what the public listener will serve
}

// runServer opens what a configuration describes and serves on the sockets until
// ctx ends.
func runServer(ctx context.Context, c *config.Config, open sockets, errOut io.Writer, first opening) (err error) {
	started := false
	defer func() {
		if !started {
			err = errors.Join(err, open.close())
		}
	}()
	master, err := masterKey(c)
	if err != nil {
		return err
	}
	v, err := newVoice(&c.Log, master, errOut)
	if err != nil {
		return err
	}
	defer func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		v.close(limit)
	}()
	n, err := openNode(ctx, c, v.log, v.learn)
	if err != nil {
		return err
	}
	s, err := prepare(ctx, c, n, v, open, first)
	if err != nil {
		return errors.Join(err, n.Close(ctx))
	}
	started = true
	defer stayOnHangUp(ctx, v.log)()
	return s.run(ctx)
}

// prepare does what comes between opening a node and serving.
func prepare(ctx context.Context, c *config.Config, n *node.Node, v *voice, open sockets, first opening) (*server, error) {
	if err := bringAPIs(ctx, c, n, v.log); err != nil {
		return nil, err
	}
	if first.fill != nil {
		if err := first.fill(ctx, n); err != nil {
			return nil, err
		}
	}
	if err := tellFirstRun(ctx, c, n, v.log); err != nil {
		return nil, err
	}
	s, err := newServer(c, n, v, open)
	if err == nil && first.before != nil {
		err = first.before(ctx, s.front)
	}
	return s, err
}

// unfit tells what is wrong with the document of an API, and where in it.
func unfit(name sallyport.APIName, err error) error {
	list := admin.Faults(err)
	if len(list) == 0 || sallyport.KindOf(err) == sallyport.Unavailable {
		return fmt.Errorf("bring the API %s: %w", name, err)
	}
	var faults config.Faults
	for _, f := range list {
		key := "api " + string(name)
		if f.Field != "" {
			key += ": " + f.Field
		}
		faults = append(faults, config.Fault{Key: key, Message: f.Error()})
	}
	return faults
}

// tellFirstRun tells who starts an installation without an administrator how the
// first one is made. The code is a secret in a log: it is worth something for an
// hour, once, to who can reach the console before the one who reads the log.
func tellFirstRun(ctx context.Context, c *config.Config, n *node.Node, logger *slog.Logger) error {
	code, err := n.Admin.BeginFirstRun(ctx)
	if err != nil || code == "" {
		return err
	}
	logger.WarnContext(ctx, "nobody can administer this installation yet: it has no administrator",
		"hint", "open the page within an hour and enter the code, "+
			"or make the first one with: sallyport init --config FILE (the configuration that serve was started with)",
		"page", c.Public.URL+console.FirstRunPage, "code", code.Reveal())
	return nil
}

// lastWords is how long the logs may take to be written at the end.
const lastWords = 2 * time.Second

// bringAPIs brings the documents of the configuration into the store. An API
// that is there already is left as it is: since then it may have been changed
// over the management API.
func bringAPIs(ctx context.Context, c *config.Config, n *node.Node, logger *slog.Logger) error {
	for _, api := range c.APIs {
		if n.Doors.Policy().API(api.Name) != nil {
			logger.InfoContext(ctx, "the API is in the store already; its document in the configuration is not used", "api", api.Name)
			continue
		}
		if _, err := n.Admin.CreateAPI(ctx, admin.System("configuration"), api); err != nil {
			return unfit(api.Name, err)
		}
	}
	return nil
}
