package itadvisor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
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
	a := &answer{header: http.Header{}}
	c.Again.ServeHTTP(a, again)
	p.Result = a.result()
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
	// Without the key of the server an answer that breaks off ends itself, and not
	// the connection of the page.
	ctx := context.WithValue(c.r.Context(), http.ServerContextKey, nil)
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.Request.BasePath+path, content)
	if err != nil {
		return nil, "This is not a path."
	}
	r.RequestURI = c.Request.BasePath + path
	r.Host, r.RemoteAddr, r.TLS = c.r.Host, c.r.RemoteAddr, c.r.TLS
	if r.Body == nil {
		r.Body = http.NoBody
	}
	for _, name := range []string{"Cookie", "Authorization", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto"} {
		if values := c.r.Header[name]; len(values) > 0 {
			r.Header[name] = slices.Clone(values)
		}
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, ""
}

// maxAnswer is how much of an answer is shown, in bytes.
const maxAnswer = 128 << 10

// An answer is kept to be shown.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	cut    bool
}

// Header returns the header.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the final status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// Write keeps the beginning of the body.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	room := maxAnswer - a.body.Len()
	a.cut = a.cut || len(b) > room
	a.body.Write(b[:min(len(b), room)])
	return len(b), nil
}

func (a *answer) result() *result {
	r := &result{Status: a.status, Text: http.StatusText(a.status), RequestID: a.header.Get("X-Request-Id"), Body: a.body.String(), Cut: a.cut}
	var pretty bytes.Buffer
	if json.Indent(&pretty, a.body.Bytes(), "", "  ") == nil {
		r.Body = pretty.String()
	}
	return r
}
