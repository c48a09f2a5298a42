package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

// fail answers an operation that was not carried out.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, op *operation, err error) {
	header := w.Header()
	if d, ok := errors.AsType[*denial](err); ok {
		h.deniedLate(w, r, d)
		return
	}
	id := header.Get(respond.HeaderRequestID)
	for _, name := range []string{"ETag", "Location", "Link", "Set-Cookie"} {
		header.Del(name)
	}
	status := respond.StatusOf(err)
	if status >= http.StatusInternalServerError && !errors.Is(err, errMediaType) {
		h.Log.ErrorContext(r.Context(), "an operation of the management API failed", "request_id", id, "operation", op.id, "error", err)
	}
	switch {
	case errors.Is(err, errMediaType):
		header.Set("Accept", "application/json") // RFC 9110 section 12.5.1: what would be taken
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		respond.Failed(w, r, err)
		return
	}
	header.Set("Vary", strings.Join(respond.Vary(nil), ", "))
	op.problem(err, id).Write(w, r)
}

// problem returns the body of a failure that the caller can do something about.
func (op *operation) problem(err error, id string) respond.Problem {
	if errors.Is(err, errMediaType) {
		// No reason stands for it, as no decision does.
		return respond.Problem{
			Type: "about:blank", Title: "Unsupported Media Type", Status: http.StatusUnsupportedMediaType,
			Detail: "Send the body as application/json, without a content coding.", RequestID: id,
		}
	}
	p := respond.DefaultDocs.ProblemOf(err, id)
	if p.Status == http.StatusUnprocessableEntity && op.body == nil {
		p.Status = http.StatusBadRequest // there was no content: the parameters are wrong
	}
	if p.Errors = fieldErrors(err); len(p.Errors) > 1 {
		p.Detail = "Several things are wrong; errors names each of them with its cure."
	}
	return p
}

// fieldErrors lists what is wrong with which field, by its name on the wire.
func fieldErrors(err error) []respond.FieldError {
	var list []respond.FieldError
	for e := range respond.Each(err) {
		if e.Field != "" || e.Reason == sallyport.BodyMalformed {
			list = append(list, onWire(e.Field, e.Message))
		}
	}
	return list
}

// onWire gives a field the name that callers know it by.
func onWire(field, message string) respond.FieldError {
	const inside, outside = "expires", "expires_at"
	if field == inside || strings.HasSuffix(field, "."+inside) {
		field = strings.TrimSuffix(field, inside) + outside
		if rest, ok := strings.CutPrefix(message, inside+" "); ok {
			message = outside + " " + rest
		}
	}
	return respond.FieldError{Field: field, Message: message}
}
