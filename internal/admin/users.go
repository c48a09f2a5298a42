package admin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/store"
)

// A NewUser is a user to be made.
type NewUser struct {
	Kind  sallyport.UserKind // a person when empty
	Login string
	Name  string
	Email string

	Password     sallyport.Secret // empty: none; he cannot sign in with one
	PasswordHash sallyport.Secret // in place of Password, when users are taken over from elsewhere
	KeepPassword bool             // he need not change it when he first signs in

	// What he begins with is made with him or not at all: what takes many users
	// over can be broken off at any time, and done again.
	Groups []sallyport.GroupID // of the tenant; need [GroupsWrite]
	Roles  []sallyport.RoleID  // bound to him in the tenant; need [BindingsWrite]
	State  sallyport.State     // active when empty, or deactivated

	id sallyport.PrincipalID // empty: a new one
}

// A UserChange changes what is not nil.
type UserChange struct {
	Login *string
	Name  *string
	Email *string
}

func userView(u sallyport.User) any {
	return map[string]any{
		"kind": u.Kind, "login": u.Login, "name": u.Name, "email": u.Email, "state": u.State,
	}
}

func userThing(u sallyport.User) thing { return thing{"user", string(u.ID), u.Login} }

// CreateUser makes a user who is administered in the tenant. It needs [UsersWrite]
// there, and the actor must hold what the user begins with.
func (s *Service) CreateUser(ctx context.Context, a Actor, tenant sallyport.TenantID, in NewUser) (user sallyport.User, err error) {
	// The right is asked for twice: here, so that nobody makes us hash who may
	// not, and in the transaction, where it counts.
	err = s.look(ctx, a, func(w *work) error { return w.may(tenant, UsersWrite) })
	if err != nil {
		return user, err
	}
	hash, err := s.firstPassword(ctx, in)
	if err != nil {
		return user, err
	}
	return making(ctx, s, a, func(w *work) (sallyport.User, error) { return w.createUser(ctx, tenant, in, hash) })
}

// createUser makes a user whose password was hashed before.
func (w *work) createUser(ctx context.Context, tenant sallyport.TenantID, in NewUser, hash sallyport.Secret) (user sallyport.User, err error) {
	if err := w.may(tenant, UsersWrite); err != nil {
		return user, err
	}
	if id, err := w.repeated(ctx); err != nil || id != "" {
		if err == nil {
			user, err = w.tx.User(ctx, tenant, sallyport.PrincipalID(id))
		}
		return user, err
	}
	user, err = w.insertUser(ctx, tenant, in, hash)
	if err != nil {
		return user, err
	}
	return w.equip(ctx, user, in)
}

// mostBeginnings is how many groups or roles a user can begin with.
const mostBeginnings = 50

// equip gives a new user what he begins with.
func (w *work) equip(ctx context.Context, user sallyport.User, in NewUser) (sallyport.User, error) {
	if n := len(in.Groups); n > mostBeginnings {
		return user, sallyport.ErrInvalid("groups", fmt.Sprintf("there are %d groups; at most %d, add the others later", n, mostBeginnings))
	}
	if n := len(in.Roles); n > mostBeginnings {
		return user, sallyport.ErrInvalid("roles", fmt.Sprintf("there are %d roles; at most %d, bind the others later", n, mostBeginnings))
	}
	for i, group := range in.Groups {
		err := w.addMember(ctx, user.Tenant, group, user.ID)
		if sallyport.KindOf(err) == sallyport.NotFound {
			err = sallyport.ErrInvalid(fmt.Sprintf("groups[%d]", i), "there is no such group in this tenant")
		}
		if err != nil {
			return user, err
		}
	}
	for i, role := range in.Roles {
		if err := w.may(user.Tenant, BindingsWrite); err != nil {
			return user, err
		}
		_, err := w.newBinding(ctx, user.Tenant, NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: role})
		if err != nil {
			return user, inField(fmt.Sprintf("roles[%d]", i), err)
		}
	}
	if in.State == "" || in.State == sallyport.Active {
		return user, nil
	}
	if in.State == sallyport.Deactivated {
		return w.deactivateUser(ctx, user.Tenant, user.ID, AnyVersion)
	}
	return user, sallyport.ErrInvalid("state", "a new user is active or deactivated")
}

// insertUser makes a user in the transaction.
func (w *work) insertUser(ctx context.Context, tenant sallyport.TenantID, in NewUser, hash sallyport.Secret) (user sallyport.User, err error) {
	id, err := orNewID(string(in.id))
	if err != nil {
		return user, err
	}
	user = sallyport.User{
		ID: sallyport.PrincipalID(id), Tenant: tenant, Kind: in.Kind,
		Login: in.Login, Name: in.Name, Email: in.Email, State: sallyport.Active,
	}
	if user.Kind == "" {
		user.Kind = sallyport.Person
	}
	if err := checkUser(&user); err != nil {
		return user, err
	}
	if err := w.tx.InsertUser(ctx, &user); err != nil {
		return user, err
	}
	if hash != "" {
		if err := w.tx.SetPassword(ctx, tenant, user.ID, hash, mustChange(user, in.KeepPassword || in.PasswordHash != "")); err != nil {
			return user, err
		}
		if user, err = w.tx.User(ctx, tenant, user.ID); err != nil {
			return user, err
		}
	}
	w.tx.Note(sallyport.ChangePrincipal, id)
	if err := w.remember(ctx, id); err != nil {
		return user, err
	}
	return user, w.write(ctx, tenant, "user.create", userThing(user), nil, userView(user))
}

