package authn

import (
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/known"
)

// TestNegativesShareARow: as many as there are ways are remembered side by side,
// one more takes the place of another, and a new revision those of an old one.
func TestNegativesShareARow(t *testing.T) {
	t.Parallel()
	var n negatives
	digest := func(i int) *known.Digest { return &known.Digest{1, 2, byte(i), 4} }
	put := func(i int, revision sallyport.Revision, why sallyport.Reason) {
		n.put(&negative{digest: *digest(i), revision: revision, reason: why})
	}
	reason := func(i int, revision sallyport.Revision) sallyport.Reason {
		if e := n.get(digest(i), revision); e != nil {
			return e.reason
		}
		return ""
	}
	remembered := func(revision sallyport.Revision, count int) (sum int) {
		for i := range count {
			if reason(i, revision) != "" {
				sum++
			}
		}
		return sum
	}
	for i := range ways {
		put(i, 7, sallyport.CredentialUnknown)
		put(i, 7, sallyport.CredentialRevoked)
	}
	if got := remembered(7, ways); got != ways {
		t.Errorf("%d of %d are remembered", got, ways)
	}
	if got := reason(0, 7); got != sallyport.CredentialRevoked {
		t.Errorf("the reason is %q", got)
	}
	put(ways, 7, sallyport.CredentialUnknown)
	if got := remembered(7, ways+1); got != ways || reason(ways, 7) == "" {
		t.Errorf("with one more, %d are remembered", got)
	}
	put(9, 8, sallyport.CredentialUnknown)
	if reason(9, 8) == "" || reason(9, 7) != "" {
		t.Error("a reason holds for another revision than its own")
	}
}
