-- +goose Up

-- Facts of the installation. "schema_floor" is the lowest schema version whose
-- programs can still work on this database; a migration that does more than
-- add raises it.
CREATE TABLE meta (
	key   TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;
INSERT INTO meta (key, value) VALUES ('schema_floor', '1');

-- One row: the number of the last committed change, and the highest number
-- that was removed from the change log.
CREATE TABLE revision (
	one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	n      INTEGER NOT NULL,
	pruned INTEGER NOT NULL
) STRICT;
INSERT INTO revision (one, n, pruned) VALUES (1, 0, 0);

CREATE TABLE change (
	revision INTEGER NOT NULL,
	ordinal  INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	id       TEXT NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (revision, ordinal)
) STRICT;

CREATE TABLE node (
	id          TEXT NOT NULL PRIMARY KEY,
	name        TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	started     INTEGER NOT NULL,
	confirmed   INTEGER NOT NULL,
	seen        INTEGER NOT NULL
) STRICT;

CREATE TABLE tenant (
	id                TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name              TEXT NOT NULL UNIQUE,
	parent            TEXT REFERENCES tenant (id),
	state             TEXT NOT NULL,
	token_max_age     INTEGER NOT NULL,
	token_default_age INTEGER NOT NULL,
	created           INTEGER NOT NULL,
	updated           INTEGER NOT NULL,
	version           INTEGER NOT NULL
) STRICT;
CREATE INDEX tenant_parent ON tenant (parent);
-- The row behind "every tenant", so that what belongs to no single tenant can
-- refer to one too. No method returns it.
INSERT INTO tenant (id, name, parent, state, token_max_age, token_default_age, created, updated, version)
VALUES ('*', '*', NULL, 'active', 0, 0, 0, 0, 1);

CREATE TABLE realm (
	tenant  TEXT NOT NULL REFERENCES tenant (id),
	name    TEXT NOT NULL,
	title   TEXT NOT NULL,
	created INTEGER NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (tenant, name)
) STRICT;

CREATE TABLE users (
	id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant     TEXT NOT NULL REFERENCES tenant (id),
	kind       TEXT NOT NULL,
	login      TEXT NOT NULL UNIQUE CHECK (login <> ''),
	name       TEXT NOT NULL,
	email      TEXT NOT NULL,
	state      TEXT NOT NULL,
	epoch      INTEGER NOT NULL,
	not_before INTEGER NOT NULL,
	last_login INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	updated    INTEGER NOT NULL,
	version    INTEGER NOT NULL
) STRICT;
CREATE INDEX users_tenant ON users (tenant, login);

CREATE TABLE password (
	principal   TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
	hash        TEXT NOT NULL CHECK (hash <> ''),
	changed     INTEGER NOT NULL,
	must_change INTEGER NOT NULL
) STRICT;

CREATE TABLE user_group (
	id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant  TEXT NOT NULL REFERENCES tenant (id),
	name    TEXT NOT NULL,
	title   TEXT NOT NULL,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	version INTEGER NOT NULL,
	UNIQUE (tenant, name)
) STRICT;

CREATE TABLE member (
	user_group TEXT NOT NULL REFERENCES user_group (id),
	principal  TEXT NOT NULL REFERENCES users (id),
	created    INTEGER NOT NULL,
	PRIMARY KEY (user_group, principal)
) STRICT;
CREATE INDEX member_principal ON member (principal);

CREATE TABLE role (
	id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant   TEXT NOT NULL REFERENCES tenant (id),
	name     TEXT NOT NULL,
	title    TEXT NOT NULL,
	built_in INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	version  INTEGER NOT NULL,
	UNIQUE (tenant, name)
) STRICT;

CREATE TABLE role_permission (
	role       TEXT NOT NULL REFERENCES role (id),
	permission TEXT NOT NULL,
	PRIMARY KEY (role, permission)
) STRICT;
CREATE INDEX role_permission_permission ON role_permission (permission);

CREATE TABLE binding (
	id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant       TEXT NOT NULL REFERENCES tenant (id),
	subject_kind TEXT NOT NULL,
	subject      TEXT NOT NULL CHECK (subject <> ''),
	role         TEXT NOT NULL REFERENCES role (id),
	realm        TEXT NOT NULL,
	condition    TEXT NOT NULL,
	expires      INTEGER NOT NULL CHECK (expires >= 0),
	state        TEXT NOT NULL,
	created      INTEGER NOT NULL,
	updated      INTEGER NOT NULL,
	version      INTEGER NOT NULL
) STRICT;
CREATE INDEX binding_tenant ON binding (tenant, created, id);
CREATE INDEX binding_subject ON binding (subject, subject_kind);
CREATE INDEX binding_role ON binding (role);

CREATE TABLE api (
	name     TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
	document TEXT NOT NULL,
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	version  INTEGER NOT NULL
) STRICT;

CREATE TABLE credential (
	id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant    TEXT NOT NULL REFERENCES tenant (id),
	kind      TEXT NOT NULL,
	owner     TEXT NOT NULL CHECK (owner <> ''),
	creator   TEXT NOT NULL,
	name      TEXT NOT NULL,
	hint      TEXT NOT NULL,
	scopes    TEXT NOT NULL,
	networks  TEXT NOT NULL,
	state     TEXT NOT NULL,
	expires   INTEGER NOT NULL CHECK (expires >= 0),
	idle      INTEGER NOT NULL CHECK (idle >= 0),
	uses      INTEGER NOT NULL CHECK (uses >= 0),
	last_used INTEGER NOT NULL,
	last_addr TEXT NOT NULL,
	last_via  TEXT NOT NULL,
	created   INTEGER NOT NULL,
	renewed   INTEGER NOT NULL,
	updated   INTEGER NOT NULL,
	version   INTEGER NOT NULL
) STRICT;
CREATE INDEX credential_tenant ON credential (tenant, created, id);
CREATE INDEX credential_owner ON credential (owner, created, id);
CREATE INDEX credential_expires ON credential (expires);

CREATE TABLE credential_secret (
	digest     BLOB NOT NULL PRIMARY KEY,
	credential TEXT NOT NULL REFERENCES credential (id),
	pepper     INTEGER NOT NULL,
	hint       TEXT NOT NULL,
	expires    INTEGER NOT NULL CHECK (expires >= 0),
	uses       INTEGER NOT NULL CHECK (uses >= 0),
	last_used  INTEGER NOT NULL,
	created    INTEGER NOT NULL
) STRICT;
CREATE INDEX credential_secret_credential ON credential_secret (credential);

CREATE TABLE family (
	id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant     TEXT NOT NULL REFERENCES tenant (id),
	principal  TEXT NOT NULL CHECK (principal <> ''),
	credential TEXT NOT NULL,
	client     TEXT NOT NULL,
	api        TEXT NOT NULL,
	scopes     TEXT NOT NULL,
	state      TEXT NOT NULL,
	end_reason TEXT NOT NULL,
	created    INTEGER NOT NULL,
	expires    INTEGER NOT NULL CHECK (expires > 0),
	ended      INTEGER NOT NULL,
	version    INTEGER NOT NULL
) STRICT;
CREATE INDEX family_principal ON family (principal, created, id);
CREATE INDEX family_tenant ON family (tenant, created, id);
CREATE INDEX family_expires ON family (expires);

CREATE TABLE refresh_token (
	digest    BLOB NOT NULL PRIMARY KEY,
	family    TEXT NOT NULL REFERENCES family (id),
	pepper    INTEGER NOT NULL,
	number    INTEGER NOT NULL,
	created   INTEGER NOT NULL,
	expires   INTEGER NOT NULL CHECK (expires > 0),
	used      INTEGER NOT NULL,
	successor BLOB NOT NULL,
	UNIQUE (family, number)
) STRICT;

CREATE TABLE signing_key (
	id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	api         TEXT NOT NULL,
	algorithm   TEXT NOT NULL,
	use       TEXT NOT NULL,
	state       TEXT NOT NULL,
	sealed      BLOB NOT NULL,
	public      TEXT NOT NULL,
	created     INTEGER NOT NULL,
	activated   INTEGER NOT NULL,
	retired     INTEGER NOT NULL,
	ends        INTEGER NOT NULL,
	version     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_key_active ON signing_key (api, use, algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX signing_key_next ON signing_key (api, use, algorithm) WHERE state = 'next';

CREATE TABLE audit_head (
	one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	seq  INTEGER NOT NULL,
	hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (one, seq, hash)
VALUES (1, 0, X'0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE audit_entry (
	seq         INTEGER NOT NULL PRIMARY KEY,
	at          INTEGER NOT NULL,
	tenant      TEXT NOT NULL,
	actor_id    TEXT NOT NULL,
	actor_name  TEXT NOT NULL,
	actor_kind  TEXT NOT NULL,
	action      TEXT NOT NULL,
	target_kind TEXT NOT NULL,
	target_id   TEXT NOT NULL,
	target_name TEXT NOT NULL,
	before      TEXT NOT NULL,
	after       TEXT NOT NULL,
	request_id  TEXT NOT NULL,
	address     TEXT NOT NULL,
	prev        BLOB NOT NULL,
	hash        BLOB NOT NULL
) STRICT;
CREATE INDEX audit_entry_tenant ON audit_entry (tenant, seq);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, seq);
CREATE INDEX audit_entry_target ON audit_entry (target_id, seq);
CREATE INDEX audit_entry_request ON audit_entry (request_id);

CREATE TABLE idempotency (
	principal    TEXT NOT NULL,
	key          TEXT NOT NULL,
	request_hash BLOB NOT NULL,
	status       INTEGER NOT NULL,
	result_id    TEXT NOT NULL,
	created      INTEGER NOT NULL,
	PRIMARY KEY (principal, key)
) STRICT;
CREATE INDEX idempotency_created ON idempotency (created);

CREATE TABLE throttle (
	key      BLOB NOT NULL PRIMARY KEY,
	failures INTEGER NOT NULL CHECK (failures >= 0),
	since    INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	updated  INTEGER NOT NULL
) STRICT;
CREATE INDEX throttle_updated ON throttle (updated);
