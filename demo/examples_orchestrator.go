package demo

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// orchestratorExamples and orchestratorWays show each way to present oneself, let in and refused.
func (s *stage) orchestratorExamples() []Example {
	return append(plain(s.orchestratorWays)(), told("orchestrator", []spoken{
		{"Orchestrator: authenticate with a wrong password, in XML: an error with status 200", "password", curl + s.url("/aspera/orchestrator/api/authenticate/login=operator?password=wrong"), 200, "Authentication failed", true, false},
	})...)
}

func (s *stage) orchestratorWays() []example {
	const api = "orchestrator"
	start := "/aspera/orchestrator/api/initiate/124.json"
	asked := func(pairs ...string) string { return curl + s.url(start+parameters(pairs...)) }
	key, robot, reporting := s.credential["scripts"].Secret, s.credential["warehouse-robot"].Secret, s.credential["reporting"].Secret
	scrambled, password := s.credential["work orders"].Secret, s.password["operator"]
	const someKey, someScrambled = "ghawQesLH2OnnLxpHNAeCwzzm81071841979945", "_P__Agx825xg1h10p0h7jzn04b03748jhkoi773850547"
	all := []example{
		{"Orchestrator: ping needs nobody", api, "", curl + s.url("/aspera/orchestrator/api/remote_node_ping?format=json"), 200, false},
		{"Orchestrator: no credential; the answer is XML, as nothing else was asked for", api, "", curl + s.url("/aspera/orchestrator/api/workflows_list"), 401, true},

		{"Orchestrator: Basic", api, "password", curl + s.basic("operator") + s.url(start), 200, true},
		{"Orchestrator: Basic without the blank", api, "password", curl + header("Authorization", "Basic"+s.base64("operator")) + s.url(start), 200, true},
		{"Orchestrator: Basic without the blank, with a wrong password", api, "password", curl + header("Authorization", "Basic"+base64.StdEncoding.EncodeToString([]byte("courier:wrong"))) + s.url(start), 401, false},
		{"Orchestrator: Basic with a wrong password", api, "password", curl + "-u operator:wrong " + s.url(start), 401, false},

		{"Orchestrator: a user's API key in the URL", api, "personal-token", asked("login", "operator", "api_key", key), 200, true},
		{"Orchestrator: a wrong API key", api, "personal-token", asked("login", "operator", "api_key", someKey), 401, false},
		{"Orchestrator: a good API key with the login of somebody else", api, "personal-token", asked("login", "viewer", "api_key", key), 401, false},
		{"Orchestrator: an API key that is no user's, with its name", api, "api-key", asked("login", "warehouse-robot", "api_key", robot), 200, false},
		{"Orchestrator: an API key that may look but not run", api, "api-key", asked("login", "reporting", "api_key", reporting), 403, true},

		{"Orchestrator: a scrambled password in the URL", api, "scrambled-password", asked("login", "operator", "password", scrambled), 200, true},
		{"Orchestrator: a scrambled password of nobody", api, "scrambled-password", asked("login", "operator", "password", someScrambled), 401, false},

		{"Orchestrator: a plain password in the URL", api, "password", asked("login", "operator", "password", password), 200, true},
		{"Orchestrator: a wrong one", api, "password", asked("login", "operator", "password", "wrong"), 401, false},
		{"Orchestrator: login and password in a form, as older clients send them", api, "password", curl + "--data-urlencode login=operator --data-urlencode " + quote("password="+password) + " -d 'work_order[workflow_id]=124' " + s.url("/aspera/orchestrator/work_orders/initiate/xml"), 200, true},
		{"Orchestrator: a wrong one in a form", api, "password", curl + "-d login=courier -d password=wrong -d 'work_order[workflow_id]=124' " + s.url("/aspera/orchestrator/work_orders/initiate/xml"), 401, false},

		{"Orchestrator: a cookie for a password", api, "session", s.orchestratorCookie("password", password) + curl + `-b "$JAR" ` + s.url(start) + `; rm "$JAR"`, 200, true},
		{"Orchestrator: the cookie after the log-off", api, "session", s.orchestratorCookie("password", password) + `curl -sS -o /dev/null -b "$JAR" ` + s.url("/aspera/orchestrator/users/logoff/xml") + "; " + curl + `-b "$JAR" ` + s.url(start) + `; rm "$JAR"`, 401, false},
		{"Orchestrator: authenticate with a wrong password, in JSON", api, "password", curl + s.url("/aspera/orchestrator/api/authenticate.json"+parameters("login", "operator", "password", "wrong")), 401, false},

		{"Orchestrator: a cookie for an API key", api, "session", s.orchestratorCookie("api_key", key) + curl + `-b "$JAR" ` + s.url(start) + `; rm "$JAR"`, 200, true},
		{"Orchestrator: no cookie for a wrong API key", api, "session", s.orchestratorCookie("api_key", someKey) + curl + `-b "$JAR" ` + s.url(start) + `; rm "$JAR"`, 401, false},

		{"Orchestrator: a JWT for a password", api, "access-token", s.orchestratorToken(fmt.Sprintf(`{"username":"operator","password":%q}`, password)) + curl + bearerOfShell + s.url(start), 200, true},
		{"Orchestrator: a JWT for an API key", api, "access-token", s.orchestratorToken(fmt.Sprintf(`{"apikey":%q}`, robot)) + curl + bearerOfShell + s.url(start), 200, true},
		{"Orchestrator: a changed JWT", api, "access-token", s.orchestratorToken(fmt.Sprintf(`{"apikey":%q}`, robot)) + curl + `-H "Authorization: Bearer ${TOKEN}x" ` + s.url(start), 401, false},
		{"Orchestrator: log in with a wrong password", api, "password", curl + jsonBody + `-d '{"username":"operator","password":"wrong"}' ` + s.url("/aspera/orchestrator/api/login"), 401, false},

		{"Orchestrator: a key alone", api, "personal-token", asked("apikey", key), 200, true},
		{"Orchestrator: a wrong key alone", api, "personal-token", asked("apikey", someKey), 401, false},
	}
	return append(all, s.workOrderExamples()...)
}

