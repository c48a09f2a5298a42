package doors

import (
	"maps"
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
)

// Judge takes the decision on a request that nobody made, as [policy.Judge]
// says. It goes the way of a real one, without door one's look at a credential,
// and leaves no trace.
func Judge(s *policy.Snapshot, p *policy.Principal, t *policy.Trial) sallyport.Decision {
	v := supposed(&inForce{Snapshot: s}, p, t)
	v.decision.Reason = v.judge(t)
	v.decision.Allowed = v.decision.Reason == ""
	return v.decision
}

// supposed is the visit of a request that nobody made.
func supposed(in *inForce, p *policy.Principal, t *policy.Trial) *visit {
	header := maps.Clone(t.Header)
	if header == nil {
		header = http.Header{}
	}
	v := &visit{
		policy: in, now: t.Time, principal: p,
		request: &Request{Method: t.Method, Target: t.Target, Header: header, Client: t.Client, Scheme: "https", Host: "localhost", Endpoints: true},
		known:   authn.Supposed(t.Kind, &authn.Limits{Tenant: t.Tenant, Limited: t.Limited, Scopes: t.Scopes}),
	}
	v.decision.Revision = in.Revision()
	if u, err := url.Parse(t.Target); err == nil && u.Host != "" {
		v.request.Host, v.request.Scheme = u.Host, u.Scheme
	}
	return v
}

func (v *visit) judge(t *policy.Trial) sallyport.Reason {
	if reason := v.find(); reason != "" {
		return reason
	}
	route := v.request.Match.Route
	if v.principal == nil {
		if route != nil && route.Public {
			return ""
		}
		return sallyport.CredentialMissing
	}
	v.decision.Principal, v.decision.CredentialKind = &v.principal.Principal, t.Kind
	switch {
	case v.principal.State != sallyport.Active:
		return sallyport.OwnerInactive
	case !v.policy.lives(v.principal.Home), t.Tenant != "" && !v.policy.lives(t.Tenant):
		return sallyport.TenantInactive
	}
	if route != nil {
		v.put(route.Tenant, string(t.Tenant))
		v.put(route.Realm, t.Realm)
	}
	return v.doorTwo()
}

// put writes a value where a selector looks for it, unless there is one.
func (v *visit) put(sel *sallyport.Selector, value string) {
	if sel == nil || value == "" {
		return
	}
	r := v.request
	switch sel.From {
	case "dialect":
		v.realmOfTrial = value
	case "header":
		if name := http.CanonicalHeaderKey(sel.Name); len(r.Header[name]) == 0 {
			r.Header[name] = []string{value}
		}
	case "query":
		if _, there := r.Query(sel.Name); !there {
			if r.Canonical.RawQuery != "" {
				r.Canonical.RawQuery += "&"
			}
			r.Canonical.RawQuery += url.QueryEscape(sel.Name) + "=" + url.QueryEscape(value)
		}
	}
}
