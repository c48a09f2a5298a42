package doors

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/login"
)

// doorOne finds the credential and makes sure of who presents it. A request for
// a public route may come without one; a bad one is refused even there, since
// whoever sends it means to be somebody.
func (v *visit) doorOne(ctx context.Context) sallyport.Reason {
	if route := v.request.Match.Route; route != nil && route.IgnoreCredentials {
		return ""
	}
	return v.present(ctx, v.policy.intake(v.request.API), "")
}

// present is doorOne for a request whose credential is looked at in any case. The
// login that belongs to it may stand where no accept list can say; empty: it does
// not.
func (v *visit) present(ctx context.Context, in *intake, elsewhere string) sallyport.Reason {
	r := v.request
	if r.Session != "" {
		return v.bySession(ctx)
	}
	route := r.Match.Route
	v.waited = v.waited || r.Body != nil // which the client may send slowly
	found, fault := in.plan.Extract(carrier.View{
		Header: r.Header, RawQuery: r.Canonical.RawQuery, Body: r.Body,
	})
	r.Found = found
	switch {
	case fault != carrier.OK:
		return fault.Reason()
	case found.In == carrier.None && route != nil && route.Public && !route.IgnoreCredentials:
		return ""
	case found.In == carrier.None:
		return sallyport.CredentialMissing
	}
	accept := in.at(&found)
	if found.In == carrier.Cookie && !sameOrigin(r.Method, r.Canonical.Host, r.Header, accept != nil && accept.Lenient) {
		return sallyport.OriginForbidden
	}
	if accept != nil && r.API.Takes != nil && !r.API.Takes(r.API.Document, parameters{r}, accept) {
		return cmp.Or(r.fault, sallyport.CredentialNotAccepted)
	}
	if elsewhere != "" {
		if accept == nil || accept.Login == "" || found.Login != "" {
			return sallyport.CredentialsAmbiguous // two logins, or one for a secret that has none
		}
		found.Login = elsewhere
		r.Found = found
	}
	presented := authn.Presented{
		In: found.In.Carrier(), Login: found.Login, Secret: found.Secret,
		API: r.API.Name, Client: r.Client, Now: v.now,
	}
	if accept != nil {
		presented.Kinds = accept.Kinds
		if accept.Login != "" && found.Login == "" {
			return sallyport.CredentialMalformed // whose it is belongs to it
		}
	}
	reason, retryAfter := v.verify(ctx, &presented)
	v.decision.RetryAfter = retryAfter
	if reason != "" {
		return reason
	}
	return v.fits(accept, found.Login)
}

// fits asks of a credential that is good whether it may be used here, in this way:
// name is the login beside it, empty if there is none.
func (v *visit) fits(accept *sallyport.Accept, name string) sallyport.Reason {
	password := v.known.Kind() == sallyport.Password
	if name != "" && !password {
		if reason := v.belongs(name); reason != "" {
			return reason
		}
	}
	switch {
	case !v.mayTravel(accept):
		return v.nobody(sallyport.CredentialNotAccepted)
	case v.principal.SecondFactor && password:
		return sallyport.SecondFactorRequired
	case v.principal.MustChange && v.mustChangeFirst():
		return sallyport.PasswordChangeRequired
	}
	return ""
}

// bySession makes sure of whose the session is that a page of ours presents.
func (v *visit) bySession(ctx context.Context) sallyport.Reason {
	r := v.request
	v.waited = v.waited || r.Body != nil
	reason, _ := v.verify(ctx, &authn.Presented{
		In: sallyport.CarrierCookie, Secret: r.Session, Kinds: []sallyport.CredentialKind{sallyport.Session}, API: r.API.Name, Client: r.Client, Now: v.now,
	})
	if reason == "" && v.principal.MustChange && v.mustChangeFirst() {
		reason = sallyport.PasswordChangeRequired
	}
	return reason
}

