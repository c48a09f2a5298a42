package blackbox_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// From nothing to an API that somebody else may read, with what is printed and
// the management API alone.
func TestFromNothingToAGuardedAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		in := initialise(t, storage)
		p := in.serve("TERM")
		w := in.furnish()
		for _, tt := range []struct {
			name    string
			headers []string
			status  int
			user    string
		}{
			{"nobody", nil, 401, ""},
			{"a token", []string{bearer(w.token)}, 200, "jo"},
			{"Basic", []string{"Authorization: " + basic("jo", w.password)}, 200, "jo"},
			{"Basic in an odd case", []string{"Authorization: bAsIc" + strings.TrimPrefix(basic("jo", w.password), "Basic")}, 200, "jo"},
			{"an API key", []string{apiKey(w.key)}, 200, "api_key:conveyor"},
			{"a wrong password", []string{"Authorization: " + basic("jo", "wrong")}, 401, ""},
			{"a token that was never given out", []string{bearer("spp_MVF1iYUdWGCKpXHJtGZ9iY6eSyiIKT2Nb6u3")}, 401, ""},
			{"a wrong credential beside a right one", []string{bearer("nonsense"), apiKey(w.key)}, 400, ""},
		} {
			w.up.take()
			res := in.read(tt.headers...)
			seen := w.up.take()
			if res.status != tt.status || len(seen) != 0 != (tt.status == 200) {
				t.Errorf("%s: %d %s, and %d requests upstream; want %d", tt.name, res.status, res.body, len(seen), tt.status)
				continue
			}
			if tt.status == 200 {
				checkIdentity(t, tt.name, seen[0], tt.user)
			}
		}
		if res := ask(t, http.MethodPost, in.url("/orders/1"), "x", bearer(w.token)); res.status != 403 || !strings.Contains(res.body, "orders/write") {
			t.Errorf("without the right: %d %s; want 403 and what is missing", res.status, res.body)
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		for line := range strings.SplitSeq(p.errors(), "\n") {
			if strings.Contains(line, `"level":"ERROR"`) || strings.HasPrefix(line, "sallyport:") || strings.Contains(line, "panic") {
				t.Errorf("the log has %s", line)
			}
		}
	})
}

// checkIdentity wants the upstream to know who asks, and not with what.
func checkIdentity(t *testing.T, what string, a arrival, user string) {
	t.Helper()
	if got := a.header.Values("X-Sallyport-User"); len(got) != 1 || got[0] != user {
		t.Errorf("%s: the upstream was told the user %q, want %s", what, got, user)
	}
	for _, name := range []string{"X-Sallyport-User-Id", "X-Sallyport-Tenant", "X-Sallyport-Assertion", "X-Request-Id"} {
		if a.header.Get(name) == "" {
			t.Errorf("%s: the upstream got no %s", what, name)
		}
	}
	for _, name := range []string{"Authorization", "X-Api-Key", "Cookie"} {
		if got := a.header.Get(name); got != "" {
			t.Errorf("%s: the upstream got the credential in %s", what, name)
		}
	}
}

// What was counted is written down when the program is asked to end, to the last
// use, and those who are being served are served.
func TestUsesAreCountedExactly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		in := initialise(t, storage)
		p := in.serve("TERM")
		w := in.furnish()
		const workers, uses = 8, 40
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range uses {
					if res := in.read(apiKey(w.key)); res.status != 200 {
						t.Errorf("%d %v", res.status, res.err)
					}
					in.read(apiKey("spk_wrong")) // counts nowhere
				}
			})
		}
		wg.Wait()
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		in.serve("TERM")
		key := w.admin.must(http.MethodGet, w.keyPath(w.keyID), nil)
		if got := key.number("uses"); got != workers*uses {
			t.Errorf("%d uses were counted, want %d", got, workers*uses)
		}
		if key.text("last_used_at") == "" || key.text("last_address") != "127.0.0.1" {
			t.Errorf("the last use is %v", key)
		}
	})
}

