package config

import (
	"strings"
	"testing"
)

// TestGRPC: the listener for Envoy is off unless it is asked for, and stands apart from
// the others.
func TestGRPC(t *testing.T) {
	t.Parallel()
	if g := Default().Decide.GRPC; g != (GRPC{}) {
		t.Errorf("it is on by default: %+v", g)
	}
	cert := TLS{CertFile: "c", KeyFile: "k"}
	for _, tt := range []struct {
		name   string
		grpc   GRPC
		change func(*Config)
		want   string // of the fault; empty: none
	}{
		{"off", GRPC{}, nil, ""},
		{"on", GRPC{Listen: "127.0.0.1:9191"}, nil, ""},
		{"with TLS", GRPC{Listen: "127.0.0.1:9191", TLS: cert}, nil, ""},
		{"any port", GRPC{Listen: "127.0.0.1:0"}, func(c *Config) { c.Internal.Listen = "127.0.0.1:0" }, ""},
		{"a socket", GRPC{UnixSocket: "/run/envoy"}, func(c *Config) { c.Decide.UnixSocket = "/run/http" }, ""},
		{"no address", GRPC{Listen: "9191"}, nil, "decide.grpc.listen: must be HOST:PORT"},
		{"the public one's", GRPC{Listen: "127.0.0.1:8080"}, nil, "decide.grpc.listen: is the same address as public.listen"},
		{"the internal one's", GRPC{Listen: "127.0.0.1:9090"}, nil, "decide.grpc.listen: is the same address as internal.listen"},
		{"a network", GRPC{Listen: ":9191"}, nil, "decide.grpc.listen: :9191 can be reached from other machines"},
		{"a network, wanted", GRPC{Listen: ":9191"}, func(c *Config) { c.Internal.AllowNonLoopback = true }, ""},
		{"half a certificate", GRPC{Listen: "127.0.0.1:9191", TLS: TLS{KeyFile: "k"}}, nil, "decide.grpc.tls: needs cert_file and key_file"},
		{"a certificate for nothing", GRPC{TLS: cert}, nil, "decide.grpc.listen: is missing"},
		{"one socket for both", GRPC{UnixSocket: "/run/x"}, func(c *Config) { c.Decide.UnixSocket = "/run/x" }, "decide.grpc.unix_socket: is the same"},
	} {
		c := Default()
		c.Decide.GRPC = tt.grpc
		if tt.change != nil {
			tt.change(&c)
		}
		var got []string
		for _, f := range c.faults() {
			if strings.HasPrefix(f.Key, "decide.grpc") {
				got = append(got, f.Key+": "+f.Message)
			}
		}
		if text := strings.Join(got, "; "); !strings.HasPrefix(text, tt.want) || (text == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q", tt.name, text, tt.want)
		}
	}
}
