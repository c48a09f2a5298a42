package main

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A unix socket takes the place of one that a killed process has left, and of
// nothing else.
func TestOpenUnix(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }

	// One that nobody listens on: a kernel may take its time to forget one that was closed.
	left, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Bind(left, &syscall.SockaddrUnix{Name: path("left")}), syscall.Close(left)); err != nil {
		t.Fatal(err)
	}
	inUse, err := net.Listen("unix", path("in-use"))
	if err != nil {
		t.Fatal(err)
	}
	defer inUse.Close()
	if err := os.WriteFile(path("file"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path("file"), path("link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"new": "", "left": "", "in-use": "another process listens on", "file": "is no socket; nothing was removed",
		"link": "is no socket; nothing was removed", "no/such/directory": "no such file or directory",
	} {
		socket, err := openUnix(t.Context(), path(name))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
		if err == nil {
			_ = socket.Close()
		}
	}
	if text, err := os.ReadFile(path("file")); err != nil || string(text) != "dear" {
		t.Errorf("the file: %q %v", text, err)
	}
	if conn, err := net.Dial("unix", path("in-use")); err != nil {
		t.Errorf("the socket in use: %v", err)
	} else {
		_ = conn.Close()
	}
}

// SIGHUP, which tells other programs to read their configuration again, does not
// end this one.
func TestStayOnHangUp(t *testing.T) {
	t.Parallel()
	out, in := io.Pipe()
	stop := stayOnHangUp(t.Context(), slog.New(slog.NewTextHandler(in, nil)))
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "SIGHUP changes nothing") {
		t.Errorf("%q %v", line, err)
	}
}
