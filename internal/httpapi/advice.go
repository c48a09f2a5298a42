package httpapi

import (
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

func adviceOperations() []operation {
	return []operation{
		list("advice.list", "/advice", admin.AdviceRead, "List what is granted in a tenant and was not used, the worst first", (*Handler).listFindings,
			lateCheck, scoped("read", "write"), more("The permission is needed in the tenant.")),
		find("advice.get", "/advice/{principal}", "", "Compare what a user or API key was granted with what it used", (*Handler).getAdvice,
			scoped("self", "read", "write"),
			more("With a policy that would leave it what it needs. Of others it needs the permission `sallyport/advice.read`, and tells of the tenants in which you have it.")),
	}
}

func (h *Handler) listFindings(c *call, f api.AdviceFilter, p admin.Page) (api.List[api.Finding], error) {
	same := func(f api.Finding) api.Finding { return f }
	return wireList(same)(h.Admin.Findings(c.ctx, c.actor, admin.AdviceFilter{
		Tenant: f.Tenant, Kind: f.Kind, Principal: f.Principal, Role: f.Role, Window: time.Duration(f.Since),
	}, p))
}

func (h *Handler) getAdvice(c *call, f api.AdviceWindow) (api.Advice, error) {
	return h.Admin.Advice(c.ctx, c.actor, sallyport.PrincipalID(c.path("principal")), time.Duration(f.Since))
}
