-- +goose Up

-- What a person proves to be himself with besides the password. The secret of an
-- app is sealed; of a recovery code there is a keyed hash. used is the number of
-- the last time step that a code was taken for, so that none is taken twice.
CREATE TABLE factor (
	id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	principal TEXT NOT NULL REFERENCES users (id),
	kind      TEXT NOT NULL,
	name      TEXT NOT NULL,
	state     TEXT NOT NULL,
	secret    BLOB NOT NULL,
	used      INTEGER NOT NULL,
	last_used INTEGER NOT NULL,
	created   INTEGER NOT NULL
) STRICT;
CREATE INDEX factor_principal ON factor (principal, created, id);
