package console

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// mostTransferred is the most that a page may transfer to a browser that has
// nothing yet, in bytes, its stylesheet and script among them; mostRaw is the most
// that it may have as it is, so that no list is endless.
const (
	mostTransferred = 60_000
	mostRaw         = 400_000
)

// An estate is a large installation with long names, and more of everything than
// one page shows.
type estate struct {
	*world
	boss, jo                *browser // an administrator, and who has most
	user                    string   // jo's id, and those of others
	group, role, token, key string
}

// words are texts that do not compress: what outsiders choose may be of that kind.
func words(dice *rand.Rand, n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[dice.IntN(len(letters))]
	}
	return string(b)
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{world: newWorld(t)}
	boss := e.world.boss()
	ctx, a, here, dice := t.Context(), e.node.Admin, e.tenant.ID, rand.New(rand.NewPCG(1, 2))
	const (
		permissions, routes = 500, 5000
		tenants, roles      = 230, 40
		rows                = 70 // of all else; a page shows 50 or fewer
	)
	long := func(what string, i int) string { return fmt.Sprintf("%s %03d %s", what, i, words(dice, 60)) }

	ledger := sallyport.API{
		Name: "ledger", Title: "The general ledger of the group", BasePath: "/ledger", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
	}
	var all []sallyport.Permission
	for i := range permissions {
		name := fmt.Sprintf("accounts.department-%03d.write", i)
		ledger.Permissions = append(ledger.Permissions, sallyport.PermissionSpec{Name: name, Title: long("Change accounts of department", i)})
		all = append(all, sallyport.Permission("ledger/"+name))
	}
	for i := range 300 {
		ledger.Scopes = append(ledger.Scopes, sallyport.ScopeSpec{
			Name: fmt.Sprintf("department-%03d", i), Title: long("Department", i), Permissions: []string{ledger.Permissions[i].Name, ledger.Permissions[i+1].Name},
		})
	}
	for i := range routes {
		ledger.Routes = append(ledger.Routes, sallyport.Route{
			ID: fmt.Sprintf("change-account-%04d", i), Methods: []string{"GET", "PUT"}, AnyOf: []string{ledger.Permissions[i%permissions].Name},
			Path: fmt.Sprintf("/departments/%04d/accounts/{account}/entries/{entry}", i),
		})
	}
	must(a.CreateAPI(ctx, system, ledger))
	for i := range tenants {
		in := admin.NewTenant{Name: long("Subsidiary", i)}
		if i%3 == 0 {
			in.Parent = here
		}
		must(a.CreateTenant(ctx, system, in))
	}
	var role sallyport.Role
	for i := range roles {
		role = must(a.CreateRole(ctx, system, here, admin.NewRole{Name: long("Clerk", i), Title: words(dice, 200), Permissions: all}))
	}
	more := all[:1]
	must(a.UpdateRole(ctx, system, here, role.ID, role.Version, admin.RoleChange{Permissions: &more}))
	must(a.UpdateRole(ctx, system, here, role.ID, role.Version+1, admin.RoleChange{Permissions: &all}))

	group := must(a.CreateGroup(ctx, system, here, admin.NewGroup{Name: long("Department", 0)}))
	var networks []netip.Prefix
	for i := range 64 {
		networks = append(networks, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), byte(dice.IntN(256)), 0}), 24))
	}
	var scopes []string
	for i := range 100 {
		scopes = append(scopes, "ledger/department-"+fmt.Sprintf("%03d", i))
	}
	jo := e.world.user("jo", "Jo", all...)
	var token, key string
	for i := range rows {
		u := must(a.CreateUser(ctx, system, here, admin.NewUser{Login: "user-" + words(dice, 90), Name: words(dice, 100), Kind: sallyport.Person}))
		if err := a.AddMember(ctx, system, here, group.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		condition := fmt.Sprintf(`path.startsWith("/%s") && in_network(client, "10.0.0.0/8")`, words(dice, 800))
		must(a.CreateBinding(ctx, system, here, admin.NewBinding{
			SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: role.ID, Condition: condition, Expires: e.clock.Now().Add(time.Duration(i+1) * time.Hour),
		}))
		for _, subject := range []admin.NewBinding{{SubjectKind: sallyport.SubjectGroup, Subject: string(group.ID)}, {SubjectKind: sallyport.SubjectUser, Subject: string(jo.ID)}} {
			subject.Role, subject.Condition = role.ID, condition
			must(a.CreateBinding(ctx, system, here, subject))
		}
		must(a.CreateGroup(ctx, system, here, admin.NewGroup{Name: long("Project", i), Title: words(dice, 200)}))
		must(a.CreateRealm(ctx, system, here, admin.NewRealm{Name: fmt.Sprintf("site-%02d-%s", i, strings.ToLower(strings.Trim(words(dice, 40), "_-")))}))
		key = string(must(a.CreateKey(ctx, system, here, admin.NewKey{Name: long("Plant", i), Scopes: scopes, Networks: networks})).Credential.ID)
		token = string(must(a.CreateToken(ctx, admin.Actor{Principal: sallyport.Principal{ID: jo.ID}, CredentialKind: sallyport.Password},
			admin.NewToken{Name: long("Nightly export", i), Scopes: scopes, Networks: networks, Expires: e.clock.Now().Add(time.Hour)})).Credential.ID)
		e.knock(fmt.Sprintf("request-%02d", i), "/ledger/"+words(dice, 1500), "")
	}
	e.boss, e.jo, e.token, e.key, e.group, e.role, e.user = boss, e.signedIn("jo"), token, key, string(group.ID), string(role.ID), string(jo.ID)
	return e
}

