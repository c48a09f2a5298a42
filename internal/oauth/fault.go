package oauth

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

// A fault is why an exchange is refused. Code and text are constants of this
// package: nothing that came with a request gets into an answer.
type fault struct {
	status    int
	code      string // RFC 6749 section 5.2 and its kin
	text      string // ASCII without quotes and backslashes
	retry     int    // seconds
	reason    sallyport.Reason
	err       error    // for the log
	challenge []string // of a 401
}

func (f *fault) with(status int) *fault       { f.status = status; return f }
func (f *fault) because(err error) *fault     { f.err = err; return f }
func (f *fault) of(r sallyport.Reason) *fault { f.reason = r; return f }

func bad(code, text string) *fault {
	return &fault{status: http.StatusBadRequest, code: code, text: text}
}

func invalidRequest(text string) *fault { return bad("invalid_request", text) }
func invalidScope(text string) *fault   { return bad("invalid_scope", text) }
func invalidTarget(text string) *fault  { return bad("invalid_target", text) } // RFC 8707 section 2

// basicChallenge is what every 401 of a client says (RFC 6749 section 5.2).
const basicChallenge = `Basic realm="` + respond.DefaultRealm + `", charset="UTF-8"`

// invalidClient says the same whatever is wrong with the client.
func invalidClient(reason sallyport.Reason) *fault {
	return &fault{
		status: http.StatusUnauthorized, code: "invalid_client", text: "client authentication failed",
		reason: reason, challenge: []string{basicChallenge},
	}
}

// invalidGrant says the same whatever is wrong with a password or refresh token.
func invalidGrant(reason sallyport.Reason) *fault {
	return bad("invalid_grant", "the credentials or the refresh token are not valid").of(reason)
}

// unavailable is a fault of ours, which may pass if the status is 503.
func unavailable(reason sallyport.Reason, retry int) *fault {
	f := &fault{status: reason.Status(), code: "temporarily_unavailable", text: "try again in a moment", retry: max(retry, 1), reason: reason}
	if f.status == http.StatusInternalServerError {
		f.code, f.text, f.retry = "server_error", "something went wrong on our side; report the request id", 0
	}
	return f
}

// failed turns an error of the admin floor into a fault. What was refused becomes
// as says.
func failed(err error, as func(sallyport.Reason) *fault) *fault {
	switch sallyport.KindOf(err) {
	case sallyport.Refused, sallyport.NotFound, sallyport.Invalid:
		return as(reasonOf(err)).because(err)
	case sallyport.Unavailable, sallyport.Throttled:
		return unavailable(sallyport.StoreUnavailable, 0).because(err)
	case sallyport.Internal, sallyport.Conflict, sallyport.Changed, sallyport.MissingMatch:
	}
	return unavailable(sallyport.InternalFault, 0).because(err)
}

// refuse answers with a fault.
func (x *exchange) refuse(f *fault) {
	x.outcome = f.code
	x.decision.Allowed, x.decision.Reason = false, f.reason
	x.log(f)
	h := x.w.Header()
	if f.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(f.retry))
	}
	for _, c := range f.challenge {
		h.Add("WWW-Authenticate", c)
	}
	x.json(f.status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{f.code, f.text})
}

// fail answers as the rest of the house does, where no standard says otherwise.
func (x *exchange) fail(err error) {
	x.status, x.outcome = respond.StatusOf(err), "failed"
	x.decision.Allowed, x.decision.Reason = false, reasonOf(err)
	if x.status >= http.StatusInternalServerError {
		x.log(&fault{status: x.status, code: "failed", err: err})
	}
	respond.Failed(x.w, x.r, err)
}

// json answers with an object.
func (x *exchange) json(status int, answer any) {
	x.status = status
	h := x.w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	body, err := json.Marshal(answer)
	if err != nil { // unreachable: answers are texts, numbers and lists of texts
		x.status = http.StatusInternalServerError
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(x.status)
	_, _ = x.w.Write(body) // the client went away; there is nobody to tell
}
