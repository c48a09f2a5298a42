package console

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// How far back the page of a credential looks, and how much it shows.
const (
	usageDays     = 30
	shownRequests = 8
	shownUnused   = 50
	keptRequests  = 200 // that are looked through
)

// An aboutPage tells all of one token or API key.
type aboutPage struct {
	*credentialPage
	Life     *meter // how much of it is left; nil: it never expires
	Secrets  []secretRow
	OldUsed  bool // an old secret was used after it was replaced
	OldLeft  *meter
	In       string       // start of the URLs of pages in the tenant of a key
	Bindings []bindingRow // of a key
	All      string       // URL of all of them; empty: these are
	Seen     bool         // the visitor may see bindings
	rights   []sallyport.Permission

	ByDay       *chart
	Refusals    *chart // nil: not the visitor's to see
	Requests    []event
	AllRequests string // path of the list
	Addresses   []addressRow
	Used        []usedRow
	Could       int // permissions that it could use; with Asked
	Unused      []sallyport.Permission
	MoreUnused  int
	Asked       bool // it is known what it could do
	Where       string
	APIs        []reachRow
}

// Can reports whether the visitor may hold a permission of the management API
// where the key is, as the table of bindings asks.
func (p *aboutPage) Can(right string) bool {
	return slices.Contains(p.rights, sallyport.Permission(admin.ManagementAPI)+"/"+sallyport.Permission(right))
}

// A secretRow is what is known of one of a credential's secrets.
type secretRow struct {
	admin.SecretInfo
	Newest  bool
	Over    bool // its overlap is
	Address string
	Agent   string
}

// An addressRow is where a credential was used from, by the requests that are
// kept.
type addressRow struct {
	Address string
	Last    time.Time
	Kept    int
	Refused int
}

// A usedRow is a permission that was used.
type usedRow struct {
	Names []sallyport.Permission // of which one was asked for; none: a good credential was enough
	Uses  string
	Last  time.Time
}

// A reachRow is how many routes of an API a credential can call.
type reachRow struct {
	Title string
	Path  string // of the table
	May   int
	All   int
	Taken bool // the API takes credentials of the kind
}

func (v *visit) credential() error {
	page, err := v.aboutCredential()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "credential", page)
}

