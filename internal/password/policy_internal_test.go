package password

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sallyport/sallyport"
)

func testPolicy(t testing.TB) *Policy {
	t.Helper()
	list, err := LoadBlocklist()
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPolicy(0, 0, list, "Sallyport")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// BF-14.
func TestPolicy(t *testing.T) {
	t.Parallel()
	p := testPolicy(t)
	alone := Context{Words: []string{"alice", "Alice Liddell", "alice@wonderland.example", "Globex Corporation"}}
	second := alone
	second.SecondFactor = true
	for _, tt := range []struct {
		password string
		c        Context
		want     Rule // empty: allowed
	}{
		{"correct horse battery staple", alone, ""},
		{"  spaces kept, both sides  ", alone, ""},
		{"exactly15chars!", alone, ""},
		{"exactly14chars", alone, RuleTooShort},
		{"kv9#tq2m", second, ""},
		{"kv9#tq2", second, RuleTooShort},
		{"🐎🔋📎🦆🌵🎻🥐🚲🗝🧶🪵🎈🍄🦔🛶", alone, ""}, // 15 characters
		{"🐎🔋📎🦆🌵🎻🥐", second, RuleTooShort},
		{"zażółć gęślą jaźń", alone, ""},
		{longPassword(64), alone, ""},
		{longPassword(MaxBytes), alone, ""},
		{longPassword(MaxBytes + 1), alone, RuleTooLong},
		{"password123", second, RuleCommon},
		{"password123", alone, RuleTooShort},
		{"PassWord12345678", alone, RuleCommon},
		{"!!!password!!!!!!", alone, RuleCommon},
		{"passwordpassword", alone, RuleCommon},
		{"dragon-dragon-dragon", alone, RuleCommon},
		{"sunshine2026!!!!", alone, RuleCommon},
		{"qwertyuiop", second, RuleCommon},
		{"aaaaaaaaaaaaaaaa", alone, RulePattern},
		{"                ", alone, RulePattern},
		{"xkqxkqxkqxkqxkqxkq", alone, RulePattern},
		{"abcdefghijklmnopqrstuvwxyz", alone, RulePattern},
		{"98765432109876543210", alone, RulePattern},
		{"sallyport2026", second, RuleContext},
		{"SallyPort-SallyPort-2026", alone, RuleContext},
		{"alice-alice-alice", alone, RuleContext},
		{"Liddell Alice 1865", alone, RuleContext},
		{"globexcorporation", alone, RuleContext},
		{"wonderland!!!!!!!", alone, RuleCommon},
		{"alice eats nine purple mushrooms", alone, ""},
		{"tab\tin the middle of it", alone, RuleText},
		{"NUL\x00 in the middle of it", alone, RuleText},
		{"delete\x7f in the middle", alone, RuleText},
		{"next line\u0085 in the middle", alone, RuleText},
		{"not UTF-8 \xff\xfe at all", alone, RuleText},
		{"", alone, RuleTooShort},
	} {
		err := p.Check(tt.password, tt.c)
		var got Rule
		if v, ok := errors.AsType[*PolicyError](err); ok {
			got = v.Rule
		}
		if got != tt.want || (err == nil) != (tt.want == "") {
			t.Errorf("Check(%.40q) = %q (%v), want %q", tt.password, got, err, tt.want)
		}
		if err == nil {
			continue
		}
		if sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("%q is not a fault of the input", got)
		}
		if tt.password != "" && strings.Contains(err.Error(), tt.password) {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

// longPassword is n bytes long and follows no pattern.
func longPassword(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteByte(byte('!' + (i*i*7+i*3)%90))
	}
	return b.String()
}

func TestBlocklist(t *testing.T) {
	t.Parallel()
	list, err := LoadBlocklist()
	if err != nil {
		t.Fatal(err)
	}
	if list.Len() < 30_000 {
		t.Errorf("%d passwords, at least 30,000 are promised", list.Len())
	}
	words := strings.Split(strings.TrimSuffix(list.lines, "\n"), "\n")
	if len(words) != list.Len() || len(slices.Compact(slices.Clone(words))) != list.Len() {
		t.Error("a password is twice in the list")
	}
	for i, word := range words {
		if !list.has(word) || list.has(word+" ") || i%10 == 0 && list.has(word[:len(word)-1]) != slices.Contains(words, word[:len(word)-1]) {
			t.Fatalf("%q, or one beside it, is not found as it should be", word)
		}
		if len(word) < 6 || word != strings.ToLower(word) || strings.TrimSpace(word) != word {
			t.Fatalf("%q does not belong in the list", word)
		}
	}
	for word, want := range map[string]bool{"123456": true, "password": true, "qwerty": true, "zzzzzzz9zz": false, "": false} {
		if list.has(word) != want {
			t.Errorf("has(%q) = %v", word, !want)
		}
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	t.Parallel()
	list := &Blocklist{}
	for _, n := range []int{-1, 7, 65} {
		if _, err := NewPolicy(n, 0, list); err == nil {
			t.Errorf("minimum %d: accepted", n)
		}
		if _, err := NewPolicy(0, n, list); err == nil {
			t.Errorf("minimum %d beside a second factor: accepted", n)
		}
	}
	if _, err := NewPolicy(0, 0, nil); err == nil {
		t.Error("no list: accepted")
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	p, seen := testPolicy(t), map[sallyport.Secret]bool{}
	for range 200 {
		secret, err := Generate()
		if err != nil {
			t.Fatal(err)
		}
		text := secret.Reveal()
		if len(text) != 29 || strings.Trim(text, readable+"-") != "" || strings.Count(text, "-") != 5 {
			t.Fatalf("Generate = %s", text)
		}
		if err := p.Check(text, Context{}); err != nil {
			t.Errorf("our own password is refused: %v", err)
		}
		if seen[secret] {
			t.Error("the same password twice")
		}
		seen[secret] = true
	}
	if s, err := generate(iotest.ErrReader(errors.New("no entropy"))); err == nil || s != "" {
		t.Error("generated without randomness")
	}
}

func FuzzParse(f *testing.F) {
	for _, hash := range foreign {
		f.Add(hash)
	}
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text)
		if err != nil {
			return
		}
		if a, ok := s.(*argonHash); ok && (a.Memory > maxMemory || a.bounded() != nil) {
			t.Fatalf("accepted a cost of %+v", a.Params)
		}
		if isFast(s) {
			s.matches("x") // must not panic
		}
	})
}
