package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/store"
)

// BindingNames are the names of what a binding is about.
type BindingNames struct {
	Subject string             // login of a user, name of a group or API key; the id if it is gone
	Home    sallyport.TenantID // where the subject is administered; empty: it is gone
	Role    string             // the id if it is gone
}

// NamesIn returns the names of what bindings are about, one for each, so that
// people can read them. It needs [BindingsRead] in the tenant of each, as to read
// the binding itself did.
func (s *Service) NamesIn(ctx context.Context, a Actor, bindings []sallyport.Binding) (names []BindingNames, err error) {
	err = s.look(ctx, a, func(w *work) error {
		names = make([]BindingNames, len(bindings))
		for i := range bindings {
			b := &bindings[i]
			if err := w.may(b.Tenant, BindingsRead); err != nil {
				return err
			}
			if names[i], err = w.namesOf(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
	return names, err
}

func (w *work) namesOf(ctx context.Context, b *sallyport.Binding) (n BindingNames, err error) {
	n = BindingNames{Subject: b.Subject, Role: string(b.Role)}
	role, err := w.roleFor(ctx, b.Tenant, b.Role)
	switch {
	case err == nil:
		n.Role = role.Name
	case sallyport.KindOf(err) != sallyport.NotFound:
		return n, err
	}
	switch b.SubjectKind {
	case sallyport.SubjectUser:
		var u sallyport.User
		if u, err = w.tx.UserByID(ctx, sallyport.PrincipalID(b.Subject)); err == nil {
			n.Subject, n.Home = u.Login, u.Tenant
		}
	case sallyport.SubjectGroup:
		var g sallyport.Group
		if g, err = w.groupFor(ctx, b.Tenant, sallyport.GroupID(b.Subject)); err == nil {
			n.Subject, n.Home = g.Name, g.Tenant
		}
	case sallyport.SubjectKey:
		var c sallyport.Credential
		if c, err = w.tx.CredentialByID(ctx, sallyport.CredentialID(b.Subject)); err == nil {
			n.Subject, n.Home = c.Name, c.Tenant
		}
	}
	return n, unlessNotFound(err)
}

// FindSubject returns the id of what a person named to give a role to: a user by
// his login, a group or an API key by its name. That there is none, or none that
// the actor can see, is Invalid with the field "subject". It needs
// [BindingsWrite] in the tenant.
func (s *Service) FindSubject(ctx context.Context, a Actor, tenant sallyport.TenantID, kind sallyport.SubjectKind, name string) (id string, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, BindingsWrite); err != nil {
			return err
		}
		if id, err = w.findSubject(ctx, tenant, kind, name); err != nil || id == "" {
			return err
		}
		return w.checkSubject(ctx, tenant, kind, id)
	})
	switch {
	case err != nil:
		return "", err // not even the id of what he cannot see
	case id == "":
		return "", sallyport.ErrInvalid("subject", "there is nobody and nothing of this name here, or you cannot see it")
	}
	return id, nil
}

// findSubject returns the empty id for what is not there.
func (w *work) findSubject(ctx context.Context, tenant sallyport.TenantID, kind sallyport.SubjectKind, name string) (string, error) {
	switch kind {
	case sallyport.SubjectUser:
		canonical, err := login.Canonical(name)
		if err != nil {
			return "", nil //nolint:nilerr // nobody has such a login
		}
		u, err := w.tx.UserByLogin(ctx, canonical)
		return string(u.ID), unlessNotFound(err)
	case sallyport.SubjectGroup:
		for _, where := range []sallyport.TenantID{tenant, sallyport.EveryTenant} {
			// The first of those that begin with the name is the name itself.
			list, _, err := w.tx.Groups(ctx, where, name, store.Page{Limit: 1})
			if err != nil || len(list) > 0 && list[0].Name == name {
				return firstID(list), err
			}
		}
		return "", nil
	case sallyport.SubjectKey:
		keys, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
			return w.tx.Credentials(ctx, tenant, store.CredentialFilter{Kind: sallyport.APIKey, State: sallyport.Active}, p)
		})
		for _, c := range keys {
			if c.Name == name {
				return string(c.ID), err
			}
		}
		return "", err
	}
	return "", sallyport.ErrInvalid("subject_kind", `subject_kind is not known; write "user", "group" or "api_key"`)
}

func firstID(list []sallyport.Group) string {
	if len(list) == 0 {
		return ""
	}
	return string(list[0].ID)
}

// CheckCondition says what is wrong with a condition, as [Service.CreateBinding]
// would. It needs [BindingsWrite] in the tenant.
func (s *Service) CheckCondition(ctx context.Context, a Actor, tenant sallyport.TenantID, condition string) error {
	return s.look(ctx, a, func(w *work) error {
		if err := w.may(tenant, BindingsWrite); err != nil {
			return err
		}
		// Not by the compiler in force: what is only typed is not to fill its
		// table of conditions.
		return w.trial.CheckCondition(condition)
	})
}
