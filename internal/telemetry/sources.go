package telemetry

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Sources are the figures that other parts of a node keep themselves and that
// are asked for when the metrics are read. Each may be nil, and each must be
// quick and safe for use by many goroutines at once.
type Sources struct {
	CredentialEntries func() float64 // in the table of known credentials
	CredentialHits    func() float64 // lookups answered from it, since the start
	CredentialMisses  func() float64 // lookups that went on to the store
	HashBusy          func() float64 // password hashes being computed
	HashQueue         func() float64 // and waiting
	HashRefused       func() float64 // refused because the queue was full
	StoreUp           func() float64 // 1 or 0
	Revision          func() float64 // in force on this node
	LagSeconds        func() float64 // since the newest revision was confirmed
	AuditDropped      func() float64 // buffered audit entries that were lost
	AccessDropped     func() float64 // lines of the access log that were lost
	LogDropped        func() float64 // lines of the log that were lost
}

// Watch makes the sources part of the metrics. It fails when called twice with
// the same source.
func (m *Metrics) Watch(s Sources) error {
	for _, x := range []struct {
		read       func() float64
		counter    bool
		name, help string
	}{
		{s.CredentialEntries, false, "sallyport_credential_cache_entries", "Credentials in the table of known ones."},
		{s.CredentialHits, true, "sallyport_credential_cache_hits_total", "Credentials found in the table of known ones."},
		{s.CredentialMisses, true, "sallyport_credential_cache_misses_total", "Credentials that had to be looked up in the store."},
		{s.HashBusy, false, "sallyport_password_hashes_busy", "Password hashes being computed."},
		{s.HashQueue, false, "sallyport_password_hashes_queued", "Password hashes waiting to be computed."},
		{s.HashRefused, true, "sallyport_password_hashes_refused_total", "Password hashes refused because the queue was full."},
		{s.StoreUp, false, "sallyport_store_up", "1 if the store answered when last asked."},
		{s.Revision, false, "sallyport_revision", "Revision of the policy in force on this node."},
		{s.LagSeconds, false, "sallyport_revision_lag_seconds", "Time since the newest revision was confirmed."},
		{s.AuditDropped, true, "sallyport_audit_dropped_total", "Audit entries of decisions that were lost."},
		{s.AccessDropped, true, "sallyport_access_log_dropped_total", "Lines of the access log that were lost."},
		{s.LogDropped, true, "sallyport_log_dropped_total", "Lines of the log that were lost."},
	} {
		if x.read == nil {
			continue
		}
		var c prometheus.Collector
		if x.counter {
			c = prometheus.NewCounterFunc(prometheus.CounterOpts{Name: x.name, Help: x.help}, x.read)
		} else {
			c = prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: x.name, Help: x.help}, x.read)
		}
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("register metric %s: %w", x.name, err)
		}
	}
	return nil
}
