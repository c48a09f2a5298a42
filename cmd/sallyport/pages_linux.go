package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// giveBackPages takes those pages of the program's own file out of this process that
// nothing was written to. Most of them were used once, at the start; what is needed
// again comes from the system's cache. It is about memory alone, so what fails is let
// be.
func giveBackPages() {
	name, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	for _, m := range untouched(f, name) {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.start, m.end-m.start, syscall.MADV_DONTNEED)
	}
}

// A mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// untouched returns the mappings of a file that cannot be written to and have no page
// of the process's own in them, as a loader's corrections would leave (smaps,
// proc_pid_smaps(5)).
func untouched(smaps io.Reader, file string) (found []mapping) {
	var at mapping
	ours := false
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 6 && strings.Contains(fields[0], "-"):
			ours = fields[5] == file && len(fields) == 6 && strings.HasPrefix(fields[1], "r-") && strings.HasSuffix(fields[1], "p")
			first, last, _ := strings.Cut(fields[0], "-")
			start, err := strconv.ParseUint(first, 16, 64)
			end, err2 := strconv.ParseUint(last, 16, 64)
			at, ours = mapping{uintptr(start), uintptr(end)}, ours && err == nil && err2 == nil && start < end
		case len(fields) >= 2 && strings.Contains(fields[0], "-"):
			ours = false // a mapping of no file
		case ours && len(fields) == 3 && fields[0] == "Anonymous:":
			if fields[1] == "0" {
				found = append(found, at)
			}
			ours = false
		}
	}
	return found
}
