package config

import (
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
)

// A Config is the configuration of a node. Durations are written as in "90s",
// "5m" or "12h", sizes in bytes or as in "32KiB" or "10MiB". Relative paths are
// relative to the directory of the file that they are written in.
//
// The environment overrides the file: the name of a variable is SALLYPORT_ and
// the key in capitals, with "_" for "."; lists are separated by commas. A
// variable of that form that names no key is an error.
type Config struct {
	Public    Public    `koanf:"public"`
	Internal  Internal  `koanf:"internal"`
	Decide    Decide    `koanf:"decide"`
	Storage   Storage   `koanf:"storage"`
	Keys      Keys      `koanf:"keys"`
	Limits    Limits    `koanf:"limits"`
	Sessions  Sessions  `koanf:"sessions"`
	Tokens    Tokens    `koanf:"tokens"`
	Passwords Passwords `koanf:"passwords"`
	Throttle  Throttle  `koanf:"throttle"`
	Audit     Audit     `koanf:"audit"`
	Log       Log       `koanf:"log"`

	// For how long a node goes on deciding after it last confirmed that it
	// knows the newest revision. Then it answers 503, unless an API says
	// "stale: serve".
	MaxStaleness time.Duration `koanf:"max_staleness" min:"100ms" max:"10m"`
	// How often a node asks the store for a newer revision.
	Poll time.Duration `koanf:"poll" min:"10ms" max:"1m"`
	// How long to go on serving after SIGTERM while /readyz says 503, so that a
	// load balancer sends no more requests before connections are refused: a
	// little more than it takes to notice. 0s without one.
	ShutdownDelay time.Duration `koanf:"shutdown_delay" min:"0s" max:"5m"`
	// How long requests in flight may take to end then. What is not
	// done by then is cut off.
	ShutdownTimeout time.Duration `koanf:"shutdown_timeout" min:"0s" max:"10m"`

	// A directory of API documents, one in each .yaml, .yml or .json file, that
	// are brought into the store when the node starts.
	APIsDir string `koanf:"apis_dir" kind:"path"`
	// API documents that are brought into the store when the node starts. An
	// API that the store has already is left as it is. This key has no
	// variable.
	APIs []sallyport.API `koanf:"apis"`

	// Whether this is the demonstration, which has pages for who builds the
	// console, too. No file says so.
	Demonstration bool `koanf:"-"`
}

// Public is the listener that clients reach.
type Public struct {
	// Address to listen on, as HOST:PORT. Without a host: all addresses.
	Listen string `koanf:"listen" kind:"address"`
	// The URL under which clients reach this installation, such as
	// https://api.example.com. It is the issuer of access tokens and the start
	// of every link; nothing is ever made from a Host header. When it is not
	// set, it is http://127.0.0.1 with the port of listen, which suits a trial.
	URL string `koanf:"url"`
	// Accept a url with http for a host other than this machine. Credentials
	// then cross a network in the clear, and browsers refuse the session cookie.
	AllowHTTP bool `koanf:"allow_http"`
	// Other names or addresses by which clients reach this installation, without
	// a port, beside those of url, of this machine and of the APIs that name
	// theirs. A request for any other host is refused with 421, so that neither
	// a name that somebody else points here nor a cache in front is believed.
	// "*" takes every host.
	Hosts []string `koanf:"hosts"`
	TLS   TLS      `koanf:"tls"`
	// Networks of the proxies in front, whose X-Forwarded-For is believed.
	// Empty: nobody's.
	TrustedProxies []netip.Prefix `koanf:"trusted_proxies"`
	// How many of those proxies a request passes.
	ProxyDepth int `koanf:"proxy_depth" min:"1" max:"16"`
	// Time for the head of a request.
	ReadHeaderTimeout time.Duration `koanf:"read_header_timeout" min:"100ms" max:"1m"`
	// How long a connection may be kept without a request.
	IdleTimeout time.Duration `koanf:"idle_timeout" min:"1s" max:"1h"`
}

// TLS is the certificate of a listener. Both files are read again when they change.
// Without them the listener speaks in the clear: the public one for a proxy in
// front that terminates TLS, that for gRPC to an Envoy of this machine.
type TLS struct {
	// PEM file with the certificate and its chain.
	CertFile string `koanf:"cert_file" kind:"path"`
	// PEM file with the private key. It must not be readable for everyone.
	KeyFile string `koanf:"key_file" kind:"path"`
}

