package doors

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/carrier"
)

// credential tells of the credential: the one that was recognised, or what is
// stored of the one that was refused.
func (n *note) credential(claimed *authn.Claimed) *api.TraceCredential {
	switch {
	case n.principal != nil && n.supposed && !n.limits.Limited && claimed.Credential == nil:
		return nil
	case n.principal != nil:
		return n.recognised(claimed)
	case claimed.Credential != nil:
		k := claimed.Credential
		expires := k.Expires
		if s := claimed.Secret; !s.Expires.IsZero() && (expires.IsZero() || s.Expires.Before(expires)) {
			expires = s.Expires
		}
		return &api.TraceCredential{
			ID: string(k.ID), Kind: k.Kind, Name: k.Name, Hint: k.Hint, State: string(k.State), ExpiresAt: expires, Scopes: k.Scopes,
		}
	case n.claim.Kind != "":
		return &api.TraceCredential{Kind: n.claim.Kind}
	}
	return nil
}

// recognised tells of a credential that was good.
func (n *note) recognised(claimed *authn.Claimed) *api.TraceCredential {
	dec := &n.decision
	c := &api.TraceCredential{Kind: dec.CredentialKind, State: string(sallyport.Active), ExpiresAt: n.expires}
	if dec.Credential != (sallyport.UUID{}) {
		c.ID = dec.Credential.String()
	}
	if k := claimed.Credential; k != nil {
		c.ID, c.Kind, c.Name, c.Hint = string(k.ID), k.Kind, k.Name, k.Hint
		if n.supposed || stepOf(dec.Reason) == "credential" {
			c.State, c.ExpiresAt = string(k.State), k.Expires
		}
	}
	if n.limits != nil && n.limits.Limited {
		c.Scopes = append([]string{}, n.limits.Scopes...)
	}
	return c
}

// place says where the credential was.
func (n *note) place() string {
	switch n.in {
	case carrier.Basic:
		return "in Authorization: Basic"
	case carrier.Bearer:
		return "in Authorization: Bearer"
	case carrier.Header:
		return "in a header of the API's own"
	case carrier.Query:
		return "in the query"
	case carrier.Form:
		return "in a form field"
	case carrier.Cookie:
		return "in a cookie"
	case carrier.None, carrier.Other:
	}
	return ""
}

func (n *note) tellCredential(t *api.Trace, claimed *authn.Claimed) string {
	var parts []string
	switch c := t.Credential; {
	case n.supposed && claimed.Credential != nil:
		parts = append(parts, "nobody made this request; it would be made with "+kindText(c.Kind), named(c), n.clock(c.ExpiresAt))
	case n.supposed:
		return "nobody made this request; the credential was taken as good"
	case n.api == nil, n.route != nil && n.route.IgnoreCredentials:
		return ""
	case n.in == carrier.None && len(t.Carriers) > 0:
		parts = append(parts, "something like a credential was found: "+strings.Join(t.Carriers, ", "))
	case n.in == carrier.None:
		return "there was none" + map[bool]string{true: ", and the route needs none"}[n.decision.Reason == ""]
	case c == nil:
		parts = append(parts, "a credential of no known form "+n.place())
	default:
		parts = append(parts, strings.TrimSpace(kindText(c.Kind)+" "+n.place()))
		if claimed.Credential != nil {
			parts = append(parts, named(c), n.life(claimed))
		}
		parts = append(parts, n.clock(c.ExpiresAt))
	}
	return strings.Join(trimmed(parts), "; ")
}

// named tells the name and the state of a stored credential.
func named(c *api.TraceCredential) string {
	if c.Name == "" {
		return "it is " + c.State
	}
	return fmt.Sprintf("its name is %q, and it is %s", c.Name, c.State)
}

// life tells what else became of a refused credential.
func (n *note) life(claimed *authn.Claimed) string {
	b := claimed.Credential.Brownout
	switch {
	case claimed.Removed:
		return "its record was removed since"
	case n.decision.Reason == sallyport.CredentialBrownout && b.Share > 0:
		return fmt.Sprintf("%d of 100 of its uses are refused until %s", b.Share, b.Until.UTC().Format(time.RFC3339))
	}
	return ""
}

