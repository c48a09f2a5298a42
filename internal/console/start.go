package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
)

// startPath is where the way to a first protected request begins, below [Base]: an
// API, a token, a request.
const startPath = "/start"

func startRoutes() []route {
	const one = startPath + "/{api}"
	return []route{
		{"start.show", "GET", startPath, member, (*visit).showStart},
		{"start", "POST", startPath, member, (*visit).start},
		{"start.token.show", "GET", one, member, (*visit).showStartToken},
		{"start.token", "POST", one, member, (*visit).startToken},
		{"start.first", "GET", one + "/first", member, (*visit).showFirst},
	}
}

// A startStep is one of the three steps, as each of their pages lists them.
type startStep struct {
	Text    string
	Current bool
}

func (v *visit) startSteps(current int) (steps []startStep) {
	for i, name := range []string{"api", "token", "first"} {
		steps = append(steps, startStep{v.text("start.step." + name), i == current})
	}
	return steps
}

// A startForm is what was typed about an API that is to be guarded.
type startForm struct {
	Upstream string
	Name     string
	BasePath string
	Strip    bool
	Dialect  string
	Document string // OpenAPI; empty: every path is guarded alike
	Anyway   bool   // although nothing answers at Upstream
}

// A startPage is the first step.
type startPage struct {
	frame
	startForm
	Steps    []startStep
	Dialects []option
	Silent   bool // nothing answers, so it is asked whether to go on
	Faults   faults
}

func (v *visit) startPage(form startForm) *startPage {
	page := &startPage{frame: v.frame(v.text("start.title"), "apis"), startForm: form, Steps: v.startSteps(0)}
	for _, name := range v.Admin.Dialects() {
		text := name
		if key := "dialect." + name; v.texts().has(key) {
			text = v.text(key)
		}
		page.Dialects = append(page.Dialects, option{Value: name, Text: text, Chosen: name == form.Dialect})
	}
	return page
}

func (v *visit) showStart() error {
	// Who may not see APIs is told so before he fills in a form.
	there, err := v.Admin.APIs(v.r.Context(), v.actor, admin.Page{Limit: 2})
	if err != nil {
		return err
	}
	form := startForm{Dialect: policy.DefaultDialect}
	if len(there.Items) < 2 { // the management API alone
		form.Name = "api"
	}
	return v.show(http.StatusOK, "start", v.startPage(form))
}

// start mounts an API, once it was looked whether anything is there.
func (v *visit) start() error {
	f := v.form
	page := v.startPage(startForm{
		Upstream: strings.TrimSpace(f.Get("upstream")), Name: strings.TrimSpace(f.Get("name")), BasePath: strings.TrimSpace(f.Get("base_path")),
		Strip: f.Get("strip") != "", Dialect: f.Get("dialect"), Document: uploaded(f), Anyway: f.Get("anyway") != "",
	})
	page.Faults.need(page.Upstream, "upstream", v.text("start.upstream.need"))
	page.Faults.need(page.Name, "name", v.text("start.name.need"))
	doc := page.document(v, &page.Faults)
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "start", page)
	}
	// First whether he may and all is well: nobody else has us knock at addresses.
	if err := v.Admin.CheckAPI(v.r.Context(), v.actor, doc); err != nil {
		return v.startRefused(page, err)
	}
	if !page.Anyway {
		if fault := v.knock(doc.Upstream.URL, knockTime); fault != "" {
			page.Silent = true
			page.Faults.at("upstream", fault)
			return v.show(http.StatusUnprocessableEntity, "start", page)
		}
	}
	if _, err := v.Admin.CreateAPI(v.r.Context(), v.actor, doc); err != nil {
		return v.startRefused(page, err)
	}
	if page.Document != "" {
		v.keepDocument(doc.Name, page.Document)
	}
	return v.redirect(startOf(doc.Name) + "?done=start")
}

func startOf(name sallyport.APIName) string {
	return Base + startPath + "/" + url.PathEscape(string(name))
}

// uploaded is the document that was pasted or sent as a file.
func uploaded(f url.Values) string {
	for _, text := range slices.Concat(f["document"], f["file"]) {
		if strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}

// document is the API that was described.
func (form *startForm) document(v *visit, f *faults) sallyport.API {
	name := sallyport.APIName(form.Name)
	doc := admin.CatchAll(name, form.Upstream)
	switch {
	case form.Dialect != policy.DefaultDialect:
		// Everything else is the dialect's.
		doc = sallyport.API{Name: name, Dialect: form.Dialect, Upstream: doc.Upstream}
		if form.Document != "" {
			f.at("document", v.text("start.document.dialect"))
		}
	case form.Document != "":
		described, err := openapi.Read([]byte(form.Document))
		if err != nil {
			f.at("document", sentence(err.Error()))
			return doc
		}
		made, _ := described.Below(form.BasePath).API(openapi.Options{})
		made.Name, made.Explain, made.Accept, made.Upstream = name, doc.Explain, doc.Accept, doc.Upstream
		made.Title, made.BasePath = titleOr(made.Title, doc.Title), described.BasePath
		doc = made
	}
	if form.BasePath != "" {
		doc.BasePath = form.BasePath
	}
	doc.Upstream.StripBasePath = form.Strip
	return doc
}

// startRefused shows the form again with all that is wrong with it.
func (v *visit) startRefused(page *startPage, err error) error {
	taken := false
	for _, fault := range admin.Faults(err) {
		if field, ok := map[string]string{"upstream.url": "upstream", "upstream.strip_base_path": "strip"}[fault.Field]; ok {
			page.Faults.at(field, sentence(fault.Message))
			taken = true
			continue
		}
		taken = page.Faults.take(fault, "name", "base_path", "dialect") || taken
	}
	if !taken {
		return err
	}
	return v.show(statusOf(err), "start", page)
}