// aboutCredential collects what there is to tell of the credential in the path.
func (v *visit) aboutCredential() (*aboutPage, error) {
	p, err := v.credentialIn("")
	if err != nil {
		return nil, err
	}
	page := &aboutPage{credentialPage: p, Life: v.life(&p.Token)}
	v.tellSecrets(page)
	for _, tell := range []func(*aboutPage) error{v.tellUsage, v.tellRequests, v.tellReach, v.tellBindings} {
		if err := tell(page); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// A meter is a share as a bar, with what it says beside it.
type meter struct {
	Share float64 // from 0 to 100
	State string  // as of a badge; empty: nothing special
	Text  string
}

// span is a meter of what is left of the time from one moment to another.
func (v *visit) span(from, to time.Time, key string) *meter {
	whole, left := to.Sub(from), max(to.Sub(v.now), 0)
	m := &meter{Text: v.text(key, v.spanWords(left), v.spanWords(whole))}
	if whole > 0 {
		m.Share = math.Floor(1000*min(1, left.Seconds()/whole.Seconds())) / 10
	}
	return m
}

// spanWords is a span of time, in the largest unit that fits.
func (v *visit) spanWords(d time.Duration) string {
	switch {
	case d < time.Hour:
		return v.texts().count("time.minute", int((d+time.Minute/2)/time.Minute))
	case d < 48*time.Hour:
		return v.texts().count("time.hour", int((d+time.Hour/2)/time.Hour))
	}
	return v.texts().count("time.day", int((d+12*time.Hour)/(24*time.Hour)))
}

// life is how much of a credential's life is left.
func (v *visit) life(t *tokenRow) *meter {
	if t.Expires.IsZero() {
		return nil
	}
	from := t.Created
	if t.Renewed.After(from) {
		from = t.Renewed
	}
	m := v.span(from, t.Expires, "token.life")
	switch {
	case t.State == "expired":
		m.State, m.Text = "refused", v.text("token.life.over")
	case t.Soon:
		m.State = "soon"
	}
	return m
}

// tellSecrets tells of an overlap: who has not changed over.
func (v *visit) tellSecrets(page *aboutPage) {
	list := page.CredentialView.Secrets
	for i, s := range list {
		page.Secrets = append(page.Secrets, secretRow{
			SecretInfo: s, Newest: i == 0, Over: !s.Expires.IsZero() && !s.Expires.After(v.now),
			Address: plainAddress(s.LastAddr), Agent: agent(s.LastVia),
		})
		if i > 0 && s.LastUsed.After(list[0].Created) {
			page.OldUsed = true
		}
	}
	if len(list) > 1 && list[1].Expires.After(v.now) {
		page.OldLeft = v.span(list[0].Created, list[1].Expires, "token.overlap.left")
	}
}

// tellUsage tells how often it was used on which day, and for what.
func (v *visit) tellUsage(page *aboutPage) error {
	u, err := v.Admin.Usage(v.r.Context(), v.actor, page.Credential.ID, (usageDays-1)*24*time.Hour)
	if err != nil {
		return err
	}
	byDay, total := map[int64]int64{}, int64(0)
	for _, d := range u.Days {
		byDay[d.Day] = d.Uses
		total += d.Uses
	}
	page.ByDay = &chart{Title: v.text("token.by-day"), Across: v.text("token.day"), Sum: grouped(total)}
	for day := store.DayOf(u.Since); day <= store.DayOf(v.now); day++ {
		page.ByDay.Rows = append(page.ByDay.Rows, chartRow{
			Label: v.texts().date(store.DayStart(day)), Value: float64(byDay[day]), Text: grouped(byDay[day]),
		})
	}
	page.ByDay.columns(groupedFloat)
	page.Used = usedRows(u.Permissions)
	return nil
}

// usedRows adds up what was used in several tenants, through several bindings.
func usedRows(list []api.PermissionUse) (rows []usedRow) {
	type sum struct {
		usedRow
		n int64
	}
	sums := map[string]*sum{}
	for _, u := range list {
		name := joined(u.AnyOf)
		if sums[name] == nil {
			sums[name] = &sum{usedRow: usedRow{Names: u.AnyOf}}
		}
		sums[name].n += u.Uses
		if u.LastDay.After(sums[name].Last) {
			sums[name].Last = u.LastDay
		}
	}
	var all []*sum
	for _, s := range sums {
		s.Uses = grouped(s.n)
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *sum) int { return cmp.Or(cmp.Compare(b.n, a.n), slices.Compare(a.Names, b.Names)) })
	for _, s := range all {
		rows = append(rows, s.usedRow)
	}
	return rows
}

// tellRequests tells of the last requests that are kept: those that were refused,
// and a sample of the others.
func (v *visit) tellRequests(page *aboutPage) error {
	if !page.Explain {
		return nil
	}
	filter := admin.DecisionFilter{DecisionFilter: store.DecisionFilter{Credential: string(page.Credential.ID)}}
	q, list := url.Values{"credential": {string(page.Credential.ID)}, "outcome": {"both"}}, requestsPath
	if !page.Own {
		list = whyPath
		filter.Tenant = page.Owner.Home
		rights, err := v.Admin.Permissions(v.r.Context(), v.actor, sallyport.EveryTenant)
		if err != nil {
			return err
		}
		if slices.Contains(rights, admin.DecisionsExplain) {
			filter.Tenant, filter.Everywhere = "", true
		} else {
			q.Set("tenant", string(filter.Tenant))
		}
	}
	page.AllRequests = Base + list + "?" + q.Encode()
	kept, err := v.Admin.Decisions(v.r.Context(), v.actor, filter, admin.Page{Limit: keptRequests})
	if err != nil {
		return err
	}
	v.tellDecisions(page, kept.Items)
	return nil
}

func (v *visit) tellDecisions(page *aboutPage, kept []store.Decision) {
	reasons, total := map[sallyport.Reason]int{}, 0
	addresses := map[string]*addressRow{}
	for i := range kept {
		d := &kept[i]
		if i < shownRequests {
			page.Requests = append(page.Requests, event{
				Moment: v.texts().moment(v.now, d.At), Text: d.Method + " " + titleOr(d.Path, "?"), Detail: string(d.Reason),
				State: outcomeOf(d), Path: whyOf(d.RequestID),
			})
		}
		row := addresses[d.Address]
		if row == nil {
			row = &addressRow{Address: d.Address, Last: d.At}
			addresses[d.Address] = row
		}
		if row.Kept++; !d.Allowed {
			row.Refused++
			reasons[d.Reason]++
			total++
		}
	}
	page.Refusals = &chart{Title: v.text("token.refusals"), Across: v.text("overview.reason"), Sum: grouped(int64(total))}
	for reason, n := range reasons {
		page.Refusals.Rows = append(page.Refusals.Rows, chartRow{
			Label: string(reason), Value: float64(n), Text: grouped(int64(n)),
			Path: strings.Replace(page.AllRequests, "outcome=both", url.Values{"reason": {string(reason)}}.Encode(), 1),
		})
	}
	slices.SortFunc(page.Refusals.Rows, func(a, b chartRow) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Label, b.Label)) })
	page.Refusals.bars()
	for _, row := range addresses {
		page.Addresses = append(page.Addresses, *row)
	}
	slices.SortFunc(page.Addresses, func(a, b addressRow) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Address, b.Address)) })
}

