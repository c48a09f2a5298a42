package doors

import (
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/policy"
)

// Bounds of what is kept of a request.
const (
	maxMethod = 32
	maxHost   = 256
	maxPath   = 1024
	maxAsked  = 128
)

// A note is a decision and what it was taken on: what a trace is made of, a
// moment later and off the request's way. What it points to never changes, so
// the trace tells of the policy and the principal as they were. There is no
// secret in it. While the request lasts, its texts are the request's own; what is
// kept of it for later is a [record].
type note struct {
	at       time.Time
	decision sallyport.Decision
	method   string
	host     string
	path     string // canonical; empty if the target could not be read
	rest     string // below the base path
	client   netip.Addr

	policy    *inForce
	api       *policy.API
	route     *policy.Route
	values    []string
	principal *policy.Principal // nil: nobody was recognised
	limits    *authn.Limits     // nil with it
	expires   time.Time

	in    carrier.In
	seen  carrier.Seen
	claim authn.Claim // of a credential that was refused

	supposed bool // nobody made the request; the credential was taken as good

	asked string // what the request had in the place of a tenant
	age   time.Duration
}

// note writes down what the visit was about.
func (v *visit) note(n *note) {
	r := v.request
	*n = note{
		at: v.now, decision: v.decision, method: head(maxMethod, r.Method), host: head(maxHost, r.Canonical.Host),
		client: r.Client, policy: v.policy, api: r.API, principal: v.principal, in: r.Found.In, seen: r.Found.Seen,
		age: v.doors.lease.age(v.now),
	}
	n.decision.Realm = head(maxPath, n.decision.Realm)
	n.path = head(maxPath, r.Canonical.Path)
	if n.api != nil {
		n.rest = head(maxPath, r.Canonical.Path[min(len(r.BasePath), len(r.Canonical.Path)):])
	}
	if n.route = r.Match.Route; n.route != nil {
		n.values = r.Match.Values()
		n.asked = v.askedTenant(n.route)
	}
	if v.principal != nil {
		n.limits = v.known.Limits()
		if v.decision.CredentialKind != sallyport.Password { // which ends as something that is remembered, not by itself
			n.expires = v.known.Expires()
		}
	} else if v.claim != nil {
		n.claim = *v.claim
	} else if r.Found.Secret != "" {
		p := v.claimed()
		n.claim = v.doors.authn.Claim(&p)
	}
}

// claimed is the credential that was refused, as it was presented.
func (v *visit) claimed() authn.Presented {
	found := &v.request.Found
	p := authn.Presented{In: found.In.Carrier(), Login: found.Login, Secret: found.Secret}
	if accept := v.policy.intake(v.request.API).at(found); accept != nil {
		p.Kinds = accept.Kinds
	}
	return p
}

// askedTenant returns what the request has where its tenant is named, unless it
// is there twice.
func (v *visit) askedTenant(route *policy.Route) string {
	sel := route.Tenant
	if sel == nil || sel.From == "claim" || sel.From == "fixed" {
		return ""
	}
	before := v.request.fault
	named, _ := v.selected(&sallyport.Selector{From: sel.From, Name: sel.Name})
	v.request.fault = before
	return head(maxAsked, named)
}

// head returns the beginning of a text.
func head(most int, text string) string { return text[:min(most, len(text))] }

// upTo is head for what is stored as text.
func upTo(most int, text string) string { return strings.ToValidUTF8(head(most, text), "") }

// question is what door two asked of the bindings.
func (n *note) question() *sallyport.Question {
	q := &sallyport.Question{
		Realm: n.decision.Realm,
		Facts: sallyport.Circumstances{
			Time: n.at, Client: n.client, Method: n.method, Path: n.path, Tenant: n.decision.Tenant, Realm: n.decision.Realm, Values: n.values,
		},
	}
	if n.route != nil {
		q.Need, q.AnyRealm, q.Facts.Names = n.route.Need, n.route.Realm != nil && n.route.Realm.Any, n.route.Names
	}
	if k := n.kindNeed(); k != nil {
		q.Need, q.AnyRealm, q.Realm, q.Facts.Realm = k.Need, true, "", ""
		return q
	}
	if n.limits != nil && n.limits.Limited {
		q.Limited = true
		if l := n.policy.Limit(n.limits.Scopes); l != nil {
			q.Limit = l.Set
		}
	}
	return q
}

// kindNeed returns what was asked of the kind of the credential, if that is what
// the request was refused for; else nil.
func (n *note) kindNeed() *policy.KindNeed {
	if n.decision.Reason != sallyport.KindForbidden || n.route == nil {
		return nil
	}
	return n.route.ForKind(n.decision.CredentialKind)
}
