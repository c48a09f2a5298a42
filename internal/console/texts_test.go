package console

import (
	"html"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	literalKey = regexp.MustCompile(`"((?:[a-z][a-z0-9-]*\.)+[a-z0-9.-]*)"`)
	fieldKeys  = regexp.MustCompile(`\(field "([a-z.-]+)" "([a-z_]+)"`)
	printedKey = regexp.MustCompile(`print "([a-z.-]+\.)"`)
)

// Every text that a page asks for is there, and none is there that no page asks
// for.
func TestTextsAreUsed(t *testing.T) {
	t.Parallel()
	texts := english(t)
	used := map[string]bool{}
	prefixes := []string{"state.", "done.", "setting."}
	var files []string
	for _, pattern := range []string{"*.go", "templates/*.html", "templates/parts/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literalKey.FindAllStringSubmatch(string(text), -1) {
			if strings.HasSuffix(m[1], ".") {
				prefixes = append(prefixes, m[1])
			}
			used[m[1]], used[m[1]+".one"], used[m[1]+".other"] = true, true, true
		}
		for _, m := range fieldKeys.FindAllStringSubmatch(string(text), -1) {
			if strings.HasSuffix(file, ".go") {
				continue // an example
			}
			key := m[1] + "." + m[2]
			used[key], used[key+".hint"] = true, true
			if !texts.has(key) {
				t.Errorf("%s: the field has no text %q", file, key)
			}
		}
		if strings.HasSuffix(file, ".html") {
			for _, m := range regexp.MustCompile(`\b(t|count) "([a-z.-]+)"`).FindAllStringSubmatch(string(text), -1) {
				if key := m[2]; m[1] == "t" && !texts.has(key) || m[1] == "count" && (!texts.has(key+".one") || !texts.has(key+".other")) {
					t.Errorf("%s: there is no text %q", file, key)
				}
			}
		}
		for _, m := range printedKey.FindAllStringSubmatch(string(text), -1) {
			prefixes = append(prefixes, m[1])
		}
		for _, m := range regexp.MustCompile(`(?:v\.text|texts\(\)\.plain|c\.plain)\("([a-z.-]+[a-z])"[,)]`).FindAllStringSubmatch(string(text), -1) {
			if !texts.has(m[1]) {
				t.Errorf("%s: there is no text %q", file, m[1])
			}
		}
	}
	for key := range texts.texts {
		ok := used[key]
		for _, p := range prefixes {
			ok = ok || strings.HasPrefix(key, p)
		}
		if !ok {
			t.Errorf("nothing uses the text %q", key)
		}
	}
}

// wordsAllowed are those that are the same in every language.
var wordsAllowed = []string{"Sallyport"}

// bareWords returns the words that stand in a template itself, where no language
// can have them otherwise: between its tags, and in what is read out of them.
func bareWords(text string) (found []string) {
	text = regexp.MustCompile(`(?s)\{\{.*?\}\}`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\saria-(?:describedby|invalid)="[^"]*"`).ReplaceAllString(text, "") // a part of a tag
	tags := regexp.MustCompile(`(?s)<[^>]*>`)
	told := regexp.MustCompile(`\s(?:aria-label|title|alt|placeholder|data-label|data-copied)="([^"]*)"`)
	var spoken []string
	for _, tag := range tags.FindAllString(text, -1) {
		for _, m := range told.FindAllStringSubmatch(tag, -1) {
			spoken = append(spoken, m[1])
		}
	}
	spoken = append(spoken, tags.ReplaceAllString(text, " "))
	for _, word := range regexp.MustCompile(`\pL+`).FindAllString(html.UnescapeString(strings.Join(spoken, " ")), -1) {
		if !slices.Contains(wordsAllowed, word) {
			found = append(found, word)
		}
	}
	return found
}

// No template has words in it: all are in the catalogue.
func TestTemplatesHoldNoWords(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 40 {
		t.Fatalf("there are only %d templates", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if words := bareWords(string(text)); len(words) > 0 {
			t.Errorf("%s has words that belong into texts/en.txt: %q", file, words)
		}
	}
	got := bareWords(`<p title="Two" class="three">One {{t "a.b"}}</p><input value="four" placeholder="Five&nbsp;é"> · Sallyport`)
	if want := []string{"Two", "Five", "é", "One"}; !slices.Equal(got, want) {
		t.Errorf("words: %q, want %q", got, want)
	}
}

// No handler has sentences in it either. What admin and the table of reasons say
// is theirs.
func TestHandlersHoldNoSentences(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`\.(?:frame|at|say|need|text)\([^\n]*"[A-Z][a-z]+[ a-z][^"\n]*"|(?:Heading|Text|Title|Button|Warning)(?::|:?=| =) "[A-Z]`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "design.go" { // which has samples
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range shown.FindAllString(string(text), -1) {
			t.Errorf("%s: %s", file, found)
		}
	}
}

// Every language has the same texts.
func TestLanguages(t *testing.T) {
	t.Parallel()
	all, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	for lang, c := range all {
		for key := range all[fallback].texts {
			if !c.has(key) {
				t.Errorf("%s has no %q", lang, key)
			}
		}
	}
	all["de"] = &catalogue{lang: "de"}
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-CH,de;q=0.9,en;q=0.5": "de", "fr, de;q=0.1": "de", "fr": "en", "*": "en", "DE": "de", ",;": "en",
	} {
		if got := languageOf(accept, all); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", accept, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	c, err := readTexts("en", "# a note\n[a]\nplain = {1} & *{2}* `x`\nn.one = {1} thing\nn.other = {1} things\n\n[b]\nc = d")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.rich("a.plain", "<i>*", 7), template.HTML("&lt;i&gt;* &amp; <strong>7</strong> <code>x</code>"); got != want {
		t.Errorf("rich: %q, want %q", got, want)
	}
	if got, want := c.plain("a.plain", "<i>*", 7), "<i>* & 7 x"; got != want {
		t.Errorf("plain: %q, want %q", got, want)
	}
	if c.count("a.n", 1) != "1 thing" || c.count("a.n", 0) != "0 things" || c.plain("b.c") != "d" || c.plain("b.none") != "b.none" {
		t.Errorf("%q, %q, %q", c.count("a.n", 1), c.count("a.n", 0), c.plain("b.c"))
	}
	for _, bad := range []string{"a", "a = b\na = c", "[x]\n= b"} {
		if _, err := readTexts("en", bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
