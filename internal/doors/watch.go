package doors

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// Watch has a function told of each request that door two decided on, from now
// on; nil ends that. The function must not block, and what it is told is its own.
// Nothing is made for it while there is none.
func (d *Doors) Watch(f func(*policy.Observed)) {
	if f == nil {
		d.watcher.Store(nil)
		return
	}
	d.watcher.Store(&f)
}

// observe tells a watcher of the request. Of one that came to nothing for its
// form or its credential there is nothing that another policy would change, nor
// of what a dialect answers itself; and what a route tells apart by the body is
// not to be read again.
func (v *visit) observe(f func(*policy.Observed)) {
	r, dec := v.request, &v.decision
	if r.API == nil || r.Match.Route != nil && r.Match.Route.Endpoint != "" {
		return
	}
	switch stepOf(dec.Reason) {
	case "", "route", "tenant", "realm", "scopes", "permission":
	case "credential":
		if dec.Reason != sallyport.CredentialMissing {
			return
		}
	default:
		return
	}
	o := &policy.Observed{
		RequestID: dec.RequestID, Path: upTo(maxPath, clean(r.Canonical.Path)), Allowed: dec.Allowed, Reason: dec.Reason,
		API: dec.API, Route: dec.Route, ActedIn: dec.Tenant,
	}
	for _, p := range r.API.Parameters {
		switch p.In {
		case "form":
			return
		case "header":
			if values := r.Header[http.CanonicalHeaderKey(p.Name)]; len(values) > 0 {
				if o.Header == nil {
					o.Header = http.Header{}
				}
				o.Header[http.CanonicalHeaderKey(p.Name)] = values
			}
		}
	}
	o.Method, o.Client, o.Time, o.Realm = upTo(maxMethod, r.Method), r.Client, v.now, dec.Realm
	o.Target = r.Scheme + "://" + r.Canonical.Host + r.Canonical.Path
	if q := r.Canonical.RawQuery; q != "" {
		o.Target += "?" + q
	}
	if v.principal != nil {
		o.Principal, o.Login = v.principal.ID, v.principal.Login
		limits := v.known.Limits()
		o.Tenant, o.Limited, o.Scopes = limits.Tenant, limits.Limited, limits.Scopes
		if dec.Tenant != "" {
			o.Tenant = dec.Tenant
		}
	}
	f(o)
}