// belongs makes sure that a token or key is of the user who was named beside it.
// That it is good for somebody else is nothing that its bearer is told.
func (v *visit) belongs(name string) sallyport.Reason {
	canonical, err := login.Canonical(name)
	if err != nil || canonical != v.principal.Login {
		return v.nobody(sallyport.CredentialUnknown)
	}
	return ""
}

// mayTravel reports whether the credential carries one of the scopes that are
// asked for where it was found. One that is not limited may travel anywhere.
func (v *visit) mayTravel(accept *sallyport.Accept) bool {
	if accept == nil || len(accept.Scopes) == 0 {
		return true
	}
	limits := v.known.Limits()
	return !limits.Limited || slices.ContainsFunc(limits.Scopes, func(s string) bool { return slices.Contains(accept.Scopes, s) })
}

// nobody takes back that somebody was recognised, and returns why.
func (v *visit) nobody(why sallyport.Reason) sallyport.Reason {
	v.principal, v.known = nil, authn.Known{}
	v.decision.Principal, v.decision.Credential, v.decision.CredentialKind, v.decision.Scopes = nil, sallyport.UUID{}, "", nil
	v.decision.Expires = time.Time{}
	return why
}

// managementAPI is where a password is changed.
const managementAPI sallyport.APIName = "sallyport"

// mustChangeFirst reports whether a password that was set by somebody else, or a
// session that began with it, asks for more than to be replaced. Whoever set the
// password knows it, so what is done with it may be his doing.
func (v *visit) mustChangeFirst() bool {
	if kind := v.known.Kind(); kind != sallyport.Password && kind != sallyport.Session {
		return false
	}
	if v.request.API.Name != managementAPI || v.request.Match.Route == nil {
		return true
	}
	switch v.request.Match.Route.ID {
	case "me.get", "me.change_password", "session.end":
		return false
	}
	return true
}

// verify has the credential verified and finds whose it is. A password that was
// verified under an older state of its user is verified anew.
func (v *visit) verify(ctx context.Context, p *authn.Presented) (sallyport.Reason, int) {
	for first := true; ; first = false {
		known, reason, retryAfter := v.doors.authn.Verify(ctx, p)
		v.waited, v.claim = v.waited || p.Asked, p.Claim
		if reason != "" {
			return reason, retryAfter
		}
		reason = v.recognise(ctx, known)
		if reason == sallyport.CredentialRevoked && known.Kind() == sallyport.Password && first {
			v.doors.authn.Forget(known.ID().String())
			continue
		}
		return reason, 0
	}
}

// recognise finds who the credential belongs to, as he is now.
func (v *visit) recognise(ctx context.Context, known authn.Known) sallyport.Reason {
	p, asked, err := v.doors.principals.at(ctx, known.Principal())
	v.waited = v.waited || asked
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound && err != nil:
		return sallyport.OwnerInactive
	case err != nil:
		v.doors.log.WarnContext(ctx, "cannot load a principal", "error", err)
		return sallyport.StoreUnavailable
	case p.State != sallyport.Active:
		return sallyport.OwnerInactive
	case !known.GoodFor(p.Epoch, p.NotBefore):
		return sallyport.CredentialRevoked
	}
	limits := known.Limits()
	if !p.livesAtHome(v.policy) || (limits.Tenant != "" && !v.policy.lives(limits.Tenant)) {
		return sallyport.TenantInactive
	}
	v.known, v.principal = known, p.Principal
	dec := &v.decision
	dec.Principal = &p.Principal.Principal
	dec.Credential, dec.CredentialKind = known.ID(), known.Kind()
	dec.Expires = v.doors.endsSoon(&known, v.now)
	if limits.Limited {
		dec.Scopes = limits.Scopes
	}
	return ""
}

// lives reports whether a tenant is active; every tenant together always is.
func (f *inForce) lives(id sallyport.TenantID) bool {
	return id == sallyport.EveryTenant || f.Tenant(id).Active()
}
