package policy

import (
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// A Route is a compiled route. It never changes.
type Route struct {
	API       *API
	ID        string
	Title     string
	Methods   []string
	Path      string
	Host      string
	Parameter *sallyport.Parameter
	Endpoint  string // of the dialect; empty: the upstream answers

	Public            bool
	IgnoreCredentials bool
	Authenticated     bool
	Need              sallyport.Need
	Use               int32 // number of what is used by whoever is let in; see [Compiler.Used]
	AllOf             []sallyport.Permission
	AnyOf             []sallyport.Permission
	Scopes            []string // full names; a limited token must carry one of them
	ByKind            []KindNeed

	Tenant *sallyport.Selector // the route's or the API's; nil: the credential's tenant, else the home
	Realm  *sallyport.Selector // nil: the route has no realm

	WebSocket bool
	Timeout   time.Duration // until the response head
	Names     []string      // of the path values

	methods       methods
	segments      []segment
	parameterName string // as the source is asked for it
	scopeNumbers  []int32
}

// A KindNeed is what a route asks besides of who comes with a credential of some
// kinds: one of the permissions. Without any, such credentials are not taken.
type KindNeed struct {
	Kinds []sallyport.CredentialKind
	AnyOf []sallyport.Permission
	Need  sallyport.Need
}

// ForKind returns what a route asks besides of credentials of a kind; nil: nothing.
func (r *Route) ForKind(kind sallyport.CredentialKind) *KindNeed {
	for i := range r.ByKind {
		if slices.Contains(r.ByKind[i].Kinds, kind) {
			return &r.ByKind[i]
		}
	}
	return nil
}

// newRoute compiles one route, nil if its path or methods cannot be read.
func (a *API) newRoute(doc *sallyport.Route, where string, f *faults) *Route {
	before := len(f.list)
	r := &Route{
		API: a, ID: doc.ID, Title: doc.Title, Methods: doc.Methods, Path: doc.Path, Host: doc.Host, Parameter: doc.Parameter, Endpoint: doc.Endpoint,
		Public: doc.Public, IgnoreCredentials: doc.IgnoreCredentials, Authenticated: doc.Authenticated,
		Tenant: asAsked(firstOf(doc.Tenant, a.Document.Tenant)), Realm: asAsked(firstOf(doc.Realm, a.Document.Realm)),
		WebSocket: doc.WebSocket, Timeout: time.Duration(firstSet(doc.Timeout, a.Document.Upstream.Timeout)),
	}
	if r.ID == "" {
		r.ID = makeID(doc)
	}
	segments, err := parsePattern(doc.Path)
	if err != nil {
		f.add(where+".path", "route %q: %v", r.ID, err)
	}
	r.segments = segments
	for _, s := range segments {
		if s.kind != literal {
			r.Names = append(r.Names, s.text)
		}
	}
	for _, m := range doc.Methods {
		if m == everything {
			r.methods.every = true
			continue
		}
		bit, ok := a.table.add(m)
		if !ok {
			f.add(where+".methods", "route %q: this API names more than %d methods of its own", r.ID, maxExtra)
		}
		r.methods.named |= bit
	}
	if p := doc.Parameter; p != nil {
		r.parameterName = p.Name
		if p.In == inHeader {
			r.parameterName = textproto.CanonicalMIMEHeaderKey(p.Name)
		}
	}
	r.AllOf = permissions(a.Name, doc.AllOf)
	r.AnyOf = permissions(a.Name, doc.AnyOf)
	for _, s := range doc.Scopes {
		r.Scopes = append(r.Scopes, string(a.Name)+"/"+s)
	}
	for _, k := range doc.ByKind {
		r.ByKind = append(r.ByKind, KindNeed{Kinds: k.Kinds, AnyOf: permissions(a.Name, k.AnyOf)})
	}
	a.checkRoute(r, doc, where, f)
	if len(f.list) > before {
		return nil
	}
	return r
}

func firstOf(a, b *sallyport.Selector) *sallyport.Selector {
	if a != nil {
		return a
	}
	return b
}

func firstSet(a, b sallyport.Duration) sallyport.Duration {
	if a != 0 {
		return a
	}
	return b
}

// makeID makes the id of a route that has none. It depends on nothing but what
// the route matches, so it stays when routes are added or moved.
func makeID(doc *sallyport.Route) string {
	methods := slices.Sorted(slices.Values(doc.Methods))
	id := strings.Join(methods, ",") + " " + doc.Host + doc.Path
	if p := doc.Parameter; p != nil {
		id += " " + p.In + ":" + p.Name
		if p.Field != "" {
			id += "." + p.Field
		}
		id += "=" + p.Wanted()
	}
	return id
}

// describe says in a message what a route matches.
func (r *Route) describe() string {
	text := strings.Join(r.Methods, ",") + " " + r.Host + r.Path
	if p := r.Parameter; p != nil {
		text += " with " + p.In + " parameter " + strconv.Quote(p.Name)
		if p.Field != "" {
			text += " field " + strconv.Quote(p.Field)
		}
		text += " = " + strconv.Quote(p.Wanted())
	}
	return text
}

// many reports whether the route's parameter may be there more than once.
func (r *Route) many() bool { return r.Parameter != nil && len(r.Parameter.Values) > 0 }
