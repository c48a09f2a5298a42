// Package oql reads and evaluates the part of the object query language that
// the imitated CMDB needs:
//
//	query      = "SELECT" class [ "AS" alias ] [ "WHERE" or ]
//	or         = and { "OR" and }
//	and        = term { "AND" term }
//	term       = "(" or ")" | comparison
//	comparison = attribute ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//	           | attribute [ "NOT" ] "LIKE" string
//	           | attribute [ "NOT" ] "IN" "(" value { "," value } ")"
//	attribute  = [ ( alias | class ) "." ] name
//	value      = string | number
//
// Keywords are read in any case. A string stands in single or double quotes;
// a backslash before a quote or a backslash takes it literally. In the pattern
// of LIKE, % stands for any text and _ for one character. Texts are compared
// without regard to case, as the product's database does.
package oql

import (
	"fmt"
	"strings"
)

// A Query selects the objects of one class. The zero Query selects nothing.
type Query struct {
	Class string
	Alias string // empty when the text has none
	Where Expr   // nil when every object is meant
}

// Match reports whether an object is selected. The function value returns the
// object's attribute of a given name; the class is not looked at.
func (q *Query) Match(value func(attribute string) string) bool {
	return q.Where == nil || q.Where.match(value)
}

// Attributes are the names of the attributes that the condition looks at, in
// the order of the text, with repetitions.
func (q *Query) Attributes() []string {
	if q.Where == nil {
		return nil
	}
	return q.Where.attributes(nil)
}

// String is the query in its plainest form; parsing that gives an equal query.
func (q *Query) String() string {
	var b strings.Builder
	b.WriteString("SELECT " + q.Class)
	if q.Alias != "" {
		b.WriteString(" AS " + q.Alias)
	}
	if q.Where != nil {
		b.WriteString(" WHERE ")
		q.Where.write(&b)
	}
	return b.String()
}

// An Expr is a condition on one object.
type Expr interface {
	match(value func(string) string) bool
	attributes(to []string) []string
	write(b *strings.Builder)
}

// An Error says where a text stops being a query.
type Error struct {
	Offset  int // in bytes
	Message string
}

// Error describes the fault and its place.
func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Message, e.Offset) }

// Equal is the condition that attribute has exactly the text value. It serves
// callers that give their criteria as a list of attributes.
func Equal(attribute, value string) Expr {
	return comparison{attribute, "=", []literal{{text: value}}}
}

// All is the condition that every one of several holds, nil for none.
func All(conditions ...Expr) Expr {
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return conditions[0]
	}
	return all(conditions)
}

type (
	all  []Expr // joined by AND
	some []Expr // joined by OR

	comparison struct {
		attribute string
		op        string // =, !=, <, <=, >, >=, LIKE, NOT LIKE, IN or NOT IN
		values    []literal
	}

	literal struct {
		text   string
		number bool
	}
)

func (x all) attributes(to []string) []string {
	for _, e := range x {
		to = e.attributes(to)
	}
	return to
}

func (x some) attributes(to []string) []string { return all(x).attributes(to) }

func (x comparison) attributes(to []string) []string { return append(to, x.attribute) }

func (x all) write(b *strings.Builder)  { join(b, x, " AND ") }
func (x some) write(b *strings.Builder) { join(b, x, " OR ") }

// join writes the parts of a list, those that are lists in parentheses.
func join(b *strings.Builder, parts []Expr, word string) {
	for i, p := range parts {
		if i > 0 {
			b.WriteString(word)
		}
		if _, simple := p.(comparison); simple {
			p.write(b)
			continue
		}
		b.WriteByte('(')
		p.write(b)
		b.WriteByte(')')
	}
}

func (x comparison) write(b *strings.Builder) {
	b.WriteString(x.attribute + " " + x.op + " ")
	if !strings.HasSuffix(x.op, "IN") {
		x.values[0].write(b)
		return
	}
	for i, v := range x.values {
		b.WriteString(map[bool]string{true: "(", false: ", "}[i == 0])
		v.write(b)
	}
	b.WriteByte(')')
}

func (v literal) write(b *strings.Builder) {
	if v.number {
		b.WriteString(v.text)
		return
	}
	b.WriteString("'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v.text) + "'")
}
