package policy

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// loadPage is how many rows are asked for at once.
const loadPage = 1000

// Load reads all that a policy is made of. It takes the reader of a transaction,
// so that what it reads is of one moment.
func Load(ctx context.Context, r *store.Reader) (Source, error) {
	var s Source
	var err error
	if s.Revision, err = r.Revision(ctx); err != nil {
		return s, fmt.Errorf("read the revision: %w", err)
	}
	documents, err := all(ctx, r.APIs)
	if err != nil {
		return s, fmt.Errorf("read the APIs: %w", err)
	}
	for i := range documents {
		s.APIs = append(s.APIs, documents[i].API)
	}
	if s.Roles, err = all(ctx, r.EveryRole); err != nil {
		return s, fmt.Errorf("read the roles: %w", err)
	}
	s.Tenants, err = all(ctx, func(ctx context.Context, p store.Page) ([]sallyport.Tenant, string, error) {
		return r.Tenants(ctx, store.TenantFilter{}, p)
	})
	if err != nil {
		return s, fmt.Errorf("read the tenants: %w", err)
	}
	return s, nil
}

// LoadPrincipal reads a user or an API key with all that is bound to it.
// NotFound: there is neither.
func LoadPrincipal(ctx context.Context, r *store.Reader, id sallyport.PrincipalID) (Record, error) {
	record, err := loadUser(ctx, r, id)
	if sallyport.KindOf(err) == sallyport.NotFound && err != nil {
		record, err = loadKey(ctx, r, id)
	}
	if err != nil {
		return Record{}, err
	}
	record.Bindings, record.Groups, err = r.BindingsOfPrincipal(ctx, id)
	if err != nil {
		return Record{}, fmt.Errorf("read the bindings of %s: %w", id, err)
	}
	return record, nil
}

func loadUser(ctx context.Context, r *store.Reader, id sallyport.PrincipalID) (Record, error) {
	u, err := r.UserByID(ctx, id)
	if err != nil {
		return Record{}, fmt.Errorf("read the user %s: %w", id, err)
	}
	record := Record{
		Principal: sallyport.Principal{
			ID: u.ID, Kind: sallyport.PrincipalPerson, Login: u.Login, Name: u.Name, Email: u.Email, Home: u.Tenant,
		},
		State: u.State, Epoch: u.Epoch, NotBefore: u.NotBefore,
	}
	if u.Kind == sallyport.Service {
		record.Principal.Kind = sallyport.PrincipalService
		return record, nil
	}
	if record.SecondFactor, err = r.HasSecondFactor(ctx, id); err != nil {
		return Record{}, fmt.Errorf("read the second factors of %s: %w", id, err)
	}
	switch p, err := r.PasswordOf(ctx, id); {
	case err == nil:
		record.MustChange = p.MustChange
	case sallyport.KindOf(err) != sallyport.NotFound:
		return Record{}, fmt.Errorf("read the password of %s: %w", id, err)
	}
	return record, nil
}

func loadKey(ctx context.Context, r *store.Reader, id sallyport.PrincipalID) (Record, error) {
	c, err := r.CredentialByID(ctx, sallyport.CredentialID(id))
	if err != nil {
		return Record{}, fmt.Errorf("read the API key %s: %w", id, err)
	}
	if c.Kind != sallyport.APIKey {
		return Record{}, sallyport.ErrNotFound("no user or API key has this id")
	}
	return Record{
		Principal: sallyport.Principal{ID: id, Kind: sallyport.PrincipalAPIKey, Login: c.Name, Name: c.Name, Home: c.Tenant},
		State:     c.State,
	}, nil
}

// all reads every page of a list.
func all[T any](ctx context.Context, list func(context.Context, store.Page) ([]T, string, error)) ([]T, error) {
	var out []T
	page := store.Page{Limit: loadPage}
	for {
		items, next, err := list(ctx, page)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
		if next == "" {
			return out, nil
		}
		page.After = next
	}
}
