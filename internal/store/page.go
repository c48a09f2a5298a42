package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// Sizes of a page.
const (
	defaultPage = 50
	maximumPage = 1000
)

// A Page is a part of a list. Lists have a fixed order, and After is where the
// last page ended: the next key that came with it, empty for the first page.
// What a key looks like is the list's own affair.
type Page struct {
	After string
	Limit int // 50 when 0, at most 1000
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultPage
	}
	return min(p.Limit, maximumPage)
}

// more is how many rows to ask for: one more than fits tells whether there is
// a next page.
func (p Page) more() int64 { return int64(p.limit()) + 1 }

// cut takes a page from rows that were asked for with more, and returns the
// key of the next, empty when there is none.
func cut[T any](p Page, rows []T, err error, key func(T) string) ([]T, string, error) {
	if err != nil {
		return nil, "", err
	}
	if n := p.limit(); len(rows) > n {
		return rows[:n], key(rows[n-1]), nil
	}
	return rows, "", nil
}

// byAge is the key of lists in order of creation.
func byAge(created time.Time, id string) string {
	return strconv.FormatInt(micros(created), 10) + "." + id
}

// age reads what byAge wrote.
func (p Page) age() (created int64, id string, err error) {
	if p.After == "" {
		return -1, "", nil
	}
	text, id, ok := strings.Cut(p.After, ".")
	created, err = strconv.ParseInt(text, 10, 64)
	if err != nil || !ok {
		return 0, "", sallyport.ErrInvalid("cursor", "is not one that this list gave out")
	}
	return created, id, nil
}

// last is above every text that has a given beginning, in byte order.
const last = "\U0010FFFF"

// next, put behind a text, makes the least one above it: texts have no NUL.
const next = "\x01"

// from is the least key of this part of a list whose keys begin with search. A
// list has one lower bound: of two, SQLite looks for one in the index and walks
// over all that lies between.
func (p Page) from(search string) string {
	if p.After == "" {
		return search
	}
	return max(search, p.After+next)
}
