package store

import (
	"context"
	"strconv"
	"strings"
)

// How a column of a batch is written; $ becomes a numbered placeholder. Both
// engines take the casts, and PostgreSQL needs them to know the types.
const (
	asInt  = `CAST($ AS BIGINT)`
	asText = `CAST($ AS TEXT)`
	asBlob = `CAST($ AS BLOB)` // the dialect knows the type's name
)

// A batchText is a statement over a list of rows.
type batchText struct {
	head string
	row  []string
	tail string
}

// batchSizes are the numbers of rows that a batch is cut into: few, so that the
// drivers have few statements to keep, and small enough for the limit on
// placeholders.
var batchSizes = [...]int{128, 16, 1}

// query returns the statement for n rows.
func (b batchText) query(d dialect, n int) string {
	var s strings.Builder
	s.WriteString(b.head)
	p := 0
	for i := range n {
		if i > 0 {
			s.WriteString(", ")
		}
		for j, column := range b.row {
			if j == 0 {
				s.WriteByte('(')
			} else {
				s.WriteString(", ")
			}
			p++
			s.WriteString(strings.Replace(d.cast(column), "$", "$"+strconv.Itoa(p), 1))
		}
		s.WriteByte(')')
	}
	s.WriteString(b.tail)
	return s.String()
}

// batch runs a statement over all rows.
func (t *Tx) batch(ctx context.Context, what string, b batchText, rows [][]any) error {
	for _, size := range batchSizes {
		for len(rows) >= size {
			args := make([]any, 0, size*len(b.row))
			for _, r := range rows[:size] {
				args = append(args, r...)
			}
			if _, err := t.exec(ctx, what, b.query(t.dialect, size), args...); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}
