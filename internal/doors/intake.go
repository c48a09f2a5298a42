package doors

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/policy"
)

// An intake is an API's list of accepted carriers, ready for the search.
type intake struct {
	carriers []carrier.Carrier
	accept   []sallyport.Accept // at the same places; scopes by their full names
	plan     *carrier.Plan      // the search for them
}

// inForce is a policy snapshot with what the doors add to it.
type inForce struct {
	*policy.Snapshot
	intakes []*intake // by the API's number
}

// intake returns what an API of the snapshot accepts.
func (f *inForce) intake(api *policy.API) *intake { return f.intakes[api.Number()] }

// forbiddenParameters are names under which people put credentials into URLs
// (RFC 6750 section 2.3, and habit). An API that does not ask for them there
// refuses the request, so that nobody relies on a secret in his logs.
var forbiddenParameters = [...]string{"access_token", "api_key"}

func newInForce(s *policy.Snapshot) *inForce {
	f := &inForce{Snapshot: s}
	for _, api := range s.APIs() {
		n := int(api.Number())
		if n >= len(f.intakes) {
			f.intakes = append(f.intakes, make([]*intake, n+1-len(f.intakes))...)
		}
		f.intakes[n] = newIntake(api.Name, api.Accept)
	}
	return f
}

func newIntake(api sallyport.APIName, accept []sallyport.Accept) *intake {
	in := &intake{accept: slices.Clone(accept)}
	taken := map[string]bool{}
	for i, a := range accept {
		in.accept[i].Scopes = fullNames(api, a.Scopes)
		c := carrier.Carrier{In: inOf(a.In), Name: a.Name, Login: a.Login, Refused: a.Refused}
		if a.Lenient {
			c.LenientBasic = c.In == carrier.Basic
			c.FilePart = c.In == carrier.Form
			c.EmptyAbsent = c.In == carrier.Query || c.In == carrier.Form || c.In == carrier.Header
		}
		if c.In == carrier.Header {
			// In the form in which net/http keeps it, so that no request has to
			// convert it.
			c.Name = http.CanonicalHeaderKey(a.Name)
		}
		in.carriers = append(in.carriers, c)
		taken[a.Name] = true
	}
	for _, name := range forbiddenParameters {
		if !taken[name] {
			in.carriers = append(in.carriers, carrier.Carrier{In: carrier.Query, Name: name, Refused: true})
		}
	}
	in.plan = carrier.NewPlan(in.carriers)
	return in
}

func fullNames(api sallyport.APIName, scopes []string) []string {
	var full []string
	for _, s := range scopes {
		full = append(full, string(api)+"/"+s)
	}
	return full
}

// at returns what is accepted in the place where a credential was found; nil if
// the place is not one of the document's.
func (in *intake) at(found *carrier.Found) *sallyport.Accept {
	for i := range in.accept {
		if c := &in.carriers[i]; c.In == found.In && c.Name == found.Name {
			return &in.accept[i]
		}
	}
	return nil
}

// inOf translates the word of a document into the word of the search.
func inOf(c sallyport.Carrier) carrier.In {
	switch c {
	case sallyport.CarrierBasic:
		return carrier.Basic
	case sallyport.CarrierBearer:
		return carrier.Bearer
	case sallyport.CarrierHeader:
		return carrier.Header
	case sallyport.CarrierQuery:
		return carrier.Query
	case sallyport.CarrierForm:
		return carrier.Form
	case sallyport.CarrierCookie:
		return carrier.Cookie
	}
	return carrier.None
}
