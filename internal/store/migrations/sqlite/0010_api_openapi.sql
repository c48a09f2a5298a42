-- +goose Up

-- The OpenAPI document that describes a protected API to people: JSON, packed
-- by gzip. Nothing is decided by it.
CREATE TABLE api_openapi (
	api      TEXT NOT NULL PRIMARY KEY REFERENCES api (name),
	document BLOB NOT NULL,
	updated  INTEGER NOT NULL
) STRICT;
