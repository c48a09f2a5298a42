package oql

import "strings"

// The bounds of one query: bytes of its text, parentheses within one another,
// and values of one list.
const (
	maxText  = 16 << 10
	maxDepth = 50
	maxList  = 1000
)

// Parse reads a query. The error is an [*Error].
func Parse(text string) (*Query, error) {
	if len(text) > maxText {
		return nil, &Error{maxText, "the query is too long"}
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	return q, nil
}

// A parser reads tokens by recursive descent, one method for each rule of the
// grammar.
type parser struct {
	tokens []token // the last is the end and is never passed
	depth  int
	found  Query
}

func (p *parser) peek() token { return p.tokens[0] }

// take returns the current token and moves on.
func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the current token if it is the keyword word.
func (p *parser) accept(word string) bool {
	if !p.peek().is(word) {
		return false
	}
	p.take()
	return true
}

// sign takes the current token if it is the symbol s.
func (p *parser) sign(s string) bool {
	if t := p.peek(); t.kind != symbol || t.text != s {
		return false
	}
	p.take()
	return true
}

func (p *parser) expected(what string) error {
	return &Error{p.peek().offset, what + " is expected"}
}

func (p *parser) query() (*Query, error) {
	if !p.accept("SELECT") {
		return nil, p.expected("SELECT")
	}
	q := &p.found
	var err error
	if q.Class, err = p.identifier("a class"); err != nil {
		return nil, err
	}
	if p.accept("AS") {
		if q.Alias, err = p.identifier("an alias"); err != nil {
			return nil, err
		}
	}
	if p.accept("WHERE") {
		if q.Where, err = p.or(); err != nil {
			return nil, err
		}
	}
	if p.peek().kind != end {
		return nil, p.expected("the end of the query")
	}
	return q, nil
}

// identifier takes a name that is not a keyword.
func (p *parser) identifier(what string) (string, error) {
	t := p.peek()
	if t.kind != name || isDigit(t.text[0]) || reserved[strings.ToUpper(t.text)] {
		return "", p.expected(what)
	}
	return p.take().text, nil
}

var reserved = map[string]bool{
	"SELECT": true, "AS": true, "WHERE": true, "AND": true, "OR": true, "NOT": true, "LIKE": true, "IN": true,
}

func (p *parser) or() (Expr, error) {
	first, err := p.and()
	if err != nil {
		return nil, err
	}
	list := some{first}
	for p.accept("OR") {
		e, err := p.and()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	if len(list) == 1 {
		return first, nil
	}
	return list, nil
}

func (p *parser) and() (Expr, error) {
	first, err := p.term()
	if err != nil {
		return nil, err
	}
	list := all{first}
	for p.accept("AND") {
		e, err := p.term()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	if len(list) == 1 {
		return first, nil
	}
	return list, nil
}

func (p *parser) term() (Expr, error) {
	if !p.sign("(") {
		return p.comparison()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, &Error{p.peek().offset, "too many parentheses within one another"}
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	p.depth--
	if !p.sign(")") {
		return nil, p.expected(")")
	}
	return e, nil
}

func (p *parser) comparison() (Expr, error) {
	var c comparison
	var err error
	if c.attribute, err = p.attribute(); err != nil {
		return nil, err
	}
	for _, op := range []string{"=", "!=", "<=", ">=", "<", ">"} {
		if p.sign(op) {
			c.op = op
			c.values, err = p.single()
			return c, err
		}
	}
	not := ""
	if p.accept("NOT") {
		not = "NOT "
	}
	switch {
	case p.accept("LIKE"):
		c.op = not + "LIKE"
		if p.peek().kind != quoted {
			return nil, p.expected("a string")
		}
		c.values, err = p.single()
	case p.accept("IN"):
		c.op = not + "IN"
		c.values, err = p.list()
	default:
		return nil, p.expected("a comparison")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// attribute reads a name that may be qualified by the alias, or by the class
// when there is none.
func (p *parser) attribute() (string, error) {
	at := p.peek().offset
	n, err := p.identifier("an attribute")
	if err != nil || !p.sign(".") {
		return n, err
	}
	owner := p.found.Alias
	if owner == "" {
		owner = p.found.Class
	}
	if n != owner {
		return "", &Error{at, "nothing in the query is called " + n}
	}
	return p.identifier("an attribute")
}

func (p *parser) single() ([]literal, error) {
	t := p.peek()
	if t.kind != quoted && t.kind != number {
		return nil, p.expected("a value")
	}
	p.take()
	return []literal{{t.text, t.kind == number}}, nil
}

func (p *parser) list() ([]literal, error) {
	if !p.sign("(") {
		return nil, p.expected("(")
	}
	var out []literal
	for {
		v, err := p.single()
		if err != nil {
			return nil, err
		}
		if out = append(out, v...); len(out) > maxList {
			return nil, &Error{p.peek().offset, "too many values"}
		}
		if p.sign(")") {
			return out, nil
		}
		if !p.sign(",") {
			return nil, p.expected(", or )")
		}
	}
}
