package admin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func TestTenantTree(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	move := func(id, parent sallyport.TenantID) error {
		return tell(s.UpdateTenant(s.ctx, s.Root, id, anyVersion, admin.TenantChange{Parent: &parent}))
	}
	if err := move(s.in, s.child.ID); field(err) != "parent" {
		t.Errorf("below its own child: %v", err)
	}
	if err := move(s.in, s.in); field(err) != "parent" {
		t.Errorf("below itself: %v", err)
	}
	if err := move(s.in, "5a11f0e7-0000-4000-8000-00000000ffff"); field(err) != "parent" {
		t.Errorf("below nothing: %v", err)
	}
	if err := move(s.child.ID, ""); err != nil {
		t.Errorf("to the top: %v", err)
	}
	at := s.T2.ID
	for i := 0; ; i++ {
		made, err := s.CreateTenant(s.ctx, s.Root, admin.NewTenant{Name: fmt.Sprint("deep", i), Parent: at})
		if err != nil {
			if field(err) != "parent" || i < 20 {
				t.Errorf("at depth %d: %v", i, err)
			}
			break
		}
		if at = made.ID; i > 40 {
			t.Fatal("the tree has no bottom")
		}
	}
	// An administrator of a tenant cannot make one elsewhere, nor move his own away.
	bob := s.Person(s.in, admin.TenantsWrite)
	if _, err := s.CreateTenant(s.ctx, bob, admin.NewTenant{Name: "x"}); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("at the top: %v", err)
	}
	if _, err := s.CreateTenant(s.ctx, bob, admin.NewTenant{Name: "x", Parent: s.T2.ID}); field(err) != "parent" {
		t.Errorf("below a foreign one: %v", err)
	}
	foreign := s.T2.ID
	if _, err := s.UpdateTenant(s.ctx, bob, s.in, anyVersion, admin.TenantChange{Parent: &foreign}); field(err) != "parent" {
		t.Errorf("move below a foreign one: %v", err)
	}
	if err := s.DeleteTenant(s.ctx, s.Root, s.in, anyVersion); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("delete one that is not empty: %v", err)
	}
}

func TestTenantInput(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for name, tt := range map[string]struct {
		in    admin.NewTenant
		field string
		kind  sallyport.Kind
	}{
		"no name":           {admin.NewTenant{}, "name", sallyport.Invalid},
		"every tenant":      {admin.NewTenant{Name: "*"}, "name", sallyport.Invalid},
		"same name":         {admin.NewTenant{Name: "t1"}, "name", sallyport.Conflict},
		"negative age":      {admin.NewTenant{Name: "x", Policy: sallyport.TenantPolicy{TokenMaxAge: -1}}, "token_max_age", sallyport.Invalid},
		"default above max": {admin.NewTenant{Name: "x", Policy: sallyport.TenantPolicy{TokenMaxAge: time.Hour, TokenDefaultAge: 2 * time.Hour}}, "token_default_age", sallyport.Invalid},
	} {
		if _, err := s.CreateTenant(s.ctx, s.Root, tt.in); sallyport.KindOf(err) != tt.kind || field(err) != tt.field {
			t.Errorf("%s: %v of %q", name, err, field(err))
		}
	}
}

// TestTenantsSeen has people list and open tenants: each sees his own.
func TestTenantsSeen(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	names := func(a admin.Actor) (out []string) {
		for _, v := range must(s.Tenants(s.ctx, a, store.TenantFilter{}, admin.Page{})).Items {
			out = append(out, v.Name)
		}
		return out
	}
	plain := s.Person(s.in)
	both := s.Person(s.T2.ID)
	s.Give(both.Principal.ID, s.in, "orders/read")
	for who, tt := range map[string]struct {
		a    admin.Actor
		want []string
	}{"plain": {plain, []string{"t1"}}, "both": {both, []string{"t1", "t2"}}, "root": {s.Root, []string{"child", "t1", "t2"}}} {
		if got := names(tt.a); !slices.Equal(got, tt.want) {
			t.Errorf("%s sees %q, want %q", who, got, tt.want)
		}
	}
	if _, err := s.Tenant(s.ctx, plain, s.in); err != nil {
		t.Errorf("own tenant: %v", err)
	}
	for _, id := range []sallyport.TenantID{s.T2.ID, "5a11f0e7-0000-4000-8000-00000000ffff", "", "*"} {
		if _, err := s.Tenant(s.ctx, plain, id); sallyport.KindOf(err) != sallyport.NotFound {
			t.Errorf("tenant %q: %v, want not found", id, err)
		}
	}
	// A page of one, and the next.
	first := must(s.Tenants(s.ctx, both, store.TenantFilter{}, admin.Page{Limit: 1}))
	second := must(s.Tenants(s.ctx, both, store.TenantFilter{}, admin.Page{Limit: 1, Cursor: first.Next}))
	if first.Items[0].Name != "t1" || second.Items[0].Name != "t2" || second.Next != "" {
		t.Errorf("pages %v, %v", first, second)
	}
}

// TestAuditOfTenants is TN-14: the trail of a tenant is its own, and who reads
// all of them leaves an entry.
func TestAuditOfTenants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.MakeUser(s.T2.ID, sallyport.Person)
	auditor := s.Person(s.in, admin.AuditRead)
	for _, row := range must(s.Audit(s.ctx, auditor, s.in, store.AuditFilter{}, admin.Page{Limit: 200})).Items {
		if row.Tenant != s.in {
			t.Errorf("the trail of the tenant has an entry of %s", row.Tenant)
		}
	}
	if _, err := s.Audit(s.ctx, auditor, s.T2.ID, store.AuditFilter{}, admin.Page{}); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("of another tenant: %v", err)
	}
	must(s.Audit(s.ctx, s.Root, "", store.AuditFilter{}, admin.Page{}))
	if row := lastAction(s); row.Action != "audit.read" || row.ActorID != s.Root.Principal.ID {
		t.Errorf("the last entry is %s of %s", row.Action, row.ActorName)
	}
}
