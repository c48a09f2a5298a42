package main

import (
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// loadSallyport compiles the world as a node does. What is measured is a right that
// is asked for by name: two look-ups of names and then door two's own test.
func loadSallyport(w *world) (func(q *question) (bool, error), error) {
	c, err := policy.NewCompiler(policy.Rules{})
	if err != nil {
		return nil, err
	}
	source := policy.Source{APIs: []sallyport.API{{Name: "bench", BasePath: "/bench", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:9"}}}}
	for i := range permissions {
		source.APIs[0].Permissions = append(source.APIs[0].Permissions, sallyport.PermissionSpec{Name: permissionName(i)[len("bench/"):]})
	}
	for i := range tenants {
		source.Tenants = append(source.Tenants, sallyport.Tenant{ID: sallyport.TenantID(tenantName(i)), State: sallyport.Active})
	}
	for i, list := range w.grants {
		role := sallyport.Role{ID: sallyport.RoleID(roleName(i)), Tenant: sallyport.EveryTenant, Name: roleName(i)}
		for _, p := range list {
			role.Permissions = append(role.Permissions, sallyport.Permission(permissionName(p)))
		}
		source.Roles = append(source.Roles, role)
	}
	snapshot, err := c.Compile(source)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*policy.Principal, users)
	for i, u := range w.users {
		record := policy.Record{State: sallyport.Active, Principal: sallyport.Principal{
			ID: sallyport.PrincipalID(userName(i)), Kind: sallyport.PrincipalPerson, Home: sallyport.TenantID(tenantName(u.tenant)),
		}}
		for _, r := range u.roles {
			record.Bindings = append(record.Bindings, sallyport.Binding{
				Tenant: sallyport.TenantID(tenantName(u.tenant)), SubjectKind: sallyport.SubjectUser, Subject: userName(i),
				Role: sallyport.RoleID(roleName(r)), State: sallyport.Active,
			})
		}
		if known[userName(i)], err = c.Principal(record); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	return func(q *question) (bool, error) {
		reason, _ := snapshot.Ask(known[q.user], nil, sallyport.Permission(q.permission),
			sallyport.Circumstances{Time: now, Tenant: sallyport.TenantID(q.tenant)})
		return reason == "", nil
	}, nil
}
