package console

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

const (
	callPatience = 30 * time.Second // for the whole of an answer
	maxValue     = 2000             // bytes of a parameter
)

// blank fills the fields of the page's operation with what is known before
// anything was typed.
func (v *visit) blank(page *explorePage) {
	form := url.Values{}
	for i := range page.Op.Parameters {
		p := &page.Op.Parameters[i]
		if p.Required {
			form.Set(fieldOf(p), p.Example)
		}
	}
	if b := page.Op.Body; b != nil && len(b.Types) > 0 {
		form.Set("type", b.Types[0])
		form.Set("body", b.Example(b.Types[0]))
	}
	v.fill(page, form)
}

// fieldOf is the name of the field of a parameter.
func fieldOf(p *openapi.Parameter) string { return p.In + "." + p.Name }

// fill makes the fields of the page's operation, with what was typed.
func (v *visit) fill(page *explorePage, form url.Values) {
	op := page.Op
	for i := range op.Parameters {
		p := &op.Parameters[i]
		name := fieldOf(p)
		f := field{
			Name: name, ID: name, Label: p.Name + " (" + v.text("explore.in."+p.In) + ")", Hint: p.Description, Value: form.Get(name),
			Fault: page.Faults.Of(name), Kind: "text", Auto: "off", Required: p.Required, Max: maxValue, Mono: true,
		}
		switch {
		case p.Many:
			f.Kind, f.Rows = "area", 2
			f.Hint = strings.TrimSpace(f.Hint + " " + v.text("explore.many"))
		case len(p.Choices) > 0:
			f.Kind = "select"
			f.Options = chosen(p, f.Value, v.text("explore.unset"))
		case f.Hint == "" && p.Example != "" && !p.Required:
			f.Hint = v.text("explore.such", p.Example)
		}
		page.Fields = append(page.Fields, f)
	}
	page.Query, page.Body = form.Get("query"), form.Get("body")
	if op.Body != nil {
		for _, kind := range op.Body.Types {
			page.Kinds = append(page.Kinds, option{Value: kind, Text: kind, Chosen: kind == form.Get("type")})
		}
	}
	page.Curl, page.Basic = v.callCurl(page, form)
}

// chosen are the values that a parameter can have, and none if it need not be
// there.
func chosen(p *openapi.Parameter, value, unset string) []option {
	var list []option
	if !p.Required {
		list = append(list, option{Text: unset, Chosen: value == ""})
	}
	for _, c := range p.Choices {
		list = append(list, option{Value: c, Text: c, Chosen: c == value})
	}
	return list
}

// tryCall makes the call that was asked for, as the visitor, through both doors.
func (v *visit) tryCall() error {
	page, _, err := v.explorePage()
	if err != nil {
		return err
	}
	op := page.Op
	if op == nil || op.Untried != "" || v.Call == nil {
		return sallyport.ErrNotFound("there is no such operation, or it cannot be tried here")
	}
	for name, values := range v.form {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], "\r\n", "\n")
		}
		v.form[name] = values
	}
	c := v.compose(page, v.form)
	if page.Faults.Any() {
		v.fill(page, v.form)
		return v.show(http.StatusUnprocessableEntity, "explore_call", page)
	}
	if page.Answer, err = v.carryOut(op.Route, c); err != nil {
		return err
	}
	v.fill(page, v.form)
	return v.show(http.StatusOK, "explore_call", page)
}

// A composed is a call as it goes over the wire.
type composed struct {
	method string
	target string // path and query
	header http.Header
	body   string
}

// compose makes the call of what was typed; what is wrong is noted on the page.
func (v *visit) compose(page *explorePage, form url.Values) composed {
	op := page.Op
	c := composed{method: op.Method, header: http.Header{}}
	path, query, fields := op.Full, url.Values{}, url.Values{}
	for i := range op.Parameters {
		p := &op.Parameters[i]
		name := fieldOf(p)
		value := form.Get(name)
		switch {
		case value == "" && p.Required:
			page.Faults.at(name, v.text("explore.need"))
			continue
		case value == "":
			continue
		case len(value) > maxValue || !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && (r != '\n' || !p.Many) }):
			page.Faults.at(name, v.text("explore.bad"))
			continue
		}
		values := []string{value}
		if p.Many {
			values = strings.FieldsFunc(value, func(r rune) bool { return r == '\n' })
		}
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", escaped(value, p.Rest))
			path = strings.ReplaceAll(path, "{"+p.Name+"...}", escaped(value, true))
		case "query":
			query[p.Name] = values
		case "form":
			fields[p.Name] = values
		case "header":
			if !mayTell(op.Route.API, p.Name) {
				page.Faults.at(name, v.text("explore.header"))
				continue
			}
			c.header[http.CanonicalHeaderKey(p.Name)] = []string{strings.Join(values, ", ")}
		}
	}
	c.target = path
	all := []string{query.Encode(), v.moreQuery(page, form)}
	if text := strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "&"); text != "" {
		c.target += "?" + text
	}
	c.header.Set("Accept", "application/json, */*;q=0.5")
	v.composeBody(page, &c, fields, form)
	return c
}

