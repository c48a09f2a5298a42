package blackbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/demo"
)

// A stage is a demonstration that runs.
type stage struct {
	*process
	demo.Manifest
	manifest string // its path
}

// startDemo starts the demonstration and waits for it.
func startDemo(t testing.TB, args ...string) *stage {
	t.Helper()
	s := &stage{manifest: filepath.Join(t.TempDir(), "demo.json")}
	internal := freeAddress(t)
	s.process = start(t, "TERM", nil, append([]string{
		"demo", "--listen", freeAddress(t), "--internal-listen", internal, "--manifest", s.manifest,
	}, args...)...)
	s.awaitReady(internal)
	if err := json.Unmarshal([]byte(read(t, s.manifest)), &s.Manifest); err != nil {
		t.Fatal(err)
	}
	return s
}

// paste runs a command as a shell would that it is pasted into, and returns the
// status that it prints as its last line.
func paste(t testing.TB, command string) (status int, out string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var buf bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Stdout, cmd.Stderr = &buf, &buf
	err := cmd.Run()
	lines := strings.Split(strings.TrimSpace(buf.String()), "\n")
	status, convErr := strconv.Atoi(strings.TrimSpace(lines[len(lines)-1]))
	if err != nil || convErr != nil {
		t.Errorf("%s: %v, %v", command, err, convErr)
	}
	return status, buf.String()
}

// play pastes every example.
func (s *stage) play(t *testing.T) {
	t.Helper()
	for _, e := range s.Examples {
		if got, out := paste(t, e.Command); got != e.ExpectStatus {
			t.Errorf("%s: %d, want %d\n%s\n%s", e.Title, got, e.ExpectStatus, e.Command, out)
		} else if !strings.Contains(out, e.ExpectText) {
			t.Errorf("%s: there is no %s\n%s\n%s", e.Title, e.ExpectText, e.Command, out)
		}
	}
}

func TestEveryExampleGivesItsStatus(t *testing.T) {
	t.Parallel()
	s := startDemo(t)
	s.play(t)
	s.checkTour(t)
}

// ways are the kinds of credentials that each of the systems takes.
var ways = map[string]string{
	"itadvisor":    "password access-token refresh-token session application-token api-key",
	"truesight":    "password session personal-token api-key",
	"orchestrator": "password personal-token api-key scrambled-password session access-token",
	"itop":         "password personal-token application-token api-key session",
	"edgeintel":    "password api-key refresh-token access-token",
}

// checkTour wants a request that is let in and one that is refused, for each API
// and each kind of credential, and for each kind that a system takes.
func (s *stage) checkTour(t *testing.T) {
	t.Helper()
	let, refused := map[string]bool{}, map[string]bool{}
	for _, e := range s.Examples {
		for _, about := range []string{"the API " + e.API, "the credential " + e.Credential, e.API + " with " + e.Credential} {
			if e.Refused {
				refused[about] = true
			} else {
				let[about] = true
			}
		}
	}
	want := []string{"the API sallyport"}
	for _, api := range s.APIs {
		want = append(want, "the API "+api.Name)
	}
	for _, kind := range []string{"password", "session", "personal-token", "application-token", "api-key", "access-token"} {
		want = append(want, "the credential "+kind)
	}
	for api, kinds := range ways {
		for kind := range strings.FieldsSeq(kinds) {
			want = append(want, api+" with "+kind)
		}
	}
	if len(s.APIs) != 6 {
		t.Errorf("%d APIs, want six", len(s.APIs))
	}
	for _, about := range want {
		if !let[about] || !refused[about] {
			t.Errorf("%s: let in %v, refused %v; want an example of both", about, let[about], refused[about])
		}
	}
	printed := s.output()
	for _, api := range s.APIs {
		if !slices.ContainsFunc(s.Examples, func(e demo.Example) bool {
			return e.API == api.Name && strings.Contains(printed, e.Command)
		}) {
			t.Errorf("no example of %s was printed", api.Name)
		}
	}
}

func TestDemoStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--listen", "--internal-listen"} {
		for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
			res := run(t, nil, "demo", flag, address)
			if res.status != 2 || !strings.Contains(res.errOut, "--allow-non-loopback") || res.out != "" {
				t.Errorf("demo %s %s: status %d, %s%s", flag, address, res.status, res.out, res.errOut)
			}
		}
	}
}

// What the demonstration draws is known to who started it, and to nobody else.
func TestDemoKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startDemo(t, "--verbose", "--data", dir)
	if info, err := os.Stat(s.manifest); err != nil || info.Mode() != 0o600 {
		t.Errorf("the manifest: %v, %v; want mode 0600", info, err)
	}
	s.play(t)
	scan := newScanner(s.secrets()...)
	scan.text(t, "the metrics", ask(t, "GET", s.InternalURL+"/metrics", "").body)
	scan.text(t, "readiness", ask(t, "GET", s.InternalURL+"/readyz", "").body)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	scan.text(t, "the log", s.errors())
	if n := strings.Count(s.errors(), "\n"); n < len(s.Examples) {
		t.Errorf("only %d lines were logged: the scan proves nothing", n)
	}
	scan.folder(t, dir)
}

// secrets returns everything in the manifest that lets somebody in.
func (m *stage) secrets() (all []string) {
	for _, u := range m.Users {
		all = append(all, u.Password)
	}
	for _, c := range m.Credentials {
		all = append(all, c.Secret)
	}
	return all
}

func TestDemoDrawsItsSecretsAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startDemo(t, "--data", dir)
	second := startDemo(t)
	mine := first.secrets()
	if len(mine) < 15 {
		t.Errorf("only %d secrets", len(mine))
	}
	for _, secret := range second.secrets() {
		if len(secret) < 20 || slices.Contains(mine, secret) {
			t.Errorf("a secret of the second demonstration is short or of the first: %q", secret)
		}
	}
	// One works at its own demonstration only.
	url := func(s *stage) string { return s.URL + "/sallyport/api/v1/me" }
	token := first.Credentials[0].Secret
	if here, there := statusOf(t, url(first), bearer(token)), statusOf(t, url(second), bearer(token)); here != 200 || there != 401 {
		t.Errorf("a token of the first: %d there and %d at the second", here, there)
	}

	// Started again on its data it is whole again.
	if err := first.Stop(); err != nil {
		t.Error(err)
	}
	again := startDemo(t, "--data", dir)
	again.play(t)
	if statusOf(t, again.URL+"/inventory/items") != 401 {
		t.Error("after a restart the doors are open")
	}
}
