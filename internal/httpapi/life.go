package httpapi

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// lifeOperations are about how tokens and keys come to their end.
func lifeOperations() []operation {
	const (
		mine   = "/me/tokens/{token}"
		others = "/tenants/{tenant}/credentials/{credential}"
		key    = "/tenants/{tenant}/keys/{key}"

		brown = "A share of its uses is refused for a while, as if it had been revoked, so that whoever depends on it finds out. It ends by itself."
		over  = "The secrets before the newest stop working now."
	)
	return []operation{
		send("me.brownout_token", http.MethodPost, mine+"/brownout", "", "Begin a brown-out of one of your tokens", (*Handler).brownOutMine, versioned, more(brown)),
		act("me.end_token_brownout", http.MethodDelete, mine+"/brownout", "", "End the brown-out of one of your tokens", (*Handler).endMyBrownout, versioned),
		act("me.end_token_overlap", http.MethodPost, mine+"/end-overlap", "", "End the overlap of one of your tokens", (*Handler).endMyOverlap, versioned, more(over)),

		send("credentials.brownout", http.MethodPost, others+"/brownout", admin.TokensRevoke, "Begin a brown-out of a token",
			(*Handler).brownOutCredential, everyTenant, versioned, more(brown)),
		act("credentials.end_brownout", http.MethodDelete, others+"/brownout", admin.TokensRevoke, "End the brown-out of a token",
			(*Handler).endCredentialBrownout, everyTenant, versioned),
		act("credentials.end_overlap", http.MethodPost, others+"/end-overlap", admin.TokensWrite, "End the overlap of an application token",
			(*Handler).endCredentialOverlap, everyTenant, versioned, more(over)),

		send("keys.brownout", http.MethodPost, key+"/brownout", admin.KeysWrite, "Begin a brown-out of an API key", (*Handler).brownOutKey, versioned, more(brown)),
		act("keys.end_brownout", http.MethodDelete, key+"/brownout", admin.KeysWrite, "End the brown-out of an API key", (*Handler).endKeyBrownout, versioned),
		act("keys.end_overlap", http.MethodPost, key+"/end-overlap", admin.KeysWrite, "End the overlap of an API key", (*Handler).endKeyOverlap, versioned, more(over)),

		send("leaked.revoke", http.MethodPost, "/leaked", "", "Revoke secrets that got into wrong hands", (*Handler).revokeLeaked, public,
			func(op *operation) { op.scopes = nil },
			more("Whoever holds a secret may revoke it, without signing in. The answer is the same whether a secret was good or not.")),
	}
}

func plan(in api.NewBrownout) admin.BrownoutPlan {
	return admin.BrownoutPlan{Share: in.Share, For: time.Duration(in.For)}
}

func (h *Handler) brownOutMine(c *call, in api.NewBrownout) (api.Credential, error) {
	t, err := h.myToken(c)
	if err != nil {
		return api.Credential{}, err
	}
	return wire(c.credentialOnWire)(h.Admin.BrownOutToken(c.ctx, c.actor, t.ID, c.version, plan(in)))
}

func (h *Handler) endMyBrownout(c *call) (api.Credential, error) {
	t, err := h.myToken(c)
	if err != nil {
		return api.Credential{}, err
	}
	return wire(c.credentialOnWire)(h.Admin.EndTokenBrownout(c.ctx, c.actor, t.ID, c.version))
}

func (h *Handler) endMyOverlap(c *call) (api.Credential, error) {
	t, err := h.myToken(c)
	if err != nil {
		return api.Credential{}, err
	}
	return wire(c.credentialOnWire)(h.Admin.EndTokenOverlap(c.ctx, c.actor, t.ID, c.version))
}

func (h *Handler) brownOutCredential(c *call, in api.NewBrownout) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.BrownOutToken(c.ctx, c.actor, c.credential("credential"), c.version, plan(in)))
}

func (h *Handler) endCredentialBrownout(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.EndTokenBrownout(c.ctx, c.actor, c.credential("credential"), c.version))
}

func (h *Handler) endCredentialOverlap(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.EndTokenOverlap(c.ctx, c.actor, c.credential("credential"), c.version))
}

func (h *Handler) brownOutKey(c *call, in api.NewBrownout) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.BrownOutKey(c.ctx, c.actor, c.tenant, c.credential("key"), c.version, plan(in)))
}

func (h *Handler) endKeyBrownout(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.EndKeyBrownout(c.ctx, c.actor, c.tenant, c.credential("key"), c.version))
}

func (h *Handler) endKeyOverlap(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.EndKeyOverlap(c.ctx, c.actor, c.tenant, c.credential("key"), c.version))
}

// revokeLeaked asks nobody who he is. It is throttled by source: each secret costs a
// look-up.
func (h *Handler) revokeLeaked(c *call, in api.Leak) (nothing, error) {
	secrets := make([]sallyport.Secret, 0, len(in.Secrets))
	for _, s := range in.Secrets {
		secrets = append(secrets, sallyport.Secret(s.Reveal()))
	}
	if wait := h.leaks.take(c.client, len(secrets), h.Now()); wait > 0 {
		return nothing{}, &denial{sallyport.Overdone, wait}
	}
	return nothing{}, h.Admin.RevokeLeaked(c.ctx, secrets, c.actor.Address, c.actor.RequestID)
}
