package blackbox_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/proctest"
)

// A scene is a block of commands of a page, and what the page shows of their
// output.
type scene struct{ commands, shown string }

var fenced = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// scenesOf returns what is to be played of a page. A block of text belongs to
// the commands above it.
func scenesOf(t *testing.T, page string) (scenes []scene) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(read(t, page), -1) {
		switch {
		case strings.Contains(m[2], "make demo"): // it runs already
		case m[1] == "":
			scenes = append(scenes, scene{commands: m[2]})
		case m[1] == "text" && len(scenes) > 0:
			scenes[len(scenes)-1].shown += m[2]
		}
	}
	return scenes
}

// missingFrom returns the first line of what a page shows that is not in an
// output, in this order. Three dots stand for anything in a line.
func missingFrom(shown, output string) string {
	lines := strings.Split(strings.ReplaceAll(output, "\r", ""), "\n")
next:
	for want := range strings.Lines(shown) {
		want = strings.TrimSuffix(want, "\n")
		parts := strings.Split(want, "...")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern := regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
		for i, line := range lines {
			if pattern.MatchString(line) {
				lines = lines[i+1:]
				continue next
			}
		}
		return want
	}
	return ""
}

// Every command of the page does what the page says: the refusal, its story, the
// repair that lets the call pass, the questions and what changed.
func TestTutorialWhy(t *testing.T) {
	t.Parallel()
	s := startDemo(t)
	dir := t.TempDir()
	for name, target := range map[string]string{"bin/sallyport": proctest.Binary(t), "demo.json": s.manifest} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	scenes := scenesOf(t, "../../docs/tutorial/why-was-i-refused.md")
	if len(scenes) < 8 {
		t.Fatalf("there are %d blocks of commands", len(scenes))
	}
	const curtain = "-- the next scene --"
	var script strings.Builder
	for _, sc := range scenes {
		script.WriteString(strings.ReplaceAll(sc.commands, "http://127.0.0.1:8080", s.URL) + "echo; echo '" + curtain + "'\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", script.String())
	cmd.Dir, cmd.Env = dir, environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	outputs := strings.Split(string(out), curtain+"\n")
	if len(outputs) != len(scenes)+1 {
		t.Fatalf("%d of %d scenes were played:\n%s", len(outputs)-1, len(scenes), out)
	}
	for i, sc := range scenes {
		if line := missingFrom(sc.shown, outputs[i]); line != "" {
			t.Errorf("the page shows %q, which is not in the output of\n%s\nwhich is\n%s", line, sc.commands, outputs[i])
		}
	}
	// The page pastes the first command that why suggests, and no other.
	first := regexp.MustCompile(`(?m)^ +(sallyport binding create .*)$`).FindStringSubmatch(string(out))
	if first == nil || !strings.Contains(read(t, "../../docs/tutorial/why-was-i-refused.md"), "\n"+first[1]+"\n") {
		t.Errorf("the first suggestion is %q, which the page does not paste", first)
	}
}

func TestMissingFrom(t *testing.T) {
	t.Parallel()
	for shown, want := range map[string]string{
		"a\nc\n": "", "a...\n...c\n": "", "b\na\n": "a", "a\nx\n": "x", "...\n": "", "ab\n": "ab", "a.c\n": "a.c",
	} {
		if got := missingFrom(shown, "a\r\nb\nc\n"); got != want {
			t.Errorf("missingFrom(%q) = %q, want %q", shown, got, want)
		}
	}
}

// A refusal is explained after the node was killed and started again, and after
// it was ended and started again, on both databases.
func TestWhyAfterRestart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, storage string) {
		in := initialise(t, storage)
		p := in.serve("KILL")
		w := in.furnish()
		refused := func() string {
			res := ask(t, http.MethodPost, in.url("/orders/1"), "", bearer(w.token))
			if res.status != http.StatusForbidden {
				t.Fatalf("%d %s", res.status, res.body)
			}
			return res.header.Get("X-Request-Id")
		}
		why := func(id string) {
			t.Helper()
			res := run(t, []string{"SALLYPORT_URL=" + in.url(""), "SALLYPORT_TOKEN=" + w.admin.token}, "why", id)
			for _, want := range []string{"refused with 403 permission_missing", "missing: orders/write", `principal   passed   person "jo"`} {
				if res.status != 0 || !strings.Contains(res.out, want) {
					t.Errorf("%q is missing: %d %s%s", want, res.status, res.out, res.errOut)
				}
			}
		}
		asked := refused()
		why(asked) // writes down what is not yet
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		p = in.serve("TERM")
		why(asked)
		unasked := refused()
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		in.serve("TERM")
		why(asked)
		why(unasked)
	})
}

// A refusal carries its own repair where the API explains in full: what is
// missing, the role that opens the least, and who may give it; and less where it
// explains less. A 401 is the same at every level.
func TestRefusalCarriesItsRepair(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	w := in.furnish()
	for name, permissions := range map[string][]string{
		"writer": {"orders/write"}, "keeper": {"orders/write", "sallyport/users.read"},
	} {
		w.admin.make("/tenants/"+w.tenant+"/roles", map[string]any{"name": name, "permissions": permissions})
	}
	for explain, want := range map[string][2]string{
		"full": {
			`"reason":"permission_missing","request_id":"ID","missing_permissions":["orders/write"],"tenant":"` + w.tenant +
				`","suggestions":[{"roles":["writer"],"also_opens":1,"may_grant":["` + in.login + `"]},{"roles":["keeper"],"also_opens":`,
			`"reason":"credential_invalid","request_id":"ID"}`,
		},
		"code": {`"reason":"permission_missing","request_id":"ID"}`, `"reason":"credential_invalid","request_id":"ID"}`},
		"none": {`{"type":"about:blank","title":"Forbidden","status":403,"request_id":"ID"}`, `{"type":"about:blank","title":"Unauthorized","status":401,"request_id":"ID"}`},
	} {
		api := orders(w.up.URL)
		api["explain"] = explain
		w.admin.must(http.MethodPut, "/apis/orders", api, "If-Match: *")
		for i, token := range []string{w.token, w.token[:len(w.token)-1] + "!"} {
			res := ask(t, http.MethodPost, in.url("/orders/1"), "", bearer(token))
			id := res.header.Get("X-Request-Id")
			if body := strings.ReplaceAll(res.body, id, "ID"); id == "" || !strings.Contains(body, want[i]) {
				t.Errorf("explain %s: %s\nwithout %s", explain, body, want[i])
			}
		}
	}
}