// checkUser checks a user before he is written, and brings his names into their
// canonical form.
func checkUser(u *sallyport.User) (err error) {
	if u.Kind != sallyport.Person && u.Kind != sallyport.Service {
		return sallyport.ErrInvalid("kind", `kind is not known; write "person" or "service"`)
	}
	if u.Login, err = login.Canonical(u.Login); err != nil {
		return err
	}
	if u.Name, err = text("name", u.Name, maxName); err != nil {
		return err
	}
	u.Email, err = email(u.Email)
	return err
}

// User returns a user who is administered in the tenant. Others than himself
// need [UsersRead].
func (s *Service) User(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID) (user sallyport.User, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.itselfOr(id, tenant, UsersRead); err != nil {
			return err
		}
		user, err = w.tx.User(ctx, tenant, id)
		return err
	})
	return user, err
}

// UserByLogin returns a user by any spelling of his login, if the actor holds
// [UsersRead] where he is administered.
func (s *Service) UserByLogin(ctx context.Context, a Actor, name string) (user sallyport.User, err error) {
	canonical, err := login.Canonical(name)
	if err != nil {
		return user, err
	}
	err = s.look(ctx, a, func(w *work) (err error) {
		if user, err = w.tx.UserByLogin(ctx, canonical); err != nil {
			return err
		}
		if err := w.itselfOr(user.ID, user.Tenant, UsersRead); err != nil {
			user = sallyport.User{}
			return sallyport.ErrNotFound("no such user")
		}
		return nil
	})
	return user, err
}

// Users returns users by login: those of a tenant, or of the whole installation
// when it is empty. It needs [UsersRead] in the tenant, or in every tenant.
func (s *Service) Users(ctx context.Context, a Actor, tenant sallyport.TenantID, f store.UserFilter, p Page) (list List[sallyport.User], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayList(tenant, UsersRead); err != nil {
			return err
		}
		place := []string{"users", string(tenant), string(f.Kind), string(f.State), f.Search}
		list, err = pages(w, p, place, func(p store.Page) ([]sallyport.User, string, error) {
			if tenant == "" {
				return w.tx.EveryUser(ctx, f, p)
			}
			return w.tx.Users(ctx, tenant, f, p)
		})
		return err
	})
	return list, err
}

// mayList is may for lists, where no tenant stands for all of them.
func (w *work) mayList(tenant sallyport.TenantID, permission sallyport.Permission) error {
	if tenant == "" {
		return w.may(sallyport.EveryTenant, permission)
	}
	return w.may(tenant, permission)
}

// UpdateUser changes the login, name and e-mail address of a user. It needs
// [UsersWrite], and that the user is not stronger than the actor.
func (s *Service) UpdateUser(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64, ch UserChange) (sallyport.User, error) {
	return making(ctx, s, a, func(w *work) (sallyport.User, error) { return w.updateUser(ctx, tenant, id, ifVersion, ch) })
}

func (w *work) updateUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64, ch UserChange) (sallyport.User, error) {
	return w.changeUser(ctx, tenant, id, ifVersion, "user.update", func(user *sallyport.User) error {
		if ch.Login != nil {
			user.Login = *ch.Login
		}
		if ch.Name != nil {
			user.Name = *ch.Name
		}
		if ch.Email != nil {
			user.Email = *ch.Email
		}
		if err := checkUser(user); err != nil {
			return err
		}
		return w.tx.UpdateUser(ctx, user, ifVersion)
	})
}

// DeactivateUser takes a user out of use. All his credentials and sign-ins end
// for good; activating him later brings none of them back. It needs
// [UsersWrite].
func (s *Service) DeactivateUser(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) (sallyport.User, error) {
	return taking(ctx, s, a, func(w *work) (sallyport.User, error) { return w.deactivateUser(ctx, tenant, id, ifVersion) })
}

func (w *work) deactivateUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) (sallyport.User, error) {
	return w.changeUser(ctx, tenant, id, ifVersion, "user.deactivate", func(user *sallyport.User) error {
		if err := w.end(ctx, user.ID, "user_deactivated"); err != nil {
			return err
		}
		return w.tx.SetUserState(ctx, tenant, id, sallyport.Deactivated, ifVersion)
	})
}

// ActivateUser takes a deactivated user into use again. It needs [UsersWrite].
func (s *Service) ActivateUser(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) (sallyport.User, error) {
	return making(ctx, s, a, func(w *work) (sallyport.User, error) { return w.activateUser(ctx, tenant, id, ifVersion) })
}

