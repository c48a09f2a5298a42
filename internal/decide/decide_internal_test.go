package decide

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

// TestDeadline: the limit counts from the first look, ends what hangs, and is not
// there for who never looks.
func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := &deadline{parent: t.Context(), limit: limit}
		defer ctx.end()
		began := time.Now()
		query, cancel := context.WithTimeout(ctx, time.Minute) // as a store does
		defer cancel()
		<-query.Done()
		if took := time.Since(began); took != limit || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %s with %v, want after %s", took, ctx.Err(), limit)
		}
	})
	idle := &deadline{parent: t.Context(), limit: limit}
	idle.end()
	if _, limited := idle.Deadline(); limited {
		t.Error("a timer was set for a decision that asked nobody")
	}
	parent, leave := context.WithCancel(t.Context())
	left := &deadline{parent: parent, limit: limit}
	defer left.end()
	leave()
	if !errors.Is(left.Err(), context.Canceled) {
		t.Error("it goes on when the proxy is gone")
	}
	if limit > 2*time.Second {
		t.Errorf("a decision may take %s", limit)
	}
}

// TestComplaintsAreBounded: whoever asks badly a thousand times does not fill the
// log, and what was held back is counted.
func TestComplaintsAreBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := doorstest.NewClock()
	c := complaints{log: slog.New(slog.NewTextHandler(&out, nil)), now: clock.Now}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for range 1000 {
		c.complain(r, untrusted, "one")
	}
	c.complain(r, unreadable, "another subject")
	clock.Advance(every)
	c.complain(r, untrusted, "two")
	if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), "more_before=999") {
		t.Errorf("%d lines, want 3, the last with more_before=999:\n%s", n, out.String())
	}
}

// A lined writer takes lines of a head.
type lined struct {
	*httptest.ResponseRecorder
	lines []byte
}

func (w *lined) Lines(lines []byte) { w.lines = slices.Clone(lines) }

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
	var s identities
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
		if err := s.write(k.Doors, &dec, now, w); err != nil {
			t.Fatal(err)
		}
		got, written := w.Header(), &lined{ResponseRecorder: httptest.NewRecorder()}
		if err := s.write(k.Doors, &dec, now, written); err != nil {
			t.Fatal(err)
		}
		inLines := written.all(t)
		if err := k.Doors.Identify(&dec, want); err != nil {
			t.Fatal(err)
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
	for name, change := range map[string]func(*sallyport.Decision){
		"another API":        func(d *sallyport.Decision) { d.API = "other" },
		"another tenant":     func(d *sallyport.Decision) { d.Tenant = "t2" },
		"another realm":      func(d *sallyport.Decision) { d.Realm = "south" },
		"another revision":   func(d *sallyport.Decision) { d.Revision = 8 },
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
	if after := write("later", base, now.Add(reuse)); &after[doors.HeaderUser][0] == &before[doors.HeaderUser][0] {
		t.Error("values were used for too long")
	}
}
