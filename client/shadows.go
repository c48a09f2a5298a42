package client

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport/api"
)

// StartShadow has a draft of a policy tried on real requests, beside the policy
// in force.
func (c *Client) StartShadow(ctx context.Context, in api.NewShadow) (api.Shadow, error) {
	return fetch[api.Shadow](ctx, c, call{method: http.MethodPost, path: at("shadows"), body: in})
}

// Shadows returns the shadows that the caller may see.
func (c *Client) Shadows() Listing[api.Shadow, struct{}] {
	return Listing[api.Shadow, struct{}]{c, at("shadows")}
}

// Shadow returns what a draft would refuse and what it would allow.
func (c *Client) Shadow(ctx context.Context, id string) (api.ShadowReport, error) {
	return fetch[api.ShadowReport](ctx, c, call{method: http.MethodGet, path: at("shadows", id)})
}

// StopShadow ends a shadow.
func (c *Client) StopShadow(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodPost, path: at("shadows", id, "stop")})
}

// PromoteShadow applies the draft of a shadow, and ends it.
func (c *Client) PromoteShadow(ctx context.Context, id string) (api.Plan, error) {
	return fetch[api.Plan](ctx, c, call{method: http.MethodPost, path: at("shadows", id, "promote")})
}
