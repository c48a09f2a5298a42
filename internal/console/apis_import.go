package console

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
)

// importPath is where an API is brought up to date with its OpenAPI document, below
// [Base].
const importPath = "/apis/{api}/import"

func importRoutes() []route {
	return []route{
		{"api.import.show", "GET", importPath, member, (*visit).showImport},
		{"api.import", "POST", importPath, member, (*visit).importDocument},
	}
}

// An importPage asks for an OpenAPI document, and then whether what it would change
// of the API shall be done.
type importPage struct {
	apiFrame
	Document  string
	Sure      string // of the document that the changes are shown of; empty: none are
	Added     []openapi.Change
	Removed   []openapi.Change
	More      bool // there are more changes than are listed
	Notes     []openapi.Note
	MoreNotes bool
	Version   int64
	Faults    faults
}

// importIn begins the page. An API of a dialect has its routes from there.
func (v *visit) importIn() (*importPage, sallyport.API, error) {
	f, err := v.apiIn("")
	if err != nil {
		return nil, sallyport.API{}, err
	}
	d, err := v.Admin.API(v.r.Context(), v.actor, f.Name)
	if err == nil && (f.Name == admin.ManagementAPI || titleOr(d.API.Dialect, policy.DefaultDialect) != policy.DefaultDialect) {
		err = sallyport.ErrNotFound("the routes of the API are made of no document")
	}
	f.Title = v.text("import.title", f.Called)
	return &importPage{apiFrame: f, Version: d.Version}, d.API, err
}

func (v *visit) showImport() error {
	page, _, err := v.importIn()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "api_import", page)
}

// importDocument shows what a document would change, and when that was seen and
// agreed to, does it.
func (v *visit) importDocument() error {
	page, there, err := v.importIn()
	if err != nil {
		return err
	}
	page.Document, page.Version = uploaded(v.form), version(v.form)
	page.Faults.need(page.Document, "document", v.text("import.document.need"))
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "api_import", page)
	}
	described, err := openapi.Read([]byte(page.Document))
	if err != nil {
		page.Faults.at("document", sentence(err.Error()))
		return v.show(http.StatusUnprocessableEntity, "api_import", page)
	}
	merged := page.compare(there, described)
	sum := sha256.Sum256([]byte(page.Document))
	page.Sure = hex.EncodeToString(sum[:])
	if v.form.Get("sure") != page.Sure {
		err = v.Admin.CheckAPI(v.r.Context(), v.actor, merged)
	} else if _, err = v.Admin.ReplaceAPI(v.r.Context(), v.actor, there.Name, page.Version, merged); err == nil {
		v.keepDocument(there.Name, page.Document)
		return v.redirect(page.Path + "?done=api.imported")
	}
	switch {
	case err == nil:
		return v.show(http.StatusOK, "api_import", page)
	case noteFaults(&page.Faults, err):
		page.Sure = ""
		return v.show(statusOf(err), "api_import", page)
	}
	return err
}

// compare returns the API as it would be with a document, and fills in what that
// changes.
func (p *importPage) compare(there sallyport.API, described *openapi.Document) sallyport.API {
	fresh, notes := described.Below(there.BasePath).API(openapi.Options{})
	merged, added, removed := openapi.Merge(there, fresh)
	p.More = len(added) > shownRoutes || len(removed) > shownRoutes
	p.Added, p.Removed = added[:min(len(added), shownRoutes)], removed[:min(len(removed), shownRoutes)]
	p.MoreNotes = len(notes) > shownRoutes
	for _, n := range notes[:min(len(notes), shownRoutes)] {
		n.Text = sentence(n.Text)
		p.Notes = append(p.Notes, n)
	}
	return merged
}

// keepDocument keeps the document that routes were made of, for people. Nothing is
// decided by it, so that it cannot be kept undoes nothing.
func (v *visit) keepDocument(name sallyport.APIName, document string) {
	if err := v.Admin.KeepOpenAPI(v.r.Context(), v.actor, name, []byte(document)); err != nil {
		v.Log.WarnContext(v.r.Context(), "an API is guarded, and its OpenAPI document could not be kept", "api", name, "error", err)
	}
}
