package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/leaks"
)

// errFound is what a scan ends with that found something.
var errFound = errors.New("there are secrets of Sallyport where they should not be")

func newScan() *cobra.Command {
	var history, revoke bool
	c := &cobra.Command{
		Use: "scan PATH...", Short: "Find secrets of Sallyport in files or in the history of a git repository",
		Long: `Find tokens, keys and other secrets of Sallyport in files and folders, or with --history in
everything that was ever committed to a git repository. They are known by their form and
checksum; whether they are still good is not asked. It exits 1 when it found something, so
it can stand in a pre-commit hook or a pipeline.

With --revoke what it found is revoked at SALLYPORT_URL. That needs no token: whoever holds a
secret may revoke it.`,
		Example: `  sallyport scan .
  sallyport scan --history --revoke .`,
		Args: needs("PATH..."),
		RunE: func(c *cobra.Command, args []string) error {
			s := scanning{command: c, history: history}
			for _, path := range args {
				if err := s.path(c.Context(), path); err != nil {
					return err
				}
			}
			return s.end(revoke)
		},
	}
	c.Flags().BoolVar(&history, "history", false, "look through all commits of the git repository at PATH")
	c.Flags().BoolVar(&revoke, "revoke", false, "revoke what is found, at SALLYPORT_URL")
	c.Flags().VarP(newChoice(formatTable, formatJSON, formatYAML), "output", "o", "how to print")
	return c
}

// A scanning is one run of the command.
type scanning struct {
	command *cobra.Command
	history bool
	found   []leaked
	secrets []api.Secret
}

// A leaked is what is told of a secret that was found.
type leaked struct {
	Path   string `json:"path" yaml:"path"`
	Line   int    `json:"line" yaml:"line"`
	Column int    `json:"column" yaml:"column"`
	Commit string `json:"commit,omitempty" yaml:"commit,omitempty"`
	Kind   string `json:"kind" yaml:"kind"`
	Hint   string `json:"hint" yaml:"hint"`
}

func (s *scanning) path(ctx context.Context, path string) error {
	if s.history {
		return leaks.History(ctx, path, s.keep)
	}
	return leaks.Tree(path, s.keep, func(name string, err error) {
		fmt.Fprintf(s.command.ErrOrStderr(), "sallyport: %s was skipped: %v\n", printable(name), err)
	})
}

func (s *scanning) keep(f leaks.Find) {
	found := leaked{f.Path, f.Line, f.Column, f.Commit, string(f.Kind), f.Hint()}
	s.found = append(s.found, found)
	if secret := api.Secret(f.Secret.Reveal()); !slices.Contains(s.secrets, secret) {
		s.secrets = append(s.secrets, secret)
	}
	if formatOf(s.command) != formatTable {
		return
	}
	place := fmt.Sprintf("%s:%d:%d", printable(found.Path), found.Line, found.Column)
	if found.Commit != "" {
		place = found.Commit[:min(len(found.Commit), 12)] + ":" + place
	}
	fmt.Fprintf(s.command.OutOrStdout(), "%s: %s %s\n", place, kindWords(found.Kind), found.Hint)
}

// end prints what is left to be printed, and revokes what was found.
func (s *scanning) end(revoke bool) error { //nolint:revive // it is what was asked for
	if format := formatOf(s.command); format != formatTable {
		p := printer{out: s.command.OutOrStdout(), errOut: s.command.ErrOrStderr(), format: format}
		if err := p.encode(append([]leaked{}, s.found...)); err != nil {
			return err
		}
	}
	if len(s.found) == 0 {
		return nil
	}
	if !revoke {
		return withHint(errFound, "revoke them with --revoke, or: sallyport token revoke --leaked")
	}
	remote, err := anonymous()
	if err == nil {
		err = advised(sendLeaked(s.command.Context(), remote, s.secrets))
	}
	if err != nil {
		return errors.Join(errFound, err)
	}
	return withHint(errFound, "they are revoked now, if they were of this installation; still remove them")
}

// kindWords is a kind of credential for people.
func kindWords(kind string) string { return strings.ReplaceAll(kind, "_", " ") }
