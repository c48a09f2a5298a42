package truesight

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// Sizes of pages, as those of the product's other lists.
const (
	defaultLimit = 25
	maxLimit     = 1000
)

// An orders says by what a list can be ordered. It always can by name.
type orders[T any] map[string]func(a, b *T) int

// sendList answers with one page of a list: a bare array. What is called offset is
// the number of the page, and the first one is 1.
func sendList[T any](c *call, all []T, by orders[T]) error {
	limit, err := wire.Number(c.Exchange, "limit", defaultLimit, maxLimit)
	if err != nil {
		return err
	}
	page, err := wire.Number(c.Exchange, "offset", 1, wire.Longest)
	if err != nil {
		return err
	}
	compare, err := order(c, by)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b T) int { return compare(&a, &b) })
	from := min((page-1)*limit, len(all))
	out := append([]T{}, all[from:min(from+limit, len(all))]...)
	wire.SendJSON(c.w, c.r, c.Exchange, http.StatusOK, out)
	return nil
}

// order reads orderBy. A plus that was not escaped arrives as a blank.
func order[T any](c *call, by orders[T]) (func(a, b *T) int, error) {
	const name = "orderBy"
	text, _ := c.Request.Query(name)
	if text == "" {
		text = "+name"
	}
	compare, known := by[strings.TrimLeft(text[:1], "+- ")+text[1:]]
	switch {
	case !known:
		return nil, sallyport.ErrInvalid(name, strconv.Quote(text)+" is not one of the orders of this list")
	case text[0] == '-':
		return func(a, b *T) int { return compare(b, a) }, nil
	}
	return compare, nil
}

// matches reports whether text is what a pattern asks for, in which a * stands for
// anything. An empty pattern asks for nothing in particular.
func matches(pattern, text string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	if len(parts) == 1 {
		return pattern == "" || parts[0] == text
	}
	last := len(parts) - 1
	text, begins := strings.CutPrefix(text, parts[0])
	text, ends := strings.CutSuffix(text, parts[last])
	if !begins || !ends {
		return false
	}
	for _, part := range parts[1:last] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}
