package doors

import (
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// doorTwo asks whether the principal may: route, tenant, realm, scope,
// permission and condition, in this order.
func (v *visit) doorTwo() sallyport.Reason {
	r := v.request
	route := r.Match.Route
	if route == nil {
		v.decision.Allow = r.Match.Allow
		return r.Match.Reason
	}
	if route.Endpoint != "" && !r.Endpoints {
		return sallyport.RouteUnknown // the upstream has no such thing
	}
	if v.principal == nil {
		return "" // a public route; door one let nobody else pass
	}
	tenant, reason := v.tenant(route)
	if route.Public && reason != "" {
		return "" // who needs no right needs no tenant
	}
	if reason != "" {
		return reason
	}
	v.decision.Tenant = tenant
	realm, reason := v.realm(route)
	if reason != "" {
		return reason
	}
	v.decision.Realm = realm
	if route.Public {
		return ""
	}
	limit, reason := v.limit(route)
	if reason == "" && len(route.ByKind) > 0 {
		reason = v.byKind(route)
	}
	if reason != "" || route.Authenticated {
		return reason
	}
	return v.authorize(route, limit)
}

// byKind answers what the route asks besides of the kind of the credential. It is
// about who comes with it, so neither scopes nor the realm of the request matter.
func (v *visit) byKind(route *policy.Route) sallyport.Reason {
	k := route.ForKind(v.known.Kind())
	switch {
	case k == nil:
		return ""
	case len(k.AnyOf) == 0:
		return sallyport.CredentialNotAccepted
	}
	q := v.question(k.Need)
	q.AnyRealm, q.Realm, q.Facts.Realm = true, "", ""
	if reason, _ := sallyport.Authorize(v.policy.Roles(), v.grants(), &q); reason != "" {
		v.decision.Missing = k.AnyOf
		return sallyport.KindForbidden
	}
	return ""
}

// grants are what the principal holds in the tenant of the request.
func (v *visit) grants() []sallyport.Grant {
	if v.decision.Tenant == "" {
		return v.principal.Grants(sallyport.EveryTenant)
	}
	return v.principal.Grants(v.decision.Tenant)
}

// question asks for a need under the circumstances of the request.
func (v *visit) question(need sallyport.Need) sallyport.Question {
	r, dec := v.request, &v.decision
	return sallyport.Question{
		Need: need, Realm: dec.Realm,
		Facts: sallyport.Circumstances{
			Time: v.now, Client: r.Client, Method: r.Method, Path: r.Canonical.Path,
			Tenant: dec.Tenant, Realm: dec.Realm, Names: r.Match.Names(), Values: r.Match.Values(),
		},
	}
}

// tenant finds the tenant that the request is for and whether the principal has
// any business there. A tenant that does not exist and one that is somebody
// else's look the same.
func (v *visit) tenant(route *policy.Route) (sallyport.TenantID, sallyport.Reason) {
	limits := v.known.Limits()
	named := ""
	if sel := route.Tenant; sel != nil {
		var reason sallyport.Reason
		if named, reason = v.selected(sel); reason != "" {
			return "", sallyport.TenantMalformed
		}
		if named == "" && sel.Required && !route.Authenticated && !route.Public {
			return "", sallyport.TenantRequired
		}
	}
	tenant := sallyport.TenantID(named)
	switch {
	case named != "" && !sallyport.IsUUID(named):
		return "", sallyport.TenantMalformed
	case named == "" && limits.Tenant != "":
		tenant = limits.Tenant
	case named == "" && v.principal.Home == sallyport.EveryTenant:
		return "", "" // an account of the installation that named no tenant
	case named == "":
		tenant = v.principal.Home
	}
	if limits.Tenant != "" && limits.Tenant != tenant {
		return "", sallyport.TenantForbidden
	}
	if home := v.principal.Home; tenant == home && home != sallyport.EveryTenant {
		return tenant, "" // door one saw that it lives, and everybody is a member at home
	}
	if !v.policy.Tenant(tenant).Active() || !v.principal.Member(tenant, v.now) {
		return "", sallyport.TenantForbidden
	}
	return tenant, ""
}

// realm finds the realm that the request is for.
func (v *visit) realm(route *policy.Route) (realm string, reason sallyport.Reason) {
	sel := route.Realm
	if sel == nil {
		return "", ""
	}
	realm, reason = v.selected(sel)
	if reason == "" && realm == "" && sel.Required {
		reason = sallyport.RealmRequired
	}
	return realm, reason
}

// selected reads the value that a selector points at, or its default: of a
// fixed one there is nothing else. The reason says that it is there twice.
func (v *visit) selected(sel *sallyport.Selector) (string, sallyport.Reason) {
	r := v.request
	value := ""
	switch sel.From {
	case "header":
		value, _ = r.header(sel.Name)
	case "query":
		value, _ = r.Query(sel.Name)
	case "path":
		value, _ = r.Match.Value(sel.Name)
	case "claim":
		value = string(v.known.Limits().Tenant)
	case "dialect":
		if value = v.realmOfTrial; value == "" {
			value = r.API.Realm(parameters{r})
		}
	}
	if value == "" {
		value = sel.Default
	}
	return value, r.fault
}

// limit finds what the credential's scopes leave, and whether they reach the
// route at all.
func (v *visit) limit(route *policy.Route) (*policy.Limit, sallyport.Reason) {
	limits := v.known.Limits()
	if !limits.Limited {
		return nil, ""
	}
	var limit *policy.Limit
	if limits.Numbered {
		limit = v.policy.LimitAt(limits.Scope)
	} else {
		limit = v.policy.Limit(limits.Scopes)
	}
	// A credential that is limited to no scope at all reaches nothing; a nil
	// limit would reach everything.
	if limit == nil || !limit.Reaches(route) {
		v.decision.MissingScopes = v.scopesFor(route)
		return nil, sallyport.ScopeInsufficient
	}
	return limit, ""
}

func (v *visit) authorize(route *policy.Route, limit *policy.Limit) sallyport.Reason {
	dec, q, grants := &v.decision, v.question(route.Need), v.grants()
	if limit != nil {
		q.Limit, q.Limited = limit.Set, true
	}
	reason, binding := sallyport.Authorize(v.policy.Roles(), grants, &q)
	if reason != "" && dec.Realm == "" && route.Realm != nil && route.Realm.Any {
		q.AnyRealm = true
		reason, binding = v.inSomeRealm(grants, &q)
	}
	dec.Binding = binding
	if reason == sallyport.ScopeInsufficient {
		dec.MissingScopes = v.scopesFor(route)
	} else if reason != "" {
		dec.Missing = v.missing(route, grants, q)
		if !limit.Leaves(route.Need) { // so a role alone would not do
			dec.MissingScopes = v.scopesFor(route)
		}
	}
	return reason
}

// maxRealms is how many realms the upstream of a request that named none is told
// of. Who holds a right in more of them has to name one.
const maxRealms = 100

// inSomeRealm answers for a request that named no realm, where a right in any
// will do, and notes in which the whole need is met. What is held in one realm
// does not complete what is held in another.
func (v *visit) inSomeRealm(grants []sallyport.Grant, q *sallyport.Question) (sallyport.Reason, sallyport.BindingID) {
	var held []string
	by := sallyport.BindingID("")
	in := *q
	for i := range grants {
		realm := grants[i].Realm
		if realm == "" || slices.Contains(held, realm) {
			continue
		}
		in.Realm, in.Facts.Realm = realm, realm
		why, binding := sallyport.Authorize(v.policy.Roles(), grants, &in)
		switch {
		case why != "":
		case len(held) == maxRealms:
			return sallyport.RealmRequired, ""
		default:
			held, by = append(held, realm), binding
		}
	}
	if len(held) > 0 {
		slices.Sort(held)
		v.decision.Realms = held
		return "", by
	}
	reason, _ := sallyport.Authorize(v.policy.Roles(), grants, q)
	if reason == "" {
		reason = sallyport.RealmForbidden
	}
	return reason, ""
}

// missing lists what would have been needed: of AllOf what is not held, of AnyOf
// all if none is. What is held in different realms only is missing too. Of most
// routes that can only be what they say themselves, which is then returned and
// must not be changed.
func (v *visit) missing(route *policy.Route, grants []sallyport.Grant, q sallyport.Question) []sallyport.Permission {
	all, some := route.Need.AllOf, route.Need.AnyOf
	switch {
	case len(all) == 0:
		return route.AnyOf
	case len(all) == 1 && len(some) == 0:
		return route.AllOf
	}
	return v.lacking(route, grants, q)
}

func (v *visit) lacking(route *policy.Route, grants []sallyport.Grant, q sallyport.Question) []sallyport.Permission {
	lacks := func(need sallyport.Need) bool {
		q.Need = need
		reason, _ := sallyport.Authorize(v.policy.Roles(), grants, &q)
		return reason != ""
	}
	var out []sallyport.Permission
	for i := range route.Need.AllOf {
		if lacks(sallyport.Need{AllOf: route.Need.AllOf[i : i+1]}) {
			out = append(out, route.AllOf[i])
		}
	}
	if lacks(sallyport.Need{AnyOf: route.Need.AnyOf}) {
		out = append(out, route.AnyOf...)
	}
	if len(out) == 0 && q.AnyRealm {
		q.AnyRealm = false
		return v.missing(route, grants, q)
	}
	return out
}

// scopesFor lists scopes of which one would let a token use the route.
func (v *visit) scopesFor(route *policy.Route) []string {
	if len(route.Scopes) > 0 {
		return route.Scopes
	}
	var out []string
	for _, s := range route.API.Document.Scopes {
		name := string(route.API.Name) + "/" + s.Name
		l := v.policy.Limit([]string{name})
		all := !slices.ContainsFunc(route.Need.AllOf, func(n int32) bool { return !l.Set.Has(n) })
		some := len(route.Need.AnyOf) == 0 || slices.ContainsFunc(route.Need.AnyOf, l.Set.Has)
		if all && some {
			out = append(out, name)
		}
	}
	return append(out, string(route.API.Name))
}
