package demo

import "github.com/sallyport/sallyport/demo/platform/truesight"

// networkExamples show how a token is got, kept alive and ended, and rights that
// are held in a realm.
func (s *stage) networkExamples() []example {
	const api, base = "truesight", "/bca-networks/api"
	page := "orderBy=%2Bname&offset=1&limit=25"
	groups, inDefault := s.url(base+"/v1.0/groups?"+page), s.url(base+"/v1.0/groups?filter.realm=Default&"+page)
	inLab := s.url(base + "/v1.0/groups?filter.realm=Lab&" + page)
	submit := s.url(base + "/v4.0/groups?filter.action=" + truesight.ActionSubmit)
	// A name of its own for each time that it is pasted.
	device := func(realm string) string {
		return jsonBody + `-X POST -d "{\"name\":\"sw-$(date +%s%N)\",\"realmId\":{\"componentName\":\"` + realm + `\"}}" ` + s.url(base+"/v4.0/devices")
	}
	otto, end := s.networkToken("operator"), "curl -sS -o /dev/null -X DELETE "+bearerOfShell+s.url(base+"/token")+"; "
	return []example{
		{"TrueSight: about needs nobody", api, "", curl + s.url(base+"/about"), 200, false},
		{"TrueSight: nor does the login information", api, "", curl + s.url(base+"/about/login_information"), 200, false},
		{"TrueSight: nor does the Swagger document", api, "", curl + s.url(base+"/v1.0/swagger.json"), 200, false},
		{"TrueSight: a token, which is a number", api, "password", curl + s.networkForm("operator") + s.url(base+"/token"), 200, true},
		{"TrueSight: a wrong password", api, "password", curl + "-d grant_type=password -d username=operator -d password=wrong " + s.url(base+"/token"), 401, true},
		{"TrueSight: a deactivated user", api, "password", curl + s.networkForm("gone") + s.url(base+"/token"), 401, false},
		{"TrueSight: a user without the right to use web services", api, "password", curl + s.networkForm("nologin") + s.url(base+"/token"), 403, true},
		{"TrueSight: a grant that there is not", api, "", curl + "-d grant_type=client_credentials " + s.url(base+"/token"), 400, false},
		{"TrueSight: groups of a realm", api, "session", otto + curl + bearerOfShell + inDefault, 200, true},
		{"TrueSight: under the path of the documentation", api, "session", otto + curl + bearerOfShell + s.url("/bca-networks/apidocs/v1.0/groups?filter.realm=Default&"+page), 200, false},
		{"TrueSight: groups of another realm, where the right is not held", api, "session", otto + curl + bearerOfShell + inLab, 403, true},
		{"TrueSight: all groups; the upstream shows those of the realms where the right is held", api, "session", otto + curl + bearerOfShell + groups, 200, false},
		{"TrueSight: groups on which an action is allowed", api, "session", otto + curl + bearerOfShell + s.url(base+"/v4.0/groups?filter.action="+truesight.ActionEdit), 200, false},
		{"TrueSight: an action that is allowed nowhere: an empty list", api, "session", s.networkToken("viewer") + curl + bearerOfShell + submit, 200, false},
		{"TrueSight: a device in the realm where the right is held", api, "session", otto + curl + bearerOfShell + device("Default"), 201, false},
		{"TrueSight: and in another", api, "session", otto + curl + bearerOfShell + device("Lab"), 403, false},
		{"TrueSight: keep the token alive; it tells for how many milliseconds", api, "session", otto + curl + bearerOfShell + s.url(base+"/token"), 200, false},
		{"TrueSight: log out", api, "session", otto + curl + "-X DELETE " + bearerOfShell + s.url(base+"/token"), 204, false},
		{"TrueSight: and the token is worth nothing", api, "session", otto + end + curl + bearerOfShell + groups, 401, false},
		{"TrueSight: a token that is none", api, "session", curl + "-H 'Authorization: Bearer 4747653682905491905' " + groups, 401, false},
		{"TrueSight: no token", api, "", curl + groups, 401, false},
		{"TrueSight: a password in the place of a token", api, "password", curl + s.basic("operator") + groups, 401, false},
		{"TrueSight: the token of a person in the cookie", api, "session", s.networkSignIn("operator", "true") + curl + `-b "accessToken=$TOKEN" ` + inDefault, 200, true},
		{"TrueSight: that of a program may not be there", api, "session", s.networkSignIn("operator", "false") + curl + `-b "accessToken=$TOKEN" ` + inDefault, 401, false},
		{"TrueSight: personal token", api, "personal-token", curl + s.bearer("laptop") + groups, 200, true},
		{"TrueSight: a personal token of somebody deactivated", api, "personal-token", curl + s.bearer("left over") + groups, 401, false},
		{"TrueSight: it opens no more than its owner", api, "personal-token", curl + s.bearer("laptop") + device("Default"), 403, false},
		{"TrueSight: API key", api, "api-key", curl + s.bearer("reporting") + groups, 200, true},
		{"TrueSight: a changed API key", api, "api-key", curl + header("Authorization", "Bearer "+s.credential["reporting"].Secret+"x") + groups, 401, false},
		{"TrueSight: an API key that may look only", api, "api-key", curl + s.bearer("reporting") + device("Default"), 403, false},
		{"TrueSight: users, for who administrates them", api, "session", s.networkToken("admin") + curl + bearerOfShell + s.url(base+"/v4.0/users?filter.name=v*"), 200, false},
		{"TrueSight: and nobody else", api, "session", otto + curl + bearerOfShell + s.url(base+"/v4.0/users"), 403, false},
		{"TrueSight: who is signed in", api, "session", s.networkToken("admin") + curl + bearerOfShell + s.url(base+"/v3.0/users/all_logged_in_users"), 200, false},
		{"TrueSight: roles, with who has them", api, "session", s.networkToken("admin") + curl + bearerOfShell + s.url(base+"/v3.0/roles?filter.name=network-*"), 200, false},
	}
}

// networkForm are the options for a sign-in of a player.
func (s *stage) networkForm(login string) string {
	return "-d grant_type=password --data-urlencode " + quote("username="+login) + " --data-urlencode " + quote("password="+s.password[login]) + " "
}

// networkToken sets TOKEN in the shell to a token of a player.
func (s *stage) networkToken(login string) string { return s.networkSignIn(login, "false") }

// networkSignIn sets TOKEN to a token of a person or of a program.
func (s *stage) networkSignIn(login, interactive string) string {
	return "TOKEN=$(curl -sS " + s.networkForm(login) + s.url("/bca-networks/api/token?interactiveUser="+interactive) +
		` | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); `
}
