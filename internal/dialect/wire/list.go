package wire

import "github.com/sallyport/sallyport/internal/admin"

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
