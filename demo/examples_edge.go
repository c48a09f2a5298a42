package demo

import "fmt"

// edgeExamples show the identity service and the calls behind it.
func (s *stage) edgeExamples() []example {
	const api = "edgeintel"
	types, agents := s.url("/nbapi/ei/v1/assetTypes"), s.url("/nbapi/ei/v1/agents")
	older, newer := s.url("/iam/auth/token"), s.url("/nbapi/iam/v1/auth/token")
	body := jsonBody + `-X POST -d "{\"name\":\"pump $(date +%s%N)\",\"connectionType\":\"MQTT\"}" `
	here, there := header("x-tenant-id", string(s.tenantID[tenantMain])), header("x-tenant-id", string(s.tenantID[tenantOther]))
	jane := s.edgeToken(s.edgeLogin("jane"))
	key := s.edgeToken(edgeKey(tenantOther+"->nbikey", s.credential["nbikey"].Secret))
	tina := s.edgeToken(s.edgeLogin("tina@acme.example"))
	newKey := jsonBody + `-X POST -d "{\"name\":\"key $(date +%s%N)\",\"role\":\"edge-assets\",\"expiration\":\"30d\"}" ` + s.url("/iam/api-keys")
	newRole := jsonBody + `-X POST -d "{\"role_name\":\"role $(date +%s%N)\",\"permissions\":[\"Asset Management\",\"Data Management\"]}" ` + s.url("/iam/roles")
	return []example{
		{"Edge Intelligence: tokens for a user", api, "password", curl + jsonBody + "-d " + s.edgeLogin("jane") + " " + older, 200, true},
		{"Edge Intelligence: a wrong password", api, "password", curl + jsonBody + "-d " + quote(`{"username":"jane","password":"wrong"}`) + " " + older, 401, false},
		{"Edge Intelligence: a deactivated user gets the same answer", api, "password", curl + jsonBody + "-d " + s.edgeLogin("gone") + " " + older, 401, false},
		{"Edge Intelligence: tokens for an API key, at the newer place", api, "api-key", curl + jsonBody + "-d " + edgeKey(tenantOther+"->nbikey", s.credential["nbikey"].Secret) + " " + newer, 200, true},
		{"Edge Intelligence: the name of the key alone, in other letters", api, "api-key", curl + jsonBody + "-d " + edgeKey("NBIKEY", s.credential["nbikey"].Secret) + " " + older, 200, true},
		{"Edge Intelligence: the name of the key with a wrong secret", api, "api-key", curl + jsonBody + "-d " + edgeKey("nbikey", s.credential["warehouse-robot"].Secret) + " " + older, 401, false},
		{"Edge Intelligence: the key under the name of another tenant", api, "api-key", curl + jsonBody + "-d " + edgeKey(tenantMain+"->nbikey", s.credential["nbikey"].Secret) + " " + older, 401, false},
		{"Edge Intelligence: a refresh token", api, "refresh-token", s.edgeRefresh() + curl + jsonBody + `-d "{\"grant_type\":\"refresh_token\",\"refresh_token\":\"$REFRESH\"}" ` + older, 200, true},
		{"Edge Intelligence: a changed refresh token", api, "refresh-token", s.edgeRefresh() + curl + jsonBody + `-d "{\"grant_type\":\"refresh_token\",\"refresh_token\":\"${REFRESH}x\"}" ` + older, 401, false},
		{"Edge Intelligence: which tenants and roles have I?", api, "access-token", jane + curl + bearerOfShell + s.url("/iam/users/me"), 200, true},
		{"Edge Intelligence: an API key may ask that too", api, "access-token", key + curl + bearerOfShell + s.url("/iam/users/me"), 200, false},
		{"Edge Intelligence: the list of tenants", api, "access-token", jane + curl + bearerOfShell + s.url("/iam/tenants"), 200, false},
		{"Edge Intelligence: Jane reads agents in one tenant", api, "access-token", jane + curl + bearerOfShell + here + agents, 200, true},
		{"Edge Intelligence: and asset types, page by page", api, "access-token", jane + curl + bearerOfShell + here + s.url("/nbapi/ei/v1/assetTypes?page=1&size=2"), 200, false},
		{"Edge Intelligence: she may not add one there; the answer says what is missing", api, "access-token", jane + curl + bearerOfShell + here + body + types, 403, true},
		{"Edge Intelligence: but in her other tenant she may", api, "access-token", jane + curl + bearerOfShell + there + body + types, 201, false},
		{"Edge Intelligence: without a tenant; the answer names hers", api, "access-token", jane + curl + bearerOfShell + agents, 400, true},
		{"Edge Intelligence: a tenant that is none", api, "access-token", jane + curl + bearerOfShell + header("x-tenant-id", "acme") + agents, 400, false},
		{"Edge Intelligence: an API key, exchanged for an access token", api, "access-token", key + curl + bearerOfShell + there + types, 200, true},
		{"Edge Intelligence: somebody else's tenant", api, "access-token", key + curl + bearerOfShell + here + types, 403, false},
		{"Edge Intelligence: no token", api, "", curl + here + types, 401, false},
		{"Edge Intelligence: the administrator of a tenant generates an API key", api, "access-token", tina + curl + bearerOfShell + there + newKey, 201, false},
		{"Edge Intelligence: who is not one may not", api, "access-token", jane + curl + bearerOfShell + there + newKey, 403, false},
		{"Edge Intelligence: a custom role", api, "access-token", tina + curl + bearerOfShell + there + newRole, 201, false},
	}
}

// edgeLogin is the body that asks for tokens of a user.
func (s *stage) edgeLogin(login string) string {
	return quote(fmt.Sprintf(`{"username":%q,"password":%q}`, login, s.password[login]))
}

// edgeKey is the body that asks for tokens of an API key.
func edgeKey(id, secret string) string {
	return quote(fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, id, secret))
}

// edgeToken sets TOKEN in the shell to an access token.
func (s *stage) edgeToken(body string) string {
	return "TOKEN=$(curl -sS " + jsonBody + "-d " + body + " " + s.url("/iam/auth/token") + ` | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); `
}

// edgeRefresh sets REFRESH in the shell to a refresh token of Jane's.
func (s *stage) edgeRefresh() string {
	return "REFRESH=$(curl -sS " + jsonBody + "-d " + s.edgeLogin("jane") + " " + s.url("/iam/auth/token") + ` | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/'); `
}
