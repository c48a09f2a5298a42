package console

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// placeholder finds the names in a pattern of a path.
var placeholder = regexp.MustCompile(`\{([^{}.]+)(?:\.\.\.)?\}`)

// curl returns the lines of a command that calls a route in a tenant, with what
// is to be filled in in capitals and the secret in the variable TOKEN. With basic
// curl asks for the visitor's password instead. It returns none if the API takes
// no credential that a command could have.
func (v *visit) curl(r *policy.Route, tenant sallyport.TenantID) (lines []string, basic bool) {
	c := &command{method: methodOf(r), query: url.Values{}}
	path := fullPath(r)
	c.choose(r.Tenant, string(tenant), "TENANT", &path)
	c.choose(r.Realm, "", "REALM", &path)
	if p := r.Parameter; p != nil {
		c.parameter(p)
	}
	if !r.Public {
		var ok bool
		if basic, ok = c.credential(r.API, v.self.Principal.Login); !ok {
			return nil, false
		}
	}
	path = placeholder.ReplaceAllStringFunc(path, func(s string) string {
		return strings.ToUpper(strings.TrimSuffix(strings.Trim(s, "{}"), "..."))
	})
	return c.lines(v.baseOf(r) + path), basic
}

// methodOf is the method that a route is shown with.
func methodOf(r *policy.Route) string {
	if len(r.Methods) == 0 || slices.Contains(r.Methods, "GET") || slices.Contains(r.Methods, "*") {
		return "GET"
	}
	return r.Methods[0]
}

// A command is a command of curl as it comes about.
type command struct {
	method string
	args   []string // each a line
	query  url.Values
	secret string // query parameter that takes it
	form   bool
}

// choose names a tenant or a realm where a route looks for it.
func (c *command) choose(s *sallyport.Selector, value, unknown string, path *string) {
	if s == nil || s.From == "fixed" {
		return
	}
	if value == "" {
		if !s.Required && s.From != "path" {
			return
		}
		value = unknown
	}
	switch s.From {
	case "header":
		c.args = append(c.args, "--header "+quoted(s.Name+": "+value))
	case "query":
		c.query.Set(s.Name, value)
	case "path":
		*path = strings.ReplaceAll(*path, "{"+s.Name+"}", value)
	}
}

// parameter says which of several operations of a path is meant.
func (c *command) parameter(p *sallyport.Parameter) {
	value := parameterText(p)
	switch {
	case p.In == "header":
		c.args = append(c.args, "--header "+quoted(p.Name+": "+value))
	case p.In == "query" || c.method == "GET":
		c.query.Set(p.Name, value)
	default:
		c.form = true
		c.args = append(c.args, "--data-urlencode "+quoted(p.Name+"="+value))
	}
}

// credential adds the first credential that the API takes and a command can
// have; not ok if there is none.
func (c *command) credential(api *policy.API, login string) (basic, ok bool) {
	header := headerFor(api, sallyport.PersonalToken, "")
	if header != "" {
		c.args = slices.Insert(c.args, 0, "--header "+quoted(header)+`"$TOKEN"`)
		return false, true
	}
	for _, a := range api.Accept {
		if a.Refused {
			continue
		}
		switch {
		case a.In == sallyport.CarrierBasic && (len(a.Kinds) == 0 || slices.Contains(a.Kinds, sallyport.Password)):
			c.args = slices.Insert(c.args, 0, "--user "+quoted(login))
			return true, true
		case a.In == sallyport.CarrierQuery && a.Login == "" && (len(a.Kinds) == 0 || slices.Contains(a.Kinds, sallyport.PersonalToken)):
			c.secret = a.Name
			return false, true
		}
	}
	return false, false
}

// lines are the command for a URL.
func (c *command) lines(to string) []string {
	first := "curl"
	switch {
	case c.method == "HEAD":
		first += " --head"
	case c.method != "GET" && (c.method != "POST" || !c.form):
		first += " --request " + quoted(c.method)
	}
	query := c.query.Encode()
	if query != "" {
		to += "?" + query
	}
	last := quoted(to)
	if c.secret != "" {
		with := "?"
		if query != "" {
			with = "&"
		}
		last = quoted(to+with+url.QueryEscape(c.secret)+"=") + `"$TOKEN"`
	}
	return append(append([]string{first}, c.args...), last)
}
