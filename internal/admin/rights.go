package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// may checks that the actor holds a permission in a tenant; of a tenant that he
// is no member of he is told that there is none.
func (w *work) may(tenant sallyport.TenantID, permission sallyport.Permission) error {
	if tenant == "" {
		return sallyport.ErrInvalid("tenant", "say which tenant")
	}
	if w.principal == nil {
		return nil
	}
	if !w.sees(tenant) {
		return sallyport.ErrNotFound("there is no such tenant, or you have no rights in it")
	}
	return w.holds(tenant, permission)
}

// holds is may for a tenant that the actor sees.
func (w *work) holds(tenant sallyport.TenantID, permission sallyport.Permission) error {
	if w.principal == nil {
		return nil
	}
	if tenant == sallyport.EveryTenant && len(w.tenants) > 0 {
		return missing(sallyport.TenantForbidden, permission)
	}
	facts := sallyport.Circumstances{Time: w.now, Client: w.actor.client(), Tenant: tenant}
	reason, binding := w.snapshot.Ask(w.principal, nil, permission, facts)
	if reason != "" {
		return missing(reason, permission)
	}
	for _, limit := range w.limits {
		if reason, _ := w.snapshot.Ask(w.principal, limit, permission, facts); reason != "" {
			return missing(reason, permission)
		}
	}
	w.used(tenant, binding, permission)
	return nil
}

// used counts that the actor needed permissions. Whether one was only looked for
// and he would have got on without it is not known here: what was needed in
// doubt is not what advice should take away.
func (w *work) used(tenant sallyport.TenantID, binding sallyport.BindingID, permissions ...sallyport.Permission) {
	if w.c.Used == nil || w.principal == nil || len(permissions) == 0 {
		return
	}
	w.c.Used(policy.Use{
		Principal: w.actor.Principal.ID, CredentialKind: w.actor.CredentialKind, Credential: w.actor.Credential,
		Binding: binding, Tenant: tenant, Permissions: permissions,
	})
}

// sees reports whether the actor may know that there is a tenant.
func (w *work) sees(tenant sallyport.TenantID) bool {
	if w.principal == nil || tenant == sallyport.EveryTenant {
		return true
	}
	for _, only := range w.tenants {
		if tenant != only {
			return false
		}
	}
	return w.principal.Member(tenant, w.now)
}

// itself checks that the actor may deal with what is his own.
func (w *work) itself() error {
	if w.principal == nil {
		return sallyport.ErrInvalid("principal", "the installation has nothing of its own; name a user")
	}
	for _, limit := range w.limits {
		own := slices.ContainsFunc(limit.Scopes, func(s string) bool {
			return s == string(ManagementAPI) || s == ScopeSelf || s == ScopeWrite
		})
		if !own {
			return &sallyport.Error{
				Kind: sallyport.Refused, Reason: sallyport.ScopeInsufficient,
				Message: "the token's scopes do not reach this far; it needs " + ScopeSelf,
			}
		}
	}
	return nil
}

// itselfOr checks that the thing is the actor's own, or else that he holds a
// permission in the tenant.
func (w *work) itselfOr(owner sallyport.PrincipalID, tenant sallyport.TenantID, permission sallyport.Permission) error {
	if w.actor.is(owner) {
		return w.itself()
	}
	return w.may(tenant, permission)
}

// ceiling checks that the actor holds himself what he hands out.
func (w *work) ceiling(to policy.Extent, permissions []sallyport.Permission) error {
	if w.principal == nil || len(permissions) == 0 {
		return nil
	}
	if len(w.tenants) > 0 && slices.ContainsFunc(w.tenants, func(t sallyport.TenantID) bool { return t != to.Tenant }) {
		return beyond(permissions)
	}
	limits := w.limits
	if len(limits) == 0 {
		limits = []*policy.Limit{nil}
	}
	for _, limit := range limits {
		// Who holds everything may also hand out what is damaged.
		if len(w.snapshot.Beyond(w.principal, limit, to, []sallyport.Permission{Everything}, w.now)) == 0 {
			continue
		}
		if list := w.snapshot.Beyond(w.principal, limit, to, permissions, w.now); len(list) > 0 {
			return beyond(list)
		}
	}
	w.used(to.Tenant, "", permissions...) // to hand out is to need
	return nil
}

// ceilingOf checks that the actor holds himself all that some bindings give:
// what he would get at by acting as their subject.
func (w *work) ceilingOf(ctx context.Context, bindings []sallyport.Binding) error {
	if w.principal == nil {
		return nil
	}
	for _, b := range bindings {
		if !b.Expires.IsZero() && !b.Expires.After(w.now) {
			continue
		}
		role, err := w.roleFor(ctx, b.Tenant, b.Role)
		if err != nil {
			return err
		}
		to := policy.Extent{Tenant: b.Tenant, Realm: b.Realm, Condition: b.Condition, Expires: b.Expires}
		if err := w.ceiling(to, role.Permissions); err != nil {
			return err
		}
	}
	return nil
}

// ceilingOver checks that a principal is not stronger than the actor, before the
// actor gets into a position to act as him. A deactivated binding counts: it can
// be made active again.
func (w *work) ceilingOver(ctx context.Context, id sallyport.PrincipalID) error {
	if w.principal == nil || w.actor.is(id) {
		return nil
	}
	bindings, _, err := w.tx.BindingsOfPrincipal(ctx, id)
	if err != nil {
		return err
	}
	return w.ceilingOf(ctx, bindings)
}

func refused(reason sallyport.Reason) error {
	return &sallyport.Error{Kind: sallyport.Refused, Reason: reason, Message: reason.Info().Public}
}

func missing(reason sallyport.Reason, permission sallyport.Permission) error {
	return &sallyport.Error{
		Kind: sallyport.Refused, Reason: reason, Missing: []sallyport.Permission{permission},
		Message: fmt.Sprintf("this needs the permission %s. %s", permission, reason.Info().Public),
	}
}

func beyond(list []sallyport.Permission) error {
	var names []string
	for i, p := range list {
		if i == 5 {
			names = append(names, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		names = append(names, string(p))
	}
	return &sallyport.Error{
		Kind: sallyport.Refused, Reason: sallyport.PrivilegeCeiling, Missing: list,
		Message: "you cannot hand out what you do not hold yourself: " + strings.Join(names, ", "),
	}
}