// clock compares the end of a credential with the time of the decision.
func (n *note) clock(expires time.Time) string {
	switch left := expires.Sub(n.at).Round(time.Second); {
	case expires.IsZero():
		return ""
	case left > 0:
		return fmt.Sprintf("it ends at %s, %s after the request", expires.UTC().Format(time.RFC3339), left)
	default:
		return fmt.Sprintf("it ended at %s, %s before the request", expires.UTC().Format(time.RFC3339), -left)
	}
}

// kindText is the name of a kind for people.
func kindText(k sallyport.CredentialKind) string {
	switch k { //nolint:exhaustive // the others need no word of their own
	case sallyport.APIKey:
		return "an API key"
	case sallyport.AccessToken, sallyport.ApplicationToken:
		return "an " + strings.ReplaceAll(string(k), "_", " ")
	case "":
		return "a secret"
	default:
		return "a " + strings.ReplaceAll(string(k), "_", " ")
	}
}

func trimmed(parts []string) (out []string) {
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (n *note) tellPrincipal(claimed *authn.Claimed) string {
	switch {
	case n.principal != nil:
		p := &n.principal.Principal
		return fmt.Sprintf("%s %q", strings.ReplaceAll(string(p.Kind), "_", " "), p.Login)
	case claimed.User != nil:
		return fmt.Sprintf("the user %q is %s", claimed.User.Login, claimed.User.State)
	}
	return ""
}

// tenant tells how the tenant was found.
func (n *note) tenant() *api.TraceTenant {
	if n.principal == nil || n.route == nil {
		return nil
	}
	t := &api.TraceTenant{Asked: clean(n.asked)}
	sel := n.route.Tenant
	switch {
	case sel != nil && n.asked != "":
		t.From, t.Name = sel.From, sel.Name
	case sel != nil && sel.From == "claim" && n.limits != nil && n.limits.Tenant != "":
		t.From, t.Name, t.Asked = sel.From, sel.Name, string(n.limits.Tenant)
	case sel != nil && sel.From == "fixed" && sel.Default != "":
		t.From, t.Asked = sel.From, sel.Default
	case sel != nil && sel.Default != "":
		t.From, t.Name, t.Asked = "default", sel.Name, sel.Default
	case n.limits != nil && n.limits.Tenant != "":
		t.From, t.Asked = "credential", string(n.limits.Tenant)
	case n.principal.Home != sallyport.EveryTenant && n.principal.Home != "":
		t.From, t.Asked = "home", string(n.principal.Home)
	default:
		t.From = "none"
	}
	if sel != nil && sel.Name != "" && t.Name == "" && n.decision.Reason == sallyport.TenantRequired {
		t.From, t.Name, t.Asked = "none", sel.From+" "+sel.Name, ""
	}
	if stepOf(n.decision.Reason) == "tenant" {
		members := n.principal.Tenants(n.at)
		t.Members = members[:min(len(members), maxMembers)]
	}
	return t
}

func (n *note) tellTenant(t *api.Trace) string {
	if t.Tenant == nil || n.route.Public {
		return ""
	}
	tt := t.Tenant
	var text string
	switch tt.From {
	case "none":
		text = "no tenant was named"
		if tt.Name != "" {
			text += " in the " + tt.Name
		}
	case "credential":
		text = "the credential acts in one tenant only: " + n.nameOf(tt.Asked)
	case "home":
		text = "no tenant was named, so it is the one where the principal is at home: " + n.nameOf(tt.Asked)
	case "default", "fixed":
		text = "the API's own: " + n.nameOf(tt.Asked)
	case "claim":
		text = "the tenant of the credential: " + n.nameOf(tt.Asked)
	default:
		text = fmt.Sprintf("the %s %s names %s", tt.From, tt.Name, n.nameOf(tt.Asked))
	}
	return text
}

// nameOf is what a request named as its tenant, with the name of the tenant when
// the decision is in its history: of another one nobody is told here.
func (n *note) nameOf(asked string) string {
	if t := n.policy.Tenant(sallyport.TenantID(asked)); t != nil && t.ID == n.whose() {
		return fmt.Sprintf("%q (%s)", t.Name, t.ID)
	}
	return fmt.Sprintf("%q", asked)
}
