package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

// An access says who a route is for.
type access int

const (
	member   access = iota // who has a session, and a password of his own choice
	changing               // who has a session; he may have to change his password first
	anybody
)

// A route is one page, or one thing that a form does.
type route struct {
	id     string
	method string
	path   string // below [Base], as [http.ServeMux] has it
	access access
	serve  func(*visit) error
}

// routes are all routes: those of no area, and those of each.
func routes() []route {
	all := []route{
		{"sign-in.show", "GET", "/sign-in", anybody, (*visit).showSignIn},
		{"sign-in", "POST", "/sign-in", anybody, (*visit).signIn},
		{"sign-in.code", "POST", "/sign-in/code", anybody, (*visit).signInCode},
		{"sign-in.passkey", "POST", "/sign-in/passkey", anybody, (*visit).signInPasskey},
		{"first-run.show", "GET", firstRunPath, anybody, (*visit).showFirstRun},
		{"first-run", "POST", firstRunPath, anybody, (*visit).firstRun},
		{"sign-out", "POST", "/sign-out", anybody, (*visit).signOut},
		{"asset", "GET", "/assets/{file}", anybody, (*visit).asset},
		{"bare", "GET", "", anybody, func(v *visit) error { return v.redirect(home) }},
		{"home", "GET", "/{$}", member, (*visit).goHome},
		{"confirm", "POST", "/confirm", member, (*visit).confirmSelf},
	}
	for _, a := range areas() {
		all = append(all, a.routes()...)
	}
	return all
}

// routed returns a mux of the routes, which answers all else with a page as well.
func (c *Console) routed() *http.ServeMux {
	mux := http.NewServeMux()
	byPath := map[string]map[string]route{}
	all := routes()
	if c.Demonstration {
		all = append(all, designRoutes()...)
	}
	for _, rt := range all {
		if byPath[rt.path] == nil {
			byPath[rt.path] = map[string]route{}
		}
		byPath[rt.path][rt.method] = rt
		if rt.method == http.MethodGet {
			byPath[rt.path][http.MethodHead] = rt
		}
	}
	for path, methods := range byPath {
		mux.HandleFunc(Base+path, func(_ http.ResponseWriter, r *http.Request) {
			v := visitOf(r.Context())
			v.r = r
			rt, ok := methods[r.Method]
			if !ok {
				v.w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
				v.refuse(sallyport.MethodNotAllowed)
				return
			}
			v.follow(&rt)
		})
	}
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		visitOf(r.Context()).refuse(sallyport.RouteUnknown)
	})
	return mux
}

// follow lets a request in to its route, if it may.
func (v *visit) follow(rt *route) {
	v.decision.Route = rt.id
	begun, err := v.begin(rt)
	if err == nil && begun {
		var admitted bool
		if admitted, err = v.admit(rt); err == nil && admitted {
			err = rt.serve(v)
		}
	}
	if err != nil {
		v.fail(err)
	}
}

// refuse denies with a page.
func (v *visit) refuse(reason sallyport.Reason) { v.fail(v.denied(reason)) }

// denied notes why a request was denied.
func (v *visit) denied(reason sallyport.Reason) error {
	v.decision.Allowed, v.decision.Reason = false, reason
	return &sallyport.Error{Kind: sallyport.Refused, Reason: reason, Message: reason.Info().Public}
}

// redirect answers with the way to another of our pages.
func (v *visit) redirect(to string) error {
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// statusOf returns the status of an answer that tells of err.
func statusOf(err error) int { return respond.StatusOf(err) }
