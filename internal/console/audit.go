package console

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
)

// auditArea shows what was changed by whom.
func auditArea() area {
	return area{
		id: "audit", path: "/audit", needs: []sallyport.Permission{admin.AuditRead},
		pages: []areaPage{{id: "audit", path: "/audit"}},
		routes: func() []route {
			return []route{
				{"audit", "GET", "/audit", member, (*visit).audit},
				{"audit.export", "GET", "/audit/export", member, (*visit).exportAudit},
				{"audit.verify", "POST", "/audit/verify", member, (*visit).verifyAudit},
			}
		},
	}
}

// An auditPage lists entries of the trail.
type auditPage struct {
	frame
	auditQuery
	Tenants []option
	Whole   bool // the whole installation, whose chain can be verified
	Rows    []auditRow
	Pager   pager
	Export  string // URL
	Faults  faults

	Report *audit.Report // nil: the chain was not verified now
	Took   time.Duration
	Head   string // hash of the newest entry, if the whole trail is shown from its end
}

// An auditQuery is what was asked for.
type auditQuery struct {
	Actor  string // login or id
	Action string
	Target string
	From   string // days
	Until  string
}

// An auditRow is an entry as it is shown.
type auditRow struct {
	store.AuditRow
	Changes []auditChange
	Where   string
}

// An auditChange is one field that an entry tells of.
type auditChange struct{ Name, Before, After string }

func (v *visit) audit() error {
	page, err := v.auditPage()
	if err != nil {
		return err
	}
	status := http.StatusOK
	if page.Faults.Any() {
		status = http.StatusUnprocessableEntity
	}
	return v.show(status, "audit", page)
}

func (v *visit) auditPage() (*auditPage, error) {
	page := &auditPage{frame: v.frame(v.text("audit.title"), "audit")}
	tenant, tenants, err := v.scope(admin.AuditRead)
	if err != nil {
		return nil, err
	}
	page.Tenants, page.Whole = tenants, tenant == ""
	filter, err := v.auditFilter(page)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	for _, name := range []string{"tenant", "actor", "action", "target", "from", "until"} {
		if text := v.r.URL.Query().Get(name); text != "" {
			q.Set(name, text)
		}
	}
	page.Export = Base + "/audit/export?" + q.Encode()
	if page.Faults.Any() {
		return page, nil
	}
	part := v.listed()
	part.Limit = shownEntries
	list, err := v.Admin.Audit(v.r.Context(), v.actor, tenant, filter, part)
	if err != nil {
		return nil, err
	}
	for _, r := range list.Items {
		page.Rows = append(page.Rows, auditRow{r, changesOf(r.Before, r.After), v.tenantName(r.Tenant)})
	}
	page.Pager = v.pager(list.Next)
	return page, nil
}

// shownEntries is how many entries a page shows: each is of several lines and can tell
// of many fields, and with 30 a browser takes a quarter of a second to paint them.
const shownEntries = 20

// auditFilter reads what is asked for.
func (v *visit) auditFilter(page *auditPage) (f store.AuditFilter, err error) {
	q := v.r.URL.Query()
	page.auditQuery = auditQuery{
		Actor: strings.TrimSpace(q.Get("actor")), Action: strings.TrimSpace(q.Get("action")), Target: strings.TrimSpace(q.Get("target")),
		From: q.Get("from"), Until: q.Get("until"),
	}
	f = store.AuditFilter{Action: page.Action, Target: page.Target}
	f.From = v.day(page.From, "from", &page.Faults)
	if f.Until = v.day(page.Until, "until", &page.Faults); !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	if page.Actor == "" {
		return f, nil
	}
	if _, ok := sallyport.ParseUUID(page.Actor); ok {
		f.Actor = sallyport.PrincipalID(page.Actor)
		return f, nil
	}
	u, err := v.Admin.UserByLogin(v.r.Context(), v.actor, page.Actor)
	switch sallyport.KindOf(err) { //nolint:exhaustive // the others are faults of ours
	case sallyport.NotFound, sallyport.Invalid:
		page.Faults.at("actor", v.text("audit.actor.none"))
		return f, nil
	}
	f.Actor = u.ID
	return f, err
}

