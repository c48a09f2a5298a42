package policy_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// naive finds the route of a request by looking at every route, from the words
// of the package comment.
func naive(routes []sallyport.Route, method, host, path, op string) string {
	type candidate struct {
		id        string
		rank      []int // host, segments, parameter, method
		matching  bool
		methodFit bool
	}
	var found []candidate
	for _, r := range routes {
		hostRank, ok := naiveHost(r.Host, host)
		if !ok {
			continue
		}
		segments, ok := naivePath(r.Path, path)
		if !ok {
			continue
		}
		fit := naiveMethod(r.Methods, method)
		rank := append([]int{hostRank}, segments...)
		parameter := 0
		matches := fit > 0
		if r.Parameter != nil {
			parameter = 1
			matches = matches && op == r.Parameter.Value
		}
		// Ranks of different length differ before the shorter one ends.
		rank = append(rank, parameter, fit)
		found = append(found, candidate{r.ID, rank, matches, fit > 0})
	}
	best := candidate{}
	for _, c := range found {
		if c.matching && (best.rank == nil || slices.Compare(c.rank, best.rank) > 0) {
			best = c
		}
	}
	switch {
	case best.rank != nil:
		return best.id
	case len(found) == 0 || slices.ContainsFunc(found, func(c candidate) bool { return c.methodFit }):
		return "route_unknown"
	}
	return "method_not_allowed"
}

func naiveHost(route, host string) (int, bool) {
	name, _, _ := strings.Cut(host, ":")
	switch route {
	case host:
		return 2, true
	case name:
		return 1, true
	}
	return 0, route == ""
}

func naiveMethod(methods []string, method string) int {
	switch {
	case slices.Contains(methods, method):
		return 3
	case method == "HEAD" && slices.Contains(methods, "GET"):
		return 2
	case slices.Contains(methods, "*"):
		return 1
	}
	return 0
}

// naivePath ranks each step: a literal 4, the end 3, a name 2, the rest 1.
func naivePath(pattern, path string) ([]int, bool) {
	var want []string
	if pattern != "/" {
		want = strings.Split(pattern, "/")[1:]
	}
	got := strings.Split(path, "/")[1:]
	var rank []int
	for i, w := range want {
		switch {
		case strings.HasSuffix(w, "...}"):
			return append(rank, 1), true
		case i == len(got):
			return nil, false
		case strings.HasPrefix(w, "{"):
			if got[i] == "" {
				return nil, false
			}
			rank = append(rank, 2)
		case w == got[i]:
			rank = append(rank, 4)
		default:
			return nil, false
		}
	}
	left := got[len(want):]
	return append(rank, 3), len(left) == 0 || len(left) == 1 && left[0] == ""
}

func somePattern() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "{x}"}), 0, 4).Draw(t, "segments")
		for i := range parts {
			if parts[i] == "{x}" {
				parts[i] = "{x" + strings.Repeat("y", i) + "}"
			}
		}
		switch rapid.IntRange(0, 5).Draw(t, "end") {
		case 0:
			parts = append(parts, "{rest...}")
		case 1:
			if len(parts) > 0 {
				parts = append(parts, "")
			}
		}
		return "/" + strings.Join(parts, "/")
	})
}

func someRoute() *rapid.Generator[sallyport.Route] {
	return rapid.Custom(func(t *rapid.T) sallyport.Route {
		methods := rapid.SampledFrom([]string{"GET", "POST", "*", "HEAD", "GET,POST", "PURGE", "DELETE"}).Draw(t, "methods")
		host := rapid.SampledFrom([]string{"", "", "", "h.test", "h.test:81"}).Draw(t, "host")
		r := route(methods + " " + host + somePattern().Draw(t, "pattern"))
		if op := rapid.SampledFrom([]string{"", "", "", "1", "2"}).Draw(t, "op"); op != "" {
			r = with(r, "query", "op", "", op)
		}
		return r
	})
}

// someRoutes gives routes that do not clash.
func someRoutes(t *rapid.T) []sallyport.Route {
	var routes []sallyport.Route
	for _, r := range rapid.SliceOfN(someRoute(), 1, 12).Draw(t, "routes") {
		api := apiOf(append(slices.Clone(routes), r)...)
		if len(rules.Check(&api)) == 0 {
			routes = append(routes, r)
		}
	}
	return routes
}

// The trie and the naive matcher agree, in whatever order the routes come.
func TestMatchAgreesWithNaiveMatcher(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	rapid.Check(t, func(t *rapid.T) {
		routes := someRoutes(t)
		first, err := c.Compile(policy.Source{APIs: []sallyport.API{apiOf(routes...)}})
		if err != nil {
			t.Fatal(err)
		}
		shuffled := rapid.Permutation(routes).Draw(t, "in another order")
		second, err := c.Compile(policy.Source{APIs: []sallyport.API{apiOf(shuffled...)}})
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PURGE", "DELETE", "OTHER"}).Draw(t, "method")
			host := rapid.SampledFrom([]string{"h.test", "h.test:81", "h.test:82", "i.test"}).Draw(t, "host")
			path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 5).Draw(t, "path"), "/")
			if path != "/" && rapid.Bool().Draw(t, "slash") {
				path += "/"
			}
			op := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "asked op")
			want := naive(routes, method, host, path, op)
			for _, s := range []*policy.Snapshot{first, second} {
				got, _ := ask(s, method, host, path, parameters{"query op": op})
				if reason, _, _ := strings.Cut(got, " "); reason == "method_not_allowed" {
					got = reason // the methods are tried elsewhere
				}
				if got != want {
					t.Fatalf("%s %s%s op=%s went to %q, want %q", method, host, path, op, got, want)
				}
			}
		}
	})
}

// Two routes that some request matches with equal right are found, and only
// those: among routes that passed the check no request has two best ones.
func TestClashesAreRealAndComplete(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := someRoute().Draw(t, "a"), someRoute().Draw(t, "b")
		a.ID, b.ID = "a", "b"
		api := apiOf(a, b)
		refused := len(rules.Check(&api)) > 0
		clash := false
		for _, method := range []string{"GET", "HEAD", "POST", "PURGE", "DELETE", "OTHER"} {
			for _, op := range []string{"1", "2"} {
				clash = clash || tie(a, b, method, op)
			}
		}
		if refused != clash {
			t.Fatalf("refused %v, but a tie is possible: %v", refused, clash)
		}
	})
}

// tie reports whether both routes match a request with this method and parameter
// and neither is the more specific one in every respect.
func tie(a, b sallyport.Route, method, op string) bool {
	if a.Host != b.Host || shape(a.Path) != shape(b.Path) {
		return false
	}
	fitA, fitB := naiveMethod(a.Methods, method), naiveMethod(b.Methods, method)
	if fitA == 0 || fitB == 0 || a.Parameter != nil && a.Parameter.Value != op || b.Parameter != nil && b.Parameter.Value != op {
		return false
	}
	has := map[bool]int{true: 1}
	return cmp.Compare(fitA, fitB)*cmp.Compare(has[a.Parameter != nil], has[b.Parameter != nil]) < 0 ||
		fitA == fitB && (a.Parameter != nil) == (b.Parameter != nil)
}

// shape is a pattern without its names.
func shape(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{x") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}
