package demo

import "fmt"

// itopExamples show every way to sign in to the REST interface, allowed and
// refused, and what else there is. Its answers have status 200 whatever they say;
// the code is in the body.
func (s *stage) itopExamples() []Example {
	const api = "itop"
	c := itopCalls{s}
	token := c.token("cmdb")
	jar := `JAR=$(mktemp); curl -sS -o /dev/null -c "$JAR" ` + header("Origin", s.URL) + c.password("operator", s.password["operator"]) + s.url(itopPage) + "; "
	return []Example{
		{"iTop: a token in the header Auth-Token", api, "personal-token", curl + token + c.persons() + c.rest(""), 200, true},
		{"iTop: the same token as a form field", api, "personal-token", curl + c.field("cmdb") + c.persons() + c.rest(""), 200, false},
		{"iTop: the same token in the query", api, "personal-token", curl + "-X POST " + c.persons() + c.rest("&auth_token="+s.credential["cmdb"].Secret), 200, false},
		{"iTop: the token and json_data as parts of a multipart form", api, "personal-token", curl + "-F " + quote("auth_token="+s.credential["cmdb"].Secret) + " -F version=1.3 -F " + quote(`json_data={"operation":"core/get","class":"Person","key":1,"output_fields":"friendlyname"};type=application/json`) + " " + s.url(itopREST), 200, false},
		{"iTop: a token that is not one; the code is 1", api, "personal-token", curl + header("Auth-Token", "AAAA") + c.persons() + c.rest(""), 200, true},
		{"iTop: a token that has expired; the same answer", api, "personal-token", curl + c.token("brief") + c.persons() + c.rest(""), 200, false},
		{"iTop: a token for exports only; the same answer", api, "personal-token", curl + c.token("exports") + c.persons() + c.rest(""), 200, false},
		{"iTop: a token of somebody without a profile for tokens; the same answer", api, "personal-token", curl + c.token("left behind") + c.persons() + c.rest(""), 200, false},
		{"iTop: an operation that the owner may not do; the answer names it", api, "personal-token", curl + token + c.data(`{"operation":"core/delete","class":"Person","key":1,"comment":"x"}`) + c.rest(""), 200, true},
		{"iTop: an application token of a service account", api, "application-token", curl + c.token("collector") + c.data(`{"operation":"list_operations"}`) + c.rest(""), 200, false},
		{"iTop: it may not write", api, "application-token", curl + c.token("collector") + c.data(c.rename()) + c.rest(""), 200, false},
		{"iTop: an API key", api, "api-key", curl + c.token("reporting") + c.persons() + c.rest(""), 200, false},
		{"iTop: an API key that may look only", api, "api-key", curl + c.token("reporting") + c.data(c.rename()) + c.rest(""), 200, false},
		{"iTop: a password in a form", api, "password", curl + c.password("operator", s.password["operator"]) + c.persons() + c.rest("&login_mode=form"), 200, false},
		{"iTop: a wrong one", api, "password", curl + c.password("operator", "wrong") + c.persons() + c.rest("&login_mode=form"), 200, false},
		{"iTop: a password in the query", api, "password", curl + c.persons() + c.rest("&auth_user=operator&auth_pwd="+s.password["operator"]), 200, false},
		{"iTop: a wrong one in the query", api, "password", curl + c.persons() + c.rest("&auth_user=operator&auth_pwd=wrong"), 200, false},
		{"iTop: Basic", api, "password", curl + s.basic("operator") + c.persons() + c.rest(""), 200, false},
		{"iTop: Basic with a wrong password", api, "password", curl + "-u operator:wrong " + c.persons() + c.rest(""), 200, false},
		{"iTop: Basic, without the profile for web services; the answer names it", api, "password", curl + s.basic("nologin") + c.persons() + c.rest(""), 200, false},
		{"iTop: a user of the portal", api, "password", curl + s.basic("portal") + c.persons() + c.rest(""), 200, false},
		{"iTop: no credential", api, "", curl + c.persons() + c.rest(""), 200, false},
		{"iTop: a token mode without a token; the answer is not JSON", api, "", curl + c.persons() + c.rest("&login_mode=token"), 200, false},
		{"iTop: two credentials at once", api, "", curl + token + s.basic("operator") + c.persons() + c.rest(""), 200, false},
		{"iTop: a right for persons", api, "password", curl + s.basic("clerk") + c.persons() + c.rest(""), 200, false},
		{"iTop: is not one for servers", api, "password", curl + s.basic("clerk") + c.data(`{"operation":"core/get","class":"Server","key":"SELECT Server"}`) + c.rest(""), 200, false},
		{"iTop: add a ticket", api, "personal-token", curl + token + c.data(`{"operation":"core/create","class":"UserRequest","comment":"demo","fields":{"title":"Coffee","description":"None left","org_id":{"name":"Demo"}},"output_fields":"ref, status"}`) + c.rest(""), 200, false},
		{"iTop: change a person", api, "personal-token", curl + token + c.data(c.rename()) + c.rest(""), 200, false},
		{"iTop: what depends on a place", api, "personal-token", curl + token + c.data(`{"operation":"core/get_related","class":"Location","key":1,"relation":"impacts","depth":1}`) + c.rest(""), 200, false},
		{"iTop: as a script for a browser", api, "personal-token", curl + token + c.persons() + c.rest("&callback=show"), 200, false},
		{"iTop: is a password right? It needs a right of its own", api, "password", curl + s.basic("clerk") + c.data(fmt.Sprintf(`{"operation":"core/check_credentials","user":"operator","password":%q}`, s.password["operator"])) + c.rest(""), 200, false},
		{"iTop: not everybody may ask that", api, "personal-token", curl + token + c.data(`{"operation":"core/check_credentials","user":"operator","password":"x"}`) + c.rest(""), 200, false},
		{"iTop: an export with a token of that scope", api, "personal-token", curl + c.token("exports") + "-G --data-urlencode 'expression=SELECT Server' -d fields=name,status " + s.url("/itop/webservices/export-v2.php"), 200, false},
		{"iTop: an export with a token of another scope; the answer is the page to sign in", api, "personal-token", curl + token + "-G --data-urlencode 'expression=SELECT Server' " + s.url("/itop/webservices/export-v2.php"), 200, false},
		{"iTop: synchronisation with a token of another scope", api, "personal-token", curl + token + "-d data_sources=1 " + s.url("/itop/synchro/synchro_exec.php"), 200, false},
		{"iTop: import with a token of another scope", api, "personal-token", curl + token + "-d class=Person " + s.url("/itop/webservices/import.php"), 200, false},
		{"iTop: the page of one's account: sign in, then see one's tokens", api, "session", jar + curl + `-b "$JAR" ` + s.url(itopPage) + `; rm "$JAR"`, 200, true},
		{"iTop: the form of a new token", api, "session", jar + curl + `-b "$JAR" ` + header("Origin", s.URL) + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken") + `; rm "$JAR"`, 200, false},
		{"iTop: managing tokens without being signed in", api, "", curl + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken"), 401, false},
		{"iTop: managing tokens without a profile for them", api, "password", curl + s.basic("portal") + "-d token_id=0 " + s.url(itopAjax+"&operation=EditToken"), 401, false},
	}
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
