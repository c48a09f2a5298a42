-- +goose Up

-- What was asked of APIs that learn: by whom, and how often.
CREATE TABLE lesson (
	api       TEXT COLLATE "C" NOT NULL,
	path      TEXT COLLATE "C" NOT NULL,
	method    TEXT COLLATE "C" NOT NULL,
	principal TEXT COLLATE "C" NOT NULL,
	tenant    TEXT COLLATE "C" NOT NULL,
	kind      TEXT COLLATE "C" NOT NULL,
	login     TEXT COLLATE "C" NOT NULL,
	requests  BIGINT NOT NULL,
	answered  BIGINT NOT NULL,
	absent    BIGINT NOT NULL,
	first     BIGINT NOT NULL,
	last      BIGINT NOT NULL,
	PRIMARY KEY (api, path, method, principal, tenant)
);
