package blackbox_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// A configuration that makes no sense is refused with where and what, and
// nothing is started.
func TestConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	good := initialise(t, "")
	text := read(t, good.config)
	for _, tt := range []struct {
		name     string
		old, new string
		env      []string
		want     []string
	}{
		{"unknown key", "  listen: \"127.0.0.1:9090\"", "  listenn: \"127.0.0.1:9090\"", nil, []string{"sallyport.yaml:", "listenn", "internal.listen"}},
		{"key in another case", "storage:", "Storage:", nil, []string{"sallyport.yaml:", "Storage"}},
		{"key given twice", "storage:", "internal:\n  listen: \"127.0.0.1:1\"\nstorage:", nil, []string{"sallyport.yaml:", "internal"}},
		{"wrong type", "storage:", "limits:\n  headers: many\nstorage:", nil, []string{"sallyport.yaml:", "limits.headers"}},
		{"out of bounds", "storage:", "limits:\n  headers: 5\nstorage:", nil, []string{"limits.headers"}},
		{"tab", "  listen: \"127.0.0.1:9090\"", "\tlisten: \"127.0.0.1:9090\"", nil, []string{"sallyport.yaml:"}},
		{"unknown variable", "", "", []string{"SALLYPORT_PUBLIC_LISTENN=127.0.0.1:1"}, []string{"SALLYPORT_PUBLIC_LISTENN"}},
		{"reference to nothing", "storage:", "storage:\n  url_file: /nowhere\nmax_staleness: ${STALE}\n#", nil, []string{"sallyport.yaml"}},
		{"everybody is a trusted proxy", "public:", "public:\n  trusted_proxies: [\"0.0.0.0/0\"]", nil, []string{"trusted_proxies"}},
		{"plain http on a network", "url: \"http://", "url: \"http://example.com#", nil, []string{"public.url"}},
		{"internal listener on a network", "listen: \"127.0.0.1:9090\"", "listen: \"0.0.0.0:9090\"", nil, []string{"internal.listen"}},
		{"gRPC on a network", "", "", []string{"SALLYPORT_DECIDE_GRPC_LISTEN=0.0.0.0:9191"}, []string{"decide.grpc.listen", "internal.allow_non_loopback"}},
		{"gRPC where HTTP is", "", "", []string{"SALLYPORT_DECIDE_GRPC_LISTEN=127.0.0.1:9090"}, []string{"decide.grpc.listen", "internal.listen"}},
		{"half a certificate for gRPC", "", "", []string{"SALLYPORT_DECIDE_GRPC_LISTEN=127.0.0.1:9191", "SALLYPORT_DECIDE_GRPC_TLS_CERT_FILE=/dev/null"}, []string{"decide.grpc.tls"}},
		{"short master key", "", "", []string{"SALLYPORT_KEYS_MASTER_KEY=c2hvcnQ="}, []string{"master"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(text, tt.old) {
				t.Fatalf("the configuration has no %q", tt.old)
			}
			path := filepath.Join(t.TempDir(), "sallyport.yaml")
			changed := strings.Replace(text, tt.old, tt.new, 1)
			changed = strings.Replace(changed, `"master.key"`, fmt.Sprintf("%q", filepath.Join(good.dir, "master.key")), 1)
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"serve", "doctor", "migrate"} {
				res := run(t, tt.env, command, "--config", path)
				if res.status != 78 && (tt.name != "short master key" || res.status != 1 || command == "migrate") {
					t.Errorf("%s: status %d, want 78: %s%s", command, res.status, res.out, res.errOut)
				}
				for _, word := range tt.want {
					if !strings.Contains(res.errOut+res.out, word) {
						t.Errorf("%s says nothing about %s:\n%s%s", command, word, res.out, res.errOut)
					}
				}
			}
		})
	}
	// And it is the change that was refused.
	if res := run(t, good.env, "doctor", "--config", good.config); res.status != 0 {
		t.Errorf("the configuration as it was written: %d %s%s", res.status, res.out, res.errOut)
	}
}

