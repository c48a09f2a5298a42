package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// events streams stock movements as server-sent events. Each tick sends one
// event: the next movement after Last-Event-ID, or the state of the stock
// when there is none. The stream ends by itself after count events and one
// event "end", so that a client that never closes holds nothing for long.
func (s *Service) events(w http.ResponseWriter, r *http.Request) error {
	count, err := web.Int(r, "count", 5, 1, 100)
	if err != nil {
		return err
	}
	every, err := web.Int(r, "interval_ms", 200, 0, 2000)
	if err != nil {
		return err
	}
	last, err := lastEvent(r)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx in between must not collect
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	for i := range count {
		if i > 0 && !pause(r.Context(), time.Duration(every)*time.Millisecond) {
			return nil
		}
		next, err := s.event(r, last)
		if err != nil {
			// The status is sent: the client sees the stream end without "end".
			s.log.ErrorContext(r.Context(), "event stream broken off", "error", err)
			break
		}
		last = next.last
		_, _ = w.Write(next.text)
		if i == count-1 {
			_, _ = fmt.Fprintf(w, "event: end\ndata: {\"count\":%d}\n\n", count)
		}
		_ = out.Flush()
	}
	return nil
}

// An event is what one tick sends, and the last movement that was sent then.
type event struct {
	text []byte
	last int64
}

func (s *Service) event(r *http.Request, last int64) (event, error) {
	m, found, err := s.movementAfter(r, last)
	if err != nil {
		return event{}, err
	}
	if found {
		data, err := json.Marshal(m)
		return event{fmt.Appendf(nil, "id: %d\nevent: movement\ndata: %s\n\n", m.ID, data), m.ID}, err
	}
	stock, err := storage.Count(r.Context(), s.db, `SELECT coalesce(sum(quantity), 0) FROM inv_item`)
	at := s.now().UTC().Format(time.RFC3339Nano)
	return event{fmt.Appendf(nil, "event: stock\ndata: {\"quantity\":%d,\"at\":%q}\n\n", stock, at), last}, err
}

// lastEvent is the movement after which to begin: Last-Event-ID as a browser
// sends it when it reconnects, else the parameter after.
func lastEvent(r *http.Request) (int64, error) {
	v := r.Header.Get("Last-Event-ID")
	if v == "" {
		v = r.URL.Query().Get("after")
	}
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, web.BadField("after", "must be the id of an event")
	}
	return n, nil
}

// pause waits for d and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// The bounds of one WebSocket: bytes in a message, messages in a connection,
// and silence before it is closed.
const (
	socketMessage  = 64 << 10
	socketMessages = 1000
	socketIdle     = time.Minute
)

// socket greets the caller by login and then sends back what it receives.
func (s *Service) socket(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Upgrade") == "" {
		w.Header().Set("Upgrade", "websocket")
		return &web.Error{Status: http.StatusUpgradeRequired, Message: "this is a WebSocket; connect with one"}
	}
	// The gateway in front checks the origin: behind it the Host may be another.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err == nil { // otherwise Accept has answered
		s.converse(r, c)
	}
	return nil
}

// converse speaks first and then echoes, within the bounds of one socket.
func (s *Service) converse(r *http.Request, c *websocket.Conn) {
	defer func() { _ = c.CloseNow() }() // after Close it does nothing
	c.SetReadLimit(socketMessage)
	greeting := []byte("hello " + web.CallerOf(r).Name())
	err := c.Write(r.Context(), websocket.MessageText, greeting)
	for n := 0; err == nil && n < socketMessages; n++ {
		err = echo(r.Context(), c)
	}
	switch {
	case err == nil:
		_ = c.Close(websocket.StatusNormalClosure, "that were enough messages")
	case errors.Is(err, context.DeadlineExceeded):
		_ = c.Close(websocket.StatusPolicyViolation, "idle for too long")
	}
}

func echo(ctx context.Context, c *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, socketIdle)
	defer cancel()
	kind, msg, err := c.Read(ctx)
	if err != nil {
		return err
	}
	return c.Write(ctx, kind, msg)
}
