package doors_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/policy"
)

// A refused request and what is bound to who made it.
type refused struct {
	compiler *policy.Compiler
	snapshot *policy.Snapshot
	bindings []sallyport.Binding
	trial    policy.Trial
}

func (r *refused) with(realm string, roles ...sallyport.RoleID) *policy.Principal {
	all := r.bindings[:len(r.bindings):len(r.bindings)]
	for i, role := range roles {
		all = append(all, sallyport.Binding{
			ID: sallyport.BindingID(fmt.Sprint("new", i)), Tenant: doorstest.Tenant, SubjectKind: sallyport.SubjectUser, Subject: "alice",
			Role: role, Realm: realm, State: sallyport.Active,
		})
	}
	p, _ := r.compiler.Principal(policy.Record{
		Principal: sallyport.Principal{ID: "alice", Kind: sallyport.PrincipalPerson, Home: doorstest.Tenant}, State: sallyport.Active, Bindings: all,
	})
	return p
}

func (r *refused) decide(realm string, roles ...sallyport.RoleID) sallyport.Decision {
	return doors.Judge(r.snapshot, r.with(realm, roles...), &r.trial)
}

var (
	someNames  = []string{"a", "b", "c", "d"}
	someRealms = []string{"", "r1", "r2"}
)

func somePermissions(t *rapid.T, label string, least, most int) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(someNames), least, most, rapid.ID).Draw(t, label)
}

func someRefusal(t *rapid.T) *refused {
	var specs []sallyport.PermissionSpec
	for _, n := range someNames {
		specs = append(specs, sallyport.PermissionSpec{Name: n})
	}
	asked := sallyport.Route{
		ID: "asked", Methods: []string{"GET"}, Path: "/asked",
		AllOf: somePermissions(t, "all of", 0, 3), AnyOf: somePermissions(t, "any of", 0, 2),
	}
	if len(asked.AllOf)+len(asked.AnyOf) == 0 {
		asked.AllOf = []string{"a"}
	}
	if rapid.IntRange(0, 3).Draw(t, "by kind") == 0 {
		asked.ByKind = []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}, AnyOf: somePermissions(t, "of the kind", 1, 2)}}
	}
	api := sallyport.API{
		Name: "shop", BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}, Permissions: specs,
		Realm:  &sallyport.Selector{From: "query", Name: "realm", Any: rapid.Bool().Draw(t, "any realm")},
		Routes: []sallyport.Route{asked, {ID: "other", Methods: []string{"GET"}, Path: "/other", AllOf: []string{"d"}}},
	}
	source := policy.Source{APIs: []sallyport.API{api}, Tenants: []sallyport.Tenant{{ID: doorstest.Tenant, State: sallyport.Active}}}
	roles := rapid.IntRange(1, 5).Draw(t, "roles")
	for i := range roles {
		role := sallyport.Role{ID: sallyport.RoleID(fmt.Sprint("role", i)), Name: fmt.Sprint("role", i), Tenant: sallyport.EveryTenant}
		for _, p := range somePermissions(t, "role", 0, 3) {
			role.Permissions = append(role.Permissions, sallyport.Permission("shop/"+p))
		}
		source.Roles = append(source.Roles, role)
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	out := &refused{trial: policy.Trial{
		Method: "GET", Target: "/shop/asked", Time: now, Realm: rapid.SampledFrom(someRealms).Draw(t, "asked realm"), Kind: sallyport.PersonalToken,
	}}
	for i := range rapid.IntRange(0, 4).Draw(t, "bindings") {
		b := sallyport.Binding{
			ID: sallyport.BindingID(fmt.Sprint("b", i)), SubjectKind: sallyport.SubjectUser, Subject: "alice",
			Tenant: rapid.SampledFrom([]sallyport.TenantID{doorstest.Tenant, sallyport.EveryTenant}).Draw(t, "tenant"),
			Role:   sallyport.RoleID(fmt.Sprint("role", rapid.IntRange(0, roles-1).Draw(t, "bound"))),
			Realm:  rapid.SampledFrom(someRealms).Draw(t, "realm"), State: sallyport.Active,
			Condition: rapid.SampledFrom([]string{"", "", `method == "PUT"`, `realm == "r1"`}).Draw(t, "condition"),
		}
		if rapid.IntRange(0, 4).Draw(t, "over") == 0 {
			b.Expires = now
		}
		out.bindings = append(out.bindings, b)
	}
	var err error
	if out.compiler, err = policy.NewCompiler(policy.Rules{}); err != nil {
		t.Fatal(err)
	}
	if out.snapshot, err = out.compiler.Compile(source); err != nil {
		t.Fatal(err)
	}
	return out
}

// Each grant that is suggested makes the request pass, none that is less does, and
// when nothing is suggested nothing would do.
func TestSuggestionsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := someRefusal(t)
		before := r.decide("")
		found, realm := doors.Suggestions(r.snapshot, r.with(""), &before, &r.trial)
		if before.Allowed {
			if len(found) > 0 {
				t.Fatalf("the request passes, and %s is suggested", names(found[0].Roles))
			}
			return
		}
		for _, f := range found {
			var ids []sallyport.RoleID
			for _, role := range f.Roles {
				ids = append(ids, role.ID)
			}
			if d := r.decide(realm, ids...); !d.Allowed {
				t.Fatalf("with %s it is still %q (before: %q)", names(f.Roles), d.Reason, before.Reason)
			}
			for i := range ids {
				if len(ids) > 1 && r.decide(realm, ids[i]).Allowed {
					t.Fatalf("%s alone would do, and %s are suggested", f.Roles[i].Name, names(f.Roles))
				}
			}
		}
		if len(found) > 0 {
			return
		}
		for _, one := range r.snapshot.RoleList() {
			for _, other := range r.snapshot.RoleList() {
				if r.decide(realm, one.ID, other.ID).Allowed {
					t.Fatalf("nothing is suggested for %q, and %s and %s would do", before.Reason, one.Name, other.Name)
				}
			}
		}
	})
}

func names(roles []*policy.Role) (out string) {
	for _, r := range roles {
		out += " " + r.Name
	}
	return out
}
