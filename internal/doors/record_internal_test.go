package doors

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
)

// A record gives back what was kept in it, and its texts are its own: what is
// kept later in the same memory does not reach notes that were read before.
func TestRecord(t *testing.T) {
	t.Parallel()
	full := note{
		method: "GET", host: "api.test", path: "/shop/orders/17", rest: "/orders/17", asked: "somewhere",
		values:   []string{"17", "", "\u00e4"},
		decision: sallyport.Decision{RequestID: "r1", Realm: "lab", Tenant: "t1", Reason: sallyport.PermissionMissing},
	}
	var r record
	r.keep(&full)
	first := r.read()
	if !reflect.DeepEqual(*first, full) {
		t.Errorf("read %+v, want %+v", *first, full)
	}
	r.forget()
	empty := note{path: strings.Repeat("x", 40)}
	r.keep(&empty)
	if got := r.read(); !reflect.DeepEqual(*got, empty) {
		t.Errorf("read %+v, want %+v", *got, empty)
	}
	if !reflect.DeepEqual(*first, full) {
		t.Errorf("a later note changed an earlier one to %+v", *first)
	}
	r.keep(&note{path: "/\xff/a", values: []string{strings.Repeat("v", 2*maxPath)}})
	if got := r.read(); got.path != "//a" || len(got.values[0]) != maxPath {
		t.Errorf("a text that is no text, or endless, was kept as %q and %d bytes", got.path, len(got.values[0]))
	}
}
