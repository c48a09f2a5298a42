package authn

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
)

func TestFailuresAreTakenByTheMinute(t *testing.T) {
	t.Parallel()
	var f failures
	at := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	home, away := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("198.51.100.1")
	wrong := &outcome{reason: sallyport.PasswordWrong, user: sallyport.User{ID: "u"}}
	f.note("jo", home, wrong, at)
	first := f.take(at.Add(time.Second), false)
	if len(first) != 1 || first[0].Attempts != 1 || first[0].User.ID != "u" || first[0].Source.String() != "192.0.2.7/32" {
		t.Fatalf("the first: %+v", first)
	}
	for range 5 {
		f.note("jo", home, wrong, at.Add(2*time.Second))
	}
	f.note("jo", home, &outcome{reason: sallyport.Overdone}, at.Add(3*time.Second))
	f.note("jo", away, wrong, at.Add(3*time.Second))
	if got := f.take(at.Add(4*time.Second), false); len(got) != 1 || got[0].Source.Addr() != away {
		t.Errorf("within the minute: %+v", got)
	}
	rest := f.take(at.Add(time.Minute), false)
	if len(rest) != 1 || rest[0].Attempts != 6 || rest[0].Throttled != 1 || rest[0].Reason != sallyport.PasswordWrong {
		t.Errorf("when it is over: %+v", rest)
	}
	if got := f.take(at.Add(time.Hour), true); len(got) != 0 || len(f.counts) != 0 {
		t.Errorf("what was taken is there again: %+v", got)
	}
}

func TestFloodOfFailuresIsBounded(t *testing.T) {
	t.Parallel()
	var f failures
	at := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	const flood = 10_000
	rows, attempts := 0, 0
	for i := range flood {
		f.note(fmt.Sprint("login", i), netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), &outcome{reason: sallyport.UserUnknown}, at)
		if i%100 == 0 {
			for _, one := range f.take(at, false) {
				rows, attempts = rows+1, attempts+one.Attempts
			}
		}
	}
	for _, one := range f.take(at.Add(time.Minute), true) {
		rows, attempts = rows+1, attempts+one.Attempts
		if one.Login == "" && one.Source.IsValid() {
			t.Errorf("several together have a source: %+v", one)
		}
	}
	if attempts != flood || rows > 2*(maxFailures+1) {
		t.Errorf("%d attempts in %d rows", attempts, rows)
	}
}
