package console

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// whyPath and requestsPath are where decisions are listed, below [Base]: those
// of others, and one's own.
const (
	whyPath      = "/why"
	requestsPath = "/requests"
)

// whyArea explains decisions. Everybody may see those on his own requests, which
// the navigation offers among what is his own.
func whyArea() area {
	const one = whyPath + "/{request}"
	return area{
		id: "why", path: whyPath, needs: []sallyport.Permission{admin.DecisionsExplain},
		pages: []areaPage{{id: "why", path: whyPath}},
		routes: func() []route {
			return []route{
				{"why", "GET", whyPath, member, func(v *visit) error { return v.decisions(false) }},
				{"requests", "GET", requestsPath, member, func(v *visit) error { return v.decisions(true) }},
				{"why.one", "GET", one, member, (*visit).explain},
				{"why.grant.ask", "GET", one + "/grant", member, (*visit).askGrant},
				{"why.grant", "POST", one + "/grant", member, (*visit).grant},
			}
		},
	}
}

// whyOf is the path of the page that explains a request.
func whyOf(request string) string { return Base + whyPath + "/" + url.PathEscape(request) }

// whyList is the path of the refusals of a tenant, "" for all, with a reason.
func whyList(tenant sallyport.TenantID, reason sallyport.Reason) string {
	q := url.Values{"reason": {string(reason)}}
	if tenant != "" {
		q.Set("tenant", string(tenant))
	}
	return Base + whyPath + "?" + q.Encode()
}

// A whyPage lists decisions.
type whyPage struct {
	frame
	whyQuery
	Own      bool   // the visitor's own requests
	Action   string // path of the list
	Tenants  []option
	Reasons  []option
	Outcomes []option
	Rows     []whyRow
	Pager    pager
	Live     bool // it is the newest that is shown, so it changes
	Faults   faults
}

// A whyQuery is what was asked for.
type whyQuery struct {
	Request    string // to be explained
	Who        string // login or id
	Credential string
	API        string
	Reason     string
	Address    string
	Outcome    string // "": refused
}

// A whyRow is a decision as it is listed.
type whyRow struct {
	store.Decision
	Who   string
	Where string
	Link  string
}

func (v *visit) whyRow(d *store.Decision) whyRow {
	return whyRow{*d, cmp.Or(d.Login, string(d.Principal), v.text("why.stranger")), v.tenantName(d.Tenant), whyOf(d.RequestID)}
}

// State is what came of the request, as of a badge.
func (r whyRow) State() string { return outcomeOf(&r.Decision) }

func outcomeOf(d *store.Decision) string {
	if d.Allowed {
		return store.OutcomeAllowed
	}
	return store.OutcomeRefused
}

func (v *visit) decisions(own bool) error { //nolint:revive // not a switch: which of two pages
	page := &whyPage{frame: v.frame(v.text("why.title"), "why"), Own: own, Action: Base + whyPath}
	if own {
		page.frame, page.Action = v.frame(v.text("why.own"), "requests"), Base+requestsPath
	}
	if done, err := v.namedRequest(page); done || err != nil {
		return err
	}
	filter, err := v.decisionFilter(page)
	if err != nil {
		return err
	}
	page.Reasons, page.Outcomes = v.reasonChoices(page.Reason), v.outcomeChoices(page.Outcome)
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "why", page)
	}
	list, err := v.Admin.Decisions(v.r.Context(), v.actor, filter, v.listed())
	if err != nil {
		return err
	}
	for i := range list.Items {
		page.Rows = append(page.Rows, v.whyRow(&list.Items[i]))
	}
	page.Pager = v.pager(list.Next)
	page.Live = page.Pager.First == ""
	return v.show(http.StatusOK, "why", page)
}

// namedRequest leads to the explanation of a request whose id was entered; done
// says that it did.
func (v *visit) namedRequest(page *whyPage) (done bool, err error) {
	q := v.r.URL.Query()
	if !q.Has("request") {
		return false, nil
	}
	if page.Request = strings.TrimSpace(q.Get("request")); page.Request == "" {
		page.Faults.at("request", v.text("why.request.need"))
		return false, nil
	}
	_, _, err = v.Admin.Decision(v.r.Context(), v.actor, page.Request)
	switch {
	case err == nil:
		return true, v.redirect(whyOf(page.Request))
	case sallyport.KindOf(err) == sallyport.NotFound:
		page.Faults.at("request", v.text("why.request.none"))
		return false, nil
	}
	return false, err
}

// decisionFilter reads what is asked for.
func (v *visit) decisionFilter(page *whyPage) (f admin.DecisionFilter, err error) {
	q := v.r.URL.Query()
	typed := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	page.whyQuery = whyQuery{
		Request: page.Request, Who: typed("who"), Credential: typed("credential"), API: typed("api"),
		Reason: typed("reason"), Address: typed("address"), Outcome: typed("outcome"),
	}
	f.DecisionFilter = store.DecisionFilter{
		API: sallyport.APIName(page.API), Reason: sallyport.Reason(page.Reason), Credential: page.Credential, Outcome: store.OutcomeRefused,
	}
	switch page.Outcome {
	case "allowed":
		f.Outcome = store.OutcomeAllowed
	case "both":
		f.Outcome = ""
	}
	if page.Address != "" {
		address, err := netip.ParseAddr(page.Address)
		if err != nil {
			page.Faults.at("address", v.text("why.address.bad"))
		}
		f.Address = address.String()
	}
	if page.Own {
		return f, nil
	}
	if f.Tenant, page.Tenants, err = v.scope(admin.DecisionsExplain); err != nil {
		return f, err
	}
	f.Everywhere = f.Tenant == ""
	f.Principal, err = v.principalNamed(page.Who, "who", &page.Faults)
	return f, err
}

// principalNamed returns the id of who was named by it or by a login, with a
// fault if there is nobody.
func (v *visit) principalNamed(name, field string, f *faults) (sallyport.PrincipalID, error) {
	if name == "" || sallyport.IsUUID(name) {
		return sallyport.PrincipalID(name), nil
	}
	u, err := v.Admin.UserByLogin(v.r.Context(), v.actor, name)
	switch sallyport.KindOf(err) { //nolint:exhaustive // the others are faults of ours
	case sallyport.NotFound, sallyport.Invalid:
		f.at(field, v.text("why.who.none"))
		return "", nil
	}
	return u.ID, err
}

func (v *visit) reasonChoices(chosen string) []option {
	list := []option{{Text: v.text("why.any"), Chosen: chosen == ""}}
	for _, r := range sallyport.Reasons() {
		list = append(list, option{Value: string(r.Reason), Text: string(r.Reason), Chosen: chosen == string(r.Reason)})
	}
	return list
}

func (v *visit) outcomeChoices(chosen string) []option {
	return []option{
		{Text: v.text("why.refused"), Chosen: chosen == ""},
		{Value: "allowed", Text: v.text("why.allowed"), Chosen: chosen == "allowed"},
		{Value: "both", Text: v.text("why.both"), Chosen: chosen == "both"},
	}
}
