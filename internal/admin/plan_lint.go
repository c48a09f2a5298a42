package admin

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// lint returns what is allowed, but probably not meant.
func (p *planner) lint() []api.FieldError {
	l := &linter{planner: p, list: []api.FieldError{}, holders: map[sallyport.RoleID]int{}, rights: map[string]bool{}}
	for _, b := range p.estate.bindings {
		l.holders[b.Role]++
		l.rights[b.Subject] = true
	}
	for g, set := range p.estate.members {
		if !l.rights[string(g)] {
			continue
		}
		for id := range set {
			l.rights[string(id)] = true
		}
	}
	l.roles()
	l.people()
	l.bindings()
	l.apis()
	if len(p.doc.Tests) == 0 && p.name != "" {
		l.warn("tests", "the policy has no tests; say what must be allowed and what must not, such as: expect: viewer POST /orders in north -> 403")
	}
	return l.list
}

type linter struct {
	*planner
	list    []api.FieldError
	holders map[sallyport.RoleID]int
	rights  map[string]bool // of subjects: whether they are bound to anything
}

func (l *linter) warn(field, message string) {
	if len(l.list) < maxFaults {
		l.list = append(l.list, api.FieldError{Field: field, Message: message})
	}
}

func (l *linter) roles() {
	for i, in := range l.doc.Roles {
		where, tenant := at("roles", i), l.tenantOf(in.Tenant)
		id := l.estate.roleIDs[scopedName{tenant, in.Name}]
		for _, permission := range in.Permissions {
			if permission == Everything {
				l.warn(where+".permissions", "the role "+quoted(in.Name)+" gives everything, also what is yet to come")
			} else if strings.HasSuffix(string(permission), "/*") {
				l.warn(where+".permissions", "the role "+quoted(in.Name)+" gives all of an API with "+string(permission)+", also what is yet to come")
			}
		}
		switch {
		case len(in.Permissions) == 0:
			l.warn(where, "the role "+quoted(in.Name)+" gives nothing")
		case l.holders[id] == 0 && tenant != sallyport.EveryTenant:
			l.warn(where, "nobody has the role "+quoted(in.Name))
		}
	}
}

func (l *linter) people() {
	for i, in := range l.doc.Users {
		id := l.estate.logins[strings.ToLower(in.Login)]
		if id != "" && !l.rights[string(id)] && in.State != sallyport.Deactivated {
			l.warn(at("users", i), "the user "+quoted(in.Login)+" has no role, here or through a group of this file")
		}
	}
	for i, in := range l.doc.Groups {
		id := l.estate.groupIDs[scopedName{l.tenantOf(in.Tenant), in.Name}]
		if in.Members != nil && len(in.Members) == 0 && l.rights[string(id)] {
			l.warn(at("groups", i), "the group "+quoted(in.Name)+" has a role, but nobody is in it")
		}
	}
}

func (l *linter) bindings() {
	for i, in := range l.doc.Bindings {
		if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(l.now) {
			l.warn(at("bindings", i)+".expires_at", "the binding has ended; remove it, or give it another end")
		}
	}
}

// apis warns of permissions that no route asks for.
func (l *linter) apis() {
	for i, a := range l.doc.APIs {
		unused := map[string]bool{}
		for _, spec := range a.Permissions {
			unused[spec.Name] = true
		}
		for _, r := range a.Routes {
			for _, name := range slices.Concat(r.AllOf, r.AnyOf) {
				delete(unused, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(unused)) {
			l.warn(at("apis", i)+".permissions", "no route of "+quoted(string(a.Name))+" asks for the permission "+quoted(name))
		}
	}
}
