package httpapi

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

func keyOperations() []operation {
	const all, one = "/tenants/{tenant}/keys", "/tenants/{tenant}/keys/{key}"
	return []operation{
		list("keys.list", all, admin.KeysRead, "List the API keys of a tenant", (*Handler).listKeys),
		create("keys.create", all, admin.KeysWrite, "Make an API key", (*Handler).createKey,
			more("It acts in its own name, with the roles that you give it and hold yourself. The secret is in this answer only.")),
		get("keys.get", one, admin.KeysRead, "Get an API key", (*Handler).getKey),
		update("keys.update", one, admin.KeysWrite, "Change an API key", (*Handler).updateKey),
		send("keys.renew", http.MethodPost, one+"/renew", admin.KeysWrite, "Give an API key a new secret", (*Handler).renewKey,
			versioned, more("The secret is in this answer only.")),
		send("keys.adopt", http.MethodPost, one+"/adopt", admin.KeysWrite, "Give an API key a secret that was made elsewhere", (*Handler).adoptKey,
			more("For clients that cannot be given a new one. The secret that it had ends.")),
		remove("keys.revoke", one, admin.KeysWrite, "Revoke an API key for good", (*Handler).revokeKey),
		get("keys.secrets", one+"/secrets", admin.KeysRead, "Tell which secrets an API key has", (*Handler).keySecrets),
	}
}

func (h *Handler) adoptKey(c *call, in api.Adoption) (nothing, error) {
	return nothing{}, h.Admin.AdoptKeySecret(c.ctx, c.actor, c.tenant, c.credential("key"), sallyport.Secret(in.Secret.Reveal()))
}

func (c *call) credential(name string) sallyport.CredentialID {
	return sallyport.CredentialID(c.path(name))
}

func (h *Handler) listKeys(c *call, f api.StateFilter, p admin.Page) (api.List[api.Credential], error) {
	return wireList(c.credentialOnWire)(h.Admin.Keys(c.ctx, c.actor, c.tenant, f.State, p))
}

func (h *Handler) createKey(c *call, in api.NewKey) (api.Issued, error) {
	key := admin.NewKey{Name: in.Name, Scopes: in.Scopes, Networks: in.Networks, Expires: in.ExpiresAt, Secret: sallyport.Secret(in.Secret.Reveal())}
	for _, r := range in.Roles {
		key.Roles = append(key.Roles, admin.KeyRole{Role: r.Role, Realm: r.Realm, Condition: r.Condition, Expires: r.ExpiresAt})
	}
	issued, err := h.Admin.CreateKey(c.ctx, c.actor, c.tenant, key)
	c.made = string(issued.Credential.ID)
	return wire(c.issuedOnWire)(issued, err)
}

func (h *Handler) getKey(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.Key(c.ctx, c.actor, c.tenant, c.credential("key")))
}

func (h *Handler) updateKey(c *call, in api.TokenChange) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.UpdateKey(c.ctx, c.actor, c.tenant, c.credential("key"), c.version, tokenChange(in)))
}

func (h *Handler) renewKey(c *call, in api.Renewal) (api.Issued, error) {
	return wire(c.issuedOnWire)(h.Admin.RenewKey(c.ctx, c.actor, c.tenant, c.credential("key"), c.version, time.Duration(in.Overlap)))
}

func (h *Handler) revokeKey(c *call) (nothing, error) {
	return nothing{}, h.Admin.RevokeKey(c.ctx, c.actor, c.tenant, c.credential("key"), c.version)
}

func (h *Handler) keySecrets(c *call) (api.Secrets, error) {
	return wire(secretsOnWire)(h.Admin.KeySecrets(c.ctx, c.actor, c.tenant, c.credential("key")))
}

// Tokens of others. The tenant of the path is where their owner is administered;
// admin asks for the right there, whatever the path says.
func credentialOperations() []operation {
	const all, one = "/tenants/{tenant}/credentials", "/tenants/{tenant}/credentials/{credential}"
	return []operation{
		list("credentials.list", all, admin.TokensRead, "List the tokens of others", (*Handler).listCredentials, everyTenant),
		create("credentials.create", all, admin.TokensWrite, "Make an application token for a service account", (*Handler).createCredential, everyTenant,
			more("The account must not be stronger than you. The secret is in this answer only.")),
		get("credentials.get", one, admin.TokensRead, "Get a token", (*Handler).getCredential, everyTenant),
		update("credentials.update", one, admin.TokensWrite, "Change an application token", (*Handler).updateCredential, everyTenant,
			more("A personal token can be changed by its owner alone.")),
		send("credentials.renew", http.MethodPost, one+"/renew", admin.TokensWrite, "Give an application token a new secret",
			(*Handler).renewCredential, everyTenant, versioned, more("The secret is in this answer only.")),
		remove("credentials.revoke", one, admin.TokensRevoke, "Revoke a token for good", (*Handler).revokeCredential, everyTenant),
		get("credentials.secrets", one+"/secrets", admin.TokensRead, "Tell which secrets a token has", (*Handler).credentialSecrets, everyTenant),
	}
}

