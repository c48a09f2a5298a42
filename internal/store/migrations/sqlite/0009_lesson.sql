-- +goose Up

-- What was asked of APIs that learn: by whom, and how often.
CREATE TABLE lesson (
	api       TEXT NOT NULL,
	path      TEXT NOT NULL,
	method    TEXT NOT NULL,
	principal TEXT NOT NULL,
	tenant    TEXT NOT NULL,
	kind      TEXT NOT NULL,
	login     TEXT NOT NULL,
	requests  INTEGER NOT NULL,
	answered  INTEGER NOT NULL,
	absent    INTEGER NOT NULL,
	first     INTEGER NOT NULL,
	last      INTEGER NOT NULL,
	PRIMARY KEY (api, path, method, principal, tenant)
) STRICT;
