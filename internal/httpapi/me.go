package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func meOperations() []operation {
	const tokens, token = "/me/tokens", "/me/tokens/{token}"
	return []operation{
		get("me.get", "/me", "", "Tell who you are", (*Handler).me),
		update("me.update", "/me", "", "Change your name and e-mail address", (*Handler).updateMe),
		find("me.permissions", "/me/permissions", "", "List what you may in a tenant", (*Handler).myPermissions),
		send("me.change_password", http.MethodPost, "/me/password", "", "Replace your password", (*Handler).changePassword, setsCookie,
			more("Your sessions and sign-ins end; with a session you get a new one. Your tokens stay.")),
		list("me.tokens", tokens, "", "List your tokens", (*Handler).listMyTokens),
		create("me.create_token", tokens, "", "Make a token for yourself", (*Handler).createMyToken,
			more("It may what you may, at every use, as far as its scopes reach. The secret is in this answer only.")),
		get("me.token", token, "", "Get one of your tokens", (*Handler).getMyToken),
		update("me.update_token", token, "", "Change one of your tokens", (*Handler).updateMyToken),
		send("me.renew_token", http.MethodPost, token+"/renew", "", "Give one of your tokens a new secret", (*Handler).renewMyToken,
			versioned, more("The secret is in this answer only.")),
		remove("me.revoke_token", token, "", "Revoke one of your tokens for good", (*Handler).revokeMyToken),
		get("me.token_secrets", token+"/secrets", "", "Tell which secrets one of your tokens has", (*Handler).myTokenSecrets),
		list("me.sessions", "/me/sessions", "", "List your sessions", (*Handler).listMySessions, more("Some of them may be over by their limits.")),
		remove("me.end_session", "/me/sessions/{session}", "", "End one of your sessions", (*Handler).endMySession, unversioned),
		act("me.end_others", http.MethodPost, "/me/sessions/end-others", "", "End all your sessions and sign-ins but this one", (*Handler).endOthers),
		list("me.sign_ins", "/me/sign-ins", "", "List your sign-ins", (*Handler).listMySignIns),
		remove("me.end_sign_in", "/me/sign-ins/{signin}", "", "End one of your sign-ins", (*Handler).endMySignIn, unversioned),
	}
}

func (h *Handler) me(c *call) (api.Me, error) {
	self, err := h.Admin.Me(c.ctx, c.actor)
	return wire(func(s admin.Self) api.Me { return meOnWire(s, c.actor) })(self, err)
}

func (h *Handler) updateMe(c *call, in api.MeChange) (api.Me, error) {
	if _, err := h.Admin.UpdateMe(c.ctx, c.actor, c.version, admin.UserChange{Name: in.Name, Email: in.Email}); err != nil {
		return api.Me{}, err
	}
	return h.me(c)
}

func (h *Handler) myPermissions(c *call, q api.TenantQuery) (api.Permissions, error) {
	tenant := q.Tenant
	if tenant == "" {
		tenant = visitOf(c.ctx).decision.Tenant // the credential's, or else where the caller is at home
	}
	if tenant == "" {
		tenant = c.actor.Principal.Home
	}
	list, err := h.Admin.Permissions(c.ctx, c.actor, tenant)
	return api.Permissions{Tenant: tenant, Permissions: never(list)}, err
}

func (h *Handler) listMyTokens(c *call, f api.StateFilter, p admin.Page) (api.List[api.Credential], error) {
	filter := admin.TokenFilter{Owner: c.actor.Principal.ID, State: f.State}
	return wireList(c.credentialOnWire)(h.Admin.Tokens(c.ctx, c.actor, "", filter, p))
}

func (h *Handler) createMyToken(c *call, in api.NewToken) (api.Issued, error) {
	issued, err := h.Admin.CreateToken(c.ctx, c.actor, newToken(in))
	c.made = string(issued.Credential.ID)
	return wire(c.issuedOnWire)(issued, err)
}

