package httpapi

import (
	"net/http"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// Which tenants a shadow is about is in its draft, so admin asks for the rights.
func shadowOperations() []operation {
	read, write := scoped("read", "write"), scoped("write")
	needs := more("The permission is needed in each tenant that the draft is about, and `sallyport/policy.read` and `sallyport/decisions.explain` with it.")
	return []operation{
		create("shadows.start", "/shadows", admin.PolicyWrite, "Try a draft of a policy on real requests, beside the policy in force",
			(*Handler).startShadow, lateCheck, write, large, needs),
		list("shadows.list", "/shadows", "", "List the shadows that you may see, the oldest first", (*Handler).listShadows, read,
			more("You see those about tenants in which you have `sallyport/policy.read` and `sallyport/decisions.explain`. Those that ended are kept for a week.")),
		get("shadows.get", "/shadows/{shadow}", "", "See what a draft would refuse and what it would allow", (*Handler).getShadow, read,
			more("It needs `sallyport/policy.read` and `sallyport/decisions.explain` in each tenant that the draft is about.")),
		act("shadows.stop", http.MethodPost, "/shadows/{shadow}/stop", "", "End a shadow", (*Handler).stopShadow, write,
			more("What it found is kept for a week. It needs `sallyport/policy.write` in each tenant that the draft is about.")),
		act("shadows.promote", http.MethodPost, "/shadows/{shadow}/promote", "", "Apply the draft of a shadow, and end it", (*Handler).promoteShadow, write,
			more("It needs `sallyport/policy.write` in each tenant that the draft is about, and for each change the right to make it alone.")),
	}
}

func (h *Handler) startShadow(c *call, in api.NewShadow) (api.Shadow, error) {
	return h.Admin.StartShadow(c.ctx, c.actor, in)
}

func (h *Handler) listShadows(c *call, _ struct{}, p admin.Page) (api.List[api.Shadow], error) {
	l, err := h.Admin.Shadows(c.ctx, c.actor, p)
	return api.List[api.Shadow]{Items: l.Items, Next: l.Next}, err
}

func (h *Handler) getShadow(c *call) (api.ShadowReport, error) {
	return h.Admin.Shadow(c.ctx, c.actor, c.path("shadow"))
}

func (h *Handler) stopShadow(c *call) (nothing, error) {
	return nothing{}, h.Admin.StopShadow(c.ctx, c.actor, c.path("shadow"))
}

func (h *Handler) promoteShadow(c *call) (api.Plan, error) {
	return h.Admin.PromoteShadow(c.ctx, c.actor, c.path("shadow"))
}
