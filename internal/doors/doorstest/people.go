package doorstest

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Role makes a role that every tenant can use.
func (k *Kit) Role(name string, permissions ...sallyport.Permission) sallyport.RoleID {
	k.T.Helper()
	role := sallyport.Role{ID: sallyport.RoleID(NewID()), Tenant: sallyport.EveryTenant, Name: name, Permissions: permissions}
	k.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		return tx.InsertRole(ctx, &role)
	})
	return role.ID
}

// User makes a person with this login and password, bound to roles in [Tenant].
func (k *Kit) User(login, password string, roles ...sallyport.RoleID) sallyport.PrincipalID {
	k.T.Helper()
	user := sallyport.User{
		ID: sallyport.PrincipalID(NewID()), Tenant: Tenant, Kind: sallyport.Person, Login: login, State: sallyport.Active,
	}
	hash := ""
	if password != "" {
		hash = must(k.Hasher.Hash(k.T.Context(), password))(k.T)
	}
	k.write(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertUser(ctx, &user); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		return tx.SetPassword(ctx, Tenant, user.ID, sallyport.Secret(hash), false)
	})
	for _, role := range roles {
		k.Bind(sallyport.Binding{Subject: string(user.ID), SubjectKind: sallyport.SubjectUser, Role: role})
	}
	return user.ID
}

// Bind makes a binding, in [Tenant] unless it names another, and returns its id.
func (k *Kit) Bind(b sallyport.Binding) sallyport.BindingID {
	k.T.Helper()
	b.ID, b.State = sallyport.BindingID(NewID()), sallyport.Active
	if b.Tenant == "" {
		b.Tenant = Tenant
	}
	k.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePrincipal, b.Subject)
		return tx.InsertBinding(ctx, &b)
	})
	return b.ID
}

// Token makes a personal token and returns its record and secret.
func (k *Kit) Token(owner sallyport.PrincipalID, scopes ...string) (sallyport.Credential, string) {
	k.T.Helper()
	return k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: owner, Scopes: scopes})
}

// Credential makes a credential, acting wherever its owner may unless it names a
// tenant, and returns its record and secret.
func (k *Kit) Credential(c sallyport.Credential) (sallyport.Credential, string) {
	k.T.Helper()
	secret := must(token.Mint(c.Kind))(k.T).Reveal()
	c.ID, c.State = sallyport.CredentialID(NewID()), sallyport.Active
	if c.Kind == sallyport.APIKey {
		c.Owner = sallyport.PrincipalID(c.ID)
	}
	if c.Tenant == "" {
		c.Tenant = sallyport.EveryTenant
	}
	if c.Name == "" {
		c.Name = "test"
	}
	c.Hint = token.Hint(secret)
	s := sallyport.CredentialSecret{Digest: k.Secrets.Digest(secret), Pepper: k.Secrets.Version(), Hint: c.Hint}
	k.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangeCredential, string(c.ID))
		return tx.InsertCredential(ctx, &c, &s)
	})
	return c, secret
}

// Key makes an API key of [Tenant], bound to roles there.
func (k *Kit) Key(name string, roles ...sallyport.RoleID) (sallyport.Credential, string) {
	k.T.Helper()
	c, secret := k.Credential(sallyport.Credential{Kind: sallyport.APIKey, Name: name, Tenant: Tenant})
	for _, role := range roles {
		k.Bind(sallyport.Binding{Subject: string(c.ID), SubjectKind: sallyport.SubjectKey, Role: role})
	}
	return c, secret
}

// Revoke ends a credential.
func (k *Kit) Revoke(c sallyport.Credential) {
	k.T.Helper()
	k.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangeCredential, string(c.ID))
		_, err := tx.RevokeCredential(ctx, c.Tenant, c.ID)
		return err
	})
}

// Deactivate deactivates a user of [Tenant].
func (k *Kit) Deactivate(id sallyport.PrincipalID) {
	k.T.Helper()
	k.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePrincipal, string(id))
		return tx.SetUserState(ctx, Tenant, id, sallyport.Deactivated, store.AnyVersion)
	})
}

// tokenLife is how long access tokens of a kit are good.
const tokenLife = 5 * time.Minute

// AccessToken signs an access token as internal/oauth would: of a sign-in of
// the user, for an API.
func (k *Kit) AccessToken(owner sallyport.PrincipalID, api sallyport.APIName, scopes ...string) (sallyport.FamilyID, string) {
	k.T.Helper()
	now := k.Clock.Now()
	family := store.Family{
		ID: sallyport.FamilyID(NewID()), Tenant: sallyport.EveryTenant, Principal: owner, Client: "test", API: api,
		State: sallyport.Active, Expires: now.AddDate(0, 1, 0),
	}
	k.write(func(ctx context.Context, tx *store.Tx) error { return tx.InsertFamily(ctx, &family) })
	text := must(k.Doors.Keys().Sign(token.AccessJWT, "", token.Claims{
		Audience: []string{string(api)}, Issued: now, Expires: now.Add(tokenLife), Subject: owner,
		Client: family.Client, Session: family.ID, Scopes: scopes,
	}))(k.T)
	return family.ID, text.Reveal()
}
