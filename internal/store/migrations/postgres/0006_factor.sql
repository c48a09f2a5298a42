-- +goose Up

-- What a person proves to be himself with besides the password. The secret of an
-- app is sealed; of a recovery code there is a keyed hash. used is the number of
-- the last time step that a code was taken for, so that none is taken twice.
CREATE TABLE factor (
	id        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
	principal TEXT COLLATE "C" NOT NULL REFERENCES users (id),
	kind      TEXT COLLATE "C" NOT NULL,
	name      TEXT COLLATE "C" NOT NULL,
	state     TEXT COLLATE "C" NOT NULL,
	secret    BYTEA NOT NULL,
	used      BIGINT NOT NULL,
	last_used BIGINT NOT NULL,
	created   BIGINT NOT NULL
);
CREATE INDEX factor_principal ON factor (principal, created, id);
