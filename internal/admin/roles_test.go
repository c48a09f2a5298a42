package admin_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
)

// A role that only a revoked key had goes, with that binding; while a key is in use
// that has it, it stays, and the binding is named.
func TestDeleteRoleOfRevokedKey(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx, here := t.Context(), w.T1.ID
	role := w.MakeRole(here, "orders/read")
	bound := func(name string) (sallyport.CredentialID, sallyport.BindingID) {
		key := must(w.CreateKey(ctx, w.Root, here, admin.NewKey{Name: name})).Credential
		b := must(w.CreateBinding(ctx, w.Root, here, admin.NewBinding{SubjectKind: sallyport.SubjectKey, Subject: string(key.ID), Role: role.ID}))
		return key.ID, b.ID
	}
	gone, _ := bound("gone")
	used, first := bound("used")
	revoke := func(id sallyport.CredentialID) {
		if err := w.RevokeKey(ctx, w.Root, here, id, anyVersion); err != nil {
			t.Fatal(err)
		}
	}
	list := func() int {
		all, _, err := w.Store.Bindings(ctx, here, store.BindingFilter{Role: role.ID}, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	revoke(gone)
	err := w.DeleteRole(ctx, w.Root, here, role.ID, anyVersion)
	if sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), "1 binding") || !strings.Contains(err.Error(), string(first)) {
		t.Fatalf("while a key in use has it: %v", err)
	}
	if n := list(); n != 2 {
		t.Errorf("what was refused left %d bindings", n)
	}
	revoke(used)
	if err := w.DeleteRole(ctx, w.Root, here, role.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	if n := list(); n != 0 {
		t.Errorf("%d bindings of the role are left", n)
	}
}