// myToken returns a token of the path if it is the caller's own. Those of others
// are reached elsewhere, by who may.
func (h *Handler) myToken(c *call) (sallyport.Credential, error) {
	t, err := h.Admin.Token(c.ctx, c.actor, c.credential("token"))
	if err == nil && t.Owner == c.actor.Principal.ID {
		return t, nil
	}
	if kind := sallyport.KindOf(err); err == nil || kind == sallyport.Refused && t.ID == "" {
		err = sallyport.ErrNotFound("no such token")
	}
	return sallyport.Credential{}, err
}

func (h *Handler) getMyToken(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.myToken(c))
}

func (h *Handler) updateMyToken(c *call, in api.TokenChange) (api.Credential, error) {
	t, err := h.myToken(c)
	if err != nil {
		return api.Credential{}, err
	}
	return wire(c.credentialOnWire)(h.Admin.UpdateToken(c.ctx, c.actor, t.ID, c.version, tokenChange(in)))
}

func (h *Handler) renewMyToken(c *call, in api.Renewal) (api.Issued, error) {
	t, err := h.myToken(c)
	if err != nil {
		return api.Issued{}, err
	}
	return wire(c.issuedOnWire)(h.Admin.RenewToken(c.ctx, c.actor, t.ID, c.version, time.Duration(in.Overlap)))
}

func (h *Handler) revokeMyToken(c *call) (nothing, error) {
	t, err := h.myToken(c)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, h.Admin.RevokeToken(c.ctx, c.actor, t.ID, c.version)
}

func (h *Handler) myTokenSecrets(c *call) (api.Secrets, error) {
	t, err := h.myToken(c)
	if err != nil {
		return api.Secrets{}, err
	}
	return wire(secretsOnWire)(h.Admin.TokenSecrets(c.ctx, c.actor, t.ID))
}

func (h *Handler) listMySessions(c *call, _ struct{}, p admin.Page) (api.List[api.Credential], error) {
	return wireList(c.credentialOnWire)(h.Admin.Sessions(c.ctx, c.actor, "", c.actor.Principal.ID, p))
}

func (h *Handler) endMySession(c *call) (nothing, error) {
	id := c.credential("session")
	err := owned("session", func(p admin.Page) (admin.List[sallyport.Credential], error) {
		return h.Admin.Sessions(c.ctx, c.actor, "", c.actor.Principal.ID, p)
	}, func(s sallyport.Credential) bool { return s.ID == id })
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, h.Admin.EndSession(c.ctx, c.actor, id)
}

// owned looks for something in a list of what is the caller's own. That of
// others is reached elsewhere, by who may.
func owned[T any](what string, list func(admin.Page) (admin.List[T], error), is func(T) bool) error {
	page := admin.Page{Limit: 200}
	for {
		l, err := list(page)
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(l.Items, is):
			return nil
		case l.Next == "":
			return sallyport.ErrNotFound("no such " + what)
		}
		page.Cursor = l.Next
	}
}

func (h *Handler) endOthers(c *call) (api.Ended, error) {
	n, err := h.Admin.EndOtherSessions(c.ctx, c.actor)
	return api.Ended{Ended: n}, err
}

func (h *Handler) listMySignIns(c *call, _ struct{}, p admin.Page) (api.List[api.SignIn], error) {
	return wireList(c.signInOnWire)(h.Admin.Families(c.ctx, c.actor, "", c.actor.Principal.ID, p))
}

func (h *Handler) endMySignIn(c *call) (nothing, error) {
	id := sallyport.FamilyID(c.path("signin"))
	err := owned("sign-in", func(p admin.Page) (admin.List[store.Family], error) {
		return h.Admin.Families(c.ctx, c.actor, "", c.actor.Principal.ID, p)
	}, func(f store.Family) bool { return f.ID == id })
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, h.Admin.RevokeFamily(c.ctx, c.actor, id)
}
