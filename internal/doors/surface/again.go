package surface

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Another returns a request that a page makes for its visitor: to the host that
// the visitor asked, from where he came. The path and query are as they go over
// the wire. It has none of his credentials; that he meant it was checked for the
// form that asks for it.
func Another(ctx context.Context, from *http.Request, method, target, body string) (*http.Request, error) {
	// Without the key of the server an answer that breaks off ends itself, and not
	// the connection of the page.
	ctx = context.WithValue(ctx, http.ServerContextKey, nil)
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, fmt.Errorf("make the request of a page: %w", err)
	}
	r.RequestURI = target
	r.Host, r.RemoteAddr, r.TLS = from.Host, from.RemoteAddr, from.TLS
	for _, name := range []string{"User-Agent", "X-Forwarded-For", "X-Forwarded-Proto"} {
		if values := from.Header[name]; len(values) > 0 {
			r.Header[name] = slices.Clone(values)
		}
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r, nil
}

// maxKept is how much of an answer is kept, in bytes.
const maxKept = 128 << 10

// A Kept is an answer that is kept, to be shown on a page. It is not safe for
// concurrent use.
type Kept struct {
	Status int // 0: there was none
	Body   bytes.Buffer
	Size   int64 // of the body, as far as it came
	Cut    bool  // Body is the beginning of it

	// Enough, if not nil, is called once there is more than is kept. It may end the
	// request.
	Enough func()

	header http.Header
}

// Header returns the header.
func (k *Kept) Header() http.Header {
	if k.header == nil {
		k.header = http.Header{}
	}
	return k.header
}

// WriteHeader keeps the final status.
func (k *Kept) WriteHeader(status int) {
	if k.Status == 0 && status >= http.StatusOK {
		k.Status = status
	}
}

// Write keeps the beginning of the body.
func (k *Kept) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	room := maxKept - k.Body.Len()
	k.Size += int64(len(b))
	if len(b) > room && !k.Cut {
		k.Cut = true
		if k.Enough != nil {
			k.Enough()
		}
	}
	k.Body.Write(b[:min(len(b), max(room, 0))])
	return len(b), nil
}
