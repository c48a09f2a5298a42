-- +goose Up

-- Lists are read by an index that has what they are about in front and their
-- order behind, however long they are.
CREATE INDEX binding_of_subject ON binding (subject, tenant, created, id);
CREATE INDEX binding_of_role ON binding (role, tenant, created, id);
CREATE INDEX binding_created ON binding (created, id);
CREATE INDEX credential_kind ON credential (tenant, kind, created, id);
CREATE INDEX credential_owner_kind ON credential (owner, kind, created, id);
CREATE INDEX credential_tenant_expires ON credential (tenant, expires, id);
CREATE INDEX users_tenant_kind ON users (tenant, kind, login);
CREATE INDEX users_kind ON users (kind, login);
