package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is given in the wrong form is refused with what it is and what would
// do, and nothing is made of it.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	t.Setenv("SALLYPORT_URL", w.url)
	t.Setenv("SALLYPORT_TOKEN", w.root)
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const api = "name: bills\nbase_path: /bills\nupstream: {url: 'http://127.0.0.1:1'}\npermissions: [{name: read}]\n"
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   string // in what is said
	}{
		{"configuration: unknown key", []string{"doctor", "--config", file("key.yaml", "storage:\n  url: sqlite:x\npublic:\n  listn: :80\n")}, exitConfig, `key.yaml:4: public.listn: unknown key; did you mean "listen"?`},
		{"configuration: not UTF-8", []string{"doctor", "--config", file("bytes.yaml", "public: {listen: \"\xff\"}")}, exitConfig, "bytes.yaml"},

		{"malformed id", []string{"binding", "get", "4213b2bc-e1ab-4225-acc6-2f64c98d62"}, exitUsage, "is not the id of a binding"},
		{"malformed id in a filter", []string{"audit", "list", "--actor", "4213b2bc-e1ab-4225-acc6-2f64c98d62"}, exitFailed, `"4213b2bc-e1ab-4225-acc6-2f64c98d62"`},
		{"name too long", []string{"role", "create", long}, exitFailed, "name"},
		{"login too long", []string{"user", "create", long}, exitFailed, "login"},
		{"login not UTF-8", []string{"user", "create", "jo\xff"}, exitUsage, "UTF-8"},
		{"name not UTF-8", []string{"role", "create", "clerk\xff"}, exitUsage, "UTF-8"},
		{"password not UTF-8", []string{"user", "create", "jo", "--password-file", file("password", "seven-purple-anvils-hum\xff\n")}, exitFailed, "is not UTF-8"},
		{"file not UTF-8", []string{"api", "check", file("bytes2.yaml", api+"title: \"\xff\"\n")}, exitFailed, "bytes2.yaml"},
		{"file too large", []string{"api", "check", file("large.yaml", "# "+strings.Repeat("x", 5<<20))}, exitFailed, "large.yaml"},

		{"tenant twice", []string{"tenant", "create", "north"}, exitFailed, "name"},
		{"user twice", []string{"user", "create", "ROOT"}, exitFailed, "login"},
		{"role of a built-in name", []string{"role", "create", "administrator"}, exitFailed, "name"},
		{"API twice", []string{"api", "create", file("stock.yaml", "name: stock\nbase_path: /other\nupstream: {url: 'http://127.0.0.1:1'}\n")}, exitFailed, "name"},
		{"path twice", []string{"api", "create", file("path.yaml", "name: other\nbase_path: /stock\nupstream: {url: 'http://127.0.0.1:1'}\n")}, exitFailed, "stock"},

		{"token that has expired", []string{"token", "create", "x", "--expires", "2001-01-01"}, exitFailed, "expires_at is in the past"},
		{"key that has expired", []string{"key", "create", "x", "--expires", "2001-01-01"}, exitFailed, "expires_at is in the past"},
		{"binding that has expired", []string{"binding", "create", "--user", "ann", "--role", "auditor", "--expires", "2001-01-01"}, exitFailed, "in the past"},

		{"role with an unknown permission", []string{"role", "create", "clerk", "--permission", "stock/reed"}, exitFailed, `"stock/read"`},
		{"role with an unknown API", []string{"role", "create", "clerk", "--permission", "stok/read"}, exitFailed, `"stock"`},
		{"route with an unknown scope", []string{"api", "create", file("scope.yaml", api+"scopes: [{name: look, permissions: [read]}]\nroutes: [{methods: [GET], path: /, any_of: [read], scopes: [lok]}]\n")}, exitFailed, `"look"`},
		{"route with an unknown permission", []string{"api", "create", file("permission.yaml", api+"routes: [{methods: [GET], path: /, any_of: [reed]}]\n")}, exitFailed, `"read"`},
		{"unknown tenant", []string{"role", "list", "--tenant", "nroth"}, exitFailed, `did you mean "north"?`},
		{"unknown command", []string{"usr", "list"}, exitUsage, `did you mean "user"?`},
		{"unknown flag", []string{"user", "list", "--tennant", "north"}, exitUsage, "--tennant"},
	} {
		var out, errOut strings.Builder
		status := run(t.Context(), tt.args, strings.NewReader(""), &out, &errOut)
		said := out.String() + errOut.String()
		if status != tt.status || !strings.Contains(said, tt.want) {
			t.Errorf("%s: status %d, want %d and %q in\n%s", tt.name, status, tt.status, tt.want, said)
		}
	}

	// A token that is much too long, and an installation that the granter cannot see.
	for name, tt := range map[string]struct {
		token string
		args  []string
		want  string
	}{
		"oversized token": {"spp_" + strings.Repeat("a", 8<<10), []string{"me"}, "hint: "},
		"binding in a tenant that the granter cannot see": {w.narrow, []string{"binding", "create", "--user", "ann", "--role", "auditor", "--tenant", "south"}, "hint: "},
	} {
		t.Setenv("SALLYPORT_TOKEN", tt.token)
		var out, errOut strings.Builder
		status := run(t.Context(), tt.args, strings.NewReader(""), &out, &errOut)
		if status != exitFailed || !strings.Contains(errOut.String(), tt.want) || strings.Contains(errOut.String(), tt.token) {
			t.Errorf("%s: status %d, %s", name, status, errOut.String())
		}
	}
}
