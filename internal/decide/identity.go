package decide

import (
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
)

const (
	places = 1 << 12
	// reuse is how long values are used again. The assertion among them may be
	// 30 seconds old when it comes here, and ends after 60.
	reuse = 10 * time.Second
)

// identities keeps the values of the identity headers of the credentials that
// asked last, ready to be put into an answer. Each credential has one place,
// which it may have to share with others; nobody waits for anybody. The zero
// identities is ready for use, and safe for concurrent use.
type identities struct {
	table [places]atomic.Pointer[identity]
}

// An identity is what the headers say about one credential at one API. It never
// changes, nor do its values, which answers share.
type identity struct {
	key    identityKey
	scopes []string // what the assertion says
	realms []string // to keep to
	made   time.Time
	values [len(doors.IdentityHeaders)][]string // nil: of the request, not of the credential
}

// An identityKey is all else that the values depend on.
type identityKey struct {
	api        sallyport.APIName
	principal  sallyport.PrincipalID
	kind       sallyport.CredentialKind
	tenant     sallyport.TenantID
	realm      string
	credential sallyport.UUID
	revision   sallyport.Revision
	limited    bool
}

// write puts the identity headers of an allowed request into h. On an error
// nothing may be sent of it.
func (s *identities) write(d *doors.Doors, dec *sallyport.Decision, now time.Time, h http.Header) error {
	key := identityKey{
		api: dec.API, kind: dec.CredentialKind, tenant: dec.Tenant, realm: dec.Realm,
		credential: dec.Credential, revision: dec.Revision, limited: dec.Scopes != nil,
	}
	if dec.Principal != nil {
		key.principal = dec.Principal.ID
	}
	// The last bytes of a UUID are random in all of its versions.
	place := &s.table[(int(dec.Credential[14])<<8|int(dec.Credential[15]))%places]
	known := place.Load()
	if known == nil || known.key != key || now.Sub(known.made) >= reuse ||
		!slices.Equal(known.scopes, dec.Scopes) || !slices.Equal(known.realms, dec.Realms) {
		return s.learn(d, dec, key, now, h, place)
	}
	for i, name := range doors.IdentityHeaders {
		if values := known.values[i]; values != nil {
			h[name] = values
		}
	}
	own := [...]string{text(dec.Route), text(dec.RequestID)}
	h[doors.HeaderRoute], h[doors.HeaderRequestID] = own[0:1:1], own[1:2:2]
	return nil
}

// learn has the doors write the headers and keeps the values.
func (s *identities) learn(d *doors.Doors, dec *sallyport.Decision, key identityKey, now time.Time, h http.Header, place *atomic.Pointer[identity]) error {
	if err := d.Identify(dec, h); err != nil {
		return err
	}
	fresh := &identity{key: key, scopes: dec.Scopes, realms: dec.Realms, made: now}
	for i, name := range doors.IdentityHeaders {
		if name != doors.HeaderRoute && name != doors.HeaderRequestID {
			fresh.values[i] = h[name]
		}
	}
	place.Store(fresh)
	return nil
}

// text is a value that may be none, as [doors.Doors.Identify] writes it.
func text(s string) string {
	if s == "" {
		return doors.None
	}
	return doors.HeaderText(s)
}