// A request in flight at SIGTERM gets its answer; nothing new is let in.
func TestRequestsInFlightEnd(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	p := in.serve("TERM")
	w := in.furnish()
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := newGate(t, entered, leave)
	m := w.admin
	api := orders(slow.URL)
	api["name"], api["base_path"] = "slow", "/slow"
	m.must(http.MethodPost, "/apis", api)
	answered := make(chan reply)
	go func() { answered <- ask(t, http.MethodGet, in.url("/slow/pub/x"), "") }()
	<-entered
	stopped := make(chan error)
	go func() { stopped <- p.Stop() }()
	for statusOf(t, in.url("/pub/x")) == 200 { // until it has stopped listening
		select {
		case err := <-stopped:
			t.Fatalf("it ended before the request did: %v", err)
		default:
		}
	}
	close(leave)
	if res := <-answered; res.status != 200 || res.body != "at last" {
		t.Errorf("the request in flight: %d %q %v", res.status, res.body, res.err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// Behind a load balancer a node says that it is leaving, and serves until that was
// noticed.
func TestNodeLeavesBeforeItCloses(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	p := in.serve("TERM", "SALLYPORT_SHUTDOWN_DELAY=2s")
	stopped := make(chan error)
	go func() { stopped <- p.Stop() }()
	ready := func() reply { return ask(t, http.MethodGet, "http://"+in.internal+"/readyz", "") }
	res := ready()
	for res.status == 200 {
		res = ready()
	}
	if res.status != 503 || !strings.Contains(res.body, `"running","status":"failed","error":"this node is shutting down"`) {
		t.Errorf("ready: %d %s %v", res.status, res.body, res.err)
	}
	if got := statusOf(t, in.url("/sallyport/api/v1/openapi.json")); got != 200 {
		t.Errorf("a request meanwhile: %d", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

var curl = regexp.MustCompile(`curl -i .*`)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	up := newUpstream(t)
	address, internal, dir := freeAddress(t), freeAddress(t), t.TempDir()+"/data"
	p := start(t, "TERM", nil, "quickstart", "--upstream", up.URL, "--listen", address, "--internal-listen", internal, "--data", dir)
	p.awaitReady(internal)
	commands := curl.FindAllString(p.output(), -1)
	if len(commands) != 2 {
		t.Fatalf("printed:\n%s", p.output())
	}
	const status = ` -sS -w '\n%{http_code}\n'`
	got, out := paste(t, commands[0]+status)
	seen := up.take()
	if got != 200 || len(seen) != 1 || !strings.Contains(out, "upstream says yes") {
		t.Fatalf("%s: %d %s, %v", commands[0], got, out, seen)
	}
	checkIdentity(t, "quickstart", seen[0], "admin")
	if got, out := paste(t, commands[1]+status); got != 401 || len(up.take()) != 0 || !strings.Contains(out, "Www-Authenticate: Bearer") {
		t.Errorf("%s: %d %s", commands[1], got, out)
	}
	login, password := printedLogin.FindStringSubmatch(p.output()), printedPassword.FindStringSubmatch(p.output())
	if login == nil || password == nil || statusOf(t, "http://"+address+"/x", "Authorization: "+basic(login[1], password[1])) != 200 {
		t.Errorf("the administrator is not let in with what was printed:\n%s", p.output())
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}

	// As it says itself, it is started again with serve.
	again := start(t, "TERM", nil, "serve", "--config", dir+"/sallyport.yaml")
	again.awaitReady(internal)
	if got, out := paste(t, commands[0]+status); got != 200 {
		t.Errorf("after a restart: %d %s", got, out)
	}

	// A second quickstart in the same place changes nothing.
	res := run(t, nil, "quickstart", "--upstream", up.URL, "--listen", freeAddress(t), "--internal-listen", freeAddress(t), "--data", dir)
	if res.status != 1 || !strings.Contains(res.errOut, "exists already") || !strings.Contains(res.errOut, "serve --config") {
		t.Errorf("a second quickstart: %d %s%s", res.status, res.out, res.errOut)
	}
	// One whose address is taken leaves nothing behind.
	elsewhere := t.TempDir() + "/data"
	res = run(t, nil, "quickstart", "--upstream", up.URL, "--listen", address, "--internal-listen", freeAddress(t), "--data", elsewhere)
	if _, err := os.Stat(elsewhere); res.status != 1 || !strings.Contains(res.errOut, "--listen") || !os.IsNotExist(err) {
		t.Errorf("with an address that is taken: %d %s%s, %v", res.status, res.out, res.errOut, err)
	}
	for _, bad := range []string{"", "127.0.0.1:3000", "ftp://x/", "http://"} {
		if res := run(t, nil, "quickstart", "--upstream", bad); res.status != 2 || !strings.Contains(res.errOut, "--upstream") {
			t.Errorf("--upstream %q: %d %s", bad, res.status, res.errOut)
		}
	}
}

// The access log tells about each decision, and no secret.
func TestLogTellsNoSecret(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	p := in.serve("TERM", "SALLYPORT_LOG_LEVEL=debug", "SALLYPORT_LOG_ACCESS=true")
	w := in.furnish()
	wrong := "spk_Sz945omKq94KQQcJgMBOB1Jitan1ov49wVFF"
	asks := [][]string{
		{bearer(w.token)},
		{apiKey(w.key)},
		{apiKey(wrong)},
		{"Authorization: " + basic("jo", w.password)},
		{"Authorization: " + basic("jo", "mistaken-password-1234")},
		{"Authorization: " + basic("password-as-login-5678", "x")},
		{"Cookie: sp_session=sps_cookie-of-somebody-0000000000000000"},
		{"User-Agent: x " + wrong, "Referer: http://a/?api_key=" + wrong},
	}
	for _, headers := range asks {
		in.read(headers...)
		ask(t, http.MethodGet, in.url("/admin/x?api_key="+w.key), "", headers...)
	}
	ask(t, http.MethodGet, in.url("/orders/1?api_key="+w.key), "")
	ask(t, http.MethodGet, in.url("/orders/1;api_key="+w.key), "")
	ask(t, http.MethodPost, in.url("/oauth2/token"), "grant_type=client_credentials&client_id="+w.keyID+"&client_secret="+w.key,
		"Content-Type: application/x-www-form-urlencoded")
	in.as(w.token).try(http.MethodPost, "/me/tokens", map[string]any{"name": "x", wrong: w.password})
	scan := newScanner(w.token, w.key, wrong, w.password, in.password, w.admin.token,
		"mistaken-password-1234", "password-as-login-5678", "sps_cookie-of-somebody-0000000000000000")
	scan.files["sallyport.yaml"] = true
	scan.text(t, "the metrics", ask(t, http.MethodGet, "http://"+in.internal+"/metrics", "").body)
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	scan.text(t, "the log", p.errors())
	scan.folder(t, in.dir)
	if n := strings.Count(p.errors(), `"orders"`); n < len(asks) {
		t.Errorf("only %d lines of the log are about the API: the scan proves nothing\n%s", n, fmt.Sprint(tail(p.errors())))
	}
}
