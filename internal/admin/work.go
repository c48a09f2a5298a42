package admin

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A work is one use case in its transaction: who acts, as he is in the store
// now, and what he does.
type work struct {
	*Service
	tx       *store.Tx
	actor    Actor
	now      time.Time
	snapshot *policy.Snapshot

	principal *policy.Principal // nil: the installation itself
	limits    []*policy.Limit   // each of them narrows; none: not limited
	tenants   []sallyport.TenantID
	until     time.Time                    // when the actor's credential ends; zero: never, or he gave his password
	places    [][]netip.Prefix             // each of them narrows where it may be used from; none: anywhere
	roles     map[[2]string]sallyport.Role // that were read, by tenant and id
	guarding  bool                         // the last administrator is being watched over
	session   *sallyport.Credential        // that the actor came with; nil: something else
}

// begin loads the actor. Who is not active, or whose credential is not any
// more, may nothing from here on, whatever the door thought a moment ago.
func (s *Service) begin(ctx context.Context, tx *store.Tx, a Actor) (*work, error) {
	w := &work{Service: s, tx: tx, actor: a, now: s.c.Now(), snapshot: s.c.Policy()}
	if a.IsSystem() {
		return w, nil
	}
	record, err := w.record(ctx, a.Principal.ID)
	if err != nil {
		return nil, err
	}
	if record.State != sallyport.Active {
		return nil, refused(sallyport.OwnerInactive)
	}
	if err := w.tenantActive(ctx, record.Principal.Home); err != nil {
		return nil, err
	}
	w.narrow(a.Scopes, a.Tenant)
	if err := w.credential(ctx); err != nil {
		return nil, err
	}
	if record.Bindings, err = w.fresh(ctx, record.Bindings); err != nil {
		return nil, err
	}
	// The error tells of bindings that are damaged; they give nothing.
	w.principal, _ = s.c.Compiler.Principal(*record)
	w.actor.Principal = record.Principal
	return w, nil
}

// record loads what the store holds about a principal.
func (w *work) record(ctx context.Context, id sallyport.PrincipalID) (*policy.Record, error) {
	record, err := w.identity(ctx, id)
	if err != nil {
		return nil, err
	}
	record.Bindings, record.Groups, err = w.tx.BindingsOfPrincipal(ctx, id)
	return record, err
}

// identity is record without the bindings and groups.
func (w *work) identity(ctx context.Context, id sallyport.PrincipalID) (*policy.Record, error) {
	user, err := w.tx.UserByID(ctx, id)
	record := &policy.Record{}
	switch {
	case err == nil:
		record.Principal, record.State = principalOf(user), user.State
		record.Epoch, record.NotBefore = user.Epoch, user.NotBefore
	case sallyport.KindOf(err) == sallyport.NotFound:
		key, err := w.tx.CredentialByID(ctx, sallyport.CredentialID(id))
		if sallyport.KindOf(err) == sallyport.NotFound || err == nil && key.Kind != sallyport.APIKey {
			return nil, refused(sallyport.OwnerInactive)
		}
		if err != nil {
			return nil, err
		}
		record.Principal, record.State = keyPrincipal(key), w.stateOf(key)
	default:
		return nil, err
	}
	return record, nil
}

func principalOf(u sallyport.User) sallyport.Principal {
	kind := sallyport.PrincipalPerson
	if u.Kind == sallyport.Service {
		kind = sallyport.PrincipalService
	}
	return sallyport.Principal{ID: u.ID, Kind: kind, Login: u.Login, Name: u.Name, Email: u.Email, Home: u.Tenant}
}

func keyPrincipal(c sallyport.Credential) sallyport.Principal {
	return sallyport.Principal{ID: c.Owner, Kind: sallyport.PrincipalAPIKey, Login: c.Name, Name: c.Name, Home: c.Tenant}
}

// stateOf is Active for a credential that could be used now.
func (w *work) stateOf(c sallyport.Credential) sallyport.State {
	if c.State == sallyport.Active && !c.Expires.IsZero() && !c.Expires.After(w.now) {
		return sallyport.Revoked
	}
	return c.State
}

// narrow adds a limit of scopes and tenant.
func (w *work) narrow(scopes []string, tenant sallyport.TenantID) {
	if scopes != nil {
		limit := w.snapshot.Limit(scopes)
		if limit == nil {
			limit = &policy.Limit{} // an empty list of scopes leaves nothing
		}
		w.limits = append(w.limits, limit)
	}
	if tenant != "" && tenant != sallyport.EveryTenant {
		w.tenants = append(w.tenants, tenant)
	}
}

