package policy

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"runtime"
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
	mu    sync.Mutex
	apis  map[sallyport.APIName]compiled
	last  *Snapshot // nil: there was none
	homes struct {  // of the last one
		list []sallyport.Tenant
		byID map[sallyport.TenantID]*Tenant
	}
}

// A compiled API has the document beside it that it was made of, nil if that has
// faults.
type compiled struct {
	api    *API
	source *sallyport.API
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

// Compile makes the snapshot of a source. What did not change since the last
// compilation is used again. It lets others run now and then: where there are few
// cores, requests would wait behind it.
//
// The snapshot is never nil: what is faulty denies. The error joins all faults;
// each is a [sallyport.Error] behind the name of the API or role that it is in.
func (c *Compiler) Compile(source Source) (*Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Snapshot{compiler: c, revision: source.Revision}
	faults := c.compileAPIs(s, source.APIs)
	faults = append(faults, s.mountAll()...)
	same := c.last != nil && slices.Equal(s.apis, c.last.apis)
	faults = append(faults, c.compileRoles(s, source.Roles, same)...)
	c.compileTenants(s, source.Tenants)
	s.names = c.permissions.all()
	if same && len(s.names) == len(c.last.names) {
		s.numbers, s.alone = c.last.numbers, c.last.alone
	} else {
		s.numberAll()
	}
	if same {
		s.limits.slots.Store(c.last.limits.slots.Load())
	}
	s.limits.grow(c.limits.count())
	c.last = s
	return s, errors.Join(faults...)
}

// somewhat is after how many parts of its work a compilation lets others run: what
// it does between two of them takes some ten microseconds.
const somewhat = 8

// breathe is called with the number of each part.
func breathe(part int) {
	if part%somewhat == somewhat-1 {
		runtime.Gosched()
	}
}

// compileAPIs compiles what changed of the APIs.
func (c *Compiler) compileAPIs(s *Snapshot, documents []sallyport.API) []error {
	var faults []error
	all := make(map[sallyport.APIName]compiled, len(documents))
	s.byName = make(map[sallyport.APIName]*API, len(documents))
	for i := range documents {
		document := &documents[i]
		last := c.apis[document.Name]
		// Where it is the same memory, equality is seen at once.
		a, source := last.api, document
		if a == nil || last.source == nil || !reflect.DeepEqual(last.source, document) {
			var list []error
			a, list = newAPI(document, c.rules)
			a.assign(c)
			for _, err := range list {
				faults = append(faults, inAPI(document.Name, err))
				source = nil // compiled anew next time, so that its faults are told again
			}
		}
		if s.byName[a.Name] != nil {
			faults = append(faults, fmt.Errorf("API %q: there are two documents of this name", a.Name))
			a = a.closed()
		} else {
			s.byName[a.Name] = a
			all[a.Name] = compiled{a, source}
		}
		s.apis = append(s.apis, a)
	}
	c.apis = all
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

// compileRoles turns the permissions of roles into sets. Those of a role that did
// not change are used again if the APIs declare what they did.
func (c *Compiler) compileRoles(s *Snapshot, roles []sallyport.Role, same bool) []error { //nolint:revive // not a switch
	var faults []error
	same = same || c.last != nil && slices.EqualFunc(s.apis, c.last.apis, declareTheSame)
	made := make([]Role, len(roles))
	s.byRole = make(map[sallyport.RoleID]*Role, len(roles))
	s.roleList = make([]*Role, len(roles))
	for i := range roles {
		role := &made[i]
		role.Role = roles[i]
		var old *Role
		if same {
			old = c.last.byRole[role.ID]
		}
		if old != nil && !old.faulty && slices.Equal(old.Permissions, role.Permissions) {
			role.Number, role.Set = old.Number, old.Set
		} else {
			role.Number = c.roles.of(role.ID)
			list := s.roleSet(role)
			role.faulty = len(list) > 0
			for _, err := range list {
				faults = append(faults, fmt.Errorf("role %q: %w", role.Name, err))
			}
			breathe(i)
		}
		s.byRole[role.ID], s.roleList[i] = role, role
	}
	slices.SortFunc(s.roleList, func(a, b *Role) int {
		return cmp.Or(strings.Compare(string(a.Tenant), string(b.Tenant)), strings.Compare(a.Name, b.Name))
	})
	s.roles = make([]sallyport.Set, c.roles.count())
	for _, role := range s.roleList {
		s.roles[role.Number] = role.Set
	}
	return faults
}

func declareTheSame(a, b *API) bool {
	return a.Name == b.Name && slices.Equal(a.Permissions, b.Permissions)
}

// compileTenants finds tenants by their ids. A source that was made of the last one
// has the same list if there is nothing new in it.
func (c *Compiler) compileTenants(s *Snapshot, tenants []sallyport.Tenant) {
	if c.homes.byID == nil || !identical(tenants, c.homes.list) {
		c.homes.list, c.homes.byID = tenants, c.tenantsOf(tenants)
	}
	s.tenants = c.homes.byID
}

// identical reports whether two lists are the same memory.
func identical[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

func (c *Compiler) tenantsOf(tenants []sallyport.Tenant) map[sallyport.TenantID]*Tenant {
	byID := make(map[sallyport.TenantID]*Tenant, len(tenants))
	for _, t := range tenants {
		byID[t.ID] = &Tenant{Tenant: t, Number: c.tenants.of(t.ID)}
	}
	return byID
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
