package admin_test

import (
	"fmt"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// largePolicy has so many users and roles, a binding for each user, and tests.
func largePolicy(users, roles int) api.Policy {
	p := api.Policy{Policy: "large", Tenant: "t1"}
	for i := range roles {
		p.Roles = append(p.Roles, api.PolicyRole{Name: fmt.Sprintf("role-%d", i), Permissions: []sallyport.Permission{"orders/read", "orders/write"}})
	}
	for i := range users {
		login := fmt.Sprintf("somebody-%d", i)
		p.Users = append(p.Users, api.PolicyUser{Login: login, Name: "Some Body", Email: login + "@example.com"})
		p.Bindings = append(p.Bindings, api.PolicyBinding{User: login, Role: fmt.Sprintf("role-%d", i%roles)})
	}
	for i := range 10 {
		p.Tests = append(p.Tests, api.PolicyTest{Expect: fmt.Sprintf("somebody-%d GET /orders/ in t1 -> allow", i)})
	}
	return p
}

// A plan over 10,000 users and 1,000 roles takes less than 5 s: of an empty
// installation, and of one where all of them are and one differs.
func BenchmarkPlan(b *testing.B) {
	w := admintest.New(b)
	p := largePolicy(10_000, 1_000)
	run := func(name string, changes int) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got, err := w.Plan(b.Context(), w.Root, api.PolicyRequest{Policy: p})
				if err != nil || len(got.Changes) != changes || got.Failed != 0 {
					b.Fatalf("%d changes, %d failed, %v", len(got.Changes), got.Failed, err)
				}
			}
		})
	}
	run("new", 21_000)
	for from := 0; from < len(p.Users); from += 2_000 {
		part := p
		part.Tests, part.Users, part.Bindings = nil, p.Users[:from+2_000], p.Bindings[:from+2_000]
		if _, err := w.Apply(b.Context(), w.Root, api.PolicyRequest{Policy: part}); err != nil {
			b.Fatal(err)
		}
	}
	p.Roles[7].Title = "changed"
	run("there", 1)
}
