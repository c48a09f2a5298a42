package shape_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/policy/shape"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, want string }{
		{"", "/"},
		{"/", "/"},
		{"/racks", "/racks"},
		{"/racks/", "/racks"},
		{"/racks/17", "/racks/{rack}"},
		{"/racks/17/devices/4711", "/racks/{rack}/devices/{device}"},
		{"/racks/17/18", "/racks/{rack}/{id}"},
		{"/17/18", "/{id}/{id2}"},
		{"/racks/4213b2bc-e1ab-4225-acc6-2f64c98d621b", "/racks/{rack}"},
		{"/api/v1/policies/9", "/api/v1/policies/{policy}"},
		{"/api/v1/9", "/api/v1/{id}"},
		{"/boxes/9", "/boxes/{box}"},
		{"/addresses/9", "/addresses/{address}"},
		{"/status/9", "/status/{status}"},
		{"/rest/9", "/rest/{id}"},
		{"/a-b.c/9", "/a-b.c/{a_b_c}"},
		{"/v1.2/openapi.json", "/v1.2/openapi.json"},
		{"/dataCenterHealthChecks", "/dataCenterHealthChecks"},
		{"/URLShortener", "/URLShortener"},
		{"/users/me", "/users/me"},
		{"/users/jo%40example.com", "/users/{user}"},
		{"/users/jo@example.com", "/users/{user}"},
		{"/days/2030-05-01", "/days/{day}"},
		{"/commits/d3b07384d113edec49eaa6238ad5ff00", "/commits/{commit}"},
		{"/commits/d3b0738", "/commits/{commit}"},
		{"/nbapi/ei/v1/assetTypes", "/nbapi/ei/v1/assetTypes"},
		{"/hooks/QmFzZTY0IHRva2Vu", "/hooks/{hook}"},
		{"/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "/a/b/c/d/e/f/g/h/i/j/k/{rest...}"},
	} {
		if got := shape.Pattern(tt.path); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
}

// TestPatternKeepsNoSecret draws what secrets look like and finds none of them in
// a pattern, or hardly any of those that are letters by chance.
func TestPatternKeepsNoSecret(t *testing.T) {
	t.Parallel()
	kept, drawn := 0, 0
	for n := range 2000 {
		raw := make([]byte, 12+n%24)
		if _, err := rand.Read(raw); err != nil {
			t.Fatal(err)
		}
		letters := make([]byte, 16)
		for i := range letters {
			letters[i] = 'a' + raw[i%len(raw)]%26
		}
		for _, secret := range []string{
			hex.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw),
			"spp_" + strings.Repeat("a", 27) + "QrXvTz", "eyJhbGciOiJub25lIn0.e30.", "AKIA" + strings.ToUpper(hex.EncodeToString(raw[:8])),
		} {
			if strings.Contains(shape.Pattern("/login/"+secret), secret) {
				drawn++
			}
		}
		if strings.Contains(shape.Pattern("/login/"+string(letters)), string(letters)) {
			kept++
		}
	}
	// Letters may look like language by chance, and a word with a number behind it like
	// a name; few do.
	if kept > 200 || drawn > 10 {
		t.Errorf("%d of 2000 random texts of letters are kept, and %d of 12000 secrets", kept, drawn)
	}
}

// FuzzPattern: whatever the path, the pattern is one that a route can have, and
// the pattern of a pattern's path is the pattern.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"/", "/racks/17", "//", "/{x}", "/%7Bx%7D/1", "/a/{rest...}", strings.Repeat("/a", 300), "/" + strings.Repeat("a", 3000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		pattern := shape.Pattern(path)
		api := sallyport.API{
			Name: "x", BasePath: "/x", Permissions: []sallyport.PermissionSpec{{Name: "p"}},
			Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: pattern, AnyOf: []string{"p"}}},
		}
		if faults := (policy.Rules{}).Check(&api); len(faults) > 0 {
			t.Errorf("%q becomes %q: %v", path, pattern, faults)
		}
		if len(pattern) > 2048 {
			t.Errorf("a pattern of %d bytes", len(pattern))
		}
	})
}

