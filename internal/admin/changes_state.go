package admin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A state is what rights were made of at some moment.
type state struct {
	source policy.Source
	roles  map[sallyport.RoleID]sallyport.Role
	record policy.Record // of the principal that is asked about, without bindings

	// bindings are those of the principal and those of the groups that have to do
	// with what is told.
	bindings map[sallyport.BindingID]sallyport.Binding
	loaded   map[sallyport.GroupID]bool // groups of which the bindings are there

	snapshot *policy.Snapshot // nil: it has to be compiled anew
	compiles int              // how often it was
}

// begin loads the state of now.
func (h *past) begin(ctx context.Context, rows []store.AuditRow) (err error) {
	st := &h.state
	st.roles, st.bindings = map[sallyport.RoleID]sallyport.Role{}, map[sallyport.BindingID]sallyport.Binding{}
	st.loaded, h.names = map[sallyport.GroupID]bool{}, map[string]string{}
	if st.source, err = policy.Load(ctx, &h.tx.Reader); err != nil {
		return err
	}
	for _, r := range st.source.Roles {
		st.roles[r.ID] = r
	}
	for _, b := range st.record.Bindings {
		st.bindings[b.ID] = b
	}
	groups := slices.Clone(st.record.Groups)
	for i := range rows {
		if strings.HasSuffix(rows[i].Action, "_member") && !slices.Contains(groups, sallyport.GroupID(rows[i].TargetID)) {
			groups = append(groups, sallyport.GroupID(rows[i].TargetID))
		}
	}
	for _, g := range groups {
		bindings, err := h.bindingsOfGroup(ctx, g)
		if err != nil {
			return err
		}
		for _, b := range bindings {
			st.bindings[b.ID] = b
		}
		st.loaded[g] = true
	}
	return nil
}

// has reports whether a binding is one of those that are followed.
func (st *state) has(b *sallyport.Binding) bool {
	if b.SubjectKind == sallyport.SubjectGroup {
		return st.loaded[sallyport.GroupID(b.Subject)]
	}
	return st.record.Principal.ID != "" && b.Subject == string(st.record.Principal.ID)
}

// own returns the bindings of the principal.
func (st *state) own() (out []sallyport.Binding) {
	for _, id := range slices.Sorted(maps.Keys(st.bindings)) {
		b := st.bindings[id]
		if b.SubjectKind == sallyport.SubjectGroup && !slices.Contains(st.record.Groups, sallyport.GroupID(b.Subject)) ||
			b.SubjectKind != sallyport.SubjectGroup && b.Subject != string(st.record.Principal.ID) {
			continue
		}
		out = append(out, b)
	}
	return out
}

// compiled returns the policy and the principal of the state.
func (st *state) compiled(c *policy.Compiler) (*policy.Snapshot, *policy.Principal) {
	if st.snapshot == nil {
		st.source.Roles = slices.Collect(maps.Values(st.roles))
		slices.SortFunc(st.source.Roles, func(a, b sallyport.Role) int { return strings.Compare(string(a.ID), string(b.ID)) })
		st.snapshot, _ = c.Compile(st.source) // what is faulty denies, as it did
		st.compiles++
	}
	record := st.record
	record.Bindings = st.own()
	principal, _ := c.Principal(record) // the same
	return st.snapshot, principal
}

// An event is an entry of the trail, read.
type event struct {
	*past
	row    *store.AuditRow
	change RightsChange

	role       *sallyport.Role // before a change of a role; nil: there was none
	before     *sallyport.Binding
	after      *sallyport.Binding
	user       sallyport.PrincipalID // of a membership
	was        sallyport.State       // of an account or a tenant, before
	document   *sallyport.API        // before a change of an API; nil: there was none
	incomplete bool                  // the entry does not have all of what was there before
}

// read takes an entry apart. What the trail holds a digest of only, because it
// was too long, cannot be undone.
func (e *event) read() error {
	switch kind, _, _ := strings.Cut(e.row.Action, "."); kind {
	case "role":
		e.role = decodedRole(e.row, e.row.Before)
		e.incomplete = e.row.Before != "" && e.role == nil
	case "binding":
		e.before, e.after = decodedBinding(e.row, e.row.Before), decodedBinding(e.row, e.row.After)
	case "group":
		var view struct{ User sallyport.PrincipalID }
		_ = json.Unmarshal([]byte(e.row.After), &view) // of other actions it stays empty
		e.user = view.User
	case "user", "tenant", "key":
		var view struct{ State sallyport.State }
		_ = json.Unmarshal([]byte(e.row.Before), &view) // the same
		e.was = view.State
	case "api":
		var document sallyport.API
		if e.row.Before != "" {
			if err := json.Unmarshal([]byte(e.row.Before), &document); err != nil || document.Name == "" {
				e.incomplete = true
			} else {
				e.document = &document
			}
		}
	}
	return nil
}

