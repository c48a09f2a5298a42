package oql

import (
	"math/big"
	"slices"
	"strings"
	"unicode"
)

func (x all) match(value func(string) string) bool {
	return !slices.ContainsFunc(x, func(e Expr) bool { return !e.match(value) })
}

func (x some) match(value func(string) string) bool {
	return slices.ContainsFunc(x, func(e Expr) bool { return e.match(value) })
}

func (x comparison) match(value func(string) string) bool {
	have := value(x.attribute)
	same := func(v literal) bool { return compare(have, v.text) == 0 }
	switch x.op {
	case "LIKE":
		return like(have, x.values[0].text)
	case "NOT LIKE":
		return !like(have, x.values[0].text)
	case "IN":
		return slices.ContainsFunc(x.values, same)
	case "NOT IN":
		return !slices.ContainsFunc(x.values, same)
	}
	c := compare(have, x.values[0].text)
	switch x.op {
	case "=":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	return false
}

// compare orders two texts: as numbers when both are decimal numbers of a
// sensible length, otherwise letter by letter without regard to case.
func compare(a, b string) int {
	if x, ok := decimal(a); ok {
		if y, ok := decimal(b); ok {
			return x.Cmp(y)
		}
	}
	return strings.Compare(fold(a), fold(b))
}

func decimal(s string) (*big.Rat, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 40 || !isDigit(digits[0]) || !isDigit(digits[len(digits)-1]) ||
		span(digits, func(c byte) bool { return isDigit(c) || c == '.' }) != len(digits) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func fold(s string) string { return strings.Map(foldRune, s) }

// foldRune is the smallest of the letters that differ from r in case only.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// A piece is one step of a LIKE pattern: a letter, any letter, or any text.
type piece struct {
	letter    rune
	one, many bool
}

func pieces(pattern string) []piece {
	var out []piece
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			out, escaped = append(out, piece{letter: foldRune(r)}), false
		case r == '\\':
			escaped = true
		case r == '%':
			out = append(out, piece{many: true})
		case r == '_':
			out = append(out, piece{one: true})
		default:
			out = append(out, piece{letter: foldRune(r)})
		}
	}
	if escaped {
		out = append(out, piece{letter: '\\'})
	}
	return out
}

// like matches text against pattern. It goes back only to the last %, so its
// time is at most the product of both lengths.
func like(text, pattern string) bool {
	t, p := []rune(fold(text)), pieces(pattern)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(t) {
		switch {
		case j < len(p) && p[j].many:
			star, mark = j, i
			j++
		case j < len(p) && (p[j].one || p[j].letter == t[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j].many {
		j++
	}
	return j == len(p)
}
