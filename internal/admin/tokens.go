package admin

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// A NewToken is a personal or application token to be made.
type NewToken struct {
	Name     string
	Scopes   []string           // nil: not limited
	Tenant   sallyport.TenantID // the one tenant it acts in; empty: wherever its owner may
	Networks []netip.Prefix     // where it may be used from; empty: anywhere
	Expires  time.Time          // zero: as the tenant's policy says
	Shape    Shape
}

// A TokenChange changes what is not nil.
type TokenChange struct {
	Name     *string
	Scopes   *[]string // pointer to nil: not limited any more
	Networks *[]netip.Prefix
	Expires  *time.Time // pointer to zero: as the tenant's policy says
}

// A TokenFilter chooses among tokens; what is empty does not matter.
type TokenFilter struct {
	Owner sallyport.PrincipalID
	State sallyport.State
}

func credentialView(c sallyport.Credential) map[string]any {
	view := map[string]any{"name": c.Name, "kind": c.Kind, "owner": c.Owner, "state": c.State, "hint": c.Hint}
	if c.Tenant != sallyport.EveryTenant {
		view["tenant"] = c.Tenant
	}
	if c.Scopes != nil {
		view["scopes"] = c.Scopes
	}
	if len(c.Networks) > 0 {
		view["networks"] = c.Networks
	}
	if !c.Expires.IsZero() {
		view["expires"] = c.Expires
	}
	return view
}

func credentialThing(c sallyport.Credential) thing {
	return thing{string(c.Kind), string(c.ID), c.Name}
}

// isToken reports whether a credential is one of those that this file is about.
func isToken(c sallyport.Credential) bool {
	return c.Kind == sallyport.PersonalToken || c.Kind == sallyport.ApplicationToken
}

// CreateToken makes a token for the actor himself: a personal one, or for a
// service account an application token. It may what he may, at every use, as far
// as its scopes reach. Everybody may do this.
func (s *Service) CreateToken(ctx context.Context, a Actor, in NewToken) (Issued, error) {
	return s.createToken(ctx, a, in, func(w *work) (sallyport.User, error) {
		if err := w.itself(); err != nil {
			return sallyport.User{}, err
		}
		user, err := w.tx.UserByID(ctx, w.actor.Principal.ID)
		if sallyport.KindOf(err) == sallyport.NotFound {
			err = sallyport.ErrConflict("", "an API key has no tokens; make another key")
		}
		return user, err
	})
}

// CreateApplicationToken makes a token for a service account of the tenant. It
// needs [TokensWrite], and that the account is not stronger than the actor.
func (s *Service) CreateApplicationToken(ctx context.Context, a Actor, tenant sallyport.TenantID, owner sallyport.PrincipalID, in NewToken) (Issued, error) {
	return s.createToken(ctx, a, in, func(w *work) (sallyport.User, error) {
		if err := w.may(tenant, TokensWrite); err != nil {
			return sallyport.User{}, err
		}
		user, err := w.tx.User(ctx, tenant, owner)
		switch {
		case err != nil:
			return user, err
		case user.Kind != sallyport.Service:
			return user, sallyport.ErrInvalid("owner", "application tokens are for service accounts; a person makes personal tokens himself")
		case user.State != sallyport.Active:
			return user, sallyport.ErrConflict("owner", "the service account is not active; activate it first")
		}
		return user, w.ceilingOver(ctx, owner)
	})
}

