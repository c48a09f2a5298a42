package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

// voice is what a node says about itself: log, access log and metrics. None of
// them ever makes a request wait.
type voice struct {
	learning map[sallyport.APIName]time.Time // APIs that learn, and until when; of whoever loads policies
	log      *slog.Logger
	access   *telemetry.AccessLog // nil: not wanted
	metrics  *telemetry.Metrics
	history  *telemetry.History

	lines, accesses *telemetry.Async
}

// newVoice makes the logs that the configuration asks for, on out.
func newVoice(c *config.Log, master token.MasterKey, out io.Writer) (*voice, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	v := &voice{
		metrics:  telemetry.NewMetrics(telemetry.Build{Version: versionText()}),
		lines:    telemetry.NewAsync(out, 0),
		accesses: telemetry.NewAsync(out, 0),
	}
	v.history = telemetry.NewHistory(v.metrics, time.Now())
	v.log = telemetry.NewLogger(v.lines, telemetry.LogOptions{Level: level, Format: c.Format})
	if c.Access {
		key, err := master.PseudonymKey()
		if err != nil {
			return nil, fmt.Errorf("derive the key of pseudonyms: %w", err)
		}
		v.access = telemetry.NewAccessLog(v.accesses, func(id string) string { return token.Pseudonym(key, id) })
	}
	return v, nil
}

// learn tells the metrics the names of the APIs, so that they are counted by name,
// and the log which of them enforce nothing, as often as that changes.
func (v *voice) learn(s *policy.Snapshot) {
	var names []sallyport.APIName
	learning := map[sallyport.APIName]time.Time{}
	for _, api := range s.APIs() {
		names = append(names, api.Name)
		if !api.Learns(time.Now()) {
			continue
		}
		until := api.Document.Learn.Until
		if learning[api.Name] = until; !v.learning[api.Name].Equal(until) {
			v.log.Warn("an API learns and enforces nothing: it lets every path and method through", "api", api.Name, "until", until)
		}
	}
	v.learning = learning
	v.metrics.Know(names...)
}

// watch adds what the parts of a node count themselves to the metrics.
func (v *voice) watch(n *node.Node) error {
	err := v.metrics.WatchSinks(func() (all []telemetry.Sink) {
		for _, s := range n.Streams() {
			all = append(all, telemetry.Sink{Name: s.Name, Behind: s.Behind, Delivered: s.Delivered, Failures: s.Failures})
		}
		return all
	})
	if err != nil {
		return err
	}
	return v.metrics.Watch(telemetry.Sources{
		CredentialEntries: func() float64 { return float64(n.Doors.Known()) },
		HashQueue:         func() float64 { return float64(n.Gate.Waiting()) },
		Revision:          func() float64 { return float64(n.Doors.Revision()) },
		LagSeconds:        func() float64 { return n.Doors.Lag().Seconds() },
		AccessDropped:     func() float64 { return float64(v.accesses.Dropped()) },
		LogDropped:        func() float64 { return float64(v.lines.Dropped()) },
	})
}

// close writes what is left.
func (v *voice) close(ctx context.Context) {
	_ = v.accesses.Close(ctx) // nothing is left to tell it to
	_ = v.lines.Close(ctx)
}
