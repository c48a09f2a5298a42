package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// checkScopes checks what a credential is to be limited to: scopes that exist,
// each once, and none that the actor's own credential does not have. Nil is not
// limited.
func (w *work) checkScopes(scopes []string) error {
	if scopes != nil && len(scopes) == 0 {
		return sallyport.ErrInvalid("scopes", "with an empty list of scopes nothing could be done; leave scopes out to not limit it")
	}
	if len(scopes) > maxScopes {
		return sallyport.ErrInvalid("scopes", fmt.Sprintf("there are %d scopes; at most %d", len(scopes), maxScopes))
	}
	for i, scope := range scopes {
		field := fmt.Sprintf("scopes[%d]", i)
		if slices.Contains(scopes[:i], scope) {
			return sallyport.ErrInvalid(field, "the scope is there twice; name it once")
		}
		if len(w.snapshot.Limit([]string{scope}).Unknown) > 0 {
			return sallyport.ErrInvalid(field, w.unknownScope(scope))
		}
	}
	return nil
}

// unknownScope says what is wrong with a scope. It does not quote what could not
// be one.
func (w *work) unknownScope(scope string) string {
	name, _, _ := strings.Cut(scope, "/")
	api := w.snapshot.API(sallyport.APIName(name))
	if api == nil {
		var names []string
		for _, a := range w.snapshot.APIs() {
			names = append(names, string(a.Name))
		}
		return "there is no such scope; a scope is an API or api/scope, and the APIs are " + strings.Join(names, ", ")
	}
	known := []string{name}
	for _, s := range api.Document.Scopes {
		known = append(known, name+"/"+s.Name)
	}
	return "there is no such scope; those of this API are " + strings.Join(known, ", ")
}

// within refuses a credential that reaches further than the one that the actor
// uses: a limited token must not make, renew or widen an unlimited one.
func (w *work) within(scopes []string, tenant sallyport.TenantID) error {
	for _, only := range w.tenants {
		if tenant != only {
			return tooWide("tenant", "your credential is limited to one tenant; what you make with it must be too")
		}
	}
	for _, limit := range w.limits {
		if scopes == nil {
			return tooWide("scopes", "your credential is limited by scopes; what you make with it must be too")
		}
		for _, s := range scopes {
			api, _, _ := strings.Cut(s, "/")
			if !slices.Contains(limit.Scopes, s) && !slices.Contains(limit.Scopes, api) {
				return tooWide("scopes", fmt.Sprintf("your own credential does not have the scope %s", s))
			}
		}
	}
	return nil
}

func tooWide(field, message string) error {
	return &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.PrivilegeCeiling, Field: field, Message: message}
}

// expiry returns when a credential ends that is made or changed now: as asked
// for, or as the tenant's policy says.
func (w *work) expiry(ctx context.Context, tenant sallyport.TenantID, asked time.Time) (time.Time, error) {
	var p sallyport.TenantPolicy
	if tenant != sallyport.EveryTenant && tenant != "" {
		t, err := w.tx.Tenant(ctx, tenant)
		if err != nil {
			return asked, err
		}
		p = t.Policy
	}
	if asked.IsZero() {
		switch {
		case p.TokenDefaultAge > 0:
			return w.now.Add(p.TokenDefaultAge), nil
		case p.TokenMaxAge > 0:
			return w.now.Add(p.TokenMaxAge), nil
		}
		return asked, nil
	}
	if err := future("expires", asked, w.now); err != nil {
		return asked, err
	}
	if p.TokenMaxAge > 0 && asked.Sub(w.now) > p.TokenMaxAge {
		return asked, sallyport.ErrInvalid("expires", fmt.Sprintf("expires is too far away; this tenant allows at most %s", p.TokenMaxAge))
	}
	return asked, nil
}
