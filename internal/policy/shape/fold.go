package shape

import (
	"maps"
	"slices"
	"strings"
)

// Bounds of how many words may stand in one place.
const (
	topWords    = 200 // of resources, of which an API has many
	deeperWords = 40
	rareWord    = 3 // requests; whatever was asked for less often goes first
	fewValues   = 6 // words that [Refine] takes for values
)

// A node is a place in the tree of all patterns.
type node struct {
	kids map[string]*node
	seen int64    // requests to this place and below
	from []string // the patterns that end here
}

func (n *node) kid(segment string) *node {
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	k := n.kids[segment]
	if k == nil {
		k = &node{}
		n.kids[segment] = k
	}
	return k
}

// take puts another node into this one.
func (n *node) take(other *node) {
	n.seen += other.seen
	n.from = append(n.from, other.from...)
	for segment, k := range other.kids {
		n.kid(segment).take(k)
	}
}

// words are the kids that are words, sorted.
func (n *node) words() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for segment := range n.kids {
			if segment != anything && segment != theRest && !yield(segment) {
				return
			}
		}
	})
}

// A chooser says which words in a place are values of something.
type chooser func(at []string, n *node) []string

// Bound returns what becomes of patterns, by how often each was asked for, so
// that no more words than can be told apart stand in one place. Patterns that
// stay as they are, are left out.
func Bound(seen map[string]int64) map[string]string { return fold(seen, tooMany) }

// Refine is [Bound] for who makes routes of patterns: a handful of words that
// lead to nothing but words are taken for values already, except where the
// resources of the API stand.
func Refine(seen map[string]int64) map[string]string {
	return fold(seen, func(at []string, n *node) []string {
		if values := tooMany(at, n); values != nil {
			return values
		}
		if isTop(at) {
			return nil
		}
		var items []string
		for _, w := range n.words() {
			if n.kids[w].kids[anything] == nil { // else it is a list of things
				items = append(items, w)
			}
		}
		if len(items) < fewValues {
			return nil
		}
		return items
	})
}

func tooMany(at []string, n *node) []string {
	most := deeperWords
	if isTop(at) {
		most = topWords
	}
	words := n.words()
	if len(words) <= most {
		return nil
	}
	rare := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return n.kids[w].seen >= rareWord })
	if len(words)-len(rare) <= most/2 {
		return rare
	}
	return words
}

// isTop reports whether resources stand in a place.
func isTop(at []string) bool {
	return !slices.ContainsFunc(at, func(s string) bool { return !isFrame(s) })
}

func fold(seen map[string]int64, choose chooser) map[string]string {
	root := &node{}
	for _, pattern := range slices.Sorted(maps.Keys(seen)) {
		n := root
		n.seen += seen[pattern]
		for _, segment := range read(pattern) {
			n = n.kid(segment)
			n.seen += seen[pattern]
		}
		n.from = append(n.from, pattern)
	}
	out := map[string]string{}
	root.walk(nil, choose, out)
	return out
}

func (n *node) walk(at []string, choose chooser, out map[string]string) {
	pattern := write(at)
	for _, from := range n.from {
		if from != pattern {
			out[strings.Clone(from)] = pattern
		}
	}
	for _, w := range choose(at, n) {
		value := n.kids[w]
		delete(n.kids, w)
		n.kid(anything).take(value)
	}
	for segment, k := range n.kids {
		k.walk(append(slices.Clone(at), segment), choose, out)
	}
}