// day reads a day, none if it is empty.
func (v *visit) day(text, field string, f *faults) time.Time {
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		f.at(field, v.text("form.date", v.now.Format(time.DateOnly)))
	}
	return day
}

// changesOf compares how a thing was and is, field by field.
func changesOf(before, after string) []auditChange {
	was, is := fieldsOf(before), fieldsOf(after)
	var names []string
	for name := range was {
		names = append(names, name)
	}
	for name := range is {
		if _, both := was[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var all []auditChange
	for _, name := range names {
		if was[name] != is[name] {
			all = append(all, auditChange{name, was[name], is[name]})
		}
	}
	return all
}

// fieldsOf are the fields of a JSON object, each as people read it.
func fieldsOf(text string) map[string]string {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil {
		return nil // there is nothing to say
	}
	all := map[string]string{}
	for name, raw := range object {
		var plain string
		if json.Unmarshal(raw, &plain) == nil {
			all[name] = plain
			continue
		}
		all[name] = string(raw)
	}
	return all
}

// maxExport bounds how many entries a browser is given at once.
const maxExport = 100_000

// exportAudit sends the entries that were asked for as JSON Lines, newest first,
// as they are read.
func (v *visit) exportAudit() error {
	page, err := v.auditPage() // checks the question, and the right to ask it
	if err != nil {
		return err
	}
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "audit", page)
	}
	tenant, _, err := v.scope(admin.AuditRead)
	if err != nil {
		return err
	}
	filter, err := v.auditFilter(page)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/jsonl; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="audit-`+v.now.UTC().Format("2006-01-02")+`.jsonl"`)
	for p, n := (admin.Page{Limit: maxList}), 0; n < maxExport; {
		list, err := v.Admin.Audit(v.r.Context(), v.actor, tenant, filter, p)
		if err != nil {
			if n == 0 {
				return err
			}
			// Half a file is not to look whole.
			_, _ = v.w.Write([]byte(`{"incomplete":"the export ended here because of a failure; repeat it"}` + "\n"))
			v.Log.ErrorContext(v.r.Context(), "an export of the trail failed", "request_id", v.decision.RequestID, "error", err)
			return nil
		}
		var b bytes.Buffer
		lines := json.NewEncoder(&b)
		for _, r := range list.Items {
			if err := lines.Encode(entryOf(r)); err != nil {
				return err
			}
		}
		if v.r.Method == http.MethodHead {
			return nil
		}
		if _, err := v.w.Write(b.Bytes()); err != nil || list.Next == "" {
			return nil //nolint:nilerr // the browser is gone
		}
		n, p.Cursor = n+len(list.Items), list.Next
	}
	return nil
}

// entryOf is an entry as the management API gives it.
func entryOf(r store.AuditRow) api.AuditEntry {
	return api.AuditEntry{
		Seq: r.Seq, At: r.Time, Tenant: r.Tenant, ActorID: r.ActorID, ActorKind: r.ActorKind, ActorName: r.ActorName,
		Action: r.Action, TargetKind: r.TargetKind, TargetID: r.TargetID, TargetName: r.TargetName,
		Before: json.RawMessage(r.Before), After: json.RawMessage(r.After), RequestID: r.RequestID, Address: r.Address,
		Prev: hex.EncodeToString(r.Prev[:]), Hash: hex.EncodeToString(r.Hash[:]),
	}
}

// verifyAudit walks the whole trail and tells whether it is as it was written.
func (v *visit) verifyAudit() error {
	report, err := v.Admin.VerifyAudit(v.r.Context(), v.actor, 0, 0)
	if err != nil {
		return err
	}
	page, err := v.auditPage()
	if err != nil {
		return err
	}
	page.Report, page.Took, page.Head = &report, v.Now().Sub(v.now).Round(time.Millisecond), hex.EncodeToString(report.Hash[:])
	return v.show(http.StatusOK, "audit", page)
}
