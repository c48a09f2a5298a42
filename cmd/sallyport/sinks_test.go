package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// TestDoctorLooksAtSinks: a sink that nobody listens at is trouble, one that failed
// a doubt, and of one that works it is told how much waits.
func TestDoctorLooksAtSinks(t *testing.T) {
	t.Parallel()
	var l net.ListenConfig
	socket, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	closed, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	for name, address := range map[string]string{"fresh": socket.Addr().String(), "works": socket.Addr().String(), "failed": socket.Addr().String(), "gone": nobody} {
		c.Audit.Sinks = append(c.Audit.Sinks, config.Sink{Name: name, URL: config.SyslogTCP + "://" + address})
	}
	s := storetest.New(t)
	if _, err := s.Write(t.Context(), func(tx *store.Tx) error {
		for _, name := range []string{"works", "failed"} {
			if _, err := tx.HoldSink(t.Context(), name, "node", time.Now().Add(time.Minute), 0); err != nil {
				return err
			}
		}
		return tx.FailSink(t.Context(), "failed", "node", "nobody took it")
	}); err != nil {
		t.Fatal(err)
	}
	for _, f := range examineSinks(t.Context(), &c, s) {
		want, known := map[string]finding{
			"audit sink fresh":  {state: fine, detail: "nothing was handed on yet"},
			"audit sink works":  {state: fine, detail: "0 entries wait"},
			"audit sink failed": {state: doubt, detail: "it failed 1 times in a row: nobody took it"},
			"audit sink gone":   {state: trouble, detail: "refused"},
		}[f.what]
		if !known || f.state != want.state || !strings.Contains(f.detail, want.detail) {
			t.Errorf("%s: %s %q, want %s %q", f.what, f.state, f.detail, want.state, want.detail)
		}
	}
	c.Audit.Sinks[0].CAFile = "/nowhere/ca.pem"
	if found := examineSinks(t.Context(), &c, s); len(found) != 1 || found[0].state != trouble || !strings.Contains(found[0].detail, "/nowhere/ca.pem") {
		t.Errorf("a certificate that is not there: %+v", found)
	}
}
