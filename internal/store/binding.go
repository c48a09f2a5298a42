package store

import (
	"context"

	"github.com/sallyport/sallyport"
)

const bindingColumns = `
	SELECT b.id, b.tenant, b.subject_kind, b.subject, b.role, b.realm, b.condition, b.expires, b.state,
		b.created, b.updated, b.version
	FROM binding b `

func scanBinding(r row) (b sallyport.Binding, err error) {
	var expires, created, updated int64
	err = r.Scan(&b.ID, &b.Tenant, &b.SubjectKind, &b.Subject, &b.Role, &b.Realm, &b.Condition, &expires, &b.State,
		&created, &updated, &b.Version)
	if err != nil {
		return b, err
	}
	b.Expires, b.Created, b.Updated = moment(expires), moment(created), moment(updated)
	switch b.SubjectKind {
	case sallyport.SubjectUser, sallyport.SubjectGroup, sallyport.SubjectKey:
	default:
		return b, damaged("binding", string(b.ID), "unknown subject kind "+string(b.SubjectKind))
	}
	if expires < 0 || b.Subject == "" || b.Role == "" {
		return b, damaged("binding", string(b.ID), "no subject, no role or an impossible expiry")
	}
	if err := checkTenant("binding", string(b.ID), b.Tenant); err != nil {
		return b, err
	}
	return b, checkState("binding", string(b.ID), b.State, sallyport.Active, sallyport.Deactivated)
}

func bindingKey(b sallyport.Binding) string { return byAge(b.Created, string(b.ID)) }

const selectBinding = bindingColumns + `WHERE b.tenant = $1 AND b.id = $2`

// Binding returns a binding of a tenant.
func (r *Reader) Binding(ctx context.Context, tenant sallyport.TenantID, id sallyport.BindingID) (sallyport.Binding, error) {
	return one(ctx, r, "binding", selectBinding, scanBinding, string(tenant), string(id))
}

// A BindingFilter chooses among bindings; what is empty does not matter.
type BindingFilter struct {
	SubjectKind sallyport.SubjectKind
	Subject     string
	Role        sallyport.RoleID
	State       sallyport.State
}

// What a list is about decides by which index it is read: a condition that holds
// for an empty argument too is for no index.
const (
	bindingPage = `
	AND (b.created, b.id) > ($2, $3) AND (CAST($4 AS TEXT) = '' OR b.subject_kind = $4)`
	bindingsOfSubject = `
	AND b.subject = $5 AND (CAST($6 AS TEXT) = '' OR b.role = $6)`
	bindingsOfRole = `
	AND (CAST($5 AS TEXT) = '' OR b.subject = $5) AND b.role = $6`
	bindingsOfAny = `
	AND (CAST($5 AS TEXT) = '' OR b.subject = $5) AND (CAST($6 AS TEXT) = '' OR b.role = $6)`
	bindingOrder = `
	AND (CAST($7 AS TEXT) = '' OR b.state = $7)
	ORDER BY b.created, b.id LIMIT $8`

	bindingsIn   = `WHERE b.tenant = $1` + bindingPage
	everyBinding = `WHERE b.tenant <> $1` + bindingPage

	selectBindings              = bindingColumns + bindingsIn + bindingsOfAny + bindingOrder
	selectBindingsOfSubject     = bindingColumns + bindingsIn + bindingsOfSubject + bindingOrder
	selectBindingsOfRole        = bindingColumns + bindingsIn + bindingsOfRole + bindingOrder
	selectEveryBinding          = bindingColumns + everyBinding + bindingsOfAny + bindingOrder
	selectEveryBindingOfSubject = bindingColumns + everyBinding + bindingsOfSubject + bindingOrder
	selectEveryBindingOfRole    = bindingColumns + everyBinding + bindingsOfRole + bindingOrder
)

// among chooses one of three queries by what a filter asks for.
func (f *BindingFilter) among(all, ofSubject, ofRole string) string {
	switch {
	case f.Subject != "":
		return ofSubject
	case f.Role != "":
		return ofRole
	}
	return all
}

// Bindings returns the bindings of a tenant, oldest first.
func (r *Reader) Bindings(ctx context.Context, tenant sallyport.TenantID, f BindingFilter, p Page) ([]sallyport.Binding, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	return r.bindings(ctx, f.among(selectBindings, selectBindingsOfSubject, selectBindingsOfRole), tenant, f, p)
}

