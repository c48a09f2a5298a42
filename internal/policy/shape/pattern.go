package shape

import (
	"regexp"
	"strconv"
	"strings"
)

// Bounds of a pattern. What a path has behind them becomes its rest.
const (
	maxPath     = 1024 // bytes
	maxSegments = 12
)

// Segments of a pattern that are no words.
const (
	anything = "{}"    // one segment; it is given a name when it is written
	theRest  = "{...}" // as the last one
)

// Pattern returns the pattern of a canonical path below a base path. It has the
// words of the path and names in the place of all else.
func Pattern(path string) string {
	cut := len(path) > maxPath
	if cut {
		path = path[:strings.LastIndexByte(path[:maxPath], '/')+1]
	}
	var segments []string
	for text := range strings.SplitSeq(path, "/") {
		switch {
		case text == "":
		case len(segments) == maxSegments:
			cut = true
		case isWord(text):
			segments = append(segments, text)
		default:
			segments = append(segments, anything)
		}
	}
	if cut {
		segments = append(segments[:min(len(segments), maxSegments-1)], theRest)
	}
	return write(segments)
}

// read returns the segments of a pattern.
func read(pattern string) []string {
	var segments []string
	for text := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		switch {
		case text == "":
		case strings.HasSuffix(text, "...}"):
			segments = append(segments, theRest)
		case text[0] == '{':
			segments = append(segments, anything)
		default:
			segments = append(segments, text)
		}
	}
	return segments
}

// write returns the pattern of segments. Names are made of the word before them,
// so they are always the same in the same place.
func write(segments []string) string {
	if len(segments) == 0 {
		return "/"
	}
	var b strings.Builder
	taken := map[string]int{}
	before := ""
	for _, s := range segments {
		b.WriteByte('/')
		switch s {
		case anything, theRest:
			name := "rest"
			if s == anything {
				name = nameAfter(before)
			}
			if taken[name]++; taken[name] > 1 {
				name += strconv.Itoa(taken[name])
			}
			b.WriteString("{" + name)
			if s == theRest {
				b.WriteString("...")
			}
			b.WriteByte('}')
		default:
			b.WriteString(s)
		}
		before = s
	}
	return b.String()
}

// nameAfter returns the name of what stands behind a word: one of them.
func nameAfter(word string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(one(word)) {
		switch {
		case c >= 'a' && c <= 'z', b.Len() > 0 && c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0:
			b.WriteByte('_')
		}
	}
	name := strings.TrimRight(b.String(), "_0123456789") // digits are for the second of a name
	if name == "" || name == "rest" || isFrame(word) {
		return "id"
	}
	return name
}

// one returns the singular of most English plurals.
func one(word string) string {
	lower := strings.ToLower(word)
	for _, e := range [...]struct{ many, one string }{
		{"ies", "y"}, {"sses", "ss"}, {"xes", "x"}, {"ches", "ch"}, {"shes", "sh"}, {"ss", "ss"}, {"us", "us"}, {"is", "is"}, {"s", ""},
	} {
		if len(lower) > len(e.many)+1 && strings.HasSuffix(lower, e.many) {
			return word[:len(word)-len(e.many)] + e.one
		}
	}
	return word
}

var frame = regexp.MustCompile(`^(?i:api|apis|rest|services?|v[0-9]{1,3}(\.[0-9]{1,3}){0,2})$`)

// isFrame reports whether a word says nothing of what it leads to, as "api" and
// "v1" do not.
func isFrame(word string) bool { return frame.MatchString(word) }

// Resource returns the word of a pattern that says what it is about: the first
// that says anything. Empty: there is none.
func Resource(pattern string) string {
	for _, s := range read(pattern) {
		if s != anything && s != theRest && !isFrame(s) {
			return s
		}
	}
	return ""
}
