package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func tenantItem(id sallyport.TenantID) itemKey { return itemKey{kindTenant, id, string(id)} }

func (p *planner) planTenants(context.Context) error {
	for _, i := range p.parentsFirst() {
		if err := p.planTenant(at("tenants", i), p.doc.Tenants[i]); err != nil {
			return err
		}
	}
	return nil
}

// parentsFirst returns the places of the tenants so that none comes before its
// parent. Those in a circle come last; it is refused when they are made.
func (p *planner) parentsFirst() []int {
	place := map[string]int{}
	for i, t := range p.doc.Tenants {
		place[t.Name] = i
	}
	var order []int
	done := map[int]bool{}
	var visit func(i, depth int)
	visit = func(i, depth int) {
		if done[i] || depth > maxDepth {
			return
		}
		if parent, ok := place[p.doc.Tenants[i].Parent]; ok && parent != i {
			visit(parent, depth+1)
		}
		if !done[i] {
			done[i] = true
			order = append(order, i)
		}
	}
	for i := range p.doc.Tenants {
		visit(i, 0)
	}
	return order
}

func (p *planner) planTenant(where string, in api.PolicyTenant) error {
	id, exists := p.estate.named[in.Name]
	exists = exists && p.sees(id) && id != sallyport.EveryTenant
	parent := sallyport.TenantID("")
	if in.Parent != "" {
		var ok bool
		if parent, ok = p.estate.named[in.Parent]; !ok || parent == sallyport.EveryTenant || !p.sees(parent) && !p.there[tenantItem(parent)] {
			p.fault(where+".parent", "there is no tenant %s, or you have no rights in it", quoted(in.Parent))
			return nil
		}
	}
	limits := sallyport.TenantPolicy{TokenMaxAge: time.Duration(in.TokenMaxAge), TokenDefaultAge: time.Duration(in.TokenDefaultAge)}
	if !exists {
		return p.newTenant(where, in, parent, limits)
	}
	there := p.estate.tenants[id]
	item := tenantItem(id)
	if !p.names(where, item, in.Name) {
		return nil
	}
	want := there
	want.Parent, want.Policy = parent, limits
	if in.State != "" {
		want.State = in.State
	}
	if err := p.wrong(where, checkTenantText(&want)); err != nil {
		return err
	}
	var d diff
	d.add("parent", p.parentName(there.Parent), p.parentName(want.Parent))
	d.add("token_max_age", there.Policy.TokenMaxAge.String(), want.Policy.TokenMaxAge.String())
	d.add("token_default_age", there.Policy.TokenDefaultAge.String(), want.Policy.TokenDefaultAge.String())
	plain := len(d) > 0
	d.add("state", there.State, want.State)
	p.estate.addTenant(want)
	p.settle(where, item, in.Name, d, func(ctx context.Context, w *work) error {
		if plain {
			change := TenantChange{Parent: &want.Parent, Policy: &want.Policy}
			if _, err := w.updateTenant(ctx, id, AnyVersion, change); err != nil {
				return err
			}
		}
		if there.State == want.State {
			return nil
		}
		_, err := w.setTenantState(ctx, id, AnyVersion, want.State)
		return err
	})
	return nil
}

func (p *planner) parentName(id sallyport.TenantID) string {
	if id == "" {
		return ""
	}
	return p.estate.tenantName(id)
}

