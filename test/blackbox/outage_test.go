package blackbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// The database goes away under a node. Who is known is let in for as long as the
// node may be behind, who is not known cannot be told from an intruder and is
// answered 503, and then everybody is; when the database is back, so is the node.
func TestDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	in := initialise(t, server.DSN(t))
	const stale = 4 * time.Second
	p := in.serve("TERM", "SALLYPORT_MAX_STALENESS=4s")
	w := in.furnish()
	_, unknown := w.newKey("never used")
	known := func() reply { return in.read(apiKey(w.key)) }
	if res := known(); res.status != 200 {
		t.Fatalf("before: %d %s", res.status, res.body)
	}

	server.Stop(t)
	gone := time.Now()
	res := known()
	if took := time.Since(gone); res.status != 200 && took < stale/2 {
		t.Errorf("known, at once: %d %s", res.status, res.body)
	}
	w.up.take()
	for _, headers := range [][]string{{apiKey(unknown)}, {bearer("spp_MVF1iYUdWGCKpXHJtGZ9iY6eSyiIKT2Nb6u3")}} {
		checkUnavailable(t, "not known", in.read(headers...))
	}
	// A write is not acknowledged.
	checkUnavailable(t, "a write", w.admin.try(http.MethodPost, "/tenants/"+w.tenant+"/keys", w.keyNamed("lost")))
	if n := len(w.up.take()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
	p.await("a node that is behind lets nobody in", func() bool { return known().status == 503 })
	if behind := time.Since(gone); behind < stale/2 {
		t.Errorf("nobody was let in any more after only %s", behind)
	}
	for range 20 {
		res := known()
		checkUnavailable(t, "known, and too late", res)
		if res.reason() != "policy_stale" {
			t.Errorf("the reason is %q, want policy_stale", res.reason())
		}
	}
	ready := ask(t, http.MethodGet, "http://"+in.internal+"/readyz", "")
	if ready.status != 503 || !strings.Contains(ready.body, `"revision","status":"failed"`) || !strings.Contains(ready.body, `"store","status":"failed"`) {
		t.Errorf("readiness: %d %s", ready.status, ready.body)
	}
	if got := statusOf(t, "http://"+in.internal+"/healthz"); got != 200 {
		t.Errorf("a lost database makes the process look dead: %d", got)
	}

	server.Restart(t)
	back := time.Now()
	p.await("everybody is served again", func() bool {
		return known().status == 200 && in.read(apiKey(unknown)).status == 200 && statusOf(t, "http://"+in.internal+"/readyz") == 200
	})
	t.Logf("served again after %s", time.Since(back).Round(time.Millisecond))
	for _, key := range w.admin.must(http.MethodGet, "/tenants/"+w.tenant+"/keys", nil)["items"].([]any) {
		if object(key.(map[string]any)).text("name") == "lost" {
			t.Error("a write that was answered 503 was done")
		}
	}
}

// checkUnavailable wants the answer of a node that cannot tell: never a refusal
// of the credential, and nothing about the database.
func checkUnavailable(t *testing.T, what string, res reply) {
	t.Helper()
	reason := res.reason()
	if res.status != 503 || reason != "store_unavailable" && reason != "policy_stale" {
		t.Errorf("%s: %d %s %v; want 503", what, res.status, res.body, res.err)
		return
	}
	if res.header.Get("Retry-After") == "" || res.header.Get("Www-Authenticate") != "" {
		t.Errorf("%s: the headers are %v", what, res.header)
	}
	for _, word := range []string{"postgres", "127.0.0.1", "SELECT", "dial", "pgx", "goroutine"} {
		if strings.Contains(res.body, word) {
			t.Errorf("%s: the answer tells about the database: %s", what, res.body)
		}
	}
}

// A node does not start without its database, and says so without its password.
func TestNoDatabaseAtTheStart(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	for _, url := range []string{
		"postgres://u:hunter2-hunter2@127.0.0.1:1/x?connect_timeout=2",
		"postgres://u:hunter2-hunter2@127.0.0.1:port/x",
		"mysql://u:hunter2-hunter2@127.0.0.1/x",
		"sqlite:" + in.config + "/hunter2-hunter2.db",
	} {
		for _, command := range []string{"serve", "doctor"} {
			res := run(t, append(in.env, "SALLYPORT_STORAGE_URL="+url), command, "--config", in.config)
			all := res.out + res.errOut
			if res.status == 0 || strings.Contains(all, ":hunter2-hunter2") || strings.Contains(all, "goroutine") || len(all) < 20 {
				t.Errorf("%s with %s: %d\n%s", command, url, res.status, all)
			}
		}
	}
}
