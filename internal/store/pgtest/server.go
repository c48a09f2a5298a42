package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sallyport/sallyport/internal/proctest"
)

// installHint is the command that installs a server on Debian and its kin.
const installHint = "apt-get update && apt-get install -y --no-install-recommends postgresql"

const (
	startLimit = 60 * time.Second // for a server to answer, on a busy machine
	portTries  = 5                // ports tried, should another program be quicker
)

// started is the shared server once it runs, for Main to stop.
var started atomic.Pointer[Server]

// A Server is a PostgreSQL of one test. Its methods are for the test's own
// goroutine.
type Server struct {
	bin     string // folder of the server's programs
	dir     string // everything of this server is in here
	port    int
	admin   string // connection string of the superuser
	cred    *syscall.Credential
	process *proctest.Process
}

// Start starts a server for this test alone, which ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := newServer()
	if err == nil {
		t.Cleanup(func() {
			if err := s.process.Stop(); err != nil {
				t.Errorf("stop PostgreSQL: %v", err)
			}
			if err := os.RemoveAll(s.dir); err != nil { // if it was stopped before
				t.Errorf("remove folder of PostgreSQL: %v", err)
			}
		})
		return s
	}
	t.Fatalf("start PostgreSQL: %v", err)
	return nil
}

// DSN returns the connection string of a new and empty database of s. It goes
// when the server goes.
func (s *Server) DSN(t testing.TB) string {
	t.Helper()
	return newDatabase(t, s.admin, false)
}

// Stop ends the server as a crash would: connections break and nothing is
// written. What had been committed is still there after Restart.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.Pause(); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Restart starts a stopped server again, on the same port and data, and
// returns when it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatalf("restart PostgreSQL: %v", err)
	}
}

// launch starts the shared server.
func launch() (*Server, error) {
	s, err := newServer()
	if err == nil {
		started.Store(s)
	}
	return s, err
}

// newServer makes a data folder and runs a server on it.
func newServer() (*Server, error) {
	bin, err := findPrograms(os.Getenv("PATH"), "/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	cred, err := account()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sallyport-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s := &Server{bin: bin, dir: dir, cred: cred}
	if err := s.initialise(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range portTries {
		if err = s.takePort(); err != nil {
			break
		}
		if err = s.run(); err == nil {
			return s, nil
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// initialise writes a data folder whose superuser has a password drawn for it:
// on a shared machine the port is open to every account.
func (s *Server) initialise() error {
	password := rand.Text()
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	if s.cred != nil {
		for _, path := range []string{s.dir, secret} {
			if err := os.Chown(path, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
				return fmt.Errorf("hand folder to server: %w", err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"),
		"--pgdata", s.data(), "--username", "postgres", "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	cmd.Dir = s.dir
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, out)
	}
	s.admin = "postgres://postgres:" + password + "@127.0.0.1:%d/postgres?sslmode=disable"
	return nil
}

// takePort picks a port that was free a moment ago.
func (s *Server) takePort() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find free port: %w", err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	return l.Close()
}

// run starts the server and waits until it answers.
func (s *Server) run() error {
	admin := strings.Replace(s.admin, "%d", strconv.Itoa(s.port), 1)
	process, err := proctest.Start(proctest.Command{
		Args: []string{
			filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.dir,
			// Without syncs a commit is lost only when the machine crashes. It
			// is still handed to the kernel: a stopped server must keep it.
			"-c", "fsync=off", "-c", "full_page_writes=off",
			"-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "timezone=UTC",
			"-c", "logging_collector=off", "-c", "log_destination=stderr",
		},
		Dir: s.dir, Env: environment(), Log: filepath.Join(s.dir, "log"),
		Signal: "QUIT", Cred: s.cred, Scratch: s.dir,
	})
	if err != nil {
		return err
	}
	if err := await(process, admin); err != nil {
		return errors.Join(fmt.Errorf("%w\n%s", err, process.Log()), process.Pause())
	}
	s.admin, s.process = admin, process
	return nil
}

// await returns once the server takes connections.
func await(process *proctest.Process, dsn string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		switch {
		case process.Exited():
			return errors.New("the server ended at once")
		case ctx.Err() != nil:
			return fmt.Errorf("the server does not answer: %w", err)
		}
		time.Sleep(20 * time.Millisecond) // a real process: nothing tells when it is ready
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// environment is the environment for the server's programs: settings meant for
// another server (PGDATA, PGPORT, ...) must not reach them.
func environment() []string {
	return []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// findPrograms returns the folder that holds initdb and postgres: one of path,
// else the newest version among the folders that match installed, where Debian
// keeps them out of PATH.
func findPrograms(path, installed string) (string, error) {
	versions, err := filepath.Glob(installed)
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	slices.SortFunc(versions, func(a, b string) int { return version(b) - version(a) })
	for _, folder := range append(filepath.SplitList(path), versions...) {
		if executable(filepath.Join(folder, "initdb")) && executable(filepath.Join(folder, "postgres")) {
			return filepath.Abs(folder)
		}
	}
	return "", fmt.Errorf("no PostgreSQL server (initdb and postgres) in PATH or %s; install one as root with\n\n\t%s\n\n"+
		"or set %s to the connection string of one that tests may use", installed, installHint, ServerVariable)
}

// version returns the number in /usr/lib/postgresql/NUMBER/bin.
func version(folder string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// account returns the account to run the server as: nil for the test's own,
// and postgres when that is root, as which the server refuses to run.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no account named postgres: %w; make one with\n\n\t%s", err, "adduser --system --group --no-create-home postgres")
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read user id of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read group id of postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
