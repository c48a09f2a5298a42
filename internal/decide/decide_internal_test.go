package decide

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/clocktest"
)

// TestDeadline: the limit counts from the first look, ends what hangs, and is not
// there for who never looks.
func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := &deadline{parent: t.Context(), limit: limit}
		defer ctx.end()
		began := time.Now()
		query, cancel := context.WithTimeout(ctx, time.Minute) // as a store does
		defer cancel()
		<-query.Done()
		if took := time.Since(began); took != limit || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %s with %v, want after %s", took, ctx.Err(), limit)
		}
	})
	idle := &deadline{parent: t.Context(), limit: limit}
	idle.end()
	if _, limited := idle.Deadline(); limited {
		t.Error("a timer was set for a decision that asked nobody")
	}
	parent, leave := context.WithCancel(t.Context())
	left := &deadline{parent: parent, limit: limit}
	defer left.end()
	leave()
	if !errors.Is(left.Err(), context.Canceled) {
		t.Error("it goes on when the proxy is gone")
	}
	if limit > 2*time.Second {
		t.Errorf("a decision may take %s", limit)
	}
}

// TestComplaintsAreBounded: whoever asks badly a thousand times does not fill the
// log, and what was held back is counted.
func TestComplaintsAreBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := clocktest.New()
	c := complaints{log: slog.New(slog.NewTextHandler(&out, nil)), now: clock.Now}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for range 1000 {
		c.complain(r.Context(), untrusted, "one")
	}
	c.complain(r.Context(), unreadable, "another subject")
	clock.Advance(every)
	c.complain(r.Context(), untrusted, "two")
	if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), "more_before=999") {
		t.Errorf("%d lines, want 3, the last with more_before=999:\n%s", n, out.String())
	}
}
