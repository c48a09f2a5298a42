package systems_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sallyport/sallyport/internal/goldentest"
)

// Every file is played, and what comes must be what it says.
func TestExchanges(t *testing.T) {
	t.Parallel()
	s := startDemo(t)
	t.Run("ways", s.checkWays)
	for name, path := range exchanges(t, false) {
		t.Run(name, func(t *testing.T) { s.check(t, path) })
	}
}

// Files that change what others rely on have a demonstration to themselves, and
// the time that they let pass is nobody else's.
func TestExchangesApart(t *testing.T) {
	t.Parallel()
	for name, path := range exchanges(t, true) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			startDemo(t).check(t, path)
		})
	}
}

// exchanges returns the names and paths of the files that want a demonstration
// of their own, or of those that do not, in order.
func exchanges(t *testing.T, fresh bool) iter.Seq2[string, string] {
	t.Helper()
	paths, err := filepath.Glob("*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	return func(yield func(string, string) bool) {
		for _, path := range paths {
			if (section(archive(t, path), "fresh") != nil) == fresh && !yield(strings.TrimSuffix(path, ".txtar"), path) {
				return
			}
		}
	}
}

// archive reads a file.
func archive(t *testing.T, path string) *txtar.Archive {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return txtar.Parse(text)
}

// check plays a file and compares what comes with what it says.
func (s *stage) check(t *testing.T, path string) {
	t.Helper()
	out, err := s.play(t, archive(t, path))
	if err != nil {
		t.Fatal(err)
	}
	goldentest.Check(t, path, txtar.Format(out))
}

// section returns a section of an archive; nil if there is none.
func section(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

// play plays a file and returns it with the answers that came.
func (s *stage) play(t *testing.T, in *txtar.Archive) (*txtar.Archive, error) {
	t.Helper()
	out := &txtar.Archive{Comment: in.Comment}
	k := s.variables()
	var own []mask
	var last, name string // the last answer as it came, and the request's name
	for _, f := range in.Files {
		var err error
		kind := f.Name[strings.LastIndexByte(f.Name, '.')+1:]
		switch kind {
		case "masks":
			own, err = readMasks(string(f.Data))
		case "keep":
			err = keep(k, string(f.Data), last)
		case "wait":
			err = wait(t, string(f.Data))
		case "response":
			continue // it is written below
		case "fresh":
		case "request":
			name = strings.TrimSuffix(f.Name, ".request")
			var head, body string
			if head, body, err = s.exchange(k, string(f.Data)); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			last = head + "\n" + body
			// What is kept of this answer is written by its name in this answer.
			if kept := section(in, name+".keep"); kept != nil {
				if err := keep(k, string(kept.Data), last); err != nil {
					return nil, fmt.Errorf("%s: %w\n%s", f.Name, err, last)
				}
			}
			out.Files = append(out.Files, f, txtar.File{Name: name + ".response", Data: []byte(masked(head, body, k, own))})
			continue
		default:
			err = errors.New("no such section")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out.Files = append(out.Files, f)
	}
	return out, nil
}

// keep finds what lines of a name and a pattern ask for.
func keep(k known, lines, answer string) error {
	wanted, err := readMasks(lines)
	if err != nil {
		return err
	}
	for _, w := range wanted {
		found := w.pattern.FindStringSubmatch(answer)
		if len(found) != 2 {
			return fmt.Errorf("%s is not in the answer (the pattern needs one group)", w.word)
		}
		k[w.word] = found[1]
	}
	return nil
}

// wait lets time pass: what expires by the clock of a real process can not be
// had faster.
func wait(t *testing.T, text string) error {
	t.Helper()
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil {
		return err
	}
	select {
	case <-time.After(d):
		return nil
	case <-t.Context().Done():
		return t.Context().Err()
	}
}

var framed = regexp.MustCompile(`(?im)^(Content-Length|Transfer-Encoding):`)

// exchange sends one request and returns the answer: its head with line feeds,
// and its body.
func (s *stage) exchange(k known, text string) (head, body string, err error) {
	wantHead, wantBody, _ := strings.Cut(text, "\n\n")
	wantBody, err = k.expand(strings.TrimSuffix(wantBody, "\n"))
	if err != nil {
		return "", "", err
	}
	wantHead, err = with(k, "length", strconv.Itoa(len(wantBody))).expand(strings.TrimSuffix(wantHead, "\n"))
	if err != nil {
		return "", "", err
	}
	if wantBody != "" && !framed.MatchString(wantHead) {
		return "", "", errors.New("the body needs a Content-Length: ${length}")
	}
	raw := strings.ReplaceAll(wantHead, "\n", "\r\n") + "\r\n\r\n" + wantBody
	conn, err := net.DialTimeout("tcp", s.host, patience)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", "", err
	}
	sent := make(chan error, 1)
	go func() { _, err := io.WriteString(conn, raw); sent <- err }() // it may be answered before its end
	method, _, _ := strings.Cut(wantHead, " ")
	head, body, err = receive(conn, method)
	_ = conn.Close() // the answer is here: nobody needs the rest of the request
	if sendErr := <-sent; err != nil {
		return "", "", errors.Join(err, sendErr)
	}
	return head, body, nil
}

// receive reads an answer.
func receive(conn io.Reader, method string) (head, body string, err error) {
	var raw bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &raw)), &http.Request{Method: method})
	if err != nil {
		return "", "", fmt.Errorf("read the answer %.200q: %w", raw.String(), err)
	}
	defer func() { _ = res.Body.Close() }()
	rawHead, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", "", fmt.Errorf("read the answer's body: %w", err)
	}
	return strings.ReplaceAll(rawHead, "\r\n", "\n") + "\n", string(text), nil
}
