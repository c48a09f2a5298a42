package console

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The browser tests have the list of all routes, so that they can tell which one has
// no story.
func TestRoutesAreListedForTheBrowserTests(t *testing.T) {
	t.Parallel()
	const file = "../../test/e2e/routes.txt"
	var lines []string
	for _, r := range routes() {
		lines = append(lines, fmt.Sprintf("%s %s %s\n", r.method, r.path, r.id))
	}
	slices.Sort(lines)
	want := strings.Join(lines, "")
	if os.Getenv("SALLYPORT_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not the list of routes (%v); SALLYPORT_UPDATE=1 writes it anew", file, err)
	}
}
