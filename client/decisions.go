package client

import (
	"context"
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
