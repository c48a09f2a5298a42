// Package proxytest runs real front proxies, with the configurations that
// deploy/ ships, in front of a test's own servers.
//
// [Start] takes the shipped file, puts the test's addresses in place of the
// three that the file names (clients, Sallyport, API), runs the proxy on a
// loopback port in a folder of its own, and returns when it answers. The
// proxy ends with the test, also with one that is killed, and what it printed
// is shown if the test failed. A sample that no longer holds an address to
// replace is an error, so what is tried is always what is shipped.
//
// A proxy that is not installed fails the test with the command that installs
// it; nothing is skipped.
package proxytest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/proctest"
)

// A Kind names a front proxy.
type Kind string

// The proxies that the tests run.
const (
	Nginx   Kind = "nginx"
	HAProxy Kind = "haproxy"
	Caddy   Kind = "caddy"
	Apache  Kind = "apache"
)

// Kinds lists them all. The name is also the family in /decide/NAME.
var Kinds = [...]Kind{Nginx, HAProxy, Caddy, Apache}

// The addresses in the shipped files. Only the port of the first is replaced:
// not every proxy writes the address beside it.
const (
	clientsPort  = "8081"
	decideAddr   = "127.0.0.1:9090"
	upstreamAddr = "127.0.0.1:8000"
)

const (
	startLimit = 20 * time.Second
	portTries  = 5
)

// Config says what stands behind the proxy.
type Config struct {
	Decide   string // host:port of Sallyport's internal listener, or what plays it
	Upstream string // host:port of the protected API
	Secret   string // what the proxy sends as X-Sallyport-Caller; empty for nothing
	// Edit, when it is set, changes a file (by its base name) after the
	// addresses were put in, for trying what a mistake would do.
	Edit func(file, text string) string
}

// A Proxy is a running front proxy.
type Proxy struct {
	Addr string // host:port where it takes requests
	URL  string // the same with http:// in front
}

// Start runs a proxy of that kind until the test ends.
func Start(t testing.TB, kind Kind, c Config) *Proxy {
	t.Helper()
	program := find(t, kind)
	dir := folder(t)
	var failure string
	for range portTries {
		addr := freeAddr(t)
		args := prepare(t, kind, c, dir, addr)
		process, err := proctest.Start(proctest.Command{
			Args: append([]string{program}, args...), Dir: dir, Scratch: dir,
			Log: filepath.Join(dir, "log"), Env: environment(dir, c.Secret),
		})
		if err != nil {
			t.Fatalf("start %s: %v", kind, err)
		}
		if answers(process, addr) {
			t.Cleanup(func() { stop(t, kind, process) })
			return &Proxy{Addr: addr, URL: "http://" + addr}
		}
		failure = process.Log()
		if err := process.Pause(); err != nil {
			t.Fatalf("stop %s: %v", kind, err)
		}
		if !strings.Contains(strings.ToLower(failure), "address already in use") {
			break
		}
	}
	t.Fatalf("%s does not answer; it said\n%s", kind, failure)
	return nil
}

// stop ends the proxy and shows what it said if the test failed.
func stop(t testing.TB, kind Kind, process *proctest.Process) {
	t.Helper()
	if t.Failed() {
		t.Logf("%s said\n%s", kind, process.Log())
	}
	if err := process.Stop(); err != nil {
		t.Errorf("stop %s: %v", kind, err)
	}
}

// programs maps a proxy to the name of its program and to the Debian packages
// that bring what its sample needs.
var programs = map[Kind]struct{ name, packages string }{
	Nginx: {"nginx", "nginx-light"}, HAProxy: {"haproxy", "haproxy"},
	Caddy: {"caddy", "caddy"}, Apache: {"apache2", "apache2-bin lua-socket"},
}

