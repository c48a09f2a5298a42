package console

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// The navigation leads somewhere everywhere, and each page of it has a name.
func TestAreas(t *testing.T) {
	t.Parallel()
	texts := english(t)
	served := map[string]bool{}
	for _, rt := range routes() {
		served[rt.method+" "+rt.path] = true
	}
	seen := map[string]bool{}
	for _, a := range areas() {
		for _, p := range append([]areaPage{{id: a.id, path: a.path}}, a.pages...) {
			path := strings.Replace(p.path, "{tenant}", "x", 1)
			if !served["GET "+p.path] {
				t.Errorf("%s leads to %s, which is not served", p.id, path)
			}
			if !texts.has("nav." + p.id) {
				t.Errorf("%s has no name", p.id)
			}
		}
		if seen[a.id] {
			t.Errorf("%s is there twice", a.id)
		}
		seen[a.id] = true
	}
}

func TestNavigation(t *testing.T) {
	t.Parallel()
	if got := navigation(nil, "", ""); got != nil {
		t.Errorf("nobody: %v", got)
	}
	if got := navigation(&admin.Self{MustChange: true}, "", ""); got != nil {
		t.Errorf("who has to change his password: %v", got)
	}
	plain := navigation(&admin.Self{}, "sessions", "")
	if len(plain) != 2 || plain[0].ID != "account" || plain[1].ID != "apis" || !plain[0].Current || !plain[0].Pages[1].Current || plain[0].Pages[0].Current {
		t.Errorf("who manages nothing: %+v", plain)
	}
	if !mayAny(&admin.Self{Manages: []sallyport.Permission{admin.UsersRead}}, []sallyport.Permission{admin.RolesRead, admin.UsersRead}) {
		t.Error("one of the permissions does not do")
	}
}
