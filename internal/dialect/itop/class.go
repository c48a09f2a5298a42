package itop

import (
	"encoding/json"
	"strings"

	"github.com/sallyport/sallyport/internal/policy"
)

// classOf returns the class that an operation is about, for rights that are held
// for one class. It is empty where that cannot be told for sure: then a right is
// needed that is held for all.
func classOf(p policy.ParameterSource) string {
	text, there := p.Form(dataParameter)
	if !there {
		return ""
	}
	in, ok := readInput(text)
	if !ok {
		return ""
	}
	operation, _ := in.text("operation")
	if deedOf(operation) == nil {
		return ""
	}
	return in.class()
}

// class returns the class that the objects are of: the parameter "class", if the
// key cannot select objects of any other.
func (in input) class() string {
	class, _ := in.text("class")
	raw, there := in["key"]
	if !there || !isName(class) {
		return onlyName(class)
	}
	switch selected, kind := selectedClass(raw); kind {
	case keyPlain:
		return class
	case keyQuery:
		if selected == class {
			return class
		}
	case keyUnclear:
	}
	return ""
}

func onlyName(class string) string {
	if !isName(class) {
		return ""
	}
	return class
}

// A keyKind says what sort of key selects objects.
type keyKind uint8

const (
	keyUnclear keyKind = iota
	keyPlain           // an id, or an object of criteria: within the class
	keyQuery           // a query that says itself of which class
)

// selectedClass reads a key.
func selectedClass(raw json.RawMessage) (class string, kind keyKind) {
	var text string
	switch first := strings.TrimLeft(string(raw), " \t\r\n"); {
	case first == "":
		return "", keyUnclear
	case first[0] == '{':
		return "", keyPlain
	case isDigits(first):
		return "", keyPlain
	case json.Unmarshal(raw, &text) != nil || first[0] != '"':
		return "", keyUnclear
	case isDigits(text):
		return "", keyPlain
	}
	if class = queryClass(text); class == "" {
		return "", keyUnclear
	}
	return class, keyQuery
}

const oqlSpace = " \t\r\n"

// queryClass returns the class of a query that begins with SELECT and a class, and
// cannot be about another: its class is followed by nothing, by AS, JOIN, ON or
// WHERE, and nothing like a UNION is in it anywhere. Empty: it may be about more.
func queryClass(query string) string {
	const keyword = "SELECT"
	query = strings.Trim(query, oqlSpace)
	if len(query) <= len(keyword) || !strings.EqualFold(query[:len(keyword)], keyword) || !strings.ContainsRune(oqlSpace, rune(query[len(keyword)])) ||
		strings.Contains(strings.ToUpper(query), "UNION") {
		return ""
	}
	class, rest := word(strings.TrimLeft(query[len(keyword):], oqlSpace))
	if !isName(class) {
		return ""
	}
	if rest == "" {
		return class
	}
	next, _ := word(strings.TrimLeft(rest, oqlSpace))
	if !strings.ContainsRune(oqlSpace, rune(rest[0])) {
		return ""
	}
	switch strings.ToUpper(next) {
	case "AS", "JOIN", "WHERE":
		return class
	}
	return ""
}

// word cuts the letters, digits and underscores off the beginning of a text.
func word(text string) (first, rest string) {
	i := 0
	for i < len(text) && isWord(text[i]) {
		i++
	}
	return text[:i], text[i:]
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isName reports whether text can be the name of a class.
func isName(text string) bool {
	const longest = 100
	first, rest := word(text)
	return first != "" && rest == "" && len(text) <= longest && (first[0] < '0' || first[0] > '9')
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
