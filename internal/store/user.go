package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

const userColumns = `
	SELECT id, tenant, kind, login, name, email, state, epoch, not_before, last_login, created, updated, version
	FROM users `

func scanUser(r row) (u sallyport.User, err error) {
	var notBefore, lastLogin, created, updated int64
	err = r.Scan(&u.ID, &u.Tenant, &u.Kind, &u.Login, &u.Name, &u.Email, &u.State, &u.Epoch,
		&notBefore, &lastLogin, &created, &updated, &u.Version)
	if err != nil {
		return u, err
	}
	u.NotBefore, u.LastLogin = moment(notBefore), moment(lastLogin)
	u.Created, u.Updated = moment(created), moment(updated)
	if u.Kind != sallyport.Person && u.Kind != sallyport.Service {
		return u, damaged("user", string(u.ID), "unknown kind "+string(u.Kind))
	}
	if u.Epoch < 0 {
		return u, damaged("user", string(u.ID), "negative epoch")
	}
	if err := checkTenant("user", string(u.ID), u.Tenant); err != nil {
		return u, err
	}
	return u, checkState("user", string(u.ID), u.State, sallyport.Active, sallyport.Deactivated, sallyport.Locked)
}

const selectUser = userColumns + `WHERE tenant = $1 AND id = $2`

// User returns a user who is administered in tenant.
func (r *Reader) User(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID) (sallyport.User, error) {
	return one(ctx, r, "user", selectUser, scanUser, string(tenant), string(id))
}

const selectUserByID = userColumns + `WHERE id = $1`

// UserByID returns a user of whatever tenant.
func (r *Reader) UserByID(ctx context.Context, id sallyport.PrincipalID) (sallyport.User, error) {
	return one(ctx, r, "user", selectUserByID, scanUser, string(id))
}

const selectUserByLogin = userColumns + `WHERE login = $1`

// UserByLogin returns a user by the canonical form of his login, which is
// unique in the installation.
func (r *Reader) UserByLogin(ctx context.Context, login string) (sallyport.User, error) {
	return one(ctx, r, "user", selectUserByLogin, scanUser, login)
}

// A UserFilter chooses among users; what is empty does not matter.
type UserFilter struct {
	Kind   sallyport.UserKind
	State  sallyport.State
	Search string // what the login begins with
}

const (
	userPage = `
	AND login >= $2 AND login <= $3`
	usersOfAny = `
	AND (CAST($4 AS TEXT) = '' OR kind = $4)`
	usersOfKind = `
	AND kind = $4`
	usersInAny = `
	AND (CAST($5 AS TEXT) = '' OR state = $5)`
	usersInState = `
	AND state = $5`
	userOrder = `
	ORDER BY login LIMIT $6`

	usersIn   = `WHERE tenant = $1` + userPage
	everyUser = `WHERE tenant <> $1` + userPage

	selectUsers            = userColumns + usersIn + usersOfAny + usersInAny + userOrder
	selectUsersOfKind      = userColumns + usersIn + usersOfKind + usersInAny + userOrder
	selectUsersInState     = userColumns + usersIn + usersOfAny + usersInState + userOrder
	selectEveryUser        = userColumns + everyUser + usersOfAny + usersInAny + userOrder
	selectEveryUserOfKind  = userColumns + everyUser + usersOfKind + usersInAny + userOrder
	selectEveryUserInState = userColumns + everyUser + usersOfAny + usersInState + userOrder

	// By id, as members are kept: by login all of them would have to be sorted.
	selectMembers = userColumns + `JOIN (` + membersOf + `) AS m ON m.principal = users.id WHERE m.principal > $3 ORDER BY m.principal LIMIT $4`
	membersOf     = `SELECT member.principal FROM member JOIN user_group g ON g.id = member.user_group WHERE g.tenant = $1 AND member.user_group = $2`
)

// among chooses one of three queries by what a filter asks for: service accounts,
// and those that are locked, are few among many people.
func (f *UserFilter) among(all, ofKind, inState string) string {
	switch {
	case f.State != "" && f.State != sallyport.Active:
		return inState
	case f.Kind != "":
		return ofKind
	}
	return all
}

// Users returns the users of a tenant by login.
func (r *Reader) Users(ctx context.Context, tenant sallyport.TenantID, f UserFilter, p Page) ([]sallyport.User, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	return r.users(ctx, f.among(selectUsers, selectUsersOfKind, selectUsersInState), tenant, f, p)
}

// EveryUser returns the users of the whole installation by login.
func (r *Reader) EveryUser(ctx context.Context, f UserFilter, p Page) ([]sallyport.User, string, error) {
	return r.users(ctx, f.among(selectEveryUser, selectEveryUserOfKind, selectEveryUserInState), "", f, p)
}

func (r *Reader) users(ctx context.Context, query string, tenant sallyport.TenantID, f UserFilter, p Page) ([]sallyport.User, string, error) {
	all, err := list(ctx, r, "user", query, scanUser, string(tenant),
		p.from(f.Search), f.Search+last, string(f.Kind), string(f.State), p.more())
	return cut(p, all, err, func(u sallyport.User) string { return u.Login })
}

