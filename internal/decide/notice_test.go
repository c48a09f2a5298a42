package decide_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
)

// A proxy is told that a token ends soon, whether it was let in or not.
func TestExpiryIsTold(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	_, secret := s.Credential(sallyport.Credential{
		Kind: sallyport.PersonalToken, Owner: s.User("bob", "", s.Role("r2", "shop/read")), Expires: s.Clock.Now().Add(5 * time.Minute),
	})
	for family := range told {
		for path, status := range map[string]int{"/shop/orders": http.StatusOK, "/shop/nothing": 0} {
			for who, want := range map[string]string{secret: s.Clock.Now().Add(5 * time.Minute).Format(http.TimeFormat), s.token: ""} {
				r := httptest.NewRequest(http.MethodGet, "/decide/"+family, nil)
				r.RemoteAddr = proxy
				r.Header = with(get(path).in(family), "Authorization", "Bearer "+who)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if got := w.Header().Get(doors.HeaderExpires); got != want || status != 0 && w.Code != status {
					t.Errorf("%s %s: %d, %q, want %q", family, path, w.Code, got, want)
				}
			}
		}
	}
}
