package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/sallyport/sallyport"
)

// Schemes of [Sink.URL].
const (
	SyslogTLS = "syslog+tls"
	SyslogTCP = "syslog+tcp"
)

// resolveSink reads the files that a sink names.
func (l *loader) resolveSink(key string, s *Sink) {
	for _, f := range []struct {
		name  string
		path  *string
		check func(string) error
	}{
		{"secret_file", &s.SecretFile, private}, {"ca_file", &s.CAFile, exists}, {"cert_file", &s.CertFile, exists}, {"key_file", &s.KeyFile, private},
	} {
		*f.path = under(l.base(key+"."+f.name), *f.path)
		l.present(key+"."+f.name, *f.path, f.check)
	}
	if s.SecretFile == "" || l.reported(key+".secret_file") {
		return
	}
	text, err := readSecret(s.SecretFile)
	if err != nil {
		l.fault(key+".secret_file", "%s", err)
	}
	s.Secret = sallyport.Secret(text)
}

func (c *Config) checkSinks(add func(string, error)) {
	names := map[string]bool{}
	for i := range c.Audit.Sinks {
		s, key := &c.Audit.Sinks[i], fmt.Sprintf("audit.sinks[%d]", i)
		switch {
		case s.Name == "":
			add(key+".name", errors.New("is missing"))
		case !apiName.MatchString(s.Name):
			add(key+".name", fmt.Errorf("%s is not a name of lower-case letters, digits and dashes", shorten(s.Name)))
		case names[s.Name]:
			add(key+".name", fmt.Errorf("there is more than one sink %q", s.Name))
		}
		names[s.Name] = true
		s.check(key, add)
	}
}

// check checks a sink by itself.
func (s *Sink) check(key string, add func(string, error)) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		add(key+".url", errors.New("must be syslog+tls://HOST:PORT, syslog+tcp://HOST:PORT or the https URL of a webhook"))
		return
	}
	webhook := u.Scheme == "https" || u.Scheme == "http"
	switch {
	case u.Scheme == SyslogTLS || u.Scheme == SyslogTCP:
		if _, _, err := net.SplitHostPort(u.Host); err != nil || u.Path != "" || u.RawQuery != "" || u.User != nil {
			add(key+".url", errors.New("must be no more than the scheme, a host and a port, such as syslog+tls://logs.example.com:6514"))
		}
	case !webhook:
		add(key+".url", fmt.Errorf("begins with %s; it must be syslog+tls, syslog+tcp or https", shorten(u.Scheme)))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		add(key+".url", errors.New("must begin with https: what is handed on says who does what"))
	}
	if webhook && s.SecretFile == "" {
		add(key+".secret_file", errors.New("is missing; a webhook cannot tell who sends without a signature"))
	}
	if !webhook && s.SecretFile != "" {
		add(key+".secret_file", errors.New("is for webhooks; syslog is not signed"))
	}
	if plain := u.Scheme == SyslogTCP || u.Scheme == "http"; plain && (s.CAFile != "" || s.CertFile != "") {
		add(key+".ca_file", errors.New("is for TLS, which this url does not use"))
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		add(key+".cert_file", errors.New("goes with key_file; name both, or neither"))
	}
}
