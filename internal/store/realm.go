package store

import (
	"context"

	"github.com/sallyport/sallyport"
)

const realmColumns = `
	SELECT tenant, name, title, created, version
	FROM realm `

func scanRealm(r row) (m sallyport.Realm, err error) {
	var created int64
	err = r.Scan(&m.Tenant, &m.Name, &m.Title, &created, &m.Version)
	m.Created = moment(created)
	return m, err
}

const selectRealm = realmColumns + `WHERE tenant = $1 AND name = $2`

// Realm returns a realm.
func (r *Reader) Realm(ctx context.Context, tenant sallyport.TenantID, name string) (sallyport.Realm, error) {
	return one(ctx, r, "realm", selectRealm, scanRealm, string(tenant), name)
}

const selectRealms = realmColumns + `WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3`

// Realms returns the realms of a tenant by name.
func (r *Reader) Realms(ctx context.Context, tenant sallyport.TenantID, p Page) ([]sallyport.Realm, string, error) {
	all, err := list(ctx, r, "realm", selectRealms, scanRealm, string(tenant), p.After, p.more())
	return cut(p, all, err, func(m sallyport.Realm) string { return m.Name })
}

const insertRealm = `
	INSERT INTO realm (tenant, name, title, created, version) VALUES ($1, $2, $3, $4, $5)`

// InsertRealm makes a realm.
func (t *Tx) InsertRealm(ctx context.Context, realm *sallyport.Realm) error {
	t.stamp(&realm.Created, nil, &realm.Version)
	return t.insert(ctx, "realm", "name", "there is a realm of this name already; choose another", insertRealm,
		string(realm.Tenant), realm.Name, realm.Title, micros(realm.Created), realm.Version)
}

const (
	updateRealm = `
	UPDATE realm SET title = $1, version = version + 1
	WHERE tenant = $2 AND name = $3 AND (version = $4 OR $4 = -1)
	RETURNING version`
	realmVersion = `
	SELECT version FROM realm WHERE tenant = $1 AND name = $2`
)

// UpdateRealm writes the title of a realm.
func (t *Tx) UpdateRealm(ctx context.Context, realm *sallyport.Realm, ifVersion int64) error {
	err := t.update(ctx, "realm", &realm.Version, updateRealm,
		[]any{realm.Title, string(realm.Tenant), realm.Name, ifVersion},
		realmVersion, string(realm.Tenant), realm.Name)
	return err
}

const (
	deleteRealm = `
	DELETE FROM realm WHERE tenant = $1 AND name = $2 AND (version = $3 OR $3 = -1) RETURNING version`
	deleteRealms = `
	DELETE FROM realm WHERE tenant = $1`
)

// DeleteRealm removes a realm. Bindings that name it stay and give nothing.
func (t *Tx) DeleteRealm(ctx context.Context, tenant sallyport.TenantID, name string, ifVersion int64) error {
	err := t.update(ctx, "realm", nil, deleteRealm, []any{string(tenant), name, ifVersion},
		realmVersion, string(tenant), name)
	return err
}
