package config_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/config"
)

// masterKey returns a key that is good enough, made anew from its position.
func masterKey() string {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i*7 + 3)
	}
	return hex.EncodeToString(key)
}

func keyVariable() string { return "SALLYPORT_KEYS_MASTER_KEY=" + masterKey() }

func write(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

const whole = `
public:
  listen: 0.0.0.0:8443
  url: https://api.example.com
  trusted_proxies: [10.0.0.0/8, "2001:db8::/32"]
  proxy_depth: 2
  idle_timeout: 90s
internal:
  listen: 127.0.0.1:9999
decide:
  callers: [192.0.2.0/24]
  secret_file: decide.secret
storage:
  url: sqlite:data/sallyport.db
keys:
  master_key_file: master.key
limits: {body: 2MiB, header_bytes: 65536, argon2_queue: 0}
log: {level: debug, format: text, access: false}
max_staleness: 1s
apis_dir: apis
apis:
  - name: orders
    base_path: /orders
    upstream: {url: "http://127.0.0.1:3000", timeout: 5s}
    permissions:
      - {name: read}
    routes:
      - {methods: [GET], path: /, any_of: [read]}
`

func TestLoadWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, dir, "sallyport.yaml", whole, 0o644)
	write(t, dir, "decide.secret", strings.Repeat("s3", 16)+"\n", 0o600)
	write(t, dir, "master.key", masterKey()+"\n", 0o640)
	if err := os.Mkdir(filepath.Join(dir, "apis"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "apis/b.json", "{\n\t\"name\": \"stock\",\n\t\"base_path\": \"/stock\",\n\t\"upstream\": {\"url\": \"http://127.0.0.1:1\"}\n}\n", 0o644)
	write(t, dir, "apis/README.md", "not a document", 0o644)
	c, err := config.Load(path, []string{"SALLYPORT_PUBLIC_LISTEN=:8081", "SALLYPORT_PUBLIC_TRUSTED_PROXIES=10.1.0.0/16, 10.2.0.0/16", "HOME=/root", "SALLYPORT_LOG_LEVEL=", "SALLYPORT_URL=http://x", "SALLYPORT_PORT=tcp://10.0.0.1:80", "SALLYPORT_PORT_8080_TCP_ADDR=10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.Keys.Bytes()
	if err != nil || hex.EncodeToString(key) != masterKey() {
		t.Errorf("master key %x, %v", key, err)
	}
	for _, tt := range []struct{ name, got, want string }{
		{"environment over file", c.Public.Listen, ":8081"},
		{"list from the environment", fmt.Sprint(c.Public.TrustedProxies), "[10.1.0.0/16 10.2.0.0/16]"},
		{"file over default", c.Public.IdleTimeout.String(), "1m30s"},
		{"default", c.Public.ReadHeaderTimeout.String(), "5s"},
		{"empty variable", c.Log.Level, "debug"},
		{"false over default true", fmt.Sprint(c.Log.Access), "false"},
		{"zero over default", fmt.Sprint(c.Limits.Argon2Queue), "0"},
		{"size", c.Limits.Body.String(), "2MiB"},
		{"size in bytes", c.Limits.HeaderBytes.String(), "64KiB"},
		{"list from the file", fmt.Sprint(c.Decide.Callers), "[192.0.2.0/24]"},
		{"secret from a file", c.Decide.Secret.Reveal(), strings.Repeat("s3", 16)},
		{"path beside the file", c.Keys.MasterKeyFile, filepath.Join(dir, "master.key")},
		{"database beside the file", c.Storage.URL.Reveal(), "sqlite:" + filepath.Join(dir, "data/sallyport.db")},
		{"staleness", c.MaxStaleness.String(), "1s"},
		{"apis", fmt.Sprint(c.APIs[0].Name, " ", c.APIs[1].Name, " ", time.Duration(c.APIs[0].Upstream.Timeout)), "orders stock 5s"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestLoadWithoutFile(t *testing.T) {
	t.Parallel()
	c, err := config.Load("", []string{keyVariable(), "SALLYPORT_STORAGE_URL=sqlite:x.db", "SALLYPORT_PUBLIC_LISTEN=[::1]:9000"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Public.URL != "http://[::1]:9000" || c.Storage.URL != "sqlite:x.db" {
		t.Errorf("url %q, storage %q", c.Public.URL, c.Storage.URL.Reveal())
	}
	if got := c.Decide.Callers; len(got) != 2 || got[1] != netip.MustParsePrefix("::1/128") {
		t.Errorf("callers %v", got)
	}
	if err := c.Validate(); err != nil {
		t.Errorf("Validate of what was loaded: %v", err)
	}
}

// Each row is a file and what is said about it; FILE stands for its path.
func TestLoadFaults(t *testing.T) {
	t.Parallel()
	const good = "storage: {url: 'sqlite:x'}\n"
	for _, tt := range []struct {
		name, file, want string
	}{
		{"unknown key", good + "public:\n  listn: :80\n", `FILE:3: public.listn: unknown key; did you mean "listen"?`},
		{"wrong case", good + "Public:\n  listen: :80\n", `FILE:2: Public: unknown key; did you mean "public"?`},
		{"dash", good + "max-staleness: 5s\n", `FILE:2: max-staleness: unknown key; did you mean "max_staleness"?`},
		{"key of a section", good + "master_key_file: x\n", `FILE:2: master_key_file: unknown key; did you mean keys.master_key_file?`},
		{"no idea", good + "sessions: {zebra: 1}\n", `FILE:2: sessions.zebra: unknown key; known keys are idle, absolute`},
		{"odd key", good + "\"a\\nb\": 1\n", `FILE:2: "a\nb": unknown key; known keys are public, internal, decide, storage, keys, limits, sessions, tokens, passwords, throttle, audit, log and others`},
		{"duplicate key", good + "poll: 1s\nlog: {}\npoll: 2s\n", "FILE:4: poll: is there already, in line 2"},
		{"duplicate section", good + "log: {}\nlog: {}\n", "FILE:3: log: is there already, in line 2"},
		{"number for text", good + "public: {listen: 80}\n", "FILE:2: public.listen: must be text; put it in quotes"},
		{"text for number", good + "limits: {headers: many}\n", "FILE:2: limits.headers: must be a whole number, not text"},
		{"fraction", good + "limits: {headers: 10.5}\n", `FILE:2: limits.headers: must be a whole number, not "10.5"`},
		{"yes", good + "log: {access: yes}\n", "FILE:2: log.access: must be true or false, not text"},
		{"duration without unit", good + "poll: 250\n", `FILE:2: poll: must be a duration with its unit, such as 250ms, 30s or 12h, not "250"`},
		{"negative duration", good + "poll: -1s\n", `FILE:2: poll: must be a duration with its unit, such as 250ms, 30s or 12h, not "-1s"`},
		{"size", good + "limits: {body: 10MB}\n", `FILE:2: limits.body: "10MB" is not a size such as 65536, 64KiB or 10MiB`},
		{"out of bounds", good + "tokens: {retry_window: 1h}\nlimits: {body: 1, headers: 1}\n", "FILE:2: tokens.retry_window: must be from 0s to 1m\nFILE:3: limits.body: must be from 1KiB to 64MiB\nFILE:3: limits.headers: must be from 10 to 1000"},
		{"word", good + "log: {level: debgu}\n", `FILE:2: log.level: must be one of debug, info, warn, error, not "debgu"; did you mean "debug"?`},
		{"scalar for section", good + "public: 80\n", "FILE:2: public: must be keys with values (listen, url, allow_http, hosts, tls, trusted_proxies, proxy_depth, read_header_timeout, idle_timeout), not a single value"},
		{"scalar for list", good + "decide: {callers: 10.0.0.0/8}\n", "FILE:2: decide.callers: must be a list, such as [a, b], not a single value"},
		{"list for scalar", good + "poll: [1s]\n", "FILE:2: poll: must be a duration such as 30s, not a list"},
		{"list for all", "- a\n", "FILE:1: must be keys with values (public, internal, decide, storage, keys, limits, sessions, tokens, passwords, throttle, audit, log and others), not a list"},
		{"null", good + "poll:\n", "FILE:2: poll: has no value; give it one or remove the key"},
		{"tab", good + "log:\n\tlevel: info\n", "FILE:3: the line is indented with a tab; YAML wants spaces"},
		{"not yaml", good + "log: {level: info\n", "FILE:2: not YAML: did not find expected ',' or '}'"},
		{"two documents", good + "---\nlog: {}\n", "FILE:2: there is more than one document in the file"},
		{"anchor", good + "public: &p {listen: ':1'}\ninternal: *p\n", "FILE:2: public: anchors and aliases are not read; write the value out\nFILE:3: internal: anchors and aliases are not read; write the value out"},
		{"merge key", good + "log: {<<: {level: info}}\n", `FILE:2: log.<<: unknown key; known keys are level, format, access`},
		{"reference", good + "public: {url: 'https://${HOST}'}\nlimits: {headers: '${N}'}\ndecide: {secret: '$secret://vault/x'}\n", "FILE:2: public.url: the value is a reference that nobody resolved; put the value itself here, or use a ..._file key or a variable\nFILE:3: limits.headers: the value is a reference that nobody resolved; put the value itself here, or use a ..._file key or a variable\nFILE:4: decide.secret: the value is a reference that nobody resolved; put the value itself here, or use a ..._file key or a variable"},
		{"network", good + "public:\n  trusted_proxies:\n    - 10.0.0.1\n    - 0.0.0.0/0\n    - 10.0.0.1/8\n    - ::/0\n", "FILE:4: public.trusted_proxies[0]: must be a network such as 10.0.0.0/8 or 192.0.2.7/32, not \"10.0.0.1\"\nFILE:5: public.trusted_proxies[1]: 0.0.0.0/0 is everybody; name the networks that are meant\nFILE:6: public.trusted_proxies[2]: 10.0.0.1/8 has bits beyond its mask; is 10.0.0.0/8 meant?\nFILE:7: public.trusted_proxies[3]: ::/0 is everybody; name the networks that are meant"},
		{"internal not loopback", good + "internal: {listen: '0.0.0.0:9090'}\n", "FILE:2: internal.listen: 0.0.0.0:9090 can be reached from other machines; listen on 127.0.0.1, or set internal.allow_non_loopback if a firewall is in front"},
		{"same address", good + "internal: {listen: '127.0.0.1:8080'}\n", "FILE:2: internal.listen: is the same address as public.listen; the two listeners must be apart"},
		{"callers without secret", good + "decide: {callers: [10.0.0.0/8]}\n", "FILE:2: decide.secret: is missing; callers from other machines must send one"},
		{"listen", good + "public: {listen: '8080'}\ninternal: {listen: 'localhost:http'}\n", "FILE:2: public.listen: must be HOST:PORT, such as 127.0.0.1:8080 or :8080, not \"8080\"\nFILE:3: internal.listen: must end with a port from 0 to 65535, not \"http\""},
		{"hosts", good + "public: {hosts: ['api.example.com:443', 'https://a', '2001:db8::1', '*', '']}\n", "FILE:2: public.hosts[0]: must be a name or address without a port, such as api.example.com, or \"*\" for all, not \"api.example.com:443\"\nFILE:2: public.hosts[1]: must be a name or address without a port, such as api.example.com, or \"*\" for all, not \"https://a\"\nFILE:2: public.hosts[4]: must be a name or address without a port, such as api.example.com, or \"*\" for all, not \"\""},
		{"http url", good + "public: {url: 'http://api.example.com'}\n", "FILE:2: public.url: must start with https, or public.allow_http be set: credentials would cross the network in the clear"},
		{"odd url", good + "public: {url: 'https://u@api.example.com'}\n", "FILE:2: public.url: must be a URL without user, query and fragment"},
		{"slash", good + "public: {url: 'https://api.example.com/'}\n", "FILE:2: public.url: must not end with a slash"},
		{"half a certificate", good + "public: {tls: {cert_file: /dev/null}}\n", "FILE:2: public.tls: needs cert_file and key_file, or neither"},
		{"missing storage", "storage: {}\n", "FILE:1: storage.url: is missing; set it to sqlite:PATH or postgres://USER@HOST/DATABASE"},
		{"storage scheme", "storage: {url: 'mysql://a'}\n", "FILE:1: storage.url: must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"},
		{"times", good + "poll: 3s\nsessions: {idle: 13h}\n", "FILE: max_staleness: must be at least twice as long as poll, or one lost answer stops the node\nFILE:3: sessions.idle: is longer than sessions.absolute"},
		{"no such file", good + "apis_dir: nowhere\n", "FILE:2: apis_dir: cannot be read: no such file or directory"},
		{"api", good + "apis:\n  - namee: a\n    base_path: /\n    upstream: {}\n  - name: B\n    base_path: /\n    upstream: {url: 'http://a'}\n    routes: [{methods: GET}]\n    accept:\n      - in: baerer\n", "FILE:3: apis[0].name: is missing\nFILE:3: apis[0].upstream.url: is missing\nFILE:3: apis[0].namee: unknown key; did you mean \"name\"?\nFILE:6: apis[1].name: \"B\" is not a name of lower-case letters, digits and dashes\nFILE:9: apis[1].routes[0].methods: must be a list, such as [a, b], not a single value\nFILE:11: apis[1].accept[0].in: must be one of basic, bearer, header, query, form, cookie, not \"baerer\"; did you mean \"bearer\"?"},
		{"api twice", good + "apis:\n  - {name: a, base_path: /a, upstream: {url: 'http://a'}}\n  - {name: a, base_path: /b, upstream: {url: 'http://a'}}\n", "FILE:4: apis[1].name: there is more than one API \"a\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := write(t, dir, "sallyport.yaml", tt.file, 0o600)
			_, err := config.Load(path, []string{keyVariable()})
			var faults config.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("error %v, want\n%s", err, tt.want)
			}
			got := strings.ReplaceAll(err.Error(), path, "FILE")
			if got = strings.ReplaceAll(got, dir, "DIR"); !sameLines(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// sameLines compares what is said, whatever the order of faults of one line.
func sameLines(a, b string) bool {
	count := map[string]int{}
	for line := range strings.SplitSeq(a, "\n") {
		count[line]++
	}
	for line := range strings.SplitSeq(b, "\n") {
		count[line]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// Everything that is wrong is said at once, in the file and the environment.
func TestLoadAllAtOnce(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "c.yaml", "pubic: {}\nlog: {level: loud}\nstorage: {url: 'sqlite:x'}\n", 0o600)
	_, err := config.Load(path, []string{"SALLYPORT_POLL=soon", "SALLYPORT_PUBLIC_LISTN=:1", "SALLYPORT_\x1b[2J=1", "SALLYPORT_DECIDE_CALLERS=10.0.0.0/8,any"})
	want := `"SALLYPORT_\x1b[2J": no key has this variable` + "\n" +
		`SALLYPORT_DECIDE_CALLERS: decide.callers: must be a network such as 10.0.0.0/8 or 192.0.2.7/32, not "any"` + "\n" +
		`SALLYPORT_POLL: poll: must be a duration with its unit, such as 250ms, 30s or 12h, not "soon"` + "\n" +
		`SALLYPORT_PUBLIC_LISTN: no key has this variable; did you mean SALLYPORT_PUBLIC_LISTEN?` + "\n" +
		path + ": keys.master_key: is missing; set keys.master_key_file or the variable SALLYPORT_KEYS_MASTER_KEY (sallyport init makes a key)\n" +
		path + `:1: pubic: unknown key; did you mean "public"?` + "\n" +
		path + `:2: log.level: must be one of debug, info, warn, error, not "loud"`
	if err == nil || !sameLines(err.Error(), want) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Canary7", 6)
	for _, tt := range []struct {
		name    string
		file    string
		mode    os.FileMode // of the configuration
		key     string      // content of master.key
		keyMode os.FileMode
		environ string
		want    string // what the error says; empty: none
	}{
		{"good", "keys: {master_key_file: master.key}", 0o644, masterKey(), 0o600, "", ""},
		{"world readable", "keys: {master_key_file: master.key}", 0o644, masterKey(), 0o644, "", "can be read by everyone (mode 0644); make it 0600"},
		{"empty", "keys: {master_key_file: master.key}", 0o644, "\n", 0o600, "", "is empty"},
		{"two lines", "keys: {master_key_file: master.key}", 0o644, masterKey() + "\nx", 0o600, "", "more than one line"},
		{"reference", "keys: {master_key_file: master.key}", 0o644, "${KEY}", 0o600, "", "a reference that nobody resolved"},
		{"short", "keys: {master_key_file: master.key}", 0o644, "0123456789abcdef", 0o600, "", "must be at least 32 bytes, not 8"},
		{"not random", "keys: {master_key_file: master.key}", 0o644, strings.Repeat("61", 32), 0o600, "", "is not random"},
		{"not text", "keys: {master_key_file: master.key}", 0o644, long + "!", 0o600, "", "must be hexadecimal or base64 text"},
		{"not there", "keys: {master_key_file: nowhere}", 0o644, "", 0o600, "", "cannot be read: no such file"},
		{"a directory", "keys: {master_key_file: .}", 0o644, "", 0o600, "", "is a directory; name the file in it"},
		{"both", "keys: {master_key_file: master.key, master_key: " + masterKey() + "}", 0o600, masterKey(), 0o600, "", "keys.master_key: is set, and keys.master_key_file too; remove one of them"},
		{"environment wins", "keys: {master_key_file: nowhere}", 0o644, "", 0o600, keyVariable(), ""},
		{"in a private file", "keys: {master_key: " + masterKey() + "}", 0o600, "", 0o600, "", ""},
		{"in a public file", "keys: {master_key: " + masterKey() + "}", 0o644, "", 0o600, "", "is a secret in a file that everyone can read; make the file 0600, or use keys.master_key_file or the variable SALLYPORT_KEYS_MASTER_KEY"},
		{"decide short", "decide: {secret: Canary7Canary7}", 0o600, "", 0o600, keyVariable(), "decide.secret: must have at least 32 characters"},
		{"decide odd", "decide: {secret: '" + long + " x'}", 0o600, "", 0o600, keyVariable(), "must be visible ASCII"},
		{"decide unquoted number", "decide: {secret: 12345678901234567890123456789012345}", 0o600, "", 0o600, keyVariable(), "must be text; put it in quotes"},
		{"dsn in a public file", "decide: {}\nstorage: {url: 'postgres://u:" + long + "@h/d'}", 0o644, "", 0o600, keyVariable(), "storage.url: is a secret in a file that everyone can read"},
		{"dsn without password", "storage: {url: 'postgres://u@h/d'}", 0o644, "", 0o600, keyVariable(), ""},
		{"dsn that does not parse", "storage: {url: 'postgres://u:" + long + "%zz@h/d'}", 0o600, "", 0o600, keyVariable(), "storage.url: is not a URL of the form"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			text := tt.file + "\n"
			if !strings.Contains(text, "storage:") {
				text += "storage: {url: 'sqlite:x'}\n"
			}
			path := write(t, dir, "c.yaml", text, tt.mode)
			write(t, dir, "master.key", tt.key, tt.keyMode)
			c, err := config.Load(path, []string{tt.environ})
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %s", err, tt.want)
			case err != nil && strings.Count(err.Error(), "\n") > 0:
				t.Errorf("one mistake is told more than once: %v", err)
			}
			shown := fmt.Sprintf("%v %+v %#v %v %s", c, c, c, err, c.Redacted())
			for _, secret := range []string{masterKey(), "Canary7", "0123456789abcdef"} {
				if strings.Contains(shown, secret) {
					t.Errorf("a secret is shown: %s", shown)
				}
			}
		})
	}
}

func TestStorageURLFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, dir, "c.yaml", "storage: {url_file: dsn}\n", 0o644)
	write(t, dir, "dsn", "postgres://u:Canary7@h/d?sslmode=require&password=Canary7\n", 0o600)
	c, err := config.Load(path, []string{keyVariable()})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Storage.URL.Reveal(); got != "postgres://u:Canary7@h/d?sslmode=require&password=Canary7" {
		t.Errorf("url %q", got)
	}
	shown := c.Redacted()
	if strings.Contains(shown, "Canary7") || !strings.Contains(shown, `url: "postgres://u@h/d"`) {
		t.Errorf("shown:\n%s", shown)
	}
}

// What is printed can be read again, but for the secrets.
func TestRedacted(t *testing.T) {
	t.Parallel()
	c, err := config.Load("", []string{keyVariable(), "SALLYPORT_STORAGE_URL=sqlite:x.db", "SALLYPORT_PUBLIC_LISTEN=127.0.0.1:8080"})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Redacted()
	for _, want := range []string{
		"public:\n  listen: \"127.0.0.1:8080\"\n  url: \"http://127.0.0.1:8080\"\n", "  tls:\n    cert_file: \"\"\n", "  callers: [\"127.0.0.0/8\", \"::1/128\"]\n",
		"  master_key: \"[redacted]\"\n", "  secret: \"\"\n", "  body: 1MiB\n", "max_staleness: 5s\n", "apis: []\n", "storage:\n  url: \"sqlite:x.db\"\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	got = strings.ReplaceAll(got, "\"[redacted]\"", masterKey())
	path := write(t, t.TempDir(), "c.yaml", got, 0o600)
	if again, err := config.Load(path, nil); err != nil || again.Limits != c.Limits || again.Tokens != c.Tokens {
		t.Errorf("read again: %v", err)
	}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", c)
	if strings.Contains(b.String(), masterKey()) {
		t.Error("the log shows the key")
	}
}

func TestValidateWithoutLines(t *testing.T) {
	t.Parallel()
	err := config.Default().Validate()
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 2 || faults[0].Key != "storage.url" || faults[1].Key != "keys.master_key" {
		t.Errorf("Validate of the defaults: %v", err)
	}
}

func TestLoadOddFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{
		filepath.Join(dir, "nowhere"): "cannot be read: no such file or directory",
		dir:                           "cannot be read: it is not a file",
		write(t, dir, "big", strings.Repeat("# big\n", 1<<20), 0o600):         "cannot be read: it is larger than 4MiB",
		write(t, dir, "deep", strings.Repeat("[", 100_000), 0o600):            "not YAML: ",
		write(t, dir, "bytes", "public: {listen: \"\xff\"}", 0o600):           "not YAML: ",
		write(t, dir, "nul", "public: {listen: \"\\0:80\"}\n", 0o600):         "public.listen: has a NUL character",
		write(t, dir, "empty", "", 0o600):                                     "storage.url: is missing",
		write(t, dir, "comment", "# nothing\n---\n", 0o600):                   "storage.url: is missing",
		write(t, dir, "binary", "\x00\x01\x02", 0o600):                        "not YAML: ",
		write(t, dir, "tag", "public: !!binary aGVsbG8=\n", 0o600):            "public: must be keys with values",
		write(t, dir, "bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b]\n", 0o600): "a: unknown key",
	} {
		if _, err := config.Load(name, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestDecodeAPI(t *testing.T) {
	t.Parallel()
	a, err := config.DecodeAPI([]byte(`{"name": "orders", "base_path": "/orders", "aliases": ["/o"],
		"upstream": {"url": "http://127.0.0.1:1", "body_limit": -1, "timeout": "5s"},
		"accept": [{"in": "header", "name": "X-API-Key", "kinds": ["api_key"]}],
		"tenant": {"from": "header", "name": "x-tenant-id", "required": true},
		"routes": [{"methods": ["GET"], "path": "/{id}", "public": true, "parameter": {"in": "form", "name": "json_data", "field": "operation", "value": "core/get"}}],
		"explain": "full", "path": {"allow_semicolon": true}}`))
	if err != nil {
		t.Fatal(err)
	}
	if a.Tenant == nil || !a.Tenant.Required || a.Upstream.BodyLimit != -1 || a.Routes[0].Parameter.Field != "operation" ||
		a.Explain != sallyport.ExplainFull || !a.Path.AllowSemicolon || a.Accept[0].Kinds[0] != sallyport.APIKey || a.Realm != nil {
		t.Errorf("read %+v", a)
	}
	const head = "name: a\nbase_path: /\nupstream: {url: http://a}\n"
	for _, tt := range []struct{ name, in, want string }{
		{"unknown", head + "routes:\n  - {method: [GET], path: /}\n", `line 5: routes[0].method: unknown key; did you mean "methods"?`},
		{"case", head + "Explain: full\n", `line 4: Explain: unknown key; did you mean "explain"?`},
		{"folded", head + "ro\u017fcopes: []\n", `line 4: roſcopes: unknown key; known keys are name, `},
		{"twice", head + "name: b\n", "line 4: name: is there already, in line 1"},
		{"duration", head + "max_staleness: 5\n", `line 4: max_staleness: "5" is not a duration such as 30s, 5m or 12h`},
		{"number", head + "token: {password: 'true'}\n", "line 4: token.password: must be true or false, not text"},
		{"huge number", "name: a\nbase_path: /\nupstream: {url: a, body_limit: 99999999999999999999}\n", `line 3: upstream.body_limit: must be a whole number, not "99999999999999999999"`},
		{"kind", head + "accept: [{in: bearer, kinds: [jwt]}]\n", `line 4: accept[0].kinds[0]: must be one of password, session, personal_token, application_token, api_key, access_token, refresh_token, not "jwt"`},
		{"nothing", "", "there is no document in it"},
		{"null", "null\n", "there is no document in it"},
		{"missing", "name: a\n", "base_path: is missing\nupstream: is missing"},
		{"text", "hello\n", "line 1: must be keys with values (name, title, dialect, disabled, settings, host, base_path, aliases, upstream, accept, realm, tenant and others), not a single value\nname: is missing"},
	} {
		if _, err := config.DecodeAPI([]byte(tt.in)); err == nil || !strings.Contains(err.Error(), strings.Split(tt.want, "\n")[0]) {
			t.Errorf("%s: got\n%v\nwant\n%s", tt.name, err, tt.want)
		}
	}
}

// A file full of mistakes is told a hundred of them.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	_, err := config.DecodeAPI([]byte(b.String()))
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 100 {
		t.Errorf("%d faults", len(faults))
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]config.Size{"0": 0, "1": 1, "1KiB": 1024, "3 MiB": 3 << 20, "2GiB": 2 << 30, "1025": 1025} {
		var s config.Size
		if err := s.UnmarshalText([]byte(in)); err != nil || s != want {
			t.Errorf("%q is %d, %v", in, s, err)
		}
		var again config.Size
		if text, err := s.MarshalText(); err != nil || again.UnmarshalText(text) != nil || again != s {
			t.Errorf("%d is written %q", s, text)
		}
	}
	for _, in := range []string{"", "KiB", "-1", "1.5MiB", "1kb", "9999999999999GiB", "0x10", "1_000", "+1"} {
		if err := new(config.Size).UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q is taken for a size", in)
		}
	}
}

// Whatever is in the file, there is a valid configuration or there are faults
// that name the file.
func FuzzLoad(f *testing.F) {
	f.Add(whole)
	f.Add("storage: {url: 'sqlite:x'}\n")
	f.Add("a: &a [*a]\n---\n")
	f.Add("{\"storage\":\t{\"url\": \"sqlite:x\"}}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "_file") || strings.Contains(text, "apis_dir") {
			t.Skip("names files of this machine")
		}
		path := write(t, dir, fmt.Sprintf("%d.yaml", os.Getpid()), text, 0o600)
		c, err := config.Load(path, []string{keyVariable()})
		if err == nil {
			if err := c.Validate(); err != nil {
				t.Errorf("loaded, but %v", err)
			}
			return
		}
		var faults config.Faults
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("error of type %T", err)
		}
		for _, x := range faults {
			if !strings.HasPrefix(x.File, path) || strings.ContainsAny(x.String(), "\x00\x1b\r\n") {
				t.Errorf("fault %q", x)
			}
		}
	})
}

func FuzzDecodeAPI(f *testing.F) {
	f.Add([]byte("name: a\nbase_path: /\nupstream: {url: http://a}\nroutes: [{methods: [GET], path: /}]\n"))
	f.Add([]byte(`{"name": "a"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := config.DecodeAPI(data)
		if err == nil && (a.Name == "" && !strings.Contains(string(data), "name")) {
			t.Errorf("no name, no fault: %+v", a)
		}
	})
}
