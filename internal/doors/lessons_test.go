package doors_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// learner is an API that learns for an hour.
func learner() sallyport.API {
	api := shop()
	api.Name, api.BasePath, api.Routes, api.Realm = "fresh", "/fresh", nil, nil
	from := clocktest.New().Now()
	api.Learn = sallyport.LearnSpec{From: from, Until: from.Add(time.Hour)}
	return api
}

// lessons tells what was learned, a line each.
func lessons(t testing.TB, k *doorstest.Kit) string {
	t.Helper()
	if err := k.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := k.Store.Lessons(t.Context(), "fresh")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range list {
		fmt.Fprintf(&b, "%s %s %s %d", l.Method, l.Path, l.Login, l.Requests)
		if l.Answered > 0 {
			fmt.Fprintf(&b, " (%d of %d absent)", l.Absent, l.Answered)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestLearn: whoever comes is let through and noted, a bad credential and a path
// that can be read in two ways are refused, and when the time is over so is
// everything.
func TestLearn(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop(), learner())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	_, token := k.Token(alice, "shop/reading")
	as := basic("alice", password)
	for _, tt := range []struct {
		method, target, authorization string
		reason                        sallyport.Reason
	}{
		{"GET", "/fresh/racks/17", as, ""},
		{"GET", "/fresh/racks/18", as, ""},
		{"GET", "/fresh/racks/18", "Bearer " + token, ""},
		{"PATCH", "/fresh/racks/18", as, ""},
		{"GET", "/fresh/", "", ""},
		{"GET", "/fresh/health", "", ""},
		{"GET", "/fresh/hooks/" + token, "", ""},
		{"GET", "/fresh/health", basic("alice", "wrong"), sallyport.PasswordWrong},
		{"GET", "/fresh/health", basic("nobody", "wrong"), sallyport.UserUnknown},
		{"GET", "/fresh/health", "Bearer " + token[:len(token)-2] + "--", sallyport.CredentialMalformed},
		{"GET", "/fresh/health?access_token=" + token, "", sallyport.CredentialMisplaced},
		{"GET", "/fresh/a%2fb", as, sallyport.PathAmbiguous},
		{"TRACE", "/fresh/health", as, sallyport.MethodNotAllowed},
		{"GET", "/shop/fresh", as, sallyport.RouteUnknown},
		{"GET", "/nowhere", as, sallyport.APIUnknown},
	} {
		var headers []string
		if tt.authorization != "" {
			headers = []string{"Authorization", tt.authorization}
		}
		dec := ask(t, k.Doors, tt.method, tt.target, headers...)
		learned := dec.Allowed
		if dec.Reason != tt.reason || dec.Allowed != (tt.reason == "") || learned != (tt.reason == "" && !dec.Learning.IsZero()) {
			t.Errorf("%s %s: %t %s, learning until %s; want %q", tt.method, tt.target, dec.Allowed, dec.Reason, dec.Learning, tt.reason)
		}
		if dec.Allowed && tt.authorization != "" && (dec.Principal == nil || dec.Principal.Login != "alice") {
			t.Errorf("%s %s: the upstream is not told who it is", tt.method, tt.target)
		}
	}
	want := "GET / nobody 1\nGET /health nobody 1\nGET /hooks/{hook} nobody 1\nGET /racks/{rack} alice 3\nPATCH /racks/{rack} alice 1\n"
	if got := strings.ReplaceAll(lessons(t, k), "  ", " nobody "); got != want {
		t.Errorf("learned\n%swant\n%s", got, want)
	}

	r := request("GET", "/fresh/racks/18", "Authorization", as)
	dec := k.Doors.Decide(t.Context(), r)
	for _, status := range []int{200, 404} {
		k.Doors.Answered(r, &dec, status)
	}
	if got := lessons(t, k); !strings.Contains(got, "GET /racks/{rack} alice 4 (1 of 2 absent)\n") {
		t.Errorf("with answers\n%s", got)
	}
	h := http.Header{}
	k.Doors.Announce(&dec, h)
	if got, want := h.Get(doors.HeaderLearning), learner().Learn.Until.Format(http.TimeFormat); got != want {
		t.Errorf("%s: %q, want %q", doors.HeaderLearning, got, want)
	}

	k.Clock.Advance(time.Hour)
	if _, err := k.Doors.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if dec := ask(t, k.Doors, "GET", "/fresh/racks/17", "Authorization", as); dec.Allowed || dec.Reason != sallyport.RouteUnknown || !dec.Learning.IsZero() {
		t.Errorf("when the time is over: %+v", dec)
	}
}

// TestLearnTrace: why tells that nothing was asked, and until when.
func TestLearnTrace(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, learner())
	r := request("GET", "/fresh/racks/17")
	r.ID = "0123456789abcdefghijAA" // one of those that are kept
	k.Doors.Decide(t.Context(), r)
	if err := k.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := k.Store.DecisionByID(t.Context(), r.ID)
	if err != nil || !d.Allowed || !strings.Contains(d.Trace, "learns until 2030-05-01T13:00:00Z: every path and method is let through") {
		t.Errorf("the trace: %s, %v", d.Trace, err)
	}
}

// TestLearnIsBounded: a flood of paths that nobody ever asked for before grows
// neither what is written down nor what waits for it, and what is really used is
// still told apart.
func TestLearnIsBounded(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, learner())
	alice, as := k.User("alice", password), basic("alice", password)
	const flood = 20_000
	for n := range flood {
		raw := make([]byte, 8)
		if _, err := rand.Read(raw); err != nil {
			t.Fatal(err)
		}
		path := "/fresh/" + word(raw[:3]) + "/" + word(raw[2:6]) + "/" + hex.EncodeToString(raw)
		r := request("GET", path)
		dec := k.Doors.Decide(t.Context(), r)
		if !dec.Allowed {
			t.Fatal(dec.Reason)
		}
		k.Doors.Answered(r, &dec, 404)
		if n%1000 == 0 {
			for range 3 {
				used := request("GET", "/fresh/racks/17", "Authorization", as)
				dec := k.Doors.Decide(t.Context(), used)
				k.Doors.Answered(used, &dec, 200)
			}
			if err := k.Doors.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := k.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := k.Store.Lessons(t.Context(), "fresh")
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	racks := false
	for _, l := range list {
		sum += l.Requests
		racks = racks || l.LessonKey == store.LessonKey{API: "fresh", Path: "/racks/{rack}", Method: "GET", Principal: alice, Tenant: doorstest.Tenant}
	}
	if len(list) > 4000 || !racks || sum < flood/10 {
		t.Errorf("%d rows for %d requests, of which %d were counted; the used one is told apart: %t", len(list), flood, sum, racks)
	}
}

// word makes something that looks like a word.
func word(raw []byte) string {
	const consonants, vowels = "bdfgklmnprst", "aeiou"
	var b strings.Builder
	for _, c := range raw {
		b.WriteByte(consonants[int(c)%len(consonants)])
		b.WriteByte(vowels[int(c)/16%len(vowels)])
	}
	return b.String()
}
