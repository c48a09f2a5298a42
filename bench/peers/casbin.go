package main

import (
	"fmt"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

// rbac is casbin's model of roles in domains, with the cheap comparisons first in
// the matcher.
const rbac = `
[request_definition]
r = sub, dom, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && g(r.sub, p.sub, r.dom)
`

// fill puts the world into an enforcer.
func fill(w *world, e casbin.IEnforcer) error {
	var policies, groupings [][]string
	for i, list := range w.grants {
		for _, p := range list {
			policies = append(policies, []string{roleName(i), permissionName(p)})
		}
	}
	for i, u := range w.users {
		for n, r := range u.roles {
			if n == 1 && r == u.roles[0] {
				continue
			}
			groupings = append(groupings, []string{userName(i), roleName(r), tenantName(u.tenant)})
		}
	}
	if _, err := e.AddPolicies(policies); err != nil {
		return fmt.Errorf("add policies: %w", err)
	}
	if _, err := e.AddGroupingPolicies(groupings); err != nil {
		return fmt.Errorf("add roles: %w", err)
	}
	return nil
}

func loadCasbin(w *world) (func(q *question) (bool, error), error) {
	m, err := model.NewModelFromString(rbac)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	if err := fill(w, e); err != nil {
		return nil, err
	}
	return func(q *question) (bool, error) { return e.Enforce(q.user, q.tenant, q.permission) }, nil
}

// loadCasbinCached remembers whole decisions, so what is measured is a hit.
func loadCasbinCached(w *world) (func(q *question) (bool, error), error) {
	m, err := model.NewModelFromString(rbac)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewCachedEnforcer(m)
	if err != nil {
		return nil, err
	}
	if err := fill(w, e); err != nil {
		return nil, err
	}
	return func(q *question) (bool, error) { return e.Enforce(q.user, q.tenant, q.permission) }, nil
}
