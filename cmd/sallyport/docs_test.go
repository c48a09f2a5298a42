package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const commandReference = "../../docs/reference/cli.md"

// TestReference keeps docs/reference/cli.md equal to what the commands say of
// themselves; SALLYPORT_UPDATE=1 rewrites it.
func TestReference(t *testing.T) {
	t.Parallel()
	want := manualOf(newRoot())
	if os.Getenv("SALLYPORT_UPDATE") != "" {
		if err := os.WriteFile(commandReference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(commandReference)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/reference/cli.md is not what the commands say; run SALLYPORT_UPDATE=1 go test ./cmd/sallyport -run TestReference")
	}
}

// manualOf returns the page about a command and all below it.
func manualOf(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(`# Command line

<!-- Generated from cmd/sallyport by its TestReference. Do not edit. -->

`)
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "%s\n\n| command | does |\n|---|---|\n", strings.TrimSuffix(g.Title, ":")+".")
		for _, c := range commandsOf(root) {
			if c.GroupID == g.ID {
				fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", c.Name(), anchor(c), cell(c.Short))
			}
		}
		b.WriteString("\n")
	}
	b.WriteString(exitStatuses + ` What went wrong is on
standard error, and what can be done about it in a line that begins with "hint:".

A TIME is written 2030-01-31T12:00:00Z, 2030-01-31 (in UTC), or as a DURATION from now; a DURATION as 90s, 12h or 30d. Every command has --help; sallyport completion --help tells how
a shell completes commands and flags.
`)
	for _, c := range commandsOf(root) {
		describe(&b, c, "##")
	}
	return b.String()
}

// commandsOf returns the commands directly below c that people see.
func commandsOf(c *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() && sub.Name() != "help" {
			out = append(out, sub)
		}
	}
	return out
}

// describe writes about a command and those below it.
func describe(b *strings.Builder, c *cobra.Command, heading string) {
	fmt.Fprintf(b, "\n%s %s\n\n", heading, c.CommandPath())
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	b.WriteString(prose(text) + "\n")
	below := commandsOf(c)
	if usage := c.UseLine(); len(below) == 0 || c.Example != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", usage)
	}
	if len(c.Aliases) > 0 {
		fmt.Fprintf(b, "\nAlso: %s.\n", strings.Join(c.Aliases, ", "))
	}
	c.InitDefaultHelpFlag()
	flags(b, c.NonInheritedFlags())
	if c.Example != "" {
		fmt.Fprintf(b, "\nFor example:\n\n```\n%s\n```\n", unindent(c.Example))
	}
	for _, sub := range below {
		describe(b, sub, heading+"#")
	}
}

// flags writes a table of flags. --help is not worth a line.
func flags(b *strings.Builder, set *pflag.FlagSet) {
	head := "\n| flag | meaning | default |\n|---|---|---|\n"
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		value := ""
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			value = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(b, "%s| `%s` | %s | %s |\n", head, cell(name), cell(usage), value)
		head = ""
	})
}

// anchor is the link to a command's heading.
func anchor(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// cell makes text fit into a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// prose keeps indented lines as they are, as code.
func prose(text string) string {
	var out []string
	code := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case indented && !code:
			// The line before it begins the block if it is a command as well.
			if last := len(out) - 1; last >= 0 && strings.Contains(out[last], ":  sallyport ") {
				out = append(out[:last], "```", out[last])
			} else {
				out = append(out, "```")
			}
			code = true
		case !indented && code && line != "":
			out = append(out, "```")
			code = false
		}
		out = append(out, line)
	}
	if code {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

// unindent removes the indentation of examples.
func unindent(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}
