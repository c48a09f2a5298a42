package blackbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A reply is an answer; its status is 0 when there was none.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// ask sends a request. Headers are lines such as "X-A: 1".
func ask(t testing.TB, method, url, body string, headers ...string) reply {
	t.Helper()
	return askWith(t, plain, method, url, body, headers...)
}

func askWith(t testing.TB, client *http.Client, method, url, body string, headers ...string) reply {
	t.Helper()
	// A client may be at work when its test ends; it is told by the status.
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, url, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Add(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{err: err}
	}
	return reply{res.StatusCode, res.Header, string(text), nil}
}

// reason returns the word of a problem.
func (r reply) reason() string {
	var p struct{ Reason string }
	if json.Unmarshal([]byte(r.body), &p) != nil {
		return ""
	}
	return p.Reason
}

// A manager speaks the management API with a token.
type manager struct {
	t     testing.TB
	base  string // of the management API
	token string
}

// try sends a request with a JSON body, if there is one.
func (m *manager) try(method, path string, body any, headers ...string) reply {
	m.t.Helper()
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			m.t.Fatal(err)
		}
		text = string(b)
		headers = append(headers, "Content-Type: application/json")
	}
	if m.token != "" {
		headers = append(headers, bearer(m.token))
	}
	return ask(m.t, method, m.base+path, text, headers...)
}

// must sends a request that has to succeed, and returns the answer's object.
func (m *manager) must(method, path string, body any, headers ...string) object {
	m.t.Helper()
	res := m.try(method, path, body, headers...)
	if res.status < 200 || res.status > 299 {
		m.t.Fatalf("%s %s: %d %s %v", method, path, res.status, res.body, res.err)
	}
	return decode(m.t, res.body)
}

// make makes something and returns its id.
func (m *manager) make(path string, body any) string {
	m.t.Helper()
	return m.must(http.MethodPost, path, body).text("id")
}

// revoke deletes what has an ETag, in whatever version it is.
func (m *manager) revoke(path string) reply {
	m.t.Helper()
	return m.try(http.MethodDelete, path, nil, "If-Match: *")
}

// An object is one of JSON.
type object map[string]any

func decode(t testing.TB, text string) object {
	t.Helper()
	var o object
	if text == "" {
		return o
	}
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return o
}

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o object) number(name string) int {
	n, _ := o[name].(float64)
	return int(n)
}

// bearer is the header line with a token.
func bearer(token string) string { return "Authorization: Bearer " + token }

// An upstream is an API that knows nothing of Sallyport and remembers what it
// was asked.
type upstream struct {
	*httptest.Server
	mu   sync.Mutex // guards seen
	seen []arrival
}

// An arrival is a request that reached the upstream.
type arrival struct {
	method, target, body string
	header               http.Header
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

// ServeHTTP answers everything.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	u.mu.Lock()
	u.seen = append(u.seen, arrival{r.Method, r.RequestURI, string(body), r.Header.Clone()})
	u.mu.Unlock()
	_, _ = io.WriteString(w, "upstream says yes")
}

// take returns what has arrived, and forgets it.
func (u *upstream) take() []arrival {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.seen
	u.seen = nil
	return all
}

// newGate starts an upstream that tells when a request has entered and answers
// when it may leave.
func newGate(t testing.TB, entered chan<- struct{}, leave <-chan struct{}) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		select {
		case <-leave:
			_, _ = io.WriteString(w, "at last")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s
}