// Internal is the listener for proxies, probes and metrics. It must never be
// reachable for clients.
type Internal struct {
	// Address to listen on, as HOST:PORT.
	Listen string `koanf:"listen" kind:"address"`
	// Listen on an address that other machines can reach.
	AllowNonLoopback bool `koanf:"allow_non_loopback"`
}

// Decide says which proxies may ask the decision endpoints.
type Decide struct {
	// Networks from which proxies ask. Networks beyond this machine need a
	// secret as well.
	Callers []netip.Prefix `koanf:"callers"`
	// What a proxy sends in the header X-Sallyport-Caller, at least 32
	// characters. Set it by the variable or by secret_file.
	Secret sallyport.Secret `koanf:"secret"`
	// File with the secret. It must not be readable for everyone.
	SecretFile string `koanf:"secret_file" kind:"path"`
	// Unix socket on which proxies of this machine may ask as well. Who can
	// open it is believed.
	UnixSocket string `koanf:"unix_socket" kind:"path"`
	// Who reads the questions. lean is a parser of our own for heads without a
	// body, which costs less than half of the CPU; it passes whatever else comes
	// on to Go's own server. standard is Go's own server for everything.
	Parser string `koanf:"parser" enum:"lean,standard"`
	GRPC   GRPC   `koanf:"grpc"`
}

// GRPC is a listener of its own for Envoy, which asks over gRPC
// (envoy.service.auth.v3.Authorization). callers and secret are those of decide.
type GRPC struct {
	// Address to listen on, as HOST:PORT. Empty: none. An address that other machines
	// can reach needs internal.allow_non_loopback as well.
	Listen string `koanf:"listen" kind:"address"`
	// Unix socket on which an Envoy of this machine may ask. Who can open it is
	// believed.
	UnixSocket string `koanf:"unix_socket" kind:"path"`
	TLS        TLS    `koanf:"tls"`
}

// Values of [Decide.Parser].
const (
	ParserLean     = "lean"
	ParserStandard = "standard"
)

// Storage is where everything is kept.
type Storage struct {
	// sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.
	URL sallyport.Secret `koanf:"url"`
	// File with the url, if it holds a password. It must not be readable for
	// everyone.
	URLFile string `koanf:"url_file" kind:"path"`
}

// Keys protect what is in the store.
type Keys struct {
	// The key that seals the signing keys and is the root of the peppers: at
	// least 32 random bytes, as hexadecimal or base64 text. "sallyport init"
	// makes one. Set it by the variable or by master_key_file. Whoever loses it
	// loses every credential in the store.
	MasterKey sallyport.Secret `koanf:"master_key"`
	// File with the master key. It must not be readable for everyone.
	MasterKeyFile string `koanf:"master_key_file" kind:"path"`
}

// Limits bound what one request, one client or all of them can take.
type Limits struct {
	// Largest body of a request to Sallyport itself, and of a form in which a
	// credential travels. What an API's upstream is sent is the API's own
	// body_limit.
	Body Size `koanf:"body" min:"1KiB" max:"64MiB"`
	// Largest head of a request.
	HeaderBytes Size `koanf:"header_bytes" min:"4KiB" max:"1MiB"`
	// Most header fields in a request.
	Headers int `koanf:"headers" min:"10" max:"1000"`
	// Most connections at a time.
	Connections int `koanf:"connections" min:"10" max:"1000000"`
	// Most connections at a time from one address.
	ConnectionsPerAddress int `koanf:"connections_per_address" min:"1" max:"1000000"`
	// Password hashes computed at a time; 0: one for each CPU. Each takes
	// 19 MiB.
	Argon2Workers int `koanf:"argon2_workers" min:"0" max:"256"`
	// Password hashes that wait at most. Beyond it sign-ins are answered 503.
	Argon2Queue int `koanf:"argon2_queue" min:"0" max:"4096"`
}

// Sessions are sign-ins of the console and of dialects with cookies.
type Sessions struct {
	// A session ends when it is not used for this long.
	Idle time.Duration `koanf:"idle" min:"1m" max:"24h"`
	// A session ends after this time, used or not.
	Absolute time.Duration `koanf:"absolute" min:"1m" max:"720h"`
}

// Tokens are tokens and keys. How long access and refresh tokens live is said in
// the document of each API, of others in the policy of each tenant.
type Tokens struct {
	// For how long a client whose answer was lost may use a rotated refresh
	// token once more. Later that is taken for theft and ends the sign-in.
	RetryWindow time.Duration `koanf:"retry_window" min:"0s" max:"1m"`
	// How long before a personal token, an application token or an API key ends
	// that is told: in the header X-Sallyport-Credential-Expires of every answer,
	// once in the audit trail, and in the console. 0: never.
	ExpiryWarning time.Duration `koanf:"expiry_warning" min:"0s" max:"2160h"`
}

