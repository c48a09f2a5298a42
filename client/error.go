package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// An Error is an answer of the server that is not a success.
type Error struct {
	Status    int              // of HTTP
	Reason    sallyport.Reason // the cause; empty if the answer did not come from Sallyport
	Title     string
	Detail    string
	RequestID string // for who runs the installation

	Fields         []api.FieldError       // what is wrong with what was sent
	Missing        []sallyport.Permission // what would have been needed
	RequiredScopes []string               // any of these would have done
	Suggestions    []api.Grant            // what could be given to make it pass
	RetryAfter     time.Duration          // when to come again; 0: not said
}

// Error says what the server said, with the fields and permissions concerned.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Title)
	if b.Len() == 0 {
		b.WriteString(http.StatusText(e.Status))
	}
	if e.Detail != "" && len(e.Fields) == 0 {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range e.Fields {
		b.WriteString("; ")
		if f.Field != "" && !strings.HasPrefix(f.Message, f.Field) {
			b.WriteString(f.Field + ": ")
		}
		b.WriteString(f.Message)
	}
	if len(e.Missing) > 0 {
		fmt.Fprintf(&b, " (missing: %s)", e.Missing)
	}
	if len(e.RequiredScopes) > 0 {
		fmt.Fprintf(&b, " (scope: %s)", strings.Join(e.RequiredScopes, " or "))
	}
	fmt.Fprintf(&b, " [%d", e.Status)
	if e.Reason != "" {
		b.WriteString(" " + string(e.Reason))
	}
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	return b.String() + "]"
}

// errorOf reads an answer that is not a success.
func errorOf(r *http.Response, body []byte) *Error {
	e := &Error{Status: r.StatusCode, RequestID: r.Header.Get("X-Request-Id")}
	if s, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	var p api.Problem
	if json.Unmarshal(body, &p) != nil || p.Status != r.StatusCode {
		return e // not one of ours: a proxy in between, perhaps
	}
	e.Reason, e.Title, e.Detail, e.Fields = p.Reason, p.Title, p.Detail, p.Errors
	e.Missing, e.RequiredScopes, e.Suggestions = p.MissingPermissions, p.RequiredScopes, p.Suggestions
	if p.RequestID != "" {
		e.RequestID = p.RequestID
	}
	return e
}
