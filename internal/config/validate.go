package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
)

// Bounds of secrets.
const (
	minMasterKey = 32 // bytes
	minDistinct  = 12 // different bytes in a master key; fewer than 1 in 10^9 random keys have less
	minSecret    = 32 // characters of decide.secret
)

// Validate reports what contradicts itself or is missing, all of it. An error
// is of type [Faults], without lines; [Load] has them.
func (c Config) Validate() error { return c.faults().err() }

func (c *Config) faults() Faults {
	var all Faults
	add := func(key string, err error) {
		if err != nil {
			all = append(all, Fault{Key: key, Message: err.Error()})
		}
	}
	c.checkListeners(add)
	c.checkProxies(add)
	add("storage.url", checkStorage(c.Storage.URL))
	_, err := c.Keys.Bytes()
	add("keys.master_key", err)
	c.checkTimes(add)
	c.checkSinks(add)
	if c.Limits.ConnectionsPerAddress > c.Limits.Connections {
		add("limits.connections_per_address", errors.New("is more than limits.connections"))
	}
	for i, a := range c.APIs {
		if !apiName.MatchString(string(a.Name)) {
			add(fmt.Sprintf("apis[%d].name", i), fmt.Errorf("%s is not a name of lower-case letters, digits and dashes", shorten(string(a.Name))))
		}
	}
	return append(all, twice(c.APIs)...)
}

var apiName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

func (c *Config) checkListeners(add func(string, error)) {
	public, err := checkAddress(c.Public.Listen)
	add("public.listen", err)
	internal, ierr := checkAddress(c.Internal.Listen)
	add("internal.listen", ierr)
	if err == nil && ierr == nil {
		if public.clashes(internal) {
			add("internal.listen", errors.New("is the same address as public.listen; the two listeners must be apart"))
		}
		if !internal.loopback() && !c.Internal.AllowNonLoopback {
			add("internal.listen", fmt.Errorf("%s can be reached from other machines; listen on 127.0.0.1, or set internal.allow_non_loopback if a firewall is in front", c.Internal.Listen))
		}
	}
	add("public.url", c.checkURL())
	for i, h := range c.Public.Hosts {
		add(fmt.Sprintf("public.hosts[%d]", i), checkHost(h))
	}
	add("public.tls", checkTLS(c.Public.TLS))
	c.checkGRPC(add)
}

func checkTLS(files TLS) error {
	if (files.CertFile == "") != (files.KeyFile == "") {
		return errors.New("needs cert_file and key_file, or neither")
	}
	return nil
}

// checkGRPC checks the listener for Envoy, if there is one.
func (c *Config) checkGRPC(add func(string, error)) {
	g := &c.Decide.GRPC
	add("decide.grpc.tls", checkTLS(g.TLS))
	if g.UnixSocket != "" && g.UnixSocket == c.Decide.UnixSocket {
		add("decide.grpc.unix_socket", errors.New("is the same as decide.unix_socket, where HTTP is spoken"))
	}
	if g.Listen == "" {
		if g.TLS.CertFile != "" {
			add("decide.grpc.listen", errors.New("is missing, though there is a certificate for it"))
		}
		return
	}
	at, err := checkAddress(g.Listen)
	if err != nil {
		add("decide.grpc.listen", err)
		return
	}
	for key, other := range map[string]string{"public.listen": c.Public.Listen, "internal.listen": c.Internal.Listen} {
		if o, err := checkAddress(other); err == nil && at.clashes(o) {
			add("decide.grpc.listen", fmt.Errorf("is the same address as %s; gRPC needs a port of its own", key))
		}
	}
	if !at.loopback() && !c.Internal.AllowNonLoopback {
		add("decide.grpc.listen", fmt.Errorf("%s can be reached from other machines; listen on 127.0.0.1, or set internal.allow_non_loopback if a firewall is in front", g.Listen))
	}
}

// checkURL checks public.url. Its path, if it has one, is part of the issuer.
func (c *Config) checkURL() error {
	if c.Public.URL == "" {
		return nil // it follows from public.listen
	}
	u, err := url.Parse(c.Public.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must be a URL such as https://api.example.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("must be a URL without user, query and fragment")
	case strings.HasSuffix(u.Path, "/"):
		return errors.New("must not end with a slash")
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !c.Public.AllowHTTP:
		return errors.New("must start with https, or public.allow_http be set: credentials would cross the network in the clear")
	}
	return nil
}

