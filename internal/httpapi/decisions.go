package httpapi

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

func decisionOperations() []operation {
	const others = "Of the requests of others it needs the permission `sallyport/decisions.explain`."
	own := scoped("self", "read", "write")
	return []operation{
		list("decisions.list", "/decisions", "", "List what was decided on your requests, or in a tenant, newest first", (*Handler).listDecisions, own,
			more("Refusals are kept for a day, and a sample of what was allowed. "+others)),
		get("decisions.get", "/decisions/{request}", "", "Explain the decision on a request", (*Handler).explainDecision, own,
			more("The way through both doors as it was, and the smallest existing grants that would make the request pass now. "+others)),
		find("can-i.get", "/can-i", "", "Ask what would be decided on a request", (*Handler).canI, own,
			more("Nobody makes the request, and nothing is counted. The credential is taken as good. "+others)),
	}
}

func (h *Handler) listDecisions(c *call, f api.DecisionFilter, p admin.Page) (api.List[api.Decision], error) {
	filter := admin.DecisionFilter{Tenant: f.Tenant, DecisionFilter: store.DecisionFilter{
		Principal: f.Principal, API: f.API, Reason: f.Reason, Outcome: f.Outcome, Since: f.Since, Until: f.Until,
	}}
	return wireList(decisionOnWire)(h.Admin.Decisions(c.ctx, c.actor, filter, p))
}

func decisionOnWire(d store.Decision) api.Decision {
	return api.Decision{
		RequestID: d.RequestID, At: d.At, Allowed: d.Allowed, Reason: d.Reason, Tenant: d.Tenant, API: d.API, Route: d.Route,
		Method: d.Method, Host: d.Host, Path: d.Path, Principal: d.Principal, PrincipalKind: d.PrincipalKind, Login: d.Login,
		Credential: d.Credential, CredentialKind: d.CredentialKind, ActedIn: d.ActedIn, Realm: d.Realm, Revision: d.Revision,
		Address: d.Address, MissingPermissions: d.Missing, RequiredScopes: d.Scopes,
	}
}

func (h *Handler) explainDecision(c *call) (api.Explained, error) {
	d, own, err := h.Admin.Decision(c.ctx, c.actor, c.path("request"))
	if err != nil {
		return api.Explained{}, err
	}
	out := api.Explained{Decision: decisionOnWire(d), Suggestions: []api.Suggestion{}}
	if err := json.Unmarshal([]byte(d.Trace), &out.Trace); err != nil {
		return api.Explained{}, fmt.Errorf("read the trace of the request %s: %w", d.RequestID, err)
	}
	if !own {
		forOthers(&out.Trace, c.actor.Principal.ID == d.Principal)
	}
	if d.Allowed || !h.advises(own, d.API) {
		return out, nil
	}
	facts := sallyport.Circumstances{Time: h.Now(), Method: d.Method, Path: d.Path}
	facts.Client, _ = netip.ParseAddr(d.Address)
	facts.Names, facts.Values = h.valuesOf(&d)
	want := doors.Wanted{API: d.API, Route: d.Route, Tenant: d.ActedIn, Realm: d.Realm, Facts: facts}
	if d.Reason == sallyport.KindForbidden {
		want.Kind = d.CredentialKind
	}
	out.Suggestions, err = h.suggest(c, d.Principal, d.Reason, want)
	return out, err
}

// forOthers takes out of a trace what is not for everybody who may explain in
// one tenant: to which other tenants the principal belongs.
func forOthers(t *api.Trace, himself bool) { //nolint:revive // not a switch: who reads
	if t.Tenant != nil && !himself {
		t.Tenant.Members = nil
	}
}

// advises reports whether suggestions are told: to who may explain the decisions
// of others, and to everybody about himself where the API explains in full.
func (h *Handler) advises(own bool, name sallyport.APIName) bool { //nolint:revive // not a switch: how far a right goes
	if !own {
		return true
	}
	a := h.Doors.Policy().API(name)
	return a != nil && a.Document.Explain == sallyport.ExplainFull
}

// valuesOf finds the path values of a request again.
func (h *Handler) valuesOf(d *store.Decision) (names, values []string) {
	found, rest := h.Doors.Policy().Find(d.Host, d.Path)
	if found == nil || found.Name != d.API {
		return nil, nil
	}
	var m policy.Match
	found.Match(d.Method, d.Host, rest, nil, &m)
	return m.Names(), append([]string(nil), m.Values()...)
}

// suggest returns what would make a refused request pass.
func (h *Handler) suggest(c *call, id sallyport.PrincipalID, reason sallyport.Reason, want doors.Wanted) ([]api.Suggestion, error) {
	none := []api.Suggestion{}
	switch reason { //nolint:exhaustive // for all others no role would help
	case sallyport.PermissionMissing, sallyport.RealmForbidden, sallyport.ConditionUnmet, sallyport.KindForbidden:
	default:
		return none, nil
	}
	list, err := h.Doors.Suggest(c.ctx, id, want)
	if err != nil && sallyport.KindOf(err) == sallyport.NotFound {
		return none, nil // he is gone since then
	}
	return never(list), err
}

func (h *Handler) canI(c *call, q api.CanIQuery) (api.CanI, error) {
	client := c.client
	if q.Address != "" {
		var err error
		if client, err = netip.ParseAddr(q.Address); err != nil {
			return api.CanI{}, badParameter("address", "is not an address such as 192.0.2.7 or 2001:db8::7")
		}
	}
	who, err := h.Admin.Suppose(c.ctx, c.actor, q.Principal, q.Credential, q.Tenant)
	if err != nil {
		return api.CanI{}, err
	}
	tenant := who.Tenant
	if tenant == "" {
		tenant = q.Tenant
	}
	var kind sallyport.CredentialKind // of the credential that was named
	if who.Credential != nil {
		kind = who.Credential.Kind
	}
	now := h.Now()
	dec, trace, err := h.Doors.Try(c.ctx, &doors.Supposition{
		Principal: who.Principal, Credential: who.Credential, Refused: who.Refused,
		Trial: policy.Trial{
			Method: q.Method, Target: q.URL, Client: client, Time: now.Round(time.Microsecond), Tenant: tenant, Realm: q.Realm,
			Limited: who.Limited, Scopes: who.Scopes, Kind: kind,
		},
	})
	if err != nil {
		return api.CanI{}, err
	}
	forOthers(&trace, c.actor.Principal.ID == who.Principal)
	out := api.CanI{
		Allowed: dec.Allowed, Reason: dec.Reason, Principal: who.Principal, API: dec.API, Route: dec.Route, Tenant: dec.Tenant, Realm: dec.Realm,
		Revision: dec.Revision, MissingPermissions: dec.Missing, RequiredScopes: dec.MissingScopes, Trace: trace, Suggestions: []api.Suggestion{},
	}
	if dec.Principal != nil {
		out.Login, out.PrincipalKind = dec.Principal.Login, dec.Principal.Kind
	}
	if dec.Allowed || !h.advises(who.Own, dec.API) {
		return out, nil
	}
	want := doors.Wanted{
		API: dec.API, Route: dec.Route, Tenant: dec.Tenant, Realm: dec.Realm,
		Facts: sallyport.Circumstances{Time: now, Client: client, Method: q.Method},
	}
	if dec.Reason == sallyport.KindForbidden {
		want.Kind = kind
	}
	out.Suggestions, err = h.suggest(c, who.Principal, dec.Reason, want)
	return out, err
}
