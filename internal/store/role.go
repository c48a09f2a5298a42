package store

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport"
)

const roleColumns = `
	SELECT id, tenant, name, title, built_in, created, updated, version
	FROM role `

func scanRole(r row) (o sallyport.Role, err error) {
	var created, updated int64
	if err := r.Scan(&o.ID, &o.Tenant, &o.Name, &o.Title, &o.BuiltIn, &created, &updated, &o.Version); err != nil {
		return o, err
	}
	o.Created, o.Updated = moment(created), moment(updated)
	return o, checkTenant("role", string(o.ID), o.Tenant)
}

// A held is one permission of one role.
type held struct {
	role       sallyport.RoleID
	permission sallyport.Permission
}

func scanHeld(r row) (h held, err error) { return h, r.Scan(&h.role, &h.permission) }

// fill gives roles their permissions, which are in the order of the bytes.
func fill(roles []sallyport.Role, all []held) {
	at := make(map[sallyport.RoleID]int, len(roles))
	for i := range roles {
		at[roles[i].ID] = i
	}
	for _, h := range all {
		if i, ok := at[h.role]; ok {
			roles[i].Permissions = append(roles[i].Permissions, h.permission)
		}
	}
}

const (
	selectRole        = roleColumns + `WHERE tenant = $1 AND id = $2`
	selectPermissions = `
	SELECT p.role, p.permission
	FROM role_permission p JOIN role r ON r.id = p.role
	WHERE r.tenant = $1 AND r.id = $2
	ORDER BY p.permission`
)

// Role returns a role of a tenant, or of [sallyport.EveryTenant]; it does not
// look into the one when it is asked for the other.
func (r *Reader) Role(ctx context.Context, tenant sallyport.TenantID, id sallyport.RoleID) (sallyport.Role, error) {
	role, err := one(ctx, r, "role", selectRole, scanRole, string(tenant), string(id))
	if err != nil {
		return role, err
	}
	all, err := list(ctx, r, "role", selectPermissions, scanHeld, string(tenant), string(id))
	roles := []sallyport.Role{role}
	fill(roles, all)
	return roles[0], err
}

const (
	selectRoles = roleColumns + `
	WHERE tenant = $1 AND name >= $2 AND name <= $3
	ORDER BY name LIMIT $4`
	selectRolesPermissions = `
	SELECT p.role, p.permission
	FROM role_permission p JOIN role r ON r.id = p.role
	WHERE r.tenant = $1 AND r.name >= $2 AND r.name <= $3
	ORDER BY p.role, p.permission`
)

// RoleNames is [Reader.Roles] without the permissions, which may be very many.
func (r *Reader) RoleNames(ctx context.Context, tenant sallyport.TenantID, search string, p Page) ([]sallyport.Role, string, error) {
	roles, err := r.roles(ctx, tenant, search, p)
	return cut(p, roles, err, func(o sallyport.Role) string { return o.Name })
}

func (r *Reader) roles(ctx context.Context, tenant sallyport.TenantID, search string, p Page) ([]sallyport.Role, error) {
	return list(ctx, r, "role", selectRoles, scanRole, string(tenant), p.from(search), search+last, p.more())
}

// Roles returns the roles of a tenant whose names begin with search, by name.
func (r *Reader) Roles(ctx context.Context, tenant sallyport.TenantID, search string, p Page) ([]sallyport.Role, string, error) {
	roles, err := r.roles(ctx, tenant, search, p)
	if err != nil || len(roles) == 0 {
		return nil, "", err
	}
	all, err := list(ctx, r, "role", selectRolesPermissions, scanHeld, string(tenant), roles[0].Name, roles[len(roles)-1].Name)
	fill(roles, all)
	return cut(p, roles, err, func(o sallyport.Role) string { return o.Name })
}

const (
	selectEveryRole        = roleColumns + `WHERE id > $1 ORDER BY id LIMIT $2`
	selectEveryPermissions = `
	SELECT role, permission FROM role_permission
	WHERE role >= $1 AND role <= $2
	ORDER BY role, permission`
)

// EveryRole returns the roles of the whole installation by id.
func (r *Reader) EveryRole(ctx context.Context, p Page) ([]sallyport.Role, string, error) {
	roles, err := list(ctx, r, "role", selectEveryRole, scanRole, p.After, p.more())
	if err != nil || len(roles) == 0 {
		return nil, "", err
	}
	all, err := list(ctx, r, "role", selectEveryPermissions, scanHeld, string(roles[0].ID), string(roles[len(roles)-1].ID))
	fill(roles, all)
	return cut(p, roles, err, func(o sallyport.Role) string { return string(o.ID) })
}

