package demo

import "fmt"

// itopExamples show every way to sign in to the REST interface, allowed and
// refused, and what else there is. Its answers have status 200 whatever they say;
// the code is in the body.
func (s *stage) itopExamples() []Example {
	c := itopCalls{s}
	token := c.token("cmdb")
	jar := `JAR=$(mktemp); curl -sS -o /dev/null -c "$JAR" ` + header("Origin", s.URL) + c.password("operator", s.password["operator"]) + s.url(itopPage) + "; "
	list := []spoken{
		{"iTop: a token in the header Auth-Token", "personal-token", curl + token + c.persons() + c.rest(""), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: the same token as a form field", "personal-token", curl + c.field("cmdb") + c.persons() + c.rest(""), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: a wrong token as a form field", "personal-token", curl + "-d auth_token=AAAA " + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: the same token in the query", "personal-token", curl + "-X POST " + c.persons() + c.rest("&auth_token="+s.credential["cmdb"].Secret), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: a wrong token in the query", "personal-token", curl + c.persons() + c.rest("&auth_token=AAAA"), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: the token and json_data as parts of a multipart form", "personal-token", curl + "-F " + quote("auth_token="+s.credential["cmdb"].Secret) + " -F version=1.3 -F " + quote(`json_data={"operation":"core/get","class":"Person","key":1,"output_fields":"friendlyname"};type=application/json`) + " " + s.url(itopREST), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: a wrong token in a part of a form", "personal-token", curl + "-F auth_token=AAAA -F version=1.3 -F " + quote(`json_data={"operation":"list_operations"}`) + " " + s.url(itopREST), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: a token that is not one; the code is 1", "personal-token", curl + header("Auth-Token", "AAAA") + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, true},
		{"iTop: a token that has expired; the same answer", "personal-token", curl + c.token("brief") + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: a token for exports only; the same answer", "personal-token", curl + c.token("exports") + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: a token of somebody without a profile for tokens; the same answer", "personal-token", curl + c.token("left behind") + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: an operation that the owner may not do; the answer names it", "personal-token", curl + token + c.data(`{"operation":"core/delete","class":"Person","key":1,"comment":"x"}`) + c.rest(""), 200, noRight("deleting", "Person"), true, true},
		{"iTop: an application token of a service account", "application-token", curl + c.token("collector") + c.data(`{"operation":"list_operations"}`) + c.rest(""), 200, `"code":0,"message":"Operations: `, false, true},
		{"iTop: it may not write", "application-token", curl + c.token("collector") + c.data(c.rename()) + c.rest(""), 200, noRight("modifying", "Person"), true, false},
		{"iTop: an API key", "api-key", curl + c.token("reporting") + c.persons() + c.rest(""), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: an API key that may look only", "api-key", curl + c.token("reporting") + c.data(c.rename()) + c.rest(""), 200, noRight("modifying", "Person"), true, false},
		{"iTop: a password in a form", "password", curl + c.password("operator", s.password["operator"]) + c.persons() + c.rest("&login_mode=form"), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: a wrong one", "password", curl + c.password("operator", "wrong") + c.persons() + c.rest("&login_mode=form"), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: a password in the query", "password", curl + c.persons() + c.rest("&auth_user=operator&auth_pwd="+s.password["operator"]), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: a wrong one in the query", "password", curl + c.persons() + c.rest("&auth_user=operator&auth_pwd=wrong"), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: Basic", "password", curl + s.basic("operator") + c.persons() + c.rest(""), 200, `"code":0,"message":"Found: `, false, true},
		{"iTop: Basic with a wrong password", "password", curl + "-u operator:wrong " + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: Basic, without the profile for web services; the answer names it", "password", curl + s.basic("nologin") + c.persons() + c.rest(""), 200, "The profile REST Services User is required", true, false},
		{"iTop: a user of the portal", "password", curl + s.basic("portal") + c.persons() + c.rest(""), 200, "Error: Portal user is not allowed", true, false},
		{"iTop: no credential", "", curl + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: a token mode without a token; the answer is not JSON", "", curl + c.persons() + c.rest("&login_mode=token"), 200, "login_mode 'token' forced without any token passed", true, false},
		{"iTop: two credentials at once", "", curl + token + s.basic("operator") + c.persons() + c.rest(""), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: a right for persons", "password", curl + s.basic("clerk") + c.persons() + c.rest(""), 200, `"code":0,"message":"Found: `, false, false},
		{"iTop: is not one for servers", "password", curl + s.basic("clerk") + c.data(`{"operation":"core/get","class":"Server","key":"SELECT Server"}`) + c.rest(""), 200, noRight("reading", "Server"), true, false},
		{"iTop: add a ticket", "personal-token", curl + token + c.data(`{"operation":"core/create","class":"UserRequest","comment":"demo","fields":{"title":"Coffee","description":"None left","org_id":{"name":"Demo"}},"output_fields":"ref, status"}`) + c.rest(""), 200, `"message":"created"`, false, false},
		{"iTop: change a person", "personal-token", curl + token + c.data(c.rename()) + c.rest(""), 200, `"message":"updated"`, false, false},
		{"iTop: what depends on a place", "personal-token", curl + token + c.data(`{"operation":"core/get_related","class":"Location","key":1,"relation":"impacts","depth":1}`) + c.rest(""), 200, `"relations":`, false, false},
		{"iTop: as a script for a browser", "personal-token", curl + token + c.persons() + c.rest("&callback=show"), 200, "show({", false, false},
		{"iTop: is a password right? It needs a right of its own", "password", curl + s.basic("clerk") + c.data(fmt.Sprintf(`{"operation":"core/check_credentials","user":"operator","password":%q}`, s.password["operator"])) + c.rest(""), 200, `"authorized":true`, false, false},
		{"iTop: not everybody may ask that", "personal-token", curl + token + c.data(`{"operation":"core/check_credentials","user":"operator","password":"x"}`) + c.rest(""), 200, `"code":1,`, true, false},
		{"iTop: an export with a token of that scope", "personal-token", curl + c.token("exports") + "-G --data-urlencode 'expression=SELECT Server' -d fields=name,status " + s.url("/itop/webservices/export-v2.php"), 200, "", false, false},
		{"iTop: an export with a token of another scope; the answer is the page to sign in", "personal-token", curl + token + "-G --data-urlencode 'expression=SELECT Server' " + s.url("/itop/webservices/export-v2.php"), 200, `id="login-body"`, true, false},
		{"iTop: synchronisation with a token of another scope", "personal-token", curl + token + "-d data_sources=1 " + s.url("/itop/synchro/synchro_exec.php"), 200, "Invalid login", true, false},
		{"iTop: import with a token of another scope", "personal-token", curl + token + "-d class=Person " + s.url("/itop/webservices/import.php"), 200, "Invalid login", true, false},
		{"iTop: the page of one's account: sign in, then see one's tokens", "session", jar + curl + `-b "$JAR" ` + s.url(itopPage) + `; rm "$JAR"`, 200, "My account", false, true},
		{"iTop: the form of a new token", "session", jar + curl + `-b "$JAR" ` + header("Origin", s.URL) + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken") + `; rm "$JAR"`, 200, "transaction_id", false, false},
		{"iTop: a token where the request asks for a password; login_mode forces it", "personal-token", curl + token + c.persons() + c.rest("&login_mode=form"), 200, `{"code":1,"message":"Error: Invalid login"}`, true, false},
		{"iTop: the session after signing out", "session", jar + `curl -sS -o /dev/null -b "$JAR" -X POST ` + header("Origin", s.URL) + s.url("/itop/pages/logoff.php") + "; " + curl + `-b "$JAR" ` + header("Origin", s.URL) + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken") + `; rm "$JAR"`, 401, "", true, false},
		{"iTop: managing tokens without being signed in", "", curl + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken"), 401, "", true, false},
		{"iTop: managing tokens without a profile for them", "password", curl + s.basic("portal") + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken"), 401, "", true, false},
	}
	return told("itop", list)
}

// noRight begins what the answer says to who lacks a right.
func noRight(what, class string) string {
	return "does not have enough permissions for " + what + " data of class " + class
}

const (
	itopREST = "/itop/webservices/rest.php"
	itopPage = "/itop/pages/exec.php?exec_module=authent-token&exec_page=index.php"
	itopAjax = "/itop/pages/exec.php?exec_module=authent-token&exec_page=ajax.php"
)

// itopCalls are the parts of commands for the REST interface.
type itopCalls struct{ *stage }

func (c itopCalls) rest(more string) string { return c.url(itopREST + "?version=1.3" + more) }

func (itopCalls) data(json string) string {
	return "--data-urlencode " + quote("json_data="+json) + " "
}

func (c itopCalls) persons() string {
	return c.data(`{"operation":"core/get","class":"Person","key":"SELECT Person WHERE email LIKE '%.fr'","output_fields":"friendlyname, email"}`)
}

func (itopCalls) rename() string {
	return `{"operation":"core/update","class":"Person","key":2,"comment":"demo","fields":{"function":"Director"},"output_fields":"friendlyname, function"}`
}

func (c itopCalls) token(name string) string { return header("Auth-Token", c.credential[name].Secret) }

func (c itopCalls) field(name string) string {
	return "--data-urlencode " + quote("auth_token="+c.credential[name].Secret) + " "
}

func (itopCalls) password(login, password string) string {
	return "--data-urlencode " + quote("auth_user="+login) + " --data-urlencode " + quote("auth_pwd="+password) + " "
}
