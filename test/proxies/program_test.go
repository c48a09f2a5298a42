package proxies_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/proctest"
	"github.com/sallyport/sallyport/test/proxytest"
)

const startLimit = time.Minute // of the demonstration, on a machine with much to do

// TestBuiltProgram puts every proxy in front of the built program: its
// demonstration decides, and its ordinary API "inventory" is what is asked for.
func TestBuiltProgram(t *testing.T) {
	t.Parallel()
	d := startDemonstration(t)
	stages := map[proxytest.Kind]*stage{}
	for _, kind := range proxytest.Kinds {
		api := newRecorder(t)
		stages[kind] = &stage{kind: kind, api: api, proxy: proxytest.Start(t, kind, proxytest.Config{
			Decide: d.internal, Upstream: api.Listener.Addr().String(),
		})}
	}
	for kind, s := range stages {
		t.Run(string(kind), func(t *testing.T) {
			a := s.one(t, s.ask(t, "GET", "/inventory/items?limit=2", bearer(d.token), "X-Sallyport-User: root"))
			checkIdentity(t, a, map[string]string{"X-Sallyport-User": "viewer", "X-Sallyport-Kind": "person"})
			for _, tt := range []struct {
				method, path string
				lines        []string
				status       int
			}{
				{"GET", "/inventory/items", nil, 401},
				{"GET", "/inventory/items", []string{bearer(d.token[:len(d.token)-1] + "!")}, 401},
				{"DELETE", "/inventory/items/itm-0001", []string{bearer(d.token)}, 403},
				{"GET", "/inventory/%2e%2e/items", []string{bearer(d.token)}, 400},
				{"GET", "/nowhere", []string{bearer(d.token)}, 404},
			} {
				if res := s.ask(t, tt.method, tt.path, tt.lines...); res.status != tt.status {
					t.Errorf("%s %s: status %d, want %d: %s", tt.method, tt.path, res.status, tt.status, res.body)
				}
			}
			s.nobody(t, "refused")
		})
	}
	if err := d.process.Stop(); err != nil {
		t.Fatal(err)
	}
	for kind, s := range stages {
		if res := s.ask(t, "GET", "/inventory/items", bearer(d.token)); res.status < 500 {
			t.Errorf("%s, with the program gone: status %d", kind, res.status)
		}
		s.nobody(t, "with the program gone")
	}
}

// A demonstration is the built program with its sample data.
type demonstration struct {
	process  *proctest.Process
	internal string // host:port
	token    string // of viewer, who may look at the inventory
}

func startDemonstration(t *testing.T) *demonstration {
	t.Helper()
	dir := t.TempDir()
	manifest := filepath.Join(dir, "manifest.json")
	process, err := proctest.Start(proctest.Command{
		Args: []string{
			proctest.Binary(t), "demo", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0",
			"--data", filepath.Join(dir, "data"), "--manifest", manifest,
		},
		Log: filepath.Join(dir, "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the program said\n%s", process.Log())
		}
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(startLimit); ; time.Sleep(50 * time.Millisecond) { // a real process: nothing tells when it is ready
		if d := readManifest(t, manifest); d != nil {
			d.process = process
			return d
		}
		if time.Now().After(deadline) || process.Exited() {
			t.Fatalf("the demonstration did not start; it said\n%s", process.Log())
		}
	}
}

// readManifest returns what the manifest says, nil if it is not there yet or the
// program is not ready.
func readManifest(t *testing.T, path string) *demonstration {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var m struct {
		InternalURL string `json:"internal_url"`
		Credentials []struct {
			Kind, Owner, Secret string
			APIs, Scopes        []string
		}
	}
	if json.Unmarshal(text, &m) != nil {
		return nil // half written
	}
	res, err := http.Get(m.InternalURL + "/readyz")
	if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		return nil
	}
	u, err := url.Parse(m.InternalURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range m.Credentials {
		if c.Owner == "viewer" && c.Kind == "personal-token" && len(c.Scopes) == 0 && slices.Contains(c.APIs, "inventory") {
			return &demonstration{internal: u.Host, token: c.Secret}
		}
	}
	t.Fatal("the manifest has no token of viewer for the inventory")
	return nil
}