func (w *work) activateUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) (sallyport.User, error) {
	return w.changeUser(ctx, tenant, id, ifVersion, "user.activate", func(user *sallyport.User) error {
		if user.State == sallyport.Locked {
			return sallyport.ErrConflict("state", "the user is locked; unlock him")
		}
		return w.tx.SetUserState(ctx, tenant, id, sallyport.Active, ifVersion)
	})
}

// UnlockUser lets a user in again who was locked. Of one who is not it is a
// Conflict. It needs [UsersWrite].
func (s *Service) UnlockUser(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) (sallyport.User, error) {
	return making(ctx, s, a, func(w *work) (sallyport.User, error) {
		return w.changeUser(ctx, tenant, id, ifVersion, "user.unlock", func(user *sallyport.User) error {
			if user.State == sallyport.Deactivated {
				return sallyport.ErrConflict("state", "the user is deactivated, not locked; activate him")
			}
			if user.State != sallyport.Locked {
				return sallyport.ErrConflict("state", "the user is not locked, so there was nothing to do; after too many failed sign-ins the wait ends by itself")
			}
			return w.tx.SetUserState(ctx, tenant, id, sallyport.Active, ifVersion)
		})
	})
}

// EndUser ends all sessions, sign-ins and tokens of a user at once. He can sign
// in again. It needs [SessionsRevoke] and [TokensRevoke], but not of oneself.
func (s *Service) EndUser(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID) error {
	return s.takeAway(ctx, a, func(w *work) error {
		for _, permission := range []sallyport.Permission{SessionsRevoke, TokensRevoke} {
			if err := w.itselfOr(id, tenant, permission); err != nil {
				return err
			}
		}
		user, err := w.tx.User(ctx, tenant, id)
		if err != nil {
			return err
		}
		if err := w.end(ctx, id, "ended"); err != nil {
			return err
		}
		if err := w.tx.AdvanceEpoch(ctx, tenant, id); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangePrincipal, string(id))
		return w.write(ctx, tenant, "user.end", userThing(user), nil, nil)
	})
}

// DeleteUser removes a user for good, with his roles and memberships. His
// credentials end and are kept as such; what he did stays in the audit trail
// under his id, which is never given out again. It needs [UsersWrite].
func (s *Service) DeleteUser(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) error {
	return s.takeAway(ctx, a, func(w *work) error { return w.deleteUser(ctx, tenant, id, ifVersion) })
}

func (w *work) deleteUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	user, err := w.userToChange(ctx, tenant, id)
	if err != nil {
		return err
	}
	err = w.guarded(ctx, func() error {
		ended, err := w.tx.DeleteUser(ctx, tenant, id, ifVersion)
		w.noteEnded(ended)
		return err
	})
	if err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePrincipal, string(id))
	return w.write(ctx, tenant, "user.delete", userThing(user), userView(user), nil)
}

// userToChange returns a user whom the actor may change: [UsersWrite], and no
// rights that the actor does not have himself.
func (w *work) userToChange(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID) (user sallyport.User, err error) {
	if err := w.may(tenant, UsersWrite); err != nil {
		return user, err
	}
	if user, err = w.tx.User(ctx, tenant, id); err != nil {
		return user, err
	}
	return user, w.ceilingOver(ctx, id)
}

func (w *work) changeUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64, action string,
	f func(*sallyport.User) error,
) (user sallyport.User, err error) {
	if err := versioned(ifVersion); err != nil {
		return user, err
	}
	if user, err = w.userToChange(ctx, tenant, id); err != nil {
		return user, err
	}
	if err := matches("user", ifVersion, user.Version); err != nil {
		return user, err
	}
	before := userView(user)
	if err := w.guarded(ctx, func() error { return f(&user) }); err != nil {
		return user, err
	}
	if user, err = w.tx.User(ctx, tenant, id); err != nil {
		return user, err
	}
	w.tx.Note(sallyport.ChangePrincipal, string(id))
	return user, w.write(ctx, tenant, action, userThing(user), before, userView(user))
}

// end revokes all credentials and sign-ins of a principal.
func (w *work) end(ctx context.Context, id sallyport.PrincipalID, reason string) error {
	ended, err := w.tx.EndEverythingOf(ctx, id, reason)
	if err != nil {
		return err
	}
	w.noteEnded(ended)
	return nil
}

// endSignIns revokes what began with a password: sessions and sign-ins.
func (w *work) endSignIns(ctx context.Context, id sallyport.PrincipalID, reason string) error {
	var ended store.Ended
	var err error
	if ended.Credentials, err = w.tx.RevokeCredentialsOf(ctx, id, sallyport.Session); err != nil {
		return err
	}
	if ended.Families, err = w.tx.EndFamiliesOf(ctx, id, reason); err != nil {
		return err
	}
	w.noteEnded(ended)
	return nil
}

func (w *work) noteEnded(e store.Ended) {
	for _, id := range e.Credentials {
		w.tx.Note(sallyport.ChangeCredential, string(id))
	}
	for _, id := range e.Families {
		w.tx.Note(sallyport.ChangeCredential, string(id))
	}
}
