package admin

import (
	"cmp"
	"context"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Who may hold something is looked for in several lists at once: of each role that
// gives some of it, the users and the keys that have it here or in every tenant,
// and the members of each group that has. All are in the order of ids and read in
// parts, so that the first page of very many holders costs no more than the last.

// candidates are those lists.
type candidates []*candidateList

// A candidateList says who has something through bindings of one kind.
type candidateList struct {
	read  func(context.Context, store.Page) ([]candidate, string, error)
	ready []candidate // that are read and not yet asked for
	page  store.Page  // the next part
	ended bool        // there is none
}

// A candidate is a principal and what he has of what is wanted.
type candidate struct {
	id      sallyport.PrincipalID
	through []ranked
}

// A ranked is a binding with its place in what is told of a holder: by role, then
// those of the installation first, then by age.
type ranked struct {
	Held
	role int
}

func (a *ranked) compare(b *ranked) int {
	everywhere := func(r *ranked) int {
		if r.Binding.Tenant == sallyport.EveryTenant {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(everywhere(a), everywhere(b)),
		a.Binding.Created.Compare(b.Binding.Created), cmp.Compare(a.Binding.ID, b.Binding.ID))
}

// candidates begins behind an id. Of a list two more are read than fit on the page:
// one to tell whether there is another, and one to tell that this is all of him.
func (h *holders) candidates(ctx context.Context, p store.Page) (all candidates, err error) {
	p.Limit += 2
	places := []sallyport.TenantID{sallyport.EveryTenant}
	if h.want.Tenant != sallyport.EveryTenant {
		places = append(places, h.want.Tenant)
	}
	groups := map[sallyport.GroupID][]ranked{}
	for i, role := range h.snapshot.RoleList() {
		gives := h.gives(role)
		if len(gives) == 0 || role.Tenant != sallyport.EveryTenant && role.Tenant != h.want.Tenant {
			continue
		}
		has := ranked{Held: Held{Role: role, Gives: gives}, role: i}
		for _, place := range places {
			for _, kind := range []sallyport.SubjectKind{sallyport.SubjectUser, sallyport.SubjectKey} {
				all = append(all, &candidateList{read: h.subjects(place, kind, has), page: p})
			}
			if err := h.bound(ctx, place, has, groups); err != nil {
				return nil, err
			}
		}
	}
	for id, through := range groups {
		group, err := h.groupFor(ctx, through[0].Binding.Tenant, id)
		if err != nil {
			if err = unlessNotFound(err); err != nil {
				return nil, err
			}
			continue
		}
		all = append(all, &candidateList{read: h.members(group, through), page: p})
	}
	return all, nil
}

// subjects reads who has a role himself.
func (h *holders) subjects(place sallyport.TenantID, kind sallyport.SubjectKind, has ranked) func(context.Context, store.Page) ([]candidate, string, error) {
	return func(ctx context.Context, p store.Page) (out []candidate, next string, err error) {
		bindings, next, err := h.tx.Holders(ctx, place, has.Role.ID, kind, p)
		for i := range bindings {
			if h.counts(&bindings[i]) {
				has.Binding = bindings[i]
				out = append(out, candidate{sallyport.PrincipalID(bindings[i].Subject), []ranked{has}})
			}
		}
		return out, next, err
	}
}

// bound notes which groups have a role.
func (h *holders) bound(ctx context.Context, place sallyport.TenantID, has ranked, groups map[sallyport.GroupID][]ranked) error {
	bindings, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
		return h.tx.Holders(ctx, place, has.Role.ID, sallyport.SubjectGroup, p)
	})
	for i := range bindings {
		if h.counts(&bindings[i]) {
			id := sallyport.GroupID(bindings[i].Subject)
			has.Binding = bindings[i]
			groups[id] = append(groups[id], has)
		}
	}
	return err
}

// members reads who is in a group.
func (h *holders) members(group sallyport.Group, through []ranked) func(context.Context, store.Page) ([]candidate, string, error) {
	told := group
	if h.may(h.want.Tenant, GroupsRead) != nil {
		told.Name, told.Title = "", ""
	}
	for i := range through {
		through[i].Group = &told
	}
	return func(ctx context.Context, p store.Page) (out []candidate, next string, err error) {
		ids, next, err := h.tx.MembersFrom(ctx, group.Tenant, group.ID, p)
		for _, id := range ids {
			out = append(out, candidate{id, through})
		}
		return out, next, err
	}
}

// next returns the next principal with all that he has, "" when there is none.
func (all candidates) next(ctx context.Context) (id sallyport.PrincipalID, through []Held, err error) {
	for _, list := range all {
		first, err := list.first(ctx)
		if err != nil {
			return "", nil, err
		}
		if first != "" && (id == "" || first < id) {
			id = first
		}
	}
	var found []ranked
	for _, list := range all {
		for {
			first, err := list.first(ctx)
			if err != nil {
				return "", nil, err
			}
			if first != id || id == "" {
				break
			}
			found = append(found, list.ready[0].through...)
			list.ready = list.ready[1:]
		}
	}
	slices.SortFunc(found, func(a, b ranked) int { return a.compare(&b) })
	for i := range found {
		through = append(through, found[i].Held)
	}
	return id, through, nil
}

// first returns who is next in a list, "" at its end. Each part that is read is
// larger than the one before: most questions need one.
func (l *candidateList) first(ctx context.Context) (sallyport.PrincipalID, error) {
	for len(l.ready) == 0 && !l.ended {
		ready, next, err := l.read(ctx, l.page)
		if err != nil {
			return "", err
		}
		l.ready, l.ended = ready, next == ""
		l.page = store.Page{After: next, Limit: min(4*l.page.Limit, 1000)}
	}
	if len(l.ready) == 0 {
		return "", nil
	}
	return l.ready[0].id, nil
}
