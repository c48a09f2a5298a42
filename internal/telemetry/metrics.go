package telemetry

import (
	"maps"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sallyport/sallyport"
)

const (
	maxAPIs  = 1000    // with labels of their own
	otherAPI = "other" // the label of requests to no known API
)

// A Build says which program runs.
type Build struct {
	Version string // such as "v0.3.1"
	Commit  string
}

// Metrics count what a node does, in a registry of their own. All methods are
// safe for use by many goroutines at once.
type Metrics struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	upstream  *prometheus.CounterVec
	upSeconds *prometheus.HistogramVec
	reasons   map[sallyport.Reason]int // place of a reason in [APIMetrics].denied; never changed

	other *APIMetrics
	apis  atomic.Pointer[map[sallyport.APIName]*APIMetrics] // swapped whole
	mu    sync.Mutex                                        // held while apis is replaced
}

// NewMetrics returns metrics of a program that was built as b.
func NewMetrics(b Build) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sallyport_decisions_total", Help: "Decisions, by API, outcome (allow, deny, or error when none could be taken) and reason.",
		}, []string{"api", "outcome", "reason"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sallyport_decision_seconds", Help: "Time from request to decision.",
			Buckets: []float64{1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 0.5, 1},
		}, []string{"api"}),
		upstream: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sallyport_upstream_requests_total", Help: "Requests sent to upstreams, by API and class of the status (error when there was no answer).",
		}, []string{"api", "class"}),
		upSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sallyport_upstream_seconds", Help: "Time until the head of an upstream's answer.",
			Buckets: []float64{1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, []string{"api"}),
		reasons: map[sallyport.Reason]int{},
	}
	for i, info := range sallyport.Reasons() {
		m.reasons[info.Reason] = i
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sallyport_build_info", Help: "1, with the build as labels."}, []string{"version", "commit", "go"})
	build.WithLabelValues(b.Version, b.Commit, runtime.Version()).Set(1)
	m.registry.MustRegister(m.decisions, m.seconds, m.upstream, m.upSeconds, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.other = m.newAPI(otherAPI)
	m.apis.Store(&map[sallyport.APIName]*APIMetrics{})
	return m
}

// Handler serves the metrics in the text format of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Registry returns the registry, for collectors beyond those of this package.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Know gives labels of their own to these APIs, and forgets the others. It is
// called with each new policy. Beyond 1,000 names, APIs are counted as "other".
func (m *Metrics) Know(names ...sallyport.APIName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.apis.Load()
	next := make(map[sallyport.APIName]*APIMetrics, min(len(names), maxAPIs))
	for _, name := range names {
		switch a, ok := old[name]; {
		case len(next) == maxAPIs:
		case name == "" || name == otherAPI:
		case ok:
			next[name] = a
		default:
			next[name] = m.newAPI(string(name))
		}
	}
	m.apis.Store(&next)
	for name := range maps.Keys(old) {
		if _, ok := next[name]; !ok {
			m.forget(string(name))
		}
	}
}

func (m *Metrics) forget(name string) {
	gone := prometheus.Labels{"api": name}
	m.decisions.DeletePartialMatch(gone)
	m.seconds.DeletePartialMatch(gone)
	m.upstream.DeletePartialMatch(gone)
	m.upSeconds.DeletePartialMatch(gone)
}

// API returns the counters of an API, and those of "other" if it is not known.
// It takes no lock. A caller that has a place for it keeps the result until
// the next policy.
func (m *Metrics) API(name sallyport.APIName) *APIMetrics {
	if a, ok := (*m.apis.Load())[name]; ok {
		return a
	}
	return m.other
}

// APIMetrics are the counters of one API, resolved ahead: to count an allowed
// decision is one atomic addition.
type APIMetrics struct {
	m       *Metrics
	name    string
	allowed prometheus.Counter
	denied  []atomic.Pointer[prometheus.Counter] // by place of the reason; made when first counted
	seconds prometheus.Observer
	classes [6]prometheus.Counter // error, 1xx to 5xx
	upTime  prometheus.Observer
}

func (m *Metrics) newAPI(name string) *APIMetrics {
	a := &APIMetrics{
		m: m, name: name,
		allowed: m.decisions.WithLabelValues(name, "allow", "none"),
		denied:  make([]atomic.Pointer[prometheus.Counter], len(m.reasons)),
		seconds: m.seconds.WithLabelValues(name),
		upTime:  m.upSeconds.WithLabelValues(name),
	}
	a.classes[0] = m.upstream.WithLabelValues(name, "error")
	for i := 1; i < len(a.classes); i++ {
		a.classes[i] = m.upstream.WithLabelValues(name, strconv.Itoa(i)+"xx")
	}
	return a
}

// Decided counts a decision.
func (a *APIMetrics) Decided(d *sallyport.Decision) {
	if d.Allowed {
		a.allowed.Inc()
		return
	}
	a.Denied(d.Reason)
}

// Denied counts a denial. A reason that is not in the table counts as
// [sallyport.InternalFault].
func (a *APIMetrics) Denied(r sallyport.Reason) {
	i, ok := a.m.reasons[r]
	if !ok {
		r = sallyport.InternalFault
		i = a.m.reasons[r]
	}
	c := a.denied[i].Load()
	if c == nil {
		outcome := "deny"
		if r.Status() >= http.StatusInternalServerError {
			outcome = "error"
		}
		made := a.m.decisions.WithLabelValues(a.name, outcome, string(r))
		c = &made
		a.denied[i].Store(c)
	}
	(*c).Inc()
}

// Took observes how long a decision took.
func (a *APIMetrics) Took(d time.Duration) { a.seconds.Observe(d.Seconds()) }

// Upstream counts a request to the upstream that was answered with status, or
// not at all (0), and observes how long the head of the answer took.
func (a *APIMetrics) Upstream(status int, d time.Duration) {
	class := status / 100
	if class < 1 || class >= len(a.classes) {
		class = 0
	}
	a.classes[class].Inc()
	a.upTime.Observe(d.Seconds())
}
