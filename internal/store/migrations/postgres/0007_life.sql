-- +goose Up

-- Who used a secret last: during an overlap this tells who still has the old one.
ALTER TABLE credential_secret ADD COLUMN last_addr TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE credential_secret ADD COLUMN last_via TEXT COLLATE "C" NOT NULL DEFAULT '';

-- A brown-out: of the uses until then this share, in per cent, is refused.
ALTER TABLE credential ADD COLUMN brownout_share BIGINT NOT NULL DEFAULT 0 CHECK (brownout_share BETWEEN 0 AND 100);
ALTER TABLE credential ADD COLUMN brownout_until BIGINT NOT NULL DEFAULT 0;
-- The expiry that its owner was warned of.
ALTER TABLE credential ADD COLUMN warned BIGINT NOT NULL DEFAULT 0;

-- What a secret was, after its credential was removed: so that it can still be
-- explained to whoever runs into it.
CREATE TABLE tombstone (
	digest     BYTEA NOT NULL PRIMARY KEY,
	credential TEXT COLLATE "C" NOT NULL,
	tenant     TEXT COLLATE "C" NOT NULL,
	kind       TEXT COLLATE "C" NOT NULL,
	owner      TEXT COLLATE "C" NOT NULL,
	name       TEXT COLLATE "C" NOT NULL,
	hint       TEXT COLLATE "C" NOT NULL,
	cause      TEXT COLLATE "C" NOT NULL,
	created    BIGINT NOT NULL,
	ended      BIGINT NOT NULL,
	buried     BIGINT NOT NULL
);
CREATE INDEX tombstone_buried ON tombstone (buried, digest);

-- How far the audit trail was handed on to each sink, and which node does it.
CREATE TABLE audit_sink (
	name      TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name <> ''),
	seq       BIGINT NOT NULL,
	holder    TEXT COLLATE "C" NOT NULL,
	until     BIGINT NOT NULL,
	delivered BIGINT NOT NULL,
	failures  BIGINT NOT NULL,
	fault     TEXT COLLATE "C" NOT NULL
);
