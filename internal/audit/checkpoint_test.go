package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

func newSigner(t testing.TB) *audit.Signer {
	t.Helper()
	master, err := token.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := master.AuditKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// checkpoint appends a checkpoint and returns its text.
func checkpoint(t *testing.T, s *store.Store, by *audit.Signer) (text string, written bool) {
	t.Helper()
	_, err := s.Write(t.Context(), func(tx *store.Tx) (err error) {
		text, written, err = audit.AppendCheckpoint(t.Context(), tx, by, audit.Entry{At: noon, Actor: audit.Actor{Kind: audit.KindSystem}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, written
}

func TestCheckpointRoundTrip(t *testing.T) {
	t.Parallel()
	by, other := newSigner(t), newSigner(t)
	want := audit.Checkpoint{Entries: 42, Hash: [32]byte{1, 2, 3}, Time: noon}
	text, err := by.Sign(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]string{
		"as it is": text, "from a mail": strings.ReplaceAll(text, "\n", "\r\n"), "pasted": "\n" + text + "\n\n",
	} {
		if got, err := audit.OpenCheckpoint(same, by.Key()+"\n"); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
	for name, tt := range map[string]struct {
		text, key string
		want      error
	}{
		"another key":     {text, other.Key(), audit.ErrNotSigned},
		"more entries":    {strings.Replace(text, "\n42\n", "\n43\n", 1), by.Key(), audit.ErrNotSigned},
		"another time":    {strings.Replace(text, "12:00", "12:01", 1), by.Key(), audit.ErrNotSigned},
		"no signature":    {text[:strings.Index(text, "\n\n")+2], by.Key(), audit.ErrNotSigned},
		"empty":           {"", by.Key(), audit.ErrNotSigned},
		"too long":        {text + strings.Repeat("\n", 5000), by.Key(), audit.ErrNotSigned},
		"no key":          {text, "", audit.ErrNoKey},
		"a foreign key":   {text, strings.Replace(by.Key(), "sallyport/audit", "sum.golang.org", 1), audit.ErrNoKey},
		"half a key":      {text, by.Key()[:30], audit.ErrNoKey},
		"words for a key": {text, "hello", audit.ErrNoKey},
	} {
		if got, err := audit.OpenCheckpoint(tt.text, tt.key); !errors.Is(err, tt.want) || got.Entries != 0 && err == nil {
			t.Errorf("%s: %+v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestCheckpointIsNotRepeated(t *testing.T) {
	t.Parallel()
	s, by := storetest.New(t), newSigner(t)
	write(t, s, entry(1))
	first, written := checkpoint(t, s, by)
	again, more := checkpoint(t, s, by)
	if !written || more || first != again {
		t.Errorf("a second checkpoint of the same trail was written: %t, %t", written, more)
	}
	write(t, s, entry(2))
	if next, written := checkpoint(t, s, by); !written || next == first {
		t.Error("a trail that grew got no new checkpoint")
	}
}

// TestCheckpointsFindAnewWrittenTrail has somebody who can write the store, and
// computes every hash as it should be.
func TestCheckpointsFindAnewWrittenTrail(t *testing.T) {
	t.Parallel()
	by := newSigner(t)
	fill := func(s *store.Store, who string) (text string) {
		for n := range 4 {
			e := entry(n)
			if n == 2 {
				e.Actor.Name = who
			}
			write(t, s, e)
		}
		text, _ = checkpoint(t, s, by)
		write(t, s, entry(9))
		return text
	}
	s := storetest.New(t)
	kept := fill(s, "mallory")
	opened, err := audit.OpenCheckpoint(kept, by.Key())
	if err != nil || opened.Entries != 4 {
		t.Fatalf("the checkpoint says %+v, %v", opened, err)
	}
	check := audit.Check{Key: by.Key(), Against: []audit.Checkpoint{opened}}
	report, err := audit.Verify(t.Context(), s, check)
	if err != nil || !report.OK() || report.Checkpoints != 1 || report.Last != opened {
		t.Fatalf("Verify = %+v, %v", report, err)
	}

	// The same trail with another name in it, and the old checkpoint inside.
	forged := storetest.New(t)
	for n := range 4 {
		write(t, forged, entry(n))
	}
	e := entry(4)
	e.Action, e.Target, e.Before, e.After = audit.ActionCheckpoint, audit.Target{Kind: "audit"}, nil, map[string]any{"checkpoint": kept}
	write(t, forged, e)
	foreign := storetest.New(t)
	write(t, foreign, entry(0))
	checkpoint(t, foreign, newSigner(t)) // signed by somebody who has no key of ours

	short := storetest.New(t)
	write(t, short, entry(0), entry(1))

	for name, tt := range map[string]struct {
		s     *store.Store
		check audit.Check
		seq   int64
		kind  audit.BreakKind
	}{
		"its own checkpoint":    {forged, audit.Check{Key: by.Key()}, 5, audit.Rewritten},
		"one from elsewhere":    {forged, audit.Check{Against: check.Against}, 4, audit.Rewritten},
		"signed by another":     {foreign, audit.Check{Key: by.Key()}, 2, audit.Rewritten},
		"cut, with its head":    {short, check, 4, audit.Missing},
		"a part, from elsehere": {forged, audit.Check{From: 1, To: 2, Against: check.Against}, 4, audit.Rewritten},
	} {
		report, err := audit.Verify(t.Context(), tt.s, tt.check)
		if err != nil || len(report.Breaks) != 1 || report.Breaks[0].Seq != tt.seq || report.Breaks[0].Kind != tt.kind {
			t.Errorf("%s: %+v, %v; want %s at %d", name, report.Breaks, err, tt.kind, tt.seq)
		}
	}
}

// lines returns a trail as it is exported, oldest first.
func lines(t *testing.T, s *store.Store) []string {
	t.Helper()
	rows, err := s.AuditAfter(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range rows {
		line, err := json.Marshal(audit.OnWire(row))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(line))
	}
	return out
}

func TestVerifyExport(t *testing.T) {
	t.Parallel()
	s, by := storetest.New(t), newSigner(t)
	for n := range 5 {
		e := entry(n)
		e.Actor.CredentialKind, e.Actor.Credential = "personal_token", "c1"
		e.After = map[string]any{"text": "<é & \u2028>", "n": int64(9007199254740993)}
		write(t, s, e)
	}
	kept, _ := checkpoint(t, s, by)
	opened, err := audit.OpenCheckpoint(kept, by.Key())
	if err != nil {
		t.Fatal(err)
	}
	good := lines(t, s)
	newest := slices.Clone(good)
	slices.Reverse(newest)
	without := func(list []string, i int) []string { return slices.Delete(slices.Clone(list), i, i+1) }
	swapped := slices.Clone(good)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	edited := slices.Clone(good)
	edited[2] = strings.Replace(edited[2], "alice", "alicf", 1)
	against := []audit.Checkpoint{opened}
	for name, tt := range map[string]struct {
		lines []string
		check audit.Check
		seq   int64
		kind  audit.BreakKind
	}{
		"oldest first":      {good, audit.Check{Key: by.Key(), Against: against}, 0, ""},
		"newest first":      {newest, audit.Check{Key: by.Key(), Against: against}, 0, ""},
		"a part":            {good[2:5], audit.Check{Against: against}, 0, ""},
		"edited":            {edited, audit.Check{}, 3, audit.Edited},
		"removed":           {without(good, 3), audit.Check{}, 5, audit.Missing},
		"removed, reversed": {without(newest, 3), audit.Check{}, 4, audit.Missing},
		"moved":             {swapped, audit.Check{}, 3, audit.Missing},
		"cut at the end":    {good[:4], audit.Check{Against: against}, 5, audit.Missing},
		"twice":             {append(slices.Clone(good[:3]), good[2]), audit.Check{}, 3, audit.Inserted},
	} {
		report, err := audit.VerifyExport(strings.NewReader(strings.Join(tt.lines, "\n")+"\n"), tt.check)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.seq == 0:
			if !report.OK() || report.Entries != int64(len(tt.lines)) {
				t.Errorf("%s: %+v", name, report)
			}
		case len(report.Breaks) == 0 || report.Breaks[0].Seq != tt.seq || report.Breaks[0].Kind != tt.kind:
			t.Errorf("%s: %+v; want %s at %d first", name, report.Breaks, tt.kind, tt.seq)
		}
	}
	for _, bad := range []string{"hello", `{"seq":1}`, "[]", strings.Replace(good[0], `"prev":"00`, `"prev":"0`, 1)} {
		if _, err := audit.VerifyExport(strings.NewReader(bad), audit.Check{}); err == nil {
			t.Errorf("%.40s was taken for an entry", bad)
		}
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	by := newSigner(f)
	text, err := by.Sign(audit.Checkpoint{Entries: 7, Time: noon})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add("sallyport/audit\n1\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		c, err := audit.OpenCheckpoint(in, by.Key())
		if err == nil && (c.Entries != 7 || !bytes.Contains([]byte(in), []byte("\n7\n")) && !strings.Contains(in, "\r\n7\r\n")) {
			t.Errorf("%q opens as %+v, which nobody signed", in, c)
		}
	})
}

func FuzzVerifyExport(f *testing.F) {
	f.Add([]byte(`{"seq":1,"at":"2026-01-01T00:00:00Z","tenant":"*","actor_kind":"system","action":"x","prev":"` +
		strings.Repeat("0", 64) + `","hash":"` + strings.Repeat("0", 64) + `"}`))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		report, err := audit.VerifyExport(bytes.NewReader(in), audit.Check{})
		if err == nil && report.OK() && report.Entries > 0 {
			t.Errorf("%q is taken for a trail", in) // nobody finds a SHA-256 by chance
		}
	})
}
