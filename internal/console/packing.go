package console

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// leastPacked is from how many bytes on a page is compressed: less fits into one
// packet as it is.
const leastPacked = 1400

// packers are gzip writers at rest: each has more than half a megabyte.
type packers struct{ idle sync.Pool }

// pack compresses a page.
func (p *packers) pack(page []byte) ([]byte, error) {
	w, ok := p.idle.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer p.idle.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	if _, err := w.Write(page); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// packable reports whether the answer may be compressed.
//
// How long a compressed page is tells whether a text that somebody chose is on it
// a second time. So it is done only where nobody but the visitor can have chosen
// what is asked for, and as often as he likes: on a way from one of our pages, or
// from the browser itself. A link of another site leads to a page as it is.
func (v *visit) packable() bool {
	site := v.r.Header["Sec-Fetch-Site"]
	return len(site) == 1 && (site[0] == "same-origin" || site[0] == "none") && takesGzip(v.r.Header.Get("Accept-Encoding"))
}

// page answers with a page.
func (v *visit) page(status int, page []byte) {
	h := v.w.Header()
	h.Add("Vary", "Accept-Encoding, Sec-Fetch-Site")
	if len(page) >= leastPacked && v.packable() {
		if packed, err := v.packers.pack(page); err == nil {
			h.Set("Content-Encoding", "gzip")
			page = packed
		}
	}
	v.send(status, page)
}
