package surface

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/token"
)

const (
	// Each credential has four places to choose from. With one, a third of two
	// thousand that take turns would share it with another of them and drive it
	// out each time.
	places = 1 << 11
	ways   = 4
	// reuse is how long values are used again. The assertion among them may be
	// 30 seconds old when it comes here, and ends after 60.
	reuse = 10 * time.Second
)

// Identities keeps the values of the identity headers of the credentials that
// asked last, ready to be put into an answer to a proxy, or into a request to an
// upstream. Each credential has a few places, which it may have to share with
// others; nobody waits for anybody. The zero Identities is ready for use, and safe
// for concurrent use.
type Identities struct {
	table    [places][ways]atomic.Pointer[identity]
	revision atomic.Pointer[revision]
}

// A revision is the header that says it, which is the same for everybody, and
// another one after each change of the policy.
type revision struct {
	number sallyport.Revision
	values []string
}

// An identity is what the headers say about one credential at one API. It never
// changes, nor do its values, which answers share.
type identity struct {
	key    identityKey
	scopes []string // what the assertion says
	realms []string // to keep to
	made   time.Time
	values [len(doors.IdentityHeaders)][]string // nil: of the request, not of the credential
	lines  []byte                               // the same as they stand in a head; nil: they cannot
}

// A Liner is a writer of answers that takes header lines as they go over the wire.
// The parser of questions has one, net/http does not.
type Liner interface {
	// Lines puts lines, each with its CRLF, into the head in place of those that
	// were put there before.
	Lines(lines []byte)
	// Line adds one.
	Line(name, value string)
}

// An identityKey is all else that the values depend on.
type identityKey struct {
	api        sallyport.APIName
	principal  sallyport.PrincipalID
	kind       sallyport.CredentialKind
	tenant     sallyport.TenantID
	realm      string
	credential sallyport.UUID
	limited    bool

	login string
	actor sallyport.PrincipalKind
	keys  *token.KeySet // that signed the assertion
}

// Write puts the identity headers of an allowed request into an answer, as
// [doors.Doors.Identify] does. On an error nothing may be sent of it.
func (s *Identities) Write(d *doors.Doors, dec *sallyport.Decision, now time.Time, w http.ResponseWriter) error {
	known, err := s.of(d, dec, now)
	if err != nil {
		return err
	}
	if l, ok := w.(Liner); ok && known.lines != nil {
		l.Lines(known.lines)
		l.Line(doors.HeaderRevision, s.Revision(dec.Revision)[0])
		l.Line(doors.HeaderRoute, text(dec.Route))
		l.Line(doors.HeaderRequestID, text(dec.RequestID))
		return nil
	}
	h := w.Header()
	known.into(h)
	s.ofRequest(dec, h)
	return nil
}

// Set puts the identity headers of an allowed request into h, as
// [doors.Doors.Identify] does. The values must not be changed: others share them.
func (s *Identities) Set(d *doors.Doors, dec *sallyport.Decision, now time.Time, h http.Header) error {
	known, err := s.of(d, dec, now)
	if err != nil {
		return err
	}
	known.into(h)
	s.ofRequest(dec, h)
	return nil
}

// Revision returns the values of the header that says the revision. They must not
// be changed.
func (s *Identities) Revision(number sallyport.Revision) []string {
	if known := s.revision.Load(); known != nil && known.number == number {
		return known.values
	}
	fresh := &revision{number, []string{strconv.FormatUint(uint64(number), 10)}}
	s.revision.Store(fresh)
	return fresh.values
}

// ofRequest sets the headers that are of the request, not of the credential.
func (s *Identities) ofRequest(dec *sallyport.Decision, h http.Header) {
	h[doors.HeaderRevision] = s.Revision(dec.Revision)
	own := [...]string{text(dec.Route), text(dec.RequestID)}
	h[doors.HeaderRoute], h[doors.HeaderRequestID] = own[0:1:1], own[1:2:2]
}