// moreQuery is the part of the query that was typed as it is.
func (v *visit) moreQuery(page *explorePage, form url.Values) string {
	text := strings.TrimPrefix(strings.TrimSpace(form.Get("query")), "?")
	_, err := url.ParseQuery(text)
	if err != nil || len(text) > maxValue || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }) {
		page.Faults.at("query", v.text("explore.query.bad"))
		return ""
	}
	return text
}

func (v *visit) composeBody(page *explorePage, c *composed, fields, form url.Values) {
	b := page.Op.Body
	switch {
	case len(fields) > 0:
		c.body = fields.Encode()
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	case b == nil:
	case form.Get("body") == "":
		if b.Required {
			page.Faults.at("body", v.text("explore.need"))
		}
	case !slices.Contains(b.Types, form.Get("type")):
		page.Faults.at("type", v.text("explore.type.bad"))
	default:
		c.body = form.Get("body")
		c.header.Set("Content-Type", form.Get("type"))
		if strings.Contains(form.Get("type"), "json") && !json.Valid([]byte(c.body)) {
			page.Faults.at("body", v.text("explore.body.bad"))
		}
	}
}

// escaped is a value as a path has it.
func escaped(value string, rest bool) string { //nolint:revive // whether the value may have slashes in it
	if !rest {
		return url.PathEscape(value)
	}
	parts := strings.Split(strings.TrimPrefix(value, "/"), "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// mayTell reports whether a header is one that a visitor may set: none that says
// who he is, where he comes from, or how the message is to be read.
func mayTell(api *policy.API, name string) bool {
	name = http.CanonicalHeaderKey(name)
	for _, a := range api.Accept {
		if a.In == sallyport.CarrierHeader && http.CanonicalHeaderKey(a.Name) == name {
			return false
		}
	}
	return !slices.Contains(kept[:], name) && !strings.HasPrefix(name, "X-Forwarded-") && !strings.HasPrefix(name, "Sec-") && !target.OwnHeader(name)
}

// kept are headers of a request that nobody fills in.
var kept = [...]string{
	"Authorization", "Proxy-Authorization", "Cookie", "Host", "Connection", "Upgrade", "Te", "Trailer", "Transfer-Encoding", "Content-Length",
	"Content-Encoding", "Expect", "Origin", "Forwarded",
}

// A callAnswer is what came of a call.
type callAnswer struct {
	Method, URL string
	Status      int
	Text        string
	Took        string
	Headers     []answerHeader
	Kind        string // content type
	Size        string
	Body        string // empty: there is none, or it is not text
	Binary      bool
	Cut         bool
	RequestID   string
	Why         string // path to the explanation
	Refused     bool   // by Sallyport
	Reason      sallyport.Reason
	Public      string // the reason in words
}

// An answerHeader is one header of an answer.
type answerHeader struct {
	Name, Value string
	Ours        bool // Sallyport says so, not the API
}

// Good reports whether the call did what was asked for.
func (a *callAnswer) Good() bool { return a.Status < http.StatusBadRequest }

// carryOut sends a call through the doors, in the name of the visitor's session.
func (v *visit) carryOut(route *policy.Route, c composed) (*callAnswer, error) {
	session, reason := v.shown()
	if reason != "" {
		return nil, v.denied(reason)
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), callPatience)
	defer cancel()
	r, err := surface.Another(ctx, v.r, c.method, c.target, c.body)
	if err != nil {
		return nil, sallyport.ErrInvalid("", "this is no call that can be made")
	}
	maps.Copy(r.Header, c.header)
	if host := hostOf(route); host != "" {
		if r.Host = host; r.TLS != nil {
			state := *r.TLS
			state.ServerName = "" // the connection was made for our host
			r.TLS = &state
		}
	}
	kept := &surface.Kept{Enough: cancel}
	began := v.Now()
	decision := v.Call(kept, r, session)
	a := &callAnswer{
		Method: c.method, URL: v.baseOf(route) + c.target, Status: kept.Status, Text: http.StatusText(kept.Status), Cut: kept.Cut,
		Took: v.Now().Sub(began).Round(100 * time.Microsecond).String(), RequestID: decision.RequestID,
		Refused: !decision.Allowed, Reason: decision.Reason, Why: whyOf(decision.RequestID),
	}
	if a.Refused {
		a.Public = decision.Reason.Info().Public
	}
	a.read(kept)
	return a, nil
}

// read takes from an answer what is shown of it.
func (a *callAnswer) read(k *surface.Kept) {
	for name, values := range k.Header() {
		ours := a.Refused || name == http.CanonicalHeaderKey(respond.HeaderRequestID) || target.OwnHeader(name)
		for _, value := range values {
			if name == "Set-Cookie" {
				value, _, _ = strings.Cut(value, "=")
				value += "=…"
			}
			a.Headers = append(a.Headers, answerHeader{name, value, ours})
		}
	}
	slices.SortStableFunc(a.Headers, func(x, y answerHeader) int { return strings.Compare(x.Name, y.Name) })
	a.Kind = k.Header().Get("Content-Type")
	a.Size = grouped(k.Size)
	body := k.Body.Bytes()
	if k.Cut {
		body = whole(body)
	}
	if !utf8.Valid(body) || bytes.ContainsRune(body, 0) {
		a.Binary = true
		return
	}
	a.Body = readable(a.Kind, body)
}

// whole cuts off what is left of a character at the end of a text.
func whole(b []byte) []byte {
	for i := 0; i < utf8.UTFMax && len(b) > 0; i++ {
		if r, size := utf8.DecodeLastRune(b); r != utf8.RuneError || size > 1 {
			break
		}
		b = b[:len(b)-1]
	}
	return b
}

// readable is a body as people read it: JSON and XML with their parts on lines of
// their own, if it is well-formed.
func readable(kind string, body []byte) string {
	media, _, _ := mime.ParseMediaType(kind)
	switch {
	case strings.HasSuffix(media, "json"):
		var b bytes.Buffer
		if json.Indent(&b, body, "", "  ") == nil {
			return b.String()
		}
	case strings.HasSuffix(media, "xml"):
		if text, ok := indentXML(body); ok {
			return text
		}
	}
	return string(body)
}

// callCurl is the command that does what the form says, with the secret in the
// variable TOKEN.
func (v *visit) callCurl(page *explorePage, form url.Values) (lines []string, basic bool) {
	var p explorePage // its faults are told elsewhere
	p.Op = page.Op
	asked, route := v.compose(&p, form), page.Op.Route
	c := &command{method: asked.method, query: url.Values{}}
	if !route.Public {
		var ok bool
		if basic, ok = c.credential(route.API, v.self.Principal.Login); !ok {
			return nil, false
		}
	}
	for _, name := range slices.Sorted(maps.Keys(asked.header)) {
		if name != "Accept" {
			c.args = append(c.args, "--header "+quoted(name+": "+asked.header.Get(name)))
		}
	}
	if asked.body != "" {
		c.form = c.method == http.MethodPost
		c.args = append(c.args, "--data-raw "+quoted(asked.body))
	}
	to, query, _ := strings.Cut(asked.target, "?")
	to = placeholder.ReplaceAllStringFunc(to, func(s string) string { return strings.ToUpper(strings.Trim(s, "{}.")) })
	if query != "" {
		if c.secret == "" {
			return c.lines(v.baseOf(route) + to + "?" + query), basic
		}
		c.query, _ = url.ParseQuery(query) // it was made here
	}
	return c.lines(v.baseOf(route) + to), basic
}

// parameterText is what stands in a parameter by which operations are told apart.
func parameterText(p *sallyport.Parameter) string {
	if p.Field == "" {
		return p.Example()
	}
	text, err := json.Marshal(map[string]string{p.Field: p.Value})
	if err != nil {
		return "" // there is nothing in it that JSON could not say
	}
	return string(text)
}
