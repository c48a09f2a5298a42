package blackbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/proctest"
)

const (
	// patience is how long anything may take on a busy machine.
	patience = 90 * time.Second
	// glance is how often it is looked whether something has happened that
	// nobody tells.
	glance = 10 * time.Millisecond
)

// given are the ports that were given out, so that no two tests get the same.
var given sync.Map

// freeAddress returns a loopback address that nobody listens on. Its port is
// below those that the system gives out by itself: a connection elsewhere on
// the machine does not take it before the program does.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 18000+rand.IntN(14000))
		if _, taken := given.LoadOrStore(address, true); taken {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no free port was found")
	return ""
}

// environment is what the program gets: nothing of the tests' own that it would
// read, and what a test adds.
func environment(more ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	return append(env, more...)
}

// A result is what a command that ended has left.
type result struct {
	status      int
	out, errOut string
}

// run runs the program to its end.
func run(t testing.TB, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, proctest.Binary(t), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = environment(env...), &out, &errOut, t.TempDir()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("sallyport %s: %v, %v\n%s", strings.Join(args, " "), err, ctx.Err(), errOut.String())
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// A process is the program while it runs.
type process struct {
	*proctest.Process
	t       testing.TB
	outFile string
	errFile string
}

// start starts the program and has it ended with the test. signal is the one
// that Stop sends: TERM to end it, KILL for a crash.
func start(t testing.TB, signal string, env []string, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, outFile: filepath.Join(dir, "out"), errFile: filepath.Join(dir, "err")}
	var err error
	p.Process, err = proctest.Start(proctest.Command{
		// The shell is replaced by the program, so that signals reach it.
		Args: append([]string{"/bin/sh", "-c", `exec "$@" 2>"$0"`, p.errFile, proctest.Binary(t)}, args...),
		Env:  environment(env...), Dir: dir, Log: p.outFile, Signal: signal,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stop sallyport: %v", err)
		}
		if t.Failed() {
			t.Logf("sallyport %s said:\n%s", args[0], tail(p.errors()))
		}
	})
	return p
}

// output returns what the program printed to standard output.
func (p *process) output() string { return read(p.t, p.outFile) }

// errors returns what the program printed to standard error: its log.
func (p *process) errors() string { return read(p.t, p.errFile) }

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// tail returns the end of a long text.
func tail(text string) string {
	const most = 4000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}

// await returns when a condition holds, or fails the test when the program has
// ended or much time has passed.
func (p *process) await(what string, holds func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if p.Exited() {
			p.t.Fatalf("sallyport ended before this was so: %s\n%s\n%s", what, tail(p.output()), tail(p.errors()))
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("after %s still not so: %s\n%s", patience, what, tail(p.errors()))
		}
		time.Sleep(glance) // a real process: nothing tells
	}
}

// awaitReady returns when the program serves.
func (p *process) awaitReady(internal string) {
	p.t.Helper()
	p.await("ready", func() bool { return statusOf(p.t, "http://"+internal+"/readyz") == http.StatusOK })
}

// plain is a client without cookies that follows no redirects.
var plain = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// statusOf returns the status of a GET, or 0 if there is no answer.
func statusOf(t testing.TB, url string, headers ...string) int {
	t.Helper()
	res := ask(t, http.MethodGet, url, "", headers...)
	return res.status
}
