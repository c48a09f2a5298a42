package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/sallyport/sallyport/api"
)

// Decisions returns what was decided on the caller's own requests or, with a
// tenant in the filter, in that tenant; newest first.
func (c *Client) Decisions() Listing[api.Decision, api.DecisionFilter] {
	return Listing[api.Decision, api.DecisionFilter]{c, at("decisions")}
}

// Why explains the decision on a request, which is named by the X-Request-Id of
// its answer: the way through both doors, and what would make it pass.
func (c *Client) Why(ctx context.Context, requestID string) (api.Explained, error) {
	return fetch[api.Explained](ctx, c, call{method: http.MethodGet, path: at("decisions", requestID)})
}

// CanI asks what would be decided on a request. Nobody makes it.
func (c *Client) CanI(ctx context.Context, q api.CanIQuery) (api.CanI, error) {
	return fetch[api.CanI](ctx, c, call{method: http.MethodGet, path: at("can-i"), query: queryOf(q)})
}

// WhoCan asks who holds a permission, or may make a request. It returns the first
// page, which also says what is needed, and all of them, as they are asked for.
func (c *Client) WhoCan(ctx context.Context, q api.WhoCanQuery) (api.WhoCan, iter.Seq2[api.Holder, error], error) {
	get := func(page api.Page) (api.WhoCan, error) {
		return fetch[api.WhoCan](ctx, c, call{method: http.MethodGet, path: at("who-can"), query: queryOf(q, page)})
	}
	first, err := get(api.Page{Limit: pageSize})
	return first, rest(first, get, func(w api.WhoCan) api.List[api.Holder] { return w.List }), err
}

// Changes asks what changed rights. It returns the first page, which also says
// what would have been decided on the request that is asked about, and all of
// them, as they are asked for.
func (c *Client) Changes(ctx context.Context, f api.RightsFilter) (api.RightsChanges, iter.Seq2[api.RightsChange, error], error) {
	get := func(page api.Page) (api.RightsChanges, error) {
		return fetch[api.RightsChanges](ctx, c, call{method: http.MethodGet, path: at("changes"), query: queryOf(f, page)})
	}
	first, err := get(api.Page{Limit: pageSize})
	return first, rest(first, get, func(r api.RightsChanges) api.List[api.RightsChange] { return r.List }), err
}

// rest yields what is on a first page and on those after it.
func rest[P, T any](first P, get func(api.Page) (P, error), list func(P) api.List[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page := list(first); ; {
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			next, err := get(api.Page{Limit: pageSize, Cursor: page.Next})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			page = list(next)
		}
	}
}
