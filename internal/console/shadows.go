package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
)

// shadowsPath is where drafts are listed that are tried on real requests, below
// [Base].
const shadowsPath = advisePath + "/shadows"

func shadowRoutes() []route {
	const one = shadowsPath + "/{shadow}"
	return []route{
		{"shadows", "GET", shadowsPath, member, (*visit).shadows},
		{"shadows.start.show", "GET", shadowsPath + "/new", member, (*visit).showStartShadow},
		{"shadows.start", "POST", shadowsPath + "/new", member, (*visit).startShadow},
		{"shadow", "GET", one, member, (*visit).shadow},
		{"shadow.stop.ask", "GET", one + "/stop", member, (*visit).askStopShadow},
		{"shadow.stop", "POST", one + "/stop", member, (*visit).stopShadow},
		{"shadow.promote.ask", "GET", one + "/promote", member, (*visit).askPromoteShadow},
		{"shadow.promote", "POST", one + "/promote", member, (*visit).promoteShadow},
	}
}

func shadowOf(id string) string { return Base + shadowsPath + "/" + url.PathEscape(id) }

// A shadowsPage lists drafts.
type shadowsPage struct {
	frame
	Rows  []shadowRow
	Start bool // the visitor may be able to begin one; admin decides
}

// A shadowRow is a draft as it is shown.
type shadowRow struct {
	api.Shadow
	Path  string
	State string // as of a badge
	Where string // names of the tenants
	Tried string // how many requests
}

func (v *visit) shadowRow(s api.Shadow) shadowRow {
	row := shadowRow{Shadow: s, Path: shadowOf(s.ID), State: "over"}
	switch {
	case s.Running:
		row.State = "running"
	case s.Problem != "":
		row.State = "bad"
	}
	var names []string
	for _, t := range s.Tenants {
		names = append(names, v.tenantName(t))
	}
	row.Where = strings.Join(names, ", ")
	if row.Tried = grouped(s.Compared); s.Compared < s.Seen {
		row.Tried = v.text("shadow.sample", grouped(s.Compared), grouped(s.Seen))
	}
	return row
}

func (v *visit) shadows() error {
	list, _, err := every(maxChoices, func(at admin.Page) (admin.List[api.Shadow], error) {
		return v.Admin.Shadows(v.r.Context(), v.actor, at)
	})
	if err != nil {
		return err
	}
	page := &shadowsPage{frame: v.frame(v.text("shadows.title"), "shadows"), Start: v.mayTryDrafts()}
	for _, s := range slices.Backward(list) {
		page.Rows = append(page.Rows, v.shadowRow(s))
	}
	return v.show(http.StatusOK, "shadows", page)
}

// mayTryDrafts reports whether the visitor may be able to begin and end drafts.
func (v *visit) mayTryDrafts() bool { return mayAny(v.self, []sallyport.Permission{admin.PolicyWrite}) }

// A shadowFormPage asks for a draft.
type shadowFormPage struct {
	frame
	Name   string
	Policy string
	Adopt  bool
	For    string
	Lives  []option
	Faults faults
}

// shadowLives are the lives that a draft can be given here.
var shadowLives = [...]string{"1h", "24h", "72h", "168h", "336h"}

func (v *visit) draftPage(form url.Values) *shadowFormPage {
	page := &shadowFormPage{
		frame: v.frame(v.text("shadow.start"), "shadows"), Name: strings.TrimSpace(form.Get("name")), Policy: form.Get("policy"),
		Adopt: form.Get("adopt") != "", For: cmp.Or(form.Get("for"), "24h"),
	}
	for _, life := range shadowLives {
		page.Lives = append(page.Lives, option{Value: life, Text: v.text("shadow.for." + life), Chosen: life == page.For})
	}
	return page
}

func (v *visit) showStartShadow() error {
	return v.show(http.StatusOK, "shadow_form", v.draftPage(url.Values{}))
}

func (v *visit) startShadow() error {
	page := v.draftPage(v.form)
	life, err := time.ParseDuration(page.For)
	if err != nil || !slices.Contains(shadowLives[:], page.For) {
		page.Faults.at("for", v.text("shadow.for.bad"))
	}
	page.Faults.need(strings.TrimSpace(page.Policy), "policy", v.text("shadow.policy.need"))
	in := api.NewShadow{Name: page.Name, Adopt: page.Adopt, For: sallyport.Duration(life)}
	if !page.Faults.Any() {
		doc, err := config.DecodeFile[api.Policy](v.text("shadow.policy"), []byte(strings.ReplaceAll(page.Policy, "\r\n", "\n")), maxForm)
		if err != nil {
			page.Faults.at("policy", strings.TrimSpace(err.Error()))
		}
		in.Policy = doc.Value
	}
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "shadow_form", page)
	}
	made, err := v.Admin.StartShadow(v.r.Context(), v.actor, in)
	if err == nil {
		return v.redirect(shadowOf(made.ID) + "?done=shadow.started")
	}
	if v.takeDraftFaults(&page.Faults, err) {
		return v.show(statusOf(err), "shadow_form", page)
	}
	return err
}

// takeDraftFaults notes what is wrong with a draft. All that is inside it stands
// beside the one field that it was written into.
func (v *visit) takeDraftFaults(f *faults, err error) bool {
	var inside []string
	all := admin.Faults(err)
	for _, e := range all {
		if e.Kind == sallyport.Invalid && e.Field != "name" && e.Field != "for" {
			inside = append(inside, strings.TrimPrefix(e.Field, "policy.")+": "+e.Message)
		}
	}
	if len(inside) > 0 {
		f.at("policy", strings.Join(inside[:min(len(inside), shownFaults)], "; "))
		return true
	}
	return f.take(err, "name", "for", "policy")
}

