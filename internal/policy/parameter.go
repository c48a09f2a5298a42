package policy

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Places of a parameter that tells routes apart.
const (
	inQuery  = "query"
	inForm   = "form"
	inHeader = "header"
)

// A parameterState says what came of reading a parameter.
type parameterState uint8

const (
	absent parameterState = iota
	present
	// unreadable is a parameter that two programs could read differently. No
	// route to the upstream matches such a request, not even one without a
	// parameter: otherwise a caller could choose a route by breaking the text.
	unreadable
)

// find returns the routes of the group for the parameter of a request, the more
// specific ones first.
func (g *group) find(params ParameterSource) ([]*Route, parameterState) {
	if params == nil {
		return nil, absent
	}
	if g.many {
		return g.holding(params.QueryAll(g.name)), present
	}
	value, state := g.read(params)
	if state != present {
		return nil, state
	}
	return g.routes[value], present
}

// holding returns the routes that are for all of some values: what such a route
// lets through, it lets through with each of them.
func (g *group) holding(values []string) []*Route {
	if len(values) == 0 {
		return nil
	}
	var found []*Route
	for _, r := range g.sets {
		if subset(values, r.Parameter.Values) {
			found = append(found, r)
		}
	}
	return found
}

// subset reports whether each of some values is among others.
func subset(some, others []string) bool {
	for _, value := range some {
		if !slices.Contains(others, value) {
			return false
		}
	}
	return true
}

// read returns the value that the routes of the group look at.
func (g *group) read(params ParameterSource) (string, parameterState) {
	var value string
	var ok bool
	switch g.in {
	case inQuery:
		value, ok = params.Query(g.name)
	case inHeader:
		value, ok = params.Header(g.name)
	case inForm:
		// The upstream may prefer either, so both must say the same.
		inURL, inURLToo := params.Query(g.name)
		value, ok = params.Form(g.name)
		if ok && inURLToo && value != inURL {
			return "", unreadable
		}
		if !ok {
			value, ok = inURL, inURLToo
		}
	}
	switch {
	case !ok:
		return "", absent
	case g.field != "":
		return readField(value, g.field)
	}
	return value, present
}

// readField returns a text field of the JSON object in text. An object with a
// key twice, or with a key that differs from the field in case only, is
// unreadable: readers of JSON disagree on which one counts (RFC 8259 section 4).
func readField(text, field string) (string, parameterState) {
	if !utf8.ValidString(text) {
		return "", unreadable
	}
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", unreadable
	}
	value, state := "", absent
	keys := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok || keys[key] {
			return "", unreadable
		}
		keys[key] = true
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return "", unreadable
		}
		if !strings.EqualFold(key, field) {
			continue
		}
		if key != field || len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
			return "", unreadable
		}
		state = present
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return "", unreadable
	}
	if _, err := d.Token(); err != io.EOF {
		return "", unreadable
	}
	return value, state
}
