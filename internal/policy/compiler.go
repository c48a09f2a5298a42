package policy

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	sallyport "github.com/sallyport/sallyport"
)

// A Source is everything that a policy is made of, as it was at one revision.
// The compiler keeps what it is given, so it must not be changed afterwards.
type Source struct {
	Revision sallyport.Revision
	APIs     []sallyport.API
	Roles    []sallyport.Role
	Tenants  []sallyport.Tenant
	Realms   []sallyport.Realm
}

// A Compiler makes snapshots and compiled principals that fit each other. There
// is one in a process: it numbers permissions, roles, tenants and scopes, and a
// number means the same for as long as the process lives. It is safe for
// concurrent use.
type Compiler struct {
	rules      Rules
	conditions *conditions

	permissions numbers[sallyport.Permission]
	roles       numbers[sallyport.RoleID]
	tenants     numbers[sallyport.TenantID]
	scopes      numbers[string]
	uses        numbers[string]
	limits      limitTable

	// mu guards what the last compilation left for the next one to use again.
	// It is held for the whole of a compilation, so there is one at a time.
	mu       sync.Mutex
	apis     map[sallyport.APIName]*API
	roleSets map[sallyport.RoleID]*Role
	declared [][]sallyport.Permission
}

// NewCompiler returns a compiler of documents under the rules.
func NewCompiler(rules Rules) (*Compiler, error) {
	conditions, err := newConditions()
	if err != nil {
		return nil, fmt.Errorf("prepare the language of conditions: %w", err)
	}
	c := &Compiler{rules: rules, conditions: conditions}
	c.tenants.of("") // so that 0 is nobody's number
	c.uses.of("")    // so that 0 is the use of nothing
	return c, nil
}

// Compile makes the snapshot of a source. APIs and roles that did not change
// since the last compilation are used again.
//
// The snapshot is never nil: what is faulty denies. The error joins all faults;
// each is a [sallyport.Error] behind the name of the API or role that it is in.
func (c *Compiler) Compile(source Source) (*Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Snapshot{compiler: c, revision: source.Revision}
	faults := c.compileAPIs(s, source.APIs)
	faults = append(faults, s.mountAll()...)
	faults = append(faults, c.compileRoles(s, source.Roles)...)
	s.compileTenants(source.Tenants, source.Realms)
	s.names = c.permissions.all()
	s.numberAll()
	s.limits.grow(c.limits.count())
	return s, errors.Join(faults...)
}

// compileAPIs compiles what changed of the APIs.
func (c *Compiler) compileAPIs(s *Snapshot, documents []sallyport.API) []error {
	var faults []error
	compiled := make(map[sallyport.APIName]*API, len(documents))
	s.byName = make(map[sallyport.APIName]*API, len(documents))
	for i := range documents {
		document := &documents[i]
		a := c.apis[document.Name]
		if a == nil || !reflect.DeepEqual(&a.source, document) {
			var list []error
			a, list = newAPI(document, c.rules)
			a.assign(c)
			for _, err := range list {
				faults = append(faults, inAPI(document.Name, err))
			}
			if len(list) > 0 {
				// Compiled anew next time, so that its faults are told again.
				a.source = sallyport.API{}
			}
		}
		if s.byName[a.Name] != nil {
			faults = append(faults, fmt.Errorf("API %q: there are two documents of this name", a.Name))
			a = a.closed()
		} else {
			s.byName[a.Name] = a
			compiled[a.Name] = a
		}
		s.apis = append(s.apis, a)
	}
	c.apis = compiled
	slices.SortStableFunc(s.apis, func(a, b *API) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return faults
}

func inAPI(name sallyport.APIName, err error) error {
	return fmt.Errorf("API %q: %s: %w", name, fieldOf(err), err)
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		return e.Field
	}
	return ""
}

// compileRoles turns the permissions of roles into sets.
func (c *Compiler) compileRoles(s *Snapshot, roles []sallyport.Role) []error {
	var faults []error
	declared := make([][]sallyport.Permission, 0, len(s.apis))
	for _, a := range s.apis {
		declared = append(declared, append([]sallyport.Permission{permission(a.Name, everything)}, a.Permissions...))
	}
	same := reflect.DeepEqual(declared, c.declared)
	s.byRole = make(map[sallyport.RoleID]*Role, len(roles))
	for i := range roles {
		role := &Role{Role: roles[i]}
		old := c.roleSets[role.ID]
		if same && old != nil && !old.faulty && slices.Equal(old.Permissions, role.Permissions) {
			role.Number, role.Set = old.Number, old.Set
		} else {
			role.Number = c.roles.of(role.ID)
			list := s.roleSet(role)
			role.faulty = len(list) > 0
			for _, err := range list {
				faults = append(faults, fmt.Errorf("role %q: %w", role.Name, err))
			}
		}
		s.byRole[role.ID] = role
		s.roleList = append(s.roleList, role)
	}
	slices.SortFunc(s.roleList, func(a, b *Role) int {
		return strings.Compare(string(a.Tenant)+" "+a.Name, string(b.Tenant)+" "+b.Name)
	})
	s.roles = make([]sallyport.Set, c.roles.count())
	for _, role := range s.roleList {
		s.roles[role.Number] = role.Set
	}
	c.roleSets, c.declared = s.byRole, declared
	return faults
}

func (c *Compiler) numbersOf(permissions []sallyport.Permission) []int32 {
	out := make([]int32, 0, len(permissions))
	for _, p := range permissions {
		out = append(out, c.permissions.of(p))
	}
	return out
}

// TenantNumber returns the tenant's number, which is above 0 and never changes,
// giving it one if it has none.
func (c *Compiler) TenantNumber(id sallyport.TenantID) int32 { return c.tenants.of(id) }

// CheckCondition returns an error if a condition cannot be read; it says where.
// An empty one always holds.
func (c *Compiler) CheckCondition(text string) error {
	if text == "" {
		return nil
	}
	_, err := c.conditions.get(text)
	return err
}
