package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

// A Dialect is what the policy must know of a way in which credentials arrive
// and answers look.
type Dialect struct {
	// Endpoints are what the dialect answers itself; routes may name them.
	Endpoints []string

	// Complete fills in what the document of an API of this dialect leaves
	// open: its accept list, permissions, scopes and routes, as the system has
	// them. What the document says stays as it is. It reads the settings too,
	// and returns what is wrong with them, best as a [sallyport.Error] whose
	// field is "settings.NAME". It may put new slices into the document, but
	// not change those that are there. Nil: nothing is filled in, and there are
	// no settings.
	Complete func(*sallyport.API) []error

	// Switches are the settings that Complete reads, for who sets them with a form.
	Switches []Switch

	// Realm finds the realm that a request is for where it takes knowledge of the
	// system, for selectors with from "dialect"; empty: none, or more than one. It
	// must not take a request for one realm that the upstream can read as one for
	// another. Nil: there are no such selectors. It is safe for concurrent use.
	Realm func(RealmSource) string

	// Takes reports whether a credential counts that arrives in a way of the
	// accept list, where the request itself says in which way its client signs in.
	// One that does not count is refused; it is not looked for elsewhere. Nil: all
	// count. It is safe for concurrent use.
	Takes func(*sallyport.API, ParameterSource, *sallyport.Accept) bool

	// Fold returns the name under which the upstream sees a parameter, if it
	// takes several spellings for one. A request that spells a name which counts
	// here in another way is refused. Nil: names are taken as they are. It is safe
	// for concurrent use.
	Fold func(name string) string
}

// A Switch is a setting of a dialect.
type Switch struct {
	Name    string
	Default string
	Values  []string // what it may be; empty: text of some form
}

// Complete returns the document as it is in force: with what its dialect fills
// in. The source stays as it is.
func (r Rules) Complete(source *sallyport.API) (*sallyport.API, []error) {
	doc := *source
	d, known := r.Dialects[doc.Dialect]
	switch {
	case doc.Dialect == "" || doc.Dialect == DefaultDialect || !known:
		return &doc, noSettings(&doc)
	case d.Complete == nil:
		return &doc, noSettings(&doc)
	}
	return &doc, d.Complete(&doc)
}

func noSettings(doc *sallyport.API) []error {
	if len(doc.Settings) == 0 {
		return nil
	}
	return []error{sallyport.ErrInvalid("settings", "the dialect has no settings; leave them out")}
}

// checkEndpoints refuses routes that name what the dialect does not answer.
func (r Rules) checkEndpoints(doc *sallyport.API, f *faults) {
	known := r.Dialects[doc.Dialect].Endpoints
	for i := range doc.Routes {
		name := doc.Routes[i].Endpoint
		if name == "" || slices.Contains(known, name) {
			continue
		}
		message := fmt.Sprintf("the dialect has no endpoint %q", name)
		if len(known) > 0 {
			message += "; it has " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
		}
		f.add(field("routes", i)+".endpoint", "%s", message)
	}
}

// dialects returns the names of the known dialects, sorted.
func (r Rules) dialects() []string {
	names := slices.Collect(maps.Keys(r.Dialects))
	if !slices.Contains(names, DefaultDialect) {
		names = append(names, DefaultDialect)
	}
	slices.Sort(names)
	return names
}

// checkRealms refuses selectors that leave the realm to a dialect which knows
// none.
func (r Rules) checkRealms(doc *sallyport.API, f *faults) {
	if r.Dialects[doc.Dialect].Realm != nil {
		return
	}
	check := func(where string, s *sallyport.Selector) {
		if s != nil && s.From == selectorDialect {
			f.add(where+".from", "the dialect finds no realm in requests; write header, path, query, claim or fixed")
		}
	}
	check("realm", doc.Realm)
	for i := range doc.Routes {
		check(field("routes", i)+".realm", doc.Routes[i].Realm)
	}
}