// checkHost checks one of public.hosts.
func checkHost(s string) error {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil || s == "*" || hostName.MatchString(s) {
		return nil
	}
	return fmt.Errorf("must be a name or address without a port, such as api.example.com, or \"*\" for all, not %s", shorten(s))
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`)

func (c *Config) checkProxies(add func(string, error)) {
	beyond := false
	for i, p := range c.Decide.Callers {
		add(fmt.Sprintf("decide.callers[%d]", i), everybody(p))
		beyond = beyond || !p.Addr().IsLoopback()
	}
	for i, p := range c.Public.TrustedProxies {
		add(fmt.Sprintf("public.trusted_proxies[%d]", i), everybody(p))
	}
	switch s := c.Decide.Secret.Reveal(); {
	case s == "" && beyond:
		add("decide.secret", errors.New("is missing; callers from other machines must send one"))
	case s != "" && len(s) < minSecret:
		add("decide.secret", fmt.Errorf("must have at least %d characters", minSecret))
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		add("decide.secret", errors.New("must be visible ASCII characters without spaces, because it travels in a header"))
	case isReference(s):
		add("decide.secret", errors.New("is a reference that nobody resolved"))
	}
}

func everybody(p netip.Prefix) error {
	if !p.IsValid() || p.Bits() == 0 {
		return errors.New("is everybody; name the networks that are meant")
	}
	return nil
}

func (c *Config) checkTimes(add func(string, error)) {
	if c.Sessions.Idle > c.Sessions.Absolute {
		add("sessions.idle", errors.New("is longer than sessions.absolute"))
	}
	if c.Poll <= 0 || c.MaxStaleness < 2*c.Poll {
		add("max_staleness", errors.New("must be at least twice as long as poll, or one lost answer stops the node"))
	}
}

// checkStorage checks the form of a storage.url. Its errors say nothing of
// what is in it: it may hold a password.
func checkStorage(u sallyport.Secret) error {
	scheme, rest, _ := strings.Cut(u.Reveal(), ":")
	switch {
	case u == "":
		return errors.New("is missing; set it to sqlite:PATH or postgres://USER@HOST/DATABASE")
	case scheme == "sqlite" && rest != "":
		return nil
	case scheme == "postgres" || scheme == "postgresql":
		if p, err := url.Parse(u.Reveal()); err != nil || !strings.HasPrefix(rest, "//") || p.Opaque != "" {
			return errors.New("is not a URL of the form postgres://USER:PASSWORD@HOST/DATABASE; percent-encode what is special in the password")
		}
		return nil
	default:
		return errors.New("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")
	}
}

// hasPassword reports whether a storage.url holds a password, or may do so.
func hasPassword(u sallyport.Secret) bool {
	if u == "" || strings.HasPrefix(u.Reveal(), "sqlite:") {
		return false
	}
	p, err := url.Parse(u.Reveal())
	if err != nil {
		return true
	}
	_, set := p.User.Password()
	return set || p.Query().Has("password") || p.Query().Has("sslpassword")
}

// Bytes returns the bytes of the master key, which is written as hexadecimal or
// base64 text, or an error if they cannot be a key.
func (k Keys) Bytes() ([]byte, error) {
	s := k.MasterKey.Reveal()
	if s == "" {
		return nil, fmt.Errorf("is missing; set keys.master_key_file or the variable %s (sallyport init makes a key)", variable("keys.master_key"))
	}
	key, err := hex.DecodeString(s)
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if err != nil {
			key, err = e.Strict().DecodeString(s)
		}
	}
	distinct := map[byte]bool{}
	for _, b := range key {
		distinct[b] = true
	}
	switch {
	case err != nil:
		return nil, errors.New("must be hexadecimal or base64 text")
	case len(key) < minMasterKey:
		return nil, fmt.Errorf("must be at least %d bytes, not %d", minMasterKey, len(key))
	case len(distinct) < minDistinct:
		return nil, errors.New("is not random; let sallyport init make one")
	}
	return key, nil
}

// An address is a place to listen at.
type address struct{ host, port string }

func (a address) any() bool {
	ip, err := netip.ParseAddr(a.host)
	return a.host == "" || err == nil && ip.IsUnspecified()
}

// clashes reports whether only one of two listeners can have its address.
func (a address) clashes(b address) bool {
	return a.port == b.port && a.port != "0" && (a.host == b.host || a.any() || b.any())
}

func (a address) loopback() bool { return isLoopback(a.host) }

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func checkAddress(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return address{}, fmt.Errorf("must be HOST:PORT, such as 127.0.0.1:8080 or :8080, not %s", shorten(s))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return address{}, fmt.Errorf("must end with a port from 0 to 65535, not %s", shorten(port))
	} else if strconv.FormatUint(n, 10) != port {
		return address{}, fmt.Errorf("must end with a port without a leading zero, not %s", shorten(port))
	}
	return address{host, port}, nil
}

// localURL returns the URL under which this machine reaches a listener.
func localURL(listen string) string {
	a, err := checkAddress(listen)
	if err != nil {
		return ""
	}
	if a.host == "" || !a.loopback() {
		a.host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(a.host, a.port)
}
