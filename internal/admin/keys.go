package admin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// A KeyRole is a role that an API key is made with.
type KeyRole struct {
	Role      sallyport.RoleID
	Realm     string
	Condition string
	Expires   time.Time
}

// A NewKey is an API key to be made.
type NewKey struct {
	Name     string // unique among the keys of the tenant
	Roles    []KeyRole
	Scopes   []string       // nil: not limited
	Networks []netip.Prefix // empty: anywhere
	Expires  time.Time      // zero: as the tenant's policy says
	Shape    Shape
	Secret   sallyport.Secret // one that clients have already; empty: drawn
}

const maxKeyRoles = 50

// CreateKey makes an API key: a principal with roles of its own in one tenant.
// Its [sallyport.PrincipalID] is its [sallyport.CredentialID]. It needs
// [KeysWrite] there, and the actor must hold what he gives it.
func (s *Service) CreateKey(ctx context.Context, a Actor, tenant sallyport.TenantID, in NewKey) (issued Issued, err error) {
	err = s.change(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, KeysWrite); err != nil {
			return err
		}
		if err := w.confirmed(); err != nil {
			return err
		}
		if issued, err = w.repeatedIssue(ctx); err != nil || issued.Replayed {
			return err
		}
		id, err := newID()
		if err != nil {
			return err
		}
		c := sallyport.Credential{
			ID: sallyport.CredentialID(id), Tenant: tenant, Kind: sallyport.APIKey, Owner: sallyport.PrincipalID(id),
			Name: in.Name, Scopes: slices.Clone(in.Scopes), Networks: in.Networks, Expires: in.Expires,
		}
		if err := w.checkKey(ctx, &c); err != nil {
			return err
		}
		if err := w.lifetime(ctx, &c, tenant); err != nil {
			return err
		}
		if in.Secret == "" {
			issued, err = w.issue(ctx, c, in.Shape)
		} else if err = adoptable(c.Kind, in.Secret); err == nil {
			issued, err = w.keep(ctx, c, "", w.digested(in.Secret))
		}
		if err != nil {
			return err
		}
		view := credentialView(issued.Credential)
		if view["roles"], err = w.bindKey(ctx, tenant, id, in.Roles); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangePrincipal, id)
		return w.write(ctx, tenant, "key.create", credentialThing(issued.Credential), nil, view)
	})
	return issued, err
}

// bindKey gives a new key its roles, and returns them for the audit trail.
func (w *work) bindKey(ctx context.Context, tenant sallyport.TenantID, id string, roles []KeyRole) ([]any, error) {
	if len(roles) > maxKeyRoles {
		return nil, sallyport.ErrInvalid("roles", fmt.Sprintf("there are %d roles; at most %d", len(roles), maxKeyRoles))
	}
	views := []any{}
	for i, r := range roles {
		b, role, err := w.bind(ctx, tenant, NewBinding{
			SubjectKind: sallyport.SubjectKey, Subject: id,
			Role: r.Role, Realm: r.Realm, Condition: r.Condition, Expires: r.Expires,
		})
		if err != nil {
			return nil, inField(fmt.Sprintf("roles[%d]", i), err)
		}
		views = append(views, bindingView(b, role))
	}
	return views, nil
}

// inField says in which element of a list the field of an error is.
func inField(where string, err error) error {
	e, ok := err.(*sallyport.Error) //nolint:errorlint // one that is wrapped keeps its own field
	if !ok || e.Field == "" {
		return err
	}
	inner := *e
	inner.Field = where + "." + e.Field
	return &inner
}

// checkKey checks an API key before it is written.
func (w *work) checkKey(ctx context.Context, c *sallyport.Credential) error {
	if c.Tenant == sallyport.EveryTenant {
		return sallyport.ErrInvalid("tenant", "an API key acts in one tenant; name it")
	}
	if err := w.checkLimits(c); err != nil {
		return err
	}
	keys, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
		return w.tx.Credentials(ctx, c.Tenant, store.CredentialFilter{Kind: sallyport.APIKey}, p)
	})
	if err != nil {
		return err
	}
	for _, other := range keys {
		if other.Name == c.Name && other.ID != c.ID && other.State != sallyport.Revoked {
			return sallyport.ErrConflict("name", fmt.Sprintf("there is an API key %q in this tenant; choose another name", c.Name))
		}
	}
	return nil
}