func (s *Service) createToken(ctx context.Context, a Actor, in NewToken, ownerOf func(*work) (sallyport.User, error)) (issued Issued, err error) {
	err = s.change(ctx, a, func(w *work) error {
		owner, err := ownerOf(w)
		if err != nil {
			return err
		}
		if issued, err = w.repeatedIssue(ctx); err != nil || issued.Replayed {
			return err
		}
		kind := sallyport.PersonalToken
		if owner.Kind == sallyport.Service {
			kind = sallyport.ApplicationToken
		}
		c := sallyport.Credential{
			Tenant: in.Tenant, Kind: kind, Owner: owner.ID, Name: in.Name,
			Scopes: slices.Clone(in.Scopes), Networks: in.Networks, Expires: in.Expires,
		}
		if err := w.checkToken(ctx, &c, owner.Tenant); err != nil {
			return err
		}
		issued, err = w.issue(ctx, c, in.Shape)
		if err != nil {
			return err
		}
		return w.write(ctx, owner.Tenant, "token.create", credentialThing(issued.Credential), nil, credentialView(issued.Credential))
	})
	return issued, err
}

// repeatedIssue is repeated for what has a secret.
func (w *work) repeatedIssue(ctx context.Context) (Issued, error) {
	id, err := w.repeated(ctx)
	if err != nil || id == "" {
		return Issued{}, err
	}
	c, err := w.tx.CredentialByID(ctx, sallyport.CredentialID(id))
	return Issued{Credential: c, Replayed: true}, err
}

// checkToken checks a token before it is written, and that the actor's own
// credential reaches as far. home is where its owner is administered.
func (w *work) checkToken(ctx context.Context, c *sallyport.Credential, home sallyport.TenantID) error {
	if c.Tenant == "" {
		c.Tenant = sallyport.EveryTenant
	}
	policyOf := home
	if c.Tenant != sallyport.EveryTenant {
		policyOf = c.Tenant
		if err := w.memberOf(ctx, c.Owner, c.Tenant); err != nil {
			return err
		}
	}
	if err := w.checkLimits(c); err != nil {
		return err
	}
	if err := w.lifetime(ctx, c, policyOf); err != nil {
		return err
	}
	return w.inBounds(*c)
}

// memberOf checks that a token's owner has something to do in its tenant.
func (w *work) memberOf(ctx context.Context, owner sallyport.PrincipalID, tenant sallyport.TenantID) error {
	record, err := w.record(ctx, owner)
	if err != nil {
		return err
	}
	p, _ := w.c.Compiler.Principal(*record) // damaged bindings give nothing
	if tenant := w.snapshot.Tenant(tenant); tenant.Active() && p.Member(tenant.ID, w.now) {
		return nil
	}
	return sallyport.ErrInvalid("tenant", "there is no such tenant, or the owner of the token has no rights in it")
}

// checkLimits checks what all credentials have that people make.
func (w *work) checkLimits(c *sallyport.Credential) (err error) {
	if c.Name, err = name(c.Name); err != nil {
		return err
	}
	if err := w.checkScopes(c.Scopes); err != nil {
		return err
	}
	slices.Sort(c.Scopes)
	if c.Networks, err = networks(c.Networks); err != nil {
		return err
	}
	return w.within(c.Scopes, c.Tenant)
}

// issue writes a credential with a new secret.
func (w *work) issue(ctx context.Context, c sallyport.Credential, shape Shape) (Issued, error) {
	if c.ID == "" {
		id, err := newID()
		if err != nil {
			return Issued{}, err
		}
		c.ID = sallyport.CredentialID(id)
	}
	secret, record, err := w.mint(c.Kind, shape)
	if err != nil {
		return Issued{}, err
	}
	return w.keep(ctx, c, secret, record)
}

// keep writes a credential with a secret. secret is what the caller is shown.
func (w *work) keep(ctx context.Context, c sallyport.Credential, secret sallyport.Secret, record *sallyport.CredentialSecret) (Issued, error) {
	c.State, c.Creator, c.Hint = sallyport.Active, w.actor.Principal.ID, record.Hint
	if err := w.tx.InsertCredential(ctx, &c, record); err != nil {
		return Issued{}, err
	}
	w.tx.Note(sallyport.ChangeCredential, string(c.ID))
	return Issued{Credential: c, Secret: secret}, w.remember(ctx, string(c.ID))
}

