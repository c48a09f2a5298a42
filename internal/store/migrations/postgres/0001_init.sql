-- +goose Up

-- Facts of the installation. "schema_floor" is the lowest schema version whose
-- programs can still work on this database; a migration that does more than
-- add raises it.
CREATE TABLE meta (
	key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	value TEXT COLLATE "C" NOT NULL
);
INSERT INTO meta (key, value) VALUES ('schema_floor', '1');

-- One row: the number of the last committed change, and the highest number
-- that was removed from the change log.
CREATE TABLE revision (
	one    BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
	n      BIGINT NOT NULL,
	pruned BIGINT NOT NULL
);
INSERT INTO revision (one, n, pruned) VALUES (1, 0, 0);

CREATE TABLE change (
	revision BIGINT NOT NULL,
	ordinal  BIGINT NOT NULL,
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (revision, ordinal)
);

CREATE TABLE node (
	id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	name        TEXT COLLATE "C" NOT NULL,
	fingerprint TEXT COLLATE "C" NOT NULL,
	started     BIGINT NOT NULL,
	confirmed   BIGINT NOT NULL,
	seen        BIGINT NOT NULL
);

CREATE TABLE tenant (
	id                TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	name              TEXT COLLATE "C" NOT NULL UNIQUE,
	parent            TEXT COLLATE "C" REFERENCES tenant (id),
	state             TEXT COLLATE "C" NOT NULL,
	token_max_age     BIGINT NOT NULL,
	token_default_age BIGINT NOT NULL,
	created           BIGINT NOT NULL,
	updated           BIGINT NOT NULL,
	version           BIGINT NOT NULL
);
CREATE INDEX tenant_parent ON tenant (parent);
-- The row behind "every tenant", so that what belongs to no single tenant can
-- refer to one too. No method returns it.
INSERT INTO tenant (id, name, parent, state, token_max_age, token_default_age, created, updated, version)
VALUES ('*', '*', NULL, 'active', 0, 0, 0, 0, 1);

CREATE TABLE realm (
	tenant  TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	name    TEXT COLLATE "C" NOT NULL,
	title   TEXT COLLATE "C" NOT NULL,
	created BIGINT NOT NULL,
	version BIGINT NOT NULL,
	PRIMARY KEY (tenant, name)
);

CREATE TABLE users (
	id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant     TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	kind       TEXT COLLATE "C" NOT NULL,
	login      TEXT COLLATE "C" NOT NULL UNIQUE CHECK (login <> ''),
	name       TEXT COLLATE "C" NOT NULL,
	email      TEXT COLLATE "C" NOT NULL,
	state      TEXT COLLATE "C" NOT NULL,
	epoch      BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	last_login BIGINT NOT NULL,
	created    BIGINT NOT NULL,
	updated    BIGINT NOT NULL,
	version    BIGINT NOT NULL
);
CREATE INDEX users_tenant ON users (tenant, login);

CREATE TABLE password (
	principal   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id),
	hash        TEXT COLLATE "C" NOT NULL CHECK (hash <> ''),
	changed     BIGINT NOT NULL,
	must_change BIGINT NOT NULL
);

CREATE TABLE user_group (
	id      TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant  TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	name    TEXT COLLATE "C" NOT NULL,
	title   TEXT COLLATE "C" NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	version BIGINT NOT NULL,
	UNIQUE (tenant, name)
);

CREATE TABLE member (
	user_group TEXT COLLATE "C" NOT NULL REFERENCES user_group (id),
	principal  TEXT COLLATE "C" NOT NULL REFERENCES users (id),
	created    BIGINT NOT NULL,
	PRIMARY KEY (user_group, principal)
);
CREATE INDEX member_principal ON member (principal);

CREATE TABLE role (
	id       TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant   TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	name     TEXT COLLATE "C" NOT NULL,
	title    TEXT COLLATE "C" NOT NULL,
	built_in BIGINT NOT NULL,
	created  BIGINT NOT NULL,
	updated  BIGINT NOT NULL,
	version  BIGINT NOT NULL,
	UNIQUE (tenant, name)
);

CREATE TABLE role_permission (
	role       TEXT COLLATE "C" NOT NULL REFERENCES role (id),
	permission TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (role, permission)
);
CREATE INDEX role_permission_permission ON role_permission (permission);

CREATE TABLE binding (
	id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant       TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	subject_kind TEXT COLLATE "C" NOT NULL,
	subject      TEXT COLLATE "C" NOT NULL CHECK (subject <> ''),
	role         TEXT COLLATE "C" NOT NULL REFERENCES role (id),
	realm        TEXT COLLATE "C" NOT NULL,
	condition    TEXT COLLATE "C" NOT NULL,
	expires      BIGINT NOT NULL CHECK (expires >= 0),
	state        TEXT COLLATE "C" NOT NULL,
	created      BIGINT NOT NULL,
	updated      BIGINT NOT NULL,
	version      BIGINT NOT NULL
);
CREATE INDEX binding_tenant ON binding (tenant, created, id);
CREATE INDEX binding_subject ON binding (subject, subject_kind);
CREATE INDEX binding_role ON binding (role);

CREATE TABLE api (
	name     TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name <> ''),
	document TEXT COLLATE "C" NOT NULL,
	created  BIGINT NOT NULL,
	updated  BIGINT NOT NULL,
	version  BIGINT NOT NULL
);

