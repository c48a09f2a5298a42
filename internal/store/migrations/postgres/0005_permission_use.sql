-- +goose Up

-- What was used of what is granted: who used which permission, with which token,
-- through which binding and in which tenant. The id is a hash of the five, so
-- that any node can count without asking first. Days are counted from 1970.
CREATE TABLE permission_use (
	id         BYTEA PRIMARY KEY,
	tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
	principal  TEXT COLLATE "C" NOT NULL,
	credential TEXT COLLATE "C" NOT NULL,
	binding    TEXT COLLATE "C" NOT NULL,
	permission TEXT COLLATE "C" NOT NULL,
	first_day  BIGINT NOT NULL,
	last_day   BIGINT NOT NULL
);
CREATE INDEX permission_use_tenant ON permission_use (tenant, id);
CREATE INDEX permission_use_principal ON permission_use (principal);

CREATE TABLE permission_use_day (
	id   BYTEA NOT NULL,
	day  BIGINT NOT NULL,
	uses BIGINT NOT NULL,
	PRIMARY KEY (id, day)
);
