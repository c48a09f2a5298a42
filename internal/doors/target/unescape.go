package target

import "strings"

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
