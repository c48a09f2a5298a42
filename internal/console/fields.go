package console

import "html/template"

// A field is one field of a form with its label, its hint and what is wrong with
// it. Its texts are in the catalogue: "form.name", and "form.name.hint" if there
// is a hint. A template makes one so:
//
//	{{template "field" (field "user" "login" .Login .Faults | needed | longest 320)}}
type field struct {
	Name     string
	ID       string
	Label    string
	Hint     string // empty: none
	Value    string
	Fault    string // empty: nothing is wrong
	Kind     string // the input's type, or "area", "select", "radios", "boxes", "box"
	Required bool
	Either   bool   // of several fields one is needed, as the hint says
	Max      int    // length; 0: not said
	Auto     string // what the browser may fill in
	Rows     int    // of an area
	Mono     bool   // it is code, an address or an id
	Checked  bool   // a box is
	Focus    bool   // when the page opens
	Check    string // URL that says what is wrong with a value while it is typed; empty: none
	Options  []option
}

// An option is something to choose.
type option struct {
	Value  string
	Text   string
	Hint   string // of radios and boxes; empty: none
	Chosen bool
	Locked bool // it cannot be chosen
}

func newField(texts *catalogue, form, name, value string, f faults) field {
	key := form + "." + name
	made := field{Name: name, ID: name, Label: texts.plain(key), Value: value, Fault: f.Of(name), Kind: "text", Auto: "off"}
	if texts.has(key + ".hint") {
		made.Hint = texts.plain(key + ".hint")
	}
	return made
}

// fieldFunctions are the functions that make a field in a template and then
// change one thing about it each.
func fieldFunctions(texts *catalogue) template.FuncMap {
	return template.FuncMap{
		"faults":  func() faults { return faults{} }, // of a form that cannot be wrong
		"field":   func(form, name, value string, f faults) field { return newField(texts, form, name, value, f) },
		"kind":    func(kind string, f field) field { f.Kind = kind; return f },
		"needed":  func(f field) field { f.Required = true; return f },
		"either":  func(f field) field { f.Either = true; return f },
		"longest": func(n int, f field) field { f.Max = n; return f },
		"auto":    func(what string, f field) field { f.Auto = what; return f },
		"rows":    func(n int, f field) field { f.Kind, f.Rows = "area", n; return f },
		"mono":    func(f field) field { f.Mono = true; return f },
		"check":   func(path string, f field) field { f.Check = path; return f },
		"checked": func(yes bool, f field) field { f.Kind, f.Checked = "box", yes; return f },
		"focus":   func(f field) field { f.Focus = true; return f },
		"choices": func(list []option, f field) field { f.Options, f.Kind = list, chooser(f.Kind); return f },
	}
}

// chooser is the kind of a field with options: a list to choose from, unless it
// was said otherwise.
func chooser(kind string) string {
	if kind == "radios" || kind == "boxes" {
		return kind
	}
	return "select"
}

// Described are the ids of what describes the field, for aria-describedby.
func (f field) Described() string {
	switch {
	case f.Hint != "" && f.Fault != "":
		return f.ID + "-hint " + f.ID + "-fault"
	case f.Hint != "":
		return f.ID + "-hint"
	case f.Fault != "":
		return f.ID + "-fault"
	}
	return ""
}

// A tab is one of several views of a thing.
type tab struct {
	Text    string
	Path    string
	Current bool
}

// A pager leads through a list that is read part by part. There is no number of
// pages: counting would read the whole list.
type pager struct {
	First string // URL; empty: this is the first part
	Next  string // empty: this is the last
	Of    string // what the list is of, where a page has more than one; empty: it has one
}

// to leads to a part of the page.
func (p pager) to(part string) pager {
	if p.First != "" {
		p.First += "#" + part
	}
	if p.Next != "" {
		p.Next += "#" + part
	}
	return p
}

// A confirmPage asks once before something that cannot be undone, or not easily,
// and names what will stop working.
type confirmPage struct {
	frame
	Heading string
	Trail   tab      // where it came from
	Points  []string // what will happen, each a sentence
	Ways    []tab    // what has to be done before, if anything has
	Warning string   // the worst of it; empty: none
	Action  string   // URL that the form is sent to
	Hidden  map[string]string
	Lists   map[string][]string // hidden fields with several values
	Button  string              // empty: there is nothing left to do
	Gives   bool                // it gives something, and takes nothing away
	Cancel  string              // URL
	Faults  faults
}

// An event is a moment of a timeline.
type event struct {
	Moment moment
	Text   string
	Detail string
	State  string // as of a badge; empty: none
	Path   string // where more is said; empty: nowhere
}
