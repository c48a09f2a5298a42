package policy

import (
	"maps"
	"net/textproto"
	"slices"
	"strings"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// An API is a compiled protected API. It never changes.
type API struct {
	Name     sallyport.APIName
	Document *sallyport.API // with the defaults filled in; not to be changed

	// Disabled says that nothing matches: the document says so, or has a fault.
	Disabled bool

	Accept     []sallyport.Accept // how credentials arrive; never empty
	Routes     []*Route           // by id
	Parameters []Place            // what routes look at, each place once

	// Switches are the settings that its dialect has.
	Switches []Switch

	// Realm finds the realm of a request for selectors with from "dialect"; see
	// [Dialect]. Nil if the dialect does not.
	Realm func(RealmSource) string
	// Takes is [Dialect.Takes]. Nil: every credential counts.
	Takes func(*sallyport.API, ParameterSource, *sallyport.Accept) bool
	// Fold is [Dialect.Fold]. Nil: names are taken as they are.
	Fold func(string) string
	// Guarded are the names of parameters that a decision depends on, or that the
	// upstream must not see. Nil if names are taken as they are.
	Guarded []string

	// Permissions are those that the API declares, by name.
	Permissions []sallyport.Permission

	permissionNames *names
	scopeNames      *names

	table     methodTable
	hosts     map[string]*tree // routes that name a host
	everyHost *tree
	learning  *Route // nil: the API does not learn

	own    sallyport.Set // its permissions, and "api/*"
	number int32         // of the API among the scopes
	scopes map[string]scope
}

// Defaults of a document.
const (
	DefaultDialect     = "standard"
	DefaultTimeout     = 30 * time.Second
	DefaultBodyLimit   = 10 << 20
	DefaultLifetime    = 5 * time.Minute
	DefaultRefresh     = 30 * 24 * time.Hour
	DefaultAlgorithm   = "EdDSA"
	StaleDeny          = "deny"
	StaleServe         = "serve"
	ExploreShown       = "shown"
	ExploreNone        = "none"
	selectorPath       = "path"
	selectorFixed      = "fixed"
	selectorDialect    = "dialect"
	everything         = "*"
	managementAPI      = sallyport.APIName("sallyport")
	maxLifetime        = 15 * time.Minute
	maxRefresh         = 366 * 24 * time.Hour
	maxTimeout         = 24 * time.Hour
	maxStalenessOfNode = 24 * time.Hour
)

// Number returns the small number, not negative, that only this API of its
// compiler has.
func (a *API) Number() int32 { return a.number }

// Route returns the route with this id, nil if there is none.
func (a *API) Route(id string) *Route {
	i, ok := slices.BinarySearchFunc(a.Routes, id, func(r *Route, id string) int { return strings.Compare(r.ID, id) })
	if !ok {
		return nil
	}
	return a.Routes[i]
}

// newAPI compiles a document as far as it goes without the numbers of a
// [Compiler], and returns all its faults.
func newAPI(source *sallyport.API, rules Rules) (*API, []error) {
	whole, wrong := rules.Complete(source)
	f := &faults{list: wrong}
	rules.checkDocument(whole, f)
	doc := withDefaults(whole)
	a := &API{Name: doc.Name, Document: doc, Disabled: doc.Disabled, Accept: doc.Accept}
	spoken := rules.Dialects[doc.Dialect]
	a.Switches = spoken.Switches
	a.Realm, a.Takes, a.Fold = spoken.Realm, spoken.Takes, spoken.Fold
	a.permissionNames, a.scopeNames = declaredPermissions(doc), declaredScopes(doc)
	for _, p := range doc.Permissions {
		a.Permissions = append(a.Permissions, permission(doc.Name, p.Name))
	}
	slices.Sort(a.Permissions)
	a.Permissions = slices.Compact(a.Permissions)
	for i := range doc.Routes {
		if r := a.newRoute(&doc.Routes[i], field("routes", i), f); r != nil {
			a.Routes = append(a.Routes, r)
		}
		breathe(i)
	}
	a.plant(f)
	slices.SortFunc(a.Routes, func(x, y *Route) int { return strings.Compare(x.ID, y.ID) })
	a.Parameters, a.learning = a.parameters(), a.learningRoute()
	if a.Fold != nil {
		a.Guarded = a.guarded()
	}
	a.checkPlaces(f)
	if len(f.list) > 0 {
		return a.closed(), f.list
	}
	return a, nil
}

// withDefaults returns a copy of the document that says what it leaves unsaid.
// Slices are shared; nobody changes them.
func withDefaults(source *sallyport.API) *sallyport.API {
	doc := *source
	setDefault(&doc.Dialect, DefaultDialect)
	setDefault(&doc.Explain, sallyport.ExplainCode)
	setDefault(&doc.Explore, ExploreShown)
	setDefault(&doc.Stale, StaleDeny)
	setDefault(&doc.Upstream.Timeout, sallyport.Duration(DefaultTimeout))
	setDefault(&doc.Upstream.BodyLimit, DefaultBodyLimit)
	setDefault(&doc.Token.Algorithm, DefaultAlgorithm)
	setDefault(&doc.Token.Lifetime, sallyport.Duration(DefaultLifetime))
	setDefault(&doc.Token.Refresh, sallyport.Duration(DefaultRefresh))
	if len(doc.Accept) == 0 {
		doc.Accept = []sallyport.Accept{{In: sallyport.CarrierBearer}}
	}
	return &doc
}

func setDefault[T comparable](value *T, unsaid T) {
	var zero T
	if *value == zero {
		*value = unsaid
	}
}

func permission(api sallyport.APIName, local string) sallyport.Permission {
	return sallyport.Permission(string(api) + "/" + local)
}

func permissions(api sallyport.APIName, locals []string) []sallyport.Permission {
	out := make([]sallyport.Permission, 0, len(locals))
	for _, l := range locals {
		out = append(out, permission(api, l))
	}
	return out
}

// plant makes the trees, and refuses routes that clash.
func (a *API) plant(f *faults) {
	builders := map[string]*builder{}
	ids := map[string]*Route{}
	for i, r := range a.Routes {
		breathe(i)
		if other := ids[r.ID]; other != nil {
			f.add("routes", "two routes have the id %q (%s and %s); an id names one route", r.ID, other.describe(), r.describe())
			continue
		}
		ids[r.ID] = r
		b := builders[r.Host]
		if b == nil {
			b = newBuilder()
			builders[r.Host] = b
		}
		for i, other := range b.add(r) {
			if i == 3 {
				break // the first ones tell enough
			}
			f.add("routes", "the same request matches route %q (%s) and route %q (%s) with equal right; "+
				"give them methods, paths or parameter values that differ", other.ID, other.describe(), r.ID, r.describe())
		}
	}
	for host, b := range builders {
		t := b.tree(&a.table)
		if host == "" {
			a.everyHost = t
			continue
		}
		if a.hosts == nil {
			a.hosts = map[string]*tree{}
		}
		a.hosts[host] = t
	}
	if a.Disabled {
		a.hosts, a.everyHost = nil, nil
	}
}

// closed returns the API as one that matches nothing. It stays where it is
// mounted, so that its requests do not fall to an API at a shorter base path.
func (a *API) closed() *API {
	c := *a
	c.Disabled = true
	c.hosts, c.everyHost, c.learning, c.Routes, c.Parameters = nil, nil, nil, nil, nil
	return &c
}

// A Place is where routes look at a parameter.
type Place struct {
	In, Name string
	Many     bool // a request may have it more than once
}

func (a *API) parameters() []Place {
	seen := map[Place]bool{}
	for _, r := range a.Routes {
		if r.Parameter != nil {
			seen[Place{r.Parameter.In, r.parameterName, r.many()}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(x, y Place) int {
		return strings.Compare(x.In+" "+x.Name, y.In+" "+y.Name)
	})
}

// A scope is a compiled scope of an API.
type scope struct {
	number int32
	set    sallyport.Set
}

// assign gives the API and what is in it the numbers of the compiler.
func (a *API) assign(c *Compiler) {
	a.number = c.scopes.of(string(a.Name))
	a.own.Add(c.permissions.of(permission(a.Name, everything)))
	for _, p := range a.Permissions {
		a.own.Add(c.permissions.of(p))
	}
	a.scopes = map[string]scope{}
	for _, spec := range a.Document.Scopes {
		s := scope{number: c.scopes.of(string(a.Name) + "/" + spec.Name)}
		for _, p := range spec.Permissions {
			if p == everything {
				union(&s.set, a.own)
				continue
			}
			s.set.Add(c.permissions.of(permission(a.Name, p)))
		}
		a.scopes[spec.Name] = s
	}
	for _, r := range a.Routes {
		r.Need = sallyport.Need{AllOf: c.numbersOf(r.AllOf), AnyOf: c.numbersOf(r.AnyOf)}
		r.Use = c.UseOf(r.AllOf, r.AnyOf)
		for i := range r.ByKind {
			r.ByKind[i].Need.AnyOf = c.numbersOf(r.ByKind[i].AnyOf)
		}
		for _, full := range r.Scopes {
			name := strings.TrimPrefix(full, string(a.Name)+"/")
			s := a.scopes[name]
			for _, p := range slices.Concat(r.Need.AllOf, r.Need.AnyOf) {
				s.set.Add(p)
			}
			a.scopes[name] = s
			r.scopeNumbers = append(r.scopeNumbers, s.number)
		}
	}
}

// asAsked returns the selector with the name of a header in the form in which
// net/http keeps it, so that no request has to convert it.
func asAsked(s *sallyport.Selector) *sallyport.Selector {
	if s == nil || s.From != inHeader {
		return s
	}
	canonical := *s
	canonical.Name = textproto.CanonicalMIMEHeaderKey(s.Name)
	return &canonical
}

// guarded returns the names for Guarded.
func (a *API) guarded() []string {
	names := slices.Clone(a.Document.Upstream.DropParameters)
	for _, p := range a.Parameters {
		names = append(names, p.Name)
	}
	for _, way := range a.Accept {
		if way.In == sallyport.CarrierQuery || way.In == sallyport.CarrierForm {
			names = append(names, way.Name)
			if way.Login != "" {
				names = append(names, way.Login)
			}
		}
	}
	return names
}
