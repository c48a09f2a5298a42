package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// concerns reports whether the entry changed rights of those that are asked
// about.
func (e *event) concerns() bool {
	st, row := &e.state, e.row
	someone := e.f.Principal != ""
	hidden := row.Tenant == sallyport.EveryTenant && e.f.Tenant != sallyport.EveryTenant && !e.every && !someone
	switch action := row.Action; {
	case action == "role.update":
		return !someone || e.holds(sallyport.RoleID(row.TargetID))
	case strings.HasPrefix(action, "binding."):
		b := e.binding()
		return b != nil && !hidden && e.here(b) && (!someone || st.has(b) && e.inGroup(b))
	case action == "group.add_member", action == "group.remove_member":
		return !hidden && (!someone || e.user == e.f.Principal)
	case action == "user.activate", action == "user.deactivate", action == "user.delete", action == "key.revoke":
		return !hidden && (!someone || e.isPrincipal())
	case action == "tenant.deactivate", action == "tenant.reactivate":
		return row.TargetID == string(e.f.Tenant) || someone && row.TargetID == string(st.record.Principal.Home)
	case strings.HasPrefix(action, "api."):
		return !someone || e.f.Trial != nil
	}
	return false
}

// here reports whether a binding counts in the tenant that is asked about.
func (e *event) here(b *sallyport.Binding) bool {
	return e.f.Tenant == sallyport.EveryTenant || b.Tenant == e.f.Tenant || b.Tenant == sallyport.EveryTenant
}

// inGroup reports whether the principal has the binding, by himself or through a
// group that he is in.
func (e *event) inGroup(b *sallyport.Binding) bool {
	return b.SubjectKind != sallyport.SubjectGroup || slices.Contains(e.state.record.Groups, sallyport.GroupID(b.Subject))
}

// holds reports whether the principal has a role.
func (e *event) holds(id sallyport.RoleID) bool {
	return slices.ContainsFunc(e.state.own(), func(b sallyport.Binding) bool { return b.Role == id })
}

// describe fills in what the entry changed. It is asked before the entry is
// undone, so roles are as the entry left them.
func (e *event) describe(ctx context.Context) {
	c, row := &e.change, e.row
	quoted := strconv.Quote(row.TargetName)
	switch action := row.Action; {
	case action == "role.update":
		e.describeRole()
	case strings.HasPrefix(action, "binding."):
		e.describeBinding(ctx)
	case action == "group.add_member":
		c.Gained = e.ofGroup()
		c.Text = e.nameOf(ctx, sallyport.SubjectUser, string(e.user)) + " came into the group " + quoted
	case action == "group.remove_member":
		c.Lost = e.ofGroup()
		c.Text = e.nameOf(ctx, sallyport.SubjectUser, string(e.user)) + " was taken out of the group " + quoted
	case action == "key.revoke":
		c.Text = "the API key " + quoted + " was revoked"
	case action == "api.create":
		c.Text = "the API " + quoted + " was mounted"
	default: // such as user.deactivate, api.replace
		kind, verb, _ := strings.Cut(action, ".")
		if kind == "api" {
			kind = "API"
		}
		c.Text = "the " + kind + " " + quoted + " was " + strings.TrimSuffix(verb, "e") + "ed"
	}
	if e.incomplete {
		c.Text += "; how it was before is too long for the trail"
	}
}

func (e *event) describeRole() {
	c, now := &e.change, e.state.roles[sallyport.RoleID(e.row.TargetID)]
	if now.ID == "" { // it is gone since then, or of another tenant
		now = sallyport.Role{ID: sallyport.RoleID(e.row.TargetID), Tenant: e.row.Tenant, Name: e.row.TargetName}
	}
	c.Role = &now
	c.Text = "the role " + strconv.Quote(now.Name)
	if e.role == nil {
		c.Text += " was changed"
		return
	}
	c.Lost, c.Gained = without(e.role.Permissions, now.Permissions), without(now.Permissions, e.role.Permissions)
	var parts []string
	if len(c.Lost) > 0 {
		parts = append(parts, "lost "+several(c.Lost))
	}
	if len(c.Gained) > 0 {
		parts = append(parts, "gained "+several(c.Gained))
	}
	if len(parts) == 0 {
		parts = append(parts, "was renamed, or given another title")
	}
	c.Text += " " + strings.Join(parts, " and ")
}

