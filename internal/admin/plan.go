package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Actions of a plan.
const (
	actionCreate = "create"
	actionUpdate = "update"
	actionDelete = "delete"
	actionAdopt  = "adopt"
)

// maxFaults bounds how much is told about one policy.
const maxFaults = 100

// A step is one change of a plan.
type step struct {
	api.PolicyChange
	item itemKey
	do   func(ctx context.Context, w *work) error // nil: only who owns it changes
}

// A planner works out what a policy changes. It runs in a transaction, on one
// state of the store.
type planner struct {
	*work
	in      api.PolicyRequest
	needs   []sallyport.Permission
	doc     *api.Policy
	name    string
	estate  *estate
	mine    map[itemKey]bool                                         // what the policy owns
	there   map[itemKey]bool                                         // what it names
	keys    map[sallyport.TenantID]map[string]sallyport.CredentialID // that were asked for
	gone    []itemKey                                                // what it owns and is not there any more
	steps   []step
	last    []step // deletions
	same    int
	unowned int
	remount bool // some API changes
	faults  []error
	before  policy.Source
	final   *policy.Snapshot // the policy as it would be
	tests   []api.PolicyOutcome
	failed  int
}

// Plan works out what a policy would change, and plays its tests, without
// changing anything. It needs [PolicyRead] in each tenant that the policy
// concerns; of APIs and tenants in every tenant.
func (s *Service) Plan(ctx context.Context, a Actor, in api.PolicyRequest) (plan api.Plan, err error) {
	err = s.look(ctx, a, func(w *work) error {
		p, err := w.planPolicy(ctx, in, PolicyRead)
		if err == nil {
			plan = p.onWire()
		}
		return err
	})
	return plan, err
}

// planPolicy works out a plan for an actor who must hold the permissions in each
// tenant that it concerns.
func (w *work) planPolicy(ctx context.Context, in api.PolicyRequest, needs ...sallyport.Permission) (*planner, error) {
	p := &planner{
		work: w, in: in, needs: needs, doc: &in.Policy, estate: newEstate(), mine: map[itemKey]bool{}, there: map[itemKey]bool{},
		keys: map[sallyport.TenantID]map[string]sallyport.CredentialID{},
	}
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	for _, part := range []func(context.Context) error{
		p.planTenants, p.planRealms, p.planAPIs, p.planRoles, p.planUsers, p.planGroups, p.planBindings, p.planDeletions,
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.compile(); err != nil {
		return nil, err
	}
	if err := p.play(ctx); err != nil {
		return nil, err
	}
	return p, errors.Join(p.faults...)
}

// fault notes what is wrong with a field of the document.
func (p *planner) fault(field, format string, args ...any) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, sallyport.ErrInvalid(field, fmt.Sprintf(format, args...)))
	}
}

// wrong notes an error about an element, if it is about what was written; any
// other one is returned.
func (p *planner) wrong(where string, err error) error {
	if kind := sallyport.KindOf(err); err == nil || kind != sallyport.Invalid && kind != sallyport.Conflict {
		return err
	}
	for _, e := range Faults(err) {
		field := where
		if e.Field != "" {
			field += "." + e.Field
		}
		p.fault(field, "%s", e.Message)
	}
	return nil
}

// begin reads what there is, as far as the document concerns it and the actor
// may see it.
func (p *planner) begin(ctx context.Context) (err error) {
	if err := p.checkName(); err != nil {
		return err
	}
	if err := p.estate.loadCommon(ctx, p.tx); err != nil {
		return err
	}
	for _, a := range p.estate.apis {
		p.before.APIs = append(p.before.APIs, a)
	}
	p.before.Roles = slices.Collect(maps.Values(p.estate.roles))
	var owned []store.PolicyItem
	if p.name != "" {
		if owned, err = p.tx.PolicyItemsOf(ctx, p.name); err != nil {
			return err
		}
		// A policy of the same name where the actor sees nothing is not his.
		owned = slices.DeleteFunc(owned, func(i store.PolicyItem) bool { return !p.sees(i.Tenant) })
	}
	concerned, err := p.concerned(owned)
	if err != nil {
		return err
	}
	for _, id := range concerned {
		for _, permission := range p.needs {
			if err := p.may(id, permission); err != nil {
				return err
			}
		}
		if err := p.estate.load(ctx, p.tx, id); err != nil {
			return err
		}
	}
	if !p.estate.concerned[sallyport.EveryTenant] {
		if err := p.estate.loadGroups(ctx, p.tx, sallyport.EveryTenant); err != nil {
			return err
		}
	}
	for _, i := range owned {
		p.mine[itemKey{i.Kind, i.Tenant, i.ID}] = true
	}
	return nil
}

