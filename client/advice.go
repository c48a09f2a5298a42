package client

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Findings returns what is granted in a tenant and was not used, the worst
// first. The filter must name the tenant.
func (c *Client) Findings() Listing[api.Finding, api.AdviceFilter] {
	return Listing[api.Finding, api.AdviceFilter]{c, at("advice")}
}

// Advice compares what a user or API key was granted with what it used.
func (c *Client) Advice(ctx context.Context, id sallyport.PrincipalID, w api.AdviceWindow) (api.Advice, error) {
	return fetch[api.Advice](ctx, c, call{method: http.MethodGet, path: at("advice", string(id)), query: queryOf(w)})
}
