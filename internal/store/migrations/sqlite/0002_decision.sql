-- +goose Up

-- What the doors decided: refusals, and a sample of the rest, for as long as
-- somebody may ask why. "tenant" is whose decision it is: the tenant that was
-- asked for, or else where the principal is at home, or '*' for strangers.
CREATE TABLE decision (
	request_id      TEXT NOT NULL CHECK (request_id <> ''),
	at              INTEGER NOT NULL,
	tenant          TEXT NOT NULL CHECK (tenant <> ''),
	allowed         INTEGER NOT NULL,
	reason          TEXT NOT NULL,
	api             TEXT NOT NULL,
	route           TEXT NOT NULL,
	method          TEXT NOT NULL,
	host            TEXT NOT NULL,
	path            TEXT NOT NULL,
	principal       TEXT NOT NULL,
	principal_kind  TEXT NOT NULL,
	login           TEXT NOT NULL,
	credential      TEXT NOT NULL,
	credential_kind TEXT NOT NULL,
	acted_in        TEXT NOT NULL,
	realm           TEXT NOT NULL,
	revision        INTEGER NOT NULL,
	missing         TEXT NOT NULL,
	scopes          TEXT NOT NULL,
	address         TEXT NOT NULL,
	trace           TEXT NOT NULL,
	PRIMARY KEY (request_id, at)
) STRICT;
CREATE INDEX decision_tenant ON decision (tenant, at, request_id);
CREATE INDEX decision_principal ON decision (principal, at, request_id);
CREATE INDEX decision_at ON decision (at);
