package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A CredentialView is a token or an API key as somebody sees it, with what he may
// try to do with it. That he may try does not say that it will be let.
type CredentialView struct {
	Credential sallyport.Credential
	Owner      sallyport.Principal // whom it acts as; only the id, if he is gone
	Secrets    []SecretInfo        // the newest first
	Own        bool                // it is the actor's
	Change     bool                // by [Service.UpdateToken], [Service.RenewToken], [Service.EndTokenOverlap]
	Revoke     bool                // by [Service.RevokeToken], [Service.BrownOutToken]
	Explain    bool                // by [Service.Reach], and its requests by [Service.Decisions]
}

// ViewCredential returns a token or an API key with all that there is to know of
// it. It needs what [Service.Token] and [Service.Key] need.
func (s *Service) ViewCredential(ctx context.Context, a Actor, id sallyport.CredentialID) (view CredentialView, err error) {
	err = s.look(ctx, a, func(w *work) error {
		c, home, err := w.readable(ctx, id)
		if err != nil {
			return err
		}
		view = CredentialView{Credential: c, Owner: sallyport.Principal{ID: c.Owner}, Own: w.actor.is(c.Owner)}
		record, err := w.record(ctx, c.Owner)
		switch {
		case err == nil:
			view.Owner = record.Principal
		case sallyport.KindOf(err) != sallyport.Refused: // he is gone
			return err
		}
		write, revoke := TokensWrite, TokensRevoke
		if c.Kind == sallyport.APIKey {
			write, revoke = KeysWrite, KeysWrite
		}
		alive := c.State != sallyport.Revoked
		view.Change = alive && (view.Own || c.Kind != sallyport.PersonalToken && w.could(home, write))
		view.Revoke = alive && (view.Own || w.could(home, revoke))
		view.Explain = view.Own || w.could(home, DecisionsExplain)
		view.Secrets, err = w.secretsOf(ctx, c)
		return err
	})
	return view, err
}

// could reports whether the actor may hold a permission in a tenant. Unlike may it
// does not count as a use of it.
func (w *work) could(tenant sallyport.TenantID, permission sallyport.Permission) bool {
	if w.principal == nil {
		return true
	}
	return w.sees(tenant) && slices.Contains(w.withinLimits(w.snapshot.Permissions(w.principal, tenant, w.now)), permission)
}

// readable returns a token or an API key that the actor may look at, and the
// tenant in which it is administered.
func (w *work) readable(ctx context.Context, id sallyport.CredentialID) (c sallyport.Credential, home sallyport.TenantID, err error) {
	c, err = w.tx.CredentialByID(ctx, id)
	if err != nil || c.Kind != sallyport.APIKey {
		return w.token(ctx, id, TokensRead)
	}
	err = w.itselfOr(c.Owner, c.Tenant, KeysRead)
	if sallyport.KindOf(err) == sallyport.NotFound {
		err = sallyport.ErrNotFound("no such API key")
	}
	if err != nil {
		return sallyport.Credential{}, "", err
	}
	return c, c.Tenant, nil
}

// A Usage is what a token or an API key was used for.
type Usage struct {
	Since       time.Time           // the beginning of the first day
	Days        []store.UseDay      // those on which it was used, the oldest first
	Permissions []api.PermissionUse // what was used, the most often first
}

// Usage returns what a token or an API key was used for, as far back as the window
// says; 30 days when it is 0. It needs what [Service.ViewCredential] needs.
func (s *Service) Usage(ctx context.Context, a Actor, id sallyport.CredentialID, window time.Duration) (u Usage, err error) {
	switch {
	case window == 0:
		window = defaultWindow
	case window < 0 || window > keepUses:
		return u, sallyport.ErrInvalid("since", "since is out of bounds; from 1h to "+keepUses.String()+", for which uses are kept")
	}
	if err := s.settle(ctx, Page{}); err != nil {
		return u, err
	}
	err = s.look(ctx, a, func(w *work) error {
		c, _, err := w.readable(ctx, id)
		if err != nil {
			return err
		}
		since := store.DayOf(w.now.Add(-window))
		u = Usage{Since: store.DayStart(since)}
		if u.Days, err = w.tx.UseDays(ctx, c.Owner, c.ID, since); err != nil {
			return err
		}
		all, err := all(func(p store.Page) ([]store.UseSum, string, error) { return w.tx.UsesOf(ctx, c.Owner, since, p) })
		if err != nil {
			return err
		}
		of := slices.DeleteFunc(all, func(x store.UseSum) bool { return x.Credential != c.ID })
		u.Permissions = usesOnWire(of, func(sallyport.TenantID) bool { return true })
		return nil
	})
	return u, err
}

