package blackbox_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/proctest"
)

// secret returns the secret of a credential of the cast.
func (s *stage) secret(name string) string {
	for _, c := range s.Credentials {
		if c.Name == name {
			return c.Secret
		}
	}
	s.t.Fatalf("the cast has no credential %q", name)
	return ""
}

// password returns the password of one of the cast.
func (s *stage) password(login string) string {
	for _, u := range s.Users {
		if u.Login == login {
			return u.Password
		}
	}
	s.t.Fatalf("the cast has no %q", login)
	return ""
}

// command runs a command as the administrator of the demonstration.
func (s *stage) command(t testing.TB, args ...string) (out, errOut string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, proctest.Binary(t), args...)
	cmd.Env = environment("SALLYPORT_URL="+s.URL, "SALLYPORT_TOKEN="+s.secret("administration"))
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil {
		t.Errorf("sallyport %s: %v\n%s%s", strings.Join(args, " "), err, o.String(), e.String())
	}
	return o.String(), e.String()
}

// TestAdviseInTheDemonstration: who starts the demonstration sees the account
// that was given an administrator's role to add customers, and the narrow role
// that is enough; what advise writes can be applied, and customers can still be
// added.
func TestAdviseInTheDemonstration(t *testing.T) {
	t.Parallel()
	s := startDemo(t)
	list, _ := s.command(t, "advise", "--tenant", "DemoTenant5")
	found := ""
	for line := range strings.SplitSeq(list, "\n") {
		if line = strings.Join(strings.Fields(line), " "); strings.HasPrefix(line, "billing ") {
			found = line
		}
	}
	if want := "billing role ita-administrator broader than used 1 of 4"; !strings.HasPrefix(found, want) || !strings.HasSuffix(found, "role customers and ita-api") {
		t.Errorf("the finding is %q, want %q ... role customers and ita-api\n%s", found, want, list)
	}
	for line := range strings.SplitSeq(list, "\n") {
		if strings.HasPrefix(line, "crm ") {
			t.Errorf("the account with the narrow role is found as well: %s", line)
		}
	}
	about, _ := s.command(t, "advise", "billing")
	if want := "itadvisor/CUSTOMERS would do for what itadvisor/USER_RIGHTS_AND_AUTHENTICATION_SERVERS_ADMINISTRATOR was used for"; !strings.Contains(about, want) {
		t.Errorf("advise billing does not say that %s:\n%s", want, about)
	}

	file := filepath.Join(t.TempDir(), "billing.yaml")
	text, _ := s.command(t, "advise", "billing", "-o", "policy")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.command(t, "plan", "-f", file, "--adopt")
	s.command(t, "apply", "-f", file, "--adopt", "--yes")
	if again, _ := s.command(t, "plan", "-f", file, "--exit-code"); !strings.HasPrefix(again, "0 to create, 0 to change, 0 to delete") {
		t.Errorf("applied twice:\n%s", again)
	}
	if got := ask(t, "GET", s.URL+"/api/current/users", "", "Authorization: "+basic("billing", s.password("billing"))); got.status != 403 {
		t.Errorf("after: %d %s", got.status, got.body)
	}
	got := ask(t, "POST", s.URL+"/api/current/customers", `{"name":"Billed on Wednesday"}`,
		"Authorization: "+basic("billing", s.password("billing")), "Content-Type: application/json")
	if got.status != 201 {
		t.Errorf("a customer is added: %d %s", got.status, got.body)
	}
	if about, _ = s.command(t, "advise", "billing"); !strings.Contains(about, "What is granted is used.") {
		t.Errorf("advise billing, after that:\n%s", about)
	}
}

// TestShadowInTheDemonstration: a draft is tried on what the cast does, and shows
// whom it would take something away from.
func TestShadowInTheDemonstration(t *testing.T) {
	t.Parallel()
	s := startDemo(t)
	out, _ := s.command(t, "shadow", "show", "narrower")
	if !strings.Contains(out, " of 1 client, ") || !strings.Contains(out, "refuse  billing ") || !strings.Contains(out, "POST /api/current/customers") {
		t.Errorf("shadow show narrower:\n%s", out)
	}
	got := ask(t, "POST", s.URL+"/api/current/customers", `{"name":"Billed on Friday"}`,
		"Authorization: "+basic("billing", s.password("billing")), "Content-Type: application/json")
	if got.status != 201 {
		t.Errorf("the draft decides: %d %s", got.status, got.body)
	}
	if list, _ := s.command(t, "shadow", "list"); !strings.Contains(list, "narrower  running") {
		t.Errorf("shadow list:\n%s", list)
	}
}
