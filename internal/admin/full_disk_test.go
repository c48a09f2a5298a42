package admin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// Whatever takes rights away is possible on a full disk too, and what gives some is
// not.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	system := admin.System("test")
	for name, do := range map[string]func(s *scene) error{
		"deactivate a user": func(s *scene) error {
			_, err := s.DeactivateUser(s.ctx, system, s.in, s.user.ID, anyVersion)
			return err
		},
		"delete a user":    func(s *scene) error { return s.DeleteUser(s.ctx, system, s.in, s.user.ID, anyVersion) },
		"delete a binding": func(s *scene) error { return s.DeleteBinding(s.ctx, system, s.in, s.binding.ID, anyVersion) },
		"delete a group":   func(s *scene) error { return s.DeleteGroup(s.ctx, system, s.in, s.group.ID, anyVersion) },
		"remove a member":  func(s *scene) error { return s.RemoveMember(s.ctx, system, s.in, s.group.ID, s.user.ID) },
		"deactivate a tenant": func(s *scene) error {
			_, err := s.DeactivateTenant(s.ctx, system, s.in, anyVersion)
			return err
		},
		"revoke what one holds": func(s *scene) error {
			return s.RevokeByToken(s.ctx, admin.Presented{Secret: s.held.Secret})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSmallDisk(t)
			if err := do(s); err != nil {
				t.Error(err)
			}
		})
	}
}

// onSmallDisk returns a scene whose disk is full, but for what is set aside.
func onSmallDisk(t *testing.T) *scene {
	t.Helper()
	file := filepath.Join(storetest.SmallDisk(t, "8m"), "store.db")
	content, err := os.ReadFile(storetest.File(t))
	if err == nil {
		err = os.WriteFile(file, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	clock := clocktest.New()
	db := storetest.Open(t, "sqlite:"+file, clock.Now)
	s := furnish(t, admintest.NewOn(t, db, clock))
	if err := s.AddMember(s.ctx, admin.System("test"), s.in, s.group.ID, s.user.ID); err != nil {
		t.Fatal(err)
	}
	s.held = must(s.CreateToken(s.ctx, admintest.As(s.user), admin.NewToken{Name: "held"}))
	if err := db.Reserve(); err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size >= 1<<10; { // to the last page
		_, err := db.Write(s.ctx, func(tx *store.Tx) error {
			return tx.SetMeta(s.ctx, "filler"+time.Now().String(), strings.Repeat("x", size))
		})
		if err != nil {
			size /= 2
		}
	}
	if _, err := s.CreateRole(s.ctx, admin.System("test"), s.in, admin.NewRole{Name: "one more"}); sallyport.KindOf(err) != sallyport.Unavailable {
		t.Fatalf("the disk is not full: %v", err)
	}
	return s
}
