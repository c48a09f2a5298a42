package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/api"
)

// pageSize is how many items are asked for at a time.
const pageSize = 200

// A Listing is a list of T, chosen by a filter F.
type Listing[T, F any] struct {
	c    *Client
	path string
}

// Page returns one page. [api.List.Next] is the cursor of the one after it.
func (l Listing[T, F]) Page(ctx context.Context, filter F, page api.Page) (api.List[T], error) {
	return fetch[api.List[T]](ctx, l.c, call{method: http.MethodGet, path: l.path, query: queryOf(filter, page)})
}

// All yields everything that the filter chooses, page by page as it is asked
// for. It stops after the first error.
func (l Listing[T, F]) All(ctx context.Context, filter F) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		page := api.Page{Limit: pageSize}
		for {
			list, err := l.Page(ctx, filter, page)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range list.Items {
				if !yield(item, nil) {
					return
				}
			}
			if list.Next == "" {
				return
			}
			page.Cursor = list.Next
		}
	}
}

// A Collection is things of one sort: T, made from New, changed by Change,
// chosen by F and named by ID.
type Collection[ID ~string, T, F, New, Change any] struct {
	Listing[T, F]
}

func collection[ID ~string, T, F, New, Change any](c *Client, segments ...string) Collection[ID, T, F, New, Change] {
	return Collection[ID, T, F, New, Change]{Listing[T, F]{c, at(segments...)}}
}

// Get returns one.
func (r Collection[ID, T, F, New, Change]) Get(ctx context.Context, id ID) (T, error) {
	return fetch[T](ctx, r.c, call{method: http.MethodGet, path: r.one(id)})
}

// Create makes one. Of what has a secret, this is the one answer that has it.
func (r Collection[ID, T, F, New, Change]) Create(ctx context.Context, in New) (T, error) {
	return fetch[T](ctx, r.c, call{method: http.MethodPost, path: r.path, body: in, once: true})
}

// Update changes one of which version was read.
func (r Collection[ID, T, F, New, Change]) Update(ctx context.Context, id ID, version int64, change Change) (T, error) {
	return fetch[T](ctx, r.c, call{method: http.MethodPatch, path: r.one(id), body: change, match: version})
}

// Delete removes one of which version was read. What has a secret is revoked.
func (r Collection[ID, T, F, New, Change]) Delete(ctx context.Context, id ID, version int64) error {
	return r.c.do(ctx, call{method: http.MethodDelete, path: r.one(id), match: version})
}

func (r Collection[ID, T, F, New, Change]) one(id ID) string {
	return r.path + "/" + url.PathEscape(string(id))
}

// action returns the call that does something to one of which version was read.
func (r Collection[ID, T, F, New, Change]) action(id ID, action string, version int64, body any) call {
	return call{method: http.MethodPost, path: r.one(id) + "/" + action, body: body, match: version}
}
