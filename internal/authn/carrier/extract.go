package carrier

import (
	"errors"
	"net/http"
	"slices"
)

// DefaultMaxBody is the largest form that is searched, in bytes, unless the View
// says otherwise.
const DefaultMaxBody = 1 << 20

// A View is the part of a request that may carry a credential.
type View struct {
	// Header is the request's header with canonical names, as net/http makes it.
	Header http.Header
	// RawQuery is the query as it was sent, without the question mark.
	RawQuery string
	// Body returns the whole body. It is called at most once, and only if a form
	// is accepted and the content type is one of a form; whoever implements it
	// bounds the read and keeps the bytes for the upstream. An
	// *http.MaxBytesError becomes [BodyTooLarge]. A nil Body is no body.
	Body func() ([]byte, error)
	// MaxBody is the largest form that is searched; 0 is [DefaultMaxBody].
	MaxBody int
}

// A Plan is a list of accepted carriers, ready for the search: by place, and of two
// with one place and name the first alone. It never changes.
type Plan struct {
	authorization []Carrier // Basic and Bearer
	headers       []Carrier
	query         []Carrier
	form          []Carrier
	cookies       []Carrier

	readsQuery   bool // whether a credential may be in the query
	refusesQuery bool // whether there must not be one under some name
	readsForm    bool
}

// NewPlan makes a plan.
func NewPlan(accept []Carrier) *Plan {
	p := &Plan{}
	for i, c := range accept {
		again := slices.ContainsFunc(accept[:i], func(o Carrier) bool { return o.In == c.In && o.Name == c.Name })
		switch c.In {
		case Basic, Bearer:
			p.authorization = append(p.authorization, c) // the first that fits the word is taken
		case Header:
			p.headers = appendUnless(again, p.headers, c)
		case Query:
			p.query = appendUnless(again, p.query, c)
			p.readsQuery = p.readsQuery || !c.Refused
			p.refusesQuery = p.refusesQuery || c.Refused
		case Form:
			p.form = appendUnless(again, p.form, c)
			p.readsForm = p.readsForm || !c.Refused
		case Cookie:
			p.cookies = appendUnless(again, p.cookies, c)
		case None, Other:
		}
	}
	return p
}

func appendUnless(again bool, list []Carrier, c Carrier) []Carrier { //nolint:revive // it says what to do
	if again {
		return list
	}
	return append(list, c)
}

// Extract makes a plan and searches. Who searches often keeps the plan.
func Extract(r View, accept []Carrier) (Found, Fault) { return NewPlan(accept).Extract(r) }

// Extract returns the one credential of the request.
//
// If there is none, Found.In is [None] and the fault is [OK]. If there are two,
// the fault is [Ambiguous], whatever else may be wrong with them. Faults of the
// query and of the form count only where the API accepts a credential there.
//
// The characters of a bearer token are not looked at; that is for [CheckBearer].
// To read each of them takes longer than to look the whole token up, and one that
// is known was read before.
//
// A cookie is the credential only if there is no explicit one. Beside an explicit
// one it is ignored, however many there are of it and whatever they hold.
//
// Extract does not allocate for a bearer token, a header, a cookie, or a query
// parameter without escapes; it allocates once for Basic.
func (p *Plan) Extract(r View) (Found, Fault) {
	s := search{view: r, plan: p}
	s.authorization()
	s.headers()
	if fault := s.query(); fault != OK {
		return Found{Seen: s.found.Seen}, fault
	}
	if fault := s.form(); fault != OK {
		return Found{Seen: s.found.Seen}, fault
	}
	s.cookies()
	switch {
	case s.count > 1:
		return Found{Seen: s.found.Seen}, Ambiguous
	case s.fault != OK:
		return Found{Seen: s.found.Seen}, s.fault
	}
	return s.found, OK
}

// A search is one run of Extract.
type search struct {
	view  View
	plan  *Plan
	found Found // the first credential
	fault Fault // what is wrong with it
	count int   // how many there are
}

// add counts credentials at one place; all but the first are only counted.
func (s *search) add(c *Carrier, count int, login, secret string, fault Fault) {
	s.found.Seen |= 1 << c.In
	if s.count == 0 {
		s.found.In, s.found.Name, s.found.Login, s.found.Secret = c.In, c.Name, login, secret
		s.fault = fault
	}
	s.count += count
}

const authorizationHeader = "Authorization"

