package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

// TestLinks: every relative link leads to a file, and to a heading in it if it
// names one.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages := readPages(t)
	headings := map[string]map[string]bool{}
	for _, p := range pages {
		headings[p.path] = anchors(p.prose)
	}
	for _, p := range pages {
		for _, m := range link.FindAllStringSubmatch(inline.ReplaceAllString(p.prose, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			to := p.path
			if file != "" {
				to = filepath.Join(filepath.Dir(p.path), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil || strings.HasPrefix(to, "..") {
				t.Errorf("%s: the link %s leads nowhere", p.path, m[1])
			} else if anchor != "" && !headings[to][anchor] {
				t.Errorf("%s: the link %s leads to no heading", p.path, m[1])
			}
		}
	}
}

// anchors returns the names by which the headings of a page can be linked, as
// forges make them, and those that are written out.
func anchors(prose string) map[string]bool {
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`<a (?:id|name)="([^"]+)"`).FindAllStringSubmatch(prose, -1) {
		names[m[1]] = true
	}
	for line := range strings.SplitSeq(prose, "\n") {
		text := strings.TrimLeft(line, "#")
		if text == line || !strings.HasPrefix(text, " ") {
			continue
		}
		names[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(text))] = true
	}
	return names
}
