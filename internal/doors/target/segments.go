package target

import (
	"iter"
	"strings"
)

// Segments yields the segments of a canonical path, still escaped. A trailing
// slash gives an empty last segment, so "/" yields one empty segment, and
// joining what was yielded with "/" gives the path back. It does not allocate.
func Segments(canonical string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest, more := strings.CutPrefix(canonical, "/")
		for more {
			var segment string
			segment, rest, more = strings.Cut(rest, "/")
			if !yield(segment) {
				return
			}
		}
	}
}

// Unescape decodes the escapes of a canonical path or of one of its segments.
// An escape that is not valid stays as it is; a path from [Parse] has none. It
// returns s itself if there is nothing to decode.
func Unescape(s string) string {
	first := strings.IndexByte(s, '%')
	if first < 0 {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:first]...)
	for i := first; i < len(s); i++ {
		if c, ok := unhex(s[i:]); ok {
			out = append(out, c)
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}
