package login_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"alice", "alice"},
		{"ALICE", "alice"},
		{"Alice@Example.COM", "alice@example.com"},
		{"jose\u0301", "jos\u00e9"},   // NFD
		{"JOS\u00c9", "jos\u00e9"},    // upper case
		{"\u212Aelvin", "kelvin"},     // Kelvin sign
		{"\u0130stanbul", "istanbul"}, // dotted capital I
		{"svc-4_2+x", "svc-4_2+x"},
		{"李雷", "李雷"},
	} {
		got, err := login.Canonical(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("Canonical(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":              "",
		"NUL":                "al\x00ice",
		"line break":         "alice\r\n",
		"colon":              "alice:x",
		"slash":              "realm/alice",
		"backslash":          `DOMAIN\alice`,
		"space":              " alice",
		"no-break space":     "alice\u00a0",
		"right-to-left":      "\u202eecila",
		"zero width":         "al\u200bice",
		"soft hyphen":        "al\u00adice",
		"Latin-1":            "jos\xe9",
		"too long":           strings.Repeat("a", login.MaxLen+1),
		"far too long":       strings.Repeat("a", 1<<20),
		"combining first":    "\u0301alice",
		"line separator":     "al\u2028ice",
		"private use":        "al\ue000ice",
		"delete":             "alice\x7f",
		"byte order mark":    "\ufeffalice",
		"replacement by bad": "\xff\xfe",
	} {
		got, err := login.Canonical(in)
		if sallyport.KindOf(err) != sallyport.Invalid || got != "" {
			t.Errorf("%s: Canonical = %q, %v, want an invalid login", name, got, err)
			continue
		}
		if len(in) > 3 && len(in) < 100 && strings.Contains(err.Error(), in) {
			t.Errorf("%s: the error quotes the login: %v", name, err)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"alice", "ALICE", "jose\u0301", "\u0130", "\u1e9e", "ǆ", "\u0345", "a:b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, err := login.Canonical(in)
		if err != nil {
			return
		}
		twice, err := login.Canonical(once)
		if err != nil || twice != once {
			t.Errorf("Canonical is not idempotent: %q, then %q, %v", once, twice, err)
		}
		if len(once) > login.MaxLen {
			t.Errorf("Canonical(%q) has %d bytes", in, len(once))
		}
	})
}
