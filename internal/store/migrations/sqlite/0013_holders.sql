-- +goose Up

-- Who has a role in a tenant is read by who it is, so that a page of those who may
-- costs a page.
CREATE INDEX binding_holder ON binding (role, tenant, subject_kind, subject, id);
