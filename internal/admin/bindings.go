package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A NewBinding is a role to be given to a subject.
type NewBinding struct {
	SubjectKind sallyport.SubjectKind
	Subject     string // id of a user, group or API key
	Role        sallyport.RoleID
	Realm       string    // empty: in every realm
	Condition   string    // CEL; empty: always
	Expires     time.Time // zero: never

	id          sallyport.BindingID // empty: a new one
	deactivated bool                // it gives nothing until it is activated
}

// A BindingChange changes what is not nil.
type BindingChange struct {
	Realm     *string
	Condition *string
	Expires   *time.Time
	State     *sallyport.State // Active or Deactivated
}

func bindingView(b sallyport.Binding, role sallyport.Role) map[string]any {
	view := map[string]any{
		"subject_kind": b.SubjectKind, "subject": b.Subject, "role": b.Role, "role_name": role.Name, "state": b.State,
	}
	if b.Realm != "" {
		view["realm"] = b.Realm
	}
	if b.Condition != "" {
		view["condition"] = b.Condition
	}
	if !b.Expires.IsZero() {
		view["expires"] = b.Expires
	}
	return view
}

func bindingThing(b sallyport.Binding, role sallyport.Role) thing {
	return thing{"binding", string(b.ID), role.Name}
}

// CreateBinding gives a role to a user, a group or an API key in a tenant, or in
// every tenant. It needs [BindingsWrite] there, and the actor must hold what he
// gives to the same extent.
func (s *Service) CreateBinding(ctx context.Context, a Actor, tenant sallyport.TenantID, in NewBinding) (binding sallyport.Binding, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Binding, error) { return w.createBinding(ctx, tenant, in) })
}

func (w *work) createBinding(ctx context.Context, tenant sallyport.TenantID, in NewBinding) (binding sallyport.Binding, err error) {
	if err := w.may(tenant, BindingsWrite); err != nil {
		return binding, err
	}
	if id, err := w.repeated(ctx); err != nil || id != "" {
		if err == nil {
			binding, err = w.tx.Binding(ctx, tenant, sallyport.BindingID(id))
		}
		return binding, err
	}
	if binding, err = w.newBinding(ctx, tenant, in); err != nil {
		return sallyport.Binding{}, err
	}
	return binding, w.remember(ctx, string(binding.ID))
}

// newBinding makes a binding and writes it down.
func (w *work) newBinding(ctx context.Context, tenant sallyport.TenantID, in NewBinding) (sallyport.Binding, error) {
	if err := w.checkSubject(ctx, tenant, in.SubjectKind, in.Subject); err != nil {
		return sallyport.Binding{}, err
	}
	binding, role, err := w.bind(ctx, tenant, in)
	if err != nil {
		return binding, err
	}
	return binding, w.write(ctx, tenant, "binding.create", bindingThing(binding, role), nil, bindingView(binding, role))
}

// bind makes a binding of a subject that is known to be fit for it.
func (w *work) bind(ctx context.Context, tenant sallyport.TenantID, in NewBinding) (b sallyport.Binding, role sallyport.Role, err error) {
	id, err := orNewID(string(in.id))
	if err != nil {
		return b, role, err
	}
	b = sallyport.Binding{
		ID: sallyport.BindingID(id), Tenant: tenant, SubjectKind: in.SubjectKind, Subject: in.Subject, Role: in.Role,
		Realm: in.Realm, Condition: in.Condition, Expires: in.Expires, State: sallyport.Active,
	}
	if in.deactivated {
		b.State = sallyport.Deactivated
	}
	if role, err = w.checkBinding(ctx, &b); err != nil {
		return b, role, err
	}
	// A plan has looked for twins among all bindings at once.
	if in.id == "" {
		if err := w.refuseTwin(ctx, &b); err != nil {
			return b, role, err
		}
	}
	if err := w.tx.InsertBinding(ctx, &b); err != nil {
		return b, role, err
	}
	return b, role, w.noteSubject(ctx, &b)
}

