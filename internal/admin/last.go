package admin

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// guarded makes a change and refuses it if there was an administrator before and
// is none after it.
func (w *work) guarded(ctx context.Context, change func() error) error {
	if w.guarding {
		return change() // as part of a larger one that is guarded as a whole
	}
	w.guarding = true
	defer func() { w.guarding = false }()
	before, err := administrated(ctx, w.tx)
	if err != nil {
		return err
	}
	if err := change(); err != nil || !before {
		return err
	}
	after, err := administrated(ctx, w.tx)
	if err != nil || after {
		return err
	}
	return sallyport.ErrConflict("", "this would leave the installation without an administrator; make somebody else one first")
}

// administrated reports whether some active user holds [Everything] in every
// tenant, without realm, condition or expiry.
func administrated(ctx context.Context, tx *store.Tx) (bool, error) {
	roles, err := all(func(p store.Page) ([]sallyport.Role, string, error) {
		return tx.Roles(ctx, sallyport.EveryTenant, "", p)
	})
	if err != nil {
		return false, err
	}
	for _, role := range roles {
		if !slices.Contains(role.Permissions, Everything) {
			continue
		}
		bindings, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
			return tx.Bindings(ctx, sallyport.EveryTenant, store.BindingFilter{Role: role.ID, State: sallyport.Active}, p)
		})
		if err != nil {
			return false, err
		}
		for _, b := range bindings {
			if b.Realm != "" || b.Condition != "" || !b.Expires.IsZero() {
				continue
			}
			if there, err := anyActive(ctx, tx, b); err != nil || there {
				return there, err
			}
		}
	}
	return false, nil
}

// anyActive reports whether an active user is behind a binding.
func anyActive(ctx context.Context, tx *store.Tx, b sallyport.Binding) (bool, error) {
	var users []sallyport.User
	switch b.SubjectKind {
	case sallyport.SubjectUser:
		user, err := tx.UserByID(ctx, sallyport.PrincipalID(b.Subject))
		if err != nil {
			return false, unlessNotFound(err)
		}
		users = append(users, user)
	case sallyport.SubjectGroup:
		members, err := all(func(p store.Page) ([]sallyport.User, string, error) {
			return tx.Members(ctx, b.Tenant, sallyport.GroupID(b.Subject), p)
		})
		if err != nil {
			return false, err
		}
		users = members
	case sallyport.SubjectKey: // a key alone administrates nothing: nobody could sign in
	}
	for _, u := range users {
		if u.State != sallyport.Active {
			continue
		}
		if u.Tenant == sallyport.EveryTenant {
			return true, nil
		}
		home, err := tx.Tenant(ctx, u.Tenant)
		if err != nil {
			return false, unlessNotFound(err)
		}
		if home.State == sallyport.Active {
			return true, nil
		}
	}
	return false, nil
}

func unlessNotFound(err error) error {
	if sallyport.KindOf(err) == sallyport.NotFound {
		return nil
	}
	return err
}

// all reads a list to its end.
func all[T any](read fetch[T]) ([]T, error) {
	var items []T
	p := store.Page{Limit: 1000}
	for {
		page, next, err := read(p)
		if err != nil {
			return nil, err
		}
		items = append(items, page...)
		if next == "" {
			return items, nil
		}
		p.After = next
	}
}
