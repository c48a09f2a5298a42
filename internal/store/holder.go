package store

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport"
)

const selectHolders = bindingColumns + `
	WHERE b.role = $1 AND b.tenant = $2 AND b.subject_kind = $3 AND (b.subject, b.id) > ($4, $5)
	AND b.state = 'active'
	ORDER BY b.subject, b.id LIMIT $6`

// Holders returns the active bindings of a role in a tenant to subjects of one
// kind, by subject. A page that begins after a subject's id has no binding of his.
func (r *Reader) Holders(ctx context.Context, tenant sallyport.TenantID, role sallyport.RoleID, kind sallyport.SubjectKind, p Page) ([]sallyport.Binding, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	subject, id, within := strings.Cut(p.After, next)
	if !within && subject != "" {
		id = last
	}
	all, err := list(ctx, r, "binding", selectHolders, scanBinding,
		string(role), string(tenant), string(kind), subject, id, p.more())
	return cut(p, all, err, func(b sallyport.Binding) string { return b.Subject + next + string(b.ID) })
}

const selectMembersFrom = membersOf + ` AND member.principal > $3 ORDER BY member.principal LIMIT $4`

// MembersFrom returns the ids of the users in a group, in their order.
func (r *Reader) MembersFrom(ctx context.Context, tenant sallyport.TenantID, id sallyport.GroupID, p Page) ([]sallyport.PrincipalID, string, error) {
	all, err := list(ctx, r, "member", selectMembersFrom, func(r row) (id sallyport.PrincipalID, err error) {
		return id, r.Scan(&id)
	}, string(tenant), string(id), p.After, p.more())
	return cut(p, all, err, func(id sallyport.PrincipalID) string { return string(id) })
}
