package sallyport

import (
	"fmt"
	"strings"
	"time"
)

// An API is a protected API (in OAuth's words a resource server): where it is,
// what it accepts, which permissions it has and what each of its routes needs.
//
// It is a document: the same shape is stored, sent over the management API and
// written in files, so it has JSON names, alone among the words. Its name never
// changes.
type API struct {
	Name     APIName `json:"name"`
	Title    string  `json:"title,omitempty"`
	Dialect  string  `json:"dialect,omitempty"` // "standard" when empty
	Disabled bool    `json:"disabled,omitempty"`

	// Settings are switches of the dialect, which knows their names and values.
	Settings map[string]string `json:"settings,omitempty"`

	Host     string   `json:"host,omitempty"`    // canonical host; empty: any
	BasePath string   `json:"base_path"`         // "/" or a path without a trailing slash
	Aliases  []string `json:"aliases,omitempty"` // other base paths of the same routes

	Upstream Upstream `json:"upstream"`

	Accept []Accept  `json:"accept,omitempty"` // how credentials arrive; empty: bearer only
	Realm  *Selector `json:"realm,omitempty"`  // where the realm is named; nil: routes have no realm
	Tenant *Selector `json:"tenant,omitempty"` // nil: the credential's tenant, else the principal's home

	Permissions []PermissionSpec `json:"permissions,omitempty"`
	Scopes      []ScopeSpec      `json:"scopes,omitempty"`
	Routes      []Route          `json:"routes,omitempty"`

	Explain      Explain  `json:"explain,omitempty"`       // "code" when empty
	Explore      string   `json:"explore,omitempty"`       // "shown" (when empty) or "none": the console does not offer its calls to be tried
	Stale        string   `json:"stale,omitempty"`         // "deny" (when empty) or "serve"
	MaxStaleness Duration `json:"max_staleness,omitempty"` // bound for "serve"

	Token TokenSpec `json:"token,omitzero"`
	Path  PathSpec  `json:"path,omitzero"`
	Learn LearnSpec `json:"learn,omitzero"` // when an API without routes learns them: everything is let through
}

// Explain says how much of a refusal its caller is told.
type Explain string

// Levels of explanation.
const (
	ExplainNone Explain = "none" // status and request id
	ExplainCode Explain = "code" // and the reason
	ExplainFull Explain = "full" // and what is missing
)

// An Upstream says where an API really is and how to speak to it.
type Upstream struct {
	URL                string   `json:"url"`
	StripBasePath      bool     `json:"strip_base_path,omitempty"`
	PreserveHost       bool     `json:"preserve_host,omitempty"`       // send the client's Host
	HTTP2              bool     `json:"http2,omitempty"`               // HTTP/2 with prior knowledge for http URLs
	Timeout            Duration `json:"timeout,omitempty"`             // until the response head; 30 s when 0
	BodyLimit          int64    `json:"body_limit,omitempty"`          // bytes; 10 MiB when 0, -1: none
	Retries            int      `json:"retries,omitempty"`             // for idempotent requests without a body
	ForwardCredentials bool     `json:"forward_credentials,omitempty"` // let the upstream see the client's secret
	DropParameters     []string `json:"drop_parameters,omitempty"`     // query parameters and form fields that go with the secret
	DropCookies        bool     `json:"drop_cookies,omitempty"`        // let no cookie through
	CAFile             string   `json:"ca_file,omitempty"`             // PEM roots for https; empty: the system's
}

// An Accept is one way in which an API takes credentials.
type Accept struct {
	In    Carrier          `json:"in"`
	Name  string           `json:"name,omitempty"`  // of the header, parameter, field or cookie
	Kinds []CredentialKind `json:"kinds,omitempty"` // empty: all that can travel there
	Login string           `json:"login,omitempty"` // query and form: the parameter beside it that says whose it is

	// Scopes are local names: a limited token that comes this way must carry one
	// of them by name.
	Scopes []string `json:"scopes,omitempty"`

	// Lenient reads what old clients send: Basic without the blank behind the
	// word, a file part in the place of a field, an empty value for none, a cookie
	// with a change in a request that does not say where it comes from. Such a cookie
	// is not taken from another host's page, by GET either.
	Lenient bool `json:"lenient,omitempty"`

	// Refused marks a header, query parameter or form field in which clients have a
	// credential that this API does not take there. A request with one is refused, so that
	// nobody relies on it and the upstream does not see it.
	Refused bool `json:"refused,omitempty"`
}

// A Selector says where in a request a tenant or a realm is named.
type Selector struct {
	From     string `json:"from"`               // header, path, query, claim or fixed; of a realm also dialect, which finds it itself
	Name     string `json:"name,omitempty"`     // of the header, path value, parameter or claim
	Default  string `json:"default,omitempty"`  // taken when the request names none
	Required bool   `json:"required,omitempty"` // refuse a request that names none
	Any      bool   `json:"any,omitempty"`      // realm only: with none named, a right in any realm will do
}

// A PermissionSpec declares a permission of an API by its local name.
type PermissionSpec struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
}

