package web

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzLenientForm compares with the standard library wherever that understands the
// text, and wants that nothing breaks where it does not.
func FuzzLenientForm(f *testing.F) {
	for _, text := range []string{"a=b&c=%41+%2b", "a=%.fr&&=x", "a", "a=1&a=2", "%zz=%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		LenientForm(got, text)
		want, err := url.ParseQuery(text)
		if err != nil || strings.Count(text, "&") >= MaxParams {
			return
		}
		delete(want, "")
		for name, values := range want {
			if got[name] != values[len(values)-1] {
				t.Errorf("%q: %q is %q, want %q", text, name, got[name], values)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}