// Passwords say which passwords people may choose. There are no rules about
// kinds of characters and no forced changes (NIST SP 800-63B-4).
type Passwords struct {
	// Fewest characters.
	MinLength int `koanf:"min_length" min:"8" max:"64"`
}

// Throttle slows down whoever guesses. What counts is failures; a right
// credential is never refused because of somebody else's failures.
type Throttle struct {
	// Failures for one account from one source before it has to wait.
	Failures int `koanf:"failures" min:"3" max:"1000"`
	// The time over which failures are counted.
	Window time.Duration `koanf:"window" min:"1s" max:"24h"`
	// Failures in a row after which an account is locked for sources that it
	// never signed in from.
	Consecutive int `koanf:"consecutive" min:"10" max:"100000"`
	// Accounts that one source may fail at within the window.
	AccountsPerSource int `koanf:"accounts_per_source" min:"5" max:"100000"`
}

// Audit is the trail of every change.
type Audit struct {
	// How often how the trail is gets signed, if something was written since; 0:
	// never. The checkpoint is written into the trail and into the log.
	Checkpoint time.Duration `koanf:"checkpoint" min:"0s" max:"720h"`
	// Where the trail is handed on to as it grows. What could not be handed on is
	// tried again, in order, until it arrives; nothing is lost when a node starts
	// anew. This key has no variable.
	Sinks []Sink `koanf:"sinks"`
}

// A Sink is somewhere that the audit trail is handed on to.
type Sink struct {
	// A name of lower-case letters, digits and dashes. How far the sink is, is kept
	// under it, so it stays when the url changes.
	Name string `koanf:"name"`
	// syslog+tls://HOST:PORT (RFC 5425), syslog+tcp://HOST:PORT (RFC 6587, octet
	// counting), or the https URL of a webhook.
	URL string `koanf:"url"`
	// File with the secret that signs what a webhook is sent, at least 24
	// characters, or whsec_ and base64. It must not be readable for everyone.
	SecretFile string `koanf:"secret_file" kind:"path"`
	// PEM file with the certificates of who is believed, in place of those of the
	// system.
	CAFile string `koanf:"ca_file" kind:"path"`
	// PEM files with a certificate and its key, for a server that asks for one.
	CertFile string `koanf:"cert_file" kind:"path"`
	KeyFile  string `koanf:"key_file" kind:"path"`
	// What the actions of the entries begin with that it gets, such as token. or
	// token.expires_soon; empty: all.
	Actions []string `koanf:"actions"`
	// A sink that is new gets the trail from its beginning, not from now on.
	Whole bool `koanf:"whole"`

	// Secret is what secret_file holds.
	Secret sallyport.Secret `koanf:"-"`
}

// Log is what a node says about itself, on standard error.
type Log struct {
	// The least that is logged. Secrets are not logged at any level.
	Level string `koanf:"level" enum:"debug,info,warn,error"`
	// One JSON object a line, or text for people.
	Format string `koanf:"format" enum:"json,text"`
	// Log one line for each decision.
	Access bool `koanf:"access"`
}

// Default returns the configuration of which a file changes what it names.
// It is not valid by itself: storage and keys have no defaults.
func Default() Config {
	return Config{
		Public: Public{
			Listen: ":8080", ProxyDepth: 1, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		},
		Internal: Internal{Listen: "127.0.0.1:9090"},
		Decide:   Decide{Callers: loopback(), Parser: ParserLean},
		Limits: Limits{
			Body: 1 << 20, HeaderBytes: 32 << 10, Headers: 100,
			Connections: 10_000, ConnectionsPerAddress: 1000, Argon2Queue: 64,
		},
		Sessions:  Sessions{Idle: 30 * time.Minute, Absolute: 12 * time.Hour},
		Tokens:    Tokens{RetryWindow: 10 * time.Second, ExpiryWarning: 14 * 24 * time.Hour},
		Passwords: Passwords{MinLength: 15},
		Throttle:  Throttle{Failures: 10, Window: 10 * time.Minute, Consecutive: 100, AccountsPerSource: 50},
		Audit:     Audit{Checkpoint: time.Hour},
		Log:       Log{Level: "info", Format: "json", Access: true},

		MaxStaleness:    5 * time.Second,
		Poll:            250 * time.Millisecond,
		ShutdownTimeout: 30 * time.Second,
	}
}

// loopback returns the networks of this machine alone.
func loopback() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
		netip.PrefixFrom(netip.IPv6Loopback(), 128),
	}
}
