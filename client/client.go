package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/api"
)

// AnyVersion, in place of the version that was read, changes a thing whatever
// its version is.
const AnyVersion int64 = -1

// basePath is where the management API is below an installation's URL.
const basePath = "/sallyport/api/v1"

// Limits of a call.
const (
	defaultTimeout = 30 * time.Second
	maxAnswer      = 32 << 20 // bytes
	maxAttempts    = 4
	maxWait        = 30 * time.Second // the longest Retry-After that is waited for
)

// A Client speaks to the management API of one installation as the bearer of
// one token. It is safe for concurrent use.
//
// Calls that change nothing, replace a thing as a whole or carry an
// Idempotency-Key are repeated up to three times when the server answers 429 or
// 503 with a Retry-After of at most 30 seconds. It follows no redirects.
type Client struct {
	base      *url.URL
	http      *http.Client
	userAgent string
	authorize func(*http.Request)
}

// An Option changes what [New] makes.
type Option func(*Client)

// WithHTTPClient makes the client use h, of which it makes a copy. Without it
// there is one with a time limit of 30 seconds for a call.
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) { c.http = new(*h) }
}

// WithUserAgent makes the client call itself name.
func WithUserAgent(name string) Option {
	return func(c *Client) { c.userAgent = name }
}

// WithPassword makes the client act as a user by login and password instead of
// a token (RFC 7617). A token is better: it can be limited and revoked.
func WithPassword(login string, password api.Secret) Option {
	return func(c *Client) {
		c.authorize = func(r *http.Request) { r.SetBasicAuth(login, password.Reveal()) }
	}
}

// New returns a client of the installation at base, such as
// "https://sallyport.example.com", that acts with token: a personal token, an
// application token, an API key or an access token. With an empty token only
// public operations succeed.
func New(base, token string, options ...Option) (*Client, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("the address of Sallyport is not a URL such as https://sallyport.example.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the address of Sallyport, %s, must have no user name, query or fragment", u.Redacted())
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the token has a space, a line break or another character that no token has")
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), basePath)
	c := &Client{base: u, http: &http.Client{Timeout: defaultTimeout}, userAgent: "sallyport-go"}
	if token != "" {
		c.authorize = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	for _, o := range options {
		o(c)
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}
