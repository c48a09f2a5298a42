package authn

import (
	"fmt"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authn/known"
)

// Clients choose which limits there are: they cannot make the table grow without
// end, and what has no place in it is known for one request.
func TestLimitsAreBounded(t *testing.T) {
	t.Parallel()
	v := New(Config{Now: time.Now, Capacity: 64, Scopes: func([]string) (int32, bool) { return 0, false }})
	v.limits.most = 3
	for i := range byte(10) {
		scopes := []string{fmt.Sprint("shop/", i)}
		r := known.Record{Digest: known.Digest{i}, ID: known.ID{i}, Principal: 1, Kind: 1}
		k := v.publish(r, Limits{Limited: true, Scopes: scopes}, time.Now().Unix())
		if !k.Limits().Limited || len(k.Limits().Scopes) != 1 || k.Limits().Scopes[0] != scopes[0] || k.Dead() {
			t.Errorf("%d: %+v, dead: %v", i, k.Limits(), k.Dead())
		}
		if remembered := v.table.Get(&r.Digest) != nil; remembered != (i < 3) {
			t.Errorf("%d: remembered: %v", i, remembered)
		}
	}
	if n := len(*v.limits.all.Load()); n != 4 {
		t.Errorf("%d limits are kept", n)
	}
	if l := v.limits.at(0); !l.Limited || l.Scopes != nil {
		t.Errorf("number 0 stands for %+v", l)
	}
}
