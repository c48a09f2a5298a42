package admin

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

func apiItem(name sallyport.APIName) itemKey {
	return itemKey{kindAPI, sallyport.EveryTenant, string(name)}
}

func (p *planner) planAPIs(context.Context) error {
	for i, document := range p.doc.APIs {
		if err := p.planAPI(at("apis", i), document); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planAPI(where string, document sallyport.API) error {
	item := apiItem(document.Name)
	if document.Name == ManagementAPI {
		p.fault(where+".name", `the API "sallyport" is part of the program and cannot be changed`)
		return nil
	}
	if !p.names(where, item, string(document.Name)) {
		return nil
	}
	there, exists := p.estate.apis[document.Name]
	p.estate.apis[document.Name] = document
	if !exists {
		p.remount = true
		var d diff
		d.add("base_path", nil, document.BasePath)
		d.add("upstream.url", nil, document.Upstream.URL)
		d.add("permissions", nil, namesOf(document.Permissions))
		d.add("routes", nil, routeNames(document.Routes))
		p.create(item, string(document.Name), d, func(ctx context.Context, w *work) error {
			_, err := w.insertAPI(ctx, document)
			return err
		})
		return nil
	}
	var d diff
	if !sameDocument(there, document) {
		d.document(there, document)
		p.remount = true
	}
	p.settle(where, item, string(document.Name), d, func(ctx context.Context, w *work) error {
		now, err := w.tx.API(ctx, document.Name)
		if err != nil {
			return err
		}
		_, err = w.replaceAPI(ctx, now, document, now.Version)
		return err
	})
	return nil
}

func namesOf(specs []sallyport.PermissionSpec) []string {
	var list []string
	for _, s := range specs {
		list = append(list, s.Name)
	}
	return list
}

func routeNames(routes []sallyport.Route) []string {
	var list []string
	for _, r := range routes {
		list = append(list, strings.Join(r.Methods, ",")+" "+r.Path)
	}
	return list
}

// document notes in which fields two documents differ.
func (d *diff) document(before, after sallyport.API) {
	var b, a any
	if json.Unmarshal(rawOf(before), &b) != nil || json.Unmarshal(rawOf(after), &a) != nil {
		d.add("document", before, after)
		return
	}
	d.tree("", b, a)
}

// tree compares two values field by field. Elements of lists are known by what
// names them.
func (d *diff) tree(path string, before, after any) {
	b, isB := before.(map[string]any)
	a, isA := after.(map[string]any)
	if lb, ok := byName(before); ok {
		if la, ok := byName(after); ok && (len(lb) > 0 || len(la) > 0) {
			b, a, isB, isA = lb, la, true, true
		}
	}
	if !isB || !isA {
		d.add(path, before, after)
		return
	}
	keys := maps.Clone(b)
	maps.Copy(keys, a)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		sub := key
		if path != "" {
			sub = path + "." + key
		}
		d.tree(sub, b[key], a[key])
	}
}

// byName returns a list of objects as an object by what names each of them.
func byName(v any) (map[string]any, bool) {
	if v == nil {
		return map[string]any{}, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := map[string]any{}
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		name, _ := o["id"].(string)
		if name == "" {
			name, _ = o["name"].(string)
		}
		if path, isRoute := o["path"].(string); name == "" && isRoute {
			var methods []string
			if list, ok := o["methods"].([]any); ok {
				for _, m := range list {
					s, _ := m.(string)
					methods = append(methods, s)
				}
			}
			name = strings.Join(methods, ",") + " " + path
		}
		if _, twice := out[name]; twice || name == "" {
			return nil, false
		}
		out[name] = o
	}
	return out, true
}

// compile makes the policy as it would be, and notes what is wrong with it.
func (p *planner) compile() error {
	e := p.estate
	byName := func(r sallyport.Role) string { return e.tenantName(r.Tenant) + "\x00" + r.Name }
	src := policy.Source{Roles: sorted(e.roles, byName), Tenants: slices.Collect(maps.Values(e.tenants))}
	for _, name := range slices.Sorted(maps.Keys(e.apis)) {
		src.APIs = append(src.APIs, e.apis[name])
	}
	if err := p.checkMounts(&src); err != nil {
		return err
	}
	final, err := p.trial.Compile(src)
	p.final = final
	p.checkRoles()
	if err == nil || len(p.faults) > 0 {
		return nil
	}
	p.faults = append(p.faults, p.fresh(err)...)
	return nil
}

// checkMounts checks the documents beside all others, and that no permission
// disappears that a role names.
func (p *planner) checkMounts(src *policy.Source) error {
	others := make([]*sallyport.API, len(src.APIs))
	for i := range src.APIs {
		others[i] = &src.APIs[i]
	}
	for i := range p.doc.APIs {
		document := &p.doc.APIs[i]
		if err := p.wrong(at("apis", i), errors.Join(p.c.Rules.Check(document, others...)...)); err != nil {
			return err
		}
		if err := p.wrong(at("apis", i), orphans(src.Roles, document.Name, p.whole(document))); err != nil {
			return err
		}
	}
	for _, s := range p.last {
		if s.item.kind == kindAPI {
			if err := p.wrong("apis", orphans(src.Roles, sallyport.APIName(s.item.id), nil)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRoles notes permissions of the document's roles that no API declares.
func (p *planner) checkRoles() {
	for i, in := range p.doc.Roles {
		role := sallyport.Role{Permissions: in.Permissions}
		for _, err := range p.final.CheckRole(&role) {
			if e, ok := errors.AsType[*sallyport.Error](err); ok {
				p.fault(at("roles", i)+"."+e.Field, "%s", e.Message)
			}
		}
	}
}

// fresh returns those faults of the policy that it did not have before.
func (p *planner) fresh(err error) []error {
	_, old := p.trial.Compile(p.before)
	known := map[string]bool{}
	for _, e := range Faults(old) {
		known[e.Field+" "+e.Message] = true
	}
	var list []error
	for _, e := range Faults(err) {
		if !known[e.Field+" "+e.Message] {
			list = append(list, e)
		}
	}
	return list
}

// redraft judges what follows in the transaction by the policy as it is in the
// store now, with what was mounted a moment ago.
func (w *work) redraft(ctx context.Context) error {
	src, err := w.source(ctx)
	if err != nil {
		return err
	}
	if src.Tenants, err = all(func(p store.Page) ([]sallyport.Tenant, string, error) {
		return w.tx.Tenants(ctx, store.TenantFilter{}, p)
	}); err != nil {
		return err
	}
	w.snapshot, _ = w.trial.Compile(src) // what is faulty gives nothing
	w.roles = nil
	if w.principal == nil {
		return nil
	}
	record, err := w.record(ctx, w.actor.Principal.ID)
	if err != nil {
		return err
	}
	if record.Bindings, err = w.fresh(ctx, record.Bindings); err != nil {
		return err
	}
	w.principal, _ = w.trial.Principal(*record)
	w.limits, w.tenants = nil, nil
	w.narrow(w.actor.Scopes, w.actor.Tenant)
	return w.credential(ctx)
}
