package console

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// How long an upstream may take to say anything at all.
const (
	knockTime  = 3 * time.Second // where somebody waits for just that
	glanceTime = time.Second     // where it is one thing of a page
)

// knock asks an upstream for its head, and says what is wrong if there is no
// answer for so long; any answer will do. The caller has checked that the visitor
// may have requests sent there.
func (v *visit) knock(upstream string, most time.Duration) string {
	u, err := url.Parse(upstream)
	if err != nil {
		return v.text("start.knock.url")
	}
	if own, err := url.Parse(v.URL); err == nil && u.Host == own.Host {
		return v.text("start.knock.self")
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), most)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, upstream, http.NoBody)
	if err != nil {
		return v.text("start.knock.url")
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // no proxy, as for the requests to come
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		return v.silence(err, u.Host, most)
	}
	_ = answer.Body.Close()
	return ""
}

// silence says why there was no answer.
func (v *visit) silence(err error, host string, waited time.Duration) string {
	var name *net.DNSError
	var authority x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	switch {
	case errors.As(err, &name):
		return v.text("start.knock.name", name.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return v.text("start.knock.refused", host)
	case errors.As(err, &authority):
		return v.text("start.knock.authority")
	case errors.As(err, &wrongName):
		return v.text("start.knock.certificate", host)
	case errors.Is(err, http.ErrSchemeMismatch):
		return v.text("start.knock.plain")
	case errors.Is(err, context.DeadlineExceeded):
		return v.text("start.knock.slow", host, waited.String())
	}
	return v.text("start.knock.other", host)
}
