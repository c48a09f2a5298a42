package surface

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
)

// A Body is the body of a request, which the doors may want to see before it is
// passed on. It belongs to one request at a time.
type Body struct {
	request *http.Request
	limit   int64
	data    []byte
	err     error
	read    bool
}

// of begins with the body of r.
func (b *Body) of(r *http.Request, limit int64) { *b = Body{request: r, limit: limit} }

// Bytes returns the whole body and leaves a copy of it in the request, to be read
// again. A body beyond the limit is an [*http.MaxBytesError], one with a content
// coding is [ErrCoded]. It reads once, and
// then always answers the same.
func (b *Body) Bytes() ([]byte, error) {
	if b.read {
		return b.data, b.err
	}
	b.read = true
	r := b.request
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if Coded(r.Header["Content-Encoding"]) {
		b.err = ErrCoded
		return nil, b.err
	}
	if r.ContentLength > b.limit {
		b.err = &http.MaxBytesError{Limit: b.limit}
		return nil, b.err
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, b.limit+1))
	switch {
	case err != nil:
		b.err = err
	case int64(len(data)) > b.limit:
		b.err = &http.MaxBytesError{Limit: b.limit}
	default:
		b.Replace(data)
	}
	return b.data, b.err
}

// ErrCoded refuses a form in a content coding. What is inside would be read by an
// upstream that decodes it, and by nobody here.
var ErrCoded = errors.New("the body has a content coding")

// Coded reports whether the values of a Content-Encoding say that there is one.
func Coded(values []string) bool {
	return len(values) > 0 && (len(values) > 1 || !strings.EqualFold(values[0], "identity"))
}

// Limit bounds the body to so many bytes instead, before it is read.
func (b *Body) Limit(most int64) { b.limit = most }

// Buffered returns the body if it was read, and whether it was.
func (b *Body) Buffered() ([]byte, bool) { return b.data, b.read && b.err == nil }

// Replace puts another body into the request.
func (b *Body) Replace(data []byte) {
	r := b.request
	b.data = data
	r.Body = &replay{Reader: *bytes.NewReader(data), from: r.Body}
	r.ContentLength = int64(len(data))
	r.TransferEncoding = nil
}

// A replay is a body that was read before. Closing it closes the one that it
// came from.
type replay struct {
	bytes.Reader
	from io.Closer
}

// Close closes the body that was read.
func (p *replay) Close() error {
	if p.from == nil {
		return errors.New("there was no body")
	}
	return p.from.Close()
}
