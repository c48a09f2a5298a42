package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
)

// apiDocument answers with the OpenAPI document of an API, as the visitor may see
// it: the one that is kept, or one that is made of the routes.
func (v *visit) apiDocument() error {
	tenant, _, err := v.callTenant()
	if err != nil {
		return err
	}
	x, err := v.explored(tenant)
	if err != nil {
		return err
	}
	text, err := x.document().JSON()
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", "inline; filename="+strconv.Quote(url.PathEscape(string(x.api.Name))+".json"))
	v.send(http.StatusOK, text)
	return nil
}

// document is the document with what is true of it here: where the API is, what
// it takes, and which operations are the visitor's.
func (x *exploration) document() *openapi.Tree {
	tree := x.tree
	if tree == nil {
		calls := make([]openapi.Call, len(x.ops))
		for i := range x.ops {
			calls[i] = x.ops[i].Call
		}
		tree = openapi.Made(titleOr(x.api.Document.Title, string(x.api.Name)), calls)
	}
	tree.Move(x.where)
	tree.Secure(schemes(x.api))
	tree.Cut(func(method, path string) openapi.Shown {
		i := slices.IndexFunc(x.ops, func(op operation) bool { return op.Method == method && op.Path == path })
		if i < 0 {
			return openapi.Shown{}
		}
		return openapi.Shown{Keep: true, Open: x.ops[i].Route.Public, Note: x.note(&x.ops[i])}
	})
	return tree
}

// note is what the document says about an operation and the visitor.
func (x *exploration) note(op *operation) map[string]any {
	note := map[string]any{"allowed": op.May}
	if x.sight == admin.SightMissing && !op.May {
		for name, list := range map[string][]sallyport.Permission{"missing": op.All, "missing_one_of": op.Some} {
			if len(list) > 0 {
				note[name] = list
			}
		}
	}
	return note
}

// schemes are the ways in which an API takes credentials, as far as OpenAPI has a
// word for them.
func schemes(api *policy.API) []openapi.Scheme {
	var list []openapi.Scheme
	for _, a := range api.Accept {
		s := openapi.Scheme{In: string(a.In), Name: a.Name, ID: string(a.In)}
		if a.Refused || a.In == sallyport.CarrierForm {
			continue
		}
		if a.Name != "" {
			s.ID += "-" + url.PathEscape(a.Name)
		}
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
