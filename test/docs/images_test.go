package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImages: every picture is shown by a page, and none is large.
func TestImages(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "docs/images/*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pictures: %v", err)
	}
	var all strings.Builder
	for _, p := range readPages(t) {
		all.WriteString(p.prose)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(file); !strings.Contains(all.String(), "images/"+name) {
			t.Errorf("no page shows %s", name)
		} else if info.Size() > 100_000 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
}
