package demo

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// curl begins a command whose last line of output is the status.
const curl = `curl -sS -w '\n%{http_code}\n' `

// quote makes text one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// basic is the option for HTTP Basic of a player.
func (s *stage) basic(login string) string { return "-u " + quote(login+":"+s.password[login]) + " " }

// base64 is what Basic says of a player.
func (s *stage) base64(login string) string {
	return base64.StdEncoding.EncodeToString([]byte(login + ":" + s.password[login]))
}

// bearer is the option for a token of the cast.
func (s *stage) bearer(name string) string {
	return "-H " + quote("Authorization: Bearer "+s.credential[name].Secret) + " "
}

// header is the option for a header.
func header(name, value string) string { return "-H " + quote(name+": "+value) + " " }

// url is a URL below the public listener.
func (s *stage) url(path string) string { return quote(s.URL + path) }

// bearerOfShell is the option for the token in the shell's variable TOKEN.
const bearerOfShell = `-H "Authorization: Bearer $TOKEN" `

const jsonBody = "-H 'Content-Type: application/json' "

// An example is one of which the status tells all. The order of the fields is that
// in which one tells of it.
type example struct {
	title, api, credential, command string
	status                          int
	show                            bool
}

// examples is a tour: for each API and each kind of credential at least one
// request that is let in and one that is refused.
func (s *stage) examples() []Example {
	var all []Example
	for _, part := range []func() []Example{
		plain(s.inventoryExamples), plain(s.advisorExamples), plain(s.networkExamples), s.orchestratorExamples,
		s.itopExamples, plain(s.edgeExamples), plain(s.tokenExamples), plain(s.ownExamples),
	} {
		all = append(all, part()...)
	}
	return all
}

// plain makes entries of the manifest.
func plain(part func() []example) func() []Example {
	return func() []Example {
		var all []Example
		for _, e := range part() {
			all = append(all, Example{
				Title: e.title, API: e.api, Credential: e.credential, Command: e.command, ExpectStatus: e.status, Show: e.show,
				Refused: e.status >= http.StatusBadRequest,
			})
		}
		return all
	}
}

// A spoken is an example whose status says nothing: the text that the answer holds
// does.
type spoken struct {
	title, credential, command string
	status                     int
	text                       string
	refused, show              bool
}

// told makes entries of the manifest.
func told(api string, list []spoken) []Example {
	var all []Example
	for _, e := range list {
		all = append(all, Example{
			Title: e.title, API: api, Credential: e.credential, Command: e.command, ExpectStatus: e.status, ExpectText: e.text, Refused: e.refused, Show: e.show,
		})
	}
	return all
}

func (s *stage) inventoryExamples() []example {
	items := s.url("/inventory/items?limit=2")
	key := header("X-API-Key", s.credential["warehouse-robot"].Secret)
	all := []example{
		{"Inventory: anybody may ask how it is", "inventory", "", curl + s.url("/inventory/public/status"), 200, false},
		{"Inventory: nobody in particular is refused, and told how to sign in", "inventory", "", curl + "-i " + items, 401, true},
		{"Inventory: personal token", "inventory", "personal-token", curl + s.bearer("laptop") + items, 200, true},
		{"Inventory: the same token may not change anything; the answer says what is missing", "inventory", "personal-token", curl + s.bearer("laptop") + "-X DELETE " + s.url("/inventory/items/itm-0001"), 403, true},
		{"Inventory: a token whose scope does not reach that far, although its owner may", "inventory", "personal-token", curl + s.bearer("look only") + "-X DELETE " + s.url("/inventory/items/itm-0001"), 403, false},
		{"Inventory: Basic", "inventory", "password", curl + s.basic("operator") + items, 200, false},
		{"Inventory: Basic with a wrong password", "inventory", "password", curl + "-u viewer:wrong " + items, 401, false},
		{"Inventory: API key in a header", "inventory", "api-key", curl + key + items, 200, false},
		{"Inventory: API key that may look only", "inventory", "api-key", curl + header("X-API-Key", s.credential["reporting"].Secret) + "-X DELETE " + s.url("/inventory/items/itm-0001"), 403, false},
		{"Inventory: API key in the URL, where this API does not take it", "inventory", "api-key", curl + s.url("/inventory/items?api_key="+s.credential["warehouse-robot"].Secret), 401, false},
		{"Inventory: two credentials at once", "inventory", "", curl + key + s.basic("operator") + items, 400, false},
		{"Inventory: a path that two programs could read differently", "inventory", "", curl + "--path-as-is " + s.bearer("laptop") + s.url("/inventory/public/../items"), 400, false},
		{"Inventory: application token of a service account", "inventory", "application-token", curl + s.bearer("racks") + s.url("/inventory/whoami"), 200, false},
	}
	if _, ok := s.credential["left over"]; ok {
		all = append(all, example{"Inventory: token of a user who was deactivated", "inventory", "personal-token", curl + s.bearer("left over") + items, 401, false})
	}
	return all
}

