package decide

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// A form is an answer to a denial that was written once, for all that differ in the
// id of the request and the revision. A flood of refusals then costs no more than
// one of passes.
type form struct {
	status int
	header http.Header // without what is of the request; shared, never changed
	lines  []byte      // the same as they stand in a head
	body   [2][]byte   // what stands before the id, and behind it
	id     bool        // whether there is one between them
}

// A formKey is all that the answer depends on beside that, if [Handler.usual] says so.
type formKey struct {
	api    *policy.API // nil: none was found
	family *family
	reason sallyport.Reason
	sent   sallyport.Carrier
	vary   [2]string // headers in which the tenant and the realm are named
	known  bool      // whether it is said to a principal
	head   bool      // without a body
}

// forms keeps the forms that were used under the policy in force. A request takes
// no lock. The zero forms is ready for use.
type forms struct {
	book atomic.Pointer[book]
	mu   sync.Mutex // held while a book is replaced
}

// A book never changes.
type book struct {
	policy *policy.Snapshot
	forms  map[formKey]*form
}

// mostForms bounds a book. When it is full a new one is begun.
const mostForms = 256

func (f *forms) find(p *policy.Snapshot, key *formKey) *form {
	if b := f.book.Load(); b != nil && b.policy == p {
		return b.forms[*key]
	}
	return nil
}

func (f *forms) put(p *policy.Snapshot, key *formKey, made *form) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := &book{p, map[formKey]*form{*key: made}}
	if b := f.book.Load(); b != nil && b.policy == p && len(b.forms) < mostForms {
		maps.Copy(next.forms, b.forms)
		next.forms[*key] = made
	}
	f.book.Store(next)
}

// blankID stands for the id of a request in a form.
const blankID = "the-id-of-this-request"

// usual reports whether the answer to a denial is one that many get, and which. One
// that explains itself, or names methods, scopes or a time, is not.
func (h *Handler) usual(r *http.Request, v *visit) (key formKey, ok bool) {
	dec := &v.decision
	if dec.RetryAfter != 0 || len(dec.Allow) > 0 || dec.Reason == sallyport.ScopeInsufficient || len(dec.RequestID) != len(blankID) {
		return key, false
	}
	key = formKey{
		api: v.request.API, family: v.family, reason: dec.Reason, sent: v.request.Found.In.Carrier(),
		known: dec.Principal != nil, head: r.Method == http.MethodHead,
	}
	if key.api == nil {
		return key, true
	}
	if key.api.Document.Explain == sallyport.ExplainFull && dec.Reason.Status() == http.StatusForbidden {
		return key, false
	}
	for i, s := range selectors(key.api, v.request.Match.Route) {
		if s != nil && s.From == "header" {
			key.vary[i] = s.Name
		}
	}
	return key, true
}

// deny answers a denial and returns its status, which is that of the client's
// answer, whatever the proxy can carry.
func (h *Handler) deny(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit) int {
	fit(&v.decision)
	key, ok := h.usual(r, v)
	if !ok {
		h.write(ctx, w, r, v)
		return v.decision.Reason.Status()
	}
	inForce := h.doors.Policy()
	f := h.forms.find(inForce, &key)
	if f == nil {
		if f = h.compose(ctx, r, v); f == nil {
			h.write(ctx, w, r, v)
			return v.decision.Reason.Status()
		}
		h.forms.put(inForce, &key, f)
	}
	h.fill(f, w, &v.decision)
	return v.decision.Reason.Status()
}

// fill sends a form.
func (h *Handler) fill(f *form, w http.ResponseWriter, dec *sallyport.Decision) {
	if l, ok := w.(surface.Liner); ok {
		l.Lines(f.lines)
		l.Line(doors.HeaderRequestID, dec.RequestID)
		if dec.Revision != 0 {
			l.Line(respond.HeaderRevision, h.identity.Revision(dec.Revision)[0])
		}
	} else {
		header := w.Header()
		maps.Copy(header, f.header)
		header[doors.HeaderRequestID] = []string{dec.RequestID}
		if dec.Revision != 0 {
			header[respond.HeaderRevision] = h.identity.Revision(dec.Revision)
		}
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(f.body[0]) // the proxy went away; there is nobody to tell
	if f.id {
		_, _ = io.WriteString(w, dec.RequestID)
		_, _ = w.Write(f.body[1])
	}
}

// compose writes the answer to a denial for nobody and makes a form of it; nil if
// that cannot be done.
func (h *Handler) compose(ctx context.Context, r *http.Request, v *visit) *form {
	defer func(told sallyport.Decision) { v.decision = told }(v.decision)
	v.decision.RequestID, v.decision.Revision = blankID, 0
	w := &draft{header: http.Header{}, status: http.StatusOK}
	h.write(ctx, w, r, v)
	id := w.header[doors.HeaderRequestID]
	delete(w.header, doors.HeaderRequestID)
	f := &form{status: w.status, header: w.header, lines: headLines(w.header)}
	f.body[0], f.body[1], f.id = bytes.Cut(w.body, []byte(blankID))
	if !slices.Equal(id, []string{blankID}) || f.lines == nil || bytes.Contains(f.lines, []byte(blankID)) || bytes.Contains(f.body[1], []byte(blankID)) {
		return nil
	}
	return f
}

// headLines returns headers as lines, without the length, which the parser of
// questions tells by itself; nil if a value cannot stand there as it is.
func headLines(h http.Header) []byte {
	b := []byte{}
	for name, values := range h {
		if name == "Content-Length" {
			continue
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
				return nil
			}
			b = append(b, name+": "+v+"\r\n"...)
		}
	}
	return b
}

// A draft is an answer that nobody gets.
type draft struct {
	header http.Header
	status int
	body   []byte
}

func (d *draft) Header() http.Header { return d.header }

func (d *draft) WriteHeader(status int) { d.status = status }

func (d *draft) Write(p []byte) (int, error) {
	d.body = append(d.body, p...)
	return len(p), nil
}
