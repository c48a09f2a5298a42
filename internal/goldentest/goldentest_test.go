package goldentest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/goldentest"
)

// recorder is a testing.TB that keeps complaints instead of failing.
type recorder struct {
	testing.TB
	complaints []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

func TestCheck(t *testing.T) {
	t.Setenv(goldentest.UpdateVariable, "")
	for _, tt := range []struct {
		name, file, got string
		want            string // part of the complaint; empty for none
	}{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"both empty", "", "", ""},
		{"a line differs", "a\nb\n", "a\nc\n", "line 2 differs"},
		{"a line is missing", "a\nb", "a", "line 2 is missing"},
		{"a line too many", "a", "a\nb", "line 2 is too many"},
		{"last newline", "a", "a\n", "line 2 is too many"},
		{"carriage return", "a\n", "a\r\n", "line 1 differs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "golden")
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			r := &recorder{TB: t}
			goldentest.Check(r, path, []byte(tt.got))
			got := strings.Join(r.complaints, "\n")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("Check said %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCheckMissingFile(t *testing.T) {
	t.Setenv(goldentest.UpdateVariable, "")
	r := &recorder{TB: t}
	goldentest.Check(r, filepath.Join(t.TempDir(), "absent"), nil)
	if len(r.complaints) != 1 || !strings.Contains(r.complaints[0], "does not exist") {
		t.Errorf("Check said %q, want one complaint that the file does not exist", r.complaints)
	}
}

func TestCheckUpdates(t *testing.T) {
	t.Setenv(goldentest.UpdateVariable, "1")
	path := filepath.Join(t.TempDir(), "new", "folder", "golden")
	for _, text := range []string{"first", "second"} {
		r := &recorder{TB: t}
		goldentest.Check(r, path, []byte(text))
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text || len(r.complaints) != 0 {
			t.Errorf("file holds %q (complaints %q), want %q", got, r.complaints, text)
		}
	}
}
