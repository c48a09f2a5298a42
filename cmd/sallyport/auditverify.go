package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/audit"
)

var verifiedView = view[api.Verified]{
	{name: "entries", text: func(v api.Verified) string { return fmt.Sprintf("%d, from %d to %d", v.Entries, v.From, v.To) }},
	{name: "last entry", text: func(v api.Verified) string { return fmt.Sprint(v.Head) }},
	{name: "its hash", text: func(v api.Verified) string { return v.Hash }},
	{name: "checkpoints", text: func(v api.Verified) string {
		if v.Signed == 0 {
			return "none"
		}
		return fmt.Sprintf("%d; the last was signed over %d entries at %s", v.Signed, v.Last, v.LastAt.UTC().Format("2006-01-02 15:04:05Z"))
	}},
}

var breakView = view[api.AuditBreak]{
	{name: "seq", text: func(b api.AuditBreak) string { return fmt.Sprint(b.Seq) }},
	{name: "kind", text: func(b api.AuditBreak) string { return b.Kind }},
	{name: "what is wrong", text: func(b api.AuditBreak) string { return b.Text }},
}

// errBroken is what a verification ends with that found something.
var errBroken = errors.New("the audit trail is not as it was written")

// A verifyFlags is what audit verify was asked.
type verifyFlags struct {
	part        api.Verification
	checkpoints []string // files
	key, export string
}

func newAuditVerify() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use: "verify", Short: "Verify that nothing in the audit trail was edited, removed or put in",
		Long: `Verify that nothing in the audit trail was edited, removed or put in. Whoever can write the
database could write the whole trail anew, or cut off its end. That is found with a
checkpoint that was kept elsewhere: sallyport audit checkpoint prints one. With --key its
signature is verified here as well, so that the installation need not be believed.

With --export it verifies what audit export --all or a stream wrote, without an installation.`,
		Example: `  sallyport audit verify
  sallyport audit verify --checkpoint monday.txt --key audit.key
  sallyport audit verify --export trail.jsonl --checkpoint monday.txt --key audit.key`,
		Args: noArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if f.export != "" {
				return f.offline(c)
			}
			return managed(func(ctx context.Context, m *manager, _ []string) error { return f.online(ctx, m) })(c, args)
		},
	}
	c.Flags().Int64Var(&f.part.From, "from", 0, "`NUMBER` of the first entry to look at (default: the first there is)")
	c.Flags().Int64Var(&f.part.To, "to", 0, "`NUMBER` of the last entry to look at (default: the last there is)")
	c.Flags().StringArrayVar(&f.checkpoints, "checkpoint", nil, "`FILE` with a checkpoint that was kept; can be given several times")
	c.Flags().StringVar(&f.key, "key", "", "`FILE` with the public key of checkpoints, as sallyport audit key prints it")
	c.Flags().StringVar(&f.export, "export", "", "verify this `FILE` of JSON Lines, - for standard input, and ask no installation")
	return c
}

// maxCheckpointFile is how much is read of a file with a checkpoint.
const maxCheckpointFile = 64 << 10

// read returns the checkpoints of the files and, if there is a key, what they say.
func (f *verifyFlags) read() (texts []string, opened []audit.Checkpoint, err error) {
	if f.key != "" {
		if f.key, err = readBounded(f.key, maxCheckpointFile); err != nil {
			return nil, nil, fmt.Errorf("--key: %w", err)
		}
	}
	for _, path := range f.checkpoints {
		text, err := readBounded(path, maxCheckpointFile)
		if err != nil {
			return nil, nil, fmt.Errorf("--checkpoint: %w", err)
		}
		texts = append(texts, text)
		if f.key == "" {
			continue
		}
		c, err := audit.OpenCheckpoint(text, f.key)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		opened = append(opened, c)
	}
	return texts, opened, nil
}

func readBounded(path string, most int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d KiB", path, most>>10)
	}
	return string(text), err
}

func (f *verifyFlags) online(ctx context.Context, m *manager) error {
	texts, _, err := f.read()
	if err != nil {
		return err
	}
	f.part.Checkpoints = texts
	v, err := m.VerifyAudit(ctx, f.part)
	if err != nil {
		return err
	}
	return showVerified(&m.printer, v, "trail")
}

