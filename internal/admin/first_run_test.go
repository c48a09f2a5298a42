package admin_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
)

// unbegun is an installation as it is before its first start.
func unbegun(t *testing.T, w *admintest.World) *scene {
	t.Helper()
	s := furnish(t, w)
	must(s.Store.Write(s.ctx, func(tx *store.Tx) error {
		_, err := tx.DeleteUser(s.ctx, sallyport.EveryTenant, s.Root.Principal.ID, store.AnyVersion)
		return err
	}))
	return s
}

func (s *scene) firstRun(code sallyport.Secret, login string) error {
	_, err := s.FirstRun(s.ctx, code.Reveal(), admin.NewUser{Login: login, Password: admintest.Password}, "request", "192.0.2.1")
	return err
}

func fieldOf(err error) string {
	for _, e := range admin.Faults(err) {
		return e.Field
	}
	return ""
}

// Several nodes start at once, and somebody sits at each of them: one wins, on
// both engines.
func TestFirstRunHasOneWinner(t *testing.T) {
	t.Parallel()
	for name, world := range map[string]func(*testing.T) *admintest.World{
		"SQLite": func(t *testing.T) *admintest.World { return admintest.New(t) }, "PostgreSQL": onPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oneFirstRunWins(t, unbegun(t, world(t)))
		})
	}
}

func oneFirstRunWins(t *testing.T, s *scene) {
	t.Helper()
	const n = 8
	codes, errs := make([]sallyport.Secret, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { codes[i], errs[i] = s.BeginFirstRun(s.ctx) })
	}
	wg.Wait()
	for i := range n {
		if errs[i] != nil || codes[i] == "" || i > 0 && codes[i] == codes[0] {
			t.Fatalf("a start: %q, %v", codes[i], errs[i])
		}
	}
	for i := range n {
		wg.Go(func() { errs[i] = s.firstRun(codes[i], "first"+string(rune('a'+i))) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case sallyport.KindOf(err) != sallyport.Conflict:
			t.Errorf("err = %v, want a conflict", err)
		}
	}
	if won != 1 {
		t.Errorf("%d winners, want 1", won)
	}
	if code, err := s.BeginFirstRun(s.ctx); code != "" || err != nil {
		t.Errorf("with an administrator: %q, %v", code, err)
	}
	if err := s.firstRun(codes[0], "late"); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("a code after the end: %v", err)
	}
}

// A code bears few wrong ones, which are in the trail; a start draws another.
func TestFirstRunTriesAreBounded(t *testing.T) {
	t.Parallel()
	s := unbegun(t, admintest.New(t))
	code := must(s.BeginFirstRun(s.ctx))
	for range 20 {
		if err := s.firstRun("aaaa-bbbb-cccc-dddd", "mallory"); fieldOf(err) != "code" {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	if err := s.firstRun(code, "jo"); fieldOf(err) != "code" || !strings.Contains(err.Error(), "start Sallyport again") {
		t.Errorf("the right code after many wrong ones: %v", err)
	}
	if n := len(entries(t, s.World, "first_run.refused")); n != 20 {
		t.Errorf("%d entries of wrong codes in the trail, want 20", n)
	}
	next := must(s.BeginFirstRun(s.ctx))
	if next == code {
		t.Error("a start draws the same code again")
	}
	if err := s.firstRun(code, "jo"); fieldOf(err) != "code" {
		t.Errorf("the code of an earlier start: %v", err)
	}
	// What is wrong with something else spends nothing.
	_, err := s.FirstRun(s.ctx, next.Reveal(), admin.NewUser{Login: "jo", Password: "short"}, "", "")
	if fieldOf(err) != "password" {
		t.Errorf("a bad password: %v", err)
	}
	if err := s.firstRun(next, "jo"); err != nil {
		t.Errorf("the code of the last start: %v", err)
	}
}

func TestFirstRunCodeExpires(t *testing.T) {
	t.Parallel()
	s := unbegun(t, admintest.New(t))
	code := must(s.BeginFirstRun(s.ctx))
	if strings.Contains(must(s.Store.Meta(s.ctx, "first_run")), strings.ReplaceAll(code.Reveal(), "-", "")) {
		t.Error("the store holds the code itself")
	}
	s.Clock.Advance(admin.FirstRunLife)
	if err := s.firstRun(code, "jo"); fieldOf(err) != "code" {
		t.Errorf("an expired code: %v", err)
	}
}