// A ScopeSpec declares a scope of an API by its local name, with the
// permissions that a token of that scope keeps. A scope also keeps what the
// routes that name it need.
type ScopeSpec struct {
	Name        string   `json:"name"`
	Title       string   `json:"title,omitempty"`
	Permissions []string `json:"permissions,omitempty"` // local names; "*": all of the API
}

// A Route is method and path pattern, and where an API hides its verb in a
// parameter the parameter's value, with what it needs.
//
// A pattern is a path of segments below the base path: literal, "{name}" for
// one segment, or as the last "{name...}" for the rest. Literals win over
// "{name}", and "{name}" over "{name...}"; two routes that the same request
// could match with equal right are an error when the policy is loaded.
type Route struct {
	ID        string     `json:"id,omitempty"` // unique in the API; made from methods and path when empty
	Title     string     `json:"title,omitempty"`
	Methods   []string   `json:"methods"` // "GET" includes HEAD; "*": every method
	Path      string     `json:"path"`
	Host      string     `json:"host,omitempty"`
	Parameter *Parameter `json:"parameter,omitempty"`
	Endpoint  string     `json:"endpoint,omitempty"` // answered by the dialect under this name, not by the upstream

	Public            bool     `json:"public,omitempty"`             // anyone, without a credential
	IgnoreCredentials bool     `json:"ignore_credentials,omitempty"` // public only: do not even look at one
	Authenticated     bool     `json:"authenticated,omitempty"`      // any principal, whatever he holds
	AnyOf             []string `json:"any_of,omitempty"`             // local names of permissions
	AllOf             []string `json:"all_of,omitempty"`
	Scopes            []string `json:"scopes,omitempty"` // local names: a limited token must carry one of them

	// ByKind is what is asked besides of who comes with a credential of some
	// kinds.
	ByKind []KindNeed `json:"by_kind,omitempty"`

	Tenant *Selector `json:"tenant,omitempty"` // in place of the API's
	Realm  *Selector `json:"realm,omitempty"`

	WebSocket bool     `json:"websocket,omitempty"` // the connection may be upgraded
	Timeout   Duration `json:"timeout,omitempty"`   // in place of the upstream's
}

// A KindNeed lets credentials of some kinds through on a route only for who
// holds one of the permissions, in whatever realm; without permissions for
// nobody. Each kind is there once.
type KindNeed struct {
	Kinds []CredentialKind `json:"kinds"`
	AnyOf []string         `json:"any_of,omitempty"` // local names of permissions
}

// A Parameter is a value in a request that tells operations apart which share
// a method and a path, such as "operation" inside the JSON of iTop's
// "json_data".
type Parameter struct {
	In    string `json:"in"`              // query, form (query or form field) or header
	Name  string `json:"name"`            // of the parameter
	Field string `json:"field,omitempty"` // of the JSON object in the parameter; empty: the value itself
	Value string `json:"value,omitempty"`

	// Values are for a query parameter that a request may have more than once: the
	// route is for requests in which it is there and each is one of these. Of two
	// such routes that one request could match, the values of one must be among
	// those of the other, and that one is the more specific.
	Values []string `json:"values,omitempty"`
}

// Example returns a value for which the parameter leads to its route.
func (p *Parameter) Example() string {
	if len(p.Values) > 0 {
		return p.Values[0]
	}
	return p.Value
}

// Wanted says which values lead to the route, with blanks between them.
func (p *Parameter) Wanted() string {
	if len(p.Values) > 0 {
		return strings.Join(p.Values, " ")
	}
	return p.Value
}

// A TokenSpec says how access tokens for an API are made.
type TokenSpec struct {
	Algorithm string   `json:"algorithm,omitempty"` // EdDSA (when empty), ES256 or RS256
	Lifetime  Duration `json:"lifetime,omitempty"`  // 5 minutes when 0; at most 15
	Refresh   Duration `json:"refresh,omitempty"`   // life of a sign-in; 30 days when 0
	Password  bool     `json:"password,omitempty"`  // the password grant is allowed, because the dialect asks for it
}

// A PathSpec opens single exceptions to the strict reading of paths.
type PathSpec struct {
	AllowEncodedSlash  bool `json:"allow_encoded_slash,omitempty"`
	AllowSemicolon     bool `json:"allow_semicolon,omitempty"`
	AllowEmptySegments bool `json:"allow_empty_segments,omitempty"`
}

// A LearnSpec is a time in which an API that has no routes yet learns them: every
// path and method is let through and noted. A credential is verified if there is
// one, and a bad one is refused as ever. Outside of that time the API lets
// nothing through that has no route.
type LearnSpec struct {
	From  time.Time `json:"from"`  // when it begins
	Until time.Time `json:"until"` // at most 30 days later
}

// A Duration is a [time.Duration] that is written as text, such as "90s".
type Duration time.Duration

// MarshalText writes the duration in the form of [time.Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads the form of [time.ParseDuration]; negative durations are
// refused.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration such as 30s, 5m or 12h", text)
	}
	*d = Duration(v)
	return nil
}
