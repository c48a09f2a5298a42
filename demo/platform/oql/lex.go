package oql

import (
	"strings"
	"unicode/utf8"
)

// A kind is what a token is.
type kind int

const (
	end    kind = iota // of the text
	name               // an identifier or a keyword
	quoted             // a string; text is what it stands for
	number             // an integer or a decimal
	symbol             // an operator, parenthesis, comma or point
)

type token struct {
	kind   kind
	text   string
	offset int
}

// is reports whether t is the keyword word, which is given in capitals.
func (t token) is(word string) bool { return t.kind == name && strings.EqualFold(t.text, word) }

// symbols are the tokens made of punctuation, the longer ones first.
var symbols = []string{"!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "."}

// lex cuts text into tokens, the last of which is the end.
func lex(text string) ([]token, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{0, "invalid UTF-8"}
	}
	var out []token
	for at := 0; at < len(text); {
		t, n, err := next(text, at)
		if err != nil {
			return nil, err
		}
		if n == 0 { // a blank
			at++
			continue
		}
		out = append(out, t)
		at += n
	}
	return append(out, token{kind: end, offset: len(text)}), nil
}

// next reads the token at the offset at and returns how many bytes it takes,
// 0 for a blank.
func next(text string, at int) (token, int, error) {
	rest := text[at:]
	switch c := rest[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return token{}, 0, nil
	case c == '\'' || c == '"':
		return str(rest, at)
	case c == '`':
		n := strings.IndexByte(rest[1:], '`')
		if n < 1 || span(rest[1:1+n], isName) != n || isDigit(rest[1]) {
			return token{}, 0, &Error{at, "a name in backquotes is expected"}
		}
		return token{name, rest[1 : 1+n], at}, n + 2, nil
	case isDigit(c) || c == '-' && len(rest) > 1 && isDigit(rest[1]):
		n := 1 + span(rest[1:], func(c byte) bool { return isDigit(c) || c == '.' })
		if strings.Count(rest[:n], ".") > 1 || rest[n-1] == '.' {
			return token{}, 0, &Error{at, "a number is expected"}
		}
		return token{number, rest[:n], at}, n, nil
	case isName(c):
		n := span(rest, isName)
		return token{name, rest[:n], at}, n, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return token{symbol, s, at}, len(s), nil
		}
	}
	return token{}, 0, &Error{at, "unexpected character"}
}

// str reads a quoted string at the start of rest.
func str(rest string, at int) (token, int, error) {
	quote := rest[0]
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == quote:
			return token{quoted, b.String(), at}, i + 1, nil
		case c == '\\' && i+1 < len(rest) && strings.IndexByte(`\'"`, rest[i+1]) >= 0:
			i++
			b.WriteByte(rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return token{}, 0, &Error{at, "a string is not closed"}
}

// span is the length of the longest start of s whose bytes all pass ok.
func span(s string, ok func(byte) bool) int {
	n := 0
	for n < len(s) && ok(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isName(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
