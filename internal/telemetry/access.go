package telemetry

import (
	"io"
	"net/netip"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
)

// Longest values in the access log, in bytes.
const (
	maxPath = 512
	maxWord = 128
)

// An Access is one decision, for the access log.
type Access struct {
	Decision *sallyport.Decision
	Time     time.Time
	Took     time.Duration
	Method   string
	Path     string // without the query
	Status   int    // of the answer
	Client   netip.Addr
}

// An AccessLog writes one line per decision, in JSON, with the same members in
// the same order. It is safe for use by many goroutines at once.
type AccessLog struct {
	out       io.Writer
	pseudonym func(string) string
	pool      sync.Pool // of *[]byte
}

// NewAccessLog returns an access log to out, which should be an [Async]. Users
// are written as pseudonym makes them from their id, keyed and 12 hexadecimal
// digits long; it must be safe for use by many goroutines at once.
func NewAccessLog(out io.Writer, pseudonym func(string) string) *AccessLog {
	return &AccessLog{out: out, pseudonym: pseudonym}
}

// Write logs a. Whatever was in the query, in a header or in a body is not in
// the line; a path that looks as if it had a secret in it is cleaned.
func (l *AccessLog) Write(a *Access) {
	p, _ := l.pool.Get().(*[]byte)
	if p == nil {
		p = new(make([]byte, 0, 512))
	}
	*p = l.append((*p)[:0], a)
	_, _ = l.out.Write(*p) // an Async does not fail; another sink's loss must not cost a request
	l.pool.Put(p)
}

func (l *AccessLog) append(b []byte, a *Access) []byte {
	d := a.Decision
	b = append(b, `{"time":"`...)
	b = a.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, `","msg":"access"`...)
	b = member(b, "request_id", d.RequestID, maxWord)
	user := ""
	if d.Principal != nil && d.Principal.ID != "" {
		user = l.pseudonym(string(d.Principal.ID))
	}
	b = member(b, "user", user, maxWord)
	if d.Credential != (sallyport.UUID{}) {
		b = member(b, "credential", d.Credential.String(), maxWord)
	}
	b = member(b, "credential_kind", string(d.CredentialKind), maxWord)
	b = member(b, "client", addrText(a.Client), maxWord)
	b = member(b, "api", string(d.API), maxWord)
	b = member(b, "route", d.Route, maxWord)
	b = member(b, "tenant", string(d.Tenant), maxWord)
	b = member(b, "realm", d.Realm, maxWord)
	b = member(b, "method", a.Method, maxWord)
	b = member(b, "path", Scrub(a.Path), maxPath)
	b = append(b, `,"decision":`...)
	if d.Allowed {
		b = append(b, `"allow"`...)
	} else {
		b = append(b, `"deny"`...)
		b = member(b, "reason", string(d.Reason), maxWord)
	}
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(a.Status), 10)
	b = append(b, `,"duration_us":`...)
	b = strconv.AppendInt(b, a.Took.Microseconds(), 10)
	b = append(b, `,"revision":`...)
	b = strconv.AppendUint(b, uint64(d.Revision), 10)
	return append(b, "}\n"...)
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

// member appends a member with a text, unless that is empty.
func member(b []byte, name, text string, longest int) []byte {
	if text == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendJSON(b, text, longest)
}

// appendJSON appends s, cut to longest bytes, as a JSON string in ASCII.
// Control characters are escaped and bytes that are not UTF-8 become U+FFFD.
func appendJSON(b []byte, s string, longest int) []byte {
	const hex = "0123456789abcdef"
	cut := len(s) > longest
	if cut {
		s = s[:longest]
	}
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f {
			if c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r > 0xffff { // a pair of surrogates (RFC 8259 section 7)
			r -= 0x10000
			hi, lo := 0xd800+(r>>10), 0xdc00+(r&0x3ff)
			b = append(b, '\\', 'u', hex[hi>>12], hex[hi>>8&15], hex[hi>>4&15], hex[hi&15])
			r = lo
		}
		b = append(b, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	if cut {
		b = append(b, "..."...)
	}
	return append(b, '"')
}
