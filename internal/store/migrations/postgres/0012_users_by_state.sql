-- +goose Up

-- Users in one state are found without a look at all others: those that are locked
-- are few among very many.
CREATE INDEX users_tenant_state ON users (tenant, state, login);
CREATE INDEX users_state ON users (state, login);