CREATE TABLE credential (
	id        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant    TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	kind      TEXT COLLATE "C" NOT NULL,
	owner     TEXT COLLATE "C" NOT NULL CHECK (owner <> ''),
	creator   TEXT COLLATE "C" NOT NULL,
	name      TEXT COLLATE "C" NOT NULL,
	hint      TEXT COLLATE "C" NOT NULL,
	scopes    TEXT COLLATE "C" NOT NULL,
	networks  TEXT COLLATE "C" NOT NULL,
	state     TEXT COLLATE "C" NOT NULL,
	expires   BIGINT NOT NULL CHECK (expires >= 0),
	idle      BIGINT NOT NULL CHECK (idle >= 0),
	uses      BIGINT NOT NULL CHECK (uses >= 0),
	last_used BIGINT NOT NULL,
	last_addr TEXT COLLATE "C" NOT NULL,
	last_via  TEXT COLLATE "C" NOT NULL,
	created   BIGINT NOT NULL,
	renewed   BIGINT NOT NULL,
	updated   BIGINT NOT NULL,
	version   BIGINT NOT NULL
);
CREATE INDEX credential_tenant ON credential (tenant, created, id);
CREATE INDEX credential_owner ON credential (owner, created, id);
CREATE INDEX credential_expires ON credential (expires);

CREATE TABLE credential_secret (
	digest     BYTEA NOT NULL PRIMARY KEY,
	credential TEXT COLLATE "C" NOT NULL REFERENCES credential (id),
	pepper     BIGINT NOT NULL,
	hint       TEXT COLLATE "C" NOT NULL,
	expires    BIGINT NOT NULL CHECK (expires >= 0),
	uses       BIGINT NOT NULL CHECK (uses >= 0),
	last_used  BIGINT NOT NULL,
	created    BIGINT NOT NULL
);
CREATE INDEX credential_secret_credential ON credential_secret (credential);

CREATE TABLE family (
	id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	tenant     TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
	principal  TEXT COLLATE "C" NOT NULL CHECK (principal <> ''),
	credential TEXT COLLATE "C" NOT NULL,
	client     TEXT COLLATE "C" NOT NULL,
	api        TEXT COLLATE "C" NOT NULL,
	scopes     TEXT COLLATE "C" NOT NULL,
	state      TEXT COLLATE "C" NOT NULL,
	end_reason TEXT COLLATE "C" NOT NULL,
	created    BIGINT NOT NULL,
	expires    BIGINT NOT NULL CHECK (expires > 0),
	ended      BIGINT NOT NULL,
	version    BIGINT NOT NULL
);
CREATE INDEX family_principal ON family (principal, created, id);
CREATE INDEX family_tenant ON family (tenant, created, id);
CREATE INDEX family_expires ON family (expires);

CREATE TABLE refresh_token (
	digest    BYTEA NOT NULL PRIMARY KEY,
	family    TEXT COLLATE "C" NOT NULL REFERENCES family (id),
	pepper    BIGINT NOT NULL,
	number    BIGINT NOT NULL,
	created   BIGINT NOT NULL,
	expires   BIGINT NOT NULL CHECK (expires > 0),
	used      BIGINT NOT NULL,
	successor BYTEA NOT NULL,
	UNIQUE (family, number)
);

CREATE TABLE signing_key (
	id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	api         TEXT COLLATE "C" NOT NULL,
	algorithm   TEXT COLLATE "C" NOT NULL,
	use       TEXT COLLATE "C" NOT NULL,
	state       TEXT COLLATE "C" NOT NULL,
	sealed      BYTEA NOT NULL,
	public      TEXT COLLATE "C" NOT NULL,
	created     BIGINT NOT NULL,
	activated   BIGINT NOT NULL,
	retired     BIGINT NOT NULL,
	ends        BIGINT NOT NULL,
	version     BIGINT NOT NULL
);
CREATE UNIQUE INDEX signing_key_active ON signing_key (api, use, algorithm) WHERE state = 'active';
CREATE UNIQUE INDEX signing_key_next ON signing_key (api, use, algorithm) WHERE state = 'next';

CREATE TABLE audit_head (
	one  BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
	seq  BIGINT NOT NULL,
	hash BYTEA NOT NULL
);
INSERT INTO audit_head (one, seq, hash)
VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE audit_entry (
	seq         BIGINT NOT NULL PRIMARY KEY,
	at          BIGINT NOT NULL,
	tenant      TEXT COLLATE "C" NOT NULL,
	actor_id    TEXT COLLATE "C" NOT NULL,
	actor_name  TEXT COLLATE "C" NOT NULL,
	actor_kind  TEXT COLLATE "C" NOT NULL,
	action      TEXT COLLATE "C" NOT NULL,
	target_kind TEXT COLLATE "C" NOT NULL,
	target_id   TEXT COLLATE "C" NOT NULL,
	target_name TEXT COLLATE "C" NOT NULL,
	before      TEXT COLLATE "C" NOT NULL,
	after       TEXT COLLATE "C" NOT NULL,
	request_id  TEXT COLLATE "C" NOT NULL,
	address     TEXT COLLATE "C" NOT NULL,
	prev        BYTEA NOT NULL,
	hash        BYTEA NOT NULL
);
CREATE INDEX audit_entry_tenant ON audit_entry (tenant, seq);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, seq);
CREATE INDEX audit_entry_target ON audit_entry (target_id, seq);
CREATE INDEX audit_entry_request ON audit_entry (request_id);

CREATE TABLE idempotency (
	principal    TEXT COLLATE "C" NOT NULL,
	key          TEXT COLLATE "C" NOT NULL,
	request_hash BYTEA NOT NULL,
	status       BIGINT NOT NULL,
	result_id    TEXT COLLATE "C" NOT NULL,
	created      BIGINT NOT NULL,
	PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_created ON idempotency (created);

CREATE TABLE throttle (
	key      BYTEA NOT NULL PRIMARY KEY,
	failures BIGINT NOT NULL CHECK (failures >= 0),
	since    BIGINT NOT NULL,
	until    BIGINT NOT NULL,
	updated  BIGINT NOT NULL
);
CREATE INDEX throttle_updated ON throttle (updated);
