package respond

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sallyport/sallyport"
)

// DefaultDocs is where an installation explains its reasons.
const DefaultDocs Docs = "/sallyport/docs/reasons#"

// Docs is the base of the URLs that problem documents have as their type: the
// address of the page of reasons, up to and with the "#".
type Docs string

// A Problem is the body of a refusal (RFC 9457). Its members beside the five of
// the standard are part of the wire contract.
type Problem struct {
	Type   string           `json:"type"`
	Title  string           `json:"title"`
	Status int              `json:"status"`
	Detail string           `json:"detail,omitempty"`
	Reason sallyport.Reason `json:"reason,omitempty"`

	RequestID string `json:"request_id,omitempty"`

	MissingPermissions []sallyport.Permission `json:"missing_permissions,omitempty"`
	RequiredScopes     []string               `json:"required_scopes,omitempty"`
	Tenant             sallyport.TenantID     `json:"tenant,omitempty"`
	Realm              string                 `json:"realm,omitempty"`

	Suggestions []Grant `json:"suggestions,omitempty"`

	Errors []FieldError `json:"errors,omitempty"`
}

// A Grant is something that could be given to a caller to make what was refused
// pass.
type Grant struct {
	Roles     []string `json:"roles"`               // names; all of them are needed, and nearly always it is one
	Realm     string   `json:"realm,omitempty"`     // to limit it to
	AlsoOpens int      `json:"also_opens"`          // routes that it would open besides
	MayGrant  []string `json:"may_grant,omitempty"` // logins of some who may give it
}

// A FieldError says what is wrong with one field of the input.
type FieldError struct {
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// plain makes of p what may be said when nothing is to be explained: RFC 9457
// section 4.2.1 asks for the phrase of the status as the title then.
func (p Problem) plain() Problem {
	return Problem{Type: "about:blank", Title: http.StatusText(p.Status), Status: p.Status, RequestID: p.RequestID}
}

// Write sends p as it is, for a cause that no reason and no kind stands for.
// What the status demands in headers is the caller's to set.
func (p Problem) Write(w http.ResponseWriter, r *http.Request) { p.write(w, r) }

// write sends p. Headers that depend on the cause are set already.
func (p Problem) write(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(p)
	if err != nil { // unreachable: every member is text, a number or a list of text
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return // RFC 9110 section 9.3.2: the header of the GET, and no content
	}
	_, _ = w.Write(body) // the caller went away; there is nobody to tell
}
