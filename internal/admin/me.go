package admin

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// UpdateMe changes the name and e-mail address of the actor.
func (s *Service) UpdateMe(ctx context.Context, a Actor, ifVersion int64, ch UserChange) (user sallyport.User, err error) {
	if err := versioned(ifVersion); err != nil {
		return user, err
	}
	if ch.Login != nil {
		return user, sallyport.ErrInvalid("login", "login cannot be changed by its bearer; ask an administrator")
	}
	err = s.change(ctx, a, func(w *work) (err error) {
		if err := w.itself(); err != nil {
			return err
		}
		if user, err = w.tx.UserByID(ctx, w.actor.Principal.ID); err != nil {
			return err
		}
		before := userView(user)
		if ch.Name != nil {
			user.Name = *ch.Name
		}
		if ch.Email != nil {
			user.Email = *ch.Email
		}
		if err := checkUser(&user); err != nil {
			return err
		}
		if err := w.tx.UpdateUser(ctx, &user, ifVersion); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangePrincipal, string(user.ID))
		return w.write(ctx, user.Tenant, "user.update", userThing(user), before, userView(user))
	})
	return user, err
}

// A Self is what an actor may know about himself.
type Self struct {
	Principal  sallyport.Principal
	User       *sallyport.User       // nil: not a user
	Key        *sallyport.Credential // nil: not an API key
	Tenants    []sallyport.TenantID  // that he is a member of by name, sorted
	AnyTenant  bool                  // he is a member of every tenant
	Groups     []sallyport.Group
	MustChange bool // his password was set by somebody else

	// Manages lists the permissions of the management API that he holds in some
	// tenant, in some realm or under some condition, as far as his credential
	// reaches; sorted.
	Manages []sallyport.Permission
}

// Me returns what the actor may know about himself.
func (s *Service) Me(ctx context.Context, a Actor) (me Self, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if w.principal == nil {
			return w.itself()
		}
		me = Self{Principal: w.actor.Principal, AnyTenant: w.principal.AnyTenant(w.now) && len(w.tenants) == 0}
		me.Tenants = slices.DeleteFunc(w.principal.Tenants(w.now), func(t sallyport.TenantID) bool { return !w.sees(t) })
		me.Manages = w.manages()
		if w.actor.Principal.Kind == sallyport.PrincipalAPIKey {
			key, err := w.tx.CredentialByID(ctx, sallyport.CredentialID(w.actor.Principal.ID))
			me.Key = &key
			return err
		}
		user, err := w.tx.UserByID(ctx, w.actor.Principal.ID)
		if err != nil {
			return err
		}
		me.User = &user
		if me.Groups, err = w.tx.GroupsOf(ctx, user.ID); err != nil {
			return err
		}
		p, err := w.tx.PasswordOf(ctx, user.ID)
		me.MustChange = p.MustChange && user.Kind != sallyport.Service
		return unlessNotFound(err)
	})
	return me, err
}

// Permissions returns what the actor may have a right to in a tenant, in some
// realm or under some condition, as far as his credential reaches; sorted.
func (s *Service) Permissions(ctx context.Context, a Actor, tenant sallyport.TenantID) (list []sallyport.Permission, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if w.principal == nil || !w.sees(tenant) {
			return sallyport.ErrNotFound("there is no such tenant, or you have no rights in it")
		}
		list = w.withinLimits(w.snapshot.Permissions(w.principal, tenant, w.now))
		return nil
	})
	return list, err
}

// withinLimits leaves of some permissions those that the actor's credential
// reaches.
func (w *work) withinLimits(list []sallyport.Permission) []sallyport.Permission {
	return slices.DeleteFunc(list, func(p sallyport.Permission) bool {
		number, known := w.snapshot.Permission(p)
		return slices.ContainsFunc(w.limits, func(l *policy.Limit) bool { return !known || !l.Set.Has(number) })
	})
}

// manages lists the permissions of the management API that the actor holds
// somewhere.
func (w *work) manages() []sallyport.Permission {
	list := slices.DeleteFunc(w.snapshot.Anywhere(w.principal, w.now), func(p sallyport.Permission) bool { return p.API() != ManagementAPI })
	return w.withinLimits(list)
}

// MyTenants returns the active tenants that the actor is a member of, as far as
// his credential reaches, by name; at most as many as asked for. Unlike
// [Service.Tenants] it needs no permission and leaves out what is out of use.
func (s *Service) MyTenants(ctx context.Context, a Actor, most int) (list []sallyport.Tenant, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if w.principal == nil {
			return w.itself()
		}
		all, err := w.myTenants(ctx, most)
		list = all[:min(len(all), most)]
		return err
	})
	return list, err
}

// A HeldRole is a role that somebody holds in a tenant.
type HeldRole struct {
	Tenant  sallyport.Tenant
	Role    sallyport.Role
	Realm   string    // empty: in every realm
	Expires time.Time // zero: never
}

// MyRoles returns the roles that the actor holds in active tenants, tenant by
// tenant, as far as his credential reaches: his own and those of his groups. A
// role that he holds in every tenant is there for each. There are at most as many
// as asked for.
func (s *Service) MyRoles(ctx context.Context, a Actor, most int) (held []HeldRole, err error) {
	err = s.look(ctx, a, func(w *work) error {
		held = nil
		if w.principal == nil {
			return w.itself()
		}
		tenants, err := w.myTenants(ctx, most)
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			for _, b := range w.principal.Bindings {
				live := b.State == sallyport.Active && (b.Expires.IsZero() || b.Expires.After(w.now))
				if !live || b.Tenant != tenant.ID && b.Tenant != sallyport.EveryTenant {
					continue
				}
				role, err := w.roleFor(ctx, b.Tenant, b.Role)
				if err != nil {
					return err
				}
				if held = append(held, HeldRole{tenant, role, b.Realm, b.Expires}); len(held) == most {
					return nil
				}
			}
		}
		return nil
	})
	return held, err
}

// myTenants returns the active tenants that the actor is a member of and sees, by
// name. Of who is a member of every tenant it returns at most so many.
func (w *work) myTenants(ctx context.Context, most int) ([]sallyport.Tenant, error) {
	return w.tenantsOf(ctx, w.principal, w.sees, most)
}
