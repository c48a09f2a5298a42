-- +goose Up

-- Which policy file manages a thing. A row outlives what it names: who reads it
-- passes over what is not there any more.
CREATE TABLE policy_item (
	kind   TEXT COLLATE "C" NOT NULL,
	tenant TEXT COLLATE "C" NOT NULL,
	id     TEXT COLLATE "C" NOT NULL,
	policy TEXT COLLATE "C" NOT NULL CHECK (policy <> ''),
	PRIMARY KEY (kind, tenant, id)
);
CREATE INDEX policy_item_tenant ON policy_item (tenant);
CREATE INDEX policy_item_policy ON policy_item (policy);
