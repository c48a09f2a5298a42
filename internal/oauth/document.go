package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// cacheFor is how long a document may be kept. A new key is published long
// before it signs.
const cacheFor = "public, max-age=300"

// document answers a GET with what f returns.
func (x *exchange) document(endpoint string, f func(*exchange) ([]byte, error)) {
	x.endpoint = endpoint
	h := x.w.Header()
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		x.fault405()
		return
	}
	body, err := f(x)
	if err != nil {
		x.fail(err)
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h.Set("ETag", tag)
	h.Set("Cache-Control", cacheFor)
	h.Set("X-Content-Type-Options", "nosniff")
	if matches(x.r.Header.Values("If-None-Match"), tag) {
		x.status, x.outcome = http.StatusNotModified, "not_modified"
		x.w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if x.r.Method == http.MethodHead {
		return
	}
	_, _ = x.w.Write(body) // the client went away; there is nobody to tell
}

func (x *exchange) fault405() {
	x.refuse(invalidRequest("the method must be GET or HEAD").with(http.StatusMethodNotAllowed))
}

// matches compares If-None-Match with a tag, weakly (RFC 9110 section 13.1.2).
func matches(lines []string, tag string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			if one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}

// keys is the set of public keys (RFC 7517 section 5).
func (s *Surface) keys(*exchange) ([]byte, error) { return s.c.Doors.Keys().JWKS(s.c.Now()) }

// A serverMetadata is what clients must know of this server (RFC 8414 section 2).
type serverMetadata struct {
	Issuer     string   `json:"issuer"`
	Token      string   `json:"token_endpoint"`
	JWKS       string   `json:"jwks_uri"`
	Responses  []string `json:"response_types_supported"` // required, though there is no authorization endpoint
	Grants     []string `json:"grant_types_supported"`
	TokenAuth  []string `json:"token_endpoint_auth_methods_supported"`
	Revoke     string   `json:"revocation_endpoint"`
	RevokeAuth []string `json:"revocation_endpoint_auth_methods_supported"`
	Ask        string   `json:"introspection_endpoint"`
	AskAuth    []string `json:"introspection_endpoint_auth_methods_supported"`
}

// server is the metadata of the authorization server. All URLs begin with the
// configured issuer, whatever the request says about host and scheme.
func (s *Surface) server(*exchange) ([]byte, error) {
	m := serverMetadata{
		Issuer: s.c.Issuer, Token: s.c.Issuer + TokenPath, JWKS: s.c.Issuer + KeysPath, Responses: []string{},
		Grants:    []string{grantClient, grantRefresh},
		TokenAuth: []string{"client_secret_basic", "client_secret_post", "none"},
		Revoke:    s.c.Issuer + RevokePath, RevokeAuth: []string{"client_secret_basic", "client_secret_post", "none"},
		Ask: s.c.Issuer + IntrospectPath, AskAuth: []string{"client_secret_basic", "client_secret_post", "Bearer"},
	}
	for _, api := range s.c.Doors.Policy().APIs() {
		if inService(api) != nil && api.Document.Token.Password {
			m.Grants = append(m.Grants, grantPassword)
			break
		}
	}
	return json.Marshal(m)
}

// A resourceMetadata is what clients must know of an API (RFC 9728 section 2).
type resourceMetadata struct {
	Resource string   `json:"resource"`
	Name     string   `json:"resource_name,omitempty"`
	Servers  []string `json:"authorization_servers,omitempty"`
	JWKS     string   `json:"jwks_uri,omitempty"`
	Scopes   []string `json:"scopes_supported,omitempty"`
	Methods  []string `json:"bearer_methods_supported"` // empty: no bearer tokens
}

var errNoResource = errors.New("there is no such resource")

// resource is the metadata of the API at a path; of the installation as a whole
// where no path is said and no API is at the root.
func (s *Surface) resource(x *exchange, path string) ([]byte, error) {
	if path != "" && path != "/" {
		path = strings.TrimPrefix(path, s.issuer.Path)
	}
	for _, api := range s.c.Doors.Policy().APIs() {
		if inService(api) == nil || !hostIs(api, x.r.Host) {
			continue
		}
		for i, base := range append([]string{api.Document.BasePath}, api.Document.Aliases...) {
			if strings.TrimRight(base, "/") == strings.TrimRight(path, "/") {
				return json.Marshal(s.metadata(api, s.urls(api)[i]))
			}
		}
	}
	if path == "" {
		return json.Marshal(resourceMetadata{
			Resource: s.c.Issuer, Servers: []string{s.c.Issuer}, JWKS: s.c.Issuer + KeysPath, Methods: []string{"header"},
		})
	}
	return nil, &sallyport.Error{Kind: sallyport.NotFound, Message: errNoResource.Error(), Err: errNoResource}
}

// hostIs reports whether a request to this host can mean the API. It chooses
// between documents; nothing of it gets into one.
func hostIs(api *policy.API, host string) bool {
	own := api.Document.Host
	if own == "" || strings.EqualFold(host, own) {
		return true
	}
	u := url.URL{Host: host}
	return strings.EqualFold(u.Hostname(), own)
}

// metadata returns the document of an API, under one of its URLs.
func (s *Surface) metadata(api *policy.API, resource string) resourceMetadata {
	m := resourceMetadata{Resource: resource, Name: api.Document.Title, Methods: []string{}}
	if takesBearer(api) {
		m.Servers, m.JWKS, m.Methods = []string{s.c.Issuer}, s.c.Issuer+KeysPath, []string{"header"}
	}
	if api.Document.Explain == sallyport.ExplainNone {
		return m // scopes are inner structure
	}
	for _, scope := range api.Document.Scopes {
		m.Scopes = append(m.Scopes, string(api.Name)+"/"+scope.Name)
	}
	return m
}

// takesBearer reports whether an API takes access tokens where RFC 6750 section
// 2.1 puts them.
func takesBearer(api *policy.API) bool {
	return slices.ContainsFunc(api.Accept, func(a sallyport.Accept) bool {
		return a.In == sallyport.CarrierBearer && (len(a.Kinds) == 0 || slices.Contains(a.Kinds, sallyport.AccessToken))
	})
}

// Metadata returns where the metadata of an API are, for the challenges of other
// surfaces (RFC 9728 section 5.1); empty if there is nothing to be found there.
func (s *Surface) Metadata(api *policy.API) string {
	if api == nil || inService(api) == nil || !takesBearer(api) {
		return ""
	}
	u, err := url.Parse(s.urls(api)[0])
	if err != nil {
		return ""
	}
	u.Path = ResourcePath + u.Path
	return u.String()
}
