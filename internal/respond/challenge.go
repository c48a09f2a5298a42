package respond

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// DefaultRealm is the protection space of a challenge when an API names none.
const DefaultRealm = "sallyport"

// A Try is what is known of the request that a challenge answers.
type Try struct {
	Sent     sallyport.Carrier // where the request had a credential; empty: it had none
	Reason   sallyport.Reason  // why it was refused
	Scopes   []string          // any of these would have done; for [sallyport.ScopeInsufficient]
	Metadata string            // URL of the protected resource metadata (RFC 9728 section 5.1); empty: not said
}

// Challenges returns the values of WWW-Authenticate for a route that accepts
// credentials as accept says, one for each scheme:
//
//   - Basic with charset="UTF-8" (RFC 7617 section 2.1);
//   - Bearer (RFC 6750 section 3), with error="invalid_token" only if a bearer
//     token was sent, and error="insufficient_scope" and the scopes if that was
//     what it lacked;
//   - ApiKey for each header, query parameter or form field. No such scheme is
//     registered, and RFC 9110 section 11.6.1 demands a challenge all the same;
//     its parameters "in" and "name" say where the key belongs;
//   - Cookie, unregistered as well, with the name of the cookie.
//
// An empty accept list means bearer alone. After [sallyport.ScopeInsufficient]
// (a 403) there is only the Bearer challenge, or none when Bearer is not
// accepted. The result is never empty for any other reason.
func Challenges(accept []sallyport.Accept, realm string, try Try) []string {
	if realm == "" {
		realm = DefaultRealm
	}
	if len(accept) == 0 {
		accept = []sallyport.Accept{{In: sallyport.CarrierBearer}}
	}
	var all []string
	for _, a := range accept {
		if a.Refused {
			continue
		}
		c := challenge(a, realm, try)
		if c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	if len(all) == 0 && try.Reason != sallyport.ScopeInsufficient {
		all = append(all, "Bearer realm="+quote(realm))
	}
	return all
}

// challenge returns the challenge for one way of sending a credential.
func challenge(a sallyport.Accept, realm string, try Try) string {
	if a.In == sallyport.CarrierBearer {
		return bearer(realm, try)
	}
	if try.Reason == sallyport.ScopeInsufficient {
		return ""
	}
	switch a.In { //nolint:exhaustive // bearer is above
	case sallyport.CarrierBasic:
		return "Basic realm=" + quote(realm) + `, charset="UTF-8"`
	case sallyport.CarrierHeader, sallyport.CarrierQuery, sallyport.CarrierForm:
		return "ApiKey realm=" + quote(realm) + ", in=" + quote(string(a.In)) + ", name=" + quote(a.Name)
	case sallyport.CarrierCookie:
		return "Cookie realm=" + quote(realm) + ", name=" + quote(a.Name)
	default:
		return ""
	}
}

// bearer returns the Bearer challenge.
func bearer(realm string, try Try) string {
	var b strings.Builder
	b.WriteString("Bearer realm=" + quote(realm))
	switch {
	case try.Reason == sallyport.ScopeInsufficient:
		b.WriteString(`, error="insufficient_scope"`)
		if s := scopeValue(try.Scopes); s != "" {
			b.WriteString(", scope=" + quote(s))
		}
	case try.Sent == sallyport.CarrierBearer && try.Reason != sallyport.CredentialMissing:
		// RFC 6750 section 3.1: no error code when no token was sent, so that
		// a client which did not know is told nothing beyond the scheme.
		b.WriteString(`, error="invalid_token"`)
	}
	if try.Metadata != "" {
		b.WriteString(", resource_metadata=" + quote(try.Metadata))
	}
	return b.String()
}

// scopeValue joins scopes with spaces. What is not a scope-token (RFC 6749
// section 3.3) is left out.
func scopeValue(scopes []string) string {
	good := make([]string, 0, len(scopes))
	for _, s := range scopes {
		odd := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
		if s != "" && !strings.ContainsFunc(s, odd) {
			good = append(good, s)
		}
	}
	return strings.Join(good, " ")
}