const insertRole = `
	INSERT INTO role (id, tenant, name, title, built_in, created, updated, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

// InsertRole makes a role with its permissions.
func (t *Tx) InsertRole(ctx context.Context, role *sallyport.Role) error {
	t.stamp(&role.Created, &role.Updated, &role.Version)
	err := t.insert(ctx, "role", "name", "there is a role of this name already; choose another", insertRole,
		string(role.ID), string(role.Tenant), role.Name, role.Title, bit(role.BuiltIn),
		micros(role.Created), micros(role.Updated), role.Version)
	if err != nil {
		return err
	}
	return t.setPermissions(ctx, role)
}

const (
	updateRole = `
	UPDATE role SET name = $1, title = $2, built_in = $3, updated = $4, version = version + 1
	WHERE tenant = $5 AND id = $6 AND (version = $7 OR $7 = -1)
	RETURNING version`
	roleVersion = `
	SELECT version FROM role WHERE tenant = $1 AND id = $2`
	deletePermissions = `
	DELETE FROM role_permission WHERE role IN (SELECT id FROM role WHERE tenant = $1 AND id = $2)`
)

// insertPermissions makes one row for each permission of a role.
var insertPermissions = batchText{
	head: `INSERT INTO role_permission (role, permission) VALUES `,
	row:  []string{asText, asText},
	tail: ` ON CONFLICT (role, permission) DO NOTHING`,
}

func (t *Tx) setPermissions(ctx context.Context, role *sallyport.Role) error {
	rows := make([][]any, len(role.Permissions))
	for i, p := range role.Permissions {
		rows[i] = []any{string(role.ID), string(p)}
	}
	return t.batch(ctx, "role", insertPermissions, rows)
}

// UpdateRole writes a role with its permissions. Whether a built-in role may
// be changed is for the caller to say.
func (t *Tx) UpdateRole(ctx context.Context, role *sallyport.Role, ifVersion int64) error {
	role.Updated = trim(t.now())
	err := t.update(ctx, "role", &role.Version, updateRole,
		[]any{role.Name, role.Title, bit(role.BuiltIn), micros(role.Updated), string(role.Tenant), string(role.ID), ifVersion},
		roleVersion, string(role.Tenant), string(role.ID))
	if err != nil {
		return explain(err, "name", "there is a role of this name already; choose another")
	}
	return t.changePermissions(ctx, role)
}

const deletePermission = `
	DELETE FROM role_permission WHERE role IN (SELECT id FROM role WHERE tenant = $1 AND id = $2) AND permission = $3`

// changePermissions writes which permissions a role has more, and which no more. Its
// row was written before, so nobody else changes them meanwhile.
func (t *Tx) changePermissions(ctx context.Context, role *sallyport.Role) error {
	before, err := list(ctx, &t.Reader, "role", selectPermissions, scanHeld, string(role.Tenant), string(role.ID))
	if err != nil {
		return err
	}
	for _, h := range before {
		if slices.Contains(role.Permissions, h.permission) {
			continue
		}
		if _, err := t.exec(ctx, "role", deletePermission, string(role.Tenant), string(role.ID), string(h.permission)); err != nil {
			return err
		}
	}
	more := *role
	more.Permissions = slices.DeleteFunc(slices.Clone(role.Permissions), func(p sallyport.Permission) bool {
		return slices.ContainsFunc(before, func(h held) bool { return h.permission == p })
	})
	return t.setPermissions(ctx, &more)
}

const deleteRole = `
	DELETE FROM role WHERE tenant = $1 AND id = $2 AND (version = $3 OR $3 = -1) RETURNING version`

// DeleteRole removes a role that nothing is bound to; else the error is a
// Conflict.
func (t *Tx) DeleteRole(ctx context.Context, tenant sallyport.TenantID, id sallyport.RoleID, ifVersion int64) error {
	if _, err := t.exec(ctx, "role", deletePermissions, string(tenant), string(id)); err != nil {
		return err
	}
	err := t.update(ctx, "role", nil, deleteRole, []any{string(tenant), string(id), ifVersion}, roleVersion, string(tenant), string(id))
	return explain(err, "id", "there are bindings of this role; delete them first")
}
