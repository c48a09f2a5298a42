package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/demo"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/token"
)

// TestMain lets scripts run the program: the binary of the test becomes it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main})
}

// serving starts an installation on loopback ports and returns its URL. It ends
// with the test.
func serving(t testing.TB, fill func(ctx context.Context, n *node.Node, url string) error) string {
	t.Helper()
	dir := t.TempDir()
	master, err := token.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.Public.Listen, c.Internal.Listen, c.Public.AllowHTTP = "127.0.0.1:0", "127.0.0.1:0", true
	c.Storage.URL = sallyport.Secret("sqlite:" + filepath.Join(dir, "sallyport.db"))
	c.Keys.MasterKey = sallyport.Secret(master.Text())
	c.Log.Level, c.Log.Format, c.Log.Access = "error", "text", false
	c.ShutdownTimeout = 5 * time.Second
	ctx, cancel := context.WithCancel(context.Background())
	open, err := openSockets(ctx, &c)
	if err != nil {
		t.Fatal(err)
	}
	c.Public.URL = "http://" + open.public.Addr().String()
	ready, done := make(chan struct{}), make(chan error, 1)
	log := &bytes.Buffer{}
	go func() {
		done <- runServer(ctx, &c, open, log, opening{fill: func(ctx context.Context, n *node.Node) error {
			defer close(ready)
			return fill(ctx, n, c.Public.URL)
		}})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with: %v\n%s", err, log)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- nil
		t.Fatalf("the server did not start: %v\n%s", err, log)
	}
	return c.Public.URL
}

// rootPassword is one that the policy of passwords accepts.
const rootPassword = "seven-purple-anvils-hum"

// A world is an installation for scripts.
type world struct {
	url                         string
	root, auditor, narrow, home string // tokens: an administrator's, an auditor's, one limited to a scope, one of a tenant's
}

// newWorld makes an installation with the tenants north and south, an
// administrator "root", who is at home in north, an auditor "ann" and "hal", who
// is at home in the installation.
func newWorld(t testing.TB) *world {
	w := &world{}
	w.url = serving(t, func(ctx context.Context, n *node.Node, _ string) error { return w.fill(ctx, n.Admin) })
	return w
}

func (w *world) fill(ctx context.Context, s *admin.Service) error {
	system := admin.System("test")
	north, err := s.CreateTenant(ctx, system, admin.NewTenant{Name: "north"})
	if err != nil {
		return err
	}
	if _, err := s.CreateTenant(ctx, system, admin.NewTenant{Name: "south"}); err != nil {
		return err
	}
	if _, err := s.ApplyAPIs(ctx, system, []sallyport.API{{
		Name: "stock", BasePath: "/stock", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "read", Permissions: []string{"read"}}},
		Routes: []sallyport.Route{
			{Methods: []string{"GET"}, Path: "/", AnyOf: []string{"read", "write"}},
			{Methods: []string{"POST"}, Path: "/", AllOf: []string{"read", "write"}},
			{Methods: []string{"GET"}, Path: "/open", Public: true},
		},
	}}); err != nil {
		return err
	}
	for _, u := range []struct {
		login, role string
		home        sallyport.TenantID
		scopes      []string
		token       *string
	}{
		{"root", admin.RoleAdministrator, north.ID, nil, &w.root},
		{"hal", admin.RoleAdministrator, sallyport.EveryTenant, nil, &w.home},
		{"ann", admin.RoleAuditor, north.ID, nil, &w.auditor},
		{"nell", admin.RoleAdministrator, north.ID, []string{"stock/read"}, &w.narrow},
	} {
		if err := w.enter(ctx, s, u.login, u.role, u.home, u.scopes, u.token); err != nil {
			return fmt.Errorf("%s: %w", u.login, err)
		}
	}
	return nil
}

