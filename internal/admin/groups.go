package admin

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// A NewGroup is a group to be made.
type NewGroup struct {
	Name  string
	Title string
}

// A GroupChange changes what is not nil.
type GroupChange struct {
	Name  *string
	Title *string
}

func groupView(g sallyport.Group) any { return map[string]any{"name": g.Name, "title": g.Title} }

func groupThing(g sallyport.Group) thing { return thing{"group", string(g.ID), g.Name} }

func checkGroup(g *sallyport.Group) (err error) {
	if g.Name, err = name(g.Name); err != nil {
		return err
	}
	g.Title, err = text("title", g.Title, maxTitle)
	return err
}

// CreateGroup makes a group without members. It needs [GroupsWrite].
func (s *Service) CreateGroup(ctx context.Context, a Actor, tenant sallyport.TenantID, in NewGroup) (group sallyport.Group, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Group, error) { return w.createGroup(ctx, tenant, "", in) })
}

// createGroup makes a group of this id, or of a new one.
func (w *work) createGroup(ctx context.Context, tenant sallyport.TenantID, id string, in NewGroup) (group sallyport.Group, err error) {
	if err := w.may(tenant, GroupsWrite); err != nil {
		return group, err
	}
	if id, err := w.repeated(ctx); err != nil || id != "" {
		if err == nil {
			group, err = w.tx.Group(ctx, tenant, sallyport.GroupID(id))
		}
		return group, err
	}
	if id, err = orNewID(id); err != nil {
		return group, err
	}
	group = sallyport.Group{ID: sallyport.GroupID(id), Tenant: tenant, Name: in.Name, Title: in.Title}
	if err := checkGroup(&group); err != nil {
		return group, err
	}
	if err := w.tx.InsertGroup(ctx, &group); err != nil {
		return group, err
	}
	// Nobody remembers a group without members, but a revision tells that
	// something happened.
	w.tx.Note(sallyport.ChangePrincipal, id)
	if err := w.remember(ctx, id); err != nil {
		return group, err
	}
	return group, w.write(ctx, tenant, "group.create", groupThing(group), nil, groupView(group))
}

// Group returns a group. It needs [GroupsRead].
func (s *Service) Group(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID) (group sallyport.Group, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, GroupsRead); err != nil {
			return err
		}
		group, err = w.tx.Group(ctx, tenant, id)
		return err
	})
	return group, err
}

// Groups returns the groups of a tenant whose names begin with search, by name.
// It needs [GroupsRead].
func (s *Service) Groups(ctx context.Context, a Actor, tenant sallyport.TenantID, search string, p Page) (list List[sallyport.Group], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, GroupsRead); err != nil {
			return err
		}
		list, err = pages(w, p, []string{"groups", string(tenant), search}, func(p store.Page) ([]sallyport.Group, string, error) {
			return w.tx.Groups(ctx, tenant, search, p)
		})
		return err
	})
	return list, err
}

// GroupsOf returns the groups that a user is in, of those tenants in which the
// actor holds [GroupsRead]; of himself all.
func (s *Service) GroupsOf(ctx context.Context, a Actor, tenant sallyport.TenantID, user sallyport.PrincipalID) (groups []sallyport.Group, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.itselfOr(user, tenant, GroupsRead); err != nil {
			return err
		}
		if err := w.visibleUser(ctx, tenant, user); err != nil {
			return sallyport.ErrNotFound("no such user")
		}
		list, err := w.tx.GroupsOf(ctx, user)
		for _, g := range list {
			if w.actor.is(user) || w.may(g.Tenant, GroupsRead) == nil {
				groups = append(groups, g)
			}
		}
		return err
	})
	return groups, err
}

// UpdateGroup changes the name and title of a group. It needs [GroupsWrite].
func (s *Service) UpdateGroup(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID, ifVersion int64, ch GroupChange) (group sallyport.Group, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Group, error) { return w.updateGroup(ctx, tenant, id, ifVersion, ch) })
}

func (w *work) updateGroup(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, ifVersion int64, ch GroupChange) (group sallyport.Group, err error) {
	err = w.changeGroup(ctx, tenant, id, ifVersion, func(there sallyport.Group) error {
		group = there
		if ch.Name != nil {
			group.Name = *ch.Name
		}
		if ch.Title != nil {
			group.Title = *ch.Title
		}
		if err := checkGroup(&group); err != nil {
			return err
		}
		if err := w.tx.UpdateGroup(ctx, &group, ifVersion); err != nil {
			return err
		}
		return w.write(ctx, tenant, "group.update", groupThing(group), groupView(there), groupView(group))
	})
	return group, err
}

// DeleteGroup removes a group and what it is bound to; its members stay. It
// needs [GroupsWrite].
func (s *Service) DeleteGroup(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID, ifVersion int64) error {
	return s.takeAway(ctx, a, func(w *work) error { return w.deleteGroup(ctx, tenant, id, ifVersion) })
}

