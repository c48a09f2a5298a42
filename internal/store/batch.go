package store

import (
	"context"
	"runtime"
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
// placeholders. To PostgreSQL each statement is a round trip; SQLite compiles it
// anew for each batch, which takes longer the more rows it is for.
func (d dialect) batchSizes() []int {
	if d == SQLite {
		return []int{64, 8, 1}
	}
	return []int{128, 16, 1}
}

// query returns the statement for n rows.
func (b batchText) query(d dialect, n int) string {
	var s strings.Builder
	s.WriteString(d.unrecorded(b.head))
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
			s.WriteString(strings.Replace(d.cast(column), "$", d.placeholder(p), 1))
		}
		s.WriteByte(')')
	}
	s.WriteString(b.tail)
	return s.String()
}

// unrecorded returns the head of a statement that keeps nothing to undo itself by.
// SQLite would copy each page that it changes, which is a tenth to a sixth of what
// use counts cost; what a failed statement has changed by then is undone with its
// transaction, as [Store.Write] commits none in which one failed.
func (d dialect) unrecorded(head string) string {
	if d != SQLite {
		return head
	}
	verb, rest, _ := strings.Cut(head, " ")
	return verb + " OR FAIL " + rest
}

// placeholder returns the n-th placeholder of a batch, where each stands once.
// SQLite would look a numbered one up in a list of all others, again and again.
func (d dialect) placeholder(n int) string {
	if d == SQLite {
		return "?"
	}
	return "$" + strconv.Itoa(n)
}

// batch runs a statement over all rows.
func (t *Tx) batch(ctx context.Context, what string, b batchText, rows [][]any) error {
	for _, size := range t.dialect.batchSizes() {
		if len(rows) < size {
			continue
		}
		rest, err := t.batchOf(ctx, size, what, b, rows)
		if err != nil {
			return err
		}
		rows = rest
	}
	return nil
}

// batchOf runs a statement for so many rows as often as there are as many, and
// returns the rest.
func (t *Tx) batchOf(ctx context.Context, size int, what string, b batchText, rows [][]any) ([][]any, error) {
	run, done, err := t.prepare(ctx, b.query(t.dialect, size))
	if err != nil {
		return nil, t.fault("writing "+what, err)
	}
	defer done()
	args := make([]any, 0, size*len(b.row))
	for len(rows) >= size {
		args = args[:0]
		for _, r := range rows[:size] {
			args = append(args, r...)
		}
		if err := t.within(ctx, func(ctx context.Context) error { return run(ctx, args) }); err != nil {
			return nil, t.fault("writing "+what, err)
		}
		rows = rows[size:]
		// On few cores requests wait behind what SQLite does, and thousands of counts
		// are written at a time.
		runtime.Gosched()
	}
	return rows, nil
}

// prepare returns a function that runs a statement in the transaction, and one
// for when that is over. The driver of PostgreSQL keeps compiled statements by
// their texts itself.
func (t *Tx) prepare(ctx context.Context, query string) (run func(context.Context, []any) error, done func(), err error) {
	if t.dialect != SQLite {
		return func(ctx context.Context, args []any) error {
			_, err := t.tx.ExecContext(ctx, query, args...)
			return err
		}, func() {}, nil
	}
	statement, err := t.tx.PrepareContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, args []any) error {
		_, err := statement.ExecContext(ctx, args...)
		return err
	}, func() { _ = statement.Close() }, nil
}

// within runs one statement within the limit on its time.
func (t *Tx) within(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	return f(ctx)
}
