package itadvisor

import (
	"bytes"
	"cmp"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// contentSecurity allows the stylesheet and forms to ourselves, and nothing else.
const contentSecurity = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// A page is what the page shows.
type page struct {
	Base    string
	Title   string // of the API
	Fault   string // what went wrong; empty: nothing
	User    string // empty: nobody is signed in
	Session bool   // he has a session that can be ended
	Login   string // of a sign-in that failed

	Methods []string
	Method  string
	Path    string
	Body    string
	Calls   []row
	Result  *result
}

// A row is one of the API's calls.
type row struct {
	Method, Path, Action string
	Needs                string
	Try                  string // link that fills the form
}

// A result is the answer to a call.
type result struct {
	Status    int
	Text      string
	RequestID string
	Body      string
	Cut       bool
}

// methods are those that can be tried.
var methods = [...]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// show answers with the page.
func (c *call) show(status int, p *page) error {
	p.Base, p.Title, p.Methods = c.Request.BasePath, c.Request.API.Document.Title, methods[:]
	if p.Title == "" {
		p.Title = protectionSpace
	}
	if p.User != "" {
		p.Calls = calls(c.Request.API, p.Base)
	}
	if p.Method == "" {
		p.Method = http.MethodGet
	}
	var b bytes.Buffer
	if err := c.views.page.Execute(&b, p); err != nil {
		return err
	}
	c.send(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// send answers with something for a browser.
func (c *call) send(status int, contentType string, body []byte) {
	h := c.w.Header()
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Add("Vary", "Cookie, Authorization")
	wire.Send(c.w, c.r, c.Exchange, status, contentType, body)
}

// signedIn is a page for who made the request.
func (c *call) signedIn() *page {
	p := &page{}
	if user := c.Decision.Principal; user != nil {
		p.User, p.Session = user.Login, c.Decision.CredentialKind == sallyport.Session
	}
	return p
}

// page is the page: a form to sign in with, or one to try calls with.
func (c *call) page() error {
	p := c.signedIn()
	q := c.r.URL.Query()
	p.Path, p.Body = q.Get("path"), q.Get("body")
	for _, m := range methods {
		if q.Get("method") == m {
			p.Method = m
		}
	}
	return c.show(http.StatusOK, p)
}

// style is the stylesheet of the page.
func (c *call) style() error {
	c.w.Header().Set("Cache-Control", "public, max-age=3600")
	c.send(http.StatusOK, "text/css; charset=utf-8", c.views.style)
	return nil
}

// calls lists what can be tried, in the order of the document.
func calls(api *policy.API, base string) []row {
	var list []row
	for _, r := range api.Document.Routes {
		if r.Endpoint != "" || r.Parameter != nil && (r.Parameter.In != "query" || r.Parameter.Field != "") {
			continue
		}
		path, _, _ := strings.Cut(r.Path, "/{rest...}") // of a whole tree: where it begins
		if p := r.Parameter; p != nil {
			path += "?" + url.Values{p.Name: {p.Example()}}.Encode()
		}
		for _, m := range r.Methods {
			link := url.Values{"method": {m}, "path": {path}}
			list = append(list, row{m, path, cmp.Or(r.Title, r.ID), needs(&r), base + "?" + link.Encode() + "#try"})
		}
	}
	return list
}

// needs says what a route asks for.
func needs(r *sallyport.Route) string {
	all, anyOf := strings.Join(r.AllOf, " and "), strings.Join(r.AnyOf, " or ")
	switch {
	case all == "" || anyOf == "":
		return all + anyOf
	case len(r.AnyOf) > 1:
		anyOf = "(" + anyOf + ")"
	}
	return all + " and " + anyOf
}

// form reads a form of the page.
func (c *call) form() (url.Values, error) {
	if err := wire.SameOrigin(c.r); err != nil {
		return nil, err
	}
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || c.Request.Body == nil {
		return nil, wire.Refused(sallyport.BodyMalformed)
	}
	text, err := wire.Body(c.Exchange)
	if err != nil {
		return nil, err
	}
	f, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, wire.Refused(sallyport.BodyMalformed)
	}
	return f, nil
}

// signIn starts a session for who knows a name and its password.
func (c *call) signIn() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	p, err := c.Authenticate(c.r, c.Exchange, f.Get("username"), f.Get("password"))
	if err == nil {
		err = c.startSession(p)
	}
	if err == nil {
		return c.redirect()
	}
	told := c.Docs.ProblemOf(err, c.Decision.RequestID)
	if told.Status == http.StatusInternalServerError {
		return err
	}
	answer := &page{Login: f.Get("username"), Fault: told.Detail}
	switch told.Status {
	case http.StatusUnauthorized:
		answer.Fault = "The user name or the password is wrong."
		c.askForSession()
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		c.w.Header().Set("Retry-After", strconv.Itoa(max(c.Decision.RetryAfter, 1)))
	}
	return c.show(told.Status, answer)
}

// askForSession adds the challenge of a 401 to a browser. One for Basic would have
// it ask for a password in a window of its own.
func (c *call) askForSession() {
	c.w.Header().Set("WWW-Authenticate", c.sessionChallenge()[0])
}

func (c *call) sessionChallenge() []string {
	return respond.Challenges([]sallyport.Accept{{In: sallyport.CarrierCookie, Name: cookieName(c.Exchange)}},
		protectionSpace, respond.Try{})
}

// redirect leads back to the page.
func (c *call) redirect() error {
	c.w.Header().Set("Location", c.Request.BasePath)
	c.send(http.StatusSeeOther, "text/plain; charset=utf-8", nil)
	return nil
}

func (c *call) signOut() error {
	if err := wire.SameOrigin(c.r); err != nil {
		return err
	}
	if err := c.End(c.r, c.Exchange, cookieName(c.Exchange)); err != nil {
		return err
	}
	c.setCookie("", 0)
	return c.redirect()
}

// turnAway answers a denied request for the page: with the form to sign in, if
// that is what is missing.
func (c *call) turnAway() {
	told := c.Docs.Problem(c.Answer)
	c.Answer.Challenges = c.sessionChallenge()
	p := &page{Fault: told.Title + ". " + told.Detail}
	if told.Status == http.StatusUnauthorized {
		p.Fault = "Sign in to go on."
		if c.Decision.Reason != sallyport.CredentialMissing {
			p.Fault = "You are not signed in any more."
			c.setCookie("", 0)
		}
	}
	if err := c.show(told.Status, p); err != nil {
		c.Docs.Failed(c.w, c.r, &sallyport.Error{Kind: sallyport.Internal, Err: err})
	}
}