// tellReach tells what it could do, against what it did.
func (v *visit) tellReach(page *aboutPage) error {
	if !page.Explain {
		return nil
	}
	reach, err := v.Admin.Reach(v.r.Context(), v.actor, page.Credential.ID, "")
	if kind := sallyport.KindOf(err); err != nil && (kind == sallyport.Refused || kind == sallyport.NotFound) {
		return nil // its owner is gone, or not the visitor's to ask about
	}
	if err != nil {
		return err
	}
	page.Asked, page.Could = true, len(reach.Could)
	used := map[sallyport.Permission]bool{}
	for _, row := range page.Used {
		for _, p := range row.Names {
			used[p] = true
		}
	}
	page.Unused = slices.DeleteFunc(slices.Clone(reach.Could), func(p sallyport.Permission) bool { return used[p] })
	page.MoreUnused = max(0, len(page.Unused)-shownUnused)
	page.Unused = page.Unused[:len(page.Unused)-page.MoreUnused]
	if reach.Tenant != "" {
		page.Where = v.tenantName(reach.Tenant)
	}
	r := v.reacher(&page.Credential, &reach)
	for _, a := range v.Doors.Policy().APIs() {
		if a.Disabled {
			continue
		}
		row := reachRow{
			Title: titleOr(a.Document.Title, string(a.Name)), All: len(a.Routes), Taken: takes(a, page.Credential.Kind),
			Path: page.At + "/routes?" + url.Values{"api": {string(a.Name)}}.Encode(),
		}
		for _, route := range a.Routes {
			if r.may(route).May {
				row.May++
			}
		}
		page.APIs = append(page.APIs, row)
	}
	return nil
}

// takes reports whether an API takes credentials of a kind as they are.
func takes(a *policy.API, kind sallyport.CredentialKind) bool {
	return slices.ContainsFunc(a.Accept, func(x sallyport.Accept) bool {
		return !x.Refused && (len(x.Kinds) == 0 || slices.Contains(x.Kinds, kind))
	})
}

// tellBindings lists the roles of a key: what a token may is its owner's.
func (v *visit) tellBindings(page *aboutPage) error {
	if !page.Key {
		return nil
	}
	ctx, c := v.r.Context(), &page.Credential
	rights, err := v.Admin.Permissions(ctx, v.actor, c.Tenant)
	if err != nil || !slices.Contains(rights, admin.BindingsRead) {
		return err
	}
	page.Seen, page.In, page.rights = true, in(c.Tenant), rights
	page.Bindings, page.All, err = v.held(place{Tenant: c.Tenant, In: page.In}, sallyport.SubjectKey, string(c.ID))
	return err
}
