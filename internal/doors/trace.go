package doors

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// Bounds of a trace.
const (
	maxNearMisses = 5
	maxBindings   = 50
	maxMembers    = 20
)

// steps are the questions that the doors ask, in order.
var steps = [...]string{"request", "api", "credential", "principal", "route", "tenant", "realm", "scopes", "permission", "policy"}

// stepOf says at which step a request was refused for a reason.
func stepOf(r sallyport.Reason) string {
	switch r { //nolint:exhaustive // all others are about the credential
	case "":
		return ""
	case sallyport.PathAmbiguous, sallyport.TargetTooLong, sallyport.QueryMalformed, sallyport.HeaderMalformed,
		sallyport.BodyMalformed, sallyport.BodyTooLarge:
		return "request"
	case sallyport.APIUnknown:
		return "api"
	case sallyport.OwnerInactive, sallyport.TenantInactive:
		return "principal"
	case sallyport.RouteUnknown, sallyport.MethodNotAllowed:
		return "route"
	case sallyport.TenantRequired, sallyport.TenantMalformed, sallyport.TenantForbidden:
		return "tenant"
	case sallyport.RealmRequired:
		return "realm"
	case sallyport.ScopeInsufficient:
		return "scopes"
	case sallyport.PermissionMissing, sallyport.RealmForbidden, sallyport.ConditionUnmet, sallyport.KindForbidden:
		return "permission"
	case sallyport.PolicyStale:
		return "policy"
	}
	return "credential"
}

// trace tells the way of the request through both doors.
func (n *note) trace(claimed *authn.Claimed) api.Trace {
	t := api.Trace{PolicyAge: max(n.age, 0).Round(time.Microsecond).String()}
	for in := carrier.Basic; in <= carrier.Other; in++ {
		if n.seen.Has(in) {
			t.Carriers = append(t.Carriers, in.String())
		}
	}
	t.Credential = n.credential(claimed)
	if n.api != nil && n.route == nil { // looking through the routes is what costs most in a trace
		for _, near := range n.api.NearMisses(n.method, n.host, n.rest, maxNearMisses) {
			t.Routes = append(t.Routes, api.TraceRoute{Route: near.Route.ID, Methods: near.Route.Methods, Path: near.Route.Path, Why: near.Why})
		}
	}
	t.Tenant = n.tenant()
	n.bindings(&t)
	refused := stepOf(n.decision.Reason)
	reached := true
	for _, step := range steps {
		text := n.tell(step, &t, claimed)
		switch {
		case step == refused:
			reached = false
			t.Steps = append(t.Steps, api.Step{Step: step, Verdict: api.StepRefused, Text: n.why(text)})
		case !reached:
			t.Steps = append(t.Steps, api.Step{Step: step, Verdict: api.StepSkipped, Text: "it did not come to that"})
		case text == "":
			t.Steps = append(t.Steps, api.Step{Step: step, Verdict: api.StepSkipped, Text: "this was not asked"})
		default:
			t.Steps = append(t.Steps, api.Step{Step: step, Verdict: api.StepPassed, Text: text})
		}
	}
	return t
}

// why joins what is known of a step with the reason why it ended there.
func (n *note) why(text string) string {
	info := n.decision.Reason.Info()
	reason := info.Operator
	if reason == "" {
		reason = info.Public
	}
	if text == "" {
		return reason
	}
	return text + ". " + reason
}

// tell says what there is to say of a step; empty if it was not asked.
func (n *note) tell(step string, t *api.Trace, claimed *authn.Claimed) string {
	dec := &n.decision
	switch step {
	case "request":
		return n.tellRequest()
	case "api":
		if n.api != nil {
			return fmt.Sprintf("the path is below %s, where the API %q is", n.api.Document.BasePath, n.api.Name)
		}
	case "credential":
		return n.tellCredential(t, claimed)
	case "principal":
		return n.tellPrincipal(claimed)
	case "route":
		return n.tellRoute()
	case "tenant":
		return n.tellTenant(t)
	case "realm":
		if dec.Realm != "" {
			return fmt.Sprintf("the request is for the realm %q", clean(upTo(maxAsked, dec.Realm)))
		}
		if len(dec.Realms) > 0 {
			return "the request named no realm, so it is about those in which the right is held: " + strings.Join(dec.Realms, ", ")
		}
	case "scopes":
		return n.tellScopes()
	case "permission":
		return n.tellPermission()
	case "policy":
		if dec.Allowed || dec.Reason == sallyport.PolicyStale {
			return fmt.Sprintf("decided under revision %d, which was confirmed as the newest %s before", dec.Revision, t.PolicyAge)
		}
	}
	return ""
}

