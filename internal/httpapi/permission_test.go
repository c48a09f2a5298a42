package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/httpapi"
)

const someID = "0b3f7a52-0000-4000-8000-00000000abcd"

// play makes a request for a row that comes as far as the question of rights.
func play(r httpapi.Row, tenant sallyport.TenantID, token string) request {
	path := r.Path
	for segment := range strings.SplitSeq(r.Path, "/") {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		value := someID
		switch segment {
		case "{tenant}":
			value = string(tenant)
		case "{realm}", "{api}":
			value = "some"
		case "{pseudonym}":
			value = "0123456789ab"
		}
		path = strings.Replace(path, segment, value, 1)
	}
	switch r.ID {
	case "sessions.list", "sessions.list_sign_ins":
		path += "?owner=" + someID
	case "users.lookup":
		path += "?login=root"
	case "can-i.get":
		path += "?method=GET&url=/orders"
	case "who-can.list":
		path += "?permission=sallyport/users.read&tenant=" + string(tenant)
	case "changes.list":
		path += "?tenant=" + string(tenant)
	}
	q := request{method: r.Method, path: path, token: token, header: map[string]string{}}
	if r.Body {
		q.body = "{}"
	}
	if r.Versioned {
		q.header["If-Match"] = "*"
	}
	return q
}

// permissions returns all permissions of the API.
func permissions() []sallyport.Permission {
	var all []sallyport.Permission
	for _, p := range admin.BuiltInAPI().Permissions {
		all = append(all, "sallyport/"+sallyport.Permission(p.Name))
	}
	return all
}

// Each operation is played by a caller who holds every permission, in every
// tenant, but the one that it needs.
func TestEveryOperationNeedsItsPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	without := map[sallyport.Permission]string{}
	for _, p := range permissions() {
		others := slices.DeleteFunc(permissions(), func(other sallyport.Permission) bool { return other == p })
		u := w.User(w.T1.ID, sallyport.Person)
		w.Give(u.ID, sallyport.EveryTenant, others...)
		without[p] = w.Token(u)
	}
	played := 0
	for _, r := range httpapi.Rows() {
		if r.Want == "" {
			continue
		}
		tenants := []sallyport.TenantID{w.T1.ID}
		if r.Every {
			tenants = append(tenants, sallyport.EveryTenant)
		}
		for _, tenant := range tenants {
			played++
			got := w.send(t, play(r, tenant, without[r.Want]))
			if r.ID == "users.lookup" {
				// Who may not see a user is not told whether there is one.
				if got.status != http.StatusNotFound {
					t.Errorf("%s: %d %s", r.ID, got.status, got.body)
				}
				continue
			}
			if got.status != http.StatusForbidden || got.Reason != sallyport.PermissionMissing || !slices.Contains(got.MissingPermissions, r.Want) {
				t.Errorf("%s in %s without %s: %d %s", r.ID, tenant, r.Want, got.status, got.body)
			}
		}
	}
	if played < 80 {
		t.Errorf("%d requests were made", played)
	}
}

// The same operations, by an administrator: whatever is wrong then, it is not
// the right.
func TestAdministratorMayEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.User(w.T1.ID, sallyport.Person) // with whom the tenant cannot be deleted
	token := w.Token(w.Root)
	for _, r := range httpapi.Rows() {
		got := w.send(t, play(r, w.T1.ID, token))
		if got.status == http.StatusForbidden || got.status == http.StatusUnauthorized || got.status >= 500 {
			if r.ID == "session.start" && got.status == http.StatusUnauthorized {
				continue // nobody has the empty login
			}
			t.Errorf("%s: %d %s", r.ID, got.status, got.body)
		}
	}
}

func TestEveryOperationNeedsACredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range httpapi.Rows() {
		if r.Public {
			continue
		}
		got := w.send(t, play(r, w.T1.ID, ""))
		challenges := got.header.Values("WWW-Authenticate")
		if got.status != http.StatusUnauthorized || got.Reason != sallyport.CredentialMissing || len(challenges) != 3 {
			t.Errorf("%s: %d %s, challenges %q", r.ID, got.status, got.body, challenges)
		}
	}
}

// A limited token reaches what its scopes say, whatever its owner may.
func TestEveryOperationNeedsItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.User(w.T1.ID, sallyport.Person) // with whom the tenant cannot be deleted
	for _, scope := range []string{"orders", "sallyport/self", "sallyport/read", "sallyport/write", "sallyport"} {
		token := w.Token(w.Root, scope)
		for _, r := range httpapi.Rows() {
			if r.Public {
				continue
			}
			got := w.send(t, play(r, w.T1.ID, token))
			refused := got.status == http.StatusForbidden && (got.Reason == sallyport.ScopeInsufficient || got.Reason == sallyport.PrivilegeCeiling)
			if reaches := slices.Contains(r.Scopes, scope); reaches == refused {
				t.Errorf("%s with %s: %d %s; the document says that it reaches it: %t", r.ID, scope, got.status, got.body, reaches)
			}
			if refused && got.Reason == sallyport.ScopeInsufficient && strings.HasPrefix(scope, "orders") &&
				!strings.Contains(got.header.Get("WWW-Authenticate"), "insufficient_scope") {
				t.Errorf("%s: challenge %q", r.ID, got.header.Get("WWW-Authenticate"))
			}
		}
	}
}

// What is in a tenant that the caller has no business in looks the same whether
// there is such a tenant or not.
func TestForeignTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.Person(w.T1.ID, permissions()...)
	for _, r := range httpapi.Rows() {
		if !strings.Contains(r.Path, "{tenant}") {
			continue
		}
		foreign, unknown := w.send(t, play(r, w.T2.ID, token)), w.send(t, play(r, someID, token))
		strip := func(a answer) string {
			text := strings.ReplaceAll(a.body, a.RequestID, "")
			return strings.ReplaceAll(strings.ReplaceAll(text, string(w.T2.ID), "T"), someID, "T")
		}
		if foreign.status != unknown.status || strip(foreign) != strip(unknown) {
			t.Errorf("%s: %d %s\n%d %s", r.ID, foreign.status, foreign.body, unknown.status, unknown.body)
		}
		if foreign.status != http.StatusForbidden && foreign.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", r.ID, foreign.status, foreign.body)
		}
		for _, odd := range []sallyport.TenantID{"%7B" + w.T1.ID + "%7D", "urn:uuid:" + w.T1.ID, sallyport.TenantID(strings.ToUpper(string(w.T1.ID))), "t1", "%2A"} {
			got := w.send(t, play(r, odd, token))
			if got.status != http.StatusBadRequest && got.status != http.StatusNotFound && got.status != http.StatusForbidden {
				t.Errorf("%s in %s: %d %s", r.ID, odd, got.status, got.body)
			}
		}
	}
}

// Rights in one tenant are none in the installation.
func TestInstallationNeedsRightsInEveryTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.Person(w.T1.ID, permissions()...)
	for _, r := range httpapi.Rows() {
		if r.Want == "" || r.ID == "users.lookup" || r.ID == "advice.list" || strings.Contains(r.Path, "{tenant}") && !r.Every {
			continue
		}
		got := w.send(t, play(r, sallyport.EveryTenant, token))
		if got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", r.ID, got.status, got.body)
		}
	}
}
