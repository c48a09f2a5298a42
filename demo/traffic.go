package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A call is a request that one of the cast makes.
type call struct {
	login, method, path, body string
	then                      string // method with which what the answer points to is asked for; empty: nothing is
}

// calls are what some of the cast do day by day, so that there is something to
// compare their rights with: the account for bills adds customers, and holds the
// administrator's role for that.
var calls = []call{
	{"billing", http.MethodGet, "/api/current/customers", "", ""},
	{"billing", http.MethodPost, "/api/current/customers", `{"name":"Billed on Monday"}`, http.MethodDelete},
	{"billing", http.MethodPost, "/api/current/customers", `{"name":"Billed on Tuesday"}`, http.MethodDelete},
	{"crm", http.MethodPost, "/api/current/customers", `{"name":"A lead"}`, http.MethodDelete},
	{"interface", http.MethodGet, "/api/current/assets", "", ""},
	{"operator", http.MethodGet, "/inventory/items", "", ""},
	{"operator", http.MethodGet, "/aspera/orchestrator/api/workflows_list?format=json", "", ""},
	{"viewer", http.MethodGet, "/inventory/items", "", ""},
	{"stockroom", http.MethodGet, "/inventory/items", "", ""},
}

// Live has some of the cast make their requests, at the server at address. Each
// goes the way of every request, and nothing is left behind by it.
func (m *Manifest) Live(ctx context.Context, address string) error {
	password := map[string]string{}
	for _, u := range m.Users {
		password[u.Login] = u.Password
	}
	host := strings.TrimPrefix(m.URL, "http://")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ask := func(c *call, method, path, body string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			return "", fmt.Errorf("make a request of %s: %w", c.login, err)
		}
		r.Host = host
		r.SetBasicAuth(c.login, password[c.login])
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			return "", fmt.Errorf("%s of %s by %s: %w", method, path, c.login, err)
		}
		defer answer.Body.Close() //nolint:errcheck // it was only read
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		if err == nil && answer.StatusCode >= http.StatusBadRequest {
			err = fmt.Errorf("%s of %s by %s: %s: %.200s", method, path, c.login, answer.Status, text)
		}
		return answer.Header.Get("Location"), err
	}
	for i := range calls {
		c := &calls[i]
		at, err := ask(c, c.method, c.path, c.body)
		if err == nil && c.then != "" {
			_, err = ask(c, c.then, at, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
