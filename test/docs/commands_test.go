package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A commandLine is what docs/reference/cli.md says of a command.
type commandLine struct {
	flags map[string]bool // with dashes
	below bool            // it only has others below it
}

var (
	flagRow = regexp.MustCompile("^\\| `((?:-\\w, )?--[\\w-]+)")
	aliases = regexp.MustCompile(`^Also: (.*)\.$`)
)

// readCommands returns all commands by their path, such as "token create".
func readCommands(t *testing.T) map[string]*commandLine {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/reference/cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*commandLine{"": {flags: map[string]bool{"--help": true, "-h": true}, below: true}}
	path := ""
	for line := range strings.SplitSeq(string(text), "\n") {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " sallyport "); ok && line[0] == '#' {
			path = heading
			all[path] = &commandLine{flags: map[string]bool{"--help": true, "-h": true}}
			parent, _, nested := cutLast(path)
			if nested {
				for f := range all[parent].flags {
					all[path].flags[f] = true
				}
			}
			all[parent].below = true
		}
		if m := flagRow.FindStringSubmatch(line); m != nil {
			for name := range strings.SplitSeq(m[1], ", ") {
				all[path].flags[name] = true
			}
		}
		if m := aliases.FindStringSubmatch(line); m != nil {
			parent, _, _ := cutLast(path)
			for name := range strings.SplitSeq(m[1], ", ") {
				all[strings.TrimSpace(parent+" "+name)] = all[path]
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("found %d commands only", len(all))
	}
	return all
}

func cutLast(path string) (parent, name string, nested bool) {
	i := strings.LastIndexByte(path, ' ')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// TestCommands: every command line of sallyport names a command that is there,
// and only flags that it has.
func TestCommands(t *testing.T) {
	t.Parallel()
	known := readCommands(t)
	seen := 0
	for _, p := range readPages(t) {
		for _, line := range p.commands() {
			for _, words := range invocations(line) {
				seen++
				if fault := examine(known, words); fault != "" {
					t.Errorf("%s: %q: %s", p.path, strings.Join(append([]string{"sallyport"}, words...), " "), fault)
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("found %d command lines only", seen)
	}
}

// examine returns what is wrong with the words after "sallyport".
func examine(known map[string]*commandLine, words []string) string {
	path := ""
	for len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		next := strings.TrimSpace(path + " " + words[0])
		if known[next] == nil {
			break
		}
		path, words = next, words[1:]
	}
	c := known[path]
	for i, w := range words {
		switch {
		case strings.HasPrefix(w, "-") && w != "-":
			if name, _, _ := strings.Cut(w, "="); !c.flags[name] {
				return "there is no flag " + name
			}
		case i == 0 && c.below:
			return "there is no command " + w
		}
	}
	return ""
}

// TestExamine: the law above finds what is wrong.
func TestExamine(t *testing.T) {
	t.Parallel()
	known := readCommands(t)
	for line, want := range map[string]string{
		"sallyport token create x --scope a/b -o json":  "",
		"T=$(bin/sallyport token renew x | tail -n 1)":  "",
		"A=b sallyport token delete x":                  "",
		"sallyport":                                     "",
		"sallyport tokens list":                         "there is no command tokens",
		"sallyport token make x":                        "there is no command make",
		"true && sallyport token create x --scopes a/b": "there is no flag --scopes",
		"sallyport serve -o json":                       "there is no flag -o",
	} {
		all := invocations(line)
		if len(all) != 1 {
			t.Errorf("%s: %d command lines, want 1", line, len(all))
			continue
		}
		if got := examine(known, all[0]); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// invocations returns the words after each "sallyport" that is called in a line
// of a shell.
func invocations(line string) [][]string {
	var all [][]string
	for _, simple := range split(line) {
		for len(simple) > 0 && regexp.MustCompile(`^[A-Z_]+=|^(exec|sudo|time)$`).MatchString(simple[0]) {
			simple = simple[1:]
		}
		if len(simple) > 0 && (simple[0] == "sallyport" || strings.HasSuffix(simple[0], "/sallyport")) {
			all = append(all, simple[1:])
		}
	}
	return all
}

// split cuts a line of a shell into simple commands and these into words, well
// enough for the pages. Quoted text is one word; a comment ends the line.
func split(line string) [][]string {
	var all [][]string
	var words []string
	var word strings.Builder
	quote := rune(0)
	endWord := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	endCommand := func() {
		endWord()
		all = append(all, words)
		words = nil
	}
	for _, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '#' && word.Len() == 0:
			endCommand()
			return all
		case r == ' ' || r == '\t':
			endWord()
		case strings.ContainsRune("|;&()`", r):
			endCommand()
		default:
			word.WriteRune(r)
		}
	}
	endCommand()
	return all
}

var (
	makeLine = regexp.MustCompile(`^\s*(?:[A-Z_]+=\S+ )*make((?: [a-z][a-z-]*)?)(?:\s|$)`)
	target   = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
)

// TestMakeTargets: every target of make that a page names is there.
func TestMakeTargets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"": true}
	for _, m := range target.FindAllStringSubmatch(string(text), -1) {
		known[m[1]] = true
	}
	seen := 0
	for _, p := range readPages(t) {
		for _, line := range p.commands() {
			m := makeLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			seen++
			if name := strings.TrimSpace(m[1]); !known[name] {
				t.Errorf("%s: there is no target %q in the Makefile", p.path, name)
			}
		}
	}
	if seen < 8 {
		t.Errorf("found %d calls of make only", seen)
	}
}
