package console

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// An area is a part of the console with an entry in the navigation. Its name is
// the text "nav." + id. It is shown to who holds one of the permissions in some
// tenant; this spares others a way to pages that would refuse them, and is no
// check: admin decides what is shown on each page.
type area struct {
	id     string
	path   string // below [Base]
	needs  []sallyport.Permission
	pages  []areaPage
	routes func() []route
}

// An areaPage is a page that the navigation leads to inside an area. Its name is
// the text "nav." + id. "{tenant}" in its path stands for the tenant that is
// looked at; without one, the page is not offered.
type areaPage struct {
	id    string
	path  string
	needs []sallyport.Permission
}

// areas are the parts of the console, in the order of the navigation.
func areas() []area {
	return []area{
		overviewArea(),
		{
			id: "account", path: accountPath, routes: accountRoutes,
			pages: []areaPage{
				{id: "account", path: accountPath},
				{id: "sessions", path: "/sessions"},
				{id: "password", path: "/password"},
				{id: "factors", path: "/factors"},
				{id: "requests", path: "/requests"},
			},
		},
		accessArea(),
		apisArea(),
		whyArea(),
		adviseArea(),
		auditArea(),
	}
}

// A navArea is an area as the navigation shows it to somebody.
type navArea struct {
	ID, Path string
	Current  bool
	Pages    []navPage // of the current area, if there is more than one
}

// A navPage is a page as the navigation shows it.
type navPage struct {
	ID, Path string
	Current  bool
}

// navigation lists what somebody may see, with the page that is shown marked.
// The tenant is the part of the path that names it.
func navigation(self *admin.Self, page, tenant string) []navArea {
	if self == nil || self.MustChange {
		return nil
	}
	var shown []navArea
	for _, a := range areas() {
		if !mayAny(self, a.needs) {
			continue
		}
		n := navArea{ID: a.id, Path: Base + a.path, Current: a.id == page}
		for _, p := range a.pages {
			n.Current = n.Current || p.id == page
			path := strings.Replace(p.path, "{tenant}", tenant, 1)
			if mayAny(self, p.needs) && (tenant != "" || path == p.path) {
				n.Pages = append(n.Pages, navPage{ID: p.id, Path: Base + path, Current: p.id == page})
			}
		}
		if !n.Current || len(n.Pages) == 1 {
			n.Pages = nil
		}
		shown = append(shown, n)
	}
	return shown
}

// mayAny reports whether somebody holds one of these permissions somewhere.
func mayAny(self *admin.Self, needs []sallyport.Permission) bool {
	return len(needs) == 0 || slices.ContainsFunc(needs, func(p sallyport.Permission) bool { return slices.Contains(self.Manages, p) })
}

// goHome leads to the first area that the visitor may see.
func (v *visit) goHome() error {
	return v.redirect(navigation(v.self, "", "")[0].Path)
}
