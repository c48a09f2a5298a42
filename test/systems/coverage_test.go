package systems_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sallyport/sallyport/demo"
)

// coverageFile lists what must be shown, and where it is.
const coverageFile = "coverage.txt"

// everySystem are the systems; of each one the states and inputs below are shown,
// or it is said why there is nothing to show.
var everySystem = []string{"itadvisor", "truesight", "orchestrator", "itop", "edgeintel"}

var everyCase = map[string][]string{
	"state": {
		"wrong", "expired", "refreshed", "deleted", "wrong scope", "owner deactivated", "right lost",
		"tenant missing", "tenant foreign", "realm foreign", "upstream gone",
	},
	"input": {
		"truncated base64", "Basic without a blank", "two credentials", "10 MB", "XML entities", "brackets nested 1,000 deep",
		"multipart without end", "an Accept that nothing satisfies",
	},
}

// A line of the list: what of which system is shown where. Fields have a bar
// between them.
type line struct {
	number       int
	kind, system string
	what         string
	where        string // FILE: EXCHANGE; of a way the title of an example; "none"
	text         string // that the answer holds; of a way the title of one that is refused; of none the reason
}

func (l *line) String() string { return fmt.Sprintf("%s:%d: %s", coverageFile, l.number, l.what) }

func coverage(t *testing.T) (list []line) {
	t.Helper()
	text, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	for row := range strings.Lines(string(text)) {
		number++
		row = strings.TrimSpace(row)
		if row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		fields := strings.SplitN(row, " | ", 5)
		if len(fields) != 5 {
			t.Fatalf("%s:%d: %d fields, want 5", coverageFile, number, len(fields))
		}
		l := line{number, fields[0], fields[1], fields[2], fields[3], fields[4]}
		if !slices.Contains(everySystem, l.system) || l.text == "" {
			t.Fatalf("%s: there is no system %q", &l, l.system)
		}
		list = append(list, l)
	}
	return list
}

// TestCoverage: each state of a credential, each sort of bad input, each promise
// and each text that clients know is in the answer of an exchange.
func TestCoverage(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, l := range coverage(t) {
		shown[l.kind+" of "+l.system+": "+l.what] = true
		switch l.kind {
		case "state", "input":
			if !slices.Contains(everyCase[l.kind], l.what) {
				t.Errorf("%s: there is no such %s", &l, l.kind)
			}
		case "promise", "literal":
		case "way":
			continue
		default:
			t.Errorf("%s: there is no kind %q", &l, l.kind)
		}
		if l.where == "none" {
			continue // the text says why
		}
		file, exchange, _ := strings.Cut(l.where, ": ")
		answer, err := answerOf(file, exchange)
		if err != nil {
			t.Errorf("%s: %v", &l, err)
		} else if !strings.Contains(answer, l.text) {
			t.Errorf("%s: the answer of %s does not hold %s:\n%s", &l, l.where, l.text, answer)
		}
	}
	for kind, cases := range everyCase {
		for _, system := range everySystem {
			for _, what := range cases {
				if key := kind + " of " + system + ": " + what; !shown[key] {
					t.Errorf("%s is not in %s", key, coverageFile)
				}
			}
		}
	}
}

// answerOf returns the answer of an exchange.
func answerOf(file, exchange string) (string, error) {
	text, err := os.ReadFile(file + ".txtar")
	if err != nil {
		return "", fmt.Errorf("read exchanges: %w", err)
	}
	f := section(txtar.Parse(text), exchange+".response")
	if f == nil {
		return "", fmt.Errorf("%s has no exchange %q", file, exchange)
	}
	return string(f.Data), nil
}

// checkWays makes sure that the demonstration shows each way to present oneself,
// let in and refused, and that it prints one of each when it starts.
func (s *stage) checkWays(t *testing.T) {
	t.Helper()
	printed, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	find := func(l *line, title string, refused bool) {
		i := slices.IndexFunc(s.Examples, func(e demo.Example) bool { return e.Title == title })
		if i < 0 || s.Examples[i].API != l.system || s.Examples[i].Refused != refused {
			t.Errorf("%s: no example of %s with refused %t has the title %q", l, l.system, refused, title)
		}
	}
	for _, l := range coverage(t) {
		if l.kind != "way" {
			continue
		}
		find(&l, l.where, false)
		find(&l, l.text, true)
		if !strings.Contains(string(printed), "\n# "+l.where+" -> ") {
			t.Errorf("%s: the demonstration did not print %q", &l, l.where)
		}
	}
}
