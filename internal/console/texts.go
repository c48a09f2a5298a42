package console

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed texts/*.txt
var textFiles embed.FS

// fallback is the language of who asks for none that there is.
const fallback = "en"

// A catalogue is all texts in one language, by key.
//
// Each language is one file in texts/, named by its tag. A line is "key = text";
// "[part]" begins a part, whose name is put before the keys that follow. In a
// text, {1} is the first argument, *these words* are strong, and `this` is
// code. A text that counts has two keys, "key.one" and "key.other".
type catalogue struct {
	lang  string
	texts map[string]aText // by key
}

// An aText is a text as it is shown, with holes for arguments.
type aText struct {
	plain string
	rich  string // as HTML
}

// loadTexts reads all languages.
func loadTexts() (map[string]*catalogue, error) {
	files, err := textFiles.ReadDir("texts")
	if err != nil {
		return nil, fmt.Errorf("read the texts: %w", err)
	}
	all := map[string]*catalogue{}
	for _, f := range files {
		text, err := textFiles.ReadFile("texts/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("read the texts: %w", err)
		}
		lang := strings.TrimSuffix(f.Name(), path.Ext(f.Name()))
		if all[lang], err = readTexts(lang, string(text)); err != nil {
			return nil, fmt.Errorf("read the texts in %s: %w", f.Name(), err)
		}
	}
	if all[fallback] == nil {
		return nil, fmt.Errorf("read the texts: there are none in %q", fallback)
	}
	return all, nil
}

func readTexts(lang, text string) (*catalogue, error) {
	c := &catalogue{lang: lang, texts: map[string]aText{}}
	lines, part := bufio.NewScanner(strings.NewReader(text)), ""
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(name, "]") {
			part = strings.TrimSuffix(name, "]") + "."
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		key = part + key
		switch {
		case !ok:
			return nil, fmt.Errorf("line %d is neither a part nor a text", n)
		case c.has(key):
			return nil, fmt.Errorf("line %d: %s is there already", n, key)
		}
		c.texts[key] = aText{unmarked.Replace(value), marked(value)}
	}
	return c, lines.Err()
}

// has reports whether there is a text.
func (c *catalogue) has(key string) bool { return c.texts[key].plain != "" }

// unmarked takes the markup out of a text.
var unmarked = strings.NewReplacer("*", "", "`", "")

// plain returns a text without markup. Of a key that is not there it is the key.
func (c *catalogue) plain(key string, args ...any) string {
	text, ok := c.texts[key]
	if !ok {
		return key
	}
	return fill(text.plain, args, func(s string) string { return s })
}

// count returns the text for a number of things, which is its first argument.
func (c *catalogue) count(key string, n int, args ...any) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return c.plain(key+form, slices.Concat([]any{n}, args)...)
}

// rich returns a text with its markup. Arguments are escaped and have none.
func (c *catalogue) rich(key string, args ...any) template.HTML {
	text, ok := c.texts[key]
	if !ok {
		text.rich = marked(key)
	}
	return template.HTML(fill(text.rich, args, template.HTMLEscapeString)) //nolint:gosec // text of ours, and arguments that were escaped
}

// marked is a text as HTML.
func marked(text string) string {
	return paired(paired(template.HTMLEscapeString(text), "*", "strong"), "`", "code")
}

// paired puts an element around what stands between two marks.
func paired(text, mark, element string) string {
	parts := strings.Split(text, mark)
	for i := 1; i < len(parts)-1; i += 2 {
		parts[i] = "<" + element + ">" + parts[i] + "</" + element + ">"
	}
	return strings.Join(parts, "")
}

// fill puts arguments in their places.
func fill(text string, args []any, escape func(string) string) string {
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, arg := range args {
		written, safe := arg.(template.HTML)
		if !safe {
			written = template.HTML(escape(fmt.Sprint(arg))) //nolint:gosec // escaped
		}
		pairs = append(pairs, "{"+strconv.Itoa(i+1)+"}", string(written))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// languageOf chooses among languages by what a browser asks for (RFC 9110
// section 12.5.4). What it prefers is what it names first; weights that say
// otherwise are rare, and a wrong guess costs little.
func languageOf(accept string, all map[string]*catalogue) string {
	for wanted := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(wanted), ";")
		tag = strings.ToLower(tag)
		if all[tag] != nil {
			return tag
		}
		if primary, _, _ := strings.Cut(tag, "-"); all[primary] != nil {
			return primary
		}
	}
	return fallback
}
