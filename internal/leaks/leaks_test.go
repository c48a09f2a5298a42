package leaks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/leaks"
	"github.com/sallyport/sallyport/internal/token"
)

var kinds = []sallyport.CredentialKind{
	sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.AccessToken, sallyport.RefreshToken, sallyport.Session,
}

func mint(t testing.TB, kind sallyport.CredentialKind) string {
	t.Helper()
	s, err := token.Mint(kind)
	if err != nil {
		t.Fatal(err)
	}
	return s.Reveal()
}

// scan returns what is found in text, as "line:column kind".
func scan(t *testing.T, text string) (list []string) {
	t.Helper()
	err := leaks.Scan(strings.NewReader(text), "file", func(f leaks.Find) {
		list = append(list, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Kind))
		if f.Path != "file" || strings.Contains(f.Hint(), f.Secret.Reveal()) {
			t.Errorf("found %+v with the hint %s", f, f.Hint())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestScan(t *testing.T) {
	t.Parallel()
	p, k := mint(t, sallyport.PersonalToken), mint(t, sallyport.APIKey)
	wrong := p[:len(p)-1] + map[bool]string{true: "b", false: "a"}[p[len(p)-1] == 'a']
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"nothing":         {"", nil},
		"alone":           {p, []string{"1:1 personal_token"}},
		"in code":         {"x\n\ttoken = \"" + p + "\"\r\n", []string{"2:11 personal_token"}},
		"in a URL":        {"http://u:" + k + "@host/\n", []string{"1:10 api_key"}},
		"two in a line":   {p + " " + k + "\n", []string{"1:1 personal_token", "1:42 api_key"}},
		"side by side":    {p + k, nil}, // then they are neither
		"underscore":      {"_" + p + "_", []string{"1:2 personal_token"}},
		"wrong checksum":  {wrong, nil},
		"part of a word":  {"a" + p, nil},
		"cut off":         {p[:39], nil},
		"false beginning": {"spsp" + "_ sp " + p, []string{"1:10 personal_token"}},
		"among bytes":     {"\x00\xff" + p + "\x00", []string{"1:3 personal_token"}},
	} {
		if got := scan(t, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestScanLongLines: a secret at any place of a line that is looked at in parts is
// found once.
func TestScanLongLines(t *testing.T) {
	t.Parallel()
	p := mint(t, sallyport.PersonalToken)
	const part = 1 << 20
	for _, at := range []int{0, part - 80, part - 41, part - 40, part - 39, part - 20, part - 1, part, part + 1, 2*part - 60, 3*part - 100} {
		text := strings.Repeat(".", at) + p + strings.Repeat(".", 100) + "\n" + p
		if got, want := scan(t, text), []string{fmt.Sprintf("1:%d personal_token", at+1), "2:1 personal_token"}; !slices.Equal(got, want) {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := mint(t, sallyport.PersonalToken)
	for name, text := range map[string]string{"a.txt": p, "sub/b.env": "X=1\nT=" + p, ".git/config": p, "sub/.git/c": p, ".github/d": p} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := leaks.Tree(dir, func(f leaks.Find) {
		name, _ := filepath.Rel(dir, f.Path)
		got = append(got, fmt.Sprintf("%s:%d", name, f.Line))
	}, func(path string, err error) { t.Errorf("skipped %s: %v", path, err) })
	if want := []string{".github/d:1", "a.txt:1", "sub/b.env:2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %v, %v; want %v", got, err, want)
	}
	if err := leaks.Tree(filepath.Join(dir, "nothing"), nil, nil); err == nil {
		t.Error("what is not there was scanned")
	}
}

// TestHistory: what was committed once is found, also when it was removed, on another
// branch or in a file with an odd name.
func TestHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "init.defaultBranch=main"}, args...)...)
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, branch, odd := mint(t, sallyport.PersonalToken), mint(t, sallyport.APIKey), mint(t, sallyport.ApplicationToken)
	git("init", "-q")
	put("config.env", "A=1\nTOKEN="+removed+"\n")
	put("other", "nothing\n")
	git("add", ".")
	git("commit", "-qm", "first")
	first := git("rev-parse", "HEAD")
	put("config.env", "A=1\n")
	put("an odd\nname: é", odd)
	git("add", ".")
	git("commit", "-qm", "second")
	second := git("rev-parse", "HEAD")
	git("checkout", "-qb", "side")
	put("key.txt", branch)
	git("add", ".")
	git("commit", "-qm", "third")
	third := git("rev-parse", "HEAD")
	git("checkout", "-q", "main")

	var got []string
	err := leaks.History(t.Context(), dir, func(f leaks.Find) {
		got = append(got, fmt.Sprintf("%s %s:%d %s", f.Commit, f.Path, f.Line, f.Secret.Reveal()))
	})
	want := []string{
		fmt.Sprintf("%s config.env:2 %s", first, removed),
		fmt.Sprintf("%s an odd\nname: é:1 %s", second, odd),
		fmt.Sprintf("%s key.txt:1 %s", third, branch),
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("found %q, %v\nwant  %q", got, err, want)
	}
	if err := leaks.History(t.Context(), t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("a folder without git: %v", err)
	}
}

// TestRules: what deploy/scanners ships finds secrets that are made now.
func TestRules(t *testing.T) {
	t.Parallel()
	gitleaks, err := os.ReadFile("../../deploy/scanners/gitleaks.toml")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`(?m)^regex = '''(.*)'''$`).FindSubmatch(gitleaks)
	if rule == nil {
		t.Fatal("gitleaks.toml has no regex")
	}
	hog, err := os.ReadFile("../../deploy/scanners/trufflehog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var detectors struct {
		Detectors []struct {
			Keywords []string          `yaml:"keywords"`
			Regex    map[string]string `yaml:"regex"`
		} `yaml:"detectors"`
	}
	if err := yaml.Unmarshal(hog, &detectors); err != nil || len(detectors.Detectors) != 1 {
		t.Fatalf("trufflehog.yaml: %+v, %v", detectors, err)
	}
	for name, text := range map[string]string{"gitleaks": string(rule[1]), "trufflehog": detectors.Detectors[0].Regex["secret"]} {
		pattern, err := regexp.Compile(text) // both programs are written in Go
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, kind := range kinds {
			secret := mint(t, kind)
			m := pattern.FindStringSubmatch("password: \"" + secret + "\",")
			if m == nil || m[1] != secret {
				t.Errorf("%s does not find a %s: %q", name, kind, m)
			}
			if pattern.MatchString(secret[:39]) || pattern.MatchString(secret+"x") {
				t.Errorf("%s finds what is no %s", name, kind)
			}
			if !slices.Contains(detectors.Detectors[0].Keywords, secret[:4]) || !strings.Contains(string(gitleaks), `"`+secret[:4]+`"`) {
				t.Errorf("the prefix of a %s is not among the keywords", kind)
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	p := mint(f, sallyport.PersonalToken)
	f.Add("a "+p+" b", 3)
	f.Add("spp_", 1)
	f.Fuzz(func(t *testing.T, text string, _ int) {
		last := 0
		err := leaks.Scan(strings.NewReader(text), "x", func(f leaks.Find) {
			if kind, ok := token.Inspect(f.Secret.Reveal()); !ok || kind != f.Kind || !strings.Contains(text, f.Secret.Reveal()) || f.Line < last {
				t.Errorf("found %+v in %q", f, text)
			}
			last = f.Line
		})
		if err != nil {
			t.Error(err)
		}
	})
}
