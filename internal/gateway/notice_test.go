package gateway_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
)

// A client is told that its token ends soon, by every answer: of the upstream, and
// of a refusal. The upstream is not told.
func TestExpiryIsTold(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	alice, lasting := reader(k)
	_, secret := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: alice, Expires: k.Clock.Now().Add(5 * time.Minute)})
	want := []string{k.Clock.Now().Add(5 * time.Minute).Format(http.TimeFormat)}
	for _, tt := range []struct {
		path, token string
		want        []string
	}{
		{"/orders/items", secret, want}, {"/orders/nothing/of/this", secret, want}, {"/orders/items", lasting, nil},
	} {
		reply := get(t, k, tt.path, "Authorization: Bearer "+tt.token)
		if got := reply.Header[doors.HeaderExpires]; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %d %q, want %q", tt.path, reply.Status, got, tt.want)
		}
	}
	for _, seen := range u.Take() {
		if got := seen.Header(doors.HeaderExpires); len(got) != 0 {
			t.Errorf("the upstream was told: %q", got)
		}
	}
}