// workOrderExamples show who may do what with work orders.
func (s *stage) workOrderExamples() []example {
	const api = "orchestrator"
	start := s.url("/aspera/orchestrator/api/initiate/124.json")
	key := parameters("login", "operator", "api_key", s.credential["scripts"].Secret)
	order := `ORDER=$(curl -sS ` + s.basic("operator") + s.url("/aspera/orchestrator/api/initiate/131.json?external_parameters[asset_id]=a") + ` -g | sed 's/.*"work_order":{"id":\([0-9]*\).*/\1/'); `
	return []example{
		{"Orchestrator: wait for the work order, and take one of its outputs", api, "password", curl + "-g " + s.basic("operator") + s.url("/aspera/orchestrator/api/initiate/124?synchronous=true&explicit_output=Transfer:delivered_path"), 200, true},
		{"Orchestrator: parameters that a workflow does not have", api, "password", curl + "-g " + s.basic("operator") + s.url("/aspera/orchestrator/api/initiate/124.json?external_parameters[x]=1"), 400, false},
		{"Orchestrator: the status of a work order", api, "password", order + curl + s.basic("viewer") + `"` + s.URL + `/aspera/orchestrator/api/work_order_status/$ORDER"`, 200, false},
		{"Orchestrator: cancel it", api, "password", order + curl + s.basic("operator") + `"` + s.URL + `/aspera/orchestrator/api/work_order_cancel/$ORDER"`, 200, false},
		{"Orchestrator: a viewer may not cancel it", api, "password", order + curl + s.basic("viewer") + `"` + s.URL + `/aspera/orchestrator/api/work_order_cancel/$ORDER"`, 403, false},
		{"Orchestrator: the right to run is not enough without the group Operator", api, "password", curl + s.basic("nologin") + start, 403, false},
		{"Orchestrator: the right to run one workflow", api, "password", curl + s.basic("courier") + start, 200, false},
		{"Orchestrator: is not one for another", api, "password", curl + "-g " + s.basic("courier") + s.url("/aspera/orchestrator/api/initiate/131.json?external_parameters[asset_id]=a"), 403, false},
		{"Orchestrator: nor is it if the request names both", api, "password", curl + "-g " + s.basic("courier") + s.url("/aspera/orchestrator/api/initiate/124.json?work_order[workflow_id]=131"), 403, false},
		{"Orchestrator: what he sees of workflows", api, "password", curl + s.basic("courier") + s.url("/aspera/orchestrator/api/workflows_list.json"), 200, false},
		{"Orchestrator: a token whose scope is to look", api, "personal-token", curl + s.url("/aspera/orchestrator/api/initiate/124.json"+parameters("login", "operator", "api_key", s.credential["look only"].Secret)), 403, false},
		{"Orchestrator: a new API key for oneself; the one before ends", api, "personal-token", curl + "-X POST " + s.url("/aspera/orchestrator/api/generate_api_key.json"+key+"&expires=30d"), 201, false},
		{"Orchestrator: how one's API key and scrambled password are used", api, "personal-token", curl + s.url("/aspera/orchestrator/api/my_secrets.json"+key), 200, false},
	}
}

// parameters makes a query of names and values in turn, in their order.
func parameters(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return "?" + strings.Join(parts, "&")
}

// orchestratorCookie puts the cookie of a session into the file $JAR.
func (s *stage) orchestratorCookie(parameter, secret string) string {
	return `JAR=$(mktemp); curl -sS -o /dev/null -c "$JAR" ` + s.url("/aspera/orchestrator/api/authenticate"+parameters("login", "operator", parameter, secret)) + "; "
}

// orchestratorToken sets TOKEN in the shell to a JWT.
func (s *stage) orchestratorToken(body string) string {
	return "TOKEN=$(curl -sS " + jsonBody + "-d " + quote(body) + " " + s.url("/aspera/orchestrator/api/login") + ` | sed 's/.*"token":"\([^"]*\)".*/\1/'); `
}