func (p *planner) newTenant(where string, in api.PolicyTenant, parent sallyport.TenantID, limits sallyport.TenantPolicy) error {
	drawn, err := newID()
	if err != nil {
		return err
	}
	id := sallyport.TenantID(drawn)
	want := sallyport.Tenant{ID: id, Name: in.Name, Parent: parent, State: sallyport.Active, Policy: limits}
	if in.State != "" {
		want.State = in.State
	}
	if err := p.wrong(where, checkTenantText(&want)); err != nil {
		return err
	}
	if other, twice := p.estate.named[want.Name]; twice && p.there[tenantItem(other)] {
		p.fault(where, "tenant %s is there twice; write it once", quoted(in.Name))
		return nil
	}
	item := tenantItem(id)
	p.there[item] = true
	p.estate.addTenant(want)
	p.estate.concerned[id] = true
	var d diff
	d.add("parent", nil, in.Parent)
	d.add("token_max_age", nil, limits.TokenMaxAge.String())
	d.add("token_default_age", nil, limits.TokenDefaultAge.String())
	d.add("state", nil, in.State)
	p.create(item, want.Name, d, func(ctx context.Context, w *work) error {
		if _, err := w.createTenant(ctx, string(id), NewTenant{Name: want.Name, Parent: parent, Policy: limits}); err != nil {
			return err
		}
		if want.State == sallyport.Active {
			return nil
		}
		_, err := w.setTenantState(ctx, id, AnyVersion, want.State)
		return err
	})
	return nil
}

func realmItem(tenant sallyport.TenantID, name string) itemKey {
	return itemKey{kindRealm, tenant, name}
}

