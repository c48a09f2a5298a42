-- +goose Up

-- Who used a secret last: during an overlap this tells who still has the old one.
ALTER TABLE credential_secret ADD COLUMN last_addr TEXT NOT NULL DEFAULT '';
ALTER TABLE credential_secret ADD COLUMN last_via TEXT NOT NULL DEFAULT '';

-- A brown-out: of the uses until then this share, in per cent, is refused.
ALTER TABLE credential ADD COLUMN brownout_share INTEGER NOT NULL DEFAULT 0 CHECK (brownout_share BETWEEN 0 AND 100);
ALTER TABLE credential ADD COLUMN brownout_until INTEGER NOT NULL DEFAULT 0;
-- The expiry that its owner was warned of.
ALTER TABLE credential ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;

-- What a secret was, after its credential was removed: so that it can still be
-- explained to whoever runs into it.
CREATE TABLE tombstone (
	digest     BLOB NOT NULL PRIMARY KEY,
	credential TEXT NOT NULL,
	tenant     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	owner      TEXT NOT NULL,
	name       TEXT NOT NULL,
	hint       TEXT NOT NULL,
	cause      TEXT NOT NULL,
	created    INTEGER NOT NULL,
	ended      INTEGER NOT NULL,
	buried     INTEGER NOT NULL
) STRICT;
CREATE INDEX tombstone_buried ON tombstone (buried, digest);

-- How far the audit trail was handed on to each sink, and which node does it.
CREATE TABLE audit_sink (
	name      TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
	seq       INTEGER NOT NULL,
	holder    TEXT NOT NULL,
	until     INTEGER NOT NULL,
	delivered INTEGER NOT NULL,
	failures  INTEGER NOT NULL,
	fault     TEXT NOT NULL
) STRICT;
