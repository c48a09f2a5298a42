package main

import (
	"slices"
	"strings"
	"testing"
)

// Mappings of the program's file alone are given back, and of those none that can be
// written to or that a loader has changed.
func TestUntouched(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-01465000 r-xp 00000000 fe:00 12 /opt/sallyport
Rss:               17216 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
01465000-0277a000 r--p 01065000 fe:00 12 /opt/sallyport
Rss:               16776 kB
Anonymous:             0 kB
0277a000-0286e000 r--p 0237a000 fe:00 12 /opt/sallyport
Anonymous:             8 kB
0286e000-0287e000 rw-p 0246e000 fe:00 12 /opt/sallyport
Anonymous:             0 kB
02880000-02890000 r--p 0246e000 fe:00 12 /opt/sallyport (deleted)
Anonymous:             0 kB
02890000-028f3000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7fff0000-7fff1000 r--p 00000000 fe:00 13 /lib/other
Anonymous:             0 kB
7fff8000-7fff9000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x1465000}, {0x1465000, 0x277a000}}
	if got := untouched(strings.NewReader(smaps), "/opt/sallyport"); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got := untouched(strings.NewReader("nonsense\nff-zz r-xp 0 0 0 /opt/sallyport\nAnonymous: 0 kB\n"), "/opt/sallyport"); len(got) != 0 {
		t.Errorf("%x of nonsense", got)
	}
}
