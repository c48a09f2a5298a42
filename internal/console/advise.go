package console

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// advisePath is where findings are listed, below [Base].
const advisePath = "/advise"

// adviseArea compares what is granted with what is used.
func adviseArea() area {
	return area{
		id: "advise", path: advisePath, needs: []sallyport.Permission{admin.AdviceRead},
		pages: []areaPage{{id: "advise", path: advisePath}, {id: "shadows", path: shadowsPath, needs: []sallyport.Permission{admin.PolicyRead}}},
		routes: func() []route {
			return append(shadowRoutes(), []route{
				{"advise", "GET", advisePath, member, (*visit).findings},
				{"advise.one", "GET", advisePath + "/{principal}", member, (*visit).advice},
			}...)
		},
	}
}

// A findingsPage lists what is granted and was not used.
type findingsPage struct {
	frame
	Tenants []option
	Kind    string
	Kinds   []option
	Rows    []findingRow
	Pager   pager
	Faults  faults
}

// A findingRow is a finding as it is shown.
type findingRow struct {
	api.Finding
	Who    string // login, or name of a group or role
	Path   string // to the principal's page; empty: there is none
	Needed int    // permissions that were used
	Not    int    // and that were not
	Do     string // what would be enough
}

func findingKinds() []string {
	return []string{api.FindingIdleGrant, api.FindingBroadGrant, api.FindingBroadRole, api.FindingIdleCredential, api.FindingBroadCredential}
}

func (v *visit) findings() error {
	tenant, tenants, err := v.scope(admin.AdviceRead)
	if err != nil {
		return err
	}
	page := &findingsPage{frame: v.frame(v.text("advise.title"), "advise"), Tenants: tenants, Kind: v.r.URL.Query().Get("kind")}
	page.Kinds = []option{{Text: v.text("filter.any"), Chosen: page.Kind == ""}}
	for _, k := range findingKinds() {
		page.Kinds = append(page.Kinds, option{Value: k, Text: v.text("finding." + k), Chosen: k == page.Kind})
	}
	if page.Kind != "" && !slices.Contains(findingKinds(), page.Kind) {
		page.Faults.at("kind", v.text("advise.kind.unknown"))
		return v.show(http.StatusUnprocessableEntity, "advise", page)
	}
	if tenant == "" { // what is granted in every tenant at once
		tenant, page.Tenants[0].Text = sallyport.EveryTenant, v.text("tenants.every")
	}
	list, err := v.Admin.Findings(v.r.Context(), v.actor, admin.AdviceFilter{Tenant: tenant, Kind: page.Kind}, v.listed())
	if err != nil {
		return err
	}
	page.Rows, page.Pager = v.findingRows(list.Items), v.pager(list.Next)
	return v.show(http.StatusOK, "advise", page)
}

func (v *visit) findingRows(list []api.Finding) []findingRow {
	var rows []findingRow
	for _, f := range list {
		row := findingRow{Finding: f, Who: f.Login, Needed: len(f.Used), Not: len(f.Unused) + f.MoreUnused, Do: v.enough(&f)}
		switch {
		case f.Group != "":
			row.Who = v.text("advise.group", f.GroupName)
		case f.Principal == "":
			row.Who = v.text("advise.role", f.RoleName)
		default:
			row.Path = Base + advisePath + "/" + url.PathEscape(string(f.Principal))
		}
		rows = append(rows, row)
	}
	return rows
}

// enough says what would do.
func (v *visit) enough(f *api.Finding) string {
	p := f.Proposal
	switch {
	case p.Remove && f.Credential != nil:
		return v.text("advise.revoke")
	case p.Remove:
		return v.text("advise.remove")
	case len(p.Roles) > 0:
		return v.text("advise.roles", strings.Join(p.Roles, ", "))
	case p.Role != nil:
		return v.text("advise.new", v.inWords(p.Role.Permissions))
	case len(p.Scopes) > 0:
		return v.text("advise.scopes", strings.Join(p.Scopes, ", "))
	}
	return ""
}

// An advicePage tells what somebody was granted against what he used.
type advicePage struct {
	frame
	api.Advice
	Rows  []findingRow
	Pager pager
	Text  string // the proposals as a policy file; empty: there is nothing to change by one
}

func (v *visit) advice() error {
	a, err := v.Admin.Advice(v.r.Context(), v.actor, sallyport.PrincipalID(v.r.PathValue("principal")), 0)
	if err != nil {
		return err
	}
	page := &advicePage{frame: v.frame(v.text("advice.title", a.Login), "advise"), Advice: a}
	page.Uses = byPermission(a.Uses)
	first, last, at := v.part("from", len(a.Findings), shownHeld)
	page.Rows, page.Pager = v.findingRows(a.Findings[first:last]), at.to("found")
	if a.Policy != nil {
		text, err := json.MarshalIndent(a.Policy, "", "  ") // which is YAML, too
		if err != nil {
			return fmt.Errorf("write a policy: %w", err)
		}
		page.Text = string(text)
	}
	return v.show(http.StatusOK, "advice", page)
}

// byPermission adds up uses of the same permissions, in whatever tenant, through
// whatever binding and credential.
func byPermission(uses []api.PermissionUse) []api.PermissionUse {
	var sums []api.PermissionUse
	places := map[string]int{}
	for _, use := range uses {
		key := fmt.Sprint(use.AnyOf)
		i, there := places[key]
		if !there {
			places[key] = len(sums)
			sums = append(sums, use)
			continue
		}
		sums[i].Uses += use.Uses
		if use.LastDay.After(sums[i].LastDay) {
			sums[i].LastDay = use.LastDay
		}
	}
	slices.SortStableFunc(sums, func(a, b api.PermissionUse) int { return cmp.Compare(b.Uses, a.Uses) })
	return sums
}
