package main

import (
	"testing"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/doors/target"
)

func TestOwnHosts(t *testing.T) {
	t.Parallel()
	c := &config.Config{Public: config.Public{
		URL: "https://Sally.example.com:8443", Hosts: []string{"gate.example.com", "192.0.2.7", "2001:db8:0::1"},
	}}
	for host, want := range map[string]bool{
		"sally.example.com":      true,
		"SALLY.example.com.":     true,
		"sally.example.com:9999": true, // something between maps ports
		"gate.example.com:80":    true,
		"192.0.2.7":              true,
		"[2001:db8::1]:8080":     true,
		"localhost:3000":         true,
		"127.0.0.1:8080":         true,
		"[::1]":                  true,

		"evil.example.com":           false,
		"example.com":                false,
		"sally.example.com.evil":     false,
		"localhost.evil.example":     false,
		"127.0.0.1.evil.example.com": false,
		"192.0.2.8":                  false,
		"[2001:db8::2]":              false,
	} {
		canonical, fault := target.CanonicalHost(host, "https")
		if fault != target.OK {
			t.Fatalf("%s: %v", host, fault)
		}
		h := newHosts(c)
		if got := h.own(canonical); got != want {
			t.Errorf("%s: own %v, want %v", host, got, want)
		}
	}
	c.Public.Hosts = []string{anyHost}
	if h := newHosts(c); !h.own("evil.example.com") {
		t.Error(`"*" does not take every host`)
	}
}