// EveryBinding returns the bindings of the whole installation, oldest first.
func (r *Reader) EveryBinding(ctx context.Context, f BindingFilter, p Page) ([]sallyport.Binding, string, error) {
	return r.bindings(ctx, f.among(selectEveryBinding, selectEveryBindingOfSubject, selectEveryBindingOfRole), "", f, p)
}

func (r *Reader) bindings(ctx context.Context, query string, tenant sallyport.TenantID, f BindingFilter, p Page) ([]sallyport.Binding, string, error) {
	created, id, err := p.age()
	if err != nil {
		return nil, "", err
	}
	all, err := list(ctx, r, "binding", query, scanBinding, string(tenant), created, id,
		string(f.SubjectKind), f.Subject, string(f.Role), string(f.State), p.more())
	return cut(p, all, err, bindingKey)
}

const (
	selectBindingsOf = bindingColumns + `
	WHERE b.subject = $1 AND b.subject_kind <> 'group'
	UNION ALL` + bindingColumns + `
	JOIN member m ON m.user_group = b.subject AND b.subject_kind = 'group'
	WHERE m.principal = $2
	ORDER BY 10, 1`
	selectGroupIDs = `
	SELECT user_group FROM member WHERE principal = $1 ORDER BY user_group`
)

// BindingsOfPrincipal returns all bindings of a user and of his groups, with
// the ids of the groups, or those of an API key; in every tenant and of every
// state, expired ones too.
func (r *Reader) BindingsOfPrincipal(ctx context.Context, id sallyport.PrincipalID) ([]sallyport.Binding, []sallyport.GroupID, error) {
	bindings, err := list(ctx, r, "binding", selectBindingsOf, scanBinding, string(id), string(id))
	if err != nil {
		return nil, nil, err
	}
	groups, err := list(ctx, r, "member", selectGroupIDs, func(r row) (g sallyport.GroupID, err error) {
		return g, r.Scan(&g)
	}, string(id))
	if err != nil {
		return nil, nil, err
	}
	return bindings, groups, nil
}

const insertBinding = `
	INSERT INTO binding (id, tenant, subject_kind, subject, role, realm, condition, expires, state, created, updated, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// InsertBinding makes a binding. That its subject exists is for the caller to
// check.
func (t *Tx) InsertBinding(ctx context.Context, b *sallyport.Binding) error {
	t.stamp(&b.Created, &b.Updated, &b.Version)
	return t.insert(ctx, "binding", "role", "there is a binding of this id", insertBinding,
		string(b.ID), string(b.Tenant), string(b.SubjectKind), b.Subject, string(b.Role), b.Realm, b.Condition,
		micros(b.Expires), string(b.State), micros(b.Created), micros(b.Updated), b.Version)
}

const (
	updateBinding = `
	UPDATE binding
	SET role = $1, realm = $2, condition = $3, expires = $4, state = $5, updated = $6, version = version + 1
	WHERE tenant = $7 AND id = $8 AND (version = $9 OR $9 = -1)
	RETURNING version`
	bindingVersion = `
	SELECT version FROM binding WHERE tenant = $1 AND id = $2`
)

// UpdateBinding writes all of a binding but its tenant and its subject.
func (t *Tx) UpdateBinding(ctx context.Context, b *sallyport.Binding, ifVersion int64) error {
	b.Updated = trim(t.now())
	err := t.update(ctx, "binding", &b.Version, updateBinding, []any{
		string(b.Role), b.Realm, b.Condition, micros(b.Expires), string(b.State), micros(b.Updated),
		string(b.Tenant), string(b.ID), ifVersion,
	}, bindingVersion, string(b.Tenant), string(b.ID))
	return explain(err, "role", "there is no such role")
}

const deleteBinding = `
	DELETE FROM binding WHERE tenant = $1 AND id = $2 AND (version = $3 OR $3 = -1) RETURNING version`

// DeleteBinding removes a binding.
func (t *Tx) DeleteBinding(ctx context.Context, tenant sallyport.TenantID, id sallyport.BindingID, ifVersion int64) error {
	err := t.update(ctx, "binding", nil, deleteBinding, []any{string(tenant), string(id), ifVersion},
		bindingVersion, string(tenant), string(id))
	return err
}
