package main

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// A front stands at the public listener and shows each request its way: to one
// of Sallyport's own surfaces, or to the gateway. It reads the path with the
// parser that everything else uses, so that no spelling leads elsewhere than the
// doors believe. What cannot be read goes to the gateway, which refuses it.
type front struct {
	own     []ownSurface // longest prefix first
	gateway http.Handler
}

// An ownSurface serves a path and everything below it.
type ownSurface struct {
	prefix  string // without a slash at the end
	handler http.Handler
}

// ServeHTTP passes the request on. An own surface gets the canonical path.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, fault := target.Parse(r.Method, r.RequestURI, r.Host, target.Options{})
	if fault == target.OK {
		for _, s := range f.own {
			if rest, ok := strings.CutPrefix(t.Path, s.prefix); ok && (rest == "" || rest[0] == '/') {
				t.SetURL(r.URL)
				s.handler.ServeHTTP(w, r)
				return
			}
		}
	}
	f.gateway.ServeHTTP(w, r)
}