const insertUser = `
	INSERT INTO users (id, tenant, kind, login, name, email, state, epoch, not_before, last_login, created, updated, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// InsertUser makes a user.
func (t *Tx) InsertUser(ctx context.Context, u *sallyport.User) error {
	t.stamp(&u.Created, &u.Updated, &u.Version)
	return t.insert(ctx, "user", "login", "there is a user of this login already; choose another", insertUser,
		string(u.ID), string(u.Tenant), string(u.Kind), u.Login, u.Name, u.Email, string(u.State), u.Epoch,
		micros(u.NotBefore), micros(u.LastLogin), micros(u.Created), micros(u.Updated), u.Version)
}

const (
	updateUser = `
	UPDATE users
	SET kind = $1, login = $2, name = $3, email = $4, updated = $5, version = version + 1
	WHERE tenant = $6 AND id = $7 AND (version = $8 OR $8 = -1)
	RETURNING version`
	userVersion = `
	SELECT version FROM users WHERE tenant = $1 AND id = $2`
)

// UpdateUser writes the kind, login, name and e-mail of a user. His state and
// epoch have methods of their own.
func (t *Tx) UpdateUser(ctx context.Context, u *sallyport.User, ifVersion int64) error {
	u.Updated = trim(t.now())
	err := t.update(ctx, "user", &u.Version, updateUser,
		[]any{string(u.Kind), u.Login, u.Name, u.Email, micros(u.Updated), string(u.Tenant), string(u.ID), ifVersion},
		userVersion, string(u.Tenant), string(u.ID))
	return explain(err, "login", "there is a user of this login already; choose another")
}

const (
	setUserState = `
	UPDATE users
	SET state = $1, updated = $2, version = version + 1
	WHERE tenant = $3 AND id = $4 AND (version = $5 OR $5 = -1)
	RETURNING version`
	endUser = `
	UPDATE users
	SET state = $1, updated = $2, not_before = $3, epoch = epoch + 1, version = version + 1
	WHERE tenant = $4 AND id = $5 AND (version = $6 OR $6 = -1)
	RETURNING version`
)

// SetUserState makes a user active, deactivated or locked. Being deactivated
// ends what was issued to him until now, for good: his epoch grows and his
// NotBefore is now. Being locked ends nothing, since a stranger can bring it
// about.
func (t *Tx) SetUserState(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, state sallyport.State, ifVersion int64) error {
	now := micros(t.now())
	query, args := setUserState, []any{string(state), now, string(tenant), string(id), ifVersion}
	if state == sallyport.Deactivated {
		query, args = endUser, []any{string(state), now, now, string(tenant), string(id), ifVersion}
	}
	err := t.update(ctx, "user", nil, query, args, userVersion, string(tenant), string(id))
	return err
}

const advanceEpoch = `
	UPDATE users
	SET epoch = epoch + 1, not_before = $1, updated = $2, version = version + 1
	WHERE tenant = $3 AND id = $4
	RETURNING version`

// AdvanceEpoch ends the access tokens issued to a user until now, and makes
// what is remembered of his password worthless.
func (t *Tx) AdvanceEpoch(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID) error {
	now := micros(t.now())
	_, err := one(ctx, &t.Reader, "user", advanceEpoch, scanInt, now, now, string(tenant), string(id))
	return err
}

const touchLogin = `
	UPDATE users SET last_login = $1 WHERE id = $2 AND last_login < $3`

// TouchLogin records when a user signed in. It is no change of the user: his
// version stays.
func (t *Tx) TouchLogin(ctx context.Context, id sallyport.PrincipalID, at time.Time) error {
	_, err := t.exec(ctx, "user", touchLogin, micros(at), string(id), micros(at))
	return err
}

const (
	deleteUser = `
	DELETE FROM users WHERE tenant = $1 AND id = $2 AND (version = $3 OR $3 = -1) RETURNING version`
	deleteMemberships = `
	DELETE FROM member WHERE principal = $1`
	deleteBindingsOf = `
	DELETE FROM binding WHERE subject = $1 AND subject_kind = $2`
)

// DeleteUser removes a user with his password, memberships and bindings. His
// credentials and sign-ins are revoked and stay, so that a late use finds them
// dead. It returns the ids of what it revoked.
func (t *Tx) DeleteUser(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, ifVersion int64) (Ended, error) {
	if _, err := t.User(ctx, tenant, id); err != nil {
		return Ended{}, err
	}
	ended, err := t.EndEverythingOf(ctx, id, "user_deleted")
	if err != nil {
		return ended, err
	}
	for _, d := range []struct {
		query string
		args  []any
	}{
		{deletePassword, []any{string(id)}},
		{deleteFactorsOf, []any{string(id)}},
		{deleteMemberships, []any{string(id)}},
		{deleteBindingsOf, []any{string(id), string(sallyport.SubjectUser)}},
	} {
		if _, err := t.exec(ctx, "user", d.query, d.args...); err != nil {
			return ended, err
		}
	}
	err = t.update(ctx, "user", nil, deleteUser, []any{string(tenant), string(id), ifVersion}, userVersion, string(tenant), string(id))
	return ended, err
}

// Ended lists what stopped being valid, for [Tx.Note].
type Ended struct {
	Credentials []sallyport.CredentialID
	Families    []sallyport.FamilyID
}

// EndEverythingOf revokes all credentials and sign-ins of a principal. The
// reason is kept with the sign-ins.
func (t *Tx) EndEverythingOf(ctx context.Context, id sallyport.PrincipalID, reason string) (e Ended, err error) {
	if e.Credentials, err = t.RevokeCredentialsOf(ctx, id); err != nil {
		return e, err
	}
	e.Families, err = t.EndFamiliesOf(ctx, id, reason)
	return e, err
}
