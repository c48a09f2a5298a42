package sallyport_test

import (
	"strings"
	"testing"

	sallyport "github.com/sallyport/sallyport"
)

func TestUUID(t *testing.T) {
	t.Parallel()
	const good = "0189afc7-4e6c-7b1d-9c3a-0f9a8b7c6d5e"
	u, ok := sallyport.ParseUUID(good)
	if !ok || u.String() != good {
		t.Errorf("%q was read as %v, %v", good, u, ok)
	}
	for _, s := range []string{"09afAF", "aaaaaaaa-0000-9999-ffff-0123456789ab"} {
		if got := sallyport.IsUUID(s); got != (len(s) == 36) {
			t.Errorf("IsUUID(%q) = %v", s, got)
		}
	}
	bad := []string{"", good[1:], good + "0", strings.ToUpper(good), "{" + good[1:35] + "}", strings.ReplaceAll(good, "-", "")}
	for i, c := range good {
		// Each byte that is next to an allowed one in ASCII, and a dash where a
		// digit belongs or the reverse.
		for _, other := range []string{"/", ":", "`", "g", "G", " ", "\x00"} {
			bad = append(bad, good[:i]+other+good[i+1:])
		}
		if c == '-' {
			bad = append(bad, good[:i]+"0"+good[i+1:])
		} else {
			bad = append(bad, good[:i]+"-"+good[i+1:])
		}
	}
	for _, s := range bad {
		if _, ok := sallyport.ParseUUID(s); ok || sallyport.IsUUID(s) {
			t.Errorf("%q passes for a UUID", s)
		}
	}
	if got := (sallyport.UUID{}).String(); got != "-" {
		t.Errorf("the id of nothing is written %q", got)
	}
}
