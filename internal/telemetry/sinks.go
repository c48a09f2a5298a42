package telemetry

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// A Sink is how a sink of the audit trail does.
type Sink struct {
	Name      string
	Behind    int64  // entries that wait
	Delivered uint64 // entries, since the start
	Failures  uint64 // deliveries that failed, since the start
}

// WatchSinks makes the sinks of the audit trail part of the metrics. Their names
// come from the configuration, so there are few.
func (m *Metrics) WatchSinks(read func() []Sink) error {
	if err := m.registry.Register(sinks{read}); err != nil {
		return fmt.Errorf("add the metrics of audit sinks: %w", err)
	}
	return nil
}

type sinks struct{ read func() []Sink }

func sinkDescs() (behind, delivered, failures *prometheus.Desc) {
	label := []string{"sink"}
	return prometheus.NewDesc("sallyport_audit_sink_behind_entries", "Entries of the audit trail that the sink has not got yet.", label, nil),
		prometheus.NewDesc("sallyport_audit_sink_delivered_total", "Entries of the audit trail that this node handed on.", label, nil),
		prometheus.NewDesc("sallyport_audit_sink_failures_total", "Deliveries to the sink that failed.", label, nil)
}

// Describe implements [prometheus.Collector].
func (sinks) Describe(out chan<- *prometheus.Desc) {
	behind, delivered, failures := sinkDescs()
	out <- behind
	out <- delivered
	out <- failures
}

// Collect implements [prometheus.Collector].
func (s sinks) Collect(out chan<- prometheus.Metric) {
	behind, delivered, failures := sinkDescs()
	for _, sink := range s.read() {
		out <- prometheus.MustNewConstMetric(behind, prometheus.GaugeValue, float64(sink.Behind), sink.Name)
		out <- prometheus.MustNewConstMetric(delivered, prometheus.CounterValue, float64(sink.Delivered), sink.Name)
		out <- prometheus.MustNewConstMetric(failures, prometheus.CounterValue, float64(sink.Failures), sink.Name)
	}
}
