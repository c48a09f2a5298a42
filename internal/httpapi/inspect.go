package httpapi

import (
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// inspectOperations tell what tokens and keys were used for, and what they could
// do.
func inspectOperations() []operation {
	const (
		mine   = "/me/tokens/{token}"
		others = "/tenants/{tenant}/credentials/{credential}"
		key    = "/tenants/{tenant}/keys/{key}"

		explain = "It needs `sallyport/decisions.explain` as well, where the owner is at home and in the tenant that is asked about."
	)
	return []operation{
		find("me.token_usage", mine+"/usage", "", "Tell what one of your tokens was used for", (*Handler).myTokenUsage),
		find("me.token_reach", mine+"/reach", "", "Tell what one of your tokens could do", (*Handler).myTokenReach),
		find("credentials.usage", others+"/usage", admin.TokensRead, "Tell what a token was used for", (*Handler).credentialUsage, everyTenant),
		find("credentials.reach", others+"/reach", admin.TokensRead, "Tell what a token could do", (*Handler).credentialReach, everyTenant, more(explain)),
		list("credentials.list_applications", "/tenants/{tenant}/applications", admin.TokensRead, "List the service accounts of a tenant with their tokens",
			(*Handler).listApplications, everyTenant, more("It needs `sallyport/users.read` as well.")),
		find("keys.usage", key+"/usage", admin.KeysRead, "Tell what an API key was used for", (*Handler).keyUsage),
		find("keys.reach", key+"/reach", admin.KeysRead, "Tell what an API key could do", (*Handler).keyReach, more(explain)),
	}
}

func (h *Handler) listApplications(c *call, f api.ApplicationFilter, p admin.Page) (api.List[api.Application], error) {
	tenant := c.tenant
	if tenant == sallyport.EveryTenant {
		tenant = "" // of the whole installation
	}
	return wireList(c.applicationOnWire)(h.Admin.Applications(c.ctx, c.actor, tenant, f.State, f.Search, p))
}

func (c *call) applicationOnWire(a admin.Application) api.Application {
	out := api.Application{User: userOnWire(a.User), Tokens: []api.Credential{}, More: a.More}
	for _, t := range a.Tokens {
		out.Tokens = append(out.Tokens, c.credentialOnWire(t))
	}
	return out
}

// usage tells of a credential that was found where the path says.
func (h *Handler) usage(c *call, in api.AdviceWindow) func(sallyport.Credential, error) (api.CredentialUsage, error) {
	return func(found sallyport.Credential, err error) (out api.CredentialUsage, _ error) {
		if err != nil {
			return out, err
		}
		u, err := h.Admin.Usage(c.ctx, c.actor, found.ID, time.Duration(in.Since))
		out = api.CredentialUsage{Since: u.Since, Days: []api.DayUses{}, Permissions: never(u.Permissions)}
		for _, d := range u.Days {
			out.Days = append(out.Days, api.DayUses{Day: store.DayStart(d.Day), Uses: d.Uses})
		}
		return out, err
	}
}

// reach is usage for what a credential could do.
func (h *Handler) reach(c *call, in api.TenantQuery) func(sallyport.Credential, error) (api.CredentialReach, error) {
	return func(found sallyport.Credential, err error) (out api.CredentialReach, _ error) {
		if err != nil {
			return out, err
		}
		r, err := h.Admin.Reach(c.ctx, c.actor, found.ID, in.Tenant)
		out = api.CredentialReach{Tenants: []api.TenantName{}, Tenant: r.Tenant, Held: never(r.Held), Could: never(r.Could)}
		for _, t := range r.Tenants {
			out.Tenants = append(out.Tenants, api.TenantName{ID: t.ID, Name: t.Name})
		}
		return out, err
	}
}

func (h *Handler) myTokenUsage(c *call, in api.AdviceWindow) (api.CredentialUsage, error) {
	return h.usage(c, in)(h.myToken(c))
}

func (h *Handler) myTokenReach(c *call, in api.TenantQuery) (api.CredentialReach, error) {
	return h.reach(c, in)(h.myToken(c))
}

func (h *Handler) credentialUsage(c *call, in api.AdviceWindow) (api.CredentialUsage, error) {
	return h.usage(c, in)(h.Admin.Token(c.ctx, c.actor, c.credential("credential")))
}

func (h *Handler) credentialReach(c *call, in api.TenantQuery) (api.CredentialReach, error) {
	return h.reach(c, in)(h.Admin.Token(c.ctx, c.actor, c.credential("credential")))
}

func (h *Handler) keyUsage(c *call, in api.AdviceWindow) (api.CredentialUsage, error) {
	return h.usage(c, in)(h.Admin.Key(c.ctx, c.actor, c.tenant, c.credential("key")))
}

func (h *Handler) keyReach(c *call, in api.TenantQuery) (api.CredentialReach, error) {
	return h.reach(c, in)(h.Admin.Key(c.ctx, c.actor, c.tenant, c.credential("key")))
}
