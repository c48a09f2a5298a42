package blackbox_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// A record is what a client has been told about an API key.
type record struct {
	id, secret string
	revoking   bool // the client asked for its end
	revoked    bool // and was told that it has come
}

// A history is all that clients were told. It lives outside of what is killed.
type history struct {
	mu      sync.Mutex // guards records
	records []*record
}

func (h *history) add(r *record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.records = append(h.records, r)
}

// write makes keys and revokes every other one until the node is gone. It counts
// the rounds that were acknowledged.
func (w *world) write(h *history, name string, rounds *atomic.Int64) {
	for i := 0; ; i++ {
		res := w.admin.try(http.MethodPost, "/tenants/"+w.tenant+"/keys", w.keyNamed(fmt.Sprint(name, i)))
		if res.status != http.StatusCreated {
			return
		}
		made := decode(w.t, res.body)
		r := &record{id: made.text("id"), secret: made.text("secret")}
		h.add(r)
		if i%2 == 0 {
			// It was used, so the node knows it and has uses to write down.
			if res := w.read(apiKey(r.secret)); res.status != http.StatusOK && res.err == nil {
				w.t.Errorf("a new key: %d %s", res.status, res.body)
			}
			r.revoking = true
			res := w.revoke(r.id)
			if r.revoked = res.status == http.StatusNoContent; !r.revoked {
				return
			}
		}
		rounds.Add(1)
	}
}

func (w *world) revoke(id string) reply {
	w.t.Helper()
	return w.admin.revoke(w.keyPath(id))
}

// check wants everything to be as the clients were told.
func (w *world) check(h *history) (alive, dead int) {
	w.t.Helper()
	for _, r := range h.records {
		res := w.read(apiKey(r.secret))
		switch {
		case r.revoked:
			dead++
			if res.status != http.StatusUnauthorized {
				w.t.Errorf("the key %s was revoked and gets %d", r.id, res.status)
			}
			if state := w.admin.must(http.MethodGet, w.keyPath(r.id), nil).text("state"); state != "revoked" {
				w.t.Errorf("the key %s was revoked and is %s", r.id, state)
			}
		case !r.revoking:
			alive++
			if res.status != http.StatusOK {
				w.t.Errorf("the key %s was given out and gets %d %s", r.id, res.status, res.body)
			}
		}
	}
	return alive, dead
}

// The program is killed while clients make and revoke keys. What they were told
// is so afterwards: nothing is lost, and nothing that was revoked lives.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		const kills, rounds, writers = 5, 12, 4
		in := initialise(t, storage)
		p := in.serve("KILL")
		w := in.furnish()
		var h history
		for kill := range kills {
			var done atomic.Int64
			var wg sync.WaitGroup
			for i := range writers {
				wg.Go(func() { w.write(&h, fmt.Sprintf("key %d-%d-", kill, i), &done) })
			}
			p.await("enough is written", func() bool { return done.Load() >= rounds })
			if err := p.Stop(); err != nil { // while they write
				t.Fatal(err)
			}
			wg.Wait()
			p = in.serve("KILL")
			if t.Failed() {
				return
			}
		}
		alive, dead := w.check(&h)
		if alive < kills*rounds/4 || dead < kills*rounds/4 {
			t.Errorf("only %d keys that live and %d that do not were looked at", alive, dead)
		}
		if audit := w.admin.must(http.MethodPost, "/audit/verify", map[string]any{}); audit["ok"] != true {
			t.Errorf("the audit trail: %v", audit)
		}
	})
}
