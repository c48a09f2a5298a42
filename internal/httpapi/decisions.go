package httpapi

import (
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
	trace, suggestions, err := h.Doors.Explain(c.ctx, &d, doors.Reader{ID: c.actor.Principal.ID, Own: own})
	return api.Explained{Decision: decisionOnWire(d), Trace: trace, Suggestions: never(suggestions)}, err
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
	if err := h.mayTell(c, &q, &dec, &trace); err != nil {
		return api.CanI{}, err
	}
	doors.ForOthers(&trace, c.actor.Principal.ID == who.Principal)
	out := api.CanI{
		Allowed: dec.Allowed, Reason: dec.Reason, Principal: who.Principal, API: dec.API, Route: dec.Route, Tenant: dec.Tenant, Realm: dec.Realm,
		Revision: dec.Revision, MissingPermissions: dec.Missing, RequiredScopes: dec.MissingScopes, Trace: trace, Suggestions: []api.Suggestion{},
	}
	if dec.Principal != nil {
		out.Login, out.PrincipalKind = dec.Principal.Login, dec.Principal.Kind
	}
	if dec.Allowed || !h.Doors.Advises(who.Own, dec.API) {
		return out, nil
	}
	suggestions, err := h.Doors.WayOut(c.ctx, who.Principal, dec.Reason, doors.Wanted{
		API: dec.API, Route: dec.Route, Tenant: dec.Tenant, Realm: dec.Realm, Kind: kind,
		Facts: sallyport.Circumstances{Time: now, Client: client, Method: q.Method},
	})
	out.Suggestions = never(suggestions)
	return out, err
}

// mayTell checks that an answer is about no tenant that its reader could not have
// named: a URL can name one as well, and so can a token.
func (h *Handler) mayTell(c *call, q *api.CanIQuery, dec *sallyport.Decision, trace *api.Trace) error {
	about := dec.Tenant
	if about == "" && trace.Tenant != nil {
		about = sallyport.TenantID(trace.Tenant.Asked)
	}
	if about == q.Tenant || !sallyport.IsUUID(string(about)) {
		return nil
	}
	_, err := h.Admin.Suppose(c.ctx, c.actor, q.Principal, "", about)
	return err
}