func (w *work) deleteGroup(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, ifVersion int64) error {
	return w.changeGroup(ctx, tenant, id, ifVersion, func(group sallyport.Group) error {
		members, err := w.tx.MemberIDs(ctx, tenant, id)
		if err != nil {
			return err
		}
		for _, m := range members {
			w.tx.Note(sallyport.ChangePrincipal, string(m))
		}
		if err := w.guarded(ctx, func() error { return w.tx.DeleteGroup(ctx, tenant, id, ifVersion) }); err != nil {
			return err
		}
		return w.write(ctx, tenant, "group.delete", groupThing(group), groupView(group), nil)
	})
}

func (w *work) changeGroup(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, ifVersion int64, f func(sallyport.Group) error) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	if err := w.may(tenant, GroupsWrite); err != nil {
		return err
	}
	group, err := w.tx.Group(ctx, tenant, id)
	if err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePrincipal, string(id))
	return f(group)
}

// Members returns the users in a group by id. It needs [GroupsRead].
func (s *Service) Members(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID, p Page) (list List[sallyport.User], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, GroupsRead); err != nil {
			return err
		}
		if _, err := w.tx.Group(ctx, tenant, id); err != nil {
			return err
		}
		list, err = pages(w, p, []string{"members", string(tenant), string(id)}, func(p store.Page) ([]sallyport.User, string, error) {
			return w.tx.Members(ctx, tenant, id, p)
		})
		return err
	})
	return list, err
}

// Member returns a user who is in a group. It needs [GroupsRead].
func (s *Service) Member(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID, user sallyport.PrincipalID) (member sallyport.User, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.may(tenant, GroupsRead); err != nil {
			return err
		}
		groups, err := w.tx.GroupsOf(ctx, user)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(groups, func(g sallyport.Group) bool { return g.ID == id && g.Tenant == tenant }) {
			return sallyport.ErrNotFound("the user is not in the group")
		}
		member, err = w.tx.UserByID(ctx, user)
		return err
	})
	return member, err
}

// AddMember puts a user into a group, which gives him all that the group is
// bound to: the actor must hold it himself. It needs [GroupsWrite]. To be in it
// already is no error.
func (s *Service) AddMember(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID, user sallyport.PrincipalID) error {
	return s.change(ctx, a, func(w *work) error { return w.addMember(ctx, tenant, id, user) })
}

func (w *work) addMember(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, user sallyport.PrincipalID) error {
	return w.changeMembers(ctx, tenant, id, user, "group.add_member", func() (bool, error) {
		if err := w.visibleUser(ctx, tenant, user); err != nil {
			return false, err
		}
		bindings, err := w.bindingsOfGroup(ctx, id)
		if err != nil {
			return false, err
		}
		if err := w.ceilingOf(ctx, bindings); err != nil {
			return false, err
		}
		return w.tx.AddMember(ctx, tenant, id, user)
	})
}

// RemoveMember takes a user out of a group. It needs [GroupsWrite]. Not to be in
// it is no error.
func (s *Service) RemoveMember(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.GroupID, user sallyport.PrincipalID) error {
	return s.takeAway(ctx, a, func(w *work) error { return w.removeMember(ctx, tenant, id, user) })
}

func (w *work) removeMember(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, user sallyport.PrincipalID) error {
	return w.changeMembers(ctx, tenant, id, user, "group.remove_member", func() (was bool, err error) {
		err = w.guarded(ctx, func() error {
			was, err = w.tx.RemoveMember(ctx, tenant, id, user)
			return err
		})
		return was, err
	})
}

func (w *work) changeMembers(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, user sallyport.PrincipalID,
	action string, f func() (bool, error),
) error {
	if err := w.may(tenant, GroupsWrite); err != nil {
		return err
	}
	group, err := w.tx.Group(ctx, tenant, id)
	if err != nil {
		return err
	}
	changed, err := f()
	if err != nil || !changed {
		return err
	}
	w.tx.Note(sallyport.ChangePrincipal, string(user))
	return w.write(ctx, tenant, action, groupThing(group), nil, map[string]any{"user": user})
}

// bindingsOfGroup returns what a group is bound to, in every tenant.
func (w *work) bindingsOfGroup(ctx context.Context, id sallyport.GroupID) ([]sallyport.Binding, error) {
	return all(func(p store.Page) ([]sallyport.Binding, string, error) {
		return w.tx.EveryBinding(ctx, store.BindingFilter{SubjectKind: sallyport.SubjectGroup, Subject: string(id)}, p)
	})
}

// visibleUser checks that something can be given to a user in a tenant: he is
// administered in it, has rights in it already, or is one whom the actor may see
// where he is administered.
func (w *work) visibleUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID) error {
	unknown := sallyport.ErrInvalid("subject", "there is no such user in this tenant, or you cannot see him")
	user, err := w.tx.UserByID(ctx, id)
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound:
		return unknown
	case err != nil:
		return err
	case user.Tenant == tenant, w.actor.is(id), w.may(user.Tenant, UsersRead) == nil:
		return nil
	}
	bindings, _, err := w.tx.BindingsOfPrincipal(ctx, id)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		if b.Tenant == tenant && tenant != sallyport.EveryTenant {
			return nil
		}
	}
	return unknown
}
