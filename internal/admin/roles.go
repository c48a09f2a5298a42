package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

const maxPermissions = 2000

// A NewRole is a role to be made. Its permissions may be wildcards: "api/*" for
// all of an API, "*" for everything.
type NewRole struct {
	Name        string
	Title       string
	Permissions []sallyport.Permission
}

// A RoleChange changes what is not nil.
type RoleChange struct {
	Name        *string
	Title       *string
	Permissions *[]sallyport.Permission
}

func roleView(r sallyport.Role) any {
	return map[string]any{"name": r.Name, "title": r.Title, "permissions": r.Permissions}
}

func roleThing(r sallyport.Role) thing { return thing{"role", string(r.ID), r.Name} }

// CreateRole makes a role of permissions that the actor holds himself. It needs
// [RolesWrite]; for a role of [sallyport.EveryTenant] there.
func (s *Service) CreateRole(ctx context.Context, a Actor, tenant sallyport.TenantID, in NewRole) (role sallyport.Role, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Role, error) { return w.createRole(ctx, tenant, "", in) })
}

// createRole makes a role of this id, or of a new one.
func (w *work) createRole(ctx context.Context, tenant sallyport.TenantID, id string, in NewRole) (role sallyport.Role, err error) {
	if err := w.may(tenant, RolesWrite); err != nil {
		return role, err
	}
	if id, err := w.repeated(ctx); err != nil || id != "" {
		if err == nil {
			role, err = w.tx.Role(ctx, tenant, sallyport.RoleID(id))
		}
		return role, err
	}
	if id, err = orNewID(id); err != nil {
		return role, err
	}
	role = sallyport.Role{ID: sallyport.RoleID(id), Tenant: tenant, Name: in.Name, Title: in.Title, Permissions: slices.Clone(in.Permissions)}
	if err := w.checkRole(ctx, &role, nil); err != nil {
		return role, err
	}
	if err := w.tx.InsertRole(ctx, &role); err != nil {
		return role, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.RolePart(tenant, role.ID))
	if err := w.remember(ctx, id); err != nil {
		return role, err
	}
	return role, w.write(ctx, tenant, "role.create", roleThing(role), nil, roleView(role))
}

// checkRole checks a role before it is written. What it has beyond old, the
// actor must hold himself.
func (w *work) checkRole(ctx context.Context, r *sallyport.Role, old []sallyport.Permission) error {
	if err := checkRoleText(r); err != nil {
		return err
	}
	if err := w.checkPermissions(ctx, r); err != nil {
		return err
	}
	slices.Sort(r.Permissions)
	var added []sallyport.Permission
	for _, p := range r.Permissions {
		if !slices.Contains(old, p) {
			added = append(added, p)
		}
	}
	return w.ceiling(policy.Extent{Tenant: r.Tenant}, added)
}

// checkRoleText checks what can be seen of a role without any other thing.
func checkRoleText(r *sallyport.Role) (err error) {
	if r.Name, err = name(r.Name); err != nil {
		return err
	}
	if r.Title, err = text("title", r.Title, maxTitle); err != nil {
		return err
	}
	if BuiltInRole(r.Name) != "" && !r.BuiltIn {
		return sallyport.ErrConflict("name", fmt.Sprintf("%q is the name of a built-in role; choose another", r.Name))
	}
	if len(r.Permissions) > maxPermissions {
		return sallyport.ErrInvalid("permissions", fmt.Sprintf("there are %d permissions; at most %d", len(r.Permissions), maxPermissions))
	}
	return nil
}

// checkPermissions refuses permissions that no API declares, by the documents as
// they are in the store now.
func (w *work) checkPermissions(ctx context.Context, r *sallyport.Role) error {
	declared := map[sallyport.APIName]map[string]bool{}
	for _, p := range r.Permissions {
		api := p.API()
		if _, known := declared[api]; known || p == Everything {
			continue
		}
		document, err := w.tx.API(ctx, api)
		if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
			return err
		}
		if err == nil {
			declared[api] = map[string]bool{"*": true}
			for _, spec := range w.whole(&document.API).Permissions {
				declared[api][spec.Name] = true
			}
		}
	}
	faults := w.snapshot.CheckRole(r) // the words, and what is there twice
	for i, p := range r.Permissions {
		field := fmt.Sprintf("permissions[%d]", i)
		told := slices.ContainsFunc(faults, func(err error) bool { return fieldOf(err) == field })
		_, local, _ := strings.Cut(string(p), "/")
		_, inForce := w.snapshot.Permission(p)
		switch there := p == Everything || declared[p.API()][local]; {
		case there && !inForce:
			return errStale
		case !there && !told:
			faults = append(faults, sallyport.ErrInvalid(field, fmt.Sprintf("there is no permission %q any more", p)))
		}
	}
	return errors.Join(faults...)
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		return e.Field
	}
	return ""
}

// Role returns a role that can be used in a tenant: its own, or one of every
// tenant. It needs [RolesRead].
func (s *Service) Role(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.RoleID) (role sallyport.Role, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, RolesRead); err != nil {
			return err
		}
		role, err = w.roleFor(ctx, tenant, id)
		return err
	})
	return role, err
}

// Roles returns the roles that can be used in a tenant: those of every tenant,
// then its own, by name. It needs [RolesRead].
func (s *Service) Roles(ctx context.Context, a Actor, tenant sallyport.TenantID, search string, p Page) (List[sallyport.Role], error) {
	return s.rolesFor(ctx, a, tenant, search, p, func(w *work) readRoles { return w.tx.Roles })
}

