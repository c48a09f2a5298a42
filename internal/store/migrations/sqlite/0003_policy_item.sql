-- +goose Up

-- Which policy file manages a thing. A row outlives what it names: who reads it
-- passes over what is not there any more.
CREATE TABLE policy_item (
	kind   TEXT NOT NULL,
	tenant TEXT NOT NULL,
	id     TEXT NOT NULL,
	policy TEXT NOT NULL CHECK (policy <> ''),
	PRIMARY KEY (kind, tenant, id)
) STRICT;
CREATE INDEX policy_item_tenant ON policy_item (tenant);
CREATE INDEX policy_item_policy ON policy_item (policy);
