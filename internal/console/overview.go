package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// overviewArea tells how things stand.
func overviewArea() area {
	return area{
		id: "overview", path: "/overview", needs: []sallyport.Permission{admin.DecisionsExplain},
		routes: func() []route { return []route{{"overview", "GET", "/overview", member, (*visit).overview}} },
		pages:  []areaPage{{id: "overview", path: "/overview"}},
	}
}

// An overviewPage shows how things stand in a tenant, or in all of them.
type overviewPage struct {
	frame
	Tenants  []option
	Whole    bool // the whole installation, and this node
	ByHour   *chart
	ByReason *chart
	Expires  bool
	Expiring []expiringRow
	More     bool

	Requests  *chart // of this node; nil: not the visitor's, or not known
	Latency   *chart
	Minute    string // what was decided in the last full minute
	Known     string // credentials in use
	Revision  string
	Behind    bool // this node does not have the newest revision
	Newest    string
	Lag       string
	Confirmed bool // the lag is within what is healthy
	Nodes     []nodeRow
}

// An expiringRow is a token or an API key that ends soon.
type expiringRow struct {
	tokenRow
	Acts string // whom it acts as, or the tenant of an API key
	Link bool   // it has a page for the visitor
}

// A nodeRow is a node as it told of itself.
type nodeRow struct {
	store.Node
	State  string // as of a badge
	Behind string // the newest policy
	This   bool   // the one that shows the page
}

// How far back, and ahead, an overview looks.
const (
	refusalHours = 24
	expiringDays = 14
	maxExpiring  = 10
	healthyLag   = 2 * time.Second
	shownMinutes = 60
	lostAfter    = 20 * time.Second // a node tells of itself every five
)

func (v *visit) overview() error {
	tenant, tenants, err := v.scope(admin.DecisionsExplain)
	if err != nil {
		return err
	}
	since := v.now.Truncate(time.Hour).Add(-(refusalHours - 1) * time.Hour)
	o, err := v.Admin.Overview(v.r.Context(), v.actor, tenant, admin.Look{Since: since, Expiring: expiringDays * 24 * time.Hour, Most: maxExpiring})
	if err != nil {
		return err
	}
	page := &overviewPage{
		frame: v.frame(v.text("overview.title"), "overview"), Tenants: tenants, Whole: tenant == "",
		Expires: o.Expires, More: o.More,
	}
	page.ByHour, page.ByReason = v.refusalCharts(o.Refusals, tenant, since)
	for _, c := range o.Expiring {
		row := expiringRow{tokenRow: v.row(c.Credential), Acts: c.Acts.Login, Link: c.Acts.Login != ""}
		if row.OfKey {
			row.Acts = v.text("overview.key", row.Tenant)
		}
		page.Expiring = append(page.Expiring, row)
	}
	if page.Whole {
		v.thisNode(page, o.Newest)
		page.Nodes = v.nodeRows(&o)
	}
	return v.show(http.StatusOK, "overview", page)
}

// nodeRows are the nodes, with how far each is behind.
func (v *visit) nodeRows(o *admin.Overview) []nodeRow {
	var rows []nodeRow
	for _, n := range o.Nodes {
		row := nodeRow{Node: n, State: "active", Behind: v.text("overview.node.newest"), This: n.ID == v.Node}
		if row.This { // what it told is some seconds old
			row.Revision, row.Seen = max(row.Revision, v.Doors.Revision()), v.now
		}
		if row.Revision < o.Newest {
			behind := int(o.Newest - row.Revision) //nolint:gosec // revisions count up from 1
			row.Behind = v.texts().plain("overview.node.behind."+one(behind), grouped(int64(behind)))
		}
		if v.now.Sub(n.Seen) > lostAfter {
			row.State = "lost"
		}
		rows = append(rows, row)
	}
	return rows
}

