package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of one answer: how many entries of the trail are looked at, and how
// often the policy is compiled as it was.
const (
	maxHistory  = 20_000
	maxCompiled = 500
)

// usualPast is how far back is looked when nothing is said.
const usualPast = 24 * time.Hour

// A ChangeFilter chooses among changes of rights; what is empty does not matter.
type ChangeFilter struct {
	Tenant     sallyport.TenantID
	Principal  sallyport.PrincipalID // only what concerns this user or API key
	Permission sallyport.Permission  // only what gave it or took it away
	Since      time.Time             // not before; zero: a day ago
	Until      time.Time             // before

	// Trial is a request of the principal's: only what changed the answer to it.
	Trial *policy.Trial
}

// A RightsChange is a change of what somebody may.
type RightsChange struct {
	At    time.Time
	Entry *store.AuditRow // by which it was made; nil: it came with time

	Role    *sallyport.Role        // that was changed, given or taken away; nil: it is not about one
	Binding *sallyport.Binding     // nil: it is not about one
	Lost    []sallyport.Permission // by those concerned
	Gained  []sallyport.Permission
	Text    string // the same for people

	Before, After *sallyport.Decision // on the request that was asked about
}

// Changes are changes of rights, newest first.
type Changes struct {
	List[RightsChange]
	Since     time.Time           // that was asked about
	Then, Now *sallyport.Decision // on the request that was asked about
}

// Changes returns what changed rights in a tenant, from the audit trail: roles
// that lost or gained permissions, bindings, memberships, accounts, APIs; with a
// principal also bindings that ended. It needs [AuditRead] in the tenant, and for
// a principal what [Service.Suppose] needs. Who changed what belongs to the whole
// installation is told with [AuditRead] there; that it changed is told to
// everybody whom it concerns.
func (s *Service) Changes(ctx context.Context, a Actor, f ChangeFilter, p Page) (out Changes, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.may(f.Tenant, AuditRead); err != nil {
			return err
		}
		if f.Trial != nil && s.c.Judge == nil {
			return sallyport.ErrInvalid("url", "this installation cannot say what would have been decided")
		}
		if f.Principal != "" && !w.actor.is(f.Principal) {
			if err := w.mayExplain(ctx, f.Principal, f.Tenant); err != nil {
				return err
			}
		}
		since := f.Since
		if f.Since.IsZero() {
			f.Since = w.now.Add(-usualPast)
		}
		h := &past{work: w, f: f, every: w.may(sallyport.EveryTenant, AuditRead) == nil}
		if err := h.walk(ctx); err != nil {
			return err
		}
		out.Since, out.Then, out.Now = f.Since, h.then, h.today
		place := []string{"changes", string(f.Tenant), string(f.Principal), string(f.Permission), since.String(), f.Until.String()}
		if t := f.Trial; t != nil {
			place = append(place, t.Method, t.Target, t.Realm)
		}
		out.List, err = pages(w, p, place, h.page)
		return err
	})
	return out, err
}

// rightful are the beginnings of the actions that change rights.
var rightful = [...]string{"role.", "binding.", "group.", "user.", "tenant.", "api.", "key."}

// A past is the trail, walked from its end: the present state is undone entry by
// entry, so that of each it is known what it changed.
type past struct {
	*work
	f     ChangeFilter
	every bool // the actor may read the trail of the whole installation

	state state
	names map[string]string // of subjects, by id
	found []RightsChange    // newest first

	then, today *sallyport.Decision
}

// walk finds the changes.
func (h *past) walk(ctx context.Context) error {
	rows, err := h.rows(ctx)
	if err != nil {
		return err
	}
	if err := h.begin(ctx, rows); err != nil {
		return err
	}
	h.today = h.judge(h.now)
	newer := h.now
	for i := range rows {
		row := &rows[i]
		h.ended(row.Time, newer)
		if err := h.step(ctx, row); err != nil {
			return err
		}
		if h.state.compiles > maxCompiled {
			return errTooMuch()
		}
		newer = row.Time
	}
	h.ended(h.f.Since, newer)
	h.then = h.judge(h.f.Since)
	return nil
}

// rows returns the entries that changed rights, newest first. Those of after the
// time that is asked about are needed to get there.
func (h *past) rows(ctx context.Context) ([]store.AuditRow, error) {
	places := []sallyport.TenantID{sallyport.EveryTenant}
	if h.f.Tenant != sallyport.EveryTenant {
		places = append(places, h.f.Tenant)
	}
	if h.f.Principal != "" {
		record, err := h.record(ctx, h.f.Principal)
		if err != nil {
			return nil, err
		}
		h.state.record = *record
		if home := record.Principal.Home; !slices.Contains(places, home) && h.may(home, AuditRead) == nil {
			places = append(places, home)
		}
	}
	var rows []store.AuditRow
	for _, place := range places {
		for _, action := range rightful {
			part, err := all(func(p store.Page) ([]store.AuditRow, string, error) {
				if len(rows) > maxHistory {
					return nil, "", errTooMuch()
				}
				list, next, err := h.tx.Audit(ctx, place, store.AuditFilter{Action: action, From: h.f.Since}, p)
				rows = append(rows, list...)
				return nil, next, err
			})
			if err != nil || len(part) > 0 {
				return nil, err
			}
		}
	}
	slices.SortFunc(rows, func(a, b store.AuditRow) int { return int(b.Seq - a.Seq) })
	return rows, nil
}