func (h *Handler) listCredentials(c *call, f api.TokenFilter, p admin.Page) (api.List[api.Credential], error) {
	return wireList(c.credentialOnWire)(h.Admin.Tokens(c.ctx, c.actor, c.tenant, admin.TokenFilter{Owner: f.Owner, State: f.State}, p))
}

func (h *Handler) createCredential(c *call, in api.NewApplicationToken) (api.Issued, error) {
	issued, err := h.Admin.CreateApplicationToken(c.ctx, c.actor, c.tenant, in.Owner, newToken(in.NewToken))
	c.made = string(issued.Credential.ID)
	return wire(c.issuedOnWire)(issued, err)
}

func (h *Handler) getCredential(c *call) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.Token(c.ctx, c.actor, c.credential("credential")))
}

func (h *Handler) updateCredential(c *call, in api.TokenChange) (api.Credential, error) {
	return wire(c.credentialOnWire)(h.Admin.UpdateToken(c.ctx, c.actor, c.credential("credential"), c.version, tokenChange(in)))
}

func (h *Handler) renewCredential(c *call, in api.Renewal) (api.Issued, error) {
	return wire(c.issuedOnWire)(h.Admin.RenewToken(c.ctx, c.actor, c.credential("credential"), c.version, time.Duration(in.Overlap)))
}

func (h *Handler) revokeCredential(c *call) (nothing, error) {
	return nothing{}, h.Admin.RevokeToken(c.ctx, c.actor, c.credential("credential"), c.version)
}

func (h *Handler) credentialSecrets(c *call) (api.Secrets, error) {
	return wire(secretsOnWire)(h.Admin.TokenSecrets(c.ctx, c.actor, c.credential("credential")))
}

func newToken(in api.NewToken) admin.NewToken {
	return admin.NewToken{Name: in.Name, Scopes: in.Scopes, Tenant: in.Tenant, Networks: in.Networks, Expires: in.ExpiresAt}
}

func tokenChange(in api.TokenChange) admin.TokenChange {
	return admin.TokenChange{Name: in.Name, Scopes: changed(in.Scopes), Networks: changed(in.Networks), Expires: changed(in.ExpiresAt)}
}

// changed returns nil for a field that was left out, and a pointer to the zero
// value for one that is null.
func changed[T any](n api.Nullable[T]) *T {
	if n.IsZero() {
		return nil
	}
	return &n.Value
}

func sessionOperations() []operation {
	const sessions, signIns = "/tenants/{tenant}/sessions", "/tenants/{tenant}/sign-ins"
	return []operation{
		list("sessions.list", sessions, admin.SessionsRead, "List the sessions of a user", (*Handler).listSessions, everyTenant,
			more("Some of them may be over by their limits.")),
		remove("sessions.end", sessions+"/{session}", admin.SessionsRevoke, "End a session", (*Handler).endSession, everyTenant, unversioned,
			more("To be ended already is no error.")),
		list("sessions.list_sign_ins", signIns, admin.SessionsRead, "List the sign-ins of a user or API key", (*Handler).listSignIns, everyTenant),
		remove("sessions.end_sign_in", signIns+"/{signin}", admin.SessionsRevoke, "End a sign-in", (*Handler).endSignIn, everyTenant, unversioned,
			more("Its access and refresh tokens are dead at once. To be ended already is no error.")),
	}
}

func (h *Handler) listSessions(c *call, f api.OwnerFilter, p admin.Page) (api.List[api.Credential], error) {
	return wireList(c.credentialOnWire)(h.Admin.Sessions(c.ctx, c.actor, c.tenant, f.Owner, p))
}

func (h *Handler) endSession(c *call) (nothing, error) {
	return nothing{}, h.Admin.EndSession(c.ctx, c.actor, c.credential("session"))
}

func (h *Handler) listSignIns(c *call, f api.OwnerFilter, p admin.Page) (api.List[api.SignIn], error) {
	return wireList(c.signInOnWire)(h.Admin.Families(c.ctx, c.actor, c.tenant, f.Owner, p))
}

func (h *Handler) endSignIn(c *call) (nothing, error) {
	return nothing{}, h.Admin.RevokeFamily(c.ctx, c.actor, sallyport.FamilyID(c.path("signin")))
}