func (p *planner) checkName() (err error) {
	d := p.doc
	things := len(d.Tenants) + len(d.Realms) + len(d.Users) + len(d.Groups) + len(d.Roles) + len(d.Bindings) + len(d.APIs)
	for name, list := range map[string]struct{ n, most int }{
		"tenants": {len(d.Tenants), 10_000}, "realms": {len(d.Realms), 10_000}, "users": {len(d.Users), 50_000}, "groups": {len(d.Groups), 10_000},
		"roles": {len(d.Roles), 10_000}, "bindings": {len(d.Bindings), 100_000}, "apis": {len(d.APIs), 1000}, "tests": {len(d.Tests), 10_000},
	} {
		if list.n > list.most {
			return sallyport.ErrInvalid(name, fmt.Sprintf("there are %d %s; at most %d in one policy", list.n, name, list.most))
		}
	}
	if d.Policy == "" && things > 0 {
		return sallyport.ErrInvalid("policy", "policy is missing; name the policy, which owns what it makes")
	}
	p.name, err = text("policy", d.Policy, maxName)
	return err
}

// concerned returns the tenants that there are and that the document, or what
// the policy owns, is about.
func (p *planner) concerned(owned []store.PolicyItem) ([]sallyport.TenantID, error) {
	set := map[sallyport.TenantID]bool{}
	var unknown []error
	name := func(field, written string) {
		if written == "" {
			written = p.doc.Tenant
		}
		id, ok := p.estate.named[written]
		switch {
		case ok && p.sees(id):
			set[id] = true
		case !slices.ContainsFunc(p.doc.Tenants, func(t api.PolicyTenant) bool { return t.Name == written }):
			unknown = append(unknown, p.noTenant(field, written))
		}
	}
	for i, e := range p.doc.Realms {
		name(at("realms", i)+".tenant", e.Tenant)
	}
	for i, e := range p.doc.Users {
		name(at("users", i)+".tenant", e.Tenant)
	}
	for i, e := range p.doc.Groups {
		name(at("groups", i)+".tenant", e.Tenant)
	}
	for i, e := range p.doc.Roles {
		name(at("roles", i)+".tenant", e.Tenant)
	}
	for i, e := range p.doc.Bindings {
		name(at("bindings", i)+".tenant", e.Tenant)
	}
	for i, t := range p.doc.Tests {
		if q, err := parseExpectation(t.Expect); err == nil && q.tenant != "" {
			name(at("tests", i)+".expect", q.tenant)
		}
	}
	for _, t := range p.doc.Tenants {
		if id, ok := p.estate.named[t.Name]; ok && p.sees(id) {
			set[id] = true
		} else {
			set[sallyport.EveryTenant] = true
		}
	}
	for _, i := range owned {
		if _, there := p.estate.tenants[i.Tenant]; there || i.Tenant == sallyport.EveryTenant {
			set[i.Tenant] = true
		}
	}
	if len(p.doc.APIs) > 0 || len(set) == 0 {
		set[sallyport.EveryTenant] = true
	}
	if len(unknown) == 1 {
		return nil, unknown[0]
	}
	return slices.Sorted(maps.Keys(set)), errors.Join(unknown...)
}

func (p *planner) noTenant(field, written string) error {
	if written == "" {
		return sallyport.ErrInvalid(field, "tenant is missing; name the tenant here, or one for the whole file")
	}
	return sallyport.ErrInvalid(field, "there is no tenant "+quoted(written)+", or you have no rights in it; add it to tenants, or correct the name")
}

