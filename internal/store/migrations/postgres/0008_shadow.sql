-- +goose Up

-- Drafts of policies that are tried on real requests, beside the policy in
-- force, and what would be different.
CREATE TABLE shadow (
	id       TEXT COLLATE "C" PRIMARY KEY,
	name     TEXT COLLATE "C" NOT NULL,
	draft    TEXT COLLATE "C" NOT NULL,
	adopt    BIGINT NOT NULL,
	tenants  TEXT COLLATE "C" NOT NULL,
	starter  TEXT COLLATE "C" NOT NULL,
	created  BIGINT NOT NULL,
	ends     BIGINT NOT NULL,
	seen     BIGINT NOT NULL,
	compared BIGINT NOT NULL,
	problem  TEXT COLLATE "C" NOT NULL
);

CREATE TABLE shadow_difference (
	shadow     TEXT COLLATE "C" NOT NULL,
	day        BIGINT NOT NULL,
	refused    BIGINT NOT NULL,
	tenant     TEXT COLLATE "C" NOT NULL,
	principal  TEXT COLLATE "C" NOT NULL,
	api        TEXT COLLATE "C" NOT NULL,
	route      TEXT COLLATE "C" NOT NULL,
	reason     TEXT COLLATE "C" NOT NULL,
	login      TEXT COLLATE "C" NOT NULL,
	requests   BIGINT NOT NULL,
	method     TEXT COLLATE "C" NOT NULL,
	path       TEXT COLLATE "C" NOT NULL,
	request_id TEXT COLLATE "C" NOT NULL,
	last       BIGINT NOT NULL,
	PRIMARY KEY (shadow, day, refused, tenant, principal, api, route, reason)
);
