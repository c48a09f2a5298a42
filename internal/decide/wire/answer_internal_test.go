package wire

import (
	"net/http"
	"strings"
	"testing"
)

// Lines that a handler has written go out with the answer that they were for and
// with no other, and the last word counts.
func TestAnswerLines(t *testing.T) {
	t.Parallel()
	a := answer{header: http.Header{}}
	a.Lines([]byte("X-First: 1\r\n"))
	a.Lines([]byte("X-Second: 2\r\n"))
	a.Header().Set("X-Third", "3")
	got := string(a.bytes(http.MethodGet, "today", false))
	for line, want := range map[string]bool{"X-First": false, "\r\nX-Second: 2\r\n": true, "\r\nX-Third: 3\r\n": true} {
		if strings.Contains(got, line) != want {
			t.Errorf("%q in the answer: %t, want %t\n%s", line, !want, want, got)
		}
	}
	a.reset()
	if got := string(a.bytes(http.MethodGet, "today", false)); strings.Contains(got, "X-") {
		t.Errorf("the next answer has headers of the one before:\n%s", got)
	}
}

// A name is canonical as net/http has it, or none.
func TestFieldName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Accept": "Accept", "accept": "Accept", "DNT": "Dnt", "x-a-": "X-A-", "A1-b": "A1-B",
		"X-Original-URI": "X-Original-Uri", "x-original-uri": "X-Original-Uri", "x-api-key": "X-Api-Key", "-": "-", "x y": "", "x:": "", "\u00e4": "",
	} {
		if got, ok := FieldName(name); got != want || ok != (want != "") {
			t.Errorf("FieldName(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
}