// find returns the path of the program. Debian installs servers where an
// ordinary account does not look.
func find(t testing.TB, kind Kind) string {
	t.Helper()
	program := programs[kind]
	if path, err := exec.LookPath(program.name); err == nil {
		return path
	}
	for _, folder := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		path := filepath.Join(folder, program.name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	t.Fatalf("%s is not installed; install it as root with\n\n\tapt-get update && apt-get install -y --no-install-recommends %s",
		kind, program.packages)
	return ""
}

// folder makes the folder of one proxy. It is not t.TempDir: the watchdog of
// the proxy removes it, also when the test is killed.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sallyport-proxy-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for a test that ends before the proxy runs
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// freeAddr returns a loopback address that was free a moment ago.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// prepare writes the files of the proxy and returns its arguments.
func prepare(t testing.TB, kind Kind, c Config, dir, addr string) []string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	clients := []string{clientsPort, port}
	decide := []string{decideAddr, c.Decide}
	upstream := []string{upstreamAddr, c.Upstream}
	in := func(file string) string { return filepath.Join(dir, file) }
	switch kind {
	case Nginx:
		// The file clears the header twice: towards the API, where that stays,
		// and after the line above this one towards Sallyport.
		const line = "own guess.\n        proxy_set_header X-Sallyport-Caller "
		text := fill(t, "nginx/sallyport.conf", slices.Concat(clients, decide, upstream,
			[]string{line + `""`, line + strconv.Quote(c.Secret)})...)
		write(t, c, dir, "sallyport.conf", text)
		write(t, c, dir, "nginx.conf", nginxMain)
		return []string{"-e", "stderr", "-p", dir, "-c", in("nginx.conf")}
	case HAProxy:
		text := fill(t, "haproxy/haproxy.cfg", slices.Concat(clients, decide, upstream,
			[]string{"/etc/haproxy/sallyport.lua", in("sallyport.lua")})...)
		write(t, c, dir, "haproxy.cfg", text)
		write(t, c, dir, "sallyport.lua", Sample(t, "haproxy/sallyport.lua"))
		return []string{"-db", "-f", in("haproxy.cfg")}
	case Caddy:
		write(t, c, dir, "Caddyfile", fill(t, "caddy/Caddyfile", slices.Concat(clients, decide, upstream)...))
		return []string{"run", "--adapter", "caddyfile", "--config", in("Caddyfile")}
	case Apache:
		text := fill(t, "apache/sallyport.conf", slices.Concat(clients, upstream,
			[]string{"/etc/apache2/sallyport.lua", in("sallyport.lua")})...)
		write(t, c, dir, "sallyport.conf", text)
		write(t, c, dir, "sallyport.lua", fill(t, "apache/sallyport.lua", decide...))
		write(t, c, dir, "apache2.conf", apacheMain)
		return []string{"-D", "FOREGROUND", "-d", dir, "-f", in("apache2.conf")}
	}
	t.Fatalf("there is no proxy of kind %q", kind)
	return nil
}

// nginxMain is what a distribution's nginx.conf does around conf.d.
const nginxMain = `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include sallyport.conf;
}
`

// apacheMain is what a distribution's apache2.conf does around sites-enabled.
const apacheMain = `ServerName sallyport.test
DefaultRuntimeDir .
PidFile apache2.pid
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule lua_module /usr/lib/apache2/modules/mod_lua.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
User www-data
Group www-data
Include sallyport.conf
`

// fill returns a sample with addresses of the test put in: pairs of what the
// sample says and what it is to say. It fails the test if the sample does not
// say so.
func fill(t testing.TB, sample string, pairs ...string) string {
	t.Helper()
	text := Sample(t, sample)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the sample %s does not contain %s", sample, pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func write(t testing.TB, c Config, dir, file, text string) {
	t.Helper()
	if c.Edit != nil {
		text = c.Edit(file, text)
	}
	// The workers of a proxy that was started as root run as another account.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Sample returns the text of a file in deploy/.
func Sample(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run inside the module")
		}
		dir = filepath.Dir(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, "deploy", filepath.FromSlash(name)))
	if err != nil {
		t.Fatalf("read sample: %v", err)
	}
	return string(text)
}

// environment keeps the proxy's own files inside its folder.
func environment(dir, secret string) []string {
	return []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir,
		fmt.Sprintf("SALLYPORT_CALLER_SECRET=%s", secret),
	}
}

// answers waits until the proxy takes connections; false if it ended instead.
func answers(process *proctest.Process, addr string) bool {
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
			return !process.Exited()
		}
		if process.Exited() {
			return false
		}
		time.Sleep(10 * time.Millisecond) // a real process: nothing tells when it is ready
	}
	return false
}
