package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/openapi"
)

func apiOperations() []operation {
	const one = "/apis/{api}"
	needs := more("The permission is needed in every tenant.")
	return []operation{
		list("apis.list", "/apis", admin.APIsRead, "List the protected APIs", (*Handler).listAPIs, needs),
		create("apis.create", "/apis", admin.APIsWrite, "Mount a protected API", (*Handler).createAPI, needs),
		get("apis.get", one, admin.APIsRead, "Get a protected API", (*Handler).getAPI, needs),
		send("apis.replace", http.MethodPut, one, admin.APIsWrite, "Put another document in place of an API's", (*Handler).replaceAPI, versioned, needs),
		remove("apis.delete", one, admin.APIsWrite, "Unmount a protected API", (*Handler).deleteAPI, needs),
		send("apis.check", http.MethodPost, "/apis/check", admin.APIsWrite, "Try a document without changing anything", (*Handler).checkAPI, needs),
		get("apis.openapi", one+"/openapi", admin.APIsRead, "Get the OpenAPI document that describes an API", (*Handler).getOpenAPI,
			more("It is the one that was given, as JSON. The permission is needed in every tenant.")),
		send("apis.describe", http.MethodPut, one+"/openapi", admin.APIsWrite, "Keep an OpenAPI document that describes an API", (*Handler).keepOpenAPI,
			func(op *operation) { op.most = 3 * openapi.MaxKept },
			more("People see it in Explore. Nothing is decided by it: routes are made by `sallyport api import`. The permission is needed in every tenant.")),
		remove("apis.undescribe", one+"/openapi", admin.APIsWrite, "Forget the OpenAPI document of an API", (*Handler).dropOpenAPI, unversioned, needs),
		send("apis.apply", http.MethodPost, "/apis/apply", admin.APIsWrite, "Mount or replace several APIs, all or none", (*Handler).applyAPIs, needs),
		paged("apis.learned", one+"/learned", admin.APIsRead, "See what was asked of an API while it learned", (*Handler).learned,
			more("By pattern and method. It needs `sallyport/decisions.explain` as well, both in every tenant.")),
		get("apis.propose", one+"/learned/proposal", admin.APIsRead, "Have a policy made of what was asked of an API while it learned",
			(*Handler).proposeLearned, more("Nothing is changed. It needs `sallyport/decisions.explain` and `sallyport/policy.read` as well, all in every tenant.")),
		act("apis.forget_learned", http.MethodDelete, one+"/learned", admin.APIsWrite, "Forget what was asked of an API while it learned",
			(*Handler).forgetLearned, needs),
	}
}

func (h *Handler) learned(c *call, _ struct{}, p admin.Page) (api.Learned, error) {
	return h.Admin.Learned(c.ctx, c.actor, c.api(), p)
}

func (h *Handler) proposeLearned(c *call) (api.LearnedProposal, error) {
	return h.Admin.ProposeLearned(c.ctx, c.actor, c.api())
}

func (h *Handler) forgetLearned(c *call) (nothing, error) {
	return nothing{}, h.Admin.ForgetLearned(c.ctx, c.actor, c.api())
}

func (c *call) api() sallyport.APIName { return sallyport.APIName(c.path("api")) }

func (h *Handler) listAPIs(c *call, _ struct{}, p admin.Page) (api.List[api.API], error) {
	return wireList(apiOnWire)(h.Admin.APIs(c.ctx, c.actor, p))
}

func (h *Handler) createAPI(c *call, in sallyport.API) (api.API, error) {
	a, err := h.Admin.CreateAPI(c.ctx, c.actor, in)
	c.made = string(a.API.Name)
	return wire(apiOnWire)(a, err)
}

func (h *Handler) getAPI(c *call) (api.API, error) {
	return wire(apiOnWire)(h.Admin.API(c.ctx, c.actor, c.api()))
}

func (h *Handler) replaceAPI(c *call, in sallyport.API) (api.API, error) {
	return wire(apiOnWire)(h.Admin.ReplaceAPI(c.ctx, c.actor, c.api(), c.version, in))
}

func (h *Handler) deleteAPI(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteAPI(c.ctx, c.actor, c.api(), c.version)
}

// checkAPI answers with what a document would be refused for. Anything else that
// goes wrong is a failure of the check.
func (h *Handler) checkAPI(c *call, in sallyport.API) (api.Check, error) {
	err := h.Admin.CheckAPI(c.ctx, c.actor, in)
	if kind := sallyport.KindOf(err); err != nil && kind != sallyport.Invalid && kind != sallyport.Conflict {
		return api.Check{}, err
	}
	check := api.Check{OK: err == nil, Faults: []api.FieldError{}}
	for _, f := range admin.Faults(err) {
		check.Faults = append(check.Faults, api.FieldError{Field: f.Field, Message: f.Message})
	}
	return check, nil
}

func (h *Handler) applyAPIs(c *call, in api.Apply) (api.Applied, error) {
	changed, err := h.Admin.ApplyAPIs(c.ctx, c.actor, in.APIs)
	return api.Applied{Changed: never(changed)}, err
}

func (h *Handler) getOpenAPI(c *call) (json.RawMessage, error) {
	o, err := h.Admin.OpenAPI(c.ctx, c.actor, c.api())
	return o.Text, err
}

func (h *Handler) keepOpenAPI(c *call, in api.OpenAPI) (nothing, error) {
	return nothing{}, h.Admin.KeepOpenAPI(c.ctx, c.actor, c.api(), []byte(in.Text))
}

func (h *Handler) dropOpenAPI(c *call) (nothing, error) {
	return nothing{}, h.Admin.DropOpenAPI(c.ctx, c.actor, c.api())
}
