package systems_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport/sallyport/demo"
	"github.com/sallyport/sallyport/internal/proctest"
)

const (
	patience = 90 * time.Second      // for anything, on a busy machine
	glance   = 10 * time.Millisecond // between looks at what nobody tells
)

// A stage is a demonstration that runs.
type stage struct {
	demo.Manifest
	host string // and port of the public listener
	log  string // file with what the program prints
}

// startDemo starts the demonstration and has it ended with the test.
func startDemo(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	public, internal := freeAddress(t), freeAddress(t)
	manifest, log := filepath.Join(dir, "demo.json"), filepath.Join(dir, "log")
	p, err := proctest.Start(proctest.Command{
		Args: []string{proctest.Binary(t), "demo", "--listen", public, "--internal-listen", internal, "--manifest", manifest},
		Env:  []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}, Dir: dir, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stop sallyport: %v", err)
		}
	})
	for deadline := time.Now().Add(patience); !ready(t, internal); time.Sleep(glance) { // a real process: nothing tells
		if p.Exited() || time.Now().After(deadline) {
			text, err := os.ReadFile(log)
			t.Fatalf("the demonstration did not come up: %v\n%s", err, text)
		}
	}
	s := &stage{log: log}
	text, err := os.ReadFile(manifest)
	if err == nil {
		err = json.Unmarshal(text, &s.Manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.host = u.Host
	return s
}

// ready reports whether the program serves.
func ready(t *testing.T, internal string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+internal+"/readyz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// freeAddress returns a loopback address that nobody listens on, with a port
// below those that the system gives out by itself.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 18000+rand.IntN(14000))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("no free port was found")
	return ""
}