func (w *world) enter(ctx context.Context, s *admin.Service, login, role string, home sallyport.TenantID, scopes []string, secret *string) error {
	system := admin.System("test")
	in := admin.NewUser{Kind: sallyport.Person, Login: login, KeepPassword: true}
	if login == "root" {
		in.Password = rootPassword
	}
	u, err := s.CreateUser(ctx, system, home, in)
	if err != nil {
		return err
	}
	if _, err := s.CreateBinding(ctx, system, sallyport.EveryTenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: admin.BuiltInRole(role),
	}); err != nil {
		return err
	}
	issued, err := s.CreateToken(ctx, admin.Actor{
		Principal:      sallyport.Principal{ID: u.ID, Kind: sallyport.PrincipalPerson, Login: login, Home: home},
		CredentialKind: sallyport.Password,
	}, admin.NewToken{Name: "script", Scopes: scopes})
	*secret = issued.Secret.Reveal()
	return err
}

// Each script runs the program against an installation of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			t, ok := env.T().(testing.TB)
			if !ok {
				return errors.New("the test has no cleanup")
			}
			w := newWorld(t)
			env.Setenv("SALLYPORT_URL", w.url)
			env.Setenv("SALLYPORT_TOKEN", w.root)
			env.Setenv("ROOT", w.root)
			env.Setenv("AUDITOR", w.auditor)
			env.Setenv("NARROW", w.narrow)
			env.Setenv("HAL", w.home)
			env.Setenv("PASSWORD", rootPassword)
			env.Setenv("UPSTREAM", newUpstream(t))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"json": scriptJSON, "writes": scriptWrites, "post": scriptPost, "lastline": scriptLastLine, "status": scriptStatus,
			"capture": scriptCapture, "ask": scriptAsk,
		},
	})
}

// scriptJSON reads the output of the last command as JSON. "json NAME=KEY.KEY"
// puts a value into a variable, "json KEY.KEY VALUE" compares it, "json
// KEY.len N" compares a length, and "json" alone only reads it.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	var value any
	err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &value)
	ts.Check(err)
	if len(args) == 0 {
		return
	}
	name, path, set := strings.Cut(args[0], "=")
	if !set {
		path = name
	}
	for key := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			if key == "len" {
				value = len(v)
				break
			}
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				ts.Fatalf("there is no %s in %s", key, path)
			}
			value = v[i]
		default:
			value = nil
		}
	}
	got := fmt.Sprint(value)
	if set {
		ts.Setenv(name, got)
		return
	}
	if want := args[1]; (got == want) == neg {
		ts.Fatalf("%s is %q; want %q (negated: %v)", path, got, want, neg)
	}
}

// scriptPost sends a request as a program would: "post PATH TYPE BODY" succeeds
// if the answer is a success.
func scriptPost(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: post PATH TYPE BODY")
	}
	u, err := url.JoinPath(ts.Getenv("SALLYPORT_URL"), args[0])
	ts.Check(err)
	client := &http.Client{Timeout: 30 * time.Second}
	answer, err := client.Post(u, args[1], strings.NewReader(args[2]))
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if ok := answer.StatusCode/100 == 2; ok == neg {
		ts.Fatalf("%s: %s", answer.Status, body)
	}
}

// newUpstream starts a program that has everything but what is called "nothing".
func newUpstream(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "nothing") {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// scriptAsk sends requests to a protected API: "ask STATUS METHOD PATH [N]", with
// the token in the variable AS unless that is empty.
func scriptAsk(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: ask STATUS METHOD PATH [N]")
	}
	times := 1
	if len(args) > 3 {
		n, err := strconv.Atoi(args[3])
		ts.Check(err)
		times = n
	}
	client := &http.Client{Timeout: 30 * time.Second}
	for range times {
		r, err := http.NewRequest(args[1], ts.Getenv("SALLYPORT_URL")+args[2], http.NoBody)
		ts.Check(err)
		if as := ts.Getenv("AS"); as != "" {
			r.Header.Set("Authorization", "Bearer "+as)
		}
		answer, err := client.Do(r)
		ts.Check(err)
		body, err := io.ReadAll(answer.Body)
		ts.Check(errors.Join(err, answer.Body.Close()))
		ts.Setenv("LEARNING", answer.Header.Get("X-Sallyport-Learning"))
		ts.Setenv("REQUEST", answer.Header.Get("X-Request-Id"))
		if got := strconv.Itoa(answer.StatusCode); got != args[0] {
			ts.Fatalf("status %s, want %s: %s", got, args[0], body)
		}
	}
}

