package respond

import (
	"errors"
	"iter"
	"net/http"

	"github.com/sallyport/sallyport"
)

// A kind is what callers see of a [sallyport.Kind] that has no reason of its
// own.
type kind struct {
	name   sallyport.Reason // on the wire, in the place of a reason
	status int
	title  string
	meant  string // for the docs
}

// kinds returns the rows for the kinds that are not told by their reason. They
// are documented beside the reasons.
func kinds() map[sallyport.Kind]kind {
	return map[sallyport.Kind]kind{
		sallyport.Invalid:      {"invalid", http.StatusUnprocessableEntity, "Invalid input", "The request was understood, but a field of it cannot be what it is. The `errors` member names each field and the cure."},
		sallyport.NotFound:     {sallyport.NothingHere, http.StatusNotFound, "Not found", "There is no such thing in this tenant. What belongs to another tenant is answered in the same way."},
		sallyport.Conflict:     {"conflict", http.StatusConflict, "Conflict", "It exists already, or something that depends on it stands in the way."},
		sallyport.Changed:      {"changed", http.StatusPreconditionFailed, "Changed meanwhile", "It changed since it was read. Read it again and repeat the change with the new ETag."},
		sallyport.MissingMatch: {"match_required", http.StatusPreconditionRequired, "If-Match required", "Say with If-Match which version the change is meant for."},
	}
}

// Failed answers r with the failure err, as a problem document whose type lies
// below [DefaultDocs].
func Failed(w http.ResponseWriter, r *http.Request, err error) { DefaultDocs.Failed(w, r, err) }

// Failed answers r with the failure err. The request id is the one that the
// answer has in [HeaderRequestID] already. What err wraps is never shown; a
// failure without a [sallyport.Error] in its chain shows nothing but the id.
//
// The caller logs err if [StatusOf] it is 500 or more.
func (d Docs) Failed(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	id := cleanID(h.Get(HeaderRequestID))
	if id == "" {
		h.Del(HeaderRequestID)
	}
	p := d.ProblemOf(err, id)
	setVary(h, Vary(nil))
	setRetry(h, p.Status, 0)
	if p.Status == http.StatusUnauthorized {
		needChallenge(h)
	}
	p.write(w, r)
}

// StatusOf returns the status with which [Failed] answers err.
func StatusOf(err error) int { return DefaultDocs.ProblemOf(err, "").Status }

// ProblemOf returns the body that [Docs.Failed] sends for err.
func (d Docs) ProblemOf(err error, requestID string) Problem {
	e, ok := errors.AsType[*sallyport.Error](err)
	if !ok {
		e = foreign(err)
	}
	p := d.ofReason(reasonOf(e), e)
	if k, ok := kinds()[e.Kind]; ok {
		p = Problem{Type: string(d) + string(k.name), Title: k.title, Status: k.status, Detail: e.Message, Reason: k.name}
		p.Errors = fields(err)
	}
	p.RequestID = cleanID(requestID)
	return p
}

// foreign gives a kind to errors of the standard library that have one.
func foreign(err error) *sallyport.Error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.BodyTooLarge}
	}
	return &sallyport.Error{Kind: sallyport.Internal}
}

// reasonOf returns the reason of the failures that are told by their reason.
func reasonOf(e *sallyport.Error) sallyport.Reason {
	switch {
	case e.Kind == sallyport.Refused && e.Reason != "":
		return e.Reason
	case e.Kind == sallyport.Refused:
		return sallyport.PermissionMissing
	case e.Kind == sallyport.Unavailable && e.Reason.Status() == http.StatusServiceUnavailable:
		return e.Reason
	case e.Kind == sallyport.Unavailable:
		return sallyport.StoreUnavailable
	case e.Kind == sallyport.Throttled:
		return sallyport.Overdone
	default:
		return sallyport.InternalFault
	}
}

// ofReason returns the problem of a failure that is told by its reason. Only a
// refusal's own message is shown: it names what was refused. A 401 says the
// same to everyone, and what is wrong with us is nobody's business.
func (d Docs) ofReason(reason sallyport.Reason, e *sallyport.Error) Problem {
	info := reason.Info()
	told := info.Reason.Coarse()
	p := Problem{Type: string(d) + string(told), Title: info.Title, Status: info.Status, Detail: info.Public, Reason: told}
	if e.Kind == sallyport.Refused && info.Status != http.StatusUnauthorized && info.Status < 500 {
		if e.Message != "" {
			p.Detail = e.Message
		}
		p.MissingPermissions = e.Missing
	}
	return p
}

// fields collects what is wrong with which field: err may be several errors,
// joined.
func fields(err error) []FieldError {
	var all []FieldError
	for e := range Each(err) {
		if e.Field != "" {
			all = append(all, FieldError{Field: e.Field, Message: e.Message})
		}
	}
	return all
}

// Each returns the errors of type [sallyport.Error] that err is or holds, in their
// order. What such an error was caused by is not looked at.
func Each(err error) iter.Seq[*sallyport.Error] {
	return func(yield func(*sallyport.Error) bool) { each(err, yield) }
}

// each reports whether to go on.
func each(err error, yield func(*sallyport.Error) bool) bool {
	switch e := err.(type) { //nolint:errorlint // the chain is walked here, link by link
	case *sallyport.Error:
		return yield(e)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if !each(one, yield) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		return each(e.Unwrap(), yield)
	}
	return true
}
