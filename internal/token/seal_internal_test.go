package token

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func testSealer(t testing.TB, purpose Purpose, current MasterKey, older ...MasterKey) *Sealer {
	t.Helper()
	s, err := NewSealer(purpose, current, older...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealOpen(t *testing.T) {
	t.Parallel()
	s := testSealer(t, SealSuccessor, testMaster(t, "a"))
	for _, plain := range []string{"", "x", strings.Repeat("long", 1000)} {
		sealed, err := s.Seal([]byte(plain), "tenant", "row")
		if err != nil {
			t.Fatal(err)
		}
		if plain == "x" && bytes.Contains(sealed[len(sealed)-17:], []byte(plain+plain)) {
			t.Error("sealed in the clear")
		}
		got, err := s.Open(sealed, "tenant", "row")
		if err != nil || string(got) != plain {
			t.Errorf("Open = %d bytes, %v; want %d", len(got), err, len(plain))
		}
	}
	a, _ := s.Seal([]byte("same"))
	b, _ := s.Seal([]byte("same"))
	if bytes.Equal(a, b) {
		t.Error("the same text seals to the same value")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	m := testMaster(t, "a")
	s := testSealer(t, SealSuccessor, m)
	sealed, err := s.Seal([]byte("secret"), "ab", "c")
	if err != nil {
		t.Fatal(err)
	}
	for name, place := range map[string][]string{
		"other place":  {"ab", "d"},
		"moved border": {"a", "bc"},
		"less":         {"ab"},
		"more":         {"ab", "c", ""},
		"none":         nil,
	} {
		if got, err := s.Open(sealed, place...); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		want := ErrSealed
		if 1 <= i && i <= 4 {
			want = ErrSealedElsewhere // the master key's name
		}
		if got, err := s.Open(changed, "ab", "c"); !errors.Is(err, want) || got != nil {
			t.Errorf("bit flipped in byte %d: %q, %v", i, got, err)
		}
		if got, err := s.Open(sealed[:i], "ab", "c"); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("cut to %d bytes: %q, %v", i, got, err)
		}
	}
	other := testSealer(t, SealSigningKey, m)
	if got, err := other.Open(sealed, "ab", "c"); !errors.Is(err, ErrSealed) || got != nil {
		t.Errorf("other purpose: %q, %v", got, err)
	}
}

func TestMasterKeyRotation(t *testing.T) {
	t.Parallel()
	oldKey, newKey := testMaster(t, "old"), testMaster(t, "new")
	sealed, err := testSealer(t, SealSuccessor, oldKey).Seal([]byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := testSealer(t, SealSuccessor, newKey, oldKey).Open(sealed); err != nil || string(got) != "kept" {
		t.Errorf("with the old key at hand: %q, %v", got, err)
	}
	if got, err := testSealer(t, SealSuccessor, newKey).Open(sealed); !errors.Is(err, ErrSealedElsewhere) || got != nil {
		t.Errorf("without the old key: %q, %v", got, err)
	}
	if _, err := NewSealer(SealCursor, MasterKey{}); err == nil {
		t.Error("zero master key: accepted")
	}
	if _, err := NewSealer("", newKey); err == nil {
		t.Error("no purpose: accepted")
	}
}

func TestSealWithoutRandomness(t *testing.T) {
	t.Parallel()
	s := testSealer(t, SealCursor, testMaster(t, "a"))
	s.random = iotest.ErrReader(errors.New("no entropy"))
	if out, err := s.Seal([]byte("x")); err == nil || out != nil {
		t.Errorf("Seal = %d bytes, %v", len(out), err)
	}
	if out, err := EncodeCursor(s, []byte("x")); err == nil || out != "" {
		t.Errorf("EncodeCursor = %q, %v", out, err)
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	s := testSealer(t, SealCursor, testMaster(t, "a"))
	cursor, err := EncodeCursor(s, []byte("page 2"), "t1", "alice", "sort=name")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenCursor(s, cursor, "t1", "alice", "sort=name"); err != nil || string(got) != "page 2" {
		t.Errorf("OpenCursor = %q, %v", got, err)
	}
	for name, text := range map[string]string{
		"empty":   "",
		"padded":  cursor + "=",
		"newline": cursor[:9] + "\n" + cursor[9:],
		"cut":     cursor[:len(cursor)-1],
		"noise":   "not a cursor",
		"long":    strings.Repeat("A", MaxCursorLen+1),
	} {
		if got, err := OpenCursor(s, text, "t1", "alice", "sort=name"); err == nil || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := OpenCursor(s, cursor, "t2", "alice", "sort=name"); !errors.Is(err, ErrSealed) {
		t.Errorf("another tenant's list: %v", err)
	}
	if _, err := EncodeCursor(s, make([]byte, MaxCursorLen)); err == nil {
		t.Error("a cursor that would not be accepted back was given out")
	}
}
