package carrier

import (
	"slices"
	"strings"
)

// cookieHeader is the header that cookies come in.
const cookieHeader = "Cookie"

// cookieValue returns the first cookie with this very name and how many there
// are, in all fields. Nothing is trimmed, unquoted or decoded: a value that is not
// made of cookie-octets (RFC 6265 §4.1.1) is a [Malformed], and so is one behind
// which the list goes on with nothing.
func cookieValue(lines []string, name string, limit int) (value string, count int, fault Fault) {
	for _, line := range lines {
		for rest, more := line, true; more; {
			var pair string
			pair, rest, more = strings.Cut(rest, ";")
			key, v, _ := strings.Cut(strings.TrimLeft(pair, " \t\r\n"), "=")
			if key != name {
				continue
			}
			if count == 0 {
				value, fault = v, checkCookie(v, limit)
				if fault == OK && strings.HasSuffix(strings.TrimRight(line, " \t"), ";") {
					fault = Malformed
				}
			}
			count++
		}
	}
	return value, count, fault
}

// checkCookie checks a cookie's value.
func checkCookie(value string, limit int) Fault {
	if len(value) > limit {
		return TooLong
	}
	if strings.ContainsAny(value, "\",\\") {
		return Malformed
	}
	return checkText(value, limit)
}

// CutCookie returns a Cookie header's value without the cookies of these names,
// and "" if none is left. The others stay as they are and in their order.
func CutCookie(value string, names ...string) string {
	cut := cutPairs(value, ';', func(pair string) bool {
		key, _, _ := strings.Cut(pair, "=")
		return slices.Contains(names, strings.Trim(key, " \t\r\n"))
	})
	if len(cut) == len(value) {
		return value
	}
	return strings.Trim(cut, " \t")
}
