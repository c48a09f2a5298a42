package respond_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

// TestReasonsPage: whatever the type of a problem points to is on the page, and
// what only operators are told is not.
func TestReasonsPage(t *testing.T) {
	t.Parallel()
	page, err := respond.ReasonsPage()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", "/sallyport/docs/reasons", nil))
	for _, info := range sallyport.Reasons() {
		if id := `id="` + string(info.Reason.Coarse()) + `"`; strings.Count(w.Body.String(), id) != 1 {
			t.Errorf("%s is not there once", id)
		}
		if info.Operator != "" && strings.Contains(w.Body.String(), info.Operator) {
			t.Errorf("the page tells what is for operators about %s", info.Reason)
		}
	}
}
