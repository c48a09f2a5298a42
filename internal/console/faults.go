package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

// faults are what is wrong with a form: with which field, or with none.
type faults struct {
	General string
	by      map[string]string
}

// Of returns what is wrong with a field, "" if nothing is.
func (f *faults) Of(field string) string { return f.by[field] }

// Any reports whether anything is wrong.
func (f *faults) Any() bool { return f.General != "" || len(f.by) > 0 }

// at notes what is wrong with a field. The first fault of a field stays.
func (f *faults) at(field, message string) {
	if f.by == nil {
		f.by = map[string]string{}
	}
	if f.by[field] == "" {
		f.by[field] = message
	}
}

// drop takes back what was noted about a field.
func (f *faults) drop(field string) { delete(f.by, field) }

// say notes what is wrong with no field in particular.
func (f *faults) say(message string) { f.General = message }

// need notes that a field is empty which must not be.
func (f *faults) need(value, field, message string) {
	if value == "" {
		f.at(field, message)
	}
}

// take notes an error that somebody at a form can do something about, and
// reports false for any other. Fields that the form does not have count as none.
func (f *faults) take(err error, fields ...string) bool {
	e, ok := errors.AsType[*sallyport.Error](err)
	if !ok {
		return false
	}
	switch e.Kind {
	case sallyport.Invalid, sallyport.Conflict, sallyport.Changed:
	case sallyport.Refused:
		if e.Reason.Status() != http.StatusForbidden || e.Reason == sallyport.ReauthenticationRequired {
			return false
		}
	case sallyport.Internal, sallyport.NotFound, sallyport.MissingMatch, sallyport.Unavailable, sallyport.Throttled:
		return false
	}
	field, _, _ := strings.Cut(e.Field, "[")
	if slices.Contains(fields, field) {
		f.at(field, sentence(e.Message))
		return true
	}
	f.say(sentence(e.Message))
	return true
}

// sentence makes a sentence of a message.
func sentence(s string) string {
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// A faultPage tells of a request that could not be answered as asked.
type faultPage struct {
	frame
	Heading   string
	Text      string
	RequestID string
	Missing   []sallyport.Permission
	Retry     bool // it may go better soon
}

// fail answers with a page that tells what went wrong, as far as the visitor
// may know.
func (v *visit) fail(err error) {
	if reasonOf(err) == sallyport.ReauthenticationRequired && v.self != nil {
		_ = v.denied(sallyport.ReauthenticationRequired)
		to := v.r.URL.RequestURI()
		if err = v.askSelf(http.StatusForbidden, to, faults{}); err == nil {
			return
		}
	}
	p := respond.DefaultDocs.ProblemOf(err, v.decision.RequestID)
	if p.Status >= http.StatusInternalServerError {
		v.Log.ErrorContext(v.r.Context(), "a page of the console failed",
			"request_id", v.decision.RequestID, "route", v.decision.Route, "error", err)
	}
	page := &faultPage{
		frame: v.frame(p.Title, ""), Heading: p.Title, Text: sentence(p.Detail), RequestID: v.decision.RequestID,
		Retry: p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests,
	}
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		page.Missing = e.Missing
	}
	switch {
	case p.Status == http.StatusNotFound:
		page.Heading, page.Text = v.text("fault.gone"), v.text("fault.gone.text")
	case p.Reason == sallyport.PermissionMissing && len(page.Missing) > 0:
		page.Text = p.Reason.Info().Public // and what is missing is listed
	case p.Reason == sallyport.OriginForbidden:
		page.Text = v.text("fault.origin")
	case p.Status == http.StatusUnauthorized:
		page.Heading, page.Text = v.text("fault.browser"), v.text("fault.browser.text")
		accept := []sallyport.Accept{{In: sallyport.CarrierCookie, Name: v.Cookie}}
		v.w.Header()["Www-Authenticate"] = respond.Challenges(accept, string(known), respond.Try{Reason: v.decision.Reason})
	}
	if page.Retry {
		v.w.Header().Set("Retry-After", "1")
	}
	if err := v.show(p.Status, "fault", page); err != nil {
		v.Log.ErrorContext(v.r.Context(), "the page that tells of a failure failed", "request_id", v.decision.RequestID, "error", err)
	}
}

// reasonOf returns the reason of a refusal; "" for other errors.
func reasonOf(err error) sallyport.Reason {
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		return e.Reason
	}
	return ""
}
