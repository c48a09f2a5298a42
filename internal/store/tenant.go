package store

import (
	"context"

	"github.com/sallyport/sallyport"
)

const tenantColumns = `
	SELECT id, name, COALESCE(parent, ''), state, token_max_age, token_default_age, created, updated, version
	FROM tenant `

func scanTenant(r row) (t sallyport.Tenant, err error) {
	var maxAge, defaultAge, created, updated int64
	err = r.Scan(&t.ID, &t.Name, &t.Parent, &t.State, &maxAge, &defaultAge, &created, &updated, &t.Version)
	if err != nil {
		return t, err
	}
	if maxAge < 0 || defaultAge < 0 {
		return t, damaged("tenant", string(t.ID), "negative age")
	}
	t.Policy = sallyport.TenantPolicy{TokenMaxAge: span(maxAge), TokenDefaultAge: span(defaultAge)}
	t.Created, t.Updated = moment(created), moment(updated)
	return t, checkState("tenant", string(t.ID), t.State, sallyport.Active, sallyport.Deactivated)
}

const selectTenant = tenantColumns + `WHERE id = $1 AND id <> '*'`

// Tenant returns a tenant. [sallyport.EveryTenant] is none.
func (r *Reader) Tenant(ctx context.Context, id sallyport.TenantID) (sallyport.Tenant, error) {
	return one(ctx, r, "tenant", selectTenant, scanTenant, string(id))
}

const selectTenantByName = tenantColumns + `WHERE name = $1 AND id <> '*'`

// TenantByName returns a tenant by its name.
func (r *Reader) TenantByName(ctx context.Context, name string) (sallyport.Tenant, error) {
	return one(ctx, r, "tenant", selectTenantByName, scanTenant, name)
}

// A TenantFilter chooses among tenants; what is empty does not matter.
type TenantFilter struct {
	Parent sallyport.TenantID
	State  sallyport.State
	Search string // what the name begins with
}

const selectTenants = tenantColumns + `
	WHERE id <> '*' AND name >= $1 AND name <= $2
	AND (CAST($3 AS TEXT) = '' OR parent = $3) AND (CAST($4 AS TEXT) = '' OR state = $4)
	ORDER BY name LIMIT $5`

// Tenants returns tenants by name.
func (r *Reader) Tenants(ctx context.Context, f TenantFilter, p Page) ([]sallyport.Tenant, string, error) {
	all, err := list(ctx, r, "tenant", selectTenants, scanTenant,
		p.from(f.Search), f.Search+last, string(f.Parent), string(f.State), p.more())
	return cut(p, all, err, func(t sallyport.Tenant) string { return t.Name })
}

const insertTenant = `
	INSERT INTO tenant (id, name, parent, state, token_max_age, token_default_age, created, updated, version)
	VALUES ($1, $2, NULLIF(CAST($3 AS TEXT), ''), $4, $5, $6, $7, $8, $9)`

// InsertTenant makes a tenant. It sets Version, Updated and, if it is zero,
// Created; so do the other methods of this kind.
func (t *Tx) InsertTenant(ctx context.Context, tenant *sallyport.Tenant) error {
	t.stamp(&tenant.Created, &tenant.Updated, &tenant.Version)
	return t.insert(ctx, "tenant", "name", "there is a tenant of this name already; choose another", insertTenant,
		string(tenant.ID), tenant.Name, string(tenant.Parent), string(tenant.State),
		tenant.Policy.TokenMaxAge.Microseconds(), tenant.Policy.TokenDefaultAge.Microseconds(),
		micros(tenant.Created), micros(tenant.Updated), tenant.Version)
}

const (
	updateTenant = `
	UPDATE tenant
	SET name = $1, parent = NULLIF(CAST($2 AS TEXT), ''), state = $3, token_max_age = $4, token_default_age = $5,
		updated = $6, version = version + 1
	WHERE id = $7 AND id <> '*' AND (version = $8 OR $8 = -1)
	RETURNING version`
	tenantVersion = `
	SELECT version FROM tenant WHERE id = $1 AND id <> '*'`
)

// UpdateTenant writes a tenant whose version is ifVersion, or [AnyVersion]. It
// sets Version and Updated; so do the other methods of this kind.
func (t *Tx) UpdateTenant(ctx context.Context, tenant *sallyport.Tenant, ifVersion int64) error {
	tenant.Updated = trim(t.now())
	err := t.update(ctx, "tenant", &tenant.Version, updateTenant, []any{
		tenant.Name, string(tenant.Parent), string(tenant.State),
		tenant.Policy.TokenMaxAge.Microseconds(), tenant.Policy.TokenDefaultAge.Microseconds(),
		micros(tenant.Updated), string(tenant.ID), ifVersion,
	}, tenantVersion, string(tenant.ID))
	return explain(err, "name", "there is a tenant of this name already, or no such parent")
}

const deleteTenant = `
	DELETE FROM tenant WHERE id = $1 AND id <> '*' AND (version = $2 OR $2 = -1) RETURNING version`

// DeleteTenant removes a tenant in which nothing is any more; else the error is
// a Conflict. Its realms go with it.
func (t *Tx) DeleteTenant(ctx context.Context, id sallyport.TenantID, ifVersion int64) error {
	if _, err := t.exec(ctx, "realm", deleteRealms, string(id)); err != nil {
		return err
	}
	err := t.update(ctx, "tenant", nil, deleteTenant, []any{string(id), ifVersion}, tenantVersion, string(id))
	return explain(err, "id", "there are still users, groups, roles, bindings, credentials or tenants in this tenant")
}