// A master key that everybody on the machine can read is refused, and so is one
// that the data was not sealed with.
func TestMasterKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		in := initialise(t, storage)
		key := filepath.Join(in.dir, "master.key")
		if info, err := os.Stat(key); err != nil || info.Mode() != 0o600 {
			t.Errorf("the master key was written with %v, %v", info, err)
		}
		if err := os.Chmod(key, 0o644); err != nil {
			t.Fatal(err)
		}
		if res := run(t, in.env, "serve", "--config", in.config); res.status != 78 || !strings.Contains(res.errOut, "master.key") {
			t.Errorf("readable for everybody: %d %s", res.status, res.errOut)
		}
		if err := os.Chmod(key, 0o600); err != nil {
			t.Fatal(err)
		}
		other := initialise(t, "")
		wrong := "SALLYPORT_KEYS_MASTER_KEY_FILE=" + filepath.Join(other.dir, "master.key")
		for command, status := range map[string]int{"serve": 1, "doctor": 1} {
			res := run(t, append(in.env, wrong), command, "--config", in.config)
			if res.status != status || !strings.Contains(res.errOut+res.out, "master key") {
				t.Errorf("%s with the key of another installation: %d %s%s", command, res.status, res.out, res.errOut)
			}
		}
		in.serve("TERM") // and nothing has suffered
		in.signIn()
	})
}

// What init has made is private, and is not made twice.
func TestInitOverwritesNothing(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	before := read(t, in.config)
	res := run(t, nil, "init", "--dir", in.dir)
	if res.status != 1 || !strings.Contains(res.errOut, "exists already") || read(t, in.config) != before {
		t.Errorf("a second init: %d %s%s", res.status, res.out, res.errOut)
	}
	// With the configuration gone, the database still has its administrator.
	if err := os.Remove(in.config); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(in.dir, "master.key")); err != nil {
		t.Fatal(err)
	}
	if res := run(t, nil, "init", "--dir", in.dir); res.status == 0 {
		t.Errorf("another administrator was made: %s", res.out)
	}
	entries, err := os.ReadDir(in.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o007 != 0 || strings.HasPrefix(entry.Name(), "sallyport.db") && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
	}
}

