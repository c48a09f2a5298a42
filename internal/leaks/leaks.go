// Package leaks finds secrets of Sallyport where they should not be: in files, and
// in the history of a git repository. It knows them by their form and their
// checksum, so what it finds is a secret and not something that looks like one;
// whether the secret is still good it cannot know.
package leaks

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/token"
)

// A Find is a secret in a place.
type Find struct {
	Path   string // of the file
	Commit string // in which it is; empty: in the tree as it lies there
	Line   int    // from 1
	Column int    // from 1, in bytes
	Kind   sallyport.CredentialKind
	Secret sallyport.Secret
}

// Hint returns what may be shown of the secret.
func (f *Find) Hint() string { return token.Hint(f.Secret.Reveal()) }

// maxLine is how much of a line is looked at together. In a longer one, such as in a
// minified script, parts overlap by the length of a secret, so that none is cut.
const maxLine = 1 << 20

// Scan reads text and calls found for each secret, in order. The path is repeated in
// what it finds.
func Scan(r io.Reader, path string, found func(Find)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	line, before := 1, 0
	var part []byte
	for {
		chunk, err := in.ReadSlice('\n')
		part = append(part, chunk...)
		whole := err == nil || errors.Is(err, io.EOF)
		if whole || len(part) >= maxLine {
			for _, f := range inLine(part) {
				f.Path, f.Line, f.Column = path, line, f.Column+before
				if whole || f.Column-before <= len(part)-token.OpaqueLen { // else it comes again
					found(f)
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil:
			line, before, part = line+1, 0, part[:0]
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		case len(part) >= maxLine:
			// The last bytes are looked at again, with one more for what stands before.
			cut := len(part) - token.OpaqueLen
			before += cut
			part = append(part[:0], part[cut:]...)
		}
	}
}

// inLine returns the secrets in a line. One that goes on with another letter or digit
// is part of something else.
func inLine(line []byte) (all []Find) {
	for at := 0; ; {
		i := bytes.Index(line[at:], []byte("sp"))
		if i < 0 || len(line)-at-i < token.OpaqueLen {
			return all
		}
		at += i
		text := line[at : at+token.OpaqueLen]
		kind, good := token.Inspect(string(text))
		if !good || at > 0 && isWord(line[at-1]) || at+len(text) < len(line) && isWord(line[at+len(text)]) {
			at += len("sp")
			continue
		}
		all = append(all, Find{Column: at + 1, Kind: kind, Secret: sallyport.Secret(text)})
		at += len(text)
	}
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// Tree scans a file, or all files of a folder but those of git itself. Links are not
// followed. What cannot be read is told to skipped, and does not end the scan.
func Tree(path string, found func(Find), skipped func(path string, err error)) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	return filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			skipped(name, err)
			return nil
		case d.IsDir() && d.Name() == ".git":
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		if err := file(name, found); err != nil {
			skipped(name, err)
		}
		return nil
	})
}

func file(name string, found func(Find)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	return Scan(f, name, found)
}
