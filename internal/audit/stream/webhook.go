package stream

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
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
	"github.com/sallyport/sallyport/api"
)

// A Webhook hands entries on as JSON in POST requests, which are signed as the
// Standard Webhooks specification says. Entries have arrived when the answer is of
// class 2xx.
type Webhook struct {
	url    string
	secret []byte
	now    func() time.Time
	client *http.Client
}

// NewWebhook returns a sink at an http or https URL. The secret signs: its text, or
// what "whsec_" and base64 stand for. A nil TLS configuration is the usual one.
func NewWebhook(address string, secret sallyport.Secret, t *tls.Config, now func() time.Time) (*Webhook, error) {
	key, err := signingKey(secret)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, ForceAttemptHTTP2: true, MaxIdleConns: 1, IdleConnTimeout: time.Minute}
	return &Webhook{
		url: address, secret: key, now: now,
		client: &http.Client{
			Transport: transport,
			// What is signed for one address is not for another.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// MinSecret is how long a secret must be at least, in bytes.
const MinSecret = 24

func signingKey(secret sallyport.Secret) ([]byte, error) {
	key := []byte(secret.Reveal())
	if text, ok := strings.CutPrefix(secret.Reveal(), "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, errors.New("the secret begins with whsec_, and what follows is not base64")
		}
	}
	if len(key) < MinSecret {
		return nil, fmt.Errorf("the secret has %d bytes and needs %d", len(key), MinSecret)
	}
	return key, nil
}

// Deliver posts entries.
func (w *Webhook) Deliver(ctx context.Context, entries []api.AuditEntry) error {
	body, err := json.Marshal(api.AuditEvents{Entries: entries})
	if err != nil {
		return fmt.Errorf("write entries as JSON: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL of the webhook makes no sense")
	}
	id := fmt.Sprintf("audit-%d-%d", entries[0].Seq, entries[len(entries)-1].Seq)
	at := strconv.FormatInt(w.now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "sallyport-audit")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", Sign(w.secret, id, at, body))
	return w.post(r)
}

// Sign returns the signature of a webhook's body.
func Sign(secret []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// drained is how much of an answer is read, so that the connection can be used
// again.
const drained = 16 << 10

func (w *Webhook) post(r *http.Request) error {
	res, err := w.client.Do(r)
	if err != nil {
		if bad, ok := errors.AsType[*url.Error](err); ok {
			err = bad.Err // the URL may have a secret in it
		}
		return fmt.Errorf("ask the webhook: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // what is left of it does not matter
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, drained))
	if res.StatusCode/100 == 2 {
		return nil
	}
	err = fmt.Errorf("the webhook answered %d", res.StatusCode)
	if after := retryAfter(res.Header.Get("Retry-After"), w.now()); after > 0 {
		return &LaterError{after, err}
	}
	return err
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3); 0: none.
func retryAfter(text string, now time.Time) time.Duration {
	const longest = 24 * 60 * 60
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(min(n, longest)) * time.Second //nolint:gosec // bounded
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// Close gives idle connections back.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