// Tokens returns tokens, oldest first. With the actor as owner it needs nothing
// and the tenant is not looked at. Those of another user who is administered in
// the tenant, or without an owner those that are limited to the tenant, need
// [TokensRead] there.
func (s *Service) Tokens(ctx context.Context, a Actor, tenant sallyport.TenantID, f TokenFilter, p Page) (list List[sallyport.Credential], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.itselfOr(f.Owner, tenant, TokensRead); err != nil {
			return err
		}
		if f.Owner != "" && !w.actor.is(f.Owner) {
			if _, err := w.tx.User(ctx, tenant, f.Owner); err != nil {
				return err
			}
		}
		part := func(kind sallyport.CredentialKind) fetch[sallyport.Credential] {
			filter := store.CredentialFilter{Kind: kind, State: f.State}
			return func(p store.Page) ([]sallyport.Credential, string, error) {
				if f.Owner != "" {
					return w.tx.CredentialsOf(ctx, f.Owner, filter, p)
				}
				return w.tx.Credentials(ctx, tenant, filter, p)
			}
		}
		place := []string{"tokens", string(tenant), string(f.Owner), string(f.State)}
		list, err = pages(w, p, place, part(sallyport.PersonalToken), part(sallyport.ApplicationToken))
		return err
	})
	return list, err
}

// Token returns a token. One of another user needs [TokensRead] where he is
// administered.
func (s *Service) Token(ctx context.Context, a Actor, id sallyport.CredentialID) (c sallyport.Credential, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		c, _, err = w.token(ctx, id, TokensRead)
		return err
	})
	return c, err
}

// TokenSecrets returns what may be known of the secrets of a token, newest
// first: during an overlap there are two, and this tells which one is still in
// use. It needs what [Service.Token] needs.
func (s *Service) TokenSecrets(ctx context.Context, a Actor, id sallyport.CredentialID) (list []SecretInfo, err error) {
	err = s.look(ctx, a, func(w *work) error {
		c, _, err := w.token(ctx, id, TokensRead)
		if err != nil {
			return err
		}
		list, err = w.secretsOf(ctx, c)
		return err
	})
	return list, err
}

func (w *work) secretsOf(ctx context.Context, c sallyport.Credential) (list []SecretInfo, err error) {
	secrets, err := w.tx.CredentialSecrets(ctx, c.Tenant, c.ID)
	for _, s := range secrets {
		list = append(list, SecretInfo{Hint: s.Hint, Expires: s.Expires, Uses: s.Uses, LastUsed: s.LastUsed, LastAddr: s.LastAddr, LastVia: s.LastVia, Created: s.Created})
	}
	return list, err
}

// token returns a token that is the actor's own, or of somebody in a tenant in
// which he holds the permission, and that tenant.
func (w *work) token(ctx context.Context, id sallyport.CredentialID, permission sallyport.Permission) (c sallyport.Credential, home sallyport.TenantID, err error) {
	none := sallyport.ErrNotFound("no such token")
	c, err = w.tx.CredentialByID(ctx, id)
	if err != nil {
		if sallyport.KindOf(err) == sallyport.NotFound {
			err = none
		}
		return c, "", err
	}
	if !isToken(c) {
		return sallyport.Credential{}, "", none
	}
	if home, err = w.homeOf(ctx, c); err != nil {
		return c, home, err
	}
	err = w.itselfOr(c.Owner, home, permission)
	if sallyport.KindOf(err) == sallyport.NotFound {
		err = none
	}
	if err != nil {
		return sallyport.Credential{}, home, err
	}
	return c, home, nil
}

// homeOf returns the tenant in which the owner of a credential is administered.
func (w *work) homeOf(ctx context.Context, c sallyport.Credential) (sallyport.TenantID, error) {
	owner, err := w.tx.UserByID(ctx, c.Owner)
	if sallyport.KindOf(err) == sallyport.NotFound {
		return c.Tenant, nil // an API key, or the owner was deleted
	}
	return owner.Tenant, err
}
