package policy

import (
	"fmt"
	"slices"
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

// A Snapshot is the policy in force at one revision. It never changes and is
// safe for concurrent use.
type Snapshot struct {
	compiler *Compiler
	revision sallyport.Revision

	apis     []*API
	byName   map[sallyport.APIName]*API
	hosts    map[string]*mountTable // APIs that name a host
	anywhere *mountTable

	roles    []sallyport.Set // by number
	roleList []*Role
	byRole   map[sallyport.RoleID]*Role
	names    []sallyport.Permission         // by number
	alone    []int32                        // each number at its own place: a list of one that is not made anew
	numbers  map[sallyport.Permission]int32 // of those that are declared; nil until all are

	tenants map[sallyport.TenantID]*Tenant
	limits  limitCache
}

// A Role is a compiled role. It never changes.
type Role struct {
	sallyport.Role
	Number int32
	Set    sallyport.Set // its permissions, wildcards resolved

	faulty bool
}

// A Tenant is a tenant with its number. It never changes.
type Tenant struct {
	sallyport.Tenant
	Number int32
}

// Active reports whether the tenant exists and is in use; a nil tenant is not.
func (t *Tenant) Active() bool { return t != nil && t.State == sallyport.Active }

// Revision returns the number of the last change that is in the snapshot.
func (s *Snapshot) Revision() sallyport.Revision { return s.revision }

// APIs returns all APIs by name; they are not to be changed.
func (s *Snapshot) APIs() []*API { return s.apis }

// API returns the API of a name, nil if there is none.
func (s *Snapshot) API(name sallyport.APIName) *API { return s.byName[name] }

// Tenant returns the tenant, nil if there is none.
func (s *Snapshot) Tenant(id sallyport.TenantID) *Tenant { return s.tenants[id] }

// Roles returns the sets of all roles by their number, for
// [sallyport.Authorize]. They are not to be changed.
func (s *Snapshot) Roles() []sallyport.Set { return s.roles }

// RoleList returns all roles by tenant and name; they are not to be changed.
func (s *Snapshot) RoleList() []*Role { return s.roleList }

// Role returns the role, nil if there is none.
func (s *Snapshot) Role(id sallyport.RoleID) *Role { return s.byRole[id] }

// RolePermissions returns the permissions of a role, sorted, with those that its
// wildcards stand for; nil if there is no such role.
func (s *Snapshot) RolePermissions(id sallyport.RoleID) []sallyport.Permission {
	if r := s.byRole[id]; r != nil {
		return s.Names(r.Set)
	}
	return nil
}

// PermissionName returns the name of a permission's number, empty if the number
// was given out after the snapshot was made.
func (s *Snapshot) PermissionName(i int32) sallyport.Permission {
	if i < 0 || int(i) >= len(s.names) {
		return ""
	}
	return s.names[i]
}

// Permission returns the number of a permission that some API declares, and of
// the wildcards "*" and "api/*".
func (s *Snapshot) Permission(name sallyport.Permission) (int32, bool) {
	if s.numbers != nil {
		i, ok := s.numbers[name]
		return i, ok
	}
	return s.declared(name)
}

// declared is Permission for the time in which the snapshot is made.
func (s *Snapshot) declared(name sallyport.Permission) (int32, bool) {
	if name != everything {
		a := s.byName[name.API()]
		local := strings.TrimPrefix(string(name), string(name.API())+"/")
		if a == nil || local != everything && !a.permissionNames.set[local] {
			return 0, false
		}
	}
	return s.compiler.permissions.find(name)
}

// Names returns the names of a set of permissions, sorted. Wildcards are left
// out: what they stand for is in the set itself.
func (s *Snapshot) Names(set sallyport.Set) []sallyport.Permission {
	var names []sallyport.Permission
	for i := range int32(len(s.names)) { //nolint:gosec // a number is an int32
		if set.Has(i) && !isWildcard(s.names[i]) {
			names = append(names, s.names[i])
		}
	}
	slices.Sort(names)
	return names
}

// numberAll writes down the numbers of all permissions that are declared.
func (s *Snapshot) numberAll() {
	numbers := make(map[sallyport.Permission]int32, len(s.names))
	for _, name := range s.names {
		if i, ok := s.declared(name); ok {
			numbers[name] = i
		}
	}
	s.numbers = numbers
	s.alone = make([]int32, len(s.names))
	for i := range s.alone {
		s.alone[i] = int32(i) //nolint:gosec // a number is an int32
	}
}

func isWildcard(p sallyport.Permission) bool {
	return p == everything || strings.HasSuffix(string(p), "/"+everything)
}

// CheckRole returns an error for each permission of a role that no API declares,
// and for each that is there twice.
func (s *Snapshot) CheckRole(role *sallyport.Role) []error {
	return s.roleSet(&Role{Role: *role})
}

// roleSet fills the set of a role and returns what is wrong with its
// permissions.
func (s *Snapshot) roleSet(role *Role) []error {
	f := &faults{}
	seen := make(map[sallyport.Permission]bool, len(role.Permissions))
	for i, p := range role.Permissions {
		where := field("permissions", i)
		if seen[p] {
			f.add(where, "the permission %q is there twice", p)
			continue
		}
		seen[p] = true
		number, ok := s.Permission(p)
		switch {
		case p == everything:
			role.Set.Add(s.compiler.permissions.of(p))
			for _, a := range s.apis {
				union(&role.Set, a.own)
			}
		case !ok:
			f.add(where, "%s", s.unknownPermission(p))
		case isWildcard(p):
			union(&role.Set, s.byName[p.API()].own)
		default:
			role.Set.Add(number)
		}
	}
	return f.list
}

// unknownPermission says what is wrong with the name of a permission, and the
// cure.
func (s *Snapshot) unknownPermission(p sallyport.Permission) string {
	if !strings.Contains(string(p), "/") {
		return fmt.Sprintf("%q is not a permission; write it as api/name", p)
	}
	a := s.byName[p.API()]
	if a == nil {
		var known []string
		for _, a := range s.apis {
			known = append(known, string(a.Name))
		}
		return fmt.Sprintf("there is no permission %q, as there is no API %q; %s", p, p.API(), suggest("API", string(p.API()), known))
	}
	local := strings.TrimPrefix(string(p), string(p.API())+"/")
	if near := nearest(local, a.permissionNames.list); near != "" {
		return fmt.Sprintf("there is no permission %q; did you mean %q?", p, permission(a.Name, near))
	}
	return fmt.Sprintf("there is no permission %q; the API %q does not declare it", p, a.Name)
}

// union adds a set to another one.
func union(to *sallyport.Set, from sallyport.Set) {
	for len(*to) < len(from) {
		*to = append(*to, 0)
	}
	for i, w := range from {
		(*to)[i] |= w
	}
}
