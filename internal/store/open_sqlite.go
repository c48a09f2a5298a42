package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sallyport/sallyport"
)

// oldestSQLite is the first version without the faults in the write-ahead log
// that could lose a commit.
const oldestSQLite = 3_051_003

// openSQLite opens the file at path: one connection that writes, several that
// read. The write-ahead log lets them work at the same time.
func openSQLite(ctx context.Context, path string, options Options) (*Store, error) {
	if path == "" || path == ":memory:" {
		return nil, sallyport.ErrInvalid("storage.url", "name a file after sqlite:")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	left := &unchecked{path: path}
	unclean := left.leftOpen() // asked before a connection begins a new log

	write, err := sql.Open("sqlite", sqliteName(path, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
	}))
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteName(path, url.Values{"_query_only": {"1"}}))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store: %w", err), write.Close())
	}
	readers := options.Readers
	if readers == 0 {
		readers = 8
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)

	s := newStore(SQLite, read, write, options)
	s.spare, s.unchecked = &spare{path: path + ".reserve"}, left
	err = s.checkEngine(ctx)
	if err == nil && unclean {
		err = s.checkLeft(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// sqliteName returns the name of the database for the driver. synchronous=FULL
// makes a commit wait for the disk; defensive keeps SQL from reaching into the
// file's structure; dqs=0 makes a mistyped column an error, not a text. What a
// statement needs to undo itself stays in memory: a batch of use counts would
// write it to a file, page by page.
func sqliteName(path string, extra url.Values) string {
	extra.Set("_busy_timeout", "5000")
	extra.Set("_synchronous", "FULL")
	extra.Set("_foreign_keys", "on")
	extra.Set("_defensive", "1")
	extra.Set("_dqs", "0")
	extra.Set("_pragma", "temp_store(memory)")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + extra.Encode()
}

// makePrivate makes the file and its folder if they are missing, and takes the
// file from group and others. SQLite gives its own files beside it the same
// mode.
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return f.Chmod(0o600)
	}
	return nil
}

// leftOpen reports whether the last process that had the file open did not
// close it, so that its write-ahead log is still there, or did not come to check it.
func (u *unchecked) leftOpen() bool {
	log, err := os.Stat(u.path + "-wal")
	if err == nil && log.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true
	}
	_, err = os.Stat(u.markPath())
	return !errors.Is(err, fs.ErrNotExist)
}

const (
	sqliteVersion = `SELECT sqlite_version()`
	quickCheck    = `PRAGMA quick_check(1)`
)

// checkEngine refuses an old SQLite.
func (s *Store) checkEngine(ctx context.Context) error {
	var version string
	if err := s.write.QueryRowContext(ctx, sqliteVersion).Scan(&version); err != nil {
		return s.unopened(err)
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("opening the store: SQLite's version %q: %w", version, err)
	}
	if major*1_000_000+minor*1_000+patch < oldestSQLite {
		return fmt.Errorf("opening the store: SQLite %s is older than 3.51.3", version)
	}
	return nil
}

// unopened says why a file could not be opened. Of most causes trying again does not
// help.
func (s *Store) unopened(err error) error {
	path, code := s.unchecked.path, 0
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code = e.Code() & 0xff
	}
	switch code {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("opening the store: %s is no database, or it was overwritten; restore it from a backup, or name another file: %w", path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("opening the store: SQLite makes files beside %s; let the user who runs this write to the directory %s: %w", path, filepath.Dir(path), err)
	}
	return s.dialect.fault("opening the store", err)
}

// checkedFirst is how large a file may be, in bytes, that is checked before the
// store opens: that takes some hundredths of a second. What is larger would keep a
// node from its work for seconds after it was killed, and is checked by
// [Store.CheckFile].
const checkedFirst = 16 << 20

// An unchecked file is one that is still to be checked. A mark beside it says so, and
// outlives a process that had not the time.
type unchecked struct {
	path string // of the file
	here atomic.Bool
}

func (u *unchecked) markPath() string { return u.path + ".unchecked" }

// mark has the file checked, now or at the next start.
func (u *unchecked) mark() error {
	u.here.Store(true)
	return os.WriteFile(u.markPath(), nil, 0o600)
}

// clear says that the file was checked.
func (u *unchecked) clear() error {
	u.here.Store(false)
	if err := os.Remove(u.markPath()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// checkLeft refuses a broken file that was left open, or leaves it for later: if the
// mark that it is to be checked can be made, even on a full disk.
func (s *Store) checkLeft(ctx context.Context) error {
	s.log.InfoContext(ctx, "the store was not closed properly; checking the file", "path", s.unchecked.path)
	marked := s.unchecked.mark()
	info, err := os.Stat(s.unchecked.path)
	if err != nil {
		return fmt.Errorf("opening the store: %w", err)
	}
	if marked == nil && info.Size() > checkedFirst {
		return nil
	}
	return s.CheckFile(ctx)
}

// errBroken is in the chain of what is said of a file that fell to pieces.
var errBroken = errors.New("the file is broken")

// CheckFile checks an SQLite file that the last process left open, if [Open] left
// that for later, and otherwise returns nil at once. Of a broken file the error is
// Unavailable; from then on nothing more is written, and [Store.Ping] says so. It
// takes seconds for each GB, and others use the store meanwhile: what they read from
// a broken page is an error too.
func (s *Store) CheckFile(ctx context.Context) error {
	if s.unchecked == nil || !s.unchecked.here.Load() {
		return nil
	}
	var result string
	err := s.read.QueryRowContext(ctx, quickCheck).Scan(&result)
	if err == nil && result != "ok" {
		err = fmt.Errorf("%w: %s", errBroken, result)
	}
	if err == nil {
		s.log.InfoContext(ctx, "the file of the store was checked and is whole", "path", s.unchecked.path)
		if err := s.unchecked.clear(); err != nil {
			s.log.WarnContext(ctx, "the next start will check the file again", "error", err)
		}
		return nil
	}
	s.distrust(err)
	return s.dialect.fault("checking the store after an unclean stop", err)
}
