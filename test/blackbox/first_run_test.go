package blackbox_test

import (
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	loggedCode   = regexp.MustCompile(`"code":"([a-z2-7-]{19})"`)
	pastedSecret = regexp.MustCompile(`Bearer (spp_[0-9A-Za-z]+)`)
	pastedURL    = regexp.MustCompile(`'(http://[^']+)'`)
	liveFrom     = regexp.MustCompile(`data-from="([^"]+)"`)
)

// A visitor is somebody with a browser that runs no scripts.
type visitor struct {
	t      *testing.T
	in     *installation
	client *http.Client
}

func (in *installation) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, in, &http.Client{Timeout: patience, Jar: jar}}
}

// sees follows a link and checks what the page says.
func (v *visitor) sees(path string, texts ...string) string {
	v.t.Helper()
	return v.checked(path, askWith(v.t, v.client, http.MethodGet, v.in.url(path), ""), texts)
}

// sends sends a form of names and values in turn, goes where it leads and checks
// what the page says.
func (v *visitor) sends(path string, form url.Values, texts ...string) string {
	v.t.Helper()
	return v.checked(path, askWith(v.t, v.client, http.MethodPost, v.in.url(path), form.Encode(),
		"Content-Type: application/x-www-form-urlencoded", "Origin: "+v.in.url("")), texts)
}

func (v *visitor) checked(path string, res reply, texts []string) string {
	v.t.Helper()
	if res.err != nil {
		v.t.Fatalf("%s: %v", path, res.err)
	}
	for _, text := range texts {
		if !strings.Contains(res.body, text) {
			v.t.Fatalf("%s: status %d, and the page does not say %q:\n%s", path, res.status, text, res.body)
		}
	}
	return res.body
}

// From an empty store to the first protected request, with nothing but the log, a
// browser without scripts and curl's request.
func TestFirstRunToFirstRequest(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.env = append(in.env, "SALLYPORT_STORAGE_URL=sqlite:"+filepath.Join(t.TempDir(), "empty.db"))
	p := in.serve("TERM")
	logged := loggedCode.FindStringSubmatch(p.errors())
	if logged == nil {
		t.Fatalf("there is no code in the log:\n%s", p.errors())
	}
	up := newUpstream(t)
	v := in.visitor(t)
	v.sees("/sallyport/", "Nobody administers this installation yet.")
	first := url.Values{"code": {"aaaa-bbbb-cccc-dddd"}, "login": {"jane"}, "password": {"correct horse battery"}, "again": {"correct horse battery"}}
	v.sends("/sallyport/first-run", first, "This is not the code", `value="jane"`)
	first.Set("code", logged[1])
	v.sends("/sallyport/first-run", first, "Say where the API is.")
	v.sends("/sallyport/start", url.Values{"upstream": {"http://" + freeAddress(t)}, "name": {"api"}, "dialect": {"standard"}}, "Nothing listens at")
	v.sends("/sallyport/start", url.Values{"upstream": {up.URL}, "name": {"api"}, "dialect": {"standard"}}, "The API is guarded.")
	page := html.UnescapeString(v.sends("/sallyport/start/api", url.Values{"name": {"curl"}, "right": {"api/read"}}, "Paste this into a terminal"))
	_, pasted, _ := strings.Cut(page, "curl --header")
	secret, address := pastedSecret.FindStringSubmatch(pasted), pastedURL.FindStringSubmatch(pasted)
	again := liveFrom.FindStringSubmatch(page)
	if secret == nil || address == nil || again == nil {
		t.Fatalf("there is nothing to paste:\n%s", page)
	}
	v.sees(again[1], "Nothing came yet.")
	up.take()
	if got := ask(t, http.MethodGet, address[1], ""); got.status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", got.status)
	}
	v.sees(again[1], "credential_missing")
	if got := ask(t, http.MethodGet, address[1], "", "Authorization: Bearer "+secret[1]); got.status != http.StatusOK || len(up.take()) != 1 {
		t.Errorf("the pasted request: %d %s", got.status, got.body)
	}
	v.sees(again[1], "A request was let in")
	v.sees("/sallyport/first-run", "Overview")
	if log := p.errors(); strings.Contains(log, secret[1]) || strings.Count(log, logged[1]) != 1 {
		t.Error("the log has the token in it, or the code more than once")
	}
	if again := in.another(); loggedCode.MatchString(again.serve("TERM").errors()) {
		t.Error("a node of an installation with an administrator prints a code")
	}
}
