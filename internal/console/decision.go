package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/store"
)

// A decisionPage explains the decision on one request.
type decisionPage struct {
	frame
	Back     string // path of the list
	BackText string
	Decision store.Decision
	State    string // as of a badge
	Verdict  string // in a sentence
	Who      string
	WhoPath  string // to his page; empty: there is none for the visitor
	Where    string // name of the tenant
	Trace    api.Trace
	Members  []string // names of the tenants that the principal belongs to
	Bindings []consideredRow
	Ways     []wayOut
	Asked    bool   // it was looked at what would be decided now
	Again    string // why it would be refused now; empty: it would pass
}

// NamedTenant is what the request had where its tenant is named; empty: it named
// none, and the tenant was found in another way.
func (p *decisionPage) NamedTenant() string {
	if t := p.Trace.Tenant; t != nil && slices.Contains([]string{"header", "path", "query"}, t.From) {
		return t.Asked
	}
	return ""
}

// A consideredRow is a binding as a decision considered it.
type consideredRow struct {
	api.TraceBinding
	Path  string // to its role
	Where string
}

// A wayOut is a suggestion, with the way to carry it out.
type wayOut struct {
	api.Suggestion
	Names string
	May   string // who may give it
	Grant string // path; empty: it is not for this visitor
	First bool
	More  int // routes that are opened and not listed
}

// shownOpens is how many routes that a suggestion opens are listed.
const shownOpens = 5

func (v *visit) explain() error {
	page, err := v.decisionPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "decision", page)
}

// decisionPage finds all that there is to say about the request in the path.
func (v *visit) decisionPage() (*decisionPage, error) {
	ctx := v.r.Context()
	d, own, err := v.Admin.Decision(ctx, v.actor, v.r.PathValue("request"))
	if err != nil {
		return nil, err
	}
	page := &decisionPage{
		frame: v.frame(v.text("decision.title", string(cmp.Or(d.Reason, "allowed"))), "why"), Decision: d, State: outcomeOf(&d),
		Back: Base + whyPath, BackText: v.text("why.title"), Where: v.tenantName(d.Tenant),
		Who: cmp.Or(d.Login, string(d.Principal), v.text("why.stranger")), Verdict: v.text("decision.allowed"),
	}
	if own {
		page.Nav, page.Back, page.BackText = navigation(v.self, "requests", ""), Base+requestsPath, v.text("why.own")
	}
	if !d.Allowed {
		page.Verdict = v.text("decision.refused", d.Reason.Info().Public)
	}
	var suggestions []api.Suggestion
	page.Trace, suggestions, err = v.Doors.Explain(ctx, &d, doors.Reader{ID: v.actor.Principal.ID, Own: own})
	if err != nil {
		return nil, err
	}
	reason, asked, err := v.Doors.Again(ctx, &d, &page.Trace)
	if err != nil {
		return nil, err
	}
	if page.Asked = asked; reason != "" {
		page.Again = reason.Info().Public
	}
	if page.Trace.Tenant != nil {
		for _, id := range page.Trace.Tenant.Members {
			page.Members = append(page.Members, v.tenantName(id))
		}
	}
	if !own {
		page.WhoPath = v.pathOf(&d)
		page.Bindings = v.considered(page)
	}
	return page, v.waysOut(page, suggestions)
}

// pathOf is the page of a decision's principal.
func (v *visit) pathOf(d *store.Decision) string {
	if d.PrincipalKind != sallyport.PrincipalPerson && d.PrincipalKind != sallyport.PrincipalService {
		return ""
	}
	u, err := v.Admin.UserByLogin(v.r.Context(), v.actor, d.Login)
	if err != nil || u.ID != d.Principal {
		return "" // he is gone, or not for the visitor to see
	}
	return in(u.Tenant) + "/users/" + string(u.ID)
}

// considered lists the bindings of a trace.
func (v *visit) considered(page *decisionPage) []consideredRow {
	where := cmp.Or(page.Decision.ActedIn, page.Decision.Tenant)
	var rows []consideredRow
	for _, b := range page.Trace.Bindings {
		row := consideredRow{TraceBinding: b, Where: v.tenantName(where), Path: in(where) + "/roles/" + string(b.Role)}
		if b.Every {
			row.Where = v.tenantName(sallyport.EveryTenant)
		}
		rows = append(rows, row)
	}
	return rows
}

// waysOut notes what would let a request pass, and whether the visitor may have
// it so.
func (v *visit) waysOut(page *decisionPage, suggestions []api.Suggestion) error {
	for i, s := range suggestions {
		way := wayOut{Suggestion: s, First: i == 0}
		var names, may []string
		q := url.Values{}
		for _, r := range s.Roles {
			names = append(names, r.Name)
			q.Add("role", string(r.ID))
		}
		for _, g := range s.MayGrant {
			may = append(may, g.Login)
		}
		way.Names, way.May = strings.Join(names, ", "), strings.Join(may, ", ")
		way.Opens = s.Opens[:min(len(s.Opens), shownOpens)]
		way.More = s.AlsoOpens - len(way.Opens)
		grants, err := v.grants(&s)
		if err != nil {
			return err
		}
		if grants {
			way.Grant = whyOf(page.Decision.RequestID) + "/grant?" + q.Encode()
		}
		page.Ways = append(page.Ways, way)
	}
	return nil
}