// A Reach is how far a token or an API key reaches.
type Reach struct {
	Tenants []sallyport.Tenant     // in which it can act and that the actor may ask about, by name
	Tenant  sallyport.TenantID     // that Held is about
	Held    []sallyport.Permission // that its owner has there, in some realm or under some condition, sorted
	Could   []sallyport.Permission // that it could use in some tenant, within its scopes, sorted
}

// maxReach is how many tenants a [Reach] lists.
const maxReach = 200

// Reach returns what a token or an API key may be used for in a tenant; an empty
// one is where it acts by itself. About one's own everybody may ask. About those
// of others it needs, besides what [Service.ViewCredential] needs,
// [DecisionsExplain] where the owner is at home and in the tenant.
func (s *Service) Reach(ctx context.Context, a Actor, id sallyport.CredentialID, tenant sallyport.TenantID) (reach Reach, err error) {
	err = s.look(ctx, a, func(w *work) error {
		c, _, err := w.readable(ctx, id)
		if err != nil {
			return err
		}
		own := w.actor.is(c.Owner)
		if own {
			err = w.history()
		} else {
			err = w.mayExplain(ctx, c.Owner, tenant)
		}
		if err != nil {
			return err
		}
		record, err := w.record(ctx, c.Owner)
		if err != nil {
			return err
		}
		p, _ := w.c.Compiler.Principal(*record) // damaged bindings give nothing
		only := c.Tenant
		if only == sallyport.EveryTenant {
			only = ""
		}
		asks := func(t sallyport.TenantID) bool {
			return (only == "" || t == only) && (own && w.sees(t) || !own && w.could(t, DecisionsExplain))
		}
		if reach.Tenants, err = w.tenantsOf(ctx, p, asks, maxReach); err != nil {
			return err
		}
		reach.Tenant = reach.choose(tenant, only, record.Principal.Home)
		if reach.Tenant != "" {
			if !asks(reach.Tenant) {
				return sallyport.ErrNotFound("there is no such tenant, or the token does not act in it")
			}
			reach.Held = w.snapshot.Permissions(p, reach.Tenant, w.now)
		}
		reach.Could = w.couldUse(p, &c, only)
		return nil
	})
	return reach, err
}

// choose returns the tenant to look at: the one that was asked for, the only one,
// that of the owner, or any.
func (r *Reach) choose(asked, only, home sallyport.TenantID) sallyport.TenantID {
	for _, t := range []sallyport.TenantID{asked, only} {
		if t != "" {
			return t
		}
	}
	if len(r.Tenants) == 0 {
		return ""
	}
	if slices.ContainsFunc(r.Tenants, func(t sallyport.Tenant) bool { return t.ID == home }) {
		return home
	}
	return r.Tenants[0].ID
}

// couldUse returns the permissions that a credential could use somewhere.
func (w *work) couldUse(p *policy.Principal, c *sallyport.Credential, only sallyport.TenantID) []sallyport.Permission {
	held := w.snapshot.Anywhere(p, w.now)
	if only != "" {
		held = w.snapshot.Permissions(p, only, w.now)
	}
	if c.Scopes == nil {
		return held
	}
	limit := w.snapshot.Limit(c.Scopes)
	return slices.DeleteFunc(held, func(permission sallyport.Permission) bool {
		number, known := w.snapshot.Permission(permission)
		return !known || limit == nil || !limit.Set.Has(number)
	})
}

// tenantsOf returns the active tenants that a principal is a member of and that
// are to be seen, by name. Of who is a member of every tenant it returns at most
// so many.
func (w *work) tenantsOf(ctx context.Context, p *policy.Principal, seen func(sallyport.TenantID) bool, most int) (list []sallyport.Tenant, err error) {
	if p.AnyTenant(w.now) {
		list, _, err = w.tx.Tenants(ctx, store.TenantFilter{State: sallyport.Active}, store.Page{Limit: most})
		return slices.DeleteFunc(list, func(t sallyport.Tenant) bool { return !seen(t.ID) }), err
	}
	for _, id := range p.Tenants(w.now) {
		if !seen(id) {
			continue
		}
		t, err := w.tx.Tenant(ctx, id)
		if err != nil {
			return nil, err
		}
		if t.State == sallyport.Active {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b sallyport.Tenant) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
