// Package httpapitest sets up an installation with its management API behind an
// HTTP server, for tests of the API and of what speaks to it.
package httpapitest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/httpapi"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

// Password is one that the policy of passwords accepts.
const Password = "seven-purple-anvils-hum"

// A World is an installation with its management API.
type World struct {
	T       testing.TB
	Admin   *admin.Service
	Node    *node.Node
	Handler *httpapi.Handler
	URL     string // of the server, without the base path
	Clock   *clocktest.Clock

	T1, T2 sallyport.Tenant
	Root   sallyport.User // an administrator with [Password]

	made atomic.Int64
}

// Options change what [New] makes.
type Options struct {
	Cookie string                          // [httpapi.CookiePlain] when empty
	URL    string                          // public; none when empty
	Log    *slog.Logger                    // discarded when nil
	Around func(http.Handler) http.Handler // is put around the API; nil: nothing is
}

// New makes an installation on SQLite with two tenants, an API "orders" with the
// permissions read and write, and an administrator.
func New(t testing.TB, o Options) *World {
	t.Helper()
	w := &World{T: t, Clock: clocktest.New()}
	if o.Cookie == "" {
		o.Cookie = httpapi.CookiePlain
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Around == nil {
		o.Around = func(h http.Handler) http.Handler { return h }
	}
	master := must(token.NewMasterKey())(t)
	w.Node = must(node.Open(t.Context(), node.Config{
		StorageURL: sallyport.Secret("sqlite:" + storetest.File(t)), MasterKey: master, NewHasher: password.NewCheapHasher,
		Issuer: "http://sallyport.test", Log: o.Log, Now: w.Clock.Now,
		ManagementAPI: httpapi.Document(o.Cookie), ExpiryWarning: 10 * time.Minute,
	}))(t)
	t.Cleanup(func() {
		if err := w.Node.Close(context.Background()); err != nil {
			t.Errorf("closing the node: %v", err)
		}
	})
	w.Admin = w.Node.Admin
	w.Handler = must(httpapi.New(httpapi.Config{
		Doors: w.Node.Doors, Admin: w.Admin, Master: master, Cookie: o.Cookie, URL: o.URL, Now: w.Clock.Now, Log: o.Log,
	}))(t)
	server := httptest.NewServer(o.Around(w.Handler))
	t.Cleanup(server.Close)
	w.URL = server.URL
	w.furnish()
	return w
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Advance moves the clock, and has the node confirm that it is up to date.
func (w *World) Advance(d time.Duration) {
	w.T.Helper()
	w.Clock.Advance(d)
	_ = must(w.Node.Doors.Apply(w.T.Context()))(w.T)
}

// Orders is the API that every world has.
func Orders() sallyport.API {
	return sallyport.API{
		Name: "orders", BasePath: "/orders", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "read", Permissions: []string{"read"}}, {Name: "write", Permissions: []string{"write"}}},
		Routes: []sallyport.Route{
			{Methods: []string{"GET"}, Path: "/", AnyOf: []string{"read"}},
			{Methods: []string{"POST"}, Path: "/", AnyOf: []string{"write"}},
		},
	}
}

// System is the installation itself.
func System() admin.Actor { return admin.System("test") }

func (w *World) furnish() {
	w.T.Helper()
	ctx := w.T.Context()
	must(w.Admin.ApplyAPIs(ctx, System(), []sallyport.API{Orders()}))(w.T)
	w.T1 = must(w.Admin.CreateTenant(ctx, System(), admin.NewTenant{Name: "t1"}))(w.T)
	w.T2 = must(w.Admin.CreateTenant(ctx, System(), admin.NewTenant{Name: "t2"}))(w.T)
	w.Root = must(w.Admin.FirstAdministrator(ctx, System(), admin.NewUser{Login: "root", Password: Password, KeepPassword: true}))(w.T)
}

// User makes a user without rights who is administered in a tenant. He has no
// password.
func (w *World) User(tenant sallyport.TenantID, kind sallyport.UserKind) sallyport.User {
	w.T.Helper()
	login := fmt.Sprintf("user%d", w.made.Add(1))
	return must(w.Admin.CreateUser(w.T.Context(), System(), tenant, admin.NewUser{Login: login, Kind: kind}))(w.T)
}

// Role makes a role of a tenant.
func (w *World) Role(tenant sallyport.TenantID, permissions ...sallyport.Permission) sallyport.Role {
	w.T.Helper()
	name := fmt.Sprintf("role%d", w.made.Add(1))
	return must(w.Admin.CreateRole(w.T.Context(), System(), tenant, admin.NewRole{Name: name, Permissions: permissions}))(w.T)
}

// Give gives a user permissions in a tenant.
func (w *World) Give(user sallyport.PrincipalID, tenant sallyport.TenantID, permissions ...sallyport.Permission) sallyport.Binding {
	w.T.Helper()
	return must(w.Admin.CreateBinding(w.T.Context(), System(), tenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(user), Role: w.Role(tenant, permissions...).ID,
	}))(w.T)
}

// Person makes a person of a tenant who holds exactly these permissions there,
// and returns him with a token of his.
func (w *World) Person(tenant sallyport.TenantID, permissions ...sallyport.Permission) (sallyport.User, string) {
	w.T.Helper()
	u := w.User(tenant, sallyport.Person)
	if len(permissions) > 0 {
		w.Give(u.ID, tenant, permissions...)
	}
	return u, w.Token(u)
}

// Token makes a token for a user, limited to the scopes if there are any.
func (w *World) Token(u sallyport.User, scopes ...string) string {
	w.T.Helper()
	return must(w.Admin.CreateToken(w.T.Context(), As(u), admin.NewToken{Name: "test", Scopes: scopes}))(w.T).Secret.Reveal()
}

// As returns the actor that a user is when he comes with his password.
func As(u sallyport.User) admin.Actor {
	kind := sallyport.PrincipalPerson
	if u.Kind == sallyport.Service {
		kind = sallyport.PrincipalService
	}
	return admin.Actor{
		Principal:      sallyport.Principal{ID: u.ID, Kind: kind, Login: u.Login, Name: u.Name, Home: u.Tenant},
		CredentialKind: sallyport.Password, RequestID: "test", Address: "192.0.2.1",
	}
}