// TestBound: names of people in a place become a name, resources do not, and what
// was asked for once goes before what is asked for all the time.
func TestBound(t *testing.T) {
	t.Parallel()
	seen := map[string]int64{"/health": 9, "/users/{user}/orders": 1}
	for i := range 60 {
		word := "user" + letters(i)
		seen["/users/"+word] = 5
		seen["/users/"+word+"/orders"] = 5
		seen["/"+word+"s/{"+word+"}"] = 5 // a resource
	}
	for i := range 50 {
		seen["/reports/"+letters(i)] = 1
	}
	seen["/reports/daily"] = 100
	got := shape.Bound(seen)
	if _, moved := got["/health"]; moved || got["/usera"] != "" {
		t.Errorf("resources became names: %v", got)
	}
	for from, want := range map[string]string{
		"/users/user" + letters(3): "/users/{user}", "/users/user" + letters(3) + "/orders": "/users/{user}/orders",
		"/reports/" + letters(2): "/reports/{report}",
	} {
		if got[from] != want {
			t.Errorf("%s becomes %q, want %q", from, got[from], want)
		}
	}
	if to, moved := got["/reports/daily"]; moved {
		t.Errorf("/reports/daily becomes %s, though it is asked for all the time", to)
	}
}

// letters spells a number, so that it looks like a word.
func letters(n int) string {
	const consonants, vowels = "bdfgklmnprst", "aeiou"
	var out []byte
	for range 3 {
		out = append(out, consonants[n%len(consonants)], vowels[n/len(consonants)%len(vowels)])
		n /= 2
	}
	return string(append(out, "abcdefghijklmnopqrstuvwxyz"[n%26]))
}

func TestRefine(t *testing.T) {
	t.Parallel()
	seen := map[string]int64{"/health": 1, "/version": 1, "/status": 1, "/login": 1, "/logout": 1, "/metrics": 1, "/docs": 1}
	for _, name := range []string{"ann", "bob", "cleo", "dan", "eve", "fay"} {
		seen["/users/"+name] = 3
		seen["/teams/blue/"+name+"s/{"+name+"}"] = 3 // resources below a word
	}
	got := shape.Refine(seen)
	want := []string{"/users/ann", "/users/bob", "/users/cleo", "/users/dan", "/users/eve", "/users/fay"}
	if moved := slices.Sorted(maps.Keys(got)); !slices.Equal(moved, want) {
		t.Errorf("%v became names, want %v", moved, want)
	}
}

// TestBoundIsBounded: whatever is asked for, few patterns remain, each request is
// in one of them, and doing it again changes nothing.
func TestBoundIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seen := map[string]int64{}
		for range rapid.IntRange(0, 600).Draw(t, "paths") {
			segments := rapid.SliceOfN(rapid.SampledFrom([]string{"api", "users", "ann", "17", "items", "x", "y", "zoo"}), 0, 4).Draw(t, "segments")
			segments = append(segments, letters(rapid.IntRange(0, 3000).Draw(t, "word")))
			seen[shape.Pattern("/"+strings.Join(segments, "/"))] += rapid.Int64Range(1, 9).Draw(t, "requests")
		}
		after := map[string]int64{}
		becomes := shape.Bound(seen)
		for pattern, n := range seen {
			if to, ok := becomes[pattern]; ok {
				pattern = to
			}
			after[pattern] += n
		}
		if again := shape.Bound(after); len(again) > 0 {
			t.Fatalf("once more: %v", again)
		}
		in := map[string]int{}
		for pattern := range after {
			in[pattern[:strings.LastIndexByte(pattern, '/')]]++
		}
		for at, n := range in {
			if n > 202 {
				t.Fatalf("%d patterns in %q", n, at)
			}
		}
	})
}
