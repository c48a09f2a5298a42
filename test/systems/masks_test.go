package systems_test

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// A mask hides what is different each time.
type mask struct {
	word    string
	pattern *regexp.Regexp // its first group, if it has one, is what is hidden
}

// everyMask are the masks of every answer.
var everyMask = []mask{
	{"date", regexp.MustCompile(`(?m)^Date: (.*)$`)},
	{"revision", regexp.MustCompile(`(?m)^X-Sallyport-Revision: (.*)$`)},
	{"uuid", regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)},
	{"jwt", regexp.MustCompile(`\beyJ[\w-]+\.[\w-]+\.[\w-]+`)},
	{"time", regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| UTC|[+-]\d\d:\d\d)?`)},
	{"time", regexp.MustCompile(`\b[A-Z][a-z]{2}, \d\d[ -][A-Z][a-z]{2}[ -]\d{4} \d\d:\d\d:\d\d GMT`)},
}

// readMasks reads lines of a word and a pattern.
func readMasks(text string) ([]mask, error) {
	var all []mask
	for line := range strings.Lines(text) {
		word, pattern, ok := strings.Cut(strings.TrimSpace(line), " ")
		if word == "" {
			continue
		}
		re, err := regexp.Compile(pattern)
		if err != nil || !ok {
			return nil, fmt.Errorf("%q is not a word and a pattern: %w", line, err)
		}
		all = append(all, mask{word, re})
	}
	return all, nil
}

func (m mask) hide(text string) string {
	var b strings.Builder
	end := 0
	for _, at := range m.pattern.FindAllStringSubmatchIndex(text, -1) {
		from, to := at[0], at[1]
		if len(at) > 2 && at[2] >= 0 {
			from, to = at[2], at[3]
		}
		b.WriteString(text[end:from] + "<" + m.word + ">")
		end = to
	}
	return b.String() + text[end:]
}

var (
	requestID     = regexp.MustCompile(`(?m)^X-Request-Id: (.+)$`)
	contentLength = regexp.MustCompile(`(?m)^(Content-Length: ).*$`)
)

// masked returns an answer as it stands in a file.
func masked(head, body string, k known, own []mask) string {
	if id := requestID.FindStringSubmatch(head); id != nil {
		k = with(k, "request-id", id[1])
	}
	hide := func(text string) string {
		text = strings.ReplaceAll(k.hide(text), "${request-id}", "<request-id>")
		for _, m := range own {
			text = m.hide(text)
		}
		for _, m := range everyMask {
			text = m.hide(text)
		}
		return text
	}
	shown := hide(body)
	if strings.ReplaceAll(shown, "${cr}", "\r") != body {
		head = contentLength.ReplaceAllString(head, "$1<length>")
	}
	text := hide(head) + "\n" + shown
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// with returns a copy of k with one more.
func with(k known, name, value string) known {
	more := known{name: value}
	maps.Copy(more, k)
	return more
}

func TestMasks(t *testing.T) {
	t.Parallel()
	own, err := readMasks("pseudonym user ([0-9a-f]{12})\n\nnumber \\b\\d{19}\\b\n")
	if err != nil {
		t.Fatal(err)
	}
	head := "HTTP/1.1 200 OK\nContent-Length: 99\nDate: Mon, 01 Jan 2030 00:00:00 GMT\nX-Request-Id: 7tmq\nX-Sallyport-Revision: 12\n"
	body := "user 0123456789ab 4747653682905491905 7tmq 2030-01-01 12:00:00 UTC 2030-01-01T12:00:00.5Z\r\n" +
		"0197a1b2-0000-7000-8000-000000000001 eyJhbGciOi.eyJpc3Mi.c2ln host:1"
	want := "HTTP/1.1 200 OK\nContent-Length: <length>\nDate: <date>\nX-Request-Id: <request-id>\nX-Sallyport-Revision: <revision>\n\n" +
		"user <pseudonym> <number> <request-id> <time> <time>${cr}\n<uuid> <jwt> ${host}\n"
	if got := masked(head, body, known{"host": "host:1", "cr": "\r"}, own); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := masked("Content-Length: 3\n", "abc", known{}, nil); got != "Content-Length: 3\n\nabc\n" {
		t.Errorf("nothing to mask: %s", got)
	}
	if _, err := readMasks("word"); err == nil {
		t.Error("a mask without a pattern was read")
	}
}
