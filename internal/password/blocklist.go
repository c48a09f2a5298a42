package password

import (
	"bytes"
	"compress/gzip"
	_ "embed" // for the list
	"fmt"
	"io"
	"strings"
)

// blocklistData is one password a line, in lower case, sorted, compressed. See
// blocklist.LICENSE.md for where it comes from.
//
//go:embed blocklist.txt.gz
var blocklistData []byte

// maxBlocklist is how large the list may be when unpacked, in bytes.
const maxBlocklist = 4 << 20

// A Blocklist is the set of common passwords. It is kept as one text, since a list of
// its lines would take more memory than they do.
type Blocklist struct {
	lines string // sorted, each with its line end
	count int
}

// LoadBlocklist unpacks the list that is part of the program. It takes some
// milliseconds and about a megabyte.
func LoadBlocklist() (*Blocklist, error) {
	r, err := gzip.NewReader(bytes.NewReader(blocklistData))
	if err != nil {
		return nil, fmt.Errorf("unpack the list of common passwords: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxBlocklist))
	if err != nil {
		return nil, fmt.Errorf("unpack the list of common passwords: %w", err)
	}
	b := &Blocklist{lines: strings.TrimSpace(string(text)) + "\n"}
	last := ""
	for line := range strings.Lines(b.lines) {
		if line < last {
			return nil, fmt.Errorf("unpack the list of common passwords: it is not sorted")
		}
		last = line
		b.count++
	}
	return b, nil
}

// Len returns the number of passwords in the list.
func (b *Blocklist) Len() int { return b.count }

// has reports whether the list has a password, given in lower case.
func (b *Blocklist) has(lower string) bool {
	low, high := 0, len(b.lines) // where lines begin
	for low < high {
		middle := (low + high) / 2
		begin := strings.LastIndexByte(b.lines[:middle], '\n') + 1
		line, _, _ := strings.Cut(b.lines[begin:], "\n")
		switch {
		case line == lower:
			return true
		case line < lower:
			low = begin + len(line) + 1
		default:
			high = begin
		}
	}
	return false
}
