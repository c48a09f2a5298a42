package main

import (
	"fmt"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// loadCedar has a policy for each role; a user's roles are his parents in each
// tenant, and the permission is the action.
func loadCedar(w *world) (func(q *question) (bool, error), error) {
	set := cedar.NewPolicySet()
	for i, list := range w.grants {
		text := fmt.Sprintf("permit (principal in Role::%q, action in [", roleName(i))
		for n, p := range list {
			if n > 0 {
				text += ", "
			}
			text += fmt.Sprintf("Action::%q", permissionName(p))
		}
		text += "], resource) when { principal.tenant == resource };"
		var policy cedar.Policy
		if err := policy.UnmarshalCedar([]byte(text)); err != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		set.Add(cedar.PolicyID(roleName(i)), &policy)
	}
	entities := cedar.EntityMap{}
	for i := range w.grants {
		uid := cedar.NewEntityUID("Role", types.String(roleName(i)))
		entities[uid] = cedar.Entity{UID: uid}
	}
	for i, u := range w.users {
		uid := cedar.NewEntityUID("User", types.String(userName(i)))
		entities[uid] = cedar.Entity{
			UID: uid,
			Parents: cedar.NewEntityUIDSet(
				cedar.NewEntityUID("Role", types.String(roleName(u.roles[0]))), cedar.NewEntityUID("Role", types.String(roleName(u.roles[1]))),
			),
			Attributes: cedar.NewRecord(cedar.RecordMap{"tenant": cedar.NewEntityUID("Tenant", types.String(tenantName(u.tenant)))}),
		}
	}
	return func(q *question) (bool, error) {
		decision, _ := cedar.Authorize(set, entities, cedar.Request{
			Principal: cedar.NewEntityUID("User", types.String(q.user)),
			Action:    cedar.NewEntityUID("Action", types.String(q.permission)),
			Resource:  cedar.NewEntityUID("Tenant", types.String(q.tenant)),
		})
		return decision == cedar.Allow, nil
	}, nil
}
