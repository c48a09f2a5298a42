package carrier

import "strings"

// MaxParameters is how many parameters a query may have in which a credential is
// looked for.
const MaxParameters = 100

// QueryValue returns the value of the first parameter with this name, decoded,
// and how often the name is there. Names are compared exactly, after decoding.
//
// Decoding is lenient: an escape that is not valid stays as it is, and "+" is a
// blank. A query with a ";" is a [QueryMalformed] and one with more than
// [MaxParameters] is a [TooManyParameters]. A value without "+" and "%" is a
// substring of raw.
func QueryValue(raw, name string) (value string, count int, fault Fault) {
	if fault := checkParameters(raw, MaxParameters); fault != OK {
		return "", 0, fault
	}
	found, count := scan(raw, name)
	return found.text(), count, OK
}

// QueryValues returns each value of a parameter, as [QueryValue] reads the first.
func QueryValues(raw, name string) (values []string, fault Fault) {
	if fault := checkParameters(raw, MaxParameters); fault != OK {
		return nil, fault
	}
	for more := true; more; {
		var pair string
		pair, raw, more = strings.Cut(raw, "&")
		if key, v, _ := strings.Cut(pair, "="); pair != "" && decodesTo(key, name) {
			values = append(values, encoded{raw: v, escaped: true}.text())
		}
	}
	return values, OK
}

// QueryNames calls f with the name of each parameter, decoded, until it returns
// false.
func QueryNames(raw string, f func(name string) bool) {
	for more := true; more; {
		var pair string
		pair, raw, more = strings.Cut(raw, "&")
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !f(encoded{raw: name, escaped: true}.text()) {
			return
		}
	}
}

// CutQuery returns the query without the parameters of these names. All other
// bytes stay as they are and in their order; only the "&" beside a parameter goes
// with it. Names are compared as in [QueryValue]. Without a match it returns
// rawQuery itself.
func CutQuery(rawQuery string, names ...string) string {
	return cutPairs(rawQuery, '&', func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		for _, unwanted := range names {
			if decodesTo(name, unwanted) {
				return true
			}
		}
		return false
	})
}

// cutPairs removes the unwanted ones of the pairs that the separator joins.
func cutPairs(raw string, separator byte, unwanted func(pair string) bool) string {
	var out []byte // nil as long as nothing was removed
	kept := 0
	for start := 0; start <= len(raw); {
		end := len(raw)
		if i := strings.IndexByte(raw[start:], separator); i >= 0 {
			end = start + i
		}
		pair := raw[start:end]
		switch drop := pair != "" && unwanted(pair); {
		case drop && out == nil:
			out = append(make([]byte, 0, len(raw)), raw[:max(start-1, 0)]...)
		case !drop && out != nil && kept > 0:
			out = append(append(out, separator), pair...)
			kept++
		case !drop && out != nil:
			out = append(out, pair...)
			kept++
		case !drop:
			kept++
		}
		start = end + 1
	}
	if out == nil {
		return raw
	}
	return string(out)
}

// checkParameters refuses what servers part differently, and what is too much.
func checkParameters(raw string, limit int) Fault {
	count := 1
	for i := range len(raw) {
		switch raw[i] {
		case ';':
			return QueryMalformed
		case '&':
			count++
		}
	}
	if count > limit {
		return TooManyParameters
	}
	return OK
}

// scan returns the first value of a parameter, and how often it is there.
func scan(raw, name string) (value encoded, count int) {
	for more := true; more; {
		var pair string
		pair, raw, more = strings.Cut(raw, "&")
		if key, v, _ := strings.Cut(pair, "="); pair != "" && decodesTo(key, name) {
			if count == 0 {
				value = encoded{raw: v, escaped: true}
			}
			count++
		}
	}
	return value, count
}

// mentions reports whether a parameter holds a refused carrier's credential.
func mentions(pair string, c *Carrier) bool {
	key, value, _ := strings.Cut(pair, "=")
	return decodesTo(key, c.Name) && (value != "" || !c.EmptyAbsent)
}

// mayDecodeTo reports whether a name that begins so may be want. It is asked of
// each parameter of each request, and spares nearly all of them the rest.
func mayDecodeTo(first byte, want string) bool {
	return first == '%' || first == '+' || want == "" || first == want[0]
}

// cutParameter cuts a query behind its first parameter, whichever of "&" and ";"
// ends it. Queries are short; [strings.IndexAny] would first make a set of the
// two.
func cutParameter(raw string) (pair, rest string, more bool) {
	for i := range len(raw) {
		if raw[i] == '&' || raw[i] == ';' {
			return raw[:i], raw[i+1:], true
		}
	}
	return raw, "", false
}

// An encoded is a value as it was sent.
type encoded struct {
	raw     string
	escaped bool // whether "%" and "+" have their meaning
}

// len returns the decoded length. Reckoning before decoding keeps a long value
// from being copied.
func (e encoded) len() int {
	if !e.escaped {
		return len(e.raw)
	}
	n := 0
	for i := 0; i < len(e.raw); n++ {
		_, width := decodeByte(e.raw[i:])
		i += width
	}
	return n
}

// text returns the decoded value.
func (e encoded) text() string {
	first := strings.IndexAny(e.raw, "%+")
	if !e.escaped || first < 0 {
		return e.raw
	}
	out := append(make([]byte, 0, len(e.raw)), e.raw[:first]...)
	for i := first; i < len(e.raw); {
		c, width := decodeByte(e.raw[i:])
		out = append(out, c)
		i += width
	}
	return string(out)
}

// decodesTo reports whether raw, decoded, is want.
func decodesTo(raw, want string) bool {
	n := 0
	for i := 0; i < len(raw); n++ {
		c, width := decodeByte(raw[i:])
		if n == len(want) || want[n] != c {
			return false
		}
		i += width
	}
	return n == len(want)
}

// decodeByte decodes the first byte of s, which is not empty, and says how much
// of s that took.
func decodeByte(s string) (c byte, width int) {
	switch s[0] {
	case '+':
		return ' ', 1
	case '%':
		if len(s) >= 3 {
			if hi, lo := hexValue(s[1]), hexValue(s[2]); hi < 16 && lo < 16 {
				return hi<<4 | lo, 3
			}
		}
	}
	return s[0], 1
}

// hexValue returns the value of a hexadecimal digit, and 16 for another byte.
func hexValue(c byte) byte {
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
