package doors_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/policy"
)

// What nobody asked for is decided like what somebody did.
func TestJudge(t *testing.T) {
	t.Parallel()
	const home, other = sallyport.TenantID("00000000-0000-4000-8000-000000000001"), sallyport.TenantID("00000000-0000-4000-8000-000000000002")
	c, err := policy.NewCompiler(policy.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	api := shop()
	api.Tenant.Required = true
	s, err := c.Compile(policy.Source{
		APIs: []sallyport.API{api},
		Roles: []sallyport.Role{
			{ID: "reader", Tenant: sallyport.EveryTenant, Permissions: []sallyport.Permission{"shop/read"}},
			{ID: "writer", Tenant: sallyport.EveryTenant, Permissions: []sallyport.Permission{"shop/write"}},
		},
		Tenants: []sallyport.Tenant{{ID: home, State: sallyport.Active}, {ID: other, State: sallyport.Active}},
	})
	if err != nil {
		t.Fatal(err)
	}
	binding := func(role sallyport.RoleID, realm string) sallyport.Binding {
		return sallyport.Binding{
			ID: sallyport.BindingID(role), Tenant: home, SubjectKind: sallyport.SubjectUser, Subject: "jo", Role: role,
			Realm: realm, State: sallyport.Active,
		}
	}
	record := policy.Record{
		Principal: sallyport.Principal{ID: "jo", Kind: sallyport.PrincipalPerson, Home: home}, State: sallyport.Active,
		Bindings: []sallyport.Binding{binding("reader", ""), binding("writer", "north")},
	}
	jo, err := c.Principal(record)
	if err != nil {
		t.Fatal(err)
	}
	record.State = sallyport.Deactivated
	gone, err := c.Principal(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		who   *policy.Principal
		trial policy.Trial
		want  sallyport.Reason
	}{
		{"read", jo, policy.Trial{Method: "GET", Target: "/shop/orders/1", Tenant: home}, ""},
		{"in full", jo, policy.Trial{Method: "GET", Target: "https://shop.test/shop/orders/1", Tenant: home}, ""},
		{"write elsewhere", jo, policy.Trial{Method: "PUT", Target: "/shop/orders/1", Tenant: home}, sallyport.RealmForbidden},
		{"write in the realm", jo, policy.Trial{Method: "PUT", Target: "/shop/orders/1", Tenant: home, Realm: "north"}, ""},
		{"no tenant", jo, policy.Trial{Method: "GET", Target: "/shop/orders/1"}, sallyport.TenantRequired},
		{"another tenant", jo, policy.Trial{Method: "GET", Target: "/shop/orders/1", Tenant: other}, sallyport.TenantForbidden},
		{"no route", jo, policy.Trial{Method: "GET", Target: "/shop/nothing", Tenant: home}, sallyport.RouteUnknown},
		{"no API", jo, policy.Trial{Method: "GET", Target: "/nothing", Tenant: home}, sallyport.APIUnknown},
		{"wrong method", jo, policy.Trial{Method: "DELETE", Target: "/shop/orders/1", Tenant: home}, sallyport.MethodNotAllowed},
		{"dots", jo, policy.Trial{Method: "GET", Target: "/shop/../shop/orders/1%2f", Tenant: home}, sallyport.PathAmbiguous},
		{"scope too small", jo, policy.Trial{Method: "PUT", Target: "/shop/orders/1", Tenant: home, Realm: "north", Limited: true, Scopes: []string{"shop/reading"}}, sallyport.ScopeInsufficient},
		{"scope", jo, policy.Trial{Method: "GET", Target: "/shop/orders/1", Tenant: home, Limited: true, Scopes: []string{"shop/reading"}}, ""},
		{"nobody", nil, policy.Trial{Method: "GET", Target: "/shop/orders/1", Tenant: home}, sallyport.CredentialMissing},
		{"nobody in public", nil, policy.Trial{Method: "GET", Target: "/shop/health"}, ""},
		{"deactivated", gone, policy.Trial{Method: "GET", Target: "/shop/orders/1", Tenant: home}, sallyport.OwnerInactive},
	} {
		tt.trial.Time, tt.trial.Client = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), netip.MustParseAddr("192.0.2.1")
		if d := doors.Judge(s, tt.who, &tt.trial); d.Reason != tt.want || d.Allowed != (tt.want == "") {
			t.Errorf("%s: %q, want %q", tt.name, d.Reason, tt.want)
		}
	}
}
