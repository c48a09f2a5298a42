package store

import (
	"context"

	"github.com/sallyport/sallyport"
)

const groupColumns = `
	SELECT id, tenant, name, title, created, updated, version
	FROM user_group `

func scanGroup(r row) (g sallyport.Group, err error) {
	var created, updated int64
	if err := r.Scan(&g.ID, &g.Tenant, &g.Name, &g.Title, &created, &updated, &g.Version); err != nil {
		return g, err
	}
	g.Created, g.Updated = moment(created), moment(updated)
	return g, checkTenant("group", string(g.ID), g.Tenant)
}

const selectGroup = groupColumns + `WHERE tenant = $1 AND id = $2`

// Group returns a group of a tenant.
func (r *Reader) Group(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID) (sallyport.Group, error) {
	return one(ctx, r, "group", selectGroup, scanGroup, string(tenant), string(id))
}

const selectGroups = groupColumns + `
	WHERE tenant = $1 AND name >= $2 AND name <= $3
	ORDER BY name LIMIT $4`

// Groups returns the groups of a tenant whose names begin with search, by name.
func (r *Reader) Groups(ctx context.Context, tenant sallyport.TenantID, search string, p Page) ([]sallyport.Group, string, error) {
	all, err := list(ctx, r, "group", selectGroups, scanGroup, string(tenant), p.from(search), search+last, p.more())
	return cut(p, all, err, func(g sallyport.Group) string { return g.Name })
}

const selectGroupsOf = groupColumns + `
	WHERE id IN (SELECT user_group FROM member WHERE principal = $1)
	ORDER BY tenant, name`

// GroupsOf returns the groups that a user is in.
func (r *Reader) GroupsOf(ctx context.Context, id sallyport.PrincipalID) ([]sallyport.Group, error) {
	return list(ctx, r, "group", selectGroupsOf, scanGroup, string(id))
}

// Members returns the users in a group, by id.
func (r *Reader) Members(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, p Page) ([]sallyport.User, string, error) {
	all, err := list(ctx, r, "user", selectMembers, scanUser, string(tenant), string(id), p.After, p.more())
	return cut(p, all, err, func(u sallyport.User) string { return string(u.ID) })
}

const selectMemberIDs = `
	SELECT m.principal FROM member m JOIN user_group g ON g.id = m.user_group
	WHERE g.tenant = $1 AND g.id = $2
	ORDER BY m.principal`

// MemberIDs returns the ids of all users in a group, for [Tx.Note].
func (r *Reader) MemberIDs(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID) ([]sallyport.PrincipalID, error) {
	return list(ctx, r, "member", selectMemberIDs, func(r row) (id sallyport.PrincipalID, err error) {
		return id, r.Scan(&id)
	}, string(tenant), string(id))
}

const insertGroup = `
	INSERT INTO user_group (id, tenant, name, title, created, updated, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

// InsertGroup makes a group.
func (t *Tx) InsertGroup(ctx context.Context, g *sallyport.Group) error {
	t.stamp(&g.Created, &g.Updated, &g.Version)
	return t.insert(ctx, "group", "name", "there is a group of this name already; choose another", insertGroup,
		string(g.ID), string(g.Tenant), g.Name, g.Title, micros(g.Created), micros(g.Updated), g.Version)
}

const (
	updateGroup = `
	UPDATE user_group SET name = $1, title = $2, updated = $3, version = version + 1
	WHERE tenant = $4 AND id = $5 AND (version = $6 OR $6 = -1)
	RETURNING version`
	groupVersion = `
	SELECT version FROM user_group WHERE tenant = $1 AND id = $2`
)

// UpdateGroup writes the name and title of a group.
func (t *Tx) UpdateGroup(ctx context.Context, g *sallyport.Group, ifVersion int64) error {
	g.Updated = trim(t.now())
	err := t.update(ctx, "group", &g.Version, updateGroup,
		[]any{g.Name, g.Title, micros(g.Updated), string(g.Tenant), string(g.ID), ifVersion},
		groupVersion, string(g.Tenant), string(g.ID))
	return explain(err, "name", "there is a group of this name already; choose another")
}

const (
	deleteGroup = `
	DELETE FROM user_group WHERE tenant = $1 AND id = $2 AND (version = $3 OR $3 = -1) RETURNING version`
	deleteMembers = `
	DELETE FROM member WHERE user_group IN (SELECT id FROM user_group WHERE tenant = $1 AND id = $2)`
)

// DeleteGroup removes a group with its bindings; its members stay.
func (t *Tx) DeleteGroup(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, ifVersion int64) error {
	if _, err := t.Group(ctx, tenant, id); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "member", deleteMembers, string(tenant), string(id)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "binding", deleteBindingsOf, string(id), string(sallyport.SubjectGroup)); err != nil {
		return err
	}
	err := t.update(ctx, "group", nil, deleteGroup, []any{string(tenant), string(id), ifVersion}, groupVersion, string(tenant), string(id))
	return err
}

const insertMember = `
	INSERT INTO member (user_group, principal, created)
	SELECT g.id, u.id, CAST($1 AS BIGINT)
	FROM user_group g JOIN users u ON u.id = $2
	WHERE g.tenant = $3 AND g.id = $4
	ON CONFLICT (user_group, principal) DO NOTHING`

// AddMember puts a user into a group of a tenant. To be in it already is no
// error; the answer says whether he was not.
func (t *Tx) AddMember(ctx context.Context, tenant sallyport.TenantID, group sallyport.GroupID, user sallyport.PrincipalID) (bool, error) {
	n, err := t.exec(ctx, "member", insertMember, micros(t.now()), string(user), string(tenant), string(group))
	if err != nil || n == 1 {
		return n == 1, err
	}
	if _, err := t.Group(ctx, tenant, group); err != nil {
		return false, err
	}
	_, err = t.UserByID(ctx, user)
	return false, err
}

const deleteMember = `
	DELETE FROM member
	WHERE user_group IN (SELECT id FROM user_group WHERE tenant = $1 AND id = $2) AND principal = $3`

// RemoveMember takes a user out of a group, and reports whether he was in it.
func (t *Tx) RemoveMember(ctx context.Context, tenant sallyport.TenantID, group sallyport.GroupID, user sallyport.PrincipalID) (bool, error) {
	n, err := t.exec(ctx, "member", deleteMember, string(tenant), string(group), string(user))
	return n == 1, err
}
