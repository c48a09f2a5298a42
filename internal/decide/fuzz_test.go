package decide_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/respond"
)

// FuzzDecide: whatever stands in the head of a question, nobody passes to a
// protected route without a credential that is good, and the answer is always
// one that the proxy can carry.
func FuzzDecide(f *testing.F) {
	s := newService(f, nil)
	for family, names := range told {
		for _, uri := range []string{"/shop/orders", "/shop/health", "/shop/orders/%2e%2e/health", "/shop/orders?/shop/health", "http://api.test/shop/health", "*"} {
			h := get(uri).in(family)
			var head strings.Builder
			for name, values := range h {
				head.WriteString(name + ": " + values[0] + "\r\n")
			}
			f.Add(family, head.String())
			f.Add(family, head.String()+"Authorization: Bearer "+strings.Repeat("x", 40)+"\r\nCookie: sp_session=a; sp_session=b\r\n")
			f.Add(family, head.String()+names[1]+": /shop/health\r\nX_Original_URI: /shop/health\r\nX-Forwarded-Uri: /shop/health\r\n")
			f.Add(family, head.String()+"Authorization: Basic YWxpY2U6eA==\r\nX-Tenant-Id: *\r\nX-API-Key: \xff\r\nUpgrade: websocket\r\n")
		}
	}
	f.Add("envoy/shop/orders", "X-Forwarded-Proto: http\r\nX-Forwarded-For: 192.0.2.7\r\n")
	f.Add("envoy/shop/orders/../health", "X-Forwarded-Proto: http\r\nX-Forwarded-For: 192.0.2.7\r\nX-Envoy-Original-Path: /shop/health\r\n")
	var one sync.Mutex // the recorders are read back
	f.Fuzz(func(t *testing.T, family, head string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET /decide/" + family + " HTTP/1.1\r\nHost: sallyport\r\n" + head + "\r\n")))
		if err != nil {
			t.Skip("net/http refuses it")
		}
		for _, values := range r.Header {
			for _, value := range values {
				if strings.Contains(value, s.token) {
					t.Skip("a good credential was guessed")
				}
			}
		}
		one.Lock()
		defer one.Unlock()
		r.RemoteAddr = proxy
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusOK:
			if route := w.Header().Get(doors.HeaderRoute); route != "health" {
				t.Errorf("route %q was allowed to %q", route, head)
			}
			for _, name := range doors.IdentityHeaders {
				if w.Header().Get(name) == "" {
					t.Errorf("allowed without %s", name)
				}
			}
		case w.Code >= 500:
			t.Errorf("status %d", w.Code)
		case r.URL.Path == "/decide/nginx" && w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden:
			t.Errorf("nginx cannot carry %d", w.Code)
		}
		if status := w.Header().Get(respond.HeaderStatus); status != "" && (w.Code != http.StatusForbidden || status < "400" || status >= "500") {
			t.Errorf("status %d beside %q", w.Code, status)
		}
		if w.Body.Len() > 4<<10 {
			t.Errorf("%d bytes of body", w.Body.Len())
		}
	})
}
