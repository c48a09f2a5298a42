package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// peopleToImport has all that a user can begin with.
const peopleToImport = `login,name,state,groups,roles
mia,Mia,active,staff|night,clerk|guard
max,Max,inactive,staff,clerk
`

const keysToImport = `_format_version: "3.0"
consumers:
  - username: app
    keyauth_credentials: [{key: kongs-own-key-0123456789-NUMBER}]
    acls: [{group: clerk}]
`

// An import is broken off after each of the changes that it makes. Doing it again
// makes the rest, so that it is as after one that was not broken off; and in
// between nothing is half made.
func TestImportIsBrokenOff(t *testing.T) {
	w := newWorld(t)
	door := newBrokenDoor(t, w.url)
	t.Setenv("SALLYPORT_TOKEN", w.root)
	const changes = 4 + 2 + 1 // roles and groups, users, the key
	for n := range changes {
		i := newImporting(t, w.url, n)
		door.left.Store(int64(n))
		if i.everything(door.url) {
			t.Fatalf("with %d changes the import was whole; the count in this test is wrong", n)
		}
		i.check(n)
		if !i.everything(w.url) {
			t.Fatalf("broken off after %d changes, the import fails when it is done again", n)
		}
		i.check(changes)
		i.must("user", "delete", "mia")
		i.must("user", "delete", "max")
	}
}

// An importing is an import of the files into a tenant of its own.
type importing struct {
	t            *testing.T
	url, tenant  string
	people, keys string // paths
}

func newImporting(t *testing.T, url string, n int) *importing {
	t.Helper()
	dir := t.TempDir()
	i := &importing{t, url, fmt.Sprint("plant", n), filepath.Join(dir, "people.csv"), filepath.Join(dir, "kong.yaml")}
	for path, text := range map[string]string{i.people: peopleToImport, i.keys: strings.ReplaceAll(keysToImport, "NUMBER", fmt.Sprint(n))} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	i.must("tenant", "create", i.tenant)
	return i
}

// run runs the program.
func (i *importing) run(url string, args ...string) (string, bool) {
	i.t.Helper()
	i.t.Setenv("SALLYPORT_URL", url)
	var out, errOut strings.Builder
	status := run(i.t.Context(), args, strings.NewReader(""), &out, &errOut)
	return out.String() + errOut.String(), status == exitOK
}

func (i *importing) must(args ...string) string {
	i.t.Helper()
	out, ok := i.run(i.url, args...)
	if !ok {
		i.t.Fatalf("%v:\n%s", args, out)
	}
	return out
}

// everything imports both files, until something fails.
func (i *importing) everything(url string) bool {
	i.t.Helper()
	_, ok := i.run(url, "import", "csv", i.people, "--tenant", i.tenant)
	if ok {
		_, ok = i.run(url, "import", "kong", i.keys, "--tenant", i.tenant)
	}
	return ok
}

// check wants what there is after n changes to be as the files have it.
func (i *importing) check(n int) {
	i.t.Helper()
	users := i.must("user", "list", "--tenant", i.tenant)
	if n > 4 != strings.Contains(users, "mia") || n > 5 != strings.Contains(users, "max") {
		i.t.Errorf("after %d changes there are the users\n%s", n, users)
	}
	if n > 5 && !strings.Contains(i.must("user", "get", "max"), "deactivated") {
		i.t.Errorf("after %d changes max is in use", n)
	}
	if n <= 4 {
		return
	}
	for _, group := range []string{"staff", "night"} {
		if got := i.must("group", "members", group, "--tenant", i.tenant); !strings.Contains(got, "mia") {
			i.t.Errorf("after %d changes mia is not in %s:\n%s", n, group, got)
		}
	}
	bindings := i.must("binding", "list", "--tenant", i.tenant, "-o", "json")
	want := 2 + max(0, n-5) // of mia, of max, of the key
	if got := strings.Count(bindings, `"subject_kind"`); got != want {
		i.t.Errorf("after %d changes there are %d bindings, want %d:\n%s", n, got, want, bindings)
	}
}

// A brokenDoor stands before an installation and lets so many changes through as
// are left. Then it breaks every connection off, as when the program that imports
// is killed.
type brokenDoor struct {
	url  string
	left atomic.Int64
}

func newBrokenDoor(t *testing.T, to string) *brokenDoor {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	d := &brokenDoor{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && d.left.Add(-1) < 0 {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}
