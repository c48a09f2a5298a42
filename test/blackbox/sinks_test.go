package blackbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// A collector is a webhook that fails half of the time, sometimes after it took what
// it was sent.
type collector struct {
	mu    sync.Mutex // guards all below
	calls int
	seqs  []int64 // each once, in the order in which they came first
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var events struct {
		Entries []struct{ Seq int64 }
	}
	if err != nil || json.Unmarshal(body, &events) != nil || r.Header.Get("Webhook-Signature") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.calls%4 == 1 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for _, e := range events.Entries {
		if !slices.Contains(c.seqs, e.Seq) {
			c.seqs = append(c.seqs, e.Seq)
		}
	}
	if c.calls%4 == 3 {
		panic(http.ErrAbortHandler) // taken, and nobody is told
	}
}

func (c *collector) got() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.seqs)
}

// TestSinkLosesNothing: a webhook that fails, and a program that is killed again and
// again, and all the same every entry of the trail arrives, in its order.
func TestSinkLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		in := initialise(t, storage)
		hook := &collector{}
		server := httptest.NewServer(hook)
		t.Cleanup(server.Close)
		secret := filepath.Join(in.dir, "hook.secret")
		if err := os.WriteFile(secret, []byte("a-secret-of-32-characters-or-so!\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		text := read(t, in.config) + "\naudit:\n  sinks:\n    - {name: hook, url: '" + server.URL + "/audit', secret_file: hook.secret, whole: true}\n"
		if err := os.WriteFile(in.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p := in.serve("KILL")
		m := in.signIn()
		for kill := range 3 {
			for i := range 7 {
				m.make("/tenants", map[string]any{"name": fmt.Sprintf("tenant %d-%d", kill, i)})
			}
			before := len(hook.got())
			p.await("something is handed on", func() bool { return len(hook.got()) > before })
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
			p = in.serve("KILL")
		}
		head := int64(m.must(http.MethodPost, "/audit/verify", map[string]any{})["head"].(float64))
		p.await("all is handed on", func() bool { return int64(len(hook.got())) >= head })
		for i, seq := range hook.got() {
			if seq != int64(i+1) {
				t.Fatalf("entry %d came in the place of %d", seq, i+1)
			}
		}
	})
}
