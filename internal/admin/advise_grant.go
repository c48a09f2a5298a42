package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// served returns the uses that a binding may have served: those through it, and
// those of which it is not known through which, because several were needed or
// the one it was is gone.
func (g *granted) served(b *sallyport.Binding) []*store.UseSum {
	var out []*store.UseSum
	for _, id := range g.holders(b) {
		list := g.uses[id]
		for i := range list {
			u := &list[i]
			if b.Tenant != sallyport.EveryTenant && u.Tenant != b.Tenant {
				continue
			}
			if u.Binding == "" || u.Binding == b.ID || !g.live[u.Binding] {
				out = append(out, u)
			}
		}
	}
	return out
}

// grantFindings compares each binding with what was used through it.
func (v *adviser) grantFindings(g *granted) []api.Finding {
	var out []api.Finding
	for i := range g.bindings {
		if f, found := v.grantFinding(g, &g.bindings[i]); found {
			out = append(out, f)
		}
	}
	return out
}

func (v *adviser) grantFinding(g *granted, b *sallyport.Binding) (api.Finding, bool) {
	role := v.snapshot.Role(b.Role)
	if role == nil {
		return api.Finding{}, false
	}
	if slices.Contains(role.Permissions, Everything) && !v.machine(b) {
		return api.Finding{}, false // an administrator holds everything for the day on which it is needed
	}
	held := setOf(v.snapshot.Names(role.Set))
	n := v.finder.need(held, g.served(b), false)
	if len(held) == 0 || held.within(n.enough) {
		return api.Finding{}, false
	}
	f := api.Finding{
		Kind: api.FindingBroadGrant, Tenant: b.Tenant, Binding: b.ID, Role: role.ID, RoleName: role.Name, Realm: b.Realm, Condition: b.Condition,
		Observed: v.observed(b.Created), Opens: v.finder.opened(held, n.enough), Policy: v.estate.owners[bindingItem(b)],
	}
	if b.SubjectKind == sallyport.SubjectGroup {
		f.Group = sallyport.GroupID(b.Subject)
	} else {
		f.Principal = sallyport.PrincipalID(b.Subject)
	}
	compare(&f, held, &n)
	if len(n.enough) == 0 {
		f.Kind, f.Proposal.Remove = api.FindingIdleGrant, true
		return f, true
	}
	if roles := v.finder.cover(b.Tenant, n.enough); len(roles) > 0 {
		for _, r := range roles {
			f.Proposal.Roles = append(f.Proposal.Roles, r.Name)
		}
		return f, true
	}
	f.Proposal.Role = &api.PolicyRole{
		Tenant: v.estate.tenantName(b.Tenant), Title: "What was used of " + role.Name, Permissions: n.enough.sorted(),
	}
	return f, true
}

// machine reports whether a binding is of an account that no person acts as.
func (v *adviser) machine(b *sallyport.Binding) bool {
	return b.SubjectKind == sallyport.SubjectKey || v.estate.users[sallyport.PrincipalID(b.Subject)].Kind == sallyport.Service
}

// compare fills in what was held against what would do.
func compare(f *api.Finding, held permissionSet, n *needed) {
	f.Granted, f.Used, f.Unused = len(held), n.enough.sorted(), []sallyport.Permission{}
	for _, p := range held.sorted() {
		if !n.enough[p] {
			f.Unused = append(f.Unused, p)
		}
	}
	f.MoreUnused = max(0, len(f.Unused)-maxUnused)
	f.Unused = f.Unused[:len(f.Unused)-f.MoreUnused]
	for p, enough := range n.narrower {
		f.Narrower = append(f.Narrower, api.Narrower{Held: p, Enough: enough})
	}
	slices.SortFunc(f.Narrower, func(a, b api.Narrower) int { return strings.Compare(string(a.Held), string(b.Held)) })
}

// roleFindings looks for what nobody used of the roles of a tenant that somebody
// has.
func (v *adviser) roleFindings(g *granted, tenant sallyport.TenantID) []api.Finding {
	type usage struct {
		role *policy.Role
		held permissionSet
		all  needed
	}
	roles := map[sallyport.RoleID]*usage{}
	for i := range g.bindings {
		b := &g.bindings[i]
		role := v.snapshot.Role(b.Role)
		if role == nil || role.BuiltIn || role.Tenant != tenant || tenant == sallyport.EveryTenant {
			continue // one of every tenant is not for the bindings of one to judge
		}
		u := roles[role.ID]
		if u == nil {
			u = &usage{role, setOf(v.snapshot.Names(role.Set)), needed{enough: permissionSet{}}}
			roles[role.ID] = u
		}
		for p := range v.finder.need(u.held, g.served(b), true).enough {
			u.all.enough[p] = true
		}
	}
	var out []api.Finding
	for _, u := range roles {
		if len(u.all.enough) == 0 || u.held.within(u.all.enough) {
			continue // of what nobody uses at all the bindings tell
		}
		f := api.Finding{
			Kind: api.FindingBroadRole, Tenant: tenant, Role: u.role.ID, RoleName: u.role.Name, Observed: v.observed(u.role.Created),
			Opens: v.finder.opened(u.held, u.all.enough), Policy: v.estate.owners[itemKey{kindRole, tenant, string(u.role.ID)}],
		}
		compare(&f, u.held, &u.all)
		f.Proposal.Role = &api.PolicyRole{
			Tenant: v.estate.tenantName(tenant), Name: u.role.Name, Title: u.role.Title, Permissions: u.all.enough.sorted(),
		}
		out = append(out, f)
	}
	return out
}

