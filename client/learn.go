package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Learned returns what was asked of an API while it learned: the first page, which
// also says whether it learns now, and all of it, as it is asked for.
func (a APIs) Learned(ctx context.Context, name sallyport.APIName) (api.Learned, iter.Seq2[api.LearnedRoute, error], error) {
	get := func(page api.Page) (api.Learned, error) {
		return fetch[api.Learned](ctx, a.c, call{method: http.MethodGet, path: at("apis", string(name), "learned"), query: queryOf(page)})
	}
	first, err := get(api.Page{Limit: pageSize})
	return first, rest(first, get, func(l api.Learned) api.List[api.LearnedRoute] { return l.List }), err
}

// ProposeLearned returns a policy made of what was asked of an API while it
// learned. Nothing is changed.
func (a APIs) ProposeLearned(ctx context.Context, name sallyport.APIName) (api.LearnedProposal, error) {
	return fetch[api.LearnedProposal](ctx, a.c, call{method: http.MethodGet, path: at("apis", string(name), "learned", "proposal")})
}

// ForgetLearned forgets what was asked of an API while it learned.
func (a APIs) ForgetLearned(ctx context.Context, name sallyport.APIName) error {
	return a.c.do(ctx, call{method: http.MethodDelete, path: at("apis", string(name), "learned")})
}