// shownFaults is how many faults of a draft are told at a time.
const shownFaults = 8

// A shadowPage tells what a draft would change.
type shadowPage struct {
	frame
	shadowRow
	Report api.ShadowReport
	Rows   []differenceRow
	More   bool
	Change bool // the visitor may be able to end it; admin decides
}

// A differenceRow is a sort of request that would be decided otherwise.
type differenceRow struct {
	api.ShadowDifference
	Who   string
	Where string
	Count string
	Why   string // path to the last of them
	State string // what the draft would do, as of a badge
}

func (v *visit) shadow() error {
	report, err := v.Admin.Shadow(v.r.Context(), v.actor, v.r.PathValue("shadow"))
	if err != nil {
		return err
	}
	page := &shadowPage{frame: v.frame(report.Name, "shadows"), shadowRow: v.shadowRow(report.Shadow), Report: report, Change: v.mayTryDrafts()}
	page.More = len(report.Differences) > shownParts/2
	for _, d := range report.Differences[:min(len(report.Differences), shownParts/2)] {
		row := differenceRow{
			ShadowDifference: d, Who: cmp.Or(d.Login, string(d.Principal), v.text("why.stranger")), Where: v.tenantName(d.Tenant),
			Count: grouped(d.Requests), Why: whyOf(d.RequestID), State: "refused",
		}
		if d.RequestID == "" { // elsewhere, which is counted and not told
			row.Who, row.Where = "", ""
		}
		if d.Outcome == "would_allow" {
			row.State = "allowed"
		}
		page.Rows = append(page.Rows, row)
	}
	return v.show(http.StatusOK, "shadow", page)
}

// Sum tells of the requests that would be decided otherwise in one way.
func (p *shadowPage) Sum(allow bool) api.ShadowTotal { //nolint:revive // which of two sums
	if allow {
		return p.Report.WouldAllow
	}
	return p.Report.WouldRefuse
}

// shadowConfirm begins a question about a draft.
func (v *visit) shadowConfirm() (*confirmPage, api.ShadowReport, error) {
	report, err := v.Admin.Shadow(v.r.Context(), v.actor, v.r.PathValue("shadow"))
	if err != nil {
		return nil, report, err
	}
	to := shadowOf(report.ID)
	return &confirmPage{
		frame: v.frame(report.Name, "shadows"), Trail: tab{Text: report.Name, Path: to}, Cancel: to, Action: to + "/stop",
		Heading: v.text("shadow.stop.heading", report.Name), Button: v.text("shadow.stop"), Points: []string{v.text("shadow.stop.point")},
	}, report, nil
}

func (v *visit) askStopShadow() error {
	page, _, err := v.shadowConfirm()
	return v.ask(page, err)
}

func (v *visit) stopShadow() error {
	page, report, err := v.shadowConfirm()
	if err != nil {
		return err
	}
	err = v.Admin.StopShadow(v.r.Context(), v.actor, report.ID)
	return v.confirmed(page, err, shadowOf(report.ID)+"?done=shadow.stopped")
}

// promotion asks whether the draft is to be applied, with what that changes.
func (v *visit) promotion() (*confirmPage, api.ShadowReport, error) {
	page, report, err := v.shadowConfirm()
	if err != nil {
		return nil, report, err
	}
	page.Heading, page.Button, page.Action = v.text("shadow.promote.heading", report.Name), v.text("shadow.promote"), shadowOf(report.ID)+"/promote"
	page.Points = nil
	plan, err := v.Admin.PlanShadow(v.r.Context(), v.actor, report.ID)
	if err != nil {
		if !v.takeDraftFaults(&page.Faults, err) {
			return nil, report, err
		}
		page.Faults.General = cmp.Or(page.Faults.General, page.Faults.Of("policy"))
		return page, report, nil
	}
	for _, c := range plan.Changes[:min(len(plan.Changes), shownRoutes)] {
		page.Points = append(page.Points, v.text("shadow.plan."+c.Action, v.text("thing."+c.Kind), c.Name))
	}
	if more := len(plan.Changes) - len(page.Points); more > 0 {
		page.Points = append(page.Points, v.text("shadow.plan.more", grouped(int64(more))))
	}
	if len(plan.Changes) == 0 {
		page.Points = append(page.Points, v.text("shadow.plan.none"))
	}
	if n := report.WouldRefuse.Requests; n > 0 {
		page.Warning = v.text("shadow.promote.warning", grouped(n), v.texts().count("shadow.clients", report.WouldRefuse.Clients))
	}
	return page, report, nil
}

func (v *visit) askPromoteShadow() error {
	page, _, err := v.promotion()
	return v.ask(page, err)
}

func (v *visit) promoteShadow() error {
	page, report, err := v.promotion()
	if err != nil {
		return err
	}
	if _, err = v.Admin.PromoteShadow(v.r.Context(), v.actor, report.ID); err != nil && v.takeDraftFaults(&page.Faults, err) {
		page.Faults.General = cmp.Or(page.Faults.General, page.Faults.Of("policy"))
		return v.show(statusOf(err), "confirm", page)
	}
	return v.confirmed(page, err, shadowOf(report.ID)+"?done=shadow.promoted")
}