func (p *planner) planRealms(context.Context) error {
	for i, in := range p.doc.Realms {
		if err := p.planRealm(at("realms", i), in); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planRealm(where string, in api.PolicyRealm) (err error) {
	want := sallyport.Realm{Tenant: p.tenantOf(in.Tenant)}
	if want.Tenant == sallyport.EveryTenant {
		p.fault(where+".tenant", "a realm is in one tenant; name it")
		return nil
	}
	if want.Name, err = realmName(in.Name); err == nil {
		want.Title, err = text("title", in.Title, maxTitle)
	}
	if err != nil {
		return p.wrong(where, err)
	}
	item := realmItem(want.Tenant, want.Name)
	if !p.names(where, item, want.Name) {
		return nil
	}
	there, exists := p.estate.realms[scopedName{want.Tenant, want.Name}]
	p.estate.addRealm(want)
	var d diff
	d.add("title", there.Title, want.Title)
	if !exists {
		p.create(item, want.Name, d, func(ctx context.Context, w *work) error {
			_, err := w.createRealm(ctx, want.Tenant, NewRealm{Name: want.Name, Title: want.Title})
			return err
		})
		return nil
	}
	p.settle(where, item, want.Name, d, func(ctx context.Context, w *work) error {
		_, err := w.updateRealm(ctx, want.Tenant, want.Name, AnyVersion, want.Title)
		return err
	})
	return nil
}

func roleItem(r *sallyport.Role) itemKey { return itemKey{kindRole, r.Tenant, string(r.ID)} }

func (p *planner) planRoles(context.Context) error {
	for i, in := range p.doc.Roles {
		if err := p.planRole(at("roles", i), in); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planRole(where string, in api.PolicyRole) error {
	want := sallyport.Role{Tenant: p.tenantOf(in.Tenant), Name: in.Name, Title: in.Title, Permissions: slices.Clone(in.Permissions)}
	if err := checkRoleText(&want); err != nil {
		return p.wrong(where, err)
	}
	slices.Sort(want.Permissions)
	id, exists := p.estate.roleIDs[scopedName{want.Tenant, want.Name}]
	there := p.estate.roles[id]
	var d diff
	d.add("title", there.Title, want.Title)
	d.add("permissions", there.Permissions, want.Permissions)
	if !exists {
		drawn, err := newID()
		if err != nil {
			return err
		}
		id = sallyport.RoleID(drawn)
	}
	want.ID = id
	item := roleItem(&want)
	if !p.names(where, item, want.Name) {
		return nil
	}
	p.estate.addRole(want)
	if !exists {
		p.create(item, want.Name, d, func(ctx context.Context, w *work) error {
			_, err := w.createRole(ctx, want.Tenant, string(id), NewRole{Name: want.Name, Title: want.Title, Permissions: want.Permissions})
			return err
		})
		return nil
	}
	p.settle(where, item, want.Name, d, func(ctx context.Context, w *work) error {
		w.roles = nil // they are read anew
		_, err := w.updateRole(ctx, want.Tenant, id, AnyVersion, RoleChange{Title: &want.Title, Permissions: &want.Permissions})
		return err
	})
	return nil
}

// planDeletions makes steps of what the policy owns and no longer names. What is
// bound goes before what it is bound to.
func (p *planner) planDeletions(context.Context) error {
	byKind := map[string][]itemKey{}
	for item := range p.mine {
		if !p.there[item] {
			byKind[item.kind] = append(byKind[item.kind], item)
		}
	}
	for _, kind := range []string{kindBinding, kindGroup, kindUser, kindRole, kindAPI, kindRealm, kindTenant} {
		items := byKind[kind]
		slices.SortFunc(items, func(a, b itemKey) int {
			if c := strings.Compare(p.label(a), p.label(b)); c != 0 {
				return c
			}
			return strings.Compare(string(a.tenant)+a.id, string(b.tenant)+b.id)
		})
		if kind == kindTenant {
			p.childrenFirst(items)
		}
		for _, item := range items {
			p.planDeletion(item)
		}
	}
	p.steps = append(p.steps, p.last...)
	return nil
}

// childrenFirst sorts tenants so that none comes after its parent.
func (p *planner) childrenFirst(items []itemKey) {
	depth := func(id sallyport.TenantID) (n int) {
		for id = p.estate.tenants[id].Parent; id != "" && n < maxDepth; n++ {
			id = p.estate.tenants[id].Parent
		}
		return n
	}
	slices.SortStableFunc(items, func(a, b itemKey) int { return depth(b.tenant) - depth(a.tenant) })
}

// label is what people call a thing, empty if it is not there any more.
func (p *planner) label(item itemKey) string {
	e := p.estate
	switch item.kind {
	case kindTenant:
		return e.tenants[item.tenant].Name
	case kindRealm:
		return e.realms[scopedName{item.tenant, item.id}].Name
	case kindUser:
		return e.users[sallyport.PrincipalID(item.id)].Login
	case kindGroup:
		return e.groups[sallyport.GroupID(item.id)].Name
	case kindRole:
		return e.roles[sallyport.RoleID(item.id)].Name
	case kindBinding:
		if b, ok := e.bindings[sallyport.BindingID(item.id)]; ok {
			return p.bindingName(&b)
		}
	case kindAPI:
		return string(e.apis[sallyport.APIName(item.id)].Name)
	}
	return ""
}

func (p *planner) planDeletion(item itemKey) {
	name := p.label(item)
	if name == "" {
		p.gone = append(p.gone, item)
		return
	}
	e, tenant := p.estate, item.tenant
	switch item.kind {
	case kindTenant:
		delete(e.tenants, tenant)
		delete(e.named, name)
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteTenant(ctx, tenant, AnyVersion) })
	case kindRealm:
		delete(e.realms, scopedName{tenant, name})
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteRealm(ctx, tenant, name, AnyVersion) })
	case kindUser:
		id := sallyport.PrincipalID(item.id)
		delete(e.users, id)
		delete(e.logins, name)
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteUser(ctx, tenant, id, AnyVersion) })
	case kindGroup:
		id := sallyport.GroupID(item.id)
		delete(e.groups, id)
		delete(e.groupIDs, scopedName{tenant, name})
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteGroup(ctx, tenant, id, AnyVersion) })
	case kindRole:
		id := sallyport.RoleID(item.id)
		delete(e.roles, id)
		delete(e.roleIDs, scopedName{tenant, name})
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteRole(ctx, tenant, id, AnyVersion) })
	case kindBinding:
		b := e.bindings[sallyport.BindingID(item.id)]
		delete(e.bindings, b.ID)
		delete(e.twins, keyOfBinding(&b))
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteBinding(ctx, tenant, b.ID, AnyVersion) })
	case kindAPI:
		mounted := sallyport.APIName(item.id)
		delete(e.apis, mounted)
		p.remove(item, name, func(ctx context.Context, w *work) error { return w.deleteAPI(ctx, mounted, AnyVersion) })
	}
}
