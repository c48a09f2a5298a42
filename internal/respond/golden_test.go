package respond_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"
)

// A play is one answer on the wire, by name.
type play struct {
	name string
	got  *httptest.ResponseRecorder
}

// check compares plays, byte for byte, with the .response files of an archive.
// With SALLYPORT_UPDATE set it rewrites them; the diff is the review of the
// wire.
func check(t *testing.T, file string, plays []play) {
	t.Helper()
	path := filepath.Join("testdata", file)
	old, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now := &txtar.Archive{Comment: old.Comment}
	for _, p := range plays {
		now.Files = append(now.Files, txtar.File{Name: p.name + ".response", Data: wire(p.got)})
	}
	if os.Getenv("SALLYPORT_UPDATE") != "" {
		if err := os.WriteFile(path, txtar.Format(now), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, want := len(now.Files), len(old.Files); got != want {
		t.Errorf("%s: %d answers, the file has %d", file, got, want)
	}
	for i, f := range now.Files {
		if i >= len(old.Files) {
			t.Errorf("%s: %s is not in the file", file, f.Name)
			continue
		}
		if want := old.Files[i]; f.Name != want.Name || !bytes.Equal(f.Data, want.Data) {
			t.Errorf("%s: %s is\n%s\nwant %s\n%s", file, f.Name, f.Data, want.Name, want.Data)
		}
	}
}

// wire writes an answer as it is read by people: status, sorted headers, body.
func wire(rec *httptest.ResponseRecorder) []byte {
	var b bytes.Buffer
	res := rec.Result()
	fmt.Fprintf(&b, "%s\n", res.Status)
	var names []string
	for name := range res.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range res.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	b.WriteByte('\n')
	b.Write(rec.Body.Bytes())
	return b.Bytes()
}
