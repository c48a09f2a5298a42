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
//
// A digest has four places to choose from. With one, two dead tokens that happen
// to share it would drive each other out for ever.
type negatives struct {
	places [1 << 11][ways]atomic.Pointer[negative]
}

const ways = 4

type negative struct {
	digest   known.Digest
	revision sallyport.Revision
	reason   sallyport.Reason
}

func (n *negatives) row(d *known.Digest) *[ways]atomic.Pointer[negative] {
	return &n.places[(int(d[0])|int(d[1])<<8)&(len(n.places)-1)]
}

// reason returns why the credential was refused at this revision, or "".
func (n *negatives) reason(d *known.Digest, revision sallyport.Revision) sallyport.Reason {
	row := n.row(d)
	for i := range row {
		if e := row[i].Load(); e != nil && e.digest == *d && e.revision == revision {
			return e.reason
		}
	}
	return ""
}

// put takes a place of the digest's own, a free one or one that is out of date,
// and else one that the digest itself chooses.
func (n *negatives) put(d *known.Digest, revision sallyport.Revision, reason sallyport.Reason) {
	row := n.row(d)
	at := &row[d[2]%ways]
	for i := range row {
		if e := row[i].Load(); e == nil || e.digest == *d || e.revision != revision {
			at = &row[i]
			break
		}
	}
	at.Store(&negative{*d, revision, reason})
}
