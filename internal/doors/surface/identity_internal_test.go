package surface

import (
	"bufio"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// A lined writer takes lines of a head.
type lined struct {
	*httptest.ResponseRecorder
	lines []byte
}

func (w *lined) Lines(lines []byte) { w.lines = slices.Clone(lines) }

func (w *lined) Line(name, value string) { w.lines = append(w.lines, name+": "+value+"\r\n"...) }

// all returns the headers and the lines together.
func (w *lined) all(t *testing.T) http.Header {
	t.Helper()
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(w.lines) + "\r\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(h, w.Header())
	return http.Header(h)
}

// TestIdentitiesAreNotMixedUp: values are used again for the same credential in
// the same circumstances, for a while, and for no other.
func TestIdentitiesAreNotMixedUp(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t)
	var s Identities
	now := k.Clock.Now()
	base := sallyport.Decision{
		Allowed: true, RequestID: "one", Revision: 7, API: "shop", Route: "get",
		Principal:  &sallyport.Principal{ID: "u", Kind: sallyport.PrincipalPerson, Login: "alice"},
		Credential: sallyport.UUID{15: 1}, CredentialKind: sallyport.PersonalToken, Tenant: doorstest.Tenant, Realm: "north",
	}
	// write compares what is remembered with what the doors say.
	write := func(name string, dec sallyport.Decision, now time.Time) http.Header {
		t.Helper()
		w, want := httptest.NewRecorder(), http.Header{}
		if err := s.Write(k.Doors, &dec, now, w); err != nil {
			t.Fatal(err)
		}
		got, written := w.Header(), &lined{ResponseRecorder: httptest.NewRecorder()}
		if err := s.Write(k.Doors, &dec, now, written); err != nil {
			t.Fatal(err)
		}
		inLines := written.all(t)
		if err := k.Doors.Identify(&dec, want); err != nil {
			t.Fatal(err)
		}
		set := http.Header{}
		if err := s.Set(k.Doors, &dec, now, set); err != nil || !maps.EqualFunc(set, got, slices.Equal) {
			t.Errorf("%s: set %v, %v; want %v", name, set, err, got)
		}
		for _, header := range doors.IdentityHeaders {
			if header != doors.HeaderAssertion && got.Get(header) != want.Get(header) {
				t.Errorf("%s: %s is %q, want %q", name, header, got.Get(header), want.Get(header))
			}
			if !slices.Equal(inLines[header], got[header]) {
				t.Errorf("%s: as a line %s is %q, want %q", name, header, inLines[header], got[header])
			}
		}
		return got
	}
	first := write("first", base, now)
	again := base
	again.RequestID, again.Route = "two", "GET /ü x"
	if second := write("again", again, now); &second[doors.HeaderUser][0] != &first[doors.HeaderUser][0] {
		t.Error("the same values were made anew")
	}
	later := base
	later.Revision = 8
	if third := write("another revision", later, now); &third[doors.HeaderUser][0] != &first[doors.HeaderUser][0] {
		t.Error("under another revision the same values were made anew")
	}
	for name, change := range map[string]func(*sallyport.Decision){
		"another API":    func(d *sallyport.Decision) { d.API = "other" },
		"another tenant": func(d *sallyport.Decision) { d.Tenant = "t2" },
		"another realm":  func(d *sallyport.Decision) { d.Realm = "south" },
		"another login": func(d *sallyport.Decision) {
			d.Principal = &sallyport.Principal{ID: "u", Kind: sallyport.PrincipalPerson, Login: "alicia"}
		},
		"a service": func(d *sallyport.Decision) {
			d.Principal = &sallyport.Principal{ID: "u", Kind: sallyport.PrincipalService, Login: "alice"}
		},
		"another credential": func(d *sallyport.Decision) { d.Credential[0] = 9 }, // in the same place
		"another kind":       func(d *sallyport.Decision) { d.CredentialKind = sallyport.Session },
		"another principal":  func(d *sallyport.Decision) { d.Principal = &sallyport.Principal{ID: "v", Login: "bob"} },
		"scopes":             func(d *sallyport.Decision) { d.Scopes = []string{"shop/reading"} },
		"realms":             func(d *sallyport.Decision) { d.Realms = []string{"north"} },
		"no scope at all":    func(d *sallyport.Decision) { d.Scopes = []string{} },
		"nobody":             func(d *sallyport.Decision) { d.Principal = nil },
		"odd names":          func(d *sallyport.Decision) { d.Route, d.Realm = "GET /ü x", "a,b\r\n" },
	} {
		before := write("before", base, now)
		dec := base
		change(&dec)
		if after := write(name, dec, now); &after[doors.HeaderUser][0] == &before[doors.HeaderUser][0] {
			t.Errorf("%s: values of another were used", name)
		}
	}
	before := write("before", base, now)
	k.Write(func(_ context.Context, tx *store.Tx) error { tx.Note(sallyport.ChangeKeys, ""); return nil })
	if after := write("other keys", base, now); &after[doors.HeaderUser][0] == &before[doors.HeaderUser][0] {
		t.Error("values with an assertion of keys that are in use no more were used")
	}
	before = write("before", base, now)
	if after := write("later", base, now.Add(reuse)); &after[doors.HeaderUser][0] == &before[doors.HeaderUser][0] {
		t.Error("values were used for too long")
	}
}
