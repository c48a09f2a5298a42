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

// A negative never changes. It has the claim too, which takes a digest as it is
// stored: too much to make it for every request of a flood.
type negative struct {
	digest   known.Digest
	revision sallyport.Revision
	reason   sallyport.Reason
	claim    Claim
}

func (n *negatives) row(d *known.Digest) *[ways]atomic.Pointer[negative] {
	return &n.places[(int(d[0])|int(d[1])<<8)&(len(n.places)-1)]
}

// get returns what is remembered of a credential that was refused at this
// revision, or nil.
func (n *negatives) get(d *known.Digest, revision sallyport.Revision) *negative {
	row := n.row(d)
	for i := range row {
		if e := row[i].Load(); e != nil && e.digest == *d && e.revision == revision {
			return e
		}
	}
	return nil
}

// put takes a place of the digest's own, a free one or one that is out of date,
// and else one that the digest itself chooses. It returns the claim.
func (n *negatives) put(made *negative) *Claim {
	row := n.row(&made.digest)
	at := &row[made.digest[2]%ways]
	for i := range row {
		if e := row[i].Load(); e == nil || e.digest == made.digest || e.revision != made.revision {
			at = &row[i]
			break
		}
	}
	at.Store(made)
	return &made.claim
}