func (n *note) tellRequest() string {
	if n.path == "" {
		return ""
	}
	from := ""
	if n.client.IsValid() {
		from = " from " + n.client.String()
	}
	return fmt.Sprintf("%s %s%s%s", clean(n.method), clean(n.host), clean(n.path), from)
}

func (n *note) tellRoute() string {
	switch r := n.route; {
	case n.decision.Reason == sallyport.MethodNotAllowed && len(n.decision.Allow) > 0:
		return "the path takes " + strings.Join(n.decision.Allow, ", ")
	case r == nil:
		return ""
	case !n.decision.Learning.IsZero():
		return "the API has no routes yet and learns until " + n.decision.Learning.UTC().Format(time.RFC3339) + ": every path and method is let through"
	default:
		return fmt.Sprintf("matched the route %q (%s %s), %s", r.ID, strings.Join(r.Methods, ","), r.Path, needs(r))
	}
}

// needs says what a route asks for.
func needs(r *policy.Route) string {
	switch {
	case r.Public:
		return "which is for everybody"
	case r.Authenticated:
		return "which asks for nothing but a good credential"
	}
	var parts []string
	if len(r.AllOf) > 0 {
		parts = append(parts, list(r.AllOf, " and "))
	}
	if len(r.AnyOf) > 0 {
		parts = append(parts, list(r.AnyOf, " or "))
	}
	return "which needs " + strings.Join(parts, ", and ")
}

// list joins permissions.
func list[T ~string](words []T, with string) string {
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = string(w)
	}
	return strings.Join(text, with)
}

func (n *note) tellScopes() string {
	switch {
	case n.limits == nil || n.route == nil || n.route.Public:
		return ""
	case !n.limits.Limited:
		return "the credential is not limited to scopes"
	case n.decision.Reason == sallyport.ScopeInsufficient:
		return fmt.Sprintf("the credential is limited to %s; one of %s would do", orNone(strings.Join(n.limits.Scopes, ", ")),
			strings.Join(n.decision.MissingScopes, ", "))
	default:
		return "the credential is limited to " + strings.Join(n.limits.Scopes, ", ") + ", which reaches this route"
	}
}

func (n *note) tellPermission() string {
	dec := &n.decision
	switch {
	case dec.Reason == sallyport.KindForbidden:
		return "of who comes with " + kindText(dec.CredentialKind) + " the route asks besides for " + list(dec.Missing, " or ")
	case n.route == nil || n.route.Public || n.route.Authenticated:
		return ""
	case dec.Binding != "":
		return "the binding " + string(dec.Binding) + " gives it"
	case len(dec.Missing) > 0 && len(n.route.AnyOf) > 0:
		return "missing: " + list(dec.Missing, " or ")
	case len(dec.Missing) > 0:
		return "missing: " + list(dec.Missing, ", ")
	}
	return ""
}

// clean makes text of a request fit to be kept and shown: without what looks
// like a secret, and without control characters, which a database may refuse.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, telemetry.Scrub(text))
}

// bindings fills in the bindings that were considered.
func (n *note) bindings(t *api.Trace) {
	if n.principal == nil || n.route == nil || n.route.Public || stepOf(n.decision.Reason) == "tenant" ||
		n.route.Authenticated && n.decision.Reason != sallyport.KindForbidden {
		return
	}
	tenant := n.decision.Tenant
	if tenant == "" {
		tenant = sallyport.EveryTenant
	}
	all := n.policy.Consider(n.principal, tenant, n.question())
	t.MoreBinds = max(0, len(all)-maxBindings)
	for i := range all[:min(len(all), maxBindings)] {
		c := &all[i]
		b := api.TraceBinding{
			ID: c.Binding.ID, Role: c.Binding.Role, Every: c.Binding.Tenant == sallyport.EveryTenant, Realm: c.Binding.Realm,
			Condition: c.Binding.Condition, Value: c.Condition, ExpiresAt: c.Binding.Expires, Gives: c.Gives, Verdict: string(c.Verdict),
		}
		if c.Role != nil {
			b.RoleName = c.Role.Name
		}
		if c.Binding.SubjectKind == sallyport.SubjectGroup {
			b.Group = c.Binding.Subject
		}
		t.Bindings = append(t.Bindings, b)
	}
}