func errTooMuch() error {
	return sallyport.ErrInvalid("since", "too much has changed since then to be told at once; choose a later time")
}

// step undoes an entry and notes what it changed.
func (h *past) step(ctx context.Context, row *store.AuditRow) error {
	e := &event{past: h, row: row}
	if err := e.read(); err != nil {
		return err
	}
	concerns := e.concerns()
	var after, before *sallyport.Decision
	if concerns {
		after = h.judge(row.Time)
		e.describe(ctx)
	}
	e.undo()
	if !concerns {
		return nil
	}
	before = h.judge(row.Time)
	c := e.change
	c.At, c.Entry, c.Before, c.After = row.Time, h.shown(row), before, after
	h.add(c)
	return nil
}

// ended notes the bindings of the principal that ended between two moments.
func (h *past) ended(since, until time.Time) {
	if h.f.Principal == "" {
		return
	}
	var over []sallyport.Binding
	for _, b := range h.state.own() {
		if b.State == sallyport.Active && b.Expires.After(since) && !b.Expires.After(until) {
			over = append(over, b)
		}
	}
	slices.SortFunc(over, func(a, b sallyport.Binding) int { return b.Expires.Compare(a.Expires) })
	for _, b := range over {
		role := h.state.roles[b.Role]
		h.add(RightsChange{
			At: b.Expires, Role: &role, Binding: &b, Lost: role.Permissions,
			Text:   "the role " + strconv.Quote(role.Name) + " of " + h.state.record.Principal.Login + " ended, as it was given until then",
			Before: h.judge(b.Expires.Add(-time.Microsecond)), After: h.judge(b.Expires),
		})
	}
}

// add notes a change if it is one that was asked for.
func (h *past) add(c RightsChange) {
	f := &h.f
	switch {
	case !f.Until.IsZero() && !c.At.Before(f.Until):
	case f.Permission != "" && !covered(f.Permission, c.Lost) && !covered(f.Permission, c.Gained) &&
		(f.Principal == "" || len(c.Lost)+len(c.Gained) > 0):
	case f.Trial != nil && sameAnswer(c.Before, c.After):
	default:
		h.found = append(h.found, c)
	}
}

// covered reports whether a permission is among some, or in a wildcard of them.
func covered(p sallyport.Permission, list []sallyport.Permission) bool {
	return slices.ContainsFunc(list, func(one sallyport.Permission) bool {
		return one == p || one == Everything || one == sallyport.Permission(p.API())+"/*"
	})
}

func sameAnswer(a, b *sallyport.Decision) bool {
	return a.Allowed == b.Allowed && a.Reason == b.Reason && slices.Equal(a.Missing, b.Missing)
}

// shown is an entry as the actor may see it: of the installation's he is told
// what was done and not by whom, unless he may read its trail.
func (h *past) shown(row *store.AuditRow) *store.AuditRow {
	if row.Tenant != sallyport.EveryTenant || h.every {
		return row
	}
	return &store.AuditRow{
		Seq: row.Seq, Time: row.Time, Tenant: row.Tenant, Action: row.Action,
		TargetKind: row.TargetKind, TargetID: row.TargetID, TargetName: row.TargetName,
	}
}

// page returns a part of what was found.
func (h *past) page(p store.Page) ([]RightsChange, string, error) {
	from := 0
	if p.After != "" {
		at := slices.IndexFunc(h.found, func(c RightsChange) bool { return c.key() == p.After })
		if from = at + 1; at < 0 {
			micros, _, _ := strings.Cut(p.After, ".")
			from = slices.IndexFunc(h.found, func(c RightsChange) bool { return strconv.FormatInt(c.At.UnixMicro(), 10) < micros })
		}
	}
	if from < 0 {
		return nil, "", nil
	}
	rest := h.found[from:]
	if len(rest) <= p.Limit {
		return rest, "", nil
	}
	return rest[:p.Limit], rest[p.Limit-1].key(), nil
}

// key names a change among others.
func (c *RightsChange) key() string {
	key := strconv.FormatInt(c.At.UnixMicro(), 10) + "."
	if c.Entry != nil {
		return key + strconv.FormatInt(c.Entry.Seq, 10)
	}
	return key + string(c.Binding.ID)
}

// judge takes the decision on the request that is asked about as it would have
// been taken at a time; nil when none is asked about.
func (h *past) judge(at time.Time) *sallyport.Decision {
	if h.f.Trial == nil {
		return nil
	}
	snapshot, principal := h.state.compiled(h.trial)
	t := *h.f.Trial
	t.Time = at
	d := h.c.Judge(snapshot, principal, &t)
	return &d
}
