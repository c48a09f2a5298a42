package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
)

// designRoutes are the routes of the demonstration alone.
func designRoutes() []route {
	return []route{{"design", "GET", "/design", anybody, (*visit).design}}
}

// A designPage shows the components, for who builds pages of them.
type designPage struct {
	frame
	Tabs    []tab
	Pager   pager
	Kinds   []option
	Reaches []option
	Columns *chart
	Line    *chart
	Bars    *chart
	None    *chart
	Events  []event
	States  []string
	Colours []string
	Faults  faults
	Confirm confirmPage
	Meters  []meter
	Steps   []startStep
	Scopes  []string
	Rows    []sallyport.User
}

func (v *visit) design() error {
	if v.identify() == "" { // the navigation, for who has signed in
		if self, err := v.Admin.Me(v.r.Context(), v.actor); err == nil {
			v.self = &self
		}
	}
	v.decision.Allowed, v.decision.Reason = true, ""
	page := &designPage{
		frame:   v.frame(v.text("design.title"), ""),
		Tabs:    []tab{{"Overview", Base + "/design", true}, {"Routes", Base + "/design?view=routes", false}, {"Settings", Base + "/design?view=settings", false}},
		Pager:   pager{First: Base + "/design", Next: Base + "/design?page=2"},
		Kinds:   []option{{Value: "person", Text: "Person", Chosen: true}, {Value: "service", Text: "Service account"}},
		Reaches: []option{{Value: "some", Text: "Only what is chosen", Hint: "and never more than its owner may", Chosen: true}, {Value: "all", Text: "All that its owner may", Hint: "now and in the future"}},
		States:  []string{"active", "soon", "deactivated", "locked", "expired", "revoked", "allowed", "refused", "builtin", "brownout"},
		Colours: []string{"ground", "sheet", "raised", "line", "edge", "text", "soft", "action", "danger", "good", "warn", "chart", "focus"},
		None:    (&chart{Title: "Refusals", Across: "Reason"}).bars(),
	}
	page.Faults.at("name", v.text("design.sample.fault"))
	page.Steps, page.Scopes = v.startSteps(1), []string{"inventory/read", "itop/REST/JSON"}
	page.Meters = []meter{{Share: 40, Text: "ends in 18 days"}, {Share: 90, State: "soon", Text: "ends in 3 days"}}
	page.Rows = []sallyport.User{
		{Login: "jane@acme.example", Name: "Jane Twotenants", State: sallyport.Active, Version: 1204},
		{Login: "gone", Name: "Gus Gone", State: sallyport.Deactivated, Version: 7},
	}
	page.Columns, page.Line, page.Bars = v.sampleCharts()
	for i, text := range []string{"Made", "First used from 10.0.0.7", "Refused: the scope does not reach inventory/write"} {
		page.Events = append(page.Events, event{Moment: v.texts().moment(v.now, v.now.Add(-time.Duration(9-3*i)*time.Hour)), Text: text})
	}
	page.Events[2].State, page.Events[2].Detail = "refused", "POST /inventory/items"
	page.Confirm = confirmPage{Points: []string{"The token is refused from now on.", "It was used 41 times today, last from 10.0.0.7."}, Warning: "This cannot be undone."}
	return v.show(http.StatusOK, "design", page)
}

func (v *visit) sampleCharts() (columns, line, bars *chart) {
	columns = &chart{Title: "Requests", Across: "Hour", Sum: "11,283"}
	line = &chart{Title: "Latency, 99th percentile", Across: "Hour", Sum: "84 µs"}
	for hour := range 24 {
		label := strconv.Itoa(hour) + ":00"
		requests := 150 + 23*((hour*7)%13)
		columns.Rows = append(columns.Rows, chartRow{Label: label, Value: float64(requests), Text: strconv.Itoa(requests)})
		line.Rows = append(line.Rows, chartRow{Label: label, Value: float64(40 + (hour*5)%31), Text: strconv.Itoa(40+(hour*5)%31) + " µs"})
	}
	bars = &chart{Title: "Refusals", Across: "Reason", Sum: "212"}
	for i, r := range []sallyport.Reason{sallyport.PermissionMissing, sallyport.CredentialExpired, sallyport.RouteUnknown} {
		n := 120 >> i
		bars.Rows = append(bars.Rows, chartRow{Label: string(r), Value: float64(n), Text: strconv.Itoa(n)})
	}
	plain := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return columns.columns(plain), line.line(func(f float64) string { return plain(f) + " µs" }), bars.bars()
}
