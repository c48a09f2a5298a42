package authn

import (
	"sync/atomic"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/known"
)

// negatives remembers digests that the store refused, so that a client which
// repeats a dead token does not cost a query each time. What it remembers holds
// for one revision: whatever could make the credential good again moves the
// revision. It has a fixed number of places and a newcomer takes the place of
// who was there, so it cannot be made to grow.
type negatives struct {
	places [1 << 13]atomic.Pointer[negative]
}

type negative struct {
	digest   known.Digest
	revision sallyport.Revision
	reason   sallyport.Reason
}

func (n *negatives) place(d *known.Digest) *atomic.Pointer[negative] {
	return &n.places[(int(d[0])|int(d[1])<<8)&(len(n.places)-1)]
}

// reason returns why the credential was refused at this revision, or "".
func (n *negatives) reason(d *known.Digest, revision sallyport.Revision) sallyport.Reason {
	if e := n.place(d).Load(); e != nil && e.digest == *d && e.revision == revision {
		return e.reason
	}
	return ""
}

func (n *negatives) put(d *known.Digest, revision sallyport.Revision, reason sallyport.Reason) {
	n.place(d).Store(&negative{*d, revision, reason})
}
