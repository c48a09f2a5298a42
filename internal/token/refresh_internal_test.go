package token

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func refreshKeys(t *testing.T, m MasterKey) *KeySet {
	t.Helper()
	set, err := m.RefreshKeys(testIssuer)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newMaster(t *testing.T) MasterKey {
	t.Helper()
	m, err := NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRefreshKeys: what one node wraps, another one opens, and nobody without
// the master key.
func TestRefreshKeys(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	claims := Claims{
		Audience: []string{"edge"}, Subject: "p", Client: "c", Session: "s", ID: "spr_secret",
		Issued: testNow.Truncate(time.Second), Expires: testNow.Truncate(time.Second).Add(30 * time.Minute),
	}
	text, err := refreshKeys(t, m).Sign(RefreshJWT, HS256, claims)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(text.Reveal(), ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil || !strings.Contains(string(raw), `"alg":"HS256"`) || !strings.Contains(string(raw), `"kid":"`) {
		t.Errorf("header %s, %v", raw, err)
	}
	for _, tt := range []struct {
		name string
		set  *KeySet
		text string
		at   time.Time
		want Fault
	}{
		{"another node", refreshKeys(t, m), text.Reveal(), testNow, ""},
		{"another installation", refreshKeys(t, newMaster(t)), text.Reveal(), testNow, UnknownKey},
		{"too late", refreshKeys(t, m), text.Reveal(), testNow.Add(30 * time.Minute), Expired},
		{"changed", refreshKeys(t, m), text.Reveal()[:len(text)-4] + "AAAA", testNow, BadSignature},
	} {
		got, err := tt.set.Verify(RefreshJWT, tt.text, Expect{Audience: "edge", Now: tt.at})
		switch {
		case tt.want == "" && (err != nil || got.ID != "spr_secret"):
			t.Errorf("%s: %v, %v", tt.name, got, err)
		case tt.want != "" && !errors.Is(err, tt.want):
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := (MasterKey{}).RefreshKeys(testIssuer); err == nil {
		t.Error("a key came from no master key")
	}
}
