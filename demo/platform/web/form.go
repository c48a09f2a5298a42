package web

import "strings"

// MaxParams bounds how many parameters [LenientForm] reads of one text.
const MaxParams = 1000

// LenientForm adds the parameters of a query or form to out. The last one of a
// name counts. Unlike the standard library it loses nothing that is badly
// written: what is not a valid escape is taken as it stands.
func LenientForm(out map[string]string, text string) {
	n := 0
	for pair := range strings.SplitSeq(text, "&") {
		if n++; n > MaxParams {
			return
		}
		name, value, _ := strings.Cut(pair, "=")
		if name = unescape(name); name != "" {
			out[name] = unescape(value)
		}
	}
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && hex(s[i+1]) < 16 && hex(s[i+2]) < 16:
			out = append(out, hex(s[i+1])<<4|hex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

// hex is the value of a hexadecimal digit, 16 for anything else.
func hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
