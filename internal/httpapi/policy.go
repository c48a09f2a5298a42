package httpapi

import (
	"net/http"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// maxPolicy bounds the body of what has a whole policy in it, in bytes.
const maxPolicy = 16 << 20

// large lets a body be as large as a policy.
func large(op *operation) { op.most = maxPolicy }

// Which tenants a policy is about is in its text, so admin asks for the rights.
func policyOperations() []operation {
	read, write := scoped("read", "write"), scoped("write")
	needs := more("The permission is needed in each tenant that the policy is about; for tenants and APIs in every tenant.")
	return []operation{
		find("policy.export", "/policy/export", admin.PolicyRead, "Get what there is as a policy", (*Handler).exportPolicy,
			lateCheck, read, more("What is built in is left out, and so are credentials. Of the whole installation the permission is needed in every tenant.")),
		send("policy.plan", http.MethodPost, "/policy/plan", admin.PolicyRead, "See what a policy would change, without changing anything",
			(*Handler).planPolicy, lateCheck, read, large, needs),
		send("policy.test", http.MethodPost, "/policy/test", admin.PolicyRead, "Play the tests of a policy as if it were in force",
			(*Handler).testPolicy, lateCheck, read, large, needs),
		send("policy.apply", http.MethodPost, "/policy/apply", admin.PolicyWrite, "Make things as a policy says, all or nothing",
			(*Handler).applyPolicy, lateCheck, write, large,
			more("Each change needs its own right as well. It is refused if a test fails, or if the changes would not be those of the fingerprint. "+
				"The permission is needed in each tenant in which something changes, and `sallyport/policy.read` with it.")),
	}
}

func (h *Handler) exportPolicy(c *call, f api.PolicyExport) (api.Policy, error) {
	return h.Admin.ExportPolicy(c.ctx, c.actor, f)
}

func (h *Handler) planPolicy(c *call, in api.PolicyRequest) (api.Plan, error) {
	return h.Admin.Plan(c.ctx, c.actor, in)
}

func (h *Handler) testPolicy(c *call, in api.Policy) (api.PolicyTests, error) {
	plan, err := h.Admin.Plan(c.ctx, c.actor, api.PolicyRequest{Policy: in, Adopt: true})
	return api.PolicyTests{OK: err == nil && plan.Failed == 0, Tests: never(plan.Tests), Failed: plan.Failed}, err
}

func (h *Handler) applyPolicy(c *call, in api.PolicyRequest) (api.Plan, error) {
	return h.Admin.Apply(c.ctx, c.actor, in)
}
