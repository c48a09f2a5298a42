package blackbox_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A scanner looks for secrets where none may be, in every spelling in which they
// could have been written.
type scanner struct {
	needles map[string][]byte // spelling by what it is
	files   map[string]bool   // that hold secrets on purpose, by base name
}

func newScanner(secrets ...string) *scanner {
	s := &scanner{needles: map[string][]byte{}, files: map[string]bool{}}
	for _, secret := range secrets {
		s.add(secret)
	}
	return s
}

func (s *scanner) add(secret string) {
	short := secret[:min(8, len(secret))] + "…"
	put := func(how, text string) { s.needles[short+" "+how] = []byte(text) }
	put("as it is", secret)
	put("in hexadecimal", hex.EncodeToString([]byte(secret)))
	put("in upper hexadecimal", strings.ToUpper(hex.EncodeToString([]byte(secret))))
	put("for a URL", url.QueryEscape(secret))
	put("backwards", reverse(secret))
	put("its body", secret[len(secret)/2:]) // half of it is too much as well
	// Within a longer text base64 depends on where it begins.
	for skip := range 3 {
		inner := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + secret))
		from := []int{0, 2, 3}[skip]
		put(fmt.Sprint("in base64 ", skip), inner[from:len(inner)-2])
		inner = base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + secret))
		put(fmt.Sprint("in base64url ", skip), inner[from:len(inner)-2])
	}
}

func reverse(text string) string {
	b := []byte(text)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// text fails the test if there is a secret in a text.
func (s *scanner) text(t testing.TB, what, text string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s is empty: the scan proves nothing", what)
	}
	s.bytes(t, what, []byte(text))
}

func (s *scanner) bytes(t testing.TB, what string, text []byte) {
	t.Helper()
	for name, needle := range s.needles {
		if i := bytes.Index(text, needle); i >= 0 {
			t.Errorf("%s contains a secret, %s: ...%q", what, name, text[max(0, i-80):min(len(text), i+len(needle))])
		}
	}
}

// folder fails the test if there is a secret in any file of a folder.
func (s *scanner) folder(t testing.TB, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || s.files[entry.Name()] {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n += len(text)
		s.bytes(t, "the file "+entry.Name(), text)
		return nil
	})
	if err != nil || n < 10_000 {
		t.Errorf("%d bytes were scanned in %s: %v", n, dir, err)
	}
}

// The scanner must find what it is there to find.
func TestScannerFinds(t *testing.T) {
	t.Parallel()
	const secret = "spp_MVF1iYUdWGCKpXHJtGZ9iY6eSyiIKT2Nb6u3"
	for name, text := range map[string]string{
		"plain": "x=" + secret, "hexadecimal": hex.EncodeToString([]byte("a" + secret)),
		"base64 of Basic":  base64.StdEncoding.EncodeToString([]byte("alice:" + secret)),
		"base64 elsewhere": base64.StdEncoding.EncodeToString([]byte("bob:" + secret + "!")),
		"base64 at last":   base64.URLEncoding.EncodeToString([]byte("jane:" + secret)),
		"half":             secret[20:],
	} {
		found := &quiet{TB: t}
		newScanner(secret).text(found, name, text)
		if !found.failed {
			t.Errorf("%s: not found in %q", name, text)
		}
	}
	found := &quiet{TB: t}
	newScanner(secret).text(found, "innocent", "spp_something else, 3u6bN")
	if found.failed {
		t.Error("something was found where nothing is")
	}
}

// quiet is a test that only notes that it failed.
type quiet struct {
	testing.TB
	failed bool
}

func (q *quiet) Errorf(string, ...any) { q.failed = true }
func (q *quiet) Helper()               {}
