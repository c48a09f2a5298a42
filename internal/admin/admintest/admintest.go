// Package admintest sets up an installation for tests: a real store, a policy
// that follows it, a clock that stands still until it is moved, and people with
// exactly the rights that a test gives them.
package admintest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

// Password is one that the policy of passwords accepts.
const Password sallyport.Secret = "seven-purple-anvils-hum"

// A World is an installation.
type World struct {
	*admin.Service
	Store    *store.Store
	Clock    *clocktest.Clock
	Compiler *policy.Compiler
	Master   token.MasterKey
	Secrets  *token.Digester
	T1, T2   sallyport.Tenant
	Root     admin.Actor // holds everything in every tenant

	t        testing.TB
	snapshot atomic.Pointer[policy.Snapshot]
	watcher  atomic.Pointer[func(*policy.Observed)]
	made     atomic.Int64
}

var blocklist = sync.OnceValues(password.LoadBlocklist)

// New makes an installation on SQLite with two tenants, an API "orders" with the
// permissions read and write, and an administrator.
func New(t testing.TB) *World {
	t.Helper()
	clock := clocktest.New()
	return NewOn(t, storetest.NewAt(t, clock.Now), clock)
}

// NewOn is New on an empty store that has the same clock.
func NewOn(t testing.TB, s *store.Store, clock *clocktest.Clock) *World {
	t.Helper()
	w := &World{Store: s, Clock: clock, t: t}
	rules := policy.Rules{Reserved: []string{"/sallyport", "/oauth2", "/.well-known"}}
	w.Compiler = must(policy.NewCompiler(rules))(t)
	w.Master = must(token.NewMasterKey())(t)
	w.Secrets = must(token.NewDigester(token.UseSecret, must(w.Master.Pepper(1))(t)))(t)
	w.snapshot.Store(compile(t, w))
	w.Service = must(admin.New(admin.Config{
		Store: s, Policy: w.Policy, Compiler: w.Compiler, Rules: rules,
		Secrets:       w.Secrets,
		Keys:          must(token.NewSealer(token.SealSigningKey, w.Master))(t),
		Successors:    must(token.NewSealer(token.SealSuccessor, w.Master))(t),
		Cursors:       must(token.NewSealer(token.SealCursor, w.Master))(t),
		Factors:       must(token.NewSealer(token.SealFactor, w.Master))(t),
		Checkpoints:   must(audit.NewSigner(must(w.Master.AuditKey())(t)))(t),
		Pseudonyms:    must(w.Master.PseudonymKey())(t),
		Hasher:        must(password.NewCheapHasher(password.NewGate(2, password.MaxQueue)))(t),
		Passwords:     must(password.NewPolicy(0, 0, must(blocklist())(t), "sallyport"))(t),
		Now:           clock.Now,
		ExpiryWarning: 24 * time.Hour,
		Judge:         doors.Judge,
		Watch:         func(f func(*policy.Observed)) { w.watcher.Store(&f) },
		Committed:     w.apply,
	}))(t)
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

// Observe tells of a request who watches; false: nobody does.
func (w *World) Observe(o policy.Observed) bool {
	f := w.watcher.Load()
	if f == nil || *f == nil {
		return false
	}
	(*f)(&o)
	return true
}

// Policy returns the policy in force.
func (w *World) Policy() *policy.Snapshot { return w.snapshot.Load() }

// apply brings the policy up to the store.
func (w *World) apply(ctx context.Context, _ sallyport.Revision) error {
	source, err := Source(ctx, w.Store)
	if err != nil {
		return err
	}
	s, err := w.Compiler.Compile(source)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	for {
		old := w.snapshot.Load()
		if old.Revision() > s.Revision() || w.snapshot.CompareAndSwap(old, s) {
			return nil
		}
	}
}

func compile(t testing.TB, w *World) *policy.Snapshot {
	t.Helper()
	source := must(Source(t.Context(), w.Store))(t)
	return must(w.Compiler.Compile(source))(t)
}

// Source reads what the policy is made of.
func Source(ctx context.Context, s *store.Store) (src policy.Source, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		if src.Revision, err = tx.Revision(ctx); err != nil {
			return err
		}
		page := store.Page{Limit: 1000}
		documents, _, err := tx.APIs(ctx, page)
		if err != nil {
			return err
		}
		for _, d := range documents {
			src.APIs = append(src.APIs, d.API)
		}
		if src.Roles, _, err = tx.EveryRole(ctx, page); err != nil {
			return err
		}
		src.Tenants, _, err = tx.Tenants(ctx, store.TenantFilter{}, page)
		return err
	})
	return src, err
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

