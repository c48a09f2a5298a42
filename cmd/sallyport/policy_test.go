package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The file of the page about policies is one that can be applied, and its tests
// hold.
func TestPolicyOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/how-to/policy-as-code.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	t.Setenv("SALLYPORT_URL", w.url)
	t.Setenv("SALLYPORT_TOKEN", w.root)
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ := strings.Cut(rest, "```")
	file := filepath.Join(t.TempDir(), "page.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"plan", "-f", file}, {"apply", "-f", file, "--yes"}, {"plan", "-f", file, "--exit-code"}} {
		var out, errOut strings.Builder
		if status := run(t.Context(), args, strings.NewReader(""), &out, &errOut); status != exitOK {
			t.Fatalf("%v: status %d\n%s%s", args, status, out.String(), errOut.String())
		}
		if !strings.Contains(out.String(), "4 of 4 tests passed") || args[0] == "plan" && strings.Contains(errOut.String(), "warning") {
			t.Errorf("%v:\n%s%s", args, out.String(), errOut.String())
		}
	}
}
