package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/admin"
)

//go:embed templates
var templateFiles embed.FS

// pages are the pages by name.
type pages map[string]*page

// A page is a template with the layout and the parts in it. It is read when it is
// first shown: all pages in all languages would take more memory than everything
// else in an idle program, and a fifth of its start.
type page struct {
	read func() (*template.Template, error) // the same each time
}

// loadPages lists the pages in one language. A page is a file in templates/, and
// has the name of the file. What more than one page uses is in templates/parts/.
func loadPages(texts *catalogue) (pages, error) {
	shared, err := template.New("layout.html").Option("missingkey=error").Funcs(functions(texts)).
		ParseFS(templateFiles, "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the layout: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	all := pages{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		all[name] = &page{read: sync.OnceValues(func() (*template.Template, error) {
			t, err := shared.Clone()
			if err == nil {
				t, err = t.ParseFS(templateFiles, file)
			}
			if err != nil {
				return nil, fmt.Errorf("read the page %s: %w", name, err)
			}
			return t, nil
		})}
	}
	return all, nil
}

// functions are what templates can call besides what Go has.
func functions(texts *catalogue) template.FuncMap {
	all := template.FuncMap{
		"t": texts.rich, "count": texts.count, "has": texts.has, "nothing": nothing,
		"moment": texts.moment, "exact": texts.exact, "date": texts.date, "day": asDay, "lines": asLines,
		"short": short,
		"at":    func(now time.Time, row tokenRow) tokenAt { return tokenAt{now, row} },
	}
	maps.Copy(all, fieldFunctions(texts))
	return all
}

// An emptyList is what a page shows in place of a list that has nothing in it.
type emptyList struct {
	Text template.HTML
	Path string // to what can be done about it; empty: nothing here
	Do   template.HTML
}

// nothing makes an [emptyList] of its text and, maybe, a path and its name.
func nothing(text template.HTML, way ...any) (emptyList, error) {
	e := emptyList{Text: text}
	if len(way) == 0 {
		return e, nil
	}
	to, ok := way[0].(string)
	if !ok || len(way) != 2 {
		return e, errors.New("nothing: a path and its name")
	}
	e.Path = to
	e.Do, ok = way[1].(template.HTML)
	if !ok {
		return e, errors.New("nothing: a name that is no text")
	}
	return e, nil
}

// A frame is what every page has around it. Each page is a struct of its own
// that begins with one.
type frame struct {
	Title  string
	Lang   string
	Nav    []navArea // none: nobody has signed in, or he has to do something else first
	Style  string    // URLs of assets
	Script string
	Icon   string
	Self   *admin.Self // nil: nobody has signed in
	Notice string      // what was just done
	Now    time.Time
	Here   string // where the page is, told on paper; no query, which a link may have made up
}

// notice is what a page tells of the form that led to it. The query names one
// of the texts "done.", so that nothing is shown that a link made up.
func (v *visit) notice() string {
	key := "done." + v.r.URL.Query().Get("done")
	if !v.texts().has(key) {
		return ""
	}
	return v.text(key)
}

// frame is the frame of a page. The page is the one that the navigation marks,
// "" for none; see [areas].
func (v *visit) frame(title, page string) frame {
	return frame{
		Title: title, Lang: v.texts().lang, Nav: navigation(v.self, page, v.r.PathValue("tenant")),
		Style: v.assets.style, Script: v.assets.script, Icon: v.assets.icon, Self: v.self, Notice: v.notice(), Now: v.now,
		Here: v.origin + v.r.URL.EscapedPath(),
	}
}

// texts are in the visitor's language.
func (v *visit) texts() *catalogue {
	return v.languages[languageOf(v.r.Header.Get("Accept-Language"), v.languages)]
}

// text returns a text of the catalogue without markup.
func (v *visit) text(key string, args ...any) string { return v.texts().plain(key, args...) }

// show answers with a page. It is made as a whole first, so that a page that
// fails is not sent by half.
func (v *visit) show(status int, name string, data any) error {
	p := v.pages[v.texts().lang][name]
	if p == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	t, err := p.read()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("make the page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.texts().lang)
	v.page(status, v.stamped(b.Bytes()))
	return nil
}

// asDay is a date as date fields have it, "" for no time.
func asDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// short is the beginning of a text that may be long, for a list.
func short(most int, text string) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

func asLines(list []string) string { return strings.Join(list, "\n") }

// agent says in a few words which program a user agent is. Whoever sent it chose
// the text, so this is a help for recognising one's own, and no more.
func agent(via string) string {
	program := ""
	for _, p := range [...][2]string{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(via, p[0]) {
			program = p[1]
			break
		}
	}
	if program == "" {
		return firstWord(via)
	}
	for _, s := range [...][2]string{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(via, s[0]) {
			return program + " on " + s[1]
		}
	}
	return program
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}
