package oauth_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sallyport/sallyport/internal/goldentest"
)

// TestExchanges plays the requests of testdata, one file after the other in one
// installation each, and compares the answers to the byte. Between the requests of
// a file, {{name}} stands for a value of the installation or of an earlier answer.
func TestExchanges(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			goldentest.Check(t, file, play(t, text))
		})
	}
}

// play returns the archive with the answers that there are now.
func play(t *testing.T, text []byte) []byte {
	t.Helper()
	k := newKit(t)
	_, inspector := k.Key("inspector", k.Role("inspector", "sallyport/tokens.read"))
	known := map[string]string{
		"key": string(k.key.ID), "secret": k.secret, "other": string(k.other.ID), "other_secret": k.otherKey,
		"inspector": inspector, "password": secretOfAlice, "alice": string(k.alice),
		"basic": k.asKey().Get("Authorization"), "basic_other": basic(string(k.other.ID), k.otherKey).Get("Authorization"),
		"basic_inspector": basic("inspector", inspector).Get("Authorization"),
	}
	in := txtar.Parse(text)
	out := &txtar.Archive{Comment: in.Comment}
	for _, f := range in.Files {
		name, isRequest := strings.CutSuffix(f.Name, ".request")
		if !isRequest {
			continue
		}
		w := k.send(readRequest(t, f.Name, replace(string(f.Data), known)))
		remember(name, w.Body.Bytes(), known)
		out.Files = append(out.Files, f, txtar.File{Name: name + ".response", Data: dump(w, known)})
	}
	return txtar.Format(out)
}

func replace(text string, known map[string]string) string {
	for name, value := range known {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return text
}

// readRequest reads a request as it stands in a file: the body ends with the
// line, and its length is counted here.
func readRequest(t *testing.T, name, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	body = strings.TrimSuffix(body, "\n")
	head = strings.TrimSuffix(head, "\n") + fmt.Sprintf("\nContent-Length: %d\n\n", len(body))
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + body)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// remember keeps the secrets of an answer under the name of the exchange.
func remember(name string, body []byte, known map[string]string) {
	var a map[string]any
	if json.Unmarshal(body, &a) != nil {
		return
	}
	for _, member := range []string{"access_token", "refresh_token"} {
		secret := text(a, member)
		if given := slices.Collect(maps.Values(known)); secret != "" && !slices.Contains(given, secret) {
			known[name+"."+member] = secret // a secret that was given out twice keeps its first name
		}
	}
}

var (
	requestID = regexp.MustCompile(`[A-Za-z0-9_-]{22}`)
	uuids     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// dump writes an answer, with names in the place of what differs from run to run.
func dump(w *httptest.ResponseRecorder, known map[string]string) []byte {
	var b bytes.Buffer
	res := w.Result()
	defer res.Body.Close()
	fmt.Fprintf(&b, "%s %s\n", res.Proto, res.Status)
	var names []string
	for name := range res.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range res.Header[name] {
			switch name {
			case "X-Request-Id":
				value = requestID.ReplaceAllString(value, "(request id)")
			case "Content-Length":
				value = "(length)"
			case "Etag":
				value = "(tag)"
			}
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	body := strings.ReplaceAll(w.Body.String(), w.Header().Get("X-Request-Id"), "(request id)")
	for name, value := range known {
		body = strings.ReplaceAll(body, value, "{{"+name+"}}")
	}
	body = uuids.ReplaceAllString(body, "(uuid)")
	if body != "" && !strings.HasSuffix(body, "\n") {
		body += "\n"
	}
	return append(b.Bytes(), "\n"+body...)
}
