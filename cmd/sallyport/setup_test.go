package main

import (
	"errors"
	"net"
	"testing"

	"github.com/spf13/pflag"
)

// Quickstart listens where the variables say, as serve would, or says that two
// places were asked for.
func TestQuickstartListeners(t *testing.T) {
	t.Parallel()
	const public, internal = "127.0.0.1:8080", "127.0.0.1:9090"
	for name, tt := range map[string]struct {
		args, env        map[string]string
		public, internal string // empty: refused
	}{
		"nothing said":            {nil, nil, public, internal},
		"a variable":              {nil, map[string]string{"SALLYPORT_PUBLIC_LISTEN": "127.0.0.1:1"}, "127.0.0.1:1", internal},
		"both variables":          {nil, map[string]string{"SALLYPORT_PUBLIC_LISTEN": ":1", "SALLYPORT_INTERNAL_LISTEN": "127.0.0.1:2"}, ":1", "127.0.0.1:2"},
		"a flag":                  {map[string]string{"internal-listen": "127.0.0.1:2"}, nil, public, "127.0.0.1:2"},
		"a flag and another":      {map[string]string{"listen": ":3"}, map[string]string{"SALLYPORT_INTERNAL_LISTEN": "127.0.0.1:2"}, ":3", "127.0.0.1:2"},
		"a flag and the variable": {map[string]string{"listen": ":3"}, map[string]string{"SALLYPORT_PUBLIC_LISTEN": ":4"}, "", ""},
		"the same twice":          {map[string]string{"listen": ":3"}, map[string]string{"SALLYPORT_PUBLIC_LISTEN": ":3"}, ":3", internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o quickstartOptions
			flags := pflag.NewFlagSet("quickstart", pflag.ContinueOnError)
			flags.StringVar(&o.init.listen, "listen", public, "")
			flags.StringVar(&o.init.internal, "internal-listen", internal, "")
			for flag, value := range tt.args {
				if err := flags.Set(flag, value); err != nil {
					t.Fatal(err)
				}
			}
			err := o.listeners(flags, func(name string) string { return tt.env[name] })
			if _, usage := errors.AsType[*usageError](err); usage != (tt.public == "") {
				t.Fatalf("error %v", err)
			}
			if err == nil && (o.init.listen != tt.public || o.init.internal != tt.internal) {
				t.Errorf("%s and %s, want %s and %s", o.init.listen, o.init.internal, tt.public, tt.internal)
			}
		})
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80",
		"127.0.0.2:1": "127.0.0.2:1", "localhost:1": "localhost:1", "[::1]:9": "[::1]:9", "nonsense": "nonsense",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{{"/", "/health", "/health"}, {"/shop", "/health", "/shop/health"}, {"/", "/", "/"}, {"/shop", "/", "/shop/"}} {
		if got := below(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s below %s is %s", tt[1], tt[0], got)
		}
	}
}

// A port that the system chose is the one that is printed and written down.
func TestTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for asked, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1:" + port, "localhost:0": "localhost:" + port, ":0": ":" + port, "localhost:8080": "localhost:8080",
	} {
		if got := taken(asked, l); got != want {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}
