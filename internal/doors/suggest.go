package doors

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of suggestions.
const (
	maxSuggestions = 5
	maxOpens       = 20 // routes that are listed
	maxAdds        = 50 // permissions that are listed
	maxGranters    = 3
	maxAsked403    = 3 // suggestions in the body of a refusal

	adviceLife     = time.Minute            // for which advice in a refusal is remembered
	advicePlaces   = 4096                   // how much of it
	adviceAtOnce   = 2                      // refusals that are thought about at a time
	advicePatience = 200 * time.Millisecond // for which a refusal waits for it
)

// bindingsWrite is what somebody must hold who gives roles.
const bindingsWrite sallyport.Permission = "sallyport/bindings.write"

// A Wanted is what somebody was refused, or would be.
type Wanted struct {
	API    sallyport.APIName
	Route  string             // id
	Tenant sallyport.TenantID // empty: the installation
	Realm  string
	Facts  sallyport.Circumstances // that conditions look at

	// Kind is that of the credential if it is what was refused, for
	// [sallyport.KindForbidden].
	Kind sallyport.CredentialKind
}

// Suggest returns the smallest existing grants that would make a principal's
// request pass now, those first that open the least besides. It is empty when
// nothing is missing that a role could give, and when the API or the route is
// gone. NotFound: there is no such principal.
func (d *Doors) Suggest(ctx context.Context, id sallyport.PrincipalID, want Wanted) ([]api.Suggestion, error) {
	p, err := d.loadPrincipal(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.suggest(ctx, p, want, maxSuggestions)
}

func (d *Doors) suggest(ctx context.Context, p *policy.Principal, want Wanted, most int) ([]api.Suggestion, error) {
	s := d.Policy()
	found, realm := suggestions(s, p, &want, most)
	tenant := inTenant(want.Tenant)
	var out []api.Suggestion
	for _, found := range found {
		one := suggestionOnWire(&found, tenant, realm)
		var err error
		if one.MayGrant, err = d.granters(ctx, s, tenant, realm, found.Roles); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// inTenant is where something is to be bound for a request in a tenant.
func inTenant(asked sallyport.TenantID) sallyport.TenantID {
	return cmp.Or(asked, sallyport.EveryTenant)
}

// suggestions are those of [Doors.Suggest] under a policy, and the realm in which
// they are to be bound; empty: in each.
func suggestions(s *policy.Snapshot, p *policy.Principal, want *Wanted, most int) ([]policy.Suggestion, string) {
	a := s.API(want.API)
	if a == nil {
		return nil, ""
	}
	route := a.Route(want.Route)
	if route == nil || route.Public || route.Authenticated && want.Kind == "" {
		return nil, ""
	}
	q := &sallyport.Question{Need: route.Need, Realm: want.Realm, AnyRealm: route.Realm != nil && route.Realm.Any, Facts: want.Facts}
	q.Facts.Tenant, q.Facts.Realm = want.Tenant, want.Realm
	if want.Kind == "" {
		return s.Suggest(p, inTenant(want.Tenant), route, q, nil, most), want.Realm
	}
	k := route.ForKind(want.Kind)
	if k == nil {
		return nil, ""
	}
	return s.Suggest(p, inTenant(want.Tenant), route, q, k, most), ""
}

func suggestionOnWire(found *policy.Suggestion, tenant sallyport.TenantID, realm string) api.Suggestion {
	one := api.Suggestion{Tenant: tenant, Realm: realm, AlsoOpens: len(found.Opens), Adds: found.Adds[:min(len(found.Adds), maxAdds)]}
	for _, r := range found.Roles {
		one.Roles = append(one.Roles, api.SuggestedRole{ID: r.ID, Name: r.Name, Title: r.Title})
	}
	for _, r := range found.Opens[:min(len(found.Opens), maxOpens)] {
		base := strings.TrimSuffix(r.API.Document.BasePath, "/")
		one.Opens = append(one.Opens, api.OpenedRoute{API: r.API.Name, Route: r.ID, Methods: r.Methods, Path: base + r.Path})
	}
	return one
}

// granters returns a few people who may bind roles to somebody in a tenant.
func (d *Doors) granters(ctx context.Context, s *policy.Snapshot, tenant sallyport.TenantID, realm string, roles []*policy.Role) ([]api.Granter, error) {
	var permissions []sallyport.Permission
	for _, r := range roles {
		permissions = append(permissions, r.Permissions...)
	}
	var out []api.Granter
	tried := map[sallyport.PrincipalID]bool{}
	try := func(u sallyport.User) error {
		if tried[u.ID] || u.Kind != sallyport.Person || u.State != sallyport.Active || len(tried) == 4*maxGranters {
			return nil
		}
		tried[u.ID] = true
		p, err := d.loadPrincipal(ctx, u.ID)
		if err != nil {
			return err
		}
		now := d.now()
		if s.Holds(p, tenant, "", bindingsWrite, now) && len(s.Beyond(p, nil, policy.Extent{Tenant: tenant, Realm: realm}, permissions, now)) == 0 {
			out = append(out, api.Granter{ID: u.ID, Login: u.Login, Name: u.Name})
		}
		return nil
	}
	number, known := s.Permission(bindingsWrite)
	for _, role := range s.RoleList() {
		if !known || !role.Set.Has(number) || role.Tenant != tenant && role.Tenant != sallyport.EveryTenant {
			continue
		}
		for _, where := range places(tenant) {
			if len(out) >= maxGranters {
				break
			}
			if err := d.holders(ctx, where, role.ID, try); err != nil {
				return nil, fmt.Errorf("find who may grant %s: %w", role.Name, err)
			}
		}
	}
	return out[:min(len(out), maxGranters)], nil
}

// places are where a binding counts in a tenant.
func places(tenant sallyport.TenantID) []sallyport.TenantID {
	if tenant == sallyport.EveryTenant {
		return []sallyport.TenantID{tenant}
	}
	return []sallyport.TenantID{tenant, sallyport.EveryTenant}
}

// holders calls f with the first users who have a role in a tenant, by
// themselves or through a group.
func (d *Doors) holders(ctx context.Context, tenant sallyport.TenantID, role sallyport.RoleID, f func(sallyport.User) error) error {
	page := store.Page{Limit: 4 * maxGranters}
	bindings, _, err := d.store.Bindings(ctx, tenant, store.BindingFilter{Role: role, State: sallyport.Active}, page)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		var users []sallyport.User
		switch b.SubjectKind {
		case sallyport.SubjectUser:
			u, err := d.store.UserByID(ctx, sallyport.PrincipalID(b.Subject))
			if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
				return err
			}
			users = append(users, u)
		case sallyport.SubjectGroup:
			if users, _, err = d.store.Members(ctx, b.Tenant, sallyport.GroupID(b.Subject), page); err != nil {
				return err
			}
		case sallyport.SubjectKey:
		}
		for _, u := range users {
			if err := f(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// An adviceKey is what the advice in a refusal depends on.
type adviceKey struct {
	principal sallyport.PrincipalID
	tenant    sallyport.TenantID
	realm     string
	api       sallyport.APIName
	route     string
	kind      sallyport.CredentialKind
	revision  sallyport.Revision
}

// refusedKind returns the kind of a credential if it is what was refused.
func refusedKind(reason sallyport.Reason, kind sallyport.CredentialKind) sallyport.CredentialKind {
	if reason != sallyport.KindForbidden {
		return ""
	}
	return kind
}

// An advice is what the bodies of refusals have been told already.
type advice struct {
	cache *otter.Cache[adviceKey, []respond.Grant]
	busy  chan struct{} // has room while there is time to think

	patience time.Duration // for which a refusal waits; for tests to change
}

func newAdvice() (*advice, error) {
	cache, err := otter.New(&otter.Options[adviceKey, []respond.Grant]{
		MaximumSize:      advicePlaces,
		ExpiryCalculator: otter.ExpiryWriting[adviceKey, []respond.Grant](adviceLife),
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache of advice: %w", err)
	}
	return &advice{cache: cache, busy: make(chan struct{}, adviceAtOnce), patience: advicePatience}, nil
}

// Repair returns what the body of a refusal can say about its own repair: the
// smallest existing grants that would do and who may give them. It is for APIs
// that explain in full and for callers who are known; it returns nothing for
// others, nor when there is no time for it.
func (d *Doors) Repair(ctx context.Context, r *Request, dec *sallyport.Decision) []respond.Grant {
	if r.API == nil || r.API.Document.Explain != sallyport.ExplainFull || dec.Principal == nil || r.Match.Route == nil ||
		stepOf(dec.Reason) != "permission" {
		return nil
	}
	key := adviceKey{dec.Principal.ID, dec.Tenant, dec.Realm, dec.API, dec.Route, refusedKind(dec.Reason, dec.CredentialKind), dec.Revision}
	if known, ok := d.advice.cache.GetIfPresent(key); ok {
		return known
	}
	select {
	case d.advice.busy <- struct{}{}:
		defer func() { <-d.advice.busy }()
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, d.advice.patience)
	defer cancel()
	grants, err := d.repair(ctx, r, dec)
	if err != nil {
		d.log.WarnContext(ctx, "a refusal says nothing about its repair", "request_id", dec.RequestID, "error", err)
		return nil
	}
	d.advice.cache.Set(key, grants)
	return grants
}

func (d *Doors) repair(ctx context.Context, r *Request, dec *sallyport.Decision) ([]respond.Grant, error) {
	p, err := d.loadPrincipal(ctx, dec.Principal.ID)
	if err != nil {
		return nil, err
	}
	found, err := d.suggest(ctx, p, Wanted{
		API: dec.API, Route: dec.Route, Tenant: dec.Tenant, Realm: dec.Realm, Kind: refusedKind(dec.Reason, dec.CredentialKind),
		Facts: sallyport.Circumstances{
			Time: d.now(), Client: r.Client, Method: r.Method, Path: r.Canonical.Path, Names: r.Match.Names(), Values: r.Match.Values(),
		},
	}, maxAsked403)
	var out []respond.Grant
	for _, f := range found {
		g := respond.Grant{Realm: f.Realm, AlsoOpens: f.AlsoOpens}
		for _, role := range f.Roles {
			g.Roles = append(g.Roles, role.Name)
		}
		for _, who := range f.MayGrant {
			g.MayGrant = append(g.MayGrant, who.Login)
		}
		out = append(out, g)
	}
	return out, err
}