// credentialFindings looks at the tokens of those who are at home in a tenant,
// and at its API keys.
func (v *adviser) credentialFindings(ctx context.Context, tenant sallyport.TenantID, uses map[sallyport.PrincipalID][]store.UseSum) ([]api.Finding, error) {
	var out []api.Finding
	places := []sallyport.TenantID{tenant}
	if tenant != sallyport.EveryTenant {
		places = append(places, sallyport.EveryTenant) // most tokens act wherever their owners may
	}
	for _, place := range places {
		list, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
			return v.tx.Credentials(ctx, place, store.CredentialFilter{State: sallyport.Active}, p)
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			c := &list[i]
			owner, home := v.estate.users[c.Owner]
			if c.Kind == sallyport.APIKey && c.Tenant != tenant || c.Kind != sallyport.APIKey && (!home || owner.Tenant != tenant) {
				continue
			}
			f, found, err := v.credentialFinding(ctx, c, uses[c.Owner])
			if err != nil {
				return nil, err
			}
			if found {
				f.Tenant = tenant
				out = append(out, f)
			}
		}
	}
	return out, nil
}

func (v *adviser) credentialFinding(ctx context.Context, c *sallyport.Credential, uses []store.UseSum) (f api.Finding, found bool, err error) {
	if c.Kind != sallyport.PersonalToken && c.Kind != sallyport.ApplicationToken && c.Kind != sallyport.APIKey ||
		!c.Expires.IsZero() && !c.Expires.After(v.now) {
		return f, false, nil
	}
	f = api.Finding{
		Kind: api.FindingIdleCredential, Tenant: c.Tenant, Principal: c.Owner, Observed: v.observed(c.Created),
		Used: []sallyport.Permission{}, Unused: []sallyport.Permission{},
		Credential: &api.AdviceCredential{
			ID: c.ID, Kind: c.Kind, Name: c.Name, Hint: c.Hint, Scopes: c.Scopes, CreatedAt: c.Created, LastUsedAt: c.LastUsed,
		},
	}
	var own []*store.UseSum
	for i := range uses {
		if uses[i].Credential == c.ID {
			own = append(own, &uses[i])
		}
	}
	if len(own) == 0 && c.LastUsed.Before(v.since) {
		f.Proposal.Remove = true
		return f, true, nil
	}
	if c.Kind == sallyport.APIKey || len(own) == 0 {
		return f, false, nil // what a key may is in its bindings
	}
	held, err := v.heldBy(ctx, c)
	if err != nil {
		return f, false, err
	}
	n := v.finder.need(held, own, true)
	scopes, certain := v.scopesFor(own, &n)
	reach := v.within(scopes, held)
	if !certain || len(scopes) == 0 || held.within(reach) || v.finder.opened(held, reach) == 0 {
		return f, false, nil
	}
	f.Kind, f.Opens, f.Proposal.Scopes = api.FindingBroadCredential, v.finder.opened(held, reach), scopes
	compare(&f, held, &n)
	return f, true, nil
}

// heldBy returns what a token reaches of what its owner may somewhere.
func (v *adviser) heldBy(ctx context.Context, c *sallyport.Credential) (permissionSet, error) {
	bindings, _, err := v.tx.BindingsOfPrincipal(ctx, c.Owner)
	if err != nil {
		return nil, err
	}
	held := permissionSet{}
	for i := range bindings {
		b := &bindings[i]
		role := v.snapshot.Role(b.Role)
		if role == nil || !v.live(b) || c.Tenant != sallyport.EveryTenant && b.Tenant != c.Tenant && b.Tenant != sallyport.EveryTenant {
			continue
		}
		for _, p := range v.snapshot.Names(role.Set) {
			held[p] = true
		}
	}
	if c.Scopes == nil {
		return held, nil
	}
	return v.within(c.Scopes, held), nil
}

// within returns what scopes leave of a set.
func (v *adviser) within(scopes []string, held permissionSet) permissionSet {
	limit := v.snapshot.Limit(scopes)
	out := permissionSet{}
	for p := range held {
		if number, known := v.snapshot.Permission(p); known && limit != nil && limit.Set.Has(number) {
			out[p] = true
		}
	}
	return out
}

// scopesFor returns the narrowest scopes with which a token could do what it was
// used for. It is not certain for one that was also used where nothing but a
// good credential was asked for: of which API that was is not known.
func (v *adviser) scopesFor(uses []*store.UseSum, n *needed) (scopes []string, certain bool) {
	if slices.ContainsFunc(uses, func(u *store.UseSum) bool { return u.Permission == "" }) {
		return nil, false
	}
	apis := map[sallyport.APIName]permissionSet{}
	for p := range n.enough {
		if apis[p.API()] == nil {
			apis[p.API()] = permissionSet{}
		}
		apis[p.API()][p] = true
	}
	for name, want := range apis {
		scope, ok := v.scopeFor(name, want)
		if !ok {
			return nil, false
		}
		scopes = append(scopes, scope)
	}
	slices.Sort(scopes)
	return scopes, true
}

// scopeFor returns the narrowest scope of an API that keeps some permissions and
// is taken by every route that they open; else the whole API.
func (v *adviser) scopeFor(name sallyport.APIName, want permissionSet) (string, bool) {
	a := v.snapshot.API(name)
	if a == nil {
		return "", false
	}
	best, least := string(name), len(a.Permissions)+1
	for _, s := range a.Document.Scopes {
		full := string(name) + "/" + s.Name
		kept := v.within([]string{full}, setOf(a.Permissions))
		taken := !slices.ContainsFunc(a.Routes, func(r *policy.Route) bool {
			return len(r.Scopes) > 0 && opensRoute(r, want) && !slices.Contains(r.Scopes, full)
		})
		if want.within(kept) && taken && len(kept) < least {
			best, least = full, len(kept)
		}
	}
	return best, true
}
