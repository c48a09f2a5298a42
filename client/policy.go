package client

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport/api"
)

// A Policies deals with policies as files.
type Policies struct{ c *Client }

// Policy returns what deals with policies as files.
func (c *Client) Policy() Policies { return Policies{c} }

// Export returns what there is as a policy that would make it.
func (p Policies) Export(ctx context.Context, filter api.PolicyExport) (api.Policy, error) {
	return fetch[api.Policy](ctx, p.c, call{method: http.MethodGet, path: at("policy", "export"), query: queryOf(filter)})
}

// Plan returns what a policy would change.
func (p Policies) Plan(ctx context.Context, in api.PolicyRequest) (api.Plan, error) {
	return fetch[api.Plan](ctx, p.c, call{method: http.MethodPost, path: at("policy", "plan"), body: in})
}

// Test plays the tests of a policy as if it were in force.
func (p Policies) Test(ctx context.Context, in api.Policy) (api.PolicyTests, error) {
	return fetch[api.PolicyTests](ctx, p.c, call{method: http.MethodPost, path: at("policy", "test"), body: in})
}

// Apply makes things as a policy says, all or nothing, and returns what it
// changed.
func (p Policies) Apply(ctx context.Context, in api.PolicyRequest) (api.Plan, error) {
	return fetch[api.Plan](ctx, p.c, call{method: http.MethodPost, path: at("policy", "apply"), body: in})
}
