package oauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// counts count exchanges. All labels are of few values, whatever is sent.
type counts struct{ requests *prometheus.CounterVec }

func newCounts(m *telemetry.Metrics) (*counts, error) {
	c := &counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sallyport_oauth_requests_total", Help: "Requests to OAuth endpoints and documents, by endpoint, grant and outcome.",
	}, []string{"endpoint", "grant", "outcome"})}
	if m == nil {
		return c, nil
	}
	if err := m.Registry().Register(c.requests); err != nil {
		return nil, fmt.Errorf("oauth: register the counters: %w", err)
	}
	return c, nil
}

// end counts the exchange and writes its line of the access log.
func (x *exchange) end() {
	x.s.counts.requests.WithLabelValues(x.endpoint, x.grant, x.outcome).Inc()
	if x.s.c.Access == nil {
		return
	}
	x.decision.Route = "oauth/" + x.endpoint
	x.s.c.Access.Write(&telemetry.Access{
		Decision: &x.decision, Time: x.began, Took: x.s.c.Now().Sub(x.began),
		Method: x.r.Method, Path: x.r.URL.Path, Status: x.status, Client: x.address,
	})
}

// log tells the operator why an exchange was refused, or had no effect. It never
// tells what was sent.
func (x *exchange) log(f *fault) {
	level := slog.LevelInfo
	if f.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("request_id", x.id), slog.String("endpoint", x.endpoint), slog.String("outcome", f.code),
		slog.String("reason", string(f.reason)), slog.String("client_address", x.client()),
	}
	if x.grant != "" {
		attrs = append(attrs, slog.String("grant", x.grant))
	}
	if f.err != nil {
		attrs = append(attrs, slog.Any("error", f.err))
	}
	x.s.c.Log.LogAttrs(x.r.Context(), level, "an OAuth request was refused", attrs...)
}

// reasonOf returns the reason that an error of the admin floor carries.
func reasonOf(err error) sallyport.Reason {
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		return e.Reason
	}
	return ""
}
