package demo

import (
	"fmt"
	"net/url"

	"github.com/sallyport/sallyport/demo/platform/itadvisor"
)

// advisorExamples show the three ways in, the refusal that names what is missing,
// and the page.
func (s *stage) advisorExamples() []example {
	const api = "itadvisor"
	rack := s.url("/api/current/assets/" + itadvisor.SampleRack())
	at := func(location string) string {
		return s.url("/api/current/assets/" + itadvisor.SampleRack() + "?location=" + url.QueryEscape(location))
	}
	// A name of its own for each time that it is pasted.
	customer := jsonBody + `-X POST -d "{\"name\":\"ACME $(date +%s%N)\"}" ` + s.url("/api/current/customers")
	change := jsonBody + `-X PATCH -d '[{"op":"replace","path":"/description","value":"checked"}]' `
	login := s.url("/api/current/authentication")
	token := s.advisorToken("interface")
	refresh := `REFRESH=$(` + s.advisorLogin("interface") + ` | sed 's/.*"refreshToken":"\([^"]*\)".*/\1/'); ` + curl + jsonBody
	return []example{
		{"IT Advisor: the integration account changes a rack", api, "password", curl + s.basic("interface") + change + rack, 200, true},
		{"IT Advisor: it may not add a customer, and learns which permission is missing", api, "password", curl + s.basic("interface") + customer, 403, true},
		{"IT Advisor: a narrow permission is enough for customers", api, "password", curl + s.basic("crm") + customer, 201, true},
		{"IT Advisor: and for nothing else", api, "password", curl + s.basic("crm") + rack, 403, false},
		{"IT Advisor: the administrator adds a customer", api, "password", curl + s.basic("admin") + customer, 201, false},
		{"IT Advisor: a wrong password", api, "password", curl + "-u interface:wrong " + rack, 401, false},
		{"IT Advisor: a deactivated user", api, "password", curl + s.basic("gone") + rack, 401, false},
		{"IT Advisor: no credential", api, "", curl + rack, 401, false},
		{"IT Advisor: log in", api, "password", curl + jsonBody + "-d " + s.advisorBody("interface") + " " + login, 200, true},
		{"IT Advisor: log in with a wrong password", api, "password", curl + jsonBody + `-d '{"username":"interface","password":"wrong"}' ` + login, 401, false},
		{"IT Advisor: the JWT of a login", api, "access-token", token + curl + bearerOfShell + rack, 200, true},
		{"IT Advisor: the same right for it", api, "access-token", token + curl + bearerOfShell + customer, 403, false},
		{"IT Advisor: log out, and the JWT is worth nothing", api, "access-token", token + "curl -sS -o /dev/null -X DELETE " + bearerOfShell + login + "; " + curl + bearerOfShell + rack, 401, false},
		{"IT Advisor: refresh", api, "refresh-token", refresh + `-d "{\"refreshToken\":\"$REFRESH\"}" ` + s.url("/api/current/authentication/refresh"), 200, true},
		{"IT Advisor: a refresh token that is none", api, "refresh-token", curl + jsonBody + `-d '{"refreshToken":"x"}' ` + s.url("/api/current/authentication/refresh"), 401, false},
		{"IT Advisor: the cookie of a login", api, "session", s.advisorJar("interface") + curl + `-b "$JAR" ` + rack + `; rm "$JAR"`, 200, true},
		{"IT Advisor: a cookie in a request that does not say where it comes from", api, "session", s.advisorJar("interface") + curl + `-b "$JAR" ` + change + rack + `; rm "$JAR"`, 403, false},
		{"IT Advisor: application token", api, "application-token", curl + s.bearer("racks") + rack, 200, true},
		{"IT Advisor: a changed application token", api, "application-token", curl + header("Authorization", "Bearer "+s.credential["racks"].Secret+"x") + rack, 401, false},
		{"IT Advisor: the same refusal for it", api, "application-token", curl + s.bearer("racks") + customer, 403, false},
		{"IT Advisor: API key", api, "api-key", curl + s.bearer("rack-robot") + rack, 200, true},
		{"IT Advisor: a changed API key", api, "api-key", curl + header("Authorization", "Bearer "+s.credential["rack-robot"].Secret+"x") + rack, 401, false},
		{"IT Advisor: the same refusal for it", api, "api-key", curl + s.bearer("rack-robot") + customer, 403, false},
		{"IT Advisor: equipment permissions for one location", api, "password", curl + s.basic("technician") + at(itadvisor.SampleLocations()[0]), 200, false},
		{"IT Advisor: they are good for no other", api, "password", curl + s.basic("technician") + at(itadvisor.SampleLocations()[1]), 403, false},
		{"IT Advisor: nor for a request that names none", api, "password", curl + s.basic("technician") + rack, 403, false},
		{"IT Advisor: the page to sign in at", api, "", curl + s.url("/api/current"), 200, false},
		{"IT Advisor: sign in at the page", api, "password", curl + s.advisorForm("interface", s.password["interface"]), 303, true},
		{"IT Advisor: sign in at the page with a wrong password", api, "password", curl + s.advisorForm("interface", "wrong"), 401, false},
		{"IT Advisor: the audit trail of assets, for everybody", api, "password", curl + s.basic("crm") + s.url("/api/current/audit-trail-entries?entry-type=ASSETS"), 200, false},
		{"IT Advisor: that of the system needs more", api, "password", curl + s.basic("interface") + s.url("/api/current/audit-trail-entries?entry-type=ASSETS&entry-type=SYSTEM"), 403, false},
		{"IT Advisor: who administrates user rights sees it", api, "password", curl + s.basic("billing") + s.url("/api/current/audit-trail-entries?entry-type=SYSTEM&entry-type=USER_MESSAGE"), 200, false},
	}
}

func (s *stage) advisorBody(login string) string {
	return quote(fmt.Sprintf(`{"username":%q,"password":%q}`, login, s.password[login]))
}

// advisorForm signs a player in at the page.
func (s *stage) advisorForm(login, password string) string {
	return header("Origin", s.URL) + "--data-urlencode " + quote("username="+login) + " --data-urlencode " + quote("password="+password) + " " + s.url("/api/current/page/sign-in")
}

func (s *stage) advisorLogin(login string) string {
	return "curl -sS " + jsonBody + "-d " + s.advisorBody(login) + " " + s.url("/api/current/authentication")
}

// advisorToken sets TOKEN in the shell to the JWT of a login.
func (s *stage) advisorToken(login string) string {
	return "TOKEN=$(" + s.advisorLogin(login) + ` | sed 's/.*"token":"\([^"]*\)".*/\1/'); `
}

// advisorJar puts the cookie of a login into a file that JAR names in the shell.
func (s *stage) advisorJar(login string) string {
	return `JAR=$(mktemp); ` + s.advisorLogin(login) + ` -o /dev/null -c "$JAR"; `
}