// furnish fills the installation.
func (w *World) furnish() {
	w.t.Helper()
	ctx, system := w.t.Context(), admin.System("test")
	if err := w.Bootstrap(ctx, admin.BuiltInAPI()); err != nil {
		w.t.Fatal(err)
	}
	must(w.ApplyAPIs(ctx, system, []sallyport.API{Orders()}))(w.t)
	w.T1 = must(w.CreateTenant(ctx, system, admin.NewTenant{Name: "t1"}))(w.t)
	w.T2 = must(w.CreateTenant(ctx, system, admin.NewTenant{Name: "t2"}))(w.t)
	root := must(w.FirstAdministrator(ctx, system, admin.NewUser{Login: "root"}))(w.t)
	w.Root = As(root)
}

// As returns the actor that a user is when he signs in with his password.
func As(u sallyport.User) admin.Actor {
	kind := sallyport.PrincipalPerson
	if u.Kind == sallyport.Service {
		kind = sallyport.PrincipalService
	}
	return admin.Actor{
		Principal:      sallyport.Principal{ID: u.ID, Kind: kind, Login: u.Login, Name: u.Name, Email: u.Email, Home: u.Tenant},
		CredentialKind: sallyport.Password, RequestID: "test", Address: "192.0.2.1",
	}
}

// With returns the actor that somebody is when he uses a credential of his.
func With(a admin.Actor, c sallyport.Credential) admin.Actor {
	a.CredentialKind, a.Scopes, a.Tenant = c.Kind, c.Scopes, c.Tenant
	a.Credential, _ = sallyport.ParseUUID(string(c.ID))
	return a
}

// MakeUser makes a user without rights, administered in a tenant.
func (w *World) MakeUser(tenant sallyport.TenantID, kind sallyport.UserKind) sallyport.User {
	w.t.Helper()
	login := fmt.Sprintf("user%d", w.made.Add(1))
	return must(w.CreateUser(context.WithoutCancel(w.t.Context()), admin.System("test"), tenant, admin.NewUser{Login: login, Kind: kind}))(w.t)
}

// Person makes a person of a tenant who holds exactly these permissions there,
// and returns him as an actor.
func (w *World) Person(tenant sallyport.TenantID, permissions ...sallyport.Permission) admin.Actor {
	w.t.Helper()
	u := w.MakeUser(tenant, sallyport.Person)
	if len(permissions) > 0 {
		w.Give(u.ID, tenant, permissions...)
	}
	return As(u)
}

// Give gives a user permissions in a tenant by a role and a binding of their
// own.
func (w *World) Give(user sallyport.PrincipalID, tenant sallyport.TenantID, permissions ...sallyport.Permission) sallyport.Binding {
	w.t.Helper()
	role := w.MakeRole(tenant, permissions...)
	return must(w.CreateBinding(context.WithoutCancel(w.t.Context()), admin.System("test"), tenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(user), Role: role.ID,
	}))(w.t)
}

// MakeRole makes a role of a tenant.
func (w *World) MakeRole(tenant sallyport.TenantID, permissions ...sallyport.Permission) sallyport.Role {
	w.t.Helper()
	name := fmt.Sprintf("role%d", w.made.Add(1))
	return must(w.CreateRole(context.WithoutCancel(w.t.Context()), admin.System("test"), tenant,
		admin.NewRole{Name: name, Permissions: permissions}))(w.t)
}
