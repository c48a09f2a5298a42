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
	"strings"
	"sync"
	"testing"
	"time"
)

// A collector is a webhook that fails half of the time, sometimes after it took what
// it was sent.
type collector struct {
	mu    sync.Mutex // guards all below
	calls int
	seqs  []int64           // each once, in the order in which they came first
	said  map[string]string // the last entry of each action, as it came
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var events struct{ Entries []json.RawMessage }
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
	for _, raw := range events.Entries {
		var e struct {
			Seq    int64
			Action string
		}
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		if c.said == nil {
			c.said = map[string]string{}
		}
		c.said[e.Action] = string(raw)
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

func (c *collector) of(action string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said[action]
}

// hand adds a webhook to the configuration, which gets the trail from its first
// entry on.
func (in *installation) hand(to *collector) {
	server := httptest.NewServer(to)
	in.t.Cleanup(server.Close)
	secret := filepath.Join(in.dir, "hook.secret")
	if err := os.WriteFile(secret, []byte("a-secret-of-32-characters-or-so!\n"), 0o600); err != nil {
		in.t.Fatal(err)
	}
	text := read(in.t, in.config) + "\naudit:\n  sinks:\n    - {name: hook, url: '" + server.URL + "/audit', secret_file: hook.secret, whole: true}\n"
	if err := os.WriteFile(in.config, []byte(text), 0o600); err != nil {
		in.t.Fatal(err)
	}
}

// TestExpiryIsHandedOn: a webhook is told of a token that ends soon, by name and
// owner and without its secret, and so is whoever uses it.
func TestExpiryIsHandedOn(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	hook := &collector{}
	in.hand(hook)
	p := in.serve("TERM")
	m := in.signIn()
	made := m.must(http.MethodPost, "/me/tokens", map[string]any{"name": "ends soon", "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	secret, _ := made["secret"].(string)
	m.must(http.MethodPost, "/me/tokens", map[string]any{"name": "goes on", "expires_at": time.Now().Add(60 * 24 * time.Hour).UTC().Format(time.RFC3339)})
	res := ask(t, http.MethodGet, in.url("/sallyport/api/v1/me"), "", bearer(secret))
	if at, err := http.ParseTime(res.header.Get("X-Sallyport-Credential-Expires")); res.status != 200 || err != nil || time.Until(at) > time.Hour {
		t.Errorf("its user is told %d, %v", res.status, res.header)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	p = in.serve("TERM") // tidies up as the first thing, and every ten minutes
	p.await("the webhook is told", func() bool { return hook.of("token.expires_soon") != "" })
	told := hook.of("token.expires_soon")
	for _, want := range []string{`"ends soon"`, in.login} {
		if !strings.Contains(told, want) {
			t.Errorf("the webhook is not told of %s: %s", want, told)
		}
	}
	if secret == "" || strings.Contains(told, secret) || strings.Contains(told, "goes on") {
		t.Errorf("the webhook is told too much: %s", told)
	}
}

// TestSinkLosesNothing: a webhook that fails, and a program that is killed again and
// again, and all the same every entry of the trail arrives, in its order.
func TestSinkLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		in := initialise(t, storage)
		hook := &collector{}
		in.hand(hook)
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
		metrics := func() string { return ask(t, http.MethodGet, "http://"+in.internal+"/metrics", "").body }
		p.await("the metrics say that nothing waits", func() bool { return strings.Contains(metrics(), `sallyport_audit_sink_behind_entries{sink="hook"} 0`) })
		for _, name := range []string{"delivered", "failures"} {
			if name = "sallyport_audit_sink_" + name + `_total{sink="hook"} `; !strings.Contains(metrics(), "\n"+name) {
				t.Errorf("the metrics have no %s:\n%s", name, metrics())
			}
		}
		for i, seq := range hook.got() {
			if seq != int64(i+1) {
				t.Fatalf("entry %d came in the place of %d", seq, i+1)
			}
		}
	})
}
