package admin

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Sizes of a page.
const (
	defaultPage = 50
	maximumPage = 200
)

// A Page says which part of a list is wanted.
type Page struct {
	Limit  int    // 50 when 0, at most 200
	Cursor string // [List.Next] of the page before; empty: the first page
}

// A List is one page of a list.
type List[T any] struct {
	Items []T
	Next  string // the cursor of the next page; empty: this is the last one
}

// fetch reads a part of a list from the store.
type fetch[T any] func(store.Page) ([]T, string, error)

// pages reads one page of a list that is made of parts, one after the other.
//
// The cursor is sealed and opens for the same actor and the same query alone:
// the place says which list it is and how it was filtered. So nobody can make
// one up, and one does not lead into a list that its bearer was not given.
func pages[T any](w *work, p Page, place []string, parts ...fetch[T]) (List[T], error) {
	place = append([]string{w.actor.system, string(w.actor.Principal.ID)}, place...)
	part, after, err := w.position(p, place, len(parts))
	if err != nil {
		return List[T]{}, err
	}
	out := List[T]{Items: []T{}}
	limit := p.Limit
	switch {
	case limit < 0 || limit > maximumPage:
		return out, sallyport.ErrInvalid("limit", "limit is out of bounds; from 1 to "+strconv.Itoa(maximumPage))
	case limit == 0:
		limit = defaultPage
	}
	for ; part < len(parts); part, after = part+1, "" {
		items, next, err := parts[part](store.Page{After: after, Limit: limit - len(out.Items)})
		if err != nil {
			return List[T]{}, err
		}
		out.Items = append(out.Items, items...)
		switch {
		case next != "":
			out.Next, err = w.cursor(part, next, place)
			return out, err
		case len(out.Items) == limit && part+1 < len(parts):
			out.Next, err = w.cursor(part+1, "", place)
			return out, err
		}
	}
	return out, nil
}

func (w *work) cursor(part int, after string, place []string) (string, error) {
	return token.EncodeCursor(w.c.Cursors, []byte(strconv.Itoa(part)+":"+after), place...)
}

// position reads a cursor.
func (w *work) position(p Page, place []string, parts int) (part int, after string, err error) {
	if p.Cursor == "" {
		return 0, "", nil
	}
	plain, err := token.OpenCursor(w.c.Cursors, p.Cursor, place...)
	if err != nil {
		if errors.Is(err, token.ErrSealed) || errors.Is(err, token.ErrSealedElsewhere) {
			err = sallyport.ErrInvalid("cursor", "the cursor is not one of this list; begin with the first page")
		}
		return 0, "", err
	}
	number, after, _ := strings.Cut(string(plain), ":")
	part, err = strconv.Atoi(number)
	if err != nil || part < 0 || part >= parts {
		return 0, "", sallyport.ErrInvalid("cursor", "the cursor is not one of this list; begin with the first page")
	}
	return part, after, nil
}

// slicePage is a page of a list that is there as a whole.
func slicePage[T any](all []T, p store.Page) ([]T, string, error) {
	from, err := strconv.Atoi(cmp.Or(p.After, "0"))
	if err != nil || from < 0 {
		return nil, "", sallyport.ErrInvalid("cursor", "the cursor is not one of this list; begin with the first page")
	}
	from = min(from, len(all))
	to, next := min(from+p.Limit, len(all)), ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next, nil
}