// grants reports whether the visitor may be able to carry a suggestion out, so
// that what he would be refused is not offered; admin decides.
func (v *visit) grants(s *api.Suggestion) (bool, error) {
	rights, err := v.Admin.Permissions(v.r.Context(), v.actor, s.Tenant)
	if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
		return false, err
	}
	if !slices.Contains(rights, admin.BindingsWrite) { // there are none in a tenant that he does not see
		return false, nil
	}
	for _, r := range s.Roles {
		for _, p := range v.Doors.Policy().RolePermissions(r.ID) {
			if !slices.Contains(rights, p) {
				return false, nil
			}
		}
	}
	return true, nil
}

// granting asks whether the roles are to be given that the form names; way is nil
// when they are not, or no longer, what would let the request pass.
func (v *visit) granting(roles []string) (*confirmPage, *decisionPage, *wayOut, error) {
	page, err := v.decisionPage()
	if err != nil {
		return nil, nil, nil, err
	}
	to := whyOf(page.Decision.RequestID)
	confirm := &confirmPage{
		frame: page.frame, Trail: tab{Text: page.Title, Path: to}, Action: to + "/grant", Lists: map[string][]string{"role": roles},
		Button: v.text("decision.grant"), Gives: true, Cancel: to,
	}
	i := slices.IndexFunc(page.Ways, func(w wayOut) bool {
		return slices.EqualFunc(w.Roles, roles, func(r api.SuggestedRole, id string) bool { return string(r.ID) == id })
	})
	if i < 0 {
		return confirm, page, nil, nil
	}
	way := &page.Ways[i]
	confirm.Heading = v.text("decision.grant.heading", way.Names, page.Who)
	confirm.Points = []string{v.text("decision.grant.point", page.Who, v.tenantName(way.Tenant))}
	if way.Realm != "" {
		confirm.Points = append(confirm.Points, v.text("decision.grant.realm", way.Realm))
	}
	if len(way.Adds) > 0 {
		confirm.Points = append(confirm.Points, v.text("decision.grant.adds", v.inWords(way.Adds)))
	}
	opens := v.text("decision.grant.nothing")
	if way.AlsoOpens > 0 {
		opens = v.text("decision.grant.opens", v.texts().count("decision.out", way.AlsoOpens))
	}
	confirm.Points = append(confirm.Points, opens)
	return confirm, page, way, nil
}

// inWords writes permissions in a sentence, the first of very many.
func (v *visit) inWords(list []sallyport.Permission) string {
	var all []string
	for _, p := range list[:min(len(list), shownHeld)] {
		all = append(all, string(p))
	}
	if more := len(list) - len(all); more > 0 {
		all = append(all, v.text("decision.out.more", more))
	}
	return strings.Join(all, ", ")
}

func (v *visit) askGrant() error {
	confirm, page, way, err := v.granting(v.r.URL.Query()["role"])
	switch {
	case err != nil:
		return err
	case way == nil:
		return v.redirect(whyOf(page.Decision.RequestID)) // it says what would do now
	}
	return v.show(http.StatusOK, "confirm", confirm)
}

// grant gives the roles of a suggestion. The page that it leads to says what
// would be decided then.
func (v *visit) grant() error {
	confirm, page, way, err := v.granting(v.form["role"])
	if err != nil {
		return err
	}
	to := whyOf(page.Decision.RequestID) + "?done=why.granted"
	if way == nil {
		if page.Asked && page.Again == "" {
			return v.redirect(to) // the form was sent twice
		}
		confirm.Heading = page.Title
		confirm.Faults.say(v.text("decision.grant.changed"))
		return v.show(http.StatusConflict, "confirm", confirm)
	}
	kind := sallyport.SubjectUser
	if page.Decision.PrincipalKind == sallyport.PrincipalAPIKey {
		kind = sallyport.SubjectKey
	}
	for _, r := range way.Roles {
		_, err = v.Admin.CreateBinding(v.r.Context(), v.actor, way.Tenant, admin.NewBinding{
			SubjectKind: kind, Subject: string(page.Decision.Principal), Role: r.ID, Realm: way.Realm,
		})
		if err != nil {
			break
		}
	}
	return v.confirmed(confirm, err, to)
}

// Revision is the one that the decision was taken under.
func (p *decisionPage) Revision() string { return strconv.FormatUint(uint64(p.Decision.Revision), 10) }