// without returns what is in one list and not in another.
func without(list, other []sallyport.Permission) (out []sallyport.Permission) {
	for _, p := range list {
		if !slices.Contains(other, p) {
			out = append(out, p)
		}
	}
	return out
}

// several names the first few permissions.
func several(list []sallyport.Permission) string {
	const most = 3
	names := make([]string, 0, most)
	for _, p := range list[:min(len(list), most)] {
		names = append(names, string(p))
	}
	text := strings.Join(names, ", ")
	if more := len(list) - len(names); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}

func (e *event) describeBinding(ctx context.Context) {
	c, b := &e.change, e.binding()
	role := e.state.roles[b.Role]
	if role.ID == "" {
		role = sallyport.Role{ID: b.Role, Name: e.row.TargetName}
	}
	c.Role, c.Binding = &role, b
	who, what := e.nameOf(ctx, b.SubjectKind, b.Subject), "the role "+strconv.Quote(role.Name)
	switch {
	case e.before == nil:
		c.Gained = role.Permissions
		c.Text = who + " got " + what + extent(b)
	case e.after == nil:
		c.Lost = role.Permissions
		c.Text = what + extent(b) + " was taken from " + who
	case e.before.State != e.after.State && e.after.State != sallyport.Active:
		c.Lost = role.Permissions
		c.Text = what + " of " + who + " was deactivated"
	case e.before.State != e.after.State:
		c.Gained = role.Permissions
		c.Text = what + " of " + who + " was activated"
	default:
		// Whether it reaches further or less far now is a question of conditions
		// too, so it may have done either.
		c.Lost, c.Gained = role.Permissions, role.Permissions
		c.Text = what + " of " + who + " reached" + orEverywhere(extent(e.before)) + " and reaches" + orEverywhere(extent(e.after)) + " now"
	}
}

// extent tells how far a binding reaches; empty: as far as can be.
func extent(b *sallyport.Binding) string {
	var text string
	if b.Realm != "" {
		text += " in the realm " + strconv.Quote(b.Realm)
	}
	if !b.Expires.IsZero() {
		text += " until " + b.Expires.UTC().Format(time.RFC3339)
	}
	if b.Condition != "" {
		text += " while " + b.Condition
	}
	return text
}

func orEverywhere(extent string) string {
	if extent == "" {
		return " everywhere"
	}
	return extent
}

// ofGroup returns the permissions that a group gives.
func (e *event) ofGroup() (out []sallyport.Permission) {
	for _, b := range e.state.bindings {
		if b.SubjectKind == sallyport.SubjectGroup && b.Subject == e.row.TargetID && b.State == sallyport.Active && e.here(&b) {
			out = append(out, e.state.roles[b.Role].Permissions...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nameOf names a subject, as far as the actor may know it.
func (e *event) nameOf(ctx context.Context, kind sallyport.SubjectKind, id string) string {
	if name, known := e.names[id]; known {
		return name
	}
	name := ""
	switch kind {
	case sallyport.SubjectUser:
		if u, err := e.tx.UserByID(ctx, sallyport.PrincipalID(id)); err == nil && (id == string(e.f.Principal) || e.may(e.f.Tenant, UsersRead) == nil) {
			name = u.Login
		}
	case sallyport.SubjectGroup:
		if g, err := e.groupFor(ctx, e.f.Tenant, sallyport.GroupID(id)); err == nil && e.may(e.f.Tenant, GroupsRead) == nil {
			name = "the group " + strconv.Quote(g.Name)
		}
	case sallyport.SubjectKey:
		if k, err := e.tx.CredentialByID(ctx, sallyport.CredentialID(id)); err == nil && e.may(e.f.Tenant, KeysRead) == nil {
			name = "the API key " + strconv.Quote(k.Name)
		}
	}
	if name == "" {
		name = string(kind) + " " + id
	}
	e.names[id] = name
	return name
}