// Nobody is there before somebody was made.
func TestNoDefaultAccount(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	for _, login := range []string{"admin", "root", "sallyport", "administrator", "test"} {
		for _, password := range []string{"", "admin", "root", "password", "sallyport", "changeme"} {
			res := ask(t, http.MethodGet, in.url("/sallyport/api/v1/me"), "", "Authorization: "+basic(login, password))
			if res.status != 401 && res.status != 429 {
				t.Errorf("%s with %q: %d", login, password, res.status)
			}
		}
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	for _, storage := range []string{"", pgtest.DSN(t)} {
		in := initialise(t, storage)
		p := in.serve("TERM")
		w := in.furnish()
		healthy := run(t, in.env, "doctor", "--config", in.config) // beside a node at work
		for _, line := range []string{"configuration", "master key", "database", "clock", "signing keys", "policy", "open to anybody", "upstream of orders"} {
			if !strings.Contains(healthy.out, line) {
				t.Errorf("nothing about %s:\n%s", line, healthy.out)
			}
		}
		if healthy.status != 0 || strings.Contains(healthy.out, "FAILED") || healthy.errOut != "" {
			t.Errorf("healthy: %d\n%s%s", healthy.status, healthy.out, healthy.errOut)
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		w.up.Close()
		sick := run(t, append(in.env, "SALLYPORT_PUBLIC_TLS_CERT_FILE="+in.config, "SALLYPORT_PUBLIC_TLS_KEY_FILE="+filepath.Join(in.dir, "master.key")), "doctor", "--config", in.config)
		if sick.status != 1 || strings.Count(sick.out, "FAILED") != 2 || !strings.Contains(sick.out, "upstream of orders") {
			t.Errorf("without upstream and certificate: %d\n%s%s", sick.status, sick.out, sick.errOut)
		}
		scan := newScanner(w.key, w.token, strings.TrimSpace(read(t, filepath.Join(in.dir, "master.key"))))
		scan.text(t, "the doctor's report", healthy.out+sick.out)
		if storage != "" && strings.Contains(healthy.out+sick.out, storage) {
			t.Error("the doctor tells the password of the database")
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args   []string
		status int
		word   string
	}{
		{[]string{"serv"}, 2, `did you mean "serve"`},
		{[]string{"serve"}, 2, "--config"},
		{[]string{"serve", "--confg", "x"}, 2, "confg"},
		{[]string{"serve", "extra"}, 2, "extra"},
		{[]string{"serve", "--config", "/nowhere/x.yaml"}, 78, "/nowhere/x.yaml"},
		{[]string{"version"}, 0, ""},
		{[]string{"--help"}, 0, ""},
		{nil, 0, ""},
	} {
		res := run(t, nil, tt.args...)
		if res.status != tt.status || !strings.Contains(res.errOut, tt.word) || tt.status == 0 && len(res.out) < 5 {
			t.Errorf("sallyport %s: %d\n%s%s", strings.Join(tt.args, " "), res.status, res.out, res.errOut)
		}
	}
}

// Who serves an installation without an administrator is told how to make one.
func TestServeWithoutAdministrator(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	empty := append(in.env, "SALLYPORT_STORAGE_URL=sqlite:"+filepath.Join(t.TempDir(), "empty.db"))
	in.env = empty
	p := in.serve("TERM")
	if log := p.errors(); !strings.Contains(log, "no administrator") || !strings.Contains(log, "sallyport init --config") {
		t.Errorf("the log says nothing about it:\n%s", log)
	}
	res := run(t, empty, "init", "--config", in.config, "--admin", "jane")
	password := printedPassword.FindStringSubmatch(res.out)
	if res.status != 0 || password == nil || strings.Contains(res.out, "Wrote") {
		t.Fatalf("init: %d %s%s", res.status, res.out, res.errOut)
	}
	in.login, in.password = "jane", password[1]
	again := run(t, empty, "init", "--config", in.config, "--admin", "joan")
	if again.status != 1 || !strings.Contains(again.errOut, "administrator already") {
		t.Errorf("a second one: %d %s%s", again.status, again.out, again.errOut)
	}
	// Whoever cannot sign in as her, but has the machine, makes another one.
	rescue := run(t, empty, "init", "--config", in.config, "--rescue", "--admin", "joan")
	if password = printedPassword.FindStringSubmatch(rescue.out); rescue.status != 0 || password == nil || !strings.Contains(again.errOut, "--rescue") {
		t.Fatalf("rescue: %d %s%s", rescue.status, rescue.out, rescue.errOut)
	}
	defer p.await("the administrator of the rescue", func() bool {
		return statusOf(t, in.url("/sallyport/api/v1/tenants"), "Authorization: "+basic("joan", password[1])) == http.StatusOK
	})
	if taken := run(t, empty, "init", "--config", in.config, "--rescue", "--admin", "jane"); taken.status != 1 {
		t.Errorf("a login that is taken: %d %s%s", taken.status, taken.out, taken.errOut)
	}
	if none := run(t, empty, "init", "--dir", t.TempDir(), "--rescue"); none.status != 2 {
		t.Errorf("without a configuration: %d %s%s", none.status, none.out, none.errOut)
	}
	if both := run(t, empty, "init", "--config", in.config, "--dir", in.dir); both.status != 2 {
		t.Errorf("both flags: %d %s%s", both.status, both.out, both.errOut)
	}
	p.await("the new administrator", func() bool {
		return statusOf(t, in.url("/sallyport/api/v1/me"), "Authorization: "+basic(in.login, in.password)) == http.StatusOK
	})
	if other := initialise(t, ""); strings.Contains(other.serve("TERM").errors(), "no administrator") {
		t.Error("it is said of an installation that has one")
	}
}
