package wire

import (
	"strconv"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// Longest is beyond which a list is not read to its end.
const Longest = 10_000

// Whole reads a list of package admin to its end, or to where it is longer than
// [Longest], for systems whose clients ask for pages by number.
func Whole[T any](read func(admin.Page) (admin.List[T], error)) (all []T, err error) {
	for p := (admin.Page{Limit: 200}); ; {
		list, err := read(p)
		if err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
		if p.Cursor = list.Next; p.Cursor == "" || len(all) >= Longest {
			return all, nil
		}
	}
}

// Number returns a parameter of the query that is a number from 1 to most, such as
// the number or the size of a page; fallback if there is none.
func Number(x *surface.Exchange, name string, fallback, most int) (int, error) {
	text, there := x.Request.Query(name)
	if !there {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, sallyport.ErrInvalid(name, name+" must be a number from 1 to "+strconv.Itoa(most))
	}
	return n, nil
}