// scriptWrites writes the lines that follow the name of a file to it.
func scriptWrites(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: writes FILE LINE...")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], "\n")+"\n"), 0o600))
}

// scriptStatus runs a program that must end with a status: "status N PROGRAM
// ARGS...".
func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("status %d; want %s", got, args[0])
	}
}

// scriptLastLine puts the last line of the output into a variable.
func scriptLastLine(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\n"), "\n")
	ts.Setenv(args[0], lines[len(lines)-1])
}

// scriptCapture puts what a group of an expression matches in the last errors into
// a variable: "capture NAME EXPRESSION".
func scriptCapture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stderr"))
	if len(found) < 2 {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// walk calls f for a command and all below it.
func walk(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, below := range c.Commands() {
		walk(below, f)
	}
}

// Every command says what it is for, and those that do something how.
func TestHelp(t *testing.T) {
	t.Parallel()
	walk(newRoot(), func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s has no short description", c.CommandPath())
		}
		if len(c.Short) > 0 && strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: a short description has no full stop", c.CommandPath())
		}
		if c.GroupID == "run" || c.HasSubCommands() || c.Name() == "help" {
			return
		}
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  sallyport ") {
				t.Errorf("%s: the example %q does not begin as others do", c.CommandPath(), line)
			}
		}
		c.LocalFlags()
	})
	for _, c := range managementCommands() {
		walk(c, func(c *cobra.Command) {
			args := append(strings.Fields(c.CommandPath()), "--help")
			var out, errOut strings.Builder
			if status := run(t.Context(), args, nil, &out, &errOut); status != exitOK || out.Len() == 0 || errOut.Len() > 0 {
				t.Errorf("%v: status %d, %q", args, status, errOut.String())
			}
		})
	}
}

// Too few and too many arguments are named as the help names them.
func TestArguments(t *testing.T) {
	t.Parallel()
	walk(newRoot(), func(c *cobra.Command) {
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		many := strings.Fields("a b c d e f g h")
		for _, args := range [][]string{nil, many} {
			err := c.ValidateArgs(args)
			if _, ok := errors.AsType[*usageError](err); err != nil && !ok {
				t.Errorf("%s with %d arguments: %v; use needs", c.CommandPath(), len(args), err)
			}
		}
		words := strings.Fields(c.Use)
		if err := c.ValidateArgs(nil); err != nil && (len(words) < 2 || !strings.Contains(err.Error(), words[1])) {
			t.Errorf("%s is used as %q, and without arguments it says: %v", c.CommandPath(), c.Use, err)
		}
	})
}

