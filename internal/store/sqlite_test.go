package store_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// Nobody but the owner can read the files, not even those that SQLite makes.
func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a?b#c%20 d", "data") // a name that a URL would misread
	s := storetest.Open(t, "sqlite:"+filepath.Join(dir, "store.db"), time.Now)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		names = append(names, d.Name())
		return err
	})
	if err != nil || len(names) != 5 {
		t.Errorf("files %q, %v; want the folder, the file, its log, its index and the reserve", names, err)
	}

	open := storetest.File(t)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, "sqlite:"+open, time.Now)
	if info, err := os.Stat(open); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a file that others could read: %v, %v", info.Mode(), err)
	}
}

func TestSQLiteSettings(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	storetest.Open(t, "sqlite:"+path, time.Now)
	var mode string
	if err := raw(t, "sqlite", path).QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode %q, %v", mode, err)
	}
}

// DB-05: while another process has the file for itself, writing is Unavailable
// after a while, and reading goes on.
func TestSQLiteLocked(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	s, err := openAt(t, "sqlite:"+path, 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := raw(t, "sqlite", path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	mustExec(t, conn, `BEGIN EXCLUSIVE`)
	set := func(*store.Tx) error { return nil }
	if _, err := s.Write(t.Context(), set); sallyport.KindOf(err) != sallyport.Unavailable {
		t.Errorf("writing to a locked file: %v, want Unavailable", err)
	}
	if _, err := s.Meta(t.Context(), "x"); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("reading a locked file: %v, want NotFound", err)
	}
	mustExec(t, conn, `ROLLBACK`)
	if _, err := s.Write(t.Context(), set); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// child is set in the environment of a child process to the file it writes to.
const child = "STORE_TEST_CHILD"

// TestChild is no test of its own: it is what a killed process does.
func TestChild(t *testing.T) {
	path := os.Getenv(child)
	if path == "" {
		t.Skip("is run by TestKill")
	}
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error {
			tx.Note(sallyport.ChangeCredential, fmt.Sprint(i))
			return tx.SetMeta(t.Context(), fmt.Sprint("child ", i), "acknowledged")
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("acknowledged %d\n", i)
	}
}

// DB-01: what was acknowledged before kill -9 is there afterwards, and nothing
// is half there.
func TestKill(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	acknowledged := -1
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), child+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged = -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d", &acknowledged); err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
			if acknowledged == 20+13*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		if acknowledged < 20+13*round {
			t.Fatalf("the child ended by itself after %d", acknowledged)
		}
		if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
			t.Errorf("the child closed the file: %v", err)
		}
		s, err := openAt(t, "sqlite:"+path, 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for i := range acknowledged + 1 {
			if got, err := s.Meta(t.Context(), fmt.Sprint("child ", i)); got != "acknowledged" || err != nil {
				t.Fatalf("round %d: row %d of %d: %q, %v", round, i, acknowledged, got, err)
			}
		}
		last, err := s.Revision(t.Context())
		if err != nil || last < sallyport.Revision(acknowledged+1) { //nolint:gosec // not negative
			t.Errorf("round %d: revision %d, %v; %d were acknowledged", round, last, err, acknowledged+1)
		}
		changes, err := s.Changes(t.Context(), 0, 100_000)
		if err != nil || sallyport.Revision(len(changes)) != last {
			t.Errorf("round %d: %d changes for revision %d, %v", round, len(changes), last, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// DB-06: after an unclean stop a broken file is noticed when it is opened, not
// when something needs it, and again at the next start.
func TestSQLiteBrokenFile(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	breakPages(t, path, 5)
	leaveOpen(t, path)
	for _, when := range []string{"first", "again"} {
		if _, err := openAt(t, "sqlite:"+path, 0); sallyport.KindOf(err) != sallyport.Unavailable {
			t.Errorf("opening a broken file, %s: %v, want Unavailable", when, err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAt(t, "sqlite:"+path, 0); err != nil {
		t.Errorf("opening a whole file in its place: %v", err)
	}
	if _, err := os.Stat(path + ".unchecked"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is whole, and the mark beside it is still there: %v", err)
	}
}

// breakPages overwrites three pages of a file.
func breakPages(t *testing.T, path string, first int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xA5}, 3*4096), first*4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// leaveOpen leaves a write-ahead log, as a process that is killed does.
func leaveOpen(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path+"-wal", []byte("left by a process that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// DB-06 of a large file: it is checked when the node is at work, and what then comes
// out ends writing. A process that ends before leaves it to the next.
func TestSQLiteLargeBrokenFile(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	db := raw(t, "sqlite", path)
	mustExec(t, db, `INSERT INTO meta (key, value) VALUES ('large', hex(zeroblob(9000000)))`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	leaveOpen(t, path)
	set := func(tx *store.Tx) error { return tx.SetMeta(t.Context(), "x", "1") }
	open := func() *store.Store {
		s, err := openAt(t, "sqlite:"+path, 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if err := s.CheckFile(t.Context()); err != nil {
		t.Errorf("checking a whole file: %v", err)
	}
	if _, err := s.Write(t.Context(), set); err != nil {
		t.Errorf("writing to a whole file: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	breakPages(t, path, 1000)
	leaveOpen(t, path)
	for range 2 { // the first process ends before it comes to check the file
		if err := open().Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = open()
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("before the file is checked: %v", err)
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"checking a broken file", func() error { return s.CheckFile(t.Context()) }},
		{"Ping", func() error { return s.Ping(t.Context()) }},
		{"writing", func() error { _, err := s.Write(t.Context(), set); return err }},
	} {
		if err := step.do(); sallyport.KindOf(err) != sallyport.Unavailable {
			t.Errorf("%s: %v, want Unavailable", step.name, err)
		}
	}
}

// DB-03: once the disk has failed under a write, nothing more is written and
// the store says so.
func TestSQLiteDistrustsDisk(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	s, err := openAt(t, "sqlite:"+path, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("before: %v", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xA5}, int(info.Size())-4096), 4096); err != nil { // all but the schema
		t.Fatal(err)
	}
	set := func(tx *store.Tx) error { return tx.SetMeta(t.Context(), "x", "1") }
	if _, err := s.Write(t.Context(), set); sallyport.KindOf(err) != sallyport.Unavailable {
		t.Errorf("writing to a file that fell to pieces: %v, want Unavailable", err)
	}
	if err := s.Ping(t.Context()); sallyport.KindOf(err) != sallyport.Unavailable {
		t.Errorf("afterwards: %v, want Unavailable", err)
	}
	if _, err := s.Write(t.Context(), func(*store.Tx) error { t.Error("was run all the same"); return nil }); sallyport.KindOf(err) != sallyport.Unavailable {
		t.Errorf("writing again: %v, want Unavailable", err)
	}
}

// DB-04: with the disk full writing is Unavailable and reading goes on;
// revocations have room set aside; and when there is room again all goes on.
func TestSQLiteDiskFull(t *testing.T) {
	t.Parallel()
	dir := storetest.SmallDisk(t, "4m")
	s, err := openAt(t, "sqlite:"+filepath.Join(dir, "store.db"), 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(); err != nil {
		t.Fatal(err)
	}
	fill := func(key string, n int) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.SetMeta(t.Context(), key, strings.Repeat("x", n)) }
	}
	kept := 0
	for i := range 1000 {
		if _, err = s.Write(t.Context(), fill(fmt.Sprint(i), 64<<10)); err != nil {
			kept = i
			break
		}
	}
	if sallyport.KindOf(err) != sallyport.Unavailable {
		t.Fatalf("writing to a full disk: %v, want Unavailable", err)
	}
	if got, err := s.Meta(t.Context(), fmt.Sprint(kept-1)); len(got) != 64<<10 || err != nil {
		t.Errorf("reading from a full disk: %d bytes, %v", len(got), err)
	}
	if _, err := s.WriteReserved(t.Context(), fill("revoked", 64<<10)); err != nil {
		t.Errorf("writing into the reserve: %v", err)
	}
	if got, err := s.Meta(t.Context(), "revoked"); len(got) != 64<<10 || err != nil {
		t.Errorf("what was written into the reserve: %d bytes, %v", len(got), err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,size=64m", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := s.Write(t.Context(), fill("later", 64<<10)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
