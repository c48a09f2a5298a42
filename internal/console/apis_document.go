package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/store"
)

// documentPath is where the document of an API is edited, below [Base].
const documentPath = "/apis/{api}/document"

func documentRoutes() []route {
	const one = "/apis/{api}"
	return []route{
		{"api.document.show", "GET", documentPath, member, (*visit).showDocument},
		{"api.document", "POST", documentPath, member, (*visit).saveDocument},
		{"api.document.file", "GET", documentPath + "/file", member, (*visit).takeDocument},
		{"api.delete.ask", "GET", one + "/delete", member, (*visit).askUnmount},
		{"api.delete", "POST", one + "/delete", member, (*visit).unmount},
	}
}

// A documentPage asks for the whole document of an API: whatever the other forms
// have no field for is changed here.
type documentPage struct {
	apiFrame
	Document string
	Large    bool // it is too large for a field
	Version  int64
	Faults   faults
}

func (v *visit) documentIn() (*documentPage, store.APIDocument, error) {
	f, err := v.apiIn("")
	if err != nil {
		return nil, store.APIDocument{}, err
	}
	d, err := v.Admin.API(v.r.Context(), v.actor, f.Name)
	f.Title = v.text("document.title", f.Called)
	return &documentPage{apiFrame: f, Version: d.Version}, d, err
}

// maxTyped is how long a document is edited in the page, in bytes; a longer one comes
// and goes as a file.
const maxTyped = 150_000

func (v *visit) showDocument() error {
	page, text, err := v.writtenDocument()
	if err != nil {
		return err
	}
	page.fill(string(text))
	return v.show(http.StatusOK, "api_document", page)
}

// takeDocument sends the document as a file.
func (v *visit) takeDocument() error {
	page, text, err := v.writtenDocument()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+string(page.Name)+`.json"`)
	v.send(http.StatusOK, text)
	return nil
}

// writtenDocument is the document as it is edited.
func (v *visit) writtenDocument() (*documentPage, []byte, error) {
	page, d, err := v.documentIn()
	if err != nil {
		return nil, nil, err
	}
	text, err := json.MarshalIndent(d.API, "", "  ") // which is YAML, too
	if err != nil {
		return nil, nil, fmt.Errorf("write the document of an API: %w", err)
	}
	return page, text, nil
}

// fill puts a document into the form, if it is not too long for it.
func (p *documentPage) fill(text string) {
	if p.Large = len(text) > maxTyped; !p.Large {
		p.Document = text
	}
}

// saveDocument puts another document in the place of the one that the form was
// made of, or says all that is wrong with it.
func (v *visit) saveDocument() error {
	page, there, err := v.writtenDocument()
	if err != nil {
		return err
	}
	text := uploaded(v.form)
	if page.fill(string(there)); !page.Large {
		page.fill(text)
	}
	page.Version = version(v.form)
	page.Faults.need(text, "document", v.text("document.need"))
	var doc sallyport.API
	if !page.Faults.Any() {
		if doc, err = config.DecodeAPI([]byte(strings.ReplaceAll(text, "\r\n", "\n"))); err != nil {
			page.Faults.at("document", strings.TrimSpace(err.Error()))
		}
	}
	if page.Faults.Any() {
		return v.wrongDocument(http.StatusUnprocessableEntity, page)
	}
	_, err = v.Admin.ReplaceAPI(v.r.Context(), v.actor, page.Name, page.Version, doc)
	switch {
	case err == nil:
		return v.redirect(page.Path + "?done=api.document")
	case !noteFaults(&page.Faults, err):
		return err
	}
	return v.wrongDocument(statusOf(err), page)
}

// wrongDocument shows what is wrong beside the field that there is.
func (v *visit) wrongDocument(status int, page *documentPage) error {
	if wrong := page.Faults.Of("document"); page.Large && wrong != "" {
		page.Faults.at("file", wrong)
	}
	return v.show(status, "api_document", page)
}

// noteFaults notes all that is wrong with the document of an API beside its field.
func noteFaults(f *faults, err error) bool {
	var lines []string
	for _, e := range admin.Faults(err) {
		if e.Kind == sallyport.Invalid || e.Kind == sallyport.Conflict && e.Field != "" {
			lines = append(lines, e.Field+": "+sentence(e.Message))
		}
	}
	if len(lines) > 0 {
		f.at("document", strings.Join(lines, "\n"))
		return true
	}
	return f.take(err)
}

// unmounting is the question before an API is unmounted.
func (v *visit) unmounting() (*confirmPage, store.APIDocument, error) {
	page, d, err := v.documentIn()
	if err != nil {
		return nil, d, err
	}
	confirm := &confirmPage{
		frame: page.frame, Heading: v.text("unmount.heading", page.Called), Trail: tab{Text: page.Called, Path: page.Path},
		Points: v.stopsOfAPI(d.API.Name), Warning: v.text("unmount.warning"),
		Action: page.Path + "/delete", Hidden: map[string]string{"version": strconv.FormatInt(d.Version, 10)},
		Button: v.text("unmount.do"), Cancel: page.Path,
	}
	confirm.Title = confirm.Heading
	if page.URL != "" {
		confirm.Points = append(confirm.Points, v.text("unmount.point", page.URL))
	}
	confirm.Points = append(confirm.Points, v.text("unmount.roles"))
	return confirm, d, nil
}

func (v *visit) askUnmount() error {
	page, _, err := v.unmounting()
	return v.ask(page, err)
}

func (v *visit) unmount() error {
	page, d, err := v.unmounting()
	if err != nil {
		return err
	}
	err = v.Admin.DeleteAPI(v.r.Context(), v.actor, d.API.Name, version(v.form))
	return v.confirmed(page, err, Base+"/apis?done=api.deleted")
}