// must returns what was made; an estate that could not be made is a fault of the test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Every page stays small, however much there is of what it shows: what a browser
// transfers that has nothing yet, and what it has to lay out.
func TestPagesStaySmall(t *testing.T) {
	e := newEstate(t)
	assets := 0
	for name, f := range e.console.assets.files {
		if strings.HasPrefix(name, "style.") || strings.HasPrefix(name, "script.") || strings.HasPrefix(name, "icon.") {
			assets += len(f.packed) + 400 // its headers
		}
	}
	in := e.at()
	for _, of := range []struct {
		who   *browser
		paths []string
	}{
		{e.jo, []string{
			"/account", "/account?from=25", "/tokens/new", "/tokens/" + e.token, "/tokens/" + e.token + "/edit", "/tokens/" + e.token + "/routes",
			"/tokens/" + e.token + "/revoke", "/tenants/" + string(e.tenant.ID), "/sessions", "/requests",
		}},
		{e.boss, []string{
			"/access", "/access?search=Subsidiary", in + "/users", in + "/services", in + "/users/" + e.user, in + "/users/" + e.user + "/delete", in + "/users/" + e.user + "/end",
			in + "/groups", in + "/groups/" + e.group, in + "/groups/" + e.group + "/delete", in + "/roles", in + "/roles?api=ledger&from=12&below=100", in + "/roles/" + e.role,
			in + "/roles/" + e.role + "/edit", in + "/roles/new", in + "/roles/new?from=" + e.role, in + "/roles/" + e.role + "/delete", in + "/bindings", in + "/bindings?kind=user&whom=" + e.user, in + "/bindings/new",
			in + "/keys", in + "/keys?show=all", in + "/keys/new", in + "/keys/" + e.key, in + "/keys/" + e.key + "/edit", in + "/keys/" + e.key + "/routes", in + "/applications",
			in + "/realms", in + "/who-can", in + "/who-can?permission=ledger/accounts.department-003.write", in + "/edit", in + "/delete", in + "/deactivate", "/access/new",
			"/apis", "/apis/ledger", "/apis/ledger/permissions", "/apis/ledger/routes", "/apis/ledger/route?id=change-account-0007", "/apis/ledger/explore",
			"/apis/ledger/document", "/apis/ledger/import", "/apis/ledger/delete", "/apis/sallyport/routes", "/apis/sallyport/explore",
			"/audit", "/audit?action=role.update", "/audit?action=api.create", "/why", "/why/request-03", "/advise", "/advise/" + e.user, "/advise/shadows", "/advise/shadows/new", "/overview", "/start",
		}},
	} {
		of.who.header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}}
		for _, path := range of.paths {
			got := of.who.get(path)
			if got.StatusCode != http.StatusOK || got.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("%s: status %d, %v", path, got.StatusCode, got.Header)
				continue
			}
			raw := must(io.ReadAll(must(gzip.NewReader(strings.NewReader(got.text)))))
			sum := len(got.text) + 1200 + assets // with the headers
			t.Logf("%-70.70s %7d as it is, %6d transferred", path, len(raw), sum)
			if sum > mostTransferred || len(raw) > mostRaw {
				t.Errorf("%s: %d bytes are transferred, %d as it is", path, sum, len(raw))
			}
		}
	}
}