// of returns the values for a decision, those of an earlier one if they are as
// good.
func (s *Identities) of(d *doors.Doors, dec *sallyport.Decision, now time.Time) (*identity, error) {
	key := identityKey{
		api: dec.API, kind: dec.CredentialKind, tenant: dec.Tenant, realm: dec.Realm,
		credential: dec.Credential, limited: dec.Scopes != nil, keys: d.Keys(),
	}
	if p := dec.Principal; p != nil {
		key.principal, key.actor, key.login = p.ID, p.Kind, p.Login
	}
	// The last bytes of a UUID are random in all of its versions.
	row := &s.table[(int(dec.Credential[14])<<8|int(dec.Credential[15]))%places]
	known, place := find(row, &key, dec, now)
	if known != nil {
		return known, nil
	}
	fresh, err := learn(d, dec, key, now)
	if err == nil {
		place.Store(fresh)
	}
	return fresh, err
}

// find returns what is known and can be used, or nil and the place for it: a free
// one, one whose values are too old to be used, or else the oldest.
func find(row *[ways]atomic.Pointer[identity], key *identityKey, dec *sallyport.Decision, now time.Time) (*identity, *atomic.Pointer[identity]) {
	oldest := &row[0]
	var since time.Time // zero once a free place was seen
	for i := range row {
		switch known := row[i].Load(); {
		case known == nil:
			oldest, since = &row[i], time.Time{}
		case known.key == *key && slices.Equal(known.scopes, dec.Scopes) && slices.Equal(known.realms, dec.Realms):
			if now.Sub(known.made) < reuse {
				return known, nil
			}
			return nil, &row[i]
		case i == 0 || known.made.Before(since):
			oldest, since = &row[i], known.made
		}
	}
	return nil, oldest
}

// learn has the doors write the headers and keeps the values.
func learn(d *doors.Doors, dec *sallyport.Decision, key identityKey, now time.Time) (*identity, error) {
	h := make(http.Header, len(doors.IdentityHeaders))
	if err := d.Identify(dec, h); err != nil {
		return nil, err
	}
	fresh := &identity{key: key, scopes: dec.Scopes, realms: dec.Realms, made: now}
	for i, name := range doors.IdentityHeaders {
		switch name {
		case doors.HeaderRoute, doors.HeaderRequestID, doors.HeaderRevision:
		default:
			fresh.values[i] = h[name]
		}
	}
	gather(fresh.values[:])
	fresh.lines = lines(fresh)
	return fresh, nil
}

// gather puts values and their texts beside each other in memory. Where thousands of
// credentials take turns, each piece elsewhere is one that the processor waits for.
func gather(values [][]string) {
	var text strings.Builder
	n := 0
	for _, v := range values {
		n += len(v)
		for _, s := range v {
			text.WriteString(s)
		}
	}
	all, rest := make([]string, 0, n), text.String()
	for i, v := range values {
		if v == nil {
			continue // which is not the same as an empty one
		}
		from := len(all)
		for _, s := range v {
			all, rest = append(all, rest[:len(s)]), rest[len(s):]
		}
		values[i] = all[from:len(all):len(all)]
	}
}

// into puts the values into h.
func (i *identity) into(h http.Header) {
	for n, name := range doors.IdentityHeaders {
		if values := i.values[n]; values != nil {
			h[name] = values
		}
	}
}

// lines returns the values as lines of a head, nil if they cannot stand there.
func lines(i *identity) []byte {
	var b []byte
	for n, name := range doors.IdentityHeaders {
		for _, v := range i.values[n] {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
				return nil
			}
			b = append(b, name+": "+v+"\r\n"...)
		}
	}
	return b
}

// text is a value that may be none, as [doors.Doors.Identify] writes it.
func text(s string) string {
	if s == "" {
		return doors.None
	}
	return doors.HeaderText(s)
}
