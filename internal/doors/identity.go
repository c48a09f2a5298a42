package doors

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/token"
)

// Names of the identity headers. On an allowed request each of them is set, and
// none is ever empty: a proxy that finds a header missing may put the client's
// own, or a placeholder, in its place.
const (
	HeaderUser       = "X-Sallyport-User"
	HeaderUserID     = "X-Sallyport-User-Id"
	HeaderKind       = "X-Sallyport-Kind"
	HeaderTenant     = "X-Sallyport-Tenant"
	HeaderRealm      = "X-Sallyport-Realm"
	HeaderCredential = "X-Sallyport-Credential"
	HeaderRoute      = "X-Sallyport-Route"
	HeaderRevision   = "X-Sallyport-Revision"
	HeaderAssertion  = "X-Sallyport-Assertion"
	HeaderRequestID  = "X-Request-Id"
)

// IdentityHeaders are the names that [Doors.Identify] sets, in canonical form.
var IdentityHeaders = [...]string{
	HeaderUser, HeaderUserID, HeaderKind, HeaderTenant, HeaderRealm, HeaderCredential,
	HeaderRoute, HeaderRevision, HeaderAssertion, HeaderRequestID,
}

// None stands for a value that there is not, since a header must not be empty.
const None = "-"

const (
	assertionLife  = 60 * time.Second // of an assertion, seen by the upstream
	assertionReuse = 30 * time.Second // how long one is handed out again
)

// An assertionKey is all that an assertion says, but for when and under which
// revision it was made. A signature costs more than a decision, so requests that
// would get equal assertions share one, whatever else of the policy changed in
// between.
type assertionKey struct {
	api        sallyport.APIName
	principal  sallyport.PrincipalID
	kind       sallyport.PrincipalKind
	login      string
	tenant     sallyport.TenantID
	realm      string // as in the header
	credential sallyport.UUID
	via        sallyport.CredentialKind
	scopes     string // two access tokens of one sign-in may differ in them

	// keys are those that sign. An assertion is not handed out again once there are
	// others: the one that signed it may be among them no more.
	keys *token.KeySet
}

// Identify writes who an allowed request acts as into the headers that go to the
// upstream, or to the proxy that asked. It replaces what was there.
func (d *Doors) Identify(dec *sallyport.Decision, h http.Header) error {
	p := dec.Principal
	if p == nil {
		p = &sallyport.Principal{Kind: sallyport.PrincipalAnonymous}
	}
	assertion, err := d.assertion(dec, p)
	if err != nil {
		return err
	}
	h[HeaderUser] = []string{orNone(userName(p))}
	h[HeaderUserID] = []string{orNone(string(p.ID))}
	h[HeaderKind] = []string{string(p.Kind)}
	h[HeaderTenant] = []string{orNone(string(dec.Tenant))}
	h[HeaderRealm] = []string{orNone(realmText(dec))}
	h[HeaderCredential] = []string{dec.Credential.String()}
	h[HeaderRoute] = []string{orNone(HeaderText(dec.Route))}
	h[HeaderRevision] = []string{strconv.FormatUint(uint64(dec.Revision), 10)}
	h[HeaderAssertion] = []string{assertion}
	h[HeaderRequestID] = []string{orNone(dec.RequestID)}
	return nil
}

// realmText is the realm that a request named, or, separated by commas, those
// that its upstream must keep to because it named none.
func realmText(dec *sallyport.Decision) string {
	if len(dec.Realms) == 0 {
		return HeaderText(dec.Realm)
	}
	list := make([]string, len(dec.Realms))
	for i, realm := range dec.Realms {
		list[i] = HeaderText(realm)
	}
	return strings.Join(list, ",")
}

// userName is what the upstream knows the principal by. A login has no colon
// (RFC 7617 section 2), so an API key cannot pass for a user.
func userName(p *sallyport.Principal) string {
	if p.Kind == sallyport.PrincipalAPIKey {
		return "api_key:" + HeaderText(p.Login)
	}
	return HeaderText(p.Login)
}

func orNone(s string) string {
	if s == "" {
		return None
	}
	return s
}

// HeaderText makes text fit for a header value: visible ASCII stays, and every
// other byte, as well as the percent sign and the comma, is percent-encoded.
func HeaderText(text string) string {
	plain := true
	for i := range len(text) {
		if !headerSafe(text[i]) {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; headerSafe(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func headerSafe(c byte) bool { return c > ' ' && c < 0x7f && c != '%' && c != ',' }

// assertion returns the signed identity of the request: a JWT that the upstream
// can verify against the JWKS, so that it need not trust its network.
func (d *Doors) assertion(dec *sallyport.Decision, p *sallyport.Principal) (string, error) {
	keys := d.keys.Load()
	key := assertionKey{
		dec.API, p.ID, p.Kind, p.Login, dec.Tenant, realmText(dec), dec.Credential, dec.CredentialKind, strings.Join(dec.Scopes, " "), keys,
	}
	if text, ok := d.assertions.GetIfPresent(key); ok {
		return text, nil
	}
	now := d.now()
	text, err := keys.Sign(token.AssertionJWT, "", token.Claims{
		Audience:   []string{string(dec.API)},
		Issued:     now,
		Expires:    now.Add(assertionLife),
		Subject:    sallyport.PrincipalID(orNone(string(p.ID))),
		Tenant:     sallyport.TenantID(orNone(string(dec.Tenant))),
		Login:      p.Login,
		Principal:  p.Kind,
		Credential: sallyport.CredentialID(dec.Credential.String()),
		Via:        dec.CredentialKind,
		Realm:      dec.Realm,
		Realms:     dec.Realms,
		Scopes:     dec.Scopes,
		Revision:   dec.Revision,
	})
	if err != nil {
		return "", fmt.Errorf("sign the assertion for %s: %w", dec.API, err)
	}
	d.assertions.Set(key, text.Reveal())
	return text.Reveal(), nil
}