// checkBinding checks all of a binding but its subject, and that the actor may
// hand out so much. It returns the role.
func (w *work) checkBinding(ctx context.Context, b *sallyport.Binding) (role sallyport.Role, err error) {
	role, err = w.roleFor(ctx, b.Tenant, b.Role)
	if sallyport.KindOf(err) == sallyport.NotFound {
		return role, sallyport.ErrInvalid("role", "there is no such role in this tenant")
	}
	if err != nil {
		return role, err
	}
	if err := future("expires", b.Expires, w.now); err != nil {
		return role, err
	}
	if err := w.checkRealm(ctx, b); err != nil {
		return role, err
	}
	if err := w.c.Compiler.CheckCondition(b.Condition); err != nil {
		return role, err
	}
	to := policy.Extent{Tenant: b.Tenant, Realm: b.Realm, Condition: b.Condition, Expires: b.Expires}
	return role, w.ceiling(to, role.Permissions)
}

func (w *work) checkRealm(ctx context.Context, b *sallyport.Binding) (err error) {
	if b.Realm == "" {
		return nil
	}
	if b.Tenant == sallyport.EveryTenant { // the realm of that name in each tenant
		if b.Realm, err = realmName(b.Realm); err != nil {
			return sallyport.ErrInvalid("realm", "realm is not a name of a realm")
		}
		return nil
	}
	_, err = w.tx.Realm(ctx, b.Tenant, b.Realm)
	if sallyport.KindOf(err) == sallyport.NotFound {
		return sallyport.ErrInvalid("realm", "there is no such realm in this tenant; make it first")
	}
	return err
}

// checkSubject checks that a subject can be given something in a tenant.
func (w *work) checkSubject(ctx context.Context, tenant sallyport.TenantID, kind sallyport.SubjectKind, id string) error {
	switch kind {
	case sallyport.SubjectUser:
		return w.visibleUser(ctx, tenant, sallyport.PrincipalID(id))
	case sallyport.SubjectGroup:
		_, err := w.groupFor(ctx, tenant, sallyport.GroupID(id))
		if sallyport.KindOf(err) == sallyport.NotFound {
			return sallyport.ErrInvalid("subject", "there is no such group in this tenant")
		}
		return err
	case sallyport.SubjectKey:
		key, err := w.tx.Credential(ctx, tenant, sallyport.CredentialID(id))
		if sallyport.KindOf(err) == sallyport.NotFound || err == nil && (key.Kind != sallyport.APIKey || key.State == sallyport.Revoked) {
			return sallyport.ErrInvalid("subject", "there is no such API key in this tenant")
		}
		return err
	}
	return sallyport.ErrInvalid("subject_kind", `subject_kind is not known; write "user", "group" or "api_key"`)
}

// groupFor returns a group that can be bound in a tenant: its own or one of
// every tenant.
func (w *work) groupFor(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID) (sallyport.Group, error) {
	group, err := w.tx.Group(ctx, tenant, id)
	if sallyport.KindOf(err) == sallyport.NotFound && tenant != sallyport.EveryTenant {
		return w.tx.Group(ctx, sallyport.EveryTenant, id)
	}
	return group, err
}

// refuseTwin refuses a binding that is there already.
func (w *work) refuseTwin(ctx context.Context, b *sallyport.Binding) error {
	filter := store.BindingFilter{SubjectKind: b.SubjectKind, Subject: b.Subject, Role: b.Role}
	twins, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
		return w.tx.Bindings(ctx, b.Tenant, filter, p)
	})
	if err != nil {
		return err
	}
	for _, t := range twins {
		if t.Realm == b.Realm && t.Condition == b.Condition {
			return sallyport.ErrConflict("role", fmt.Sprintf("the subject has this role already, by the binding %s; change that", t.ID))
		}
	}
	return nil
}

// noteSubject notes whom a binding concerns.
func (w *work) noteSubject(ctx context.Context, b *sallyport.Binding) error {
	w.tx.Note(sallyport.ChangePrincipal, b.Subject)
	if b.SubjectKind != sallyport.SubjectGroup {
		return nil
	}
	group, err := w.groupFor(ctx, b.Tenant, sallyport.GroupID(b.Subject))
	if err != nil {
		return unlessNotFound(err)
	}
	members, err := w.tx.MemberIDs(ctx, group.Tenant, group.ID)
	for _, m := range members {
		w.tx.Note(sallyport.ChangePrincipal, string(m))
	}
	return err
}

// Binding returns a binding. It needs [BindingsRead].
func (s *Service) Binding(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.BindingID) (binding sallyport.Binding, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, BindingsRead); err != nil {
			return err
		}
		binding, err = w.tx.Binding(ctx, tenant, id)
		return err
	})
	return binding, err
}

