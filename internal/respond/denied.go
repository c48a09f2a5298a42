package respond

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
)

// An Answer is a denial on its way to the caller.
type Answer struct {
	Decision   sallyport.Decision // the denial
	Explain    sallyport.Explain  // of the API; [sallyport.ExplainCode] when empty
	Challenges []string           // from [Challenges]; sent with 401 and 403
	Vary       []string           // from [Vary]; Authorization and Cookie when empty
	Repair     []Grant            // what would have made it pass; told where the API explains in full
}

// Denied answers r with the denial a, as a problem document whose type lies
// below [DefaultDocs].
func Denied(w http.ResponseWriter, r *http.Request, a Answer) { DefaultDocs.Denied(w, r, a) }

// Denied answers r with the denial a. An allowing decision is answered as an
// internal fault: whoever comes here must not let the request pass.
func (d Docs) Denied(w http.ResponseWriter, r *http.Request, a Answer) {
	p := d.Problem(a)
	h := w.Header()
	a.Headers(h, p.Status)
	p.write(w, r)
}

// Problem returns the body that [Docs.Denied] sends for a, for a surface whose
// own shape of answer carries the same facts.
func (d Docs) Problem(a Answer) Problem {
	dec := &a.Decision
	if dec.Allowed {
		dec.Reason = sallyport.InternalFault
	}
	info := dec.Reason.Info()
	p := Problem{Status: info.Status, RequestID: cleanID(dec.RequestID)}
	if a.Explain == sallyport.ExplainNone {
		return p.plain()
	}
	p.Reason = a.told(info)
	p.Type, p.Title, p.Detail = string(d)+string(p.Reason), info.Title, info.Public
	if a.Explain == sallyport.ExplainFull && p.Status == http.StatusForbidden {
		p.MissingPermissions = dec.Missing
		p.RequiredScopes = dec.MissingScopes
		p.Tenant, p.Realm = dec.Tenant, dec.Realm
		p.Suggestions = a.Repair
	}
	return p
}

// told returns the reason that the caller is told: the coarse one, unless he is
// known and the API explains in full. A 401 never tells the fine one, because
// whoever guesses credentials is not known.
func (a *Answer) told(info sallyport.ReasonInfo) sallyport.Reason {
	known := a.Decision.Principal != nil && a.Explain == sallyport.ExplainFull
	if known && info.Status != http.StatusUnauthorized {
		return info.Reason
	}
	return info.Reason.Coarse()
}

// Headers sets what an answer with this status has to say beside its body: the
// request id, the revision, what it varies with, challenges and when to come
// again. It is for surfaces with a body of their own.
func (a *Answer) Headers(h http.Header, status int) {
	dec := &a.Decision
	setID(h, dec.RequestID)
	if dec.Revision != 0 {
		h.Set(HeaderRevision, strconv.FormatUint(uint64(dec.Revision), 10))
	}
	names := a.Vary
	if len(names) == 0 {
		names = Vary(nil)
	}
	setVary(h, names)
	setRetry(h, status, dec.RetryAfter)
	switch status {
	case http.StatusUnauthorized:
		addChallenges(h, a.Challenges)
		needChallenge(h)
	case http.StatusForbidden:
		if dec.Reason == sallyport.ScopeInsufficient {
			addChallenges(h, a.Challenges)
		}
	case http.StatusMethodNotAllowed:
		setAllow(h, dec.Allow)
	}
}

func setID(h http.Header, id string) {
	if id = cleanID(id); id != "" {
		h.Set(HeaderRequestID, id)
	}
}

// setRetry says when to come again: always with 503 and 429, so that clients
// which give up without a time do not.
func setRetry(h http.Header, status, seconds int) {
	waits := status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
	switch {
	case seconds > 0:
		h.Set("Retry-After", strconv.Itoa(seconds))
	case waits && h.Get("Retry-After") == "":
		h.Set("Retry-After", "1")
	}
}

// addChallenges sends each challenge on a line of its own, which even clients
// that cannot take a list apart understand.
func addChallenges(h http.Header, challenges []string) {
	if len(challenges) > 0 {
		h.Del("WWW-Authenticate")
	}
	for _, c := range challenges {
		if !strings.ContainsAny(c, "\r\n\x00") {
			h.Add("WWW-Authenticate", c)
		}
	}
}

// needChallenge makes sure that a 401 has a challenge, as RFC 9110 section
// 15.5.2 demands.
func needChallenge(h http.Header) {
	if h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer realm="+quote(DefaultRealm))
	}
}

// setAllow names the methods of a path. RFC 9110 section 10.2.1: the header
// must be there, and an empty one says that there is no method at all.
func setAllow(h http.Header, methods []string) {
	good := make([]string, 0, len(methods))
	for _, m := range methods {
		if isToken(m) {
			good = append(good, m)
		}
	}
	h.Set("Allow", strings.Join(good, ", "))
}
