package store

import (
	"context"

	"github.com/sallyport/sallyport"
)

// A PolicyItem says which policy file manages a thing. A row can outlive what it
// names.
type PolicyItem struct {
	Kind   string             // "tenant", "realm", "user", "group", "role", "binding" or "api"
	Tenant sallyport.TenantID // of the thing; of a tenant its own id, of an API [sallyport.EveryTenant]
	ID     string             // of the thing; of a realm or an API its name
	Policy string             // name of the policy
}

const policyItemColumns = `
	SELECT kind, tenant, id, policy
	FROM policy_item `

func scanPolicyItem(r row) (i PolicyItem, err error) {
	if err := r.Scan(&i.Kind, &i.Tenant, &i.ID, &i.Policy); err != nil {
		return i, err
	}
	return i, checkTenant("policy item", i.Kind+" "+i.ID, i.Tenant)
}

const selectPolicyItems = policyItemColumns + `
	WHERE tenant = $1
	ORDER BY kind, id`

// PolicyItems returns what is managed of a tenant, by whichever policy.
func (r *Reader) PolicyItems(ctx context.Context, tenant sallyport.TenantID) ([]PolicyItem, error) {
	return list(ctx, r, "policy item", selectPolicyItems, scanPolicyItem, string(tenant))
}

const selectPolicyItemsOf = policyItemColumns + `
	WHERE policy = $1
	ORDER BY kind, tenant, id`

// PolicyItemsOf returns what a policy manages, in all tenants.
func (r *Reader) PolicyItemsOf(ctx context.Context, policy string) ([]PolicyItem, error) {
	return list(ctx, r, "policy item", selectPolicyItemsOf, scanPolicyItem, policy)
}

// insertPolicyItems makes or replaces one row for each item.
var insertPolicyItems = batchText{
	head: `INSERT INTO policy_item (kind, tenant, id, policy) VALUES `,
	row:  []string{asText, asText, asText, asText},
	tail: ` ON CONFLICT (kind, tenant, id) DO UPDATE SET policy = excluded.policy`,
}

// KeepPolicyItems writes down which policy manages the things. The same thing
// must not be there twice.
func (t *Tx) KeepPolicyItems(ctx context.Context, items []PolicyItem) error {
	rows := make([][]any, len(items))
	for i, item := range items {
		rows[i] = []any{item.Kind, string(item.Tenant), item.ID, item.Policy}
	}
	return t.batch(ctx, "policy item", insertPolicyItems, rows)
}

const deletePolicyItem = `
	DELETE FROM policy_item WHERE tenant = $1 AND kind = $2 AND id = $3`

// DropPolicyItem forgets that a thing is managed. That it was not is no error.
func (t *Tx) DropPolicyItem(ctx context.Context, tenant sallyport.TenantID, kind, id string) error {
	_, err := t.exec(ctx, "policy item", deletePolicyItem, string(tenant), kind, id)
	return err
}
