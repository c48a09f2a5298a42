-- +goose Up

-- Which credential a session was begun with: it ends with that one.
ALTER TABLE credential ADD COLUMN begun_with TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX credential_begun_with ON credential (begun_with) WHERE begun_with <> '';
