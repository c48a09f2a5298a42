package console

import (
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// Before something is taken away, the question names what stops working: what it
// was last used for, when and from where. What the visitor may not see is left out.

// stopsOfToken says what stops working with a token or a key.
func (v *visit) stopsOfToken(p *credentialPage) []string {
	if p.Token.LastUsed.IsZero() {
		return []string{v.text("revoke.unused")}
	}
	t := &p.Token
	where := ""
	if t.Address != "" {
		where = v.text("revoke.from", t.Address)
	}
	if t.Agent != "" {
		where += v.text("revoke.with", t.Agent)
	}
	points := []string{v.texts().count("revoke.used", t.Times(), v.ago(t.LastUsed), where)}
	if today := v.usedToday(p.Credential); today > 0 {
		points = append(points, v.texts().count("revoke.today", today))
	}
	return append(points, v.text("revoke.sign-ins"))
}

// ago is a time in words.
func (v *visit) ago(t time.Time) string { return v.texts().moment(v.now, t).Words }

// usedToday is how often tokens or keys were used since midnight, UTC; 0 if that
// cannot be told. Of many only so many are looked at that it stays quick.
func (v *visit) usedToday(list ...sallyport.Credential) (sum int) {
	for _, c := range list[:min(len(list), maxNamed)] {
		u, err := v.Admin.Usage(v.r.Context(), v.actor, c.ID, time.Hour)
		if err != nil {
			return 0
		}
		if n := len(u.Days); n > 0 && u.Days[n-1].Day == store.DayOf(v.now) {
			sum += int(u.Days[n-1].Uses)
		}
	}
	return sum
}

// stopsOfUser says what of a user stops working.
func (v *visit) stopsOfUser(u sallyport.User) []string {
	point, tokens := v.tokensStop(u)
	points := []string{point}
	if today := v.usedToday(tokens...); today > 0 {
		points = append(points, v.texts().count("users.deactivate.today", today))
	}
	return append(points, v.sessionsStop(u)...)
}

// tokensStop says which tokens of a user stop working, and returns them.
func (v *visit) tokensStop(u sallyport.User) (point string, tokens []sallyport.Credential) {
	filter := admin.TokenFilter{Owner: u.ID, State: sallyport.Active}
	list, err := v.Admin.Tokens(v.r.Context(), v.actor, u.Tenant, filter, admin.Page{Limit: maxList})
	switch {
	case err != nil: // he may not see tokens
		return v.text("users.deactivate.unseen", u.Login), nil
	case len(list.Items) == 0:
		return v.text("users.deactivate.no-token", u.Login), nil
	}
	last, many := lastUsed(list.Items), v.texts().count("count.token", len(list.Items))
	if last.LastUsed.IsZero() {
		return v.text("users.deactivate.unused", u.Login, many), list.Items
	}
	from := titleOr(plainAddress(last.LastAddr), "?")
	return v.text("users.deactivate.used", u.Login, many, last.Name, v.ago(last.LastUsed), from), list.Items
}

// lastUsed is the one of several that was used last.
func lastUsed(list []sallyport.Credential) sallyport.Credential {
	return slices.MaxFunc(list, func(a, b sallyport.Credential) int { return a.LastUsed.Compare(b.LastUsed) })
}

// sessionsStop says where a user is signed out.
func (v *visit) sessionsStop(u sallyport.User) (points []string) {
	in, err := v.signedInAs(u.Tenant, u.ID)
	if err != nil {
		return nil
	}
	if n := len(in.Sessions); n > 0 {
		last := slices.MaxFunc(in.Sessions, func(a, b sessionRow) int { return a.LastUsed.Compare(b.LastUsed) })
		points = append(points, v.texts().count("user.signed-out", n, v.ago(last.LastUsed), last.Address))
	}
	if n := len(in.SignIns); n > 0 {
		var programs []string
		for _, s := range in.SignIns {
			programs = append(programs, s.Client)
		}
		slices.Sort(programs)
		points = append(points, v.texts().count("user.programs-out", n, strings.Join(slices.Compact(programs), ", ")))
	}
	return points
}

// stopsOfGroup says what the members of a group lose with it.
func (v *visit) stopsOfGroup(p place, g sallyport.Group) (points []string) {
	ctx := v.r.Context()
	if list, err := v.Admin.Members(ctx, v.actor, p.Tenant, g.ID, admin.Page{Limit: maxList}); err == nil {
		switch n := len(list.Items); {
		case list.Next != "":
			points = append(points, v.text("group.delete.members.more", n))
		case n == 0:
			points = append(points, v.text("group.delete.members.none"))
		default:
			points = append(points, v.texts().count("group.delete.members", n, list.Items[0].Login))
		}
	}
	filter := store.BindingFilter{SubjectKind: sallyport.SubjectGroup, Subject: string(g.ID)}
	return append(points, v.bindingsIn(p, filter, func(b bindingRow) string { return v.text("group.delete.role", b.What, b.Where) })...)
}

// bindingsIn says something of each of the first bindings that a filter chooses.
func (v *visit) bindingsIn(p place, filter store.BindingFilter, say func(bindingRow) string) (points []string) {
	list, err := v.Admin.Bindings(v.r.Context(), v.actor, v.listOf(p), filter, admin.Page{Limit: maxNamed})
	if err != nil {
		return nil
	}
	rows, err := v.bindingRows(list.Items)
	if err != nil {
		return nil
	}
	for _, b := range rows {
		points = append(points, say(b))
	}
	if list.Next != "" {
		points = append(points, v.text("table.more"))
	}
	return points
}

// stopsOfBinding says how often what a binding gives was used through it.
func (v *visit) stopsOfBinding(b bindingRow) []string {
	if b.SubjectKind == sallyport.SubjectGroup {
		return nil // each member used it for himself
	}
	advice, err := v.Admin.Advice(v.r.Context(), v.actor, sallyport.PrincipalID(b.Subject), 0)
	if err != nil {
		return nil
	}
	uses, last := int64(0), time.Time{}
	for _, u := range advice.Uses {
		if u.Binding == b.ID {
			uses += u.Uses
			if u.LastDay.After(last) {
				last = u.LastDay
			}
		}
	}
	if uses == 0 {
		return nil // or it is not known which of several bindings it was
	}
	return []string{v.texts().count("binding.delete.used", int(uses), v.texts().date(last))}
}

// stopsOfTenant says which keys stop working with a tenant.
func (v *visit) stopsOfTenant(tenant sallyport.TenantID) []string {
	list, err := v.Admin.Keys(v.r.Context(), v.actor, tenant, sallyport.Active, admin.Page{Limit: maxList})
	if err != nil || len(list.Items) == 0 {
		return nil
	}
	n, last := len(list.Items), lastUsed(list.Items)
	if last.LastUsed.IsZero() {
		return []string{v.texts().count("tenant.stops.unused", n)}
	}
	points := []string{v.texts().count("tenant.stops.used", n, last.Name, v.ago(last.LastUsed), titleOr(plainAddress(last.LastAddr), "?"))}
	if today := v.usedToday(list.Items...); today > 0 {
		points = append(points, v.texts().count("tenant.stops.today", today))
	}
	return points
}

// stopsOfAPI says who asks an API for something.
func (v *visit) stopsOfAPI(name sallyport.APIName) []string {
	filter := admin.DecisionFilter{Everywhere: true}
	filter.API = name
	list, err := v.Admin.Decisions(v.r.Context(), v.actor, filter, admin.Page{Limit: 1})
	switch {
	case err != nil:
		return nil
	case len(list.Items) == 0:
		return []string{v.text("unmount.quiet")}
	}
	d := &list.Items[0]
	return []string{v.text("unmount.last", v.ago(d.At), titleOr(plainAddress(d.Address), "?"))}
}
