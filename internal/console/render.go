package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates by name. Each has the layout in it.
type pages map[string]*template.Template

// pageNames are the pages that there are; each is a file in templates/.
var pageNames = [...]string{
	"account", "fault", "password", "sessions", "sessions_others", "sign_in", "tenant",
	"token", "token_form", "token_refresh", "token_revoke", "token_secret",
}

func loadPages() (pages, error) {
	shared, err := template.New("layout.html").Option("missingkey=error").Funcs(template.FuncMap{
		"moment": asMoment, "day": asDay, "lines": asLines, "plural": plural,
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("read the layout: %w", err)
	}
	all := pages{}
	for _, name := range pageNames {
		t, err := shared.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		all[name] = t
	}
	return all, nil
}

// A frame is what every page has around it. Each page is a struct of its own
// that begins with one.
type frame struct {
	Title   string
	Section string // of the navigation; empty: none
	Style   string // URLs of assets
	Icon    string
	Self    *admin.Self // nil: nobody has signed in
	Notice  string      // what was just done
	Now     time.Time
}

// notices are what a page tells of the form that led to it. The query names one
// of them, so that nothing is shown that a link made up.
func notice(done string) string {
	switch done {
	case "out":
		return "You are signed out."
	case "ended":
		return "Your session has ended. Sign in again."
	case "updated":
		return "The token was changed."
	case "revoked":
		return "The token is revoked. It is refused from now on."
	case "session":
		return "The session has ended."
	case "signin":
		return "The sign-in has ended. Its tokens are refused from now on."
	case "others":
		return "All your other sessions and sign-ins have ended."
	case "password":
		return "Your password is changed, and all your other sessions have ended."
	}
	return ""
}

func (v *visit) frame(title, section string) frame {
	return frame{
		Title: title, Section: section, Style: v.assets.style, Icon: v.assets.icon, Self: v.self,
		Notice: notice(v.r.URL.Query().Get("done")), Now: v.now,
	}
}

// show answers with a page. It is made as a whole first, so that a page that
// fails is not sent by half.
func (v *visit) show(status int, name string, data any) error {
	t := v.pages[name]
	if t == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("make the page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(b.Bytes()) // the browser is gone
	}
	return nil
}

// A moment is a time as a page shows it: in words, and in full for who wants to
// know.
type moment struct {
	Words   string
	Full    string
	Machine string
}

// asMoment tells a time from now. The zero time has no words.
func asMoment(now, t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{Words: distance(now, t), Full: t.Format("Monday, 2 January 2006, 15:04:05 UTC"), Machine: t.Format(time.RFC3339)}
}

// distance says how far t is away, in the largest unit that fits. What is more
// than some months away is a date.
func distance(now, t time.Time) string {
	d := t.Sub(now)
	ahead := d > 0
	d = d.Abs()
	var text string
	switch {
	case d < time.Minute && ahead:
		return "in less than a minute"
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		text = plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		text = plural(int((d+30*time.Minute)/time.Hour), "hour")
	case d < 120*24*time.Hour:
		text = plural(int((d+12*time.Hour)/(24*time.Hour)), "day")
	default:
		return t.Format("2 January 2006")
	}
	if ahead {
		return "in " + text
	}
	return text + " ago"
}

// asDay is a date as date fields have it, "" for no time.
func asDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func asLines(list []string) string { return strings.Join(list, "\n") }

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

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

// kindWords says what a user is.
func kindWords(k sallyport.PrincipalKind) string {
	switch k {
	case sallyport.PrincipalPerson:
		return "Person"
	case sallyport.PrincipalService:
		return "Service account"
	case sallyport.PrincipalAPIKey:
		return "API key"
	case sallyport.PrincipalAnonymous:
	}
	return "Nobody"
}
