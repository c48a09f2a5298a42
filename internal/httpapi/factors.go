package httpapi

import (
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

func factorOperations() []operation {
	const factors = "/me/factors"
	return []operation{
		get("me.factors", factors, "", "List your second factors", (*Handler).myFactors),
		send("me.start_factor", http.MethodPost, factors, "", "Begin to set up an app that shows codes", (*Handler).startFactor,
			more("Nothing asks for it before a code of it was right once. It is for people, in a session in which the password was given a short while ago.")),
		send("me.activate_factor", http.MethodPost, factors+"/{factor}/activate", "", "Put an app in force with a code of it", (*Handler).activateFactor,
			more("From then on the password alone opens nothing: HTTP Basic is closed to you, and programs need a token. With the first app come recovery codes.")),
		send("me.rename_factor", http.MethodPatch, factors+"/{factor}", "", "Give one of your second factors another name", (*Handler).renameFactor),
		remove("me.remove_factor", factors+"/{factor}", "", "Remove one of your second factors", (*Handler).removeFactor, unversioned),
		act("me.renew_recovery_codes", http.MethodPost, "/me/recovery-codes", "", "Get new recovery codes", (*Handler).renewRecoveryCodes,
			more("The old ones are over.")),
		remove("users.reset_factors", "/tenants/{tenant}/users/{user}/factors", admin.UsersWrite, "Remove the second factors of a user who has lost them", (*Handler).resetFactors,
			unversioned, everyTenant, more("His sessions end.")),
	}
}

func (h *Handler) myFactors(c *call) (api.Factors, error) {
	f, err := h.Admin.Factors(c.ctx, c.actor)
	out := api.Factors{Items: []api.Factor{}, Recovery: f.Recovery}
	for _, one := range f.List {
		out.Items = append(out.Items, api.Factor{
			ID: one.ID, Kind: one.Kind, Name: one.Name, Active: one.Active, LastUsedAt: one.LastUsed, CreatedAt: one.Created,
		})
	}
	return out, err
}

func (h *Handler) startFactor(c *call, in api.NewFactor) (api.StartedFactor, error) {
	f, err := h.Admin.StartFactor(c.ctx, c.actor, in.Name, h.issuer())
	return api.StartedFactor{ID: f.ID, Secret: api.Secret(f.Secret), URI: api.Secret(f.URI)}, err
}

// issuer is what apps show codes under: the host of the installation.
func (h *Handler) issuer() string {
	if u, err := url.Parse(h.URL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "Sallyport"
}

func (h *Handler) activateFactor(c *call, in api.FactorCode) (api.RecoveryCodes, error) {
	codes, err := h.Admin.ActivateFactor(c.ctx, c.actor, sallyport.FactorID(c.path("factor")), in.Code.Reveal())
	return recoveryCodes(codes), err
}

func (h *Handler) renewRecoveryCodes(c *call) (api.RecoveryCodes, error) {
	codes, err := h.Admin.NewRecoveryCodes(c.ctx, c.actor)
	return recoveryCodes(codes), err
}

func recoveryCodes(codes []sallyport.Secret) api.RecoveryCodes {
	out := api.RecoveryCodes{Codes: []api.Secret{}}
	for _, code := range codes {
		out.Codes = append(out.Codes, api.Secret(code))
	}
	return out
}

func (h *Handler) renameFactor(c *call, in api.FactorChange) (nothing, error) {
	return nothing{}, h.Admin.RenameFactor(c.ctx, c.actor, sallyport.FactorID(c.path("factor")), in.Name)
}

func (h *Handler) removeFactor(c *call) (nothing, error) {
	return nothing{}, h.Admin.RemoveFactor(c.ctx, c.actor, sallyport.FactorID(c.path("factor")))
}

func (h *Handler) resetFactors(c *call) (nothing, error) {
	return nothing{}, h.Admin.ResetFactors(c.ctx, c.actor, c.tenant, c.user())
}
