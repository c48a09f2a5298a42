-- +goose Up

-- What was used of what is granted: who used which permission, with which token,
-- through which binding and in which tenant. The id is a hash of the five, so
-- that any node can count without asking first. Days are counted from 1970.
CREATE TABLE permission_use (
	id         BLOB PRIMARY KEY,
	tenant     TEXT NOT NULL CHECK (tenant <> ''),
	principal  TEXT NOT NULL,
	credential TEXT NOT NULL,
	binding    TEXT NOT NULL,
	permission TEXT NOT NULL,
	first_day  INTEGER NOT NULL,
	last_day   INTEGER NOT NULL
) STRICT;
CREATE INDEX permission_use_tenant ON permission_use (tenant, id);
CREATE INDEX permission_use_principal ON permission_use (principal);

CREATE TABLE permission_use_day (
	id   BLOB NOT NULL,
	day  INTEGER NOT NULL,
	uses INTEGER NOT NULL,
	PRIMARY KEY (id, day)
) STRICT;
