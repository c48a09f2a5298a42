// Package dialecttest puts an installation with all dialects behind its gateway
// on a socket, for tests of a dialect: a real store, real doors, a clock that a
// test moves, and an upstream of the test's own.
package dialecttest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/logtest"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

// Password is one that the policy of passwords accepts.
const Password = "seven-purple-anvils-hum"

// A Kit is a running installation.
type Kit struct {
	*node.Node
	T      testing.TB
	URL    string // of the gateway
	Master token.MasterKey
	Tenant sallyport.TenantID // the first one; users of [Kit.User] live here
	Log    *logtest.Log

	clock *clocktest.Clock
	out   bool // the store is gone
}

// New starts an installation with APIs of a dialect in front of an upstream, nil
// for one that tells what it was asked (see [Echo]). The URL of each API's
// upstream is filled in. It ends with the test.
func New(t testing.TB, upstream http.Handler, apis ...sallyport.API) *Kit {
	t.Helper()
	k := &Kit{T: t, Log: &logtest.Log{}, clock: clocktest.New()}
	if upstream == nil {
		upstream = http.HandlerFunc(Echo)
	}
	behind := httptest.NewServer(upstream)
	t.Cleanup(behind.Close)
	front := httptest.NewUnstartedServer(nil)
	issuer := "http://" + front.Listener.Addr().String()
	log := slog.New(slog.NewTextHandler(k.Log, nil))
	k.Master = must(token.NewMasterKey())(t)
	k.Node = must(node.Open(t.Context(), node.Config{
		StorageURL: sallyport.Secret("sqlite:" + storetest.File(t)), MasterKey: k.Master, NewHasher: password.NewCheapHasher,
		Issuer: issuer, Log: log, Now: k.Now, ManagementAPI: admin.BuiltInAPI(), Dialects: dialect.Specs(),
	}))(t)
	pseudonyms := must(k.Master.PseudonymKey())(t)
	dialects := must(dialect.New(wire.Config{
		Doors: k.Doors, Admin: k.Admin, Master: k.Master, Issuer: issuer, Now: k.Now, Log: log,
		Pseudonym: func(id string) string { return token.Pseudonym(pseudonyms, id) },
	}))(t)
	g := gateway.New(gateway.Config{Doors: k.Doors, Now: k.Now, Log: log, Dialects: dialects})
	front.Config.Handler = g
	front.Start()
	k.URL = front.URL
	t.Cleanup(func() {
		front.Close()
		g.Close()
		if err := k.Close(context.WithoutCancel(t.Context())); err != nil && !k.out {
			t.Error(err)
		}
	})
	for i := range apis {
		apis[i].Upstream.URL = behind.URL
	}
	must(k.Admin.ApplyAPIs(t.Context(), System(), apis))(t)
	k.Tenant = k.MakeTenant("DemoTenant5", "")
	return k
}

// System is the actor that sets tests up.
func System() admin.Actor { return admin.System("test") }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Now returns the time, which stands still.
func (k *Kit) Now() time.Time { return k.clock.Now() }

// Advance moves the clock, and has the doors confirm that they are up to date.
func (k *Kit) Advance(d time.Duration) {
	k.T.Helper()
	k.clock.Advance(d)
	must(k.Doors.Apply(k.T.Context()))(k.T)
}

// Outage takes the store away for the rest of the test.
func (k *Kit) Outage() {
	k.T.Helper()
	k.out = true
	if err := k.Store.Close(); err != nil {
		k.T.Fatal(err)
	}
}

// MakeTenant makes a tenant, below another if one is named.
func (k *Kit) MakeTenant(name string, parent sallyport.TenantID) sallyport.TenantID {
	k.T.Helper()
	return must(k.Admin.CreateTenant(k.T.Context(), System(), admin.NewTenant{Name: name, Parent: parent}))(k.T).ID
}

// Role makes a role that every tenant can use.
func (k *Kit) Role(name string, permissions ...sallyport.Permission) sallyport.RoleID {
	k.T.Helper()
	return must(k.Admin.CreateRole(k.T.Context(), System(), sallyport.EveryTenant, admin.NewRole{Name: name, Permissions: permissions}))(k.T).ID
}

// User makes a person with [Password] who has roles in [Kit.Tenant].
func (k *Kit) User(login string, roles ...sallyport.RoleID) sallyport.User {
	k.T.Helper()
	u := must(k.Admin.CreateUser(k.T.Context(), System(), k.Tenant, admin.NewUser{
		Login: login, Name: login, Password: Password, KeepPassword: true,
	}))(k.T)
	for _, role := range roles {
		k.Bind(u.ID, role, k.Tenant, "")
	}
	return u
}

// Bind gives a role to a user.
func (k *Kit) Bind(user sallyport.PrincipalID, role sallyport.RoleID, tenant sallyport.TenantID, realm string) sallyport.Binding {
	k.T.Helper()
	return must(k.Admin.CreateBinding(k.T.Context(), System(), tenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(user), Role: role, Realm: realm,
	}))(k.T)
}

// Deactivate takes a user out of use.
func (k *Kit) Deactivate(u sallyport.User) {
	k.T.Helper()
	must(k.Admin.DeactivateUser(k.T.Context(), System(), u.Tenant, u.ID, admin.AnyVersion))(k.T)
}

// Key makes an API key with roles in a tenant.
func (k *Kit) Key(tenant sallyport.TenantID, name string, expires time.Time, roles ...sallyport.RoleID) admin.Issued {
	k.T.Helper()
	in := admin.NewKey{Name: name, Expires: expires}
	for _, r := range roles {
		in.Roles = append(in.Roles, admin.KeyRole{Role: r})
	}
	return must(k.Admin.CreateKey(k.T.Context(), System(), tenant, in))(k.T)
}

// A Reply is an answer.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Ask sends a request; headers are names and values in turn.
func (k *Kit) Ask(method, path, body string, headers ...string) Reply {
	k.T.Helper()
	r := must(http.NewRequestWithContext(k.T.Context(), method, k.URL+path, strings.NewReader(body)))(k.T)
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		k.T.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.T.Fatal(err)
	}
	return Reply{res.StatusCode, res.Header, string(text)}
}

// Echo answers as an upstream that tells what it was asked and by whom.
func Echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+"\n"+r.Header.Get("X-Sallyport-User")+" "+
		r.Header.Get("X-Sallyport-Tenant")+" "+r.Header.Get("X-Sallyport-Realm")+"\n"+string(body))
}
