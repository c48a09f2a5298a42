package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// A page is a Markdown file of the repository.
type page struct {
	path   string // from the root
	prose  string // without fenced blocks
	blocks []block
}

// A block is a fenced block.
type block struct {
	language string
	line     int
	text     string
}

// readPages returns all pages but those of tools and of other people.
func readPages(t *testing.T) []page {
	t.Helper()
	var pages []page
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".md"):
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err == nil {
			pages = append(pages, parse(path, string(text)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 20 {
		t.Fatalf("found %d pages only", len(pages))
	}
	return pages
}

var fence = regexp.MustCompile("^\\s*```(\\w*)")

// parse tells prose and fenced blocks apart.
func parse(path, text string) page {
	p := page{path: path}
	var prose strings.Builder
	open, indent := false, ""
	for i, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case m != nil && !open:
			open, indent = true, line[:strings.IndexByte(line, '`')]
			p.blocks = append(p.blocks, block{language: m[1], line: i + 2})
		case m != nil:
			open = false
		case open:
			b := &p.blocks[len(p.blocks)-1]
			b.text += strings.TrimPrefix(line, indent) + "\n"
		default:
			prose.WriteString(line)
		}
		prose.WriteString("\n")
	}
	p.prose = prose.String()
	return p
}

var inline = regexp.MustCompile("`([^`\n]+)`")

// commands returns the lines of a page that look like command lines: those of
// fenced and indented blocks, and what is between backquotes.
func (p page) commands() []string {
	var lines []string
	for _, b := range p.blocks {
		if b.language == "" || b.language == "sh" {
			lines = append(lines, strings.Split(strings.ReplaceAll(b.text, "\\\n", " "), "\n")...)
		}
	}
	for line := range strings.SplitSeq(p.prose, "\n") {
		if strings.HasPrefix(line, "    ") {
			lines = append(lines, line)
		}
		for _, m := range inline.FindAllStringSubmatch(line, -1) {
			lines = append(lines, m[1])
		}
	}
	return lines
}
