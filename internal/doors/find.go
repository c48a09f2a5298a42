package doors

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
)

// openTarget lets every spelling pass that a single API may have opened; the
// API that the path leads to closes again what it did not open.
var openTarget = target.Options{AllowEncodedSlash: true, AllowSemicolon: true, AllowEmptySegments: true}

// find reads the request target and finds the API and the route.
//
// Nearly every target passes with all rules closed. Then it reads the same with
// any of them open, and need not be read again for its API.
func (v *visit) find() sallyport.Reason {
	r := v.request
	t, fault := target.Parse(r.Method, r.Target, r.Host, target.Options{Scheme: r.Scheme})
	closed := fault == target.OK
	if !closed {
		options := openTarget
		options.Scheme = r.Scheme
		if t, fault = target.Parse(r.Method, r.Target, r.Host, options); fault != target.OK {
			v.inManner()
			return reasonOfTarget(fault)
		}
	}
	api, rest := v.policy.Find(t.Host, t.Path)
	if api == nil {
		r.Canonical = t
		return sallyport.APIUnknown
	}
	v.decision.API, r.API = api.Name, api
	if open := api.Document.Path; !closed && open != (sallyport.PathSpec{AllowEncodedSlash: true, AllowSemicolon: true, AllowEmptySegments: true}) {
		t, fault = target.Parse(r.Method, r.Target, r.Host, target.Options{
			Scheme:             r.Scheme,
			AllowEncodedSlash:  open.AllowEncodedSlash,
			AllowSemicolon:     open.AllowSemicolon,
			AllowEmptySegments: open.AllowEmptySegments,
		})
		if fault != target.OK {
			return reasonOfTarget(fault)
		}
	}
	r.Canonical, r.BasePath = t, t.Path[:len(t.Path)-len(rest)]
	for _, p := range api.Parameters {
		if reason := v.once(p); reason != "" {
			return reason
		}
	}
	if api.Fold != nil {
		if reason := v.folded(); reason != "" {
			return reason
		}
	}
	api.Match(r.Method, t.Host, rest, parameters{r}, &r.Match)
	if r.fault != "" {
		return r.fault
	}
	if api.Learn(v.now, &r.Match) {
		v.decision.Learning = api.Document.Learn.Until
	}
	if r.Match.Route != nil {
		v.decision.Route = r.Match.Route.ID
	}
	return ""
}

// inManner finds the API in whose manner it is told that a target cannot be read:
// the one that its path leads to as far as it is plain. The request is refused
// whatever is found.
func (v *visit) inManner() {
	r := v.request
	path, _, _ := strings.Cut(r.Target[:min(len(r.Target), target.MaxPath)], "?")
	if odd := strings.IndexAny(path, `%\;`); odd >= 0 {
		path = path[:strings.LastIndexByte(path[:odd], '/')+1]
	}
	t, fault := target.Parse(http.MethodGet, path, r.Host, target.Options{Scheme: r.Scheme})
	if fault != target.OK {
		return
	}
	if api, _ := v.policy.Find(t.Host, t.Path); api != nil {
		v.decision.API, r.API = api.Name, api
	}
}

// once refuses a request in which a parameter that routes look at is there
// twice, unless it may be.
func (v *visit) once(p policy.Place) sallyport.Reason {
	r := v.request
	switch p.In {
	case "query":
		if !p.Many {
			r.Query(p.Name)
		}
	case "form":
		r.Form(p.Name)
	case "header":
		parameters{r}.Header(p.Name)
	}
	return r.fault
}

func reasonOfTarget(f target.Fault) sallyport.Reason {
	switch {
	case f.Status() == 414:
		return sallyport.TargetTooLong
	case f == target.MethodForbidden || f == target.MethodMalformed:
		return sallyport.MethodNotAllowed
	default:
		return sallyport.PathAmbiguous
	}
}
