package console

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The stylesheet has what the pages use and nothing else: each class that it
// names is on a page, and each class of a page is in it.
func TestStylesheetHasWhatPagesUse(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	styled, tokens := classesStyled(string(style))
	used := classesUsed(t)
	for class := range styled {
		if !used[class] && !tokens[class] {
			t.Errorf("assets/style.css has .%s, which is on no page", class)
		}
	}
	for class := range used {
		// A state that needs no colour of its own looks like any badge.
		if !styled[class] && !isState(t, class) {
			t.Errorf("a page has the class %s, which the stylesheet does not know", class)
		}
	}
	if len(styled) < 80 || len(tokens) < 20 {
		t.Fatalf("only %d classes and %d tokens were found", len(styled), len(tokens))
	}
	for token := range tokens {
		if !strings.Contains(string(style), "var(--"+token+")") {
			t.Errorf("assets/style.css has the token --%s, which it does not use", token)
		}
	}
}

// classesStyled are the classes in a stylesheet's selectors, and the names of its
// tokens, each of which is a swatch of the page /sallyport/design.
func classesStyled(style string) (classes, tokens map[string]bool) {
	classes, tokens = map[string]bool{}, map[string]bool{}
	style = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(style, "")
	for _, m := range regexp.MustCompile(`--([a-z][a-z0-9-]*):`).FindAllStringSubmatch(style, -1) {
		tokens[m[1]] = true
	}
	selectors := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(style, "{}")
	for _, m := range regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(selectors, -1) {
		classes[m[1]] = true
	}
	return classes, tokens
}

// classesUsed are the classes in templates and in what handlers draw. One that a
// template takes from its data is a state or a token.
func classesUsed(t *testing.T) map[string]bool {
	t.Helper()
	var files []string
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html", "*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	attribute := regexp.MustCompile(`class="((?:\{\{[^}]*\}\}|[^"{])*)"`)
	action := regexp.MustCompile(`\{\{[^}]*\}\}`)
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range attribute.FindAllStringSubmatch(string(text), -1) {
			for class := range strings.FieldsSeq(action.ReplaceAllString(m[1], " ")) {
				used[class] = true
			}
		}
	}
	for _, key := range catalogueKeys(t) {
		if state, ok := strings.CutPrefix(key, "state."); ok {
			used[state] = true
		}
	}
	return used
}

func isState(t *testing.T, class string) bool {
	t.Helper()
	return slices.Contains(catalogueKeys(t), "state."+class)
}

func catalogueKeys(t *testing.T) []string {
	t.Helper()
	all, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key := range all[fallback].texts {
		keys = append(keys, key)
	}
	return keys
}

// The page /sallyport/design shows each component: a class that it lacks is part
// of the frame, of one page alone, or a state.
func TestDesignShowsEachComponent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.console.Config
	config.Demonstration = true
	var err error
	if w.console, err = New(config); err != nil {
		t.Fatal(err)
	}
	w.user("jo", "Jo")
	page := w.signedIn("jo").get("/design").want(t, 200).text
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		for class := range strings.FieldsSeq(m[1]) {
			shown[class] = true
		}
	}
	style, err := os.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.Fields(`
		bare gate narrow groups groups-field date-field
		answer prose qr routes calls whole depth verdict line tick group
		stroke under reach column`)
	styled, tokens := classesStyled(string(style))
	for class := range styled {
		if !shown[class] && !tokens[class] && !isState(t, class) && !slices.Contains(elsewhere, class) {
			t.Errorf("the page shows no .%s", class)
		}
	}
}
