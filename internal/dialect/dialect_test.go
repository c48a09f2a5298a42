package dialect_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestPasswordOfSomebodyElse: whoever set a password for somebody knows it, so no
// log-in of any system begins anything with it until it is changed.
func TestPasswordOfSomebodyElse(t *testing.T) {
	t.Parallel()
	var apis []sallyport.API
	for _, name := range []string{"edgeintel", "itadvisor", "itop", "orchestrator", "truesight"} {
		apis = append(apis, sallyport.API{Name: sallyport.APIName(name), Dialect: name})
	}
	k := dialecttest.New(t, nil, apis...)
	all := k.Role("all", "*")
	own := k.User("own", all)
	u, err := k.Admin.CreateUser(t.Context(), dialecttest.System(), k.Tenant, admin.NewUser{Login: "given", Password: dialecttest.Password})
	if err != nil {
		t.Fatal(err)
	}
	k.Bind(u.ID, all, k.Tenant, "")
	const json, form = "application/json", "application/x-www-form-urlencoded"
	for _, tt := range []struct{ path, kind, body, token string }{
		{"/api/current/authentication", json, `{"username":"LOGIN","password":"PASSWORD"}`, `"token"`},
		{"/api/current/page/sign-in", form, "username=LOGIN&password=PASSWORD", ""},
		{"/iam/auth/token", json, `{"username":"LOGIN","password":"PASSWORD"}`, `"access_token"`},
		{"/bca-networks/api/token", form, "grant_type=password&username=LOGIN&password=PASSWORD", `"access_token"`},
		{"/aspera/orchestrator/api/login", json, `{"username":"LOGIN","password":"PASSWORD"}`, `"token"`},
		{"/aspera/orchestrator/api/authenticate.json", form, "login=LOGIN&password=PASSWORD", `"user"`},
		{"/itop/pages/exec.php?exec_page=index.php", form, "auth_user=LOGIN&auth_pwd=PASSWORD", ""},
	} {
		for _, login := range []string{own.Login, "given"} {
			body := strings.NewReplacer("LOGIN", login, "PASSWORD", url.QueryEscape(dialecttest.Password)).Replace(tt.body)
			r := k.Ask("POST", tt.path, body, "Content-Type", tt.kind)
			begun := r.Status < 400 && (r.Header.Get("Set-Cookie") != "" || tt.token != "" && strings.Contains(r.Body, tt.token))
			if begun != (login == own.Login) {
				t.Errorf("%s as %s: %d %v %s", tt.path, login, r.Status, r.Header["Set-Cookie"], r.Body)
			}
		}
	}
}