// Key returns an API key. It needs [KeysRead].
func (s *Service) Key(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID) (c sallyport.Credential, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		c, err = w.key(ctx, tenant, id, KeysRead)
		return err
	})
	return c, err
}

// KeySecrets is [Service.TokenSecrets] for an API key. It needs [KeysRead].
func (s *Service) KeySecrets(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID) (list []SecretInfo, err error) {
	err = s.look(ctx, a, func(w *work) error {
		c, err := w.key(ctx, tenant, id, KeysRead)
		if err != nil {
			return err
		}
		list, err = w.secretsOf(ctx, c)
		return err
	})
	return list, err
}

// key returns an API key of a tenant in which the actor holds a permission.
func (w *work) key(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID, permission sallyport.Permission) (c sallyport.Credential, err error) {
	if err := w.may(tenant, permission); err != nil {
		return c, err
	}
	c, err = w.tx.Credential(ctx, tenant, id)
	if sallyport.KindOf(err) == sallyport.NotFound || err == nil && c.Kind != sallyport.APIKey {
		return sallyport.Credential{}, sallyport.ErrNotFound("no such API key")
	}
	return c, err
}

// Keys returns the API keys of a tenant, oldest first. It needs [KeysRead].
func (s *Service) Keys(ctx context.Context, a Actor, tenant sallyport.TenantID, state sallyport.State, p Page) (list List[sallyport.Credential], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, KeysRead); err != nil {
			return err
		}
		filter := store.CredentialFilter{Kind: sallyport.APIKey, State: state}
		list, err = pages(w, p, []string{"keys", string(tenant), string(state)}, func(p store.Page) ([]sallyport.Credential, string, error) {
			return w.tx.Credentials(ctx, tenant, filter, p)
		})
		return err
	})
	return list, err
}

// UpdateKey changes an API key. It needs [KeysWrite], and that the key is not
// stronger than the actor.
func (s *Service) UpdateKey(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64, ch TokenChange) (c sallyport.Credential, err error) {
	err = s.changeKey(ctx, a, tenant, id, ifVersion, func(w *work, there sallyport.Credential) error {
		c = there
		ch.apply(&c)
		if err := w.checkKey(ctx, &c); err != nil {
			return err
		}
		if err := w.updateCredential(ctx, &c, tenant, ch, ifVersion); err != nil {
			return err
		}
		return w.write(ctx, tenant, "key.update", credentialThing(c), credentialView(there), credentialView(c))
	})
	return c, err
}

// RenewKey gives an API key a new secret, as [Service.RenewToken] does. It needs
// what [Service.UpdateKey] needs.
func (s *Service) RenewKey(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64, overlap time.Duration) (issued Issued, err error) {
	err = s.changeKey(ctx, a, tenant, id, ifVersion, func(w *work, c sallyport.Credential) (err error) {
		if err := w.confirmed(); err != nil {
			return err
		}
		if issued, err = w.renew(ctx, c, ifVersion, overlap); err != nil {
			return err
		}
		return w.write(ctx, tenant, "key.renew", credentialThing(c), nil, renewalView(issued.Credential, overlap))
	})
	return issued, err
}

func (s *Service) changeKey(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64, f func(*work, sallyport.Credential) error) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	return s.change(ctx, a, func(w *work) error {
		c, err := w.key(ctx, tenant, id, KeysWrite)
		if err != nil {
			return err
		}
		if err := w.ceilingOver(ctx, c.Owner); err != nil {
			return err
		}
		if err := matches("API key", ifVersion, c.Version); err != nil {
			return err
		}
		if err := w.reaches(c); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangePrincipal, string(id))
		w.tx.Note(sallyport.ChangeCredential, string(id))
		return f(w, c)
	})
}

// RevokeKey ends an API key for good. It needs [KeysWrite].
func (s *Service) RevokeKey(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	return s.takeAway(ctx, a, func(w *work) error {
		c, err := w.key(ctx, tenant, id, KeysWrite)
		if err != nil {
			return err
		}
		if err := matches("API key", ifVersion, c.Version); err != nil {
			return err
		}
		return w.revoke(ctx, c, tenant, "key.revoke")
	})
}