// Every example in the help works in the demonstration. What is made comes
// before what it is made for, and what takes things away comes last.
func TestExamples(t *testing.T) {
	var manifest *demo.Manifest
	base := serving(t, func(ctx context.Context, n *node.Node, url string) (err error) {
		manifest, err = demo.Fill(ctx, demo.Options{
			Admin: n.Admin, URL: url, Internal: "http://127.0.0.1:1", Upstream: "http://127.0.0.1:1",
			Session: gateway.InsecureSessionCookie, Now: time.Now,
		})
		return err
	})
	t.Setenv("SALLYPORT_URL", base)
	for _, c := range manifest.Credentials {
		if c.Name == "administration" {
			t.Setenv("SALLYPORT_TOKEN", c.Secret)
		}
	}
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"old": manifest.Users[0].Password, "new": rootPassword} {
		if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exampleFiles(t)
	orders := "name: orders\nbase_path: /orders\nupstream: {url: http://127.0.0.1:1}\npermissions: [{name: read}]\n" // no routes: it learns them
	if err := os.WriteFile("orders.yaml", []byte(orders), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, verb := range []string{
		"create", "add", "start", "get", "list", "check", "update", "apply", "", "stop", "deactivate", "reactivate", "activate", "remove", "delete", "revoke", "end",
	} {
		for _, c := range managementCommands() {
			walk(c, func(c *cobra.Command) {
				if c.HasSubCommands() && c.HasParent() || !exampleTurn(c.Name(), verb) {
					return
				}
				for line := range strings.Lines(c.Example) {
					example(t, strings.TrimSpace(line))
					tried++
				}
			})
		}
	}
	if tried < 80 {
		t.Errorf("%d examples were tried; there must be more", tried)
	}
}

// exampleFiles writes the files that examples name.
func exampleFiles(t *testing.T) {
	t.Helper()
	for name, text := range map[string]string{
		"site.yaml": "policy: site\ntenant: DemoTenant5\nroles: [{name: night, permissions: [inventory/read]}]\n" +
			"tests: [{expect: viewer POST /nbapi/ei/v1/assetTypes in DemoTenant5 → 403 permission_missing}]\n",
		"tighter.yaml":      "policy: strict\ntenant: DemoTenant5\nroles: [{name: evening, permissions: [inventory/read]}]\n",
		"checks.yaml":       "tests: [{expect: \"- GET /inventory/ -> 401\"}]\n",
		"openapi.yaml":      "openapi: 3.0.0\nservers: [{url: /pets}]\npaths: {/animals: {get: {tags: [animals]}}}\n",
		"users.htpasswd":    "eve:{SHA}C0pWsLB4ex1TfLZ7LdfFMBtRF8Q=\n",
		"kong.yaml":         "consumers: [{username: old-app, keyauth_credentials: [{key: 0123456789abcdefghij}]}]\n",
		"realm-export.json": `{"realm": "acme", "users": [{"username": "kay", "enabled": true}]}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var exampleVerbs = []string{
	"create", "add", "start", "get", "list", "check", "update", "apply", "deactivate", "reactivate", "activate", "remove", "delete", "revoke", "end", "stop",
}

// exampleTurn reports whether it is a command's turn; the turn "" is for all
// that have none of their own.
func exampleTurn(name, verb string) bool {
	for _, v := range exampleVerbs {
		if v == name {
			return v == verb
		}
	}
	return verb == ""
}

// example runs one line of a help text.
func example(t *testing.T, line string) {
	t.Helper()
	switch {
	case line == "sallyport me password": // it asks
		return
	case strings.HasPrefix(line, "sallyport why "): // no request has this id; see testdata/why.txtar
		return
	case strings.HasPrefix(line, "sallyport audit who"): // nobody has a pseudonym that could be known here
		return
	case strings.HasPrefix(line, "sallyport audit tail"): // it would go on
		line += " --no-follow"
	}
	words := shellWords(t, line)[1:]
	into := io.Discard
	if n := len(words); n > 2 && words[n-2] == ">" {
		f, err := os.Create(words[n-1])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		words, into = words[:n-2], f
	}
	if n := len(words); n > 2 && words[n-2] == "<" {
		words = words[:n-2]
	}
	var errOut strings.Builder
	if status := run(t.Context(), words, strings.NewReader("yes\n"), into, &errOut); status != exitOK {
		t.Errorf("%s\nstatus %d: %s", line, status, errOut.String())
	}
}

// shellWords splits a line as a shell does, as far as the examples go.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	quote, in := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, in = r, true
		case quote == 0 && r == ' ':
			if in {
				words = append(words, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		t.Fatalf("%s: a quote is open", line)
	}
	if in {
		words = append(words, word.String())
	}
	return words
}
