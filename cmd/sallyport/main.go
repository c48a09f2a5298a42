// Command sallyport puts two doors in front of any REST API: door one asks who
// you are, door two whether you may.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/config"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1  // refused or failed
	exitUsage  = 2  // the command line makes no sense
	exitChange = 3  // with --exit-code: something would change
	exitConfig = 78 // the configuration makes no sense (sysexits.h, EX_CONFIG)
)

// exitStatuses is what the help says of them.
const exitStatuses = `Exit status: 0 done, 1 refused or failed, 2 the command line makes no sense, 3 something would
change or differs (with --exit-code), 78 the configuration makes no sense.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := wellFormed(args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return exitOK
	}
	switch { // it was told already
	case errors.Is(err, errChanges):
		return exitChange
	case errors.Is(err, errNo):
		return exitFailed
	}
	tell(errOut, err)
	var usage *usageError
	var faults config.Faults
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &faults):
		return exitConfig
	default:
		return exitFailed
	}
}

// wellFormed refuses arguments that are not UTF-8: JSON would make other names of
// them, and nobody would be told.
func wellFormed(args []string) error {
	for _, arg := range args {
		if !utf8.ValidString(arg) {
			return &usageError{withHint(fmt.Errorf("the argument %q is not UTF-8", arg), "set your terminal to UTF-8")}
		}
	}
	return nil
}

// A usageError is a command line that makes no sense.
type usageError struct{ error }

// Unwrap returns what is wrong with it.
func (e *usageError) Unwrap() error { return e.error }

// A hint is an error with what to do about it.
type hint struct {
	error
	hint string
}

// Unwrap returns the error without the hint.
func (h *hint) Unwrap() error { return h.error }

// withHint adds what to do about an error.
func withHint(err error, format string, args ...any) error {
	return &hint{err, fmt.Sprintf(format, args...)}
}

// tell prints an error and, if it has one, its hint.
func tell(w io.Writer, err error) {
	fmt.Fprintf(w, "sallyport: %v\n", err)
	var h *hint
	var usage *usageError
	switch {
	case errors.As(err, &h):
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	case errors.As(err, &usage):
		fmt.Fprintln(w, "hint: add --help to see how the command is used")
	}
}

// newRoot returns the command with all its subcommands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "Two doors in front of any REST API",
		Long: `Sallyport puts two doors in front of any REST API.
Door one asks who you are (authentication), door two whether you may (authorization).

To see it at work:             sallyport demo
To guard an API of your own:   sallyport quickstart --upstream http://127.0.0.1:3000
To run it for good:            sallyport init, then sallyport serve --config FILE
To have words completed:       sallyport completion --help

` + exitStatuses,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		// Without it cobra would not look at the arguments.
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run it:"},
		&cobra.Group{ID: "manage", Title: "Manage it (speaks the management API with SALLYPORT_URL and SALLYPORT_TOKEN):"},
	)
	root.SetHelpCommandGroupID("run")
	for _, c := range []*cobra.Command{newDemo(), newQuickstart(), newInit(), newServe(), newMigrate(), newDoctor(), newScan(), newVersion()} {
		c.GroupID = "run"
		root.AddCommand(c)
	}
	for _, c := range managementCommands() {
		c.GroupID = "manage"
		root.AddCommand(c)
	}
	return root
}

// noArgs is cobra.NoArgs with our kind of error.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		err := fmt.Errorf("there is no command %q", args[0])
		c.SuggestionsMinimumDistance = 2
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			return &usageError{withHint(err, "did you mean %q?", near[0])}
		}
		return &usageError{err}
	}
	return &usageError{fmt.Errorf("%s takes no arguments, and got %q", c.CommandPath(), args[0])}
}
