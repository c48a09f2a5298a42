package token

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseMasterKey(t *testing.T) {
	t.Parallel()
	m, err := NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	raw := m.key[:]
	for name, text := range map[string]string{
		"own text":            m.Text(),
		"hexadecimal":         hex.EncodeToString(raw),
		"upper hexadecimal":   strings.ToUpper(hex.EncodeToString(raw)),
		"base64url":           base64.URLEncoding.EncodeToString(raw),
		"without padding":     base64.RawStdEncoding.EncodeToString(raw),
		"file with a newline": m.Text() + "\n",
	} {
		got, err := ParseMasterKey([]byte(text))
		if err != nil || got != m {
			t.Errorf("%s: %v", name, err)
		}
	}
	long, err := ParseMasterKey([]byte(hex.EncodeToString(append(raw, raw[1:9]...))))
	if err != nil || long == m || long.Fingerprint() == m.Fingerprint() {
		t.Errorf("longer material: %v, and it must all count", err)
	}
}

func TestParseMasterKeyRefuses(t *testing.T) {
	t.Parallel()
	ascending := make([]byte, 32)
	for i := range ascending {
		ascending[i] = byte(i)
	}
	half := testMaster(t, "half").key
	for name, text := range map[string]string{
		"empty":           "",
		"blank":           " \n",
		"short":           base64.StdEncoding.EncodeToString(half[:31]),
		"neither":         "this is not a key!",
		"two lines":       base64.StdEncoding.EncodeToString(half[:])[:20] + "\n" + base64.StdEncoding.EncodeToString(half[:])[20:],
		"zeros":           strings.Repeat("00", 32),
		"few values":      "a93c3ca9a91ea9a93c1e1e3ca93c1ea91e1ea9a93ca93c3c1ea91e3ca9a9a91e",
		"ascending":       hex.EncodeToString(ascending),
		"twice the same":  hex.EncodeToString(append(half[:], half[:]...)),
		"passphrase":      base64.StdEncoding.EncodeToString([]byte("correct horse battery staple, twice over")),
		"changeme":        base64.StdEncoding.EncodeToString([]byte(strings.Repeat("changeme", 4))),
		"RFC 7520 3.5":    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
		"RFC 7515 A.1":    rfc7515A1Key,
		"too long":        strings.Repeat("ab", 600),
		"unresolved name": "${SALLYPORT_MASTER_KEY_SALLYPORT_MASTER_KEY}",
	} {
		m, err := ParseMasterKey([]byte(text))
		if err == nil || m != (MasterKey{}) {
			t.Errorf("%s: accepted", name)
			continue
		}
		if v := strings.TrimSpace(text); len(v) > 8 && strings.Contains(err.Error(), v[:8]) {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func TestMasterKeyIsNotShown(t *testing.T) {
	t.Parallel()
	m := testMaster(t, "shown")
	text, hexa := m.Text(), hex.EncodeToString(m.key[:])
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", m)
	shown := fmt.Sprintf("%v %+v %#v %s %q %x", m, m, m, m, m, m) + log.String()
	if strings.Contains(shown, text) || strings.Contains(shown, hexa) || strings.Contains(shown, fmt.Sprint(m.key[0], m.key[1])) {
		t.Errorf("shown: %s", shown)
	}
	if out, err := json.Marshal(m); err == nil {
		t.Errorf("marshaled: %s", out)
	}
}

func TestDerivedKeysDiffer(t *testing.T) {
	t.Parallel()
	m := testMaster(t, "derive")
	seen := map[string]bool{}
	for _, purpose := range []string{"fingerprint", "key id", "pepper/1", "pepper/2", "pseudonym", "seal/cursor", "seal/signing-key"} {
		d := hex.EncodeToString(m.derive(purpose, 32))
		if len(d) != 64 || seen[d] {
			t.Errorf("derive(%q) = %s", purpose, d)
		}
		seen[d] = true
	}
}
