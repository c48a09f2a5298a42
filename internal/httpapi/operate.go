package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/token"
)

func signingOperations() []operation {
	needs := more("The permission is needed in every tenant.")
	return []operation{
		get("signing-keys.list", "/signing-keys", admin.SigningKeysRead, "List the signing keys", (*Handler).listSigningKeys, needs),
		send("signing-keys.rotate", http.MethodPost, "/signing-keys/rotate", admin.SigningKeysWrite, "Take the next signing key into use",
			(*Handler).rotateSigningKey, needs),
	}
}

func (h *Handler) listSigningKeys(c *call) (api.SigningKeys, error) {
	keys, err := h.Admin.SigningKeys(c.ctx, c.actor)
	out := api.SigningKeys{Items: []api.SigningKey{}}
	for _, k := range keys {
		out.Items = append(out.Items, signingKeyOnWire(k))
	}
	return out, err
}

func (h *Handler) rotateSigningKey(c *call, in api.Rotation) (api.SigningKey, error) {
	use := admin.KeyUse{Kind: token.JWTKind(in.Kind), Algorithm: token.Algorithm(in.Algorithm)}
	return wire(signingKeyOnWire)(h.Admin.RotateSigningKey(c.ctx, c.actor, use))
}

func signingKeyOnWire(k admin.KeyInfo) api.SigningKey {
	return api.SigningKey{
		ID: k.ID, Kind: string(k.Kind), Algorithm: string(k.Algorithm), State: string(k.State),
		CreatedAt: k.Created, ActivatedAt: k.Activated, RetiredAt: k.Retired, AcceptUntil: k.AcceptUntil,
	}
}

func documentOperations() []operation {
	return []operation{
		get("openapi", "/openapi.json", "", "Get this document", (*Handler).getDocument, public,
			func(op *operation) { op.scopes, op.tag = nil, "document" }),
	}
}

func (h *Handler) getDocument(*call) (json.RawMessage, error) { return h.Described() }