// authorization looks at the Authorization header.
func (s *search) authorization() {
	values := s.view.Header[authorizationHeader]
	if len(values) == 0 {
		return
	}
	for i := range s.plan.authorization {
		c := &s.plan.authorization[i]
		var login, secret string
		var fault Fault
		switch {
		case c.In == Basic && hasScheme(values[0], "Basic", c.LenientBasic):
			login, secret, fault = parseBasic(values[0][len("Basic"):], c.LenientBasic)
		case c.In == Bearer && hasScheme(values[0], c.scheme(), false):
			secret, fault = parseBearer(values[0][len(c.scheme()):], c.max())
		default:
			continue
		}
		s.add(c, len(values), login, secret, fault)
		return
	}
	for i := range s.plan.headers {
		if c := &s.plan.headers[i]; !c.Refused && c.Name == authorizationHeader {
			s.add(c, len(values), "", values[0], checkHeader(values[0], c.max()))
			return
		}
	}
	s.add(&Carrier{In: Other}, len(values), "", "", SchemeNotAccepted)
}

// headers looks at the API's own headers.
func (s *search) headers() {
	for i := range s.plan.headers {
		c := &s.plan.headers[i]
		values := s.view.Header[c.Name]
		switch {
		case len(values) == 0, c.Name == authorizationHeader:
		case c.EmptyAbsent && len(values) == 1 && values[0] == "":
		case c.Refused:
			s.add(c, len(values), "", "", LocationForbidden)
		default:
			s.add(c, len(values), "", values[0], checkHeader(values[0], c.max()))
		}
	}
}

// query looks at the query parameters.
func (s *search) query() Fault {
	raw := s.view.RawQuery
	if raw == "" {
		return OK
	}
	if s.plan.readsQuery {
		if fault := checkParameters(raw, MaxParameters); fault != OK {
			return fault
		}
	}
	s.refused(raw)
	for i := range s.plan.query {
		if c := &s.plan.query[i]; !c.Refused {
			s.parameter(c, fields{raw: raw})
		}
	}
	return OK
}

// refused looks for what may not be in the query, in one pass for all of it. What
// may not be there must not be there in any reading, so a ";" parts too.
func (s *search) refused(raw string) {
	if !s.plan.refusesQuery {
		return
	}
	for more := true; more; {
		var pair string
		pair, raw, more = cutParameter(raw)
		if pair == "" {
			continue
		}
		for i := range s.plan.query {
			if c := &s.plan.query[i]; c.Refused && mayDecodeTo(pair[0], c.Name) && mentions(pair, c) {
				s.add(c, 1, "", "", LocationForbidden)
			}
		}
	}
}

// form looks at the fields of a form. It reads the body only if it must.
func (s *search) form() Fault {
	if s.view.Body == nil || !s.plan.readsForm {
		return OK
	}
	contentTypes := s.view.Header["Content-Type"]
	switch {
	case len(contentTypes) == 0:
		return OK
	case len(contentTypes) > 1:
		return BodyMalformed // which one would the upstream believe?
	}
	kind := formKind(contentTypes[0])
	if kind == noForm {
		return OK
	}
	body, err := s.view.Body()
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return BodyTooLarge
		}
		return BodyUnreadable
	}
	limit := s.view.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	if len(body) > limit {
		return BodyTooLarge
	}
	from, fault := readForm(contentTypes[0], kind, body)
	if fault != OK {
		return fault
	}
	for i := range s.plan.form {
		s.parameter(&s.plan.form[i], from)
	}
	return OK
}

// parameter looks for one carrier's parameter, and for the login beside it.
func (s *search) parameter(c *Carrier, from fields) {
	value, count := from.value(c.Name, c.files())
	if count == 0 || c.EmptyAbsent && count == 1 && value.raw == "" {
		return
	}
	if c.Refused {
		s.add(c, count, "", "", LocationForbidden)
		return
	}
	if c.Login == "" {
		secret, fault := decodeKey(value, c.max())
		s.add(c, count, "", secret, fault)
		return
	}
	name, logins := from.value(c.Login, noFiles)
	login, secret, fault := decodePassword(name, value)
	if logins > 1 {
		count = max(count, 2) // two users for one password
	}
	s.add(c, count, login, secret, fault)
}

// cookies looks for session cookies. Beside an explicit credential they are only
// noticed, for the trace.
func (s *search) cookies() {
	explicit := s.count > 0
	lines := s.view.Header[cookieHeader]
	if len(lines) == 0 {
		return
	}
	for i := range s.plan.cookies {
		c := &s.plan.cookies[i]
		value, count, fault := cookieValue(lines, c.Name, c.max())
		switch {
		case count == 0:
		case explicit:
			s.found.Seen |= 1 << Cookie
		default:
			s.add(c, count, "", value, fault)
		}
	}
}