// Bindings returns the bindings of a tenant, or of the whole installation when
// it is empty, oldest first. It needs [BindingsRead].
func (s *Service) Bindings(ctx context.Context, a Actor, tenant sallyport.TenantID, f store.BindingFilter, p Page) (list List[sallyport.Binding], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayList(tenant, BindingsRead); err != nil {
			return err
		}
		place := []string{"bindings", string(tenant), string(f.SubjectKind), f.Subject, string(f.Role), string(f.State)}
		list, err = pages(w, p, place, func(p store.Page) ([]sallyport.Binding, string, error) {
			if tenant == "" {
				return w.tx.EveryBinding(ctx, f, p)
			}
			return w.tx.Bindings(ctx, tenant, f, p)
		})
		return err
	})
	return list, err
}

// UpdateBinding changes how far a binding reaches. It needs [BindingsWrite], and
// unless the change only takes away, the actor must hold what it gives then.
func (s *Service) UpdateBinding(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.BindingID, ifVersion int64, ch BindingChange) (b sallyport.Binding, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Binding, error) { return w.updateBinding(ctx, tenant, id, ifVersion, ch) })
}

func (w *work) updateBinding(ctx context.Context, tenant sallyport.TenantID, id sallyport.BindingID, ifVersion int64, ch BindingChange) (b sallyport.Binding, err error) {
	err = w.changeBinding(ctx, tenant, id, ifVersion, func(there sallyport.Binding, role sallyport.Role) error {
		b = there
		if ch.Realm != nil {
			b.Realm = *ch.Realm
		}
		if ch.Condition != nil {
			b.Condition = *ch.Condition
		}
		if ch.Expires != nil {
			b.Expires = *ch.Expires
		}
		if ch.State != nil {
			b.State = *ch.State
		}
		if !slices.Contains([]sallyport.State{sallyport.Active, sallyport.Deactivated}, b.State) {
			return sallyport.ErrInvalid("state", `state is not known; write "active" or "deactivated"`)
		}
		if !takesAway(there, b) {
			if _, err := w.checkBinding(ctx, &b); err != nil {
				return err
			}
		}
		if err := w.guarded(ctx, func() error { return w.tx.UpdateBinding(ctx, &b, ifVersion) }); err != nil {
			return err
		}
		return w.write(ctx, tenant, "binding.update", bindingThing(b, role), bindingView(there, role), bindingView(b, role))
	})
	return b, err
}

// takesAway reports whether the only change is that a binding is deactivated.
func takesAway(there, b sallyport.Binding) bool {
	return b.State == sallyport.Deactivated && there.Realm == b.Realm && there.Condition == b.Condition && there.Expires.Equal(b.Expires)
}

// DeleteBinding takes a role away. It needs [BindingsWrite].
func (s *Service) DeleteBinding(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.BindingID, ifVersion int64) error {
	return s.takeAway(ctx, a, func(w *work) error { return w.deleteBinding(ctx, tenant, id, ifVersion) })
}

func (w *work) deleteBinding(ctx context.Context, tenant sallyport.TenantID, id sallyport.BindingID, ifVersion int64) error {
	return w.changeBinding(ctx, tenant, id, ifVersion, func(b sallyport.Binding, role sallyport.Role) error {
		if err := w.guarded(ctx, func() error { return w.tx.DeleteBinding(ctx, tenant, id, ifVersion) }); err != nil {
			return err
		}
		return w.write(ctx, tenant, "binding.delete", bindingThing(b, role), bindingView(b, role), nil)
	})
}

func (w *work) changeBinding(ctx context.Context, tenant sallyport.TenantID, id sallyport.BindingID, ifVersion int64,
	f func(sallyport.Binding, sallyport.Role) error,
) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	if err := w.may(tenant, BindingsWrite); err != nil {
		return err
	}
	b, err := w.tx.Binding(ctx, tenant, id)
	if err != nil {
		return err
	}
	role, err := w.roleFor(ctx, tenant, b.Role)
	if err != nil {
		return err
	}
	if err := errors.Join(matches("binding", ifVersion, b.Version), w.noteSubject(ctx, &b)); err != nil {
		return err
	}
	return f(b, role)
}
