package store

import "context"

// metaSchemaFloor is kept by migrations.
const metaSchemaFloor = "schema_floor"

// MetaUsesSince is since when the use of permissions is counted, as RFC 3339.
const MetaUsesSince = "uses_since"

const selectMeta = `
	SELECT value FROM meta WHERE key = $1`

// Meta returns a fact of the installation by its key.
func (r *Reader) Meta(ctx context.Context, key string) (string, error) {
	return one(ctx, r, "fact", selectMeta, scanString, key)
}

const upsertMeta = `
	INSERT INTO meta (key, value) VALUES ($1, $2)
	ON CONFLICT (key) DO UPDATE SET value = excluded.value`

// SetMeta records a fact, in place of the one before.
func (t *Tx) SetMeta(ctx context.Context, key, value string) error {
	_, err := t.exec(ctx, "fact", upsertMeta, key, value)
	return err
}

const insertMeta = `
	INSERT INTO meta (key, value) VALUES ($1, $2)
	ON CONFLICT (key) DO NOTHING`

// InitMeta records a fact unless there is one, and returns the one that holds.
// Of several that try at once, all get the same answer.
func (t *Tx) InitMeta(ctx context.Context, key, value string) (string, error) {
	n, err := t.exec(ctx, "fact", insertMeta, key, value)
	if err != nil || n == 1 {
		return value, err
	}
	return t.Meta(ctx, key)
}

const deleteMeta = `
	DELETE FROM meta WHERE key = $1 AND value = $2`

// TakeMeta removes a fact if it has this value, and reports whether it did: of
// several that try at once, one succeeds.
func (t *Tx) TakeMeta(ctx context.Context, key, value string) (bool, error) {
	n, err := t.exec(ctx, "fact", deleteMeta, key, value)
	return n == 1, err
}
