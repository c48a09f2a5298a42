package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// A call is one operation of the API.
type call struct {
	method string
	path   string // below the base path, escaped
	query  url.Values
	body   any   // nil: none
	match  int64 // version for If-Match; 0: none
	once   bool  // with an Idempotency-Key
	into   any   // where the answer goes; nil: there is none
}

// at joins segments of a path.
func at(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// fetch makes a call that has an answer.
func fetch[T any](ctx context.Context, c *Client, k call) (T, error) {
	var out T
	k.into = &out
	err := c.do(ctx, k)
	return out, err
}

// do makes the call, more than once if need be.
func (c *Client) do(ctx context.Context, k call) error {
	var body []byte
	if k.body != nil {
		var err error
		if body, err = json.Marshal(k.body); err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
	}
	key := ""
	if k.once {
		key = rand.Text()
	}
	for attempt := 1; ; attempt++ {
		err := c.try(ctx, &k, body, key)
		failed, ok := errors.AsType[*Error](err)
		if !ok || attempt == maxAttempts || !k.repeatable(failed) {
			return err
		}
		if waited := wait(ctx, failed.RetryAfter); waited != nil {
			return errors.Join(waited, err)
		}
	}
}

// repeatable reports whether a call that failed can be made again. A node that
// is behind may have made the change before it found out, so only what changes
// nothing is repeated then.
func (k *call) repeatable(e *Error) bool {
	busy := e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests
	if !busy || e.RetryAfter <= 0 || e.RetryAfter > maxWait {
		return false
	}
	if e.Reason == sallyport.PolicyStale {
		return k.method == http.MethodGet
	}
	return k.once || k.method == http.MethodGet || k.method == http.MethodPut || k.method == http.MethodDelete
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try makes the call once.
func (c *Client) try(ctx context.Context, k *call, body []byte, key string) error {
	r, err := c.request(ctx, k, body, key)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask Sallyport: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // there is nothing to do about it
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case len(text) > maxAnswer:
		return errors.New("read the answer: it is too large")
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return errorOf(answer, text)
	case k.into == nil:
		return nil
	}
	if err := json.Unmarshal(text, k.into); err != nil {
		return fmt.Errorf("decode the answer of %s %s: %w", k.method, k.path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, k *call, body []byte, key string) (*http.Request, error) {
	// The path is escaped already; parsed text keeps it as it is.
	text := strings.TrimSuffix(c.base.String(), "/") + basePath + k.path
	if len(k.query) > 0 {
		text += "?" + k.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, k.method, text, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if c.authorize != nil {
		c.authorize(r)
	}
	r.Header.Set("User-Agent", c.userAgent)
	r.Header.Set("Accept", "application/json")
	if k.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	switch {
	case k.match == AnyVersion:
		r.Header.Set("If-Match", "*")
	case k.match != 0:
		r.Header.Set("If-Match", `"`+strconv.FormatInt(k.match, 10)+`"`)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return r, nil
}