// credential checks that the actor's credential is still one, and narrows to
// what its row says.
func (w *work) credential(ctx context.Context) error {
	switch w.actor.CredentialKind {
	case sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.Session:
		c, err := w.tx.CredentialByID(ctx, sallyport.CredentialID(w.actor.Credential.String()))
		switch {
		case sallyport.KindOf(err) == sallyport.NotFound:
			return refused(sallyport.CredentialRevoked)
		case err != nil:
			return err
		case w.stateOf(c) != sallyport.Active || c.Owner != w.actor.Principal.ID:
			return refused(sallyport.CredentialRevoked)
		}
		w.narrow(c.Scopes, c.Tenant)
		if c.Kind == sallyport.Session {
			w.session = &c
			return w.lasts(ctx, c.BegunWith)
		}
		w.bound(c)
	case sallyport.AccessToken:
		return w.signIn(ctx)
	case sallyport.Password, sallyport.RefreshToken:
	}
	return nil
}

// signIn is credential for an access token: it stems from a sign-in, or from an
// API key that was exchanged for it.
func (w *work) signIn(ctx context.Context) error {
	id := w.actor.Credential.String()
	f, err := w.tx.FamilyByID(ctx, sallyport.FamilyID(id))
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound && id == string(w.actor.Principal.ID):
		key, err := w.tx.CredentialByID(ctx, sallyport.CredentialID(id))
		if err != nil {
			return err
		}
		w.narrow(key.Scopes, key.Tenant)
		w.bound(key)
		return nil
	case sallyport.KindOf(err) == sallyport.NotFound:
		return refused(sallyport.CredentialRevoked)
	case err != nil:
		return err
	case f.State != sallyport.Active || !f.Expires.After(w.now) || f.Principal != w.actor.Principal.ID:
		return refused(sallyport.CredentialRevoked)
	}
	w.narrow(f.Scopes, f.Tenant)
	w.ends(f.Expires)
	return w.lasts(ctx, f.Credential)
}

// fresh checks that the policy in force knows the actor's roles as they are in
// the store now, and leaves out bindings of roles that cannot be bound there.
func (w *work) fresh(ctx context.Context, bindings []sallyport.Binding) ([]sallyport.Binding, error) {
	var sound []sallyport.Binding
	for _, b := range bindings {
		role, err := w.roleFor(ctx, b.Tenant, b.Role)
		if sallyport.KindOf(err) == sallyport.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if known := w.snapshot.Role(b.Role); known == nil || known.Version != role.Version {
			return nil, errStale
		}
		sound = append(sound, b)
	}
	return sound, nil
}

// roleFor returns a role that can be bound in a tenant: its own or one of every
// tenant. A use case that changes a role does not ask for it again.
func (w *work) roleFor(ctx context.Context, tenant sallyport.TenantID, id sallyport.RoleID) (sallyport.Role, error) {
	k := [2]string{string(tenant), string(id)}
	if role, ok := w.roles[k]; ok {
		return role, nil
	}
	role, err := w.tx.Role(ctx, sallyport.EveryTenant, id)
	if sallyport.KindOf(err) == sallyport.NotFound && tenant != sallyport.EveryTenant {
		role, err = w.tx.Role(ctx, tenant, id)
	}
	if err != nil {
		return role, err
	}
	if w.roles == nil {
		w.roles = map[[2]string]sallyport.Role{}
	}
	w.roles[k] = role
	return role, nil
}

func (w *work) tenantActive(ctx context.Context, id sallyport.TenantID) error {
	if id == sallyport.EveryTenant {
		return nil
	}
	tenant, err := w.tx.Tenant(ctx, id)
	if err != nil {
		return err
	}
	if tenant.State != sallyport.Active {
		return refused(sallyport.TenantInactive)
	}
	return nil
}

// A thing is what an entry of the audit trail is about.
type thing struct {
	kind string
	id   string
	name string
}

// write adds the entry of a change to the audit trail.
func (w *work) write(ctx context.Context, tenant sallyport.TenantID, action string, target thing, before, after any) error {
	e := w.entry()
	e.Tenant, e.Action, e.Before, e.After = tenant, action, before, after
	e.Target = audit.Target{Kind: target.kind, ID: target.id, Name: target.name}
	if err := audit.Append(ctx, w.tx, e); err != nil {
		return fmt.Errorf("write down %s: %w", action, err)
	}
	return nil
}

// entry begins an entry: who does it, when and from where.
func (w *work) entry() audit.Entry {
	return audit.Entry{At: w.now, RequestID: w.actor.RequestID, Address: w.actor.Address, Actor: w.who()}
}

func (w *work) who() audit.Actor {
	if w.actor.IsSystem() {
		return audit.Actor{Kind: audit.KindSystem, Name: w.actor.system}
	}
	p := w.actor.Principal
	who := audit.Actor{ID: p.ID, Kind: string(p.Kind), Name: p.Login, CredentialKind: w.actor.CredentialKind}
	if w.actor.Credential != (sallyport.UUID{}) {
		who.Credential = w.actor.Credential.String()
	}
	return who
}