// tenantOf returns the tenant that an element names.
func (p *planner) tenantOf(written string) sallyport.TenantID {
	if written == "" {
		written = p.doc.Tenant
	}
	return p.estate.named[written]
}

func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

func quoted(s string) string { return strconv.Quote(s) }

// names notes that the document names a thing; false if it did before.
func (p *planner) names(where string, item itemKey, called string) bool {
	if p.there[item] {
		p.fault(where, "%s %s is there twice; write it once", item.kind, quoted(called))
		return false
	}
	p.there[item] = true
	return true
}

// create makes a step of what is to be created.
func (p *planner) create(item itemKey, name string, fields diff, do func(context.Context, *work) error) {
	p.steps = append(p.steps, step{p.change(actionCreate, item, name, fields), item, do})
}

func (p *planner) change(action string, item itemKey, name string, fields diff) api.PolicyChange {
	tenant := ""
	if item.kind != kindTenant && item.kind != kindAPI {
		tenant = p.estate.tenantName(item.tenant)
	}
	return api.PolicyChange{Action: action, Kind: item.kind, Tenant: tenant, Name: name, Fields: fields}
}

// settle makes a step of a thing that is there: it is as it should be, changed,
// or somebody else's.
func (p *planner) settle(where string, item itemKey, name string, fields diff, do func(context.Context, *work) error) {
	owner := p.estate.owners[item]
	switch {
	case owner != "" && owner != p.name:
		p.fault(where, "the %s %s belongs to the policy %s; take it out of there first", item.kind, quoted(name), quoted(owner))
	case owner == "" && !p.in.Adopt && len(fields) > 0:
		p.fault(where, "the %s %s is there, belongs to no policy and differs in %s; adopt it (--adopt), or take it out of the file",
			item.kind, quoted(name), fields.names())
	case len(fields) > 0:
		p.steps = append(p.steps, step{p.change(actionUpdate, item, name, fields), item, do})
	case owner == "" && p.in.Adopt:
		p.steps = append(p.steps, step{p.change(actionAdopt, item, name, nil), item, nil})
	default:
		p.same++
		if owner == "" {
			p.unowned++
		}
	}
}

// remove makes a step of a thing that the policy owns and does not name.
func (p *planner) remove(item itemKey, name string, do func(context.Context, *work) error) {
	p.last = append(p.last, step{p.change(actionDelete, item, name, nil), item, do})
}

// onWire returns the plan as it is answered.
func (p *planner) onWire() api.Plan {
	plan := api.Plan{
		Policy: p.name, Changes: []api.PolicyChange{}, Same: p.same, Unowned: p.unowned,
		Tests: p.tests, Failed: p.failed, Warnings: p.lint(),
	}
	if plan.Tests == nil {
		plan.Tests = []api.PolicyOutcome{}
	}
	for _, s := range p.steps {
		plan.Changes = append(plan.Changes, s.PolicyChange)
	}
	plan.Fingerprint = fingerprint(p.name, plan.Changes)
	return plan
}

// fingerprint names a list of changes.
func fingerprint(name string, changes []api.PolicyChange) string {
	raw, err := json.Marshal(struct {
		Name    string
		Changes []api.PolicyChange
	}{name, changes})
	if err != nil {
		return "" // such a plan can be applied without one
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// A diff is the fields in which a thing differs from what it should be.
type diff []api.PolicyFieldChange

// names lists the fields.
func (d diff) names() string {
	var list []string
	for i, f := range d {
		if i == 5 {
			list = append(list, fmt.Sprintf("and %d more", len(d)-i))
			break
		}
		list = append(list, f.Field)
	}
	return strings.Join(list, ", ")
}

// add notes a field if its values differ.
func (d *diff) add(field string, before, after any) {
	b, a := rawOf(before), rawOf(after)
	if string(b) != string(a) {
		*d = append(*d, api.PolicyFieldChange{Field: field, Before: b, After: a})
	}
}

// rawOf returns a value as JSON, nil for none.
func rawOf(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	switch string(raw) {
	case `""`, `null`, `[]`, `{}`, `"0001-01-01T00:00:00Z"`, `"0s"`:
		return nil
	}
	return raw
}
