package gateway

import (
	"errors"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

// What a caller is told when no answer of the upstream can be given. It tells
// nothing about the upstream.
const (
	upstreamFailed = "The service behind this address did not give a usable answer. Try again later."
	upstreamSlow   = "The service behind this address did not answer in time. Try again later."
	clientSlow     = "The body of the request did not arrive in time."
)

var errNotAsked = errors.New("the upstream switched protocols, which nobody had asked for")

// fail answers a request that could not be brought to an end.
func (p *passage) fail(err error) {
	fault := p.upload.fault()
	switch {
	case p.out.status != 0:
		// The head is gone already, or the connection is a tunnel; it ends here.
	case p.fault != nil:
		p.gateway.log.ErrorContext(p.in.Context(), "cannot tell the upstream who asks", "request_id", p.request.ID, "error", p.fault)
		p.gateway.desk.Fail(&p.out, p.in, p.request.ID, p.fault)
	case errors.Is(err, errNoBody):
		p.clientFault = true
		p.out.Header().Set("Connection", "close")
		p.problem(http.StatusRequestTimeout, clientSlow)
	case errors.Is(err, errNoHead):
		p.complain(err)
		p.problem(http.StatusGatewayTimeout, upstreamSlow)
	case fault != nil:
		p.clientFault = true
		reason := sallyport.BodyMalformed
		if _, tooLarge := errors.AsType[*http.MaxBytesError](fault); tooLarge {
			reason = sallyport.BodyTooLarge
		}
		p.refuse(reason)
	case !p.rewrote: // ReverseProxy does not take the Upgrade header for text
		p.clientFault = true
		p.refuse(sallyport.HeaderMalformed)
	case p.in.Context().Err() != nil:
		p.clientFault = true // he went away; nobody hears the answer
		p.problem(http.StatusBadGateway, upstreamFailed)
	case timedOut(err):
		p.complain(err)
		p.problem(http.StatusGatewayTimeout, upstreamSlow)
	default:
		p.complain(err)
		p.problem(http.StatusBadGateway, upstreamFailed)
	}
}

func (p *passage) complain(err error) {
	p.answered = 0
	p.gateway.log.WarnContext(p.in.Context(), "the upstream failed", "request_id", p.request.ID,
		"api", p.decision.API, "upstream", p.mount.host, "error", err)
}

// problem answers with a problem that stands for no denial: its type says nothing
// but the status (RFC 9457 section 4.2.1).
func (p *passage) problem(status int, detail string) {
	p.gateway.desk.Fault(&p.out, p.in, &p.request, &p.decision, respond.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, RequestID: p.request.ID,
	})
}