func (f *verifyFlags) offline(c *cobra.Command) error {
	if len(f.checkpoints) > 0 && f.key == "" {
		return &usageError{withHint(errors.New("--export with --checkpoint needs --key"), "sallyport audit key prints the key of the installation; keep it with the checkpoints")}
	}
	if f.part.From != 0 || f.part.To != 0 {
		return &usageError{errors.New("--export verifies the whole file; leave --from and --to out")}
	}
	_, opened, err := f.read()
	if err != nil {
		return err
	}
	in := c.InOrStdin()
	if f.export != "-" {
		file, err := os.Open(f.export)
		if err != nil {
			return fmt.Errorf("--export: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	report, err := audit.VerifyExport(in, audit.Check{Key: f.key, Against: opened})
	if err != nil {
		return fmt.Errorf("%s: %w", f.export, err)
	}
	p := printer{out: c.OutOrStdout(), errOut: c.ErrOrStderr(), format: formatOf(c)}
	return showVerified(&p, audit.ReportOnWire(report), "export")
}

// showVerified prints what a verification of a trail or an export found.
func showVerified(p *printer, v api.Verified, what string) error {
	sentence := "The audit " + what + " is as it was written."
	if !v.OK {
		sentence = "The audit " + what + " was tampered with."
	}
	if err := show(p, verifiedView, v, "%s", sentence); err != nil || v.OK {
		return err
	}
	if p.format == formatTable {
		fmt.Fprintln(p.out)
		if err := showTable(p.out, breakView, v.Breaks); err != nil {
			return err
		}
	}
	return errBroken
}

func newAuditCheckpoint() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "Sign how the audit trail is, to be kept elsewhere",
		Long: `Sign how many entries the audit trail has and the hash of the last, which stands for all
before it. The checkpoint is printed alone, so that it can be put into a file. Keep it where
nobody who can write the database can: audit verify --checkpoint compares the trail with it.
The installation makes checkpoints by itself, too; see audit.checkpoint in the configuration.`,
		Example: "  sallyport audit checkpoint > monday.txt",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			made, err := m.CheckpointAudit(ctx)
			if err != nil {
				return err
			}
			if m.format != formatTable {
				return m.encode(made)
			}
			_, err = io.WriteString(m.out, made.Checkpoint)
			return err
		}),
	}
}

func newAuditKey() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the public key of checkpoints",
		Example: "  sallyport audit key > audit.key",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			key, err := m.AuditKey(ctx)
			if err != nil {
				return err
			}
			if m.format != formatTable {
				return m.encode(key)
			}
			fmt.Fprintln(m.out, key.Key)
			return nil
		}),
	}
}

func someoneView() view[api.Someone] {
	return view[api.Someone]{
		{name: "login", text: func(s api.Someone) string { return s.Login }},
		{name: "kind", text: func(s api.Someone) string { return strings.ReplaceAll(string(s.Kind), "_", " ") }},
		{name: "state", text: func(s api.Someone) string { return string(s.State) }},
		{name: "tenant", text: func(s api.Someone) string { return string(s.Tenant) }},
		{name: "id", text: func(s api.Someone) string { return string(s.ID) }},
	}
}

func newAuditWho() *cobra.Command {
	return &cobra.Command{
		Use: "who PSEUDONYM", Short: "Find whom a pseudonym of the access log stands for",
		Long: `Find whom a pseudonym of the access log stands for: the 12 hexadecimal digits that are there
in the place of a user or API key. That you asked is written into the trail.`,
		Example: "  sallyport audit who 3fa08c51d2e7",
		Args:    needs("PSEUDONYM"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			found, err := m.Who(ctx, args[0])
			switch {
			case err != nil:
				return err
			case len(found) == 0 && m.format == formatTable:
				return withHint(fmt.Errorf("nobody who is there has the pseudonym %s", printable(args[0])),
					"he may have been deleted, or the log be of another installation")
			}
			return showList(&m.printer, sort{"user", "users"}, someoneView(), all(found), 0)
		}),
	}
}
