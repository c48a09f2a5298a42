package itadvisor

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// try makes the call that was asked for, as who is signed in, through both doors.
func (c *call) try() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	p := c.signedIn()
	p.Method, p.Path, p.Body = f.Get("method"), strings.TrimSpace(f.Get("path")), f.Get("body")
	if c.Again == nil {
		return sallyport.ErrNotFound("calls cannot be tried here")
	}
	again, fault := c.another(p.Method, p.Path, p.Body)
	if fault != "" {
		p.Fault = fault
		return c.show(http.StatusBadRequest, p)
	}
	a := &surface.Kept{}
	c.Again.ServeHTTP(a, again)
	p.Result = resultOf(a)
	return c.show(http.StatusOK, p)
}

// another returns the request to be made: of the same client, with the same
// credential. Where it comes from was checked for the form that asks for it.
func (c *call) another(method, path, body string) (r *http.Request, fault string) {
	switch {
	case !slices.Contains(methods[:], method):
		return nil, "Choose a method."
	case !strings.HasPrefix(path, "/") || len(path) > 2000 || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' }):
		return nil, "The path begins with a slash and has no blanks; escape them as %20."
	}
	r, err := surface.Another(c.r.Context(), c.r, method, c.Request.BasePath+path, body)
	if err != nil {
		return nil, "This is not a path."
	}
	for _, name := range []string{"Cookie", "Authorization"} {
		if values := c.r.Header[name]; len(values) > 0 {
			r.Header[name] = slices.Clone(values)
		}
	}
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, ""
}

// resultOf is an answer as the page shows it.
func resultOf(a *surface.Kept) *result {
	r := &result{
		Status: a.Status, Text: http.StatusText(a.Status), RequestID: a.Header().Get("X-Request-Id"), Body: a.Body.String(), Cut: a.Cut,
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, a.Body.Bytes(), "", "  ") == nil {
		r.Body = pretty.String()
	}
	return r
}
