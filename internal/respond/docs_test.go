package respond

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
)

const reasonsPage = "../../docs/reference/reasons.md"

// TestReasonsPage keeps docs/reference/reasons.md equal to the table in
// reason.go; SALLYPORT_UPDATE=1 rewrites the page.
func TestReasonsPage(t *testing.T) {
	t.Parallel()
	want := reasonsMarkdown()
	if os.Getenv("SALLYPORT_UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(reasonsPage), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(reasonsPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(reasonsPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/reference/reasons.md is not what reason.go says; run SALLYPORT_UPDATE=1 go test ./internal/respond")
	}
}

func reasonsMarkdown() []byte {
	var b bytes.Buffer
	b.WriteString(`# Reasons

<!-- Generated from reason.go by SALLYPORT_UPDATE=1 go test ./internal/respond. Do not edit. -->

Every refusal names its cause: the ` + "`reason`" + ` of the problem document (RFC 9457) and of the
log line. Reasons are added, never renamed or reused.

Where telling the cause would help someone who guesses credentials or maps an
installation, the caller reads a coarser reason; the access log has the fine one, under
the request id. How much a caller is told is set for each API with ` + "`explain`" + `: ` + "`none`" + ` (status and request id), ` + "`code`" + ` (and the reason) or
` + "`full`" + ` (and, with a 403, what is missing).

| reason | status | the caller reads | title |
|---|---|---|---|
`)
	all := sallyport.Reasons()
	for _, r := range all {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %d | [`%s`](#%s) | %s |\n", r.Reason, r.Reason, r.Status, r.Reason.Coarse(), r.Reason.Coarse(), r.Title)
	}
	b.WriteString("\n## Every reason\n")
	var coarse []sallyport.Reason
	for _, r := range all {
		fmt.Fprintf(&b, "\n### %s\n\n%d %s. *%s.*\n\n", r.Reason, r.Status, http.StatusText(r.Status), r.Title)
		if r.Coarse == "" {
			fmt.Fprintf(&b, "The caller reads: %s\n", r.Public)
		} else {
			fmt.Fprintf(&b, "The caller reads [`%s`](#%s): %s\n", r.Coarse, r.Coarse, r.Public)
			if !slices.Contains(coarse, r.Coarse) {
				coarse = append(coarse, r.Coarse)
			}
		}
		if r.Operator != "" {
			fmt.Fprintf(&b, "\nFor the operator: %s\n", r.Operator)
		}
	}
	b.WriteString("\n## What callers read in place of a finer reason\n")
	for _, c := range coarse {
		fmt.Fprintf(&b, "\n### %s\n\nStands for ", c)
		sep := ""
		var public string
		for _, r := range all {
			if r.Coarse == c {
				fmt.Fprintf(&b, "%s[`%s`](#%s)", sep, r.Reason, r.Reason)
				sep, public = ", ", r.Public
			}
		}
		fmt.Fprintf(&b, ".\n\nThe caller reads: %s\n", public)
	}
	b.WriteString("\n## Failures of the management API\n\nThey stand in the place of a reason when a request was allowed but could not be carried out.\n")
	for k := range sallyport.Throttled + 1 {
		row, ok := kinds()[k]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n%d %s. *%s.*\n\n%s\n", failureHeading(row.name), row.status, http.StatusText(row.status), row.title, row.meant)
	}
	return b.Bytes()
}

// failureHeading keeps anchors unique: not_found is above, among the reasons.
func failureHeading(name sallyport.Reason) string {
	if name == sallyport.NothingHere {
		return "not_found (management API)"
	}
	return string(name)
}

// TestTable demands exactly one row for each constant, and texts that can be
// read aloud.
func TestTable(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "../../reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	onWireOnly := []string{"credential_invalid", "not_found"}
	rows := map[string]int{}
	for _, r := range sallyport.Reasons() {
		rows[string(r.Reason)]++
	}
	constants := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Reason" {
			return true
		}
		for _, v := range spec.Values {
			lit, ok := v.(*ast.BasicLit)
			if !ok {
				t.Errorf("%s is not a literal", spec.Names[0].Name)
				continue
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			constants++
			want := 1
			if slices.Contains(onWireOnly, text) {
				want = 0
			}
			if rows[text] != want {
				t.Errorf("%s (%s) has %d rows, want %d", spec.Names[0].Name, text, rows[text], want)
			}
			delete(rows, text)
		}
		return true
	})
	if constants < 40 {
		t.Errorf("found %d constants only; is reason.go still read?", constants)
	}
	for text := range rows {
		t.Errorf("row %s has no constant", text)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	same := map[sallyport.Reason]sallyport.ReasonInfo{}
	for _, r := range sallyport.Reasons() {
		if !name.MatchString(string(r.Reason)) {
			t.Errorf("%s: not lower_snake", r.Reason)
		}
		if r.Status < 400 || http.StatusText(r.Status) == "" {
			t.Errorf("%s: status %d is not a refusal", r.Reason, r.Status)
		}
		if r.Title == "" || strings.HasSuffix(r.Title, ".") {
			t.Errorf("%s: title %q", r.Reason, r.Title)
		}
		if r.Public == "" || !strings.HasSuffix(r.Public, ".") {
			t.Errorf("%s: public text %q is not a sentence", r.Reason, r.Public)
		}
		if r.Operator != "" && !strings.HasSuffix(r.Operator, ".") {
			t.Errorf("%s: operator text %q is not a sentence", r.Reason, r.Operator)
		}
		// What shares a coarse reason must look the same in every byte, or the
		// coarse reason hides nothing.
		if r.Coarse != "" {
			first, ok := same[r.Coarse]
			if !ok {
				same[r.Coarse] = r
				first = r
			}
			if r.Status != first.Status || r.Title != first.Title || r.Public != first.Public {
				t.Errorf("%s and %s are both told as %s, but differ", r.Reason, first.Reason, r.Coarse)
			}
			if r.Operator == "" {
				t.Errorf("%s: told as %s, and nothing tells the operator which", r.Reason, r.Coarse)
			}
		}
	}
}
