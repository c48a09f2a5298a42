package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/config"
)

// TestDoctorLooksAtGRPC: what crosses a network in the clear is said, and so is a
// certificate that has ended.
func TestDoctorLooksAtGRPC(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := config.TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	writePair(t, files, 1, time.Now())
	for _, tt := range []struct {
		name  string
		grpc  config.GRPC
		later time.Duration
		want  string // state and a part of the detail; empty: nothing is said
	}{
		{"off", config.GRPC{}, 0, ""},
		{"a socket alone", config.GRPC{UnixSocket: "/x"}, 0, ""},
		{"this machine", config.GRPC{Listen: "127.0.0.1:9191"}, 0, fine + " 127.0.0.1:9191"},
		{"this machine by name", config.GRPC{Listen: "localhost:9191"}, 0, fine + " localhost:9191"},
		{"a network", config.GRPC{Listen: "10.0.0.5:9191"}, 0, doubt + " 10.0.0.5:9191 speaks in the clear"},
		{"every address", config.GRPC{Listen: ":9191"}, 0, doubt + " :9191 speaks in the clear"},
		{"a network, with TLS", config.GRPC{Listen: "10.0.0.5:9191", TLS: files}, 0, doubt + " ends "},
		{"ended", config.GRPC{Listen: "10.0.0.5:9191", TLS: files}, 2 * time.Hour, trouble + " ended "},
	} {
		c := config.Default()
		c.Decide.GRPC = tt.grpc
		var said []string
		for _, f := range examineGRPC(&c, time.Now().Add(tt.later)) {
			said = append(said, f.state+" "+f.detail)
		}
		if got := strings.Join(said, "; "); !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
