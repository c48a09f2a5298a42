package admin

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/store"
)

func userItem(u *sallyport.User) itemKey { return itemKey{kindUser, u.Tenant, string(u.ID)} }

func (p *planner) planUsers(ctx context.Context) error {
	for i, in := range p.doc.Users {
		if err := p.planUser(ctx, at("users", i), in); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planUser(ctx context.Context, where string, in api.PolicyUser) error {
	want := sallyport.User{Tenant: p.tenantOf(in.Tenant), Kind: in.Kind, Login: in.Login, Name: in.Name, Email: in.Email, State: in.State}
	if want.Kind == "" {
		want.Kind = sallyport.Person
	}
	if err := checkUser(&want); err != nil {
		return p.wrong(where, err)
	}
	there, exists := p.estate.users[p.estate.logins[want.Login]]
	if !exists {
		taken, err := p.tx.UserByLogin(ctx, want.Login)
		if err == nil {
			there, exists = taken, true
		} else if sallyport.KindOf(err) != sallyport.NotFound {
			return err
		}
	}
	switch {
	case !exists:
		return p.newUser(want)
	case there.Tenant != want.Tenant:
		p.fault(where+".login", "there is a user %s elsewhere, and logins are unique in the installation; choose another", quoted(want.Login))
		return nil
	case there.Kind != want.Kind:
		p.fault(where+".kind", "the user %s is a %s, which never changes", quoted(want.Login), there.Kind)
		return nil
	}
	p.changedUser(where, there, want)
	return nil
}

func (p *planner) newUser(want sallyport.User) error {
	drawn, err := newID()
	if err != nil {
		return err
	}
	want.ID = sallyport.PrincipalID(drawn)
	item, deactivated := userItem(&want), want.State == sallyport.Deactivated
	var d diff
	d.add("kind", nil, want.Kind)
	d.add("name", nil, want.Name)
	d.add("email", nil, want.Email)
	d.add("state", nil, want.State)
	if want.State == "" {
		want.State = sallyport.Active
	}
	p.there[item] = true
	p.estate.addUser(want)
	p.create(item, want.Login, d, func(ctx context.Context, w *work) error {
		in := NewUser{Kind: want.Kind, Login: want.Login, Name: want.Name, Email: want.Email, id: want.ID}
		if _, err := w.createUser(ctx, want.Tenant, in, ""); err != nil || !deactivated {
			return err
		}
		_, err := w.deactivateUser(ctx, want.Tenant, want.ID, AnyVersion)
		return err
	})
	return nil
}

func (p *planner) changedUser(where string, there, want sallyport.User) {
	item := userItem(&there)
	if !p.names(where, item, want.Login) {
		return
	}
	want.ID = there.ID
	// Whom the doors have locked they let in again, not a file.
	if want.State == "" || want.State == sallyport.Active && there.State == sallyport.Locked {
		want.State = there.State
	}
	var d diff
	d.add("name", there.Name, want.Name)
	d.add("email", there.Email, want.Email)
	plain := len(d) > 0
	d.add("state", there.State, want.State)
	p.estate.addUser(want)
	p.settle(where, item, want.Login, d, func(ctx context.Context, w *work) (err error) {
		if plain {
			if _, err := w.updateUser(ctx, want.Tenant, want.ID, AnyVersion, UserChange{Name: &want.Name, Email: &want.Email}); err != nil {
				return err
			}
		}
		if want.State == there.State {
			return nil
		}
		if want.State == sallyport.Active {
			_, err = w.activateUser(ctx, want.Tenant, want.ID, AnyVersion)
			return err
		}
		_, err = w.deactivateUser(ctx, want.Tenant, want.ID, AnyVersion)
		return err
	})
}

func groupItem(g *sallyport.Group) itemKey { return itemKey{kindGroup, g.Tenant, string(g.ID)} }

func (p *planner) planGroups(ctx context.Context) error {
	for i, in := range p.doc.Groups {
		if err := p.planGroup(ctx, at("groups", i), in); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planGroup(ctx context.Context, where string, in api.PolicyGroup) error {
	want := sallyport.Group{Tenant: p.tenantOf(in.Tenant), Name: in.Name, Title: in.Title}
	if err := checkGroup(&want); err != nil {
		return p.wrong(where, err)
	}
	id, exists := p.estate.groupIDs[scopedName{want.Tenant, want.Name}]
	there, before := p.estate.groups[id], map[sallyport.PrincipalID]bool{}
	if !exists {
		drawn, err := newID()
		if err != nil {
			return err
		}
		id = sallyport.GroupID(drawn)
	} else if in.Members != nil {
		var err error
		if before, err = p.estate.membersOf(ctx, p.tx, there); err != nil {
			return err
		}
	}
	want.ID = id
	item := groupItem(&want)
	if !p.names(where, item, want.Name) {
		return nil
	}
	after, err := p.members(ctx, where, want.Tenant, in.Members)
	if err != nil {
		return err
	}
	var d diff
	d.add("title", there.Title, want.Title)
	titled := len(d) > 0
	if in.Members != nil {
		d.add("members", p.loginsOf(ctx, before), p.loginsOf(ctx, after))
		p.estate.members[id] = after
	} else if !exists {
		p.estate.members[id] = after
	}
	p.estate.addGroup(want)
	join := func(ctx context.Context, w *work) error { return w.setMembers(ctx, &want, before, after) }
	if !exists {
		p.create(item, want.Name, d, func(ctx context.Context, w *work) error {
			if _, err := w.createGroup(ctx, want.Tenant, string(id), NewGroup{Name: want.Name, Title: want.Title}); err != nil {
				return err
			}
			return join(ctx, w)
		})
		return nil
	}
	p.settle(where, item, want.Name, d, func(ctx context.Context, w *work) error {
		if titled {
			if _, err := w.updateGroup(ctx, want.Tenant, id, AnyVersion, GroupChange{Title: &want.Title}); err != nil {
				return err
			}
		}
		if in.Members == nil {
			return nil
		}
		return join(ctx, w)
	})
	return nil
}

// members finds the users of a list of logins.
func (p *planner) members(ctx context.Context, where string, tenant sallyport.TenantID, logins []string) (map[sallyport.PrincipalID]bool, error) {
	set := make(map[sallyport.PrincipalID]bool, len(logins))
	for i, written := range logins {
		id, err := p.userOf(ctx, p.estate, tenant, written)
		if err != nil {
			if err := p.wrong(where+"."+at("members", i), err); err != nil {
				return nil, err
			}
			continue
		}
		set[id] = true
	}
	return set, nil
}

// loginsOf returns the logins of users, sorted.
func (p *planner) loginsOf(ctx context.Context, set map[sallyport.PrincipalID]bool) []string {
	list := make([]string, 0, len(set))
	for id := range set {
		u, known := p.estate.users[id]
		if !known {
			if other, err := p.tx.UserByID(ctx, id); err == nil {
				u = other
			}
		}
		list = append(list, u.Login)
	}
	slices.Sort(list)
	return list
}

func (w *work) setMembers(ctx context.Context, g *sallyport.Group, before, after map[sallyport.PrincipalID]bool) error {
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if !after[id] {
			if err := w.removeMember(ctx, g.Tenant, g.ID, id); err != nil {
				return err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if !before[id] {
			if err := w.addMember(ctx, g.Tenant, g.ID, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func bindingItem(b *sallyport.Binding) itemKey { return itemKey{kindBinding, b.Tenant, string(b.ID)} }

func (p *planner) planBindings(ctx context.Context) error {
	for i, in := range p.doc.Bindings {
		if err := p.planBinding(ctx, at("bindings", i), in); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planBinding(ctx context.Context, where string, in api.PolicyBinding) error {
	want := sallyport.Binding{
		Tenant: p.tenantOf(in.Tenant), Realm: in.Realm, Condition: in.Condition,
		Expires: in.ExpiresAt.Truncate(time.Microsecond), State: in.State,
	}
	if want.State == "" {
		want.State = sallyport.Active
	}
	sound, err := p.readBinding(ctx, where, in, &want)
	if err != nil || !sound {
		return err
	}
	id, exists := p.estate.twins[keyOfBinding(&want)]
	there := p.estate.bindings[id]
	if !exists {
		drawn, err := newID()
		if err != nil {
			return err
		}
		id = sallyport.BindingID(drawn)
	}
	want.ID = id
	item, name := bindingItem(&want), p.bindingName(&want)
	if !p.names(where, item, name) {
		return nil
	}
	p.estate.addBinding(want)
	var d diff
	d.add("expires_at", there.Expires, want.Expires)
	if !exists {
		d.add("state", nil, in.State)
		p.create(item, name, d, func(ctx context.Context, w *work) error {
			_, err := w.createBinding(ctx, want.Tenant, NewBinding{
				SubjectKind: want.SubjectKind, Subject: want.Subject, Role: want.Role, Realm: want.Realm,
				Condition: want.Condition, Expires: want.Expires, id: id, deactivated: want.State == sallyport.Deactivated,
			})
			return err
		})
		return nil
	}
	d.add("state", there.State, want.State)
	p.settle(where, item, name, d, func(ctx context.Context, w *work) error {
		_, err := w.updateBinding(ctx, want.Tenant, id, AnyVersion, BindingChange{Expires: &want.Expires, State: &want.State})
		return err
	})
	return nil
}

// readBinding finds what a binding names. It reports whether all is there.
func (p *planner) readBinding(ctx context.Context, where string, in api.PolicyBinding, want *sallyport.Binding) (bool, error) {
	before := len(p.faults)
	role, ok := p.estate.roleOf(want.Tenant, in.Role)
	if !ok {
		p.fault(where+".role", "there is no role %s in this tenant; add it to roles, or correct the name", quoted(in.Role))
	}
	want.Role = role
	if in.Realm != "" {
		if _, ok := p.estate.realms[scopedName{want.Tenant, in.Realm}]; !ok {
			p.fault(where+".realm", "there is no realm %s in this tenant; add it to realms, or correct the name", quoted(in.Realm))
		}
	}
	if err := p.c.Compiler.CheckCondition(in.Condition); err != nil {
		if err := p.wrong(where, err); err != nil {
			return false, err
		}
	}
	switch {
	case in.User != "" && in.Group == "" && in.Key == "":
		id, err := p.userOf(ctx, p.estate, want.Tenant, in.User)
		if err := p.wrong(where+".user", err); err != nil {
			return false, err
		}
		want.SubjectKind, want.Subject = sallyport.SubjectUser, string(id)
	case in.User == "" && in.Group != "" && in.Key == "":
		id, ok := p.estate.groupOf(want.Tenant, in.Group)
		if !ok {
			p.fault(where+".group", "there is no group %s in this tenant; add it to groups, or correct the name", quoted(in.Group))
		}
		want.SubjectKind, want.Subject = sallyport.SubjectGroup, string(id)
	case in.User == "" && in.Group == "" && in.Key != "":
		id, err := p.keyOf(ctx, want.Tenant, in.Key)
		if err := p.wrong(where+".key", err); err != nil {
			return false, err
		}
		want.SubjectKind, want.Subject = sallyport.SubjectKey, string(id)
	default:
		p.fault(where, "say who has the role: one of user, group and key")
	}
	return len(p.faults) == before, nil
}

// keyOf returns the API key of a name.
func (p *planner) keyOf(ctx context.Context, tenant sallyport.TenantID, name string) (sallyport.CredentialID, error) {
	names, known := p.keys[tenant]
	if !known {
		keys, err := all(func(page store.Page) ([]sallyport.Credential, string, error) {
			return p.tx.Credentials(ctx, tenant, store.CredentialFilter{Kind: sallyport.APIKey, State: sallyport.Active}, page)
		})
		if err != nil {
			return "", err
		}
		names = make(map[string]sallyport.CredentialID, len(keys))
		for _, k := range keys {
			names[k.Name] = k.ID
		}
		p.keys[tenant] = names
	}
	if id, there := names[name]; there {
		return id, nil
	}
	return "", sallyport.ErrInvalid("", "there is no API key "+quoted(name)+" in this tenant; make it first")
}

// bindingName is what people call a binding.
func (p *planner) bindingName(b *sallyport.Binding) string {
	e, subject := p.estate, b.Subject
	switch b.SubjectKind {
	case sallyport.SubjectUser:
		if u, ok := e.users[sallyport.PrincipalID(b.Subject)]; ok {
			subject = u.Login
		}
	case sallyport.SubjectGroup:
		if g, ok := e.groups[sallyport.GroupID(b.Subject)]; ok {
			subject = "group " + g.Name
		}
	case sallyport.SubjectKey:
		subject = "key " + b.Subject
	}
	name := subject + ": " + e.roles[b.Role].Name
	if b.Realm != "" {
		name += " in realm " + b.Realm
	}
	if b.Condition != "" {
		name += " if " + b.Condition
	}
	return name
}
