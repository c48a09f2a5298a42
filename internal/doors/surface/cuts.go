package surface

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/policy"
)

// Names of the session cookies of this program's own pages.
const (
	SessionCookie         = "__Host-sp_session"
	InsecureSessionCookie = "sp_session" // over plain http, on one's own machine
)

// Cuts are the places in which clients of an API have their credentials. They
// are cut out of what the upstream gets, whether a credential was looked for or
// not; only our own session cookies are if the API wants to see the others.
type Cuts struct {
	Headers []string // in canonical form
	Query   []string
	Form    []string
	Cookies []string

	AllCookies bool
}

// NewCuts returns those of an API.
func NewCuts(doc *sallyport.API) Cuts {
	c := Cuts{AllCookies: doc.Upstream.DropCookies, Cookies: []string{SessionCookie, InsecureSessionCookie}}
	if doc.Upstream.ForwardCredentials {
		for _, a := range doc.Accept {
			if a.In == sallyport.CarrierCookie {
				c.Cookies = slices.DeleteFunc(c.Cookies, func(name string) bool { return name == a.Name })
			}
		}
		return c
	}
	c.Headers = []string{"Authorization"}
	c.Query, c.Form = slices.Clone(doc.Upstream.DropParameters), slices.Clone(doc.Upstream.DropParameters)
	for _, a := range doc.Accept {
		switch a.In {
		case sallyport.CarrierHeader:
			c.Headers = append(c.Headers, http.CanonicalHeaderKey(a.Name))
		case sallyport.CarrierQuery:
			c.Query = append(c.Query, whole(a)...)
		case sallyport.CarrierForm:
			c.Form = append(c.Form, whole(a)...)
		case sallyport.CarrierCookie:
			c.Cookies = append(c.Cookies, a.Name)
		case sallyport.CarrierBasic, sallyport.CarrierBearer:
		}
	}
	return c
}

// whole returns the names of all of a credential. A login that is left alone would
// be half a credential to the upstream.
func whole(a sallyport.Accept) []string {
	if a.Login == "" {
		return []string{a.Name}
	}
	return []string{a.Name, a.Login}
}

// CutCookies returns the Cookie headers without what is cut out of them; none if
// nothing is left.
func (c *Cuts) CutCookies(lines []string) (kept []string) {
	if c.AllCookies {
		return nil
	}
	for _, line := range lines {
		if line = carrier.CutCookie(line, c.Cookies...); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// ReadHeaders returns the names, in canonical form, of the headers that the
// decision depends on: those that name a tenant or realm or tell operations
// apart, and the one that says how a form is to be read.
func ReadHeaders(api *policy.API) []string {
	names := []string{"Content-Type", "Content-Encoding"}
	add := func(s *sallyport.Selector) {
		if s == nil || s.From != "header" {
			return
		}
		if name := http.CanonicalHeaderKey(s.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, r := range api.Routes {
		add(r.Tenant)
		add(r.Realm)
	}
	for _, p := range api.Parameters {
		add(&sallyport.Selector{From: p.In, Name: p.Name})
	}
	return names
}