// RoleNames is [Service.Roles] without the permissions of the roles: to choose from.
func (s *Service) RoleNames(ctx context.Context, a Actor, tenant sallyport.TenantID, p Page) (List[sallyport.Role], error) {
	return s.rolesFor(ctx, a, tenant, "", p, func(w *work) readRoles { return w.tx.RoleNames })
}

// readRoles reads roles of one tenant.
type readRoles func(ctx context.Context, tenant sallyport.TenantID, search string, p store.Page) ([]sallyport.Role, string, error)

func (s *Service) rolesFor(ctx context.Context, a Actor, tenant sallyport.TenantID, search string, p Page, by func(*work) readRoles) (list List[sallyport.Role], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, RolesRead); err != nil {
			return err
		}
		read := by(w)
		part := func(tenant sallyport.TenantID) fetch[sallyport.Role] {
			return func(p store.Page) ([]sallyport.Role, string, error) { return read(ctx, tenant, search, p) }
		}
		parts := []fetch[sallyport.Role]{part(sallyport.EveryTenant)}
		if tenant != sallyport.EveryTenant {
			parts = append(parts, part(tenant))
		}
		list, err = pages(w, p, []string{"roles", string(tenant), search}, parts...)
		return err
	})
	return list, err
}

// UpdateRole changes a role of the tenant; who holds it has the new rights at
// once. It needs [RolesWrite], and the actor must hold himself what he adds.
func (s *Service) UpdateRole(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.RoleID, ifVersion int64, ch RoleChange) (role sallyport.Role, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Role, error) { return w.updateRole(ctx, tenant, id, ifVersion, ch) })
}

func (w *work) updateRole(ctx context.Context, tenant sallyport.TenantID, id sallyport.RoleID, ifVersion int64, ch RoleChange) (role sallyport.Role, err error) {
	err = w.changeRole(ctx, tenant, id, ifVersion, func(there sallyport.Role) error {
		role = there
		if ch.Name != nil {
			role.Name = *ch.Name
		}
		if ch.Title != nil {
			role.Title = *ch.Title
		}
		if ch.Permissions != nil {
			role.Permissions = slices.Clone(*ch.Permissions)
		}
		if err := w.checkRole(ctx, &role, there.Permissions); err != nil {
			return err
		}
		if err := w.guarded(ctx, func() error { return w.tx.UpdateRole(ctx, &role, ifVersion) }); err != nil {
			return err
		}
		return w.write(ctx, tenant, "role.update", roleThing(role), roleView(there), roleView(role))
	})
	return role, err
}

// DeleteRole removes a role of the tenant that nothing is bound to. It needs
// [RolesWrite].
func (s *Service) DeleteRole(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.RoleID, ifVersion int64) error {
	return s.change(ctx, a, func(w *work) error { return w.deleteRole(ctx, tenant, id, ifVersion) })
}

func (w *work) deleteRole(ctx context.Context, tenant sallyport.TenantID, id sallyport.RoleID, ifVersion int64) error {
	return w.changeRole(ctx, tenant, id, ifVersion, func(role sallyport.Role) error {
		bindings, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
			return w.tx.EveryBinding(ctx, store.BindingFilter{Role: id}, p)
		})
		if err != nil {
			return err
		}
		if bindings, err = w.dropRevoked(ctx, bindings); err != nil {
			return err
		}
		if n := len(bindings); n > 0 {
			return sallyport.ErrConflict("id", fmt.Sprintf("%s of this role, %s the first of them; delete them first", count(n, "binding is", "bindings are"), bindings[0].ID))
		}
		if err := w.tx.DeleteRole(ctx, tenant, id, ifVersion); err != nil {
			return err
		}
		return w.write(ctx, tenant, "role.delete", roleThing(role), roleView(role), nil)
	})
}

// dropRevoked deletes bindings of keys that are revoked, which gave nothing any more,
// and returns the others.
func (w *work) dropRevoked(ctx context.Context, bindings []sallyport.Binding) (others []sallyport.Binding, err error) {
	for _, b := range bindings {
		dead := false
		if b.SubjectKind == sallyport.SubjectKey {
			key, err := w.tx.CredentialByID(ctx, sallyport.CredentialID(b.Subject))
			if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
				return nil, err
			}
			dead = err != nil || key.State == sallyport.Revoked
		}
		if !dead {
			others = append(others, b)
			continue
		}
		role, err := w.roleFor(ctx, b.Tenant, b.Role)
		if err != nil {
			return nil, err
		}
		if err := w.tx.DeleteBinding(ctx, b.Tenant, b.ID, b.Version); err != nil {
			return nil, err
		}
		if err := w.write(ctx, b.Tenant, "binding.delete", bindingThing(b, role), bindingView(b, role), nil); err != nil {
			return nil, err
		}
	}
	return others, nil
}

func (w *work) changeRole(ctx context.Context, tenant sallyport.TenantID, id sallyport.RoleID, ifVersion int64, f func(sallyport.Role) error) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	if err := w.may(tenant, RolesWrite); err != nil {
		return err
	}
	role, err := w.tx.Role(ctx, tenant, id)
	if err != nil {
		return err
	}
	if role.BuiltIn {
		return sallyport.ErrConflict("id", fmt.Sprintf("the role %q is built in and cannot be changed; make one of your own", role.Name))
	}
	if err := matches("role", ifVersion, role.Version); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.RolePart(tenant, role.ID))
	return f(role)
}