// clientGrant sets TOKEN in the shell to an access token of an API key.
func (s *stage) clientGrant(name, api string) string {
	c := s.credential[name]
	return s.fetch("-u " + quote(c.ID+":"+c.Secret) + " -d grant_type=client_credentials -d resource=" + api)
}

func (s *stage) fetch(options string) string {
	return "TOKEN=$(curl -sS " + options + " " + s.url("/oauth2/token") + ` | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); `
}

func (s *stage) tokenExamples() []example {
	key := s.credential["warehouse-robot"]
	return []example{
		{"Standards: metadata", "", "", curl + s.url("/.well-known/oauth-authorization-server"), 200, false},
		{"Standards: public keys", "", "", curl + s.url("/.well-known/jwks.json"), 200, false},
		{"Standards: client credentials", "", "api-key", curl + "-u " + quote(key.ID+":"+key.Secret) + " -d grant_type=client_credentials -d resource=inventory " + s.url("/oauth2/token"), 200, true},
		{"Standards: an unknown client", "", "api-key", curl + "-u nobody:nothing -d grant_type=client_credentials " + s.url("/oauth2/token"), 401, false},
		{"Standards: the access token at the API", "inventory", "access-token", s.clientGrant("warehouse-robot", "inventory") + curl + bearerOfShell + s.url("/inventory/items"), 200, false},
		{"Standards: an access token for another API", "itadvisor", "access-token", s.clientGrant("warehouse-robot", "inventory") + curl + bearerOfShell + s.url("/api/current/assets"), 401, false},
		{"Standards: a changed access token", "inventory", "access-token", s.clientGrant("warehouse-robot", "inventory") + curl + `-H "Authorization: Bearer ${TOKEN}x" ` + s.url("/inventory/items"), 401, false},
	}
}

func (s *stage) ownExamples() []example {
	jar := "JAR=$(mktemp); curl -sS -o /dev/null -c \"$JAR\" " + jsonBody + header("Origin", s.URL)
	signIn := func(login string) string {
		return jar + "-d " + quote(fmt.Sprintf(`{"login":%q,"password":%q}`, login, s.password[login])) + " " + s.url("/sallyport/api/v1/session") + "; "
	}
	me := s.url("/sallyport/api/v1/me")
	return []example{
		{"Management API: who am I", "sallyport", "personal-token", curl + s.bearer("laptop") + me, 200, true},
		{"Management API: nobody", "sallyport", "", curl + me, 401, false},
		{"Management API: a viewer may not list users", "sallyport", "personal-token", curl + s.bearer("laptop") + s.url("/sallyport/api/v1/tenants/"+string(s.tenantID[tenantMain])+"/users"), 403, false},
		{"Management API: the administrator may", "sallyport", "personal-token", curl + s.bearer("administration") + s.url("/sallyport/api/v1/tenants/"+string(s.tenantID[tenantMain])+"/users"), 200, false},
		{"Session: sign in, then use the cookie", "inventory", "session", signIn("viewer") + curl + `-b "$JAR" ` + s.url("/inventory/items?limit=2") + `; rm "$JAR"`, 200, false},
		{"Session: sign out, and the cookie is worth nothing", "inventory", "session", signIn("viewer") + `curl -sS -o /dev/null -b "$JAR" -X DELETE ` + header("Origin", s.URL) + s.url("/sallyport/api/v1/session") + "; " + curl + `-b "$JAR" ` + s.url("/inventory/items?limit=2") + `; rm "$JAR"`, 401, false},
	}
}