// scope is the tenant that a page is about, "" for the whole installation, and
// what there is to choose from. Which it is when none is chosen depends on where
// the visitor holds the permission.
func (v *visit) scope(needs sallyport.Permission) (sallyport.TenantID, []option, error) {
	ctx, q := v.r.Context(), v.r.URL.Query()
	holds := func(tenant sallyport.TenantID) (bool, error) {
		rights, err := v.Admin.Permissions(ctx, v.actor, tenant)
		return slices.Contains(rights, needs), err
	}
	whole := false
	if v.self.AnyTenant {
		var err error
		if whole, err = holds(sallyport.EveryTenant); err != nil {
			return "", nil, err
		}
	}
	list, err := v.Admin.MyTenants(ctx, v.actor, maxList)
	if err != nil {
		return "", nil, err
	}
	chosen := sallyport.TenantID(q.Get("tenant"))
	if chosen == "" && !whole {
		for _, t := range list {
			if ok, err := holds(t.ID); err != nil {
				return "", nil, err
			} else if ok {
				chosen = t.ID
				break
			}
		}
		if chosen == "" && len(list) > 0 {
			chosen = list[0].ID // and admin will refuse
		}
	}
	var choices []option
	if whole {
		choices = append(choices, option{Text: v.text("scope.whole"), Chosen: chosen == ""})
	}
	for _, t := range list {
		choices = append(choices, option{Value: string(t.ID), Text: t.Name, Chosen: t.ID == chosen})
	}
	return chosen, v.withChosen(choices, chosen), nil
}

// refusalCharts draws refusals by hour and by reason; a reason leads to the
// requests.
func (v *visit) refusalCharts(counts []store.RefusalCount, tenant sallyport.TenantID, since time.Time) (byHour, byReason *chart) {
	sums, reasons := map[int64]int64{}, map[sallyport.Reason]int64{}
	total := int64(0)
	for _, c := range counts {
		sums[c.Hour.Unix()] += c.Count
		reasons[c.Reason] += c.Count
		total += c.Count
	}
	byHour = &chart{Title: v.text("overview.refusals"), Across: v.text("overview.hour"), Sum: grouped(total)}
	for i := range refusalHours {
		hour := since.Add(time.Duration(i) * time.Hour).UTC()
		n := sums[hour.Unix()]
		byHour.Rows = append(byHour.Rows, chartRow{Label: hour.Format("15:04") + " UTC", Value: float64(n), Text: grouped(n)})
	}
	byReason = &chart{Title: v.text("overview.reasons"), Across: v.text("overview.reason"), Sum: grouped(total)}
	for reason, n := range reasons {
		byReason.Rows = append(byReason.Rows, chartRow{Label: string(reason), Value: float64(n), Text: grouped(n), Path: whyList(tenant, reason)})
	}
	slices.SortFunc(byReason.Rows, func(a, b chartRow) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Label, b.Label))
	})
	return byHour.columns(groupedFloat), byReason.bars()
}

// thisNode tells what this node does: it is for who may see the whole
// installation.
func (v *visit) thisNode(page *overviewPage, newest sallyport.Revision) {
	revision, lag := v.Doors.Revision(), v.Doors.Lag()
	page.Known = grouped(int64(v.Doors.Known()))
	page.Revision, page.Newest = grouped(int64(revision)), grouped(int64(newest)) //nolint:gosec // revisions count up from 1
	page.Behind, page.Lag, page.Confirmed = revision < newest, lag.Round(time.Millisecond).String(), lag < healthyLag
	if v.History == nil {
		return
	}
	minutes := v.History.Minutes(v.now)
	begun := len(minutes)
	// A node that has just started shows the whole hour, too.
	for len(minutes) <= shownMinutes {
		minutes = slices.Insert(minutes, 0, telemetry.Minute{Start: minutes[0].Start.Add(-time.Minute)})
	}
	requests := &chart{Title: v.text("overview.requests"), Across: v.text("overview.minute")}
	latency := &chart{Title: v.text("overview.latency"), Across: v.text("overview.minute")}
	total, worst := int64(0), time.Duration(0)
	for _, m := range minutes {
		label := m.Start.UTC().Format("15:04") + " UTC"
		n := m.Allowed + m.Denied + m.Failed
		total, worst = total+n, max(worst, m.P99)
		requests.Rows = append(requests.Rows, chartRow{Label: label, Value: float64(n), Text: grouped(n)})
		latency.Rows = append(latency.Rows, chartRow{Label: label, Value: float64(m.P99) / float64(time.Microsecond), Text: threeDigits(m.P99)})
	}
	requests.Sum, latency.Sum = grouped(total), v.text("overview.most", threeDigits(worst))
	page.Requests = requests.columns(groupedFloat)
	page.Latency = latency.columns(func(micro float64) string { return threeDigits(time.Duration(micro * float64(time.Microsecond))) })
	if begun > 1 {
		last := minutes[len(minutes)-2]
		page.Minute = grouped(last.Allowed + last.Denied + last.Failed)
	}
}

// threeDigits writes a duration with as many digits as an estimate deserves.
func threeDigits(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func groupedFloat(f float64) string { return grouped(int64(f)) }
