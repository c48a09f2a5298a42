package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Kinds of parts of a policy.
const (
	partAPI    = "api"
	partRole   = "role"
	partTenant = "tenant"
	partRealm  = "realm"
)

// APIPart returns what a change of an API notes for a [Loader]. A change that
// notes an empty part, as all did once, has everything read anew.
func APIPart(name sallyport.APIName) string { return partAPI + ":" + string(name) }

// RolePart is [APIPart] for a role.
func RolePart(tenant sallyport.TenantID, id sallyport.RoleID) string {
	return partRole + ":" + string(tenant) + ":" + string(id)
}

// TenantPart is [APIPart] for a tenant.
func TenantPart(id sallyport.TenantID) string { return partTenant + ":" + string(id) }

// RealmPart is [APIPart] for the realms of a tenant, of which [Load] reads none.
func RealmPart(tenant sallyport.TenantID) string { return partRealm + ":" + string(tenant) }

// A Loader reads the policy again and again: whole at first, then what the change
// log names. What did not change is in the next source as it was in the last one,
// in the same memory, which [Compiler.Compile] sees. It is not for use by several
// goroutines at once. The zero Loader is ready for use.
type Loader struct {
	last  Source
	whole bool // whether last is one
}

// Forget has the next Load read everything.
func (l *Loader) Forget() { *l = Loader{} }

// Load reads all that a policy is made of, as [Load] does. It takes the reader of a
// transaction, in which policy and change log are of one moment.
func (l *Loader) Load(ctx context.Context, r *store.Reader) (Source, error) {
	next, ok, err := l.follow(ctx, r)
	if err == nil && !ok {
		next, err = Load(ctx, r)
	}
	if err != nil {
		l.Forget()
		return Source{}, err
	}
	l.last, l.whole = next, true
	return next, nil
}

// Bounds of what is read part by part; beyond them everything is, with fewer queries.
const (
	mostFollowed = 1000 // revisions
	mostParts    = 64
)

// follow brings the last source up to date. It reports false if that cannot be
// done.
func (l *Loader) follow(ctx context.Context, r *store.Reader) (next Source, ok bool, err error) {
	if !l.whole {
		return next, false, nil
	}
	next = l.last
	if next.Revision, err = r.Revision(ctx); err != nil {
		return next, false, fmt.Errorf("read the revision: %w", err)
	}
	changes, err := r.Changes(ctx, l.last.Revision, mostFollowed)
	switch {
	case errors.Is(err, store.ErrGap), errors.Is(err, store.ErrRewound):
		return next, false, nil
	case err != nil:
		return next, false, fmt.Errorf("read the changes after revision %d: %w", l.last.Revision, err)
	case next.Revision > l.last.Revision && (len(changes) == 0 || changes[len(changes)-1].Revision != next.Revision):
		return next, false, nil // there are too many
	}
	read := map[string]bool{}
	for _, c := range changes {
		switch {
		case c.Kind == sallyport.ChangeEverything:
			return next, false, nil
		case c.Kind != sallyport.ChangePolicy || read[c.ID]:
			continue
		}
		if read[c.ID] = true; len(read) > mostParts {
			return next, false, nil
		}
		if ok, err := next.replace(ctx, r, c.ID); !ok || err != nil {
			return next, false, err
		}
	}
	return next, true, nil
}

// replace reads one part anew. It reports false if it does not know the part.
func (s *Source) replace(ctx context.Context, r *store.Reader, part string) (ok bool, err error) {
	kind, id, _ := strings.Cut(part, ":")
	switch kind {
	case partAPI:
		document, err := r.API(ctx, sallyport.APIName(id))
		s.APIs, err = replaced(s.APIs, document.API, sallyport.APIName(id), err, func(a *sallyport.API) sallyport.APIName { return a.Name })
		return true, about("API", id, err)
	case partRole:
		tenant, id, _ := strings.Cut(id, ":")
		role, err := r.Role(ctx, sallyport.TenantID(tenant), sallyport.RoleID(id))
		s.Roles, err = replaced(s.Roles, role, sallyport.RoleID(id), err, func(o *sallyport.Role) sallyport.RoleID { return o.ID })
		return true, about("role", id, err)
	case partTenant:
		tenant, err := r.Tenant(ctx, sallyport.TenantID(id))
		s.Tenants, err = replaced(s.Tenants, tenant, sallyport.TenantID(id), err, func(t *sallyport.Tenant) sallyport.TenantID { return t.ID })
		return true, about("tenant", id, err)
	case partRealm:
		return true, nil
	}
	return false, nil
}

func about(what, id string, err error) error {
	if err != nil {
		return fmt.Errorf("read the %s %s: %w", what, id, err)
	}
	return nil
}

// replaced returns a copy of a list in which the item with an id is the one that
// was read, or is no more if that was not found. The order does not matter to a
// compilation.
func replaced[T any, K cmp.Ordered](list []T, item T, id K, err error, of func(*T) K) ([]T, error) {
	gone := sallyport.KindOf(err) == sallyport.NotFound && err != nil
	if err != nil && !gone {
		return list, err
	}
	at := slices.IndexFunc(list, func(o T) bool { return of(&o) == id })
	switch {
	case gone && at < 0:
		return list, nil
	case gone:
		return slices.Delete(slices.Clone(list), at, at+1), nil
	case at < 0:
		return append(slices.Clip(list), item), nil
	}
	list = slices.Clone(list)
	list[at] = item
	return list, nil
}
