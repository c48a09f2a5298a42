package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/config"
)

func TestSinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "hook.secret", "a-secret-of-32-characters-or-so!\n", 0o600)
	write(t, dir, "open.secret", "a-secret-of-32-characters-or-so!\n", 0o644)
	write(t, dir, "ca.pem", "-", 0o644)
	const begin = "storage: {url: sqlite:x.db}\nkeys: {master_key_file: master.key}\naudit:\n  checkpoint: 5m\n  sinks:\n"
	write(t, dir, "master.key", strings.Repeat("0123456789abcdef9876543210fedcba", 2), 0o600)
	load := func(sinks string) (config.Config, error) {
		t.Helper()
		return config.Load(write(t, dir, "sallyport.yaml", begin+sinks, 0o600), nil)
	}
	c, err := load("    - {name: siem, url: 'syslog+tls://logs.example.com:6514', ca_file: ca.pem, whole: true}\n" +
		"    - {name: hook, url: 'https://example.com/hook?a=b', secret_file: hook.secret, actions: [token., key.]}\n" +
		"    - {name: near, url: 'http://127.0.0.1:1/', secret_file: hook.secret}\n")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Audit.Sinks
	if len(s) != 3 || !s[0].Whole || !strings.HasSuffix(s[0].CAFile, "/ca.pem") || s[1].Secret.Reveal() != "a-secret-of-32-characters-or-so!" ||
		!slices.Equal(s[1].Actions, []string{"token.", "key."}) {
		t.Errorf("sinks: %+v", s)
	}
	if text := c.Redacted(); strings.Contains(text, "a-secret") || !strings.Contains(text, `sinks: ["siem", "hook", "near"]`) {
		t.Errorf("shown: %s", text)
	}
	for sinks, want := range map[string]string{
		"    - {url: 'syslog+tcp://a:1'}":                                                    ":6: audit.sinks[0].name: is missing",
		"    - {name: A B, url: 'syslog+tcp://a:1'}":                                         "is not a name of lower-case",
		"    - {name: a, url: 'syslog+tcp://a:1'}\n    - {name: a, url: 'syslog+tcp://b:1'}": ":7: audit.sinks[1].name: there is more than one",
		"    - {name: a, url: 'syslog+tcp://a'}":                                             "a host and a port",
		"    - {name: a, url: 'syslog+tcp://a:1', secret_file: hook.secret}":                 "is for webhooks",
		"    - {name: a, url: 'syslog+tcp://a:1', ca_file: ca.pem}":                          "is for TLS",
		"    - {name: a, url: 'ftp://a:1'}":                                                  "must be syslog+tls",
		"    - {name: a, url: 'https://a'}":                                                  "audit.sinks[0].secret_file: is missing",
		"    - {name: a, url: 'http://a', secret_file: hook.secret}":                         "must begin with https",
		"    - {name: a, url: 'https://a', secret_file: open.secret}":                        "can be read by everyone",
		"    - {name: a, url: 'https://a', secret_file: none}":                               "cannot be read",
		"    - {name: a, url: 'https://a', secret_file: hook.secret, cert_file: ca.pem}":     "goes with key_file",
		"    - {name: a, url: 7}":                                                            "must be text",
		"    - {name: a, urll: x}":                                                           `did you mean \"url\"?`,
	} {
		_, err := load(sinks)
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(want, `\"`, `"`)) {
			t.Errorf("%s\n%v\nwant %s", sinks, err, want)
		}
	}
}