func decodedRole(row *store.AuditRow, text string) *sallyport.Role {
	var view struct {
		Name, Title string
		Permissions []sallyport.Permission
	}
	if json.Unmarshal([]byte(text), &view) != nil || view.Name == "" {
		return nil
	}
	return &sallyport.Role{ID: sallyport.RoleID(row.TargetID), Tenant: row.Tenant, Name: view.Name, Title: view.Title, Permissions: view.Permissions}
}

func decodedBinding(row *store.AuditRow, text string) *sallyport.Binding {
	var view struct {
		Kind      sallyport.SubjectKind `json:"subject_kind"`
		Subject   string                `json:"subject"`
		Role      sallyport.RoleID      `json:"role"`
		Realm     string                `json:"realm"`
		Condition string                `json:"condition"`
		Expires   time.Time             `json:"expires"`
		State     sallyport.State       `json:"state"`
	}
	if json.Unmarshal([]byte(text), &view) != nil || view.Subject == "" {
		return nil
	}
	return &sallyport.Binding{
		ID: sallyport.BindingID(row.TargetID), Tenant: row.Tenant, SubjectKind: view.Kind, Subject: view.Subject, Role: view.Role,
		Realm: view.Realm, Condition: view.Condition, Expires: view.Expires, State: view.State,
	}
}

// binding returns the binding that the entry is about.
func (e *event) binding() *sallyport.Binding {
	if e.after != nil {
		return e.after
	}
	return e.before
}

// undo takes the state back to before the entry.
func (e *event) undo() {
	st := &e.state
	switch kind, _, _ := strings.Cut(e.row.Action, "."); kind {
	case "role":
		if e.incomplete {
			return
		}
		st.snapshot = nil
		if e.role == nil {
			delete(st.roles, sallyport.RoleID(e.row.TargetID))
		} else {
			st.roles[e.role.ID] = *e.role
		}
	case "binding":
		if b := e.binding(); b == nil || !st.has(b) {
			return
		}
		if e.before == nil {
			delete(st.bindings, e.after.ID)
		} else {
			st.bindings[e.before.ID] = *e.before
		}
	case "group":
		e.undoMembership()
	case "user", "key":
		if e.isPrincipal() && e.was != "" {
			st.record.State = e.was
		}
	case "tenant":
		e.undoTenant()
	case "api":
		e.undoAPI()
	}
}

func (e *event) isPrincipal() bool {
	return e.f.Principal != "" && e.row.TargetID == string(e.f.Principal)
}

func (e *event) undoMembership() {
	if e.user == "" || e.user != e.f.Principal {
		return
	}
	record, group := &e.state.record, sallyport.GroupID(e.row.TargetID)
	record.Groups = slices.DeleteFunc(slices.Clone(record.Groups), func(g sallyport.GroupID) bool { return g == group })
	if e.row.Action == "group.remove_member" {
		record.Groups = append(record.Groups, group)
	}
}

func (e *event) undoTenant() {
	st := &e.state
	at := slices.IndexFunc(st.source.Tenants, func(t sallyport.Tenant) bool { return string(t.ID) == e.row.TargetID })
	if at < 0 || e.was == "" || st.source.Tenants[at].State == e.was {
		return
	}
	st.snapshot = nil
	st.source.Tenants = slices.Clone(st.source.Tenants)
	st.source.Tenants[at].State = e.was
}

func (e *event) undoAPI() {
	if e.incomplete {
		return
	}
	st, name := &e.state, sallyport.APIName(e.row.TargetID)
	st.snapshot = nil
	st.source.APIs = slices.DeleteFunc(slices.Clone(st.source.APIs), func(a sallyport.API) bool { return a.Name == name })
	if e.document != nil {
		st.source.APIs = append(st.source.APIs, *e.document)
	}
}
