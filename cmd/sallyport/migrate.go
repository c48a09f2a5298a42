package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/store"
)

func newMigrate() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: `Bring the database's schema up to date. "sallyport serve" does it by itself when it
starts; with this command it can be done before, by another database user.

Migrations only add. The version before this one can go on running meanwhile.`,
		Example: "  sallyport migrate --config /etc/sallyport/sallyport.yaml",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return migrate(c.Context(), path, c.OutOrStdout()) },
	}
	c.Flags().StringVar(&path, "config", "", "`FILE` with the configuration")
	return c
}

func migrate(ctx context.Context, path string, out io.Writer) (err error) {
	c, err := loadConfig(path, os.Environ())
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, c.Storage.URL.Reveal(), store.Options{
		Now: time.Now, Logger: slog.New(slog.DiscardHandler), Patience: examination,
	})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	before, _, err := s.SchemaVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if err := s.Migrate(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	after, _, err := s.SchemaVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if before == after {
		fmt.Fprintf(out, "The schema is up to date: version %d, %s.\n", after, s.Engine())
	} else {
		fmt.Fprintf(out, "Brought the schema from version %d to %d, %s.\n", before, after, s.Engine())
	}
	return nil
}
