-- +goose Up

-- What the doors decided: refusals, and a sample of the rest, for as long as
-- somebody may ask why. "tenant" is whose decision it is: the tenant that was
-- asked for, or else where the principal is at home, or '*' for strangers.
CREATE TABLE decision (
	request_id      TEXT COLLATE "C" NOT NULL CHECK (request_id <> ''),
	at              BIGINT NOT NULL,
	tenant          TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
	allowed         BIGINT NOT NULL,
	reason          TEXT COLLATE "C" NOT NULL,
	api             TEXT COLLATE "C" NOT NULL,
	route           TEXT COLLATE "C" NOT NULL,
	method          TEXT COLLATE "C" NOT NULL,
	host            TEXT COLLATE "C" NOT NULL,
	path            TEXT COLLATE "C" NOT NULL,
	principal       TEXT COLLATE "C" NOT NULL,
	principal_kind  TEXT COLLATE "C" NOT NULL,
	login           TEXT COLLATE "C" NOT NULL,
	credential      TEXT COLLATE "C" NOT NULL,
	credential_kind TEXT COLLATE "C" NOT NULL,
	acted_in        TEXT COLLATE "C" NOT NULL,
	realm           TEXT COLLATE "C" NOT NULL,
	revision        BIGINT NOT NULL,
	missing         TEXT COLLATE "C" NOT NULL,
	scopes          TEXT COLLATE "C" NOT NULL,
	address         TEXT COLLATE "C" NOT NULL,
	trace           TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (request_id, at)
);
CREATE INDEX decision_tenant ON decision (tenant, at, request_id);
CREATE INDEX decision_principal ON decision (principal, at, request_id);
CREATE INDEX decision_at ON decision (at);
