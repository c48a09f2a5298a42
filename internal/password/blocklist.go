package password

import (
	"bytes"
	"compress/gzip"
	_ "embed" // for the list
	"fmt"
	"io"
	"slices"
	"strings"
)

// blocklistData is one password a line, in lower case, sorted, compressed. See
// blocklist.LICENSE.md for where it comes from.
//
//go:embed blocklist.txt.gz
var blocklistData []byte

// maxBlocklist is how large the list may be when unpacked, in bytes.
const maxBlocklist = 4 << 20

// A Blocklist is the set of common passwords.
type Blocklist struct{ sorted []string }

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
	sorted := strings.Split(strings.TrimSpace(string(text)), "\n")
	if !slices.IsSorted(sorted) {
		return nil, fmt.Errorf("unpack the list of common passwords: it is not sorted")
	}
	return &Blocklist{sorted}, nil
}

// Len returns the number of passwords in the list.
func (b *Blocklist) Len() int { return len(b.sorted) }

// has reports whether the list has a password, given in lower case.
func (b *Blocklist) has(lower string) bool {
	_, found := slices.BinarySearch(b.sorted, lower)
	return found
}
