-- +goose Up

-- Drafts of policies that are tried on real requests, beside the policy in
-- force, and what would be different.
CREATE TABLE shadow (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL,
	draft    TEXT NOT NULL,
	adopt    INTEGER NOT NULL,
	tenants  TEXT NOT NULL,
	starter  TEXT NOT NULL,
	created  INTEGER NOT NULL,
	ends     INTEGER NOT NULL,
	seen     INTEGER NOT NULL,
	compared INTEGER NOT NULL,
	problem  TEXT NOT NULL
) STRICT;

CREATE TABLE shadow_difference (
	shadow     TEXT NOT NULL,
	day        INTEGER NOT NULL,
	refused    INTEGER NOT NULL,
	tenant     TEXT NOT NULL,
	principal  TEXT NOT NULL,
	api        TEXT NOT NULL,
	route      TEXT NOT NULL,
	reason     TEXT NOT NULL,
	login      TEXT NOT NULL,
	requests   INTEGER NOT NULL,
	method     TEXT NOT NULL,
	path       TEXT NOT NULL,
	request_id TEXT NOT NULL,
	last       INTEGER NOT NULL,
	PRIMARY KEY (shadow, day, refused, tenant, principal, api, route, reason)
) STRICT;
