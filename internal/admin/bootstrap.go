package admin

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Bootstrap brings an installation to where this version of the program expects
// it: the management API, given with the routes of who serves it, the built-in
// roles, and the signing keys of access tokens and assertions. What is so already
// stays untouched, so it is called at every start.
func (s *Service) Bootstrap(ctx context.Context, api sallyport.API) error {
	a := System("bootstrap")
	err := s.change(ctx, a, func(w *work) error {
		if api.Name != ManagementAPI {
			return sallyport.ErrInvalid("name", `the management API is called "sallyport"`)
		}
		if _, err := w.applyAPIs(ctx, []sallyport.API{api}); err != nil {
			return err
		}
		for _, role := range builtInRoles() {
			if err := w.applyRole(ctx, role); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.EnsureSigningKeys(ctx, a, KeyUse{Kind: token.AccessJWT}, KeyUse{Kind: token.AssertionJWT})
}

// applyRole makes a built-in role what it should be.
func (w *work) applyRole(ctx context.Context, role sallyport.Role) error {
	role.Tenant, role.BuiltIn = sallyport.EveryTenant, true
	slices.Sort(role.Permissions)
	there, err := w.tx.Role(ctx, role.Tenant, role.ID)
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound:
		if err := w.tx.InsertRole(ctx, &role); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangePolicy, policy.RolePart(role.Tenant, role.ID))
		return w.write(ctx, role.Tenant, "role.create", roleThing(role), nil, roleView(role))
	case err != nil:
		return err
	case there.Name == role.Name && there.Title == role.Title && there.BuiltIn && slices.Equal(there.Permissions, role.Permissions):
		return nil
	}
	if err := w.tx.UpdateRole(ctx, &role, there.Version); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.RolePart(role.Tenant, role.ID))
	return w.write(ctx, role.Tenant, "role.update", roleThing(role), roleView(there), roleView(role))
}

// HasAdministrator reports whether the installation has an administrator.
func (s *Service) HasAdministrator(ctx context.Context) (there bool, err error) {
	err = s.c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		there, err = administrated(ctx, tx)
		return err
	})
	return there, err
}

// FirstAdministrator makes the first administrator of an installation. Of any
// number of calls exactly one succeeds; when there is an administrator already
// the error is a Conflict. The actor must be from [System].
func (s *Service) FirstAdministrator(ctx context.Context, a Actor, in NewUser) (sallyport.User, error) {
	return s.makeAdministrator(ctx, a, in, (*work).firstAdministrator)
}

// RescueAdministrator makes one more administrator of an installation, for when
// nobody can sign in as any of them. The actor must be from [System]: who holds the
// configuration with its keys on the machine can read and change everything anyway.
func (s *Service) RescueAdministrator(ctx context.Context, a Actor, in NewUser) (sallyport.User, error) {
	return s.makeAdministrator(ctx, a, in, (*work).administrator)
}

func (s *Service) makeAdministrator(ctx context.Context, a Actor, in NewUser,
	how func(*work, context.Context, NewUser, sallyport.Secret) (sallyport.User, error),
) (user sallyport.User, err error) {
	if !a.IsSystem() {
		return user, refused(sallyport.PermissionMissing)
	}
	hash, err := s.firstPassword(ctx, in)
	if err != nil {
		return user, err
	}
	return making(ctx, s, a, func(w *work) (sallyport.User, error) { return how(w, ctx, in, hash) })
}
