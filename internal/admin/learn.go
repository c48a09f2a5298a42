package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

const (
	shownCallers = 20
	keepLessons  = 90 * 24 * time.Hour // after they were last seen
)

// Learned returns what was asked of an API while it learned. It needs [APIsRead]
// and, as it tells of the requests of others, [DecisionsExplain] in every tenant.
func (s *Service) Learned(ctx context.Context, a Actor, name sallyport.APIName, p Page) (out api.Learned, err error) {
	if err := s.settle(ctx, p); err != nil {
		return out, err
	}
	err = s.look(ctx, a, func(w *work) error {
		doc, lessons, err := w.lessons(ctx, name, APIsRead, DecisionsExplain)
		if err != nil {
			return err
		}
		out = api.Learned{API: name, Learning: w.learns(&doc.API), From: doc.API.Learn.From, Until: doc.API.Learn.Until}
		for i := range lessons {
			out.Requests += lessons[i].Requests
			if lessons[i].Path == "" {
				out.Untold += lessons[i].Requests
			}
		}
		routes := learnedRoutes(lessons)
		list, err := pages(w, p, []string{"learned", string(name)}, func(p store.Page) ([]api.LearnedRoute, string, error) {
			return slicePage(routes, p)
		})
		out.Items, out.Next = list.Items, list.Next
		return err
	})
	return out, err
}

// lessons reads what an API learned, for who holds permissions in every tenant.
func (w *work) lessons(ctx context.Context, name sallyport.APIName, needs ...sallyport.Permission) (doc store.APIDocument, list []store.Lesson, err error) {
	for _, permission := range needs {
		if err := w.mayAPIs(permission); err != nil {
			return doc, nil, err
		}
	}
	if doc, err = w.tx.API(ctx, name); err != nil {
		return doc, nil, err
	}
	list, err = w.tx.Lessons(ctx, name)
	return doc, list, err
}

// learns reports whether the API of a document learns now.
func (w *work) learns(doc *sallyport.API) bool {
	return !doc.Disabled && !w.now.Before(doc.Learn.From) && w.now.Before(doc.Learn.Until)
}

// learnedRoutes puts lessons together by path and method; they are sorted so.
func learnedRoutes(lessons []store.Lesson) []api.LearnedRoute {
	var out []api.LearnedRoute
	for i := range lessons {
		l := &lessons[i]
		if l.Path == "" {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Path != l.Path || out[n-1].Method != l.Method {
			out = append(out, api.LearnedRoute{Method: l.Method, Path: l.Path, FirstAt: l.First, Callers: []api.LearnedCaller{}})
		}
		r := &out[len(out)-1]
		r.Requests += l.Requests
		r.Answered += l.Answered
		r.Absent += l.Absent
		if l.First.Before(r.FirstAt) {
			r.FirstAt = l.First
		}
		if l.Last.After(r.LastAt) {
			r.LastAt = l.Last
		}
		r.Callers = append(r.Callers, api.LearnedCaller{Principal: l.Principal, Kind: l.Kind, Login: l.Login, Tenant: l.Tenant, Requests: l.Requests})
	}
	for i := range out {
		r := &out[i]
		slices.SortStableFunc(r.Callers, func(a, b api.LearnedCaller) int { return cmp.Compare(b.Requests, a.Requests) })
		if more := len(r.Callers) - shownCallers; more > 0 {
			r.Callers, r.MoreCallers = r.Callers[:shownCallers], more
		}
	}
	return out
}

// ForgetLearned forgets what was asked of an API while it learned. It needs
// [APIsWrite] in every tenant.
func (s *Service) ForgetLearned(ctx context.Context, a Actor, name sallyport.APIName) error {
	if err := s.settle(ctx, Page{}); err != nil {
		return err
	}
	return s.change(ctx, a, func(w *work) error {
		if _, _, err := w.lessons(ctx, name, APIsWrite); err != nil {
			return err
		}
		if _, err := w.tx.ForgetLessons(ctx, name); err != nil {
			return err
		}
		return w.write(ctx, sallyport.EveryTenant, "api.forget_learned", apiThing(name), nil, nil)
	})
}

// ProposeLearned makes a policy of what was asked of an API while it learned:
// routes, permissions by resource, roles for who uses the same, and bindings. It
// changes nothing. It needs what [Service.Learned] does and [PolicyRead].
func (s *Service) ProposeLearned(ctx context.Context, a Actor, name sallyport.APIName) (out api.LearnedProposal, err error) {
	if err := s.settle(ctx, Page{}); err != nil {
		return out, err
	}
	err = s.look(ctx, a, func(w *work) error {
		doc, lessons, err := w.lessons(ctx, name, APIsRead, DecisionsExplain, PolicyRead)
		if err != nil {
			return err
		}
		if len(doc.API.Routes) > 0 || doc.API.Name == ManagementAPI {
			return sallyport.ErrConflict("", "the API has routes already; what was learned before is left out of them on purpose, or in them")
		}
		if doc.API.Dialect != "" && doc.API.Dialect != policy.DefaultDialect {
			return sallyport.ErrConflict("", fmt.Sprintf("the dialect %s brings the routes of the API; there is nothing to propose", doc.API.Dialect))
		}
		p := newProposer(doc.API)
		tenants, err := all(func(p store.Page) ([]sallyport.Tenant, string, error) {
			return w.tx.Tenants(ctx, store.TenantFilter{}, p)
		})
		if err != nil {
			return err
		}
		for _, t := range tenants {
			p.tenants[t.ID] = t.Name
		}
		out = p.propose(lessons)
		return nil
	})
	return out, err
}
