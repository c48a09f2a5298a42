package main

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

const rules = `package bench
import rego.v1
default allow := false
allow if {
	some role in data.users[input.user][input.tenant]
	data.roles[role][input.permission]
}`

// loadOPA has the world as data, where a role's permissions are the keys of an
// object, so that nothing is searched.
func loadOPA(w *world) (func(q *question) (bool, error), error) {
	granted, assigned := map[string]any{}, map[string]any{}
	for i, list := range w.grants {
		of := map[string]any{}
		for _, p := range list {
			of[permissionName(p)] = true
		}
		granted[roleName(i)] = of
	}
	for i, u := range w.users {
		assigned[userName(i)] = map[string]any{tenantName(u.tenant): []any{roleName(u.roles[0]), roleName(u.roles[1])}}
	}
	ctx := context.Background()
	query, err := rego.New(
		rego.Query("data.bench.allow"), rego.Module("bench.rego", rules),
		rego.Store(inmem.NewFromObject(map[string]any{"roles": granted, "users": assigned})),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare the query: %w", err)
	}
	return func(q *question) (bool, error) {
		results, err := query.Eval(ctx, rego.EvalInput(map[string]any{"user": q.user, "tenant": q.tenant, "permission": q.permission}))
		return err == nil && results.Allowed(), err
	}, nil
}
