package doors

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A Reader is who a decision is explained to. That he may see it was decided
// before.
type Reader struct {
	ID  sallyport.PrincipalID
	Own bool // he may see no more than what is about himself
}

// Explain returns the way of a request through both doors as it was, and the
// smallest existing grants that would make it pass now, as far as they are for
// this reader.
func (d *Doors) Explain(ctx context.Context, dec *store.Decision, to Reader) (trace api.Trace, suggestions []api.Suggestion, err error) {
	if err := json.Unmarshal([]byte(dec.Trace), &trace); err != nil {
		return trace, nil, fmt.Errorf("read the trace of the request %s: %w", dec.RequestID, err)
	}
	if !to.Own {
		ForOthers(&trace, to.ID == dec.Principal)
	}
	if dec.Allowed || !d.Advises(to.Own, dec.API) {
		return trace, nil, nil
	}
	facts := sallyport.Circumstances{Time: d.now(), Method: dec.Method, Path: dec.Path}
	facts.Client, _ = netip.ParseAddr(dec.Address)
	facts.Names, facts.Values = d.valuesOf(dec)
	suggestions, err = d.WayOut(ctx, dec.Principal, dec.Reason, Wanted{
		API: dec.API, Route: dec.Route, Tenant: dec.ActedIn, Realm: dec.Realm, Facts: facts, Kind: dec.CredentialKind,
	})
	return trace, suggestions, err
}

// ForOthers takes out of a trace what is not for everybody who may explain in
// one tenant: to which other tenants the principal belongs.
func ForOthers(t *api.Trace, himself bool) { //nolint:revive // not a switch: who reads
	if t.Tenant != nil && !himself {
		t.Tenant.Members = nil
	}
}

// Advises reports whether suggestions are told: to who may explain the decisions
// of others, and to everybody about himself where the API explains in full.
func (d *Doors) Advises(own bool, name sallyport.APIName) bool { //nolint:revive // not a switch: how far a right goes
	if !own {
		return true
	}
	a := d.Policy().API(name)
	return a != nil && a.Document.Explain == sallyport.ExplainFull
}

// valuesOf finds the path values of a request again.
func (d *Doors) valuesOf(dec *store.Decision) (names, values []string) {
	found, rest := d.Policy().Find(dec.Host, dec.Path)
	if found == nil || found.Name != dec.API {
		return nil, nil
	}
	var m policy.Match
	found.Match(dec.Method, dec.Host, rest, nil, &m)
	return m.Names(), append([]string(nil), m.Values()...)
}

// WayOut returns what would make a request pass that was refused for a reason;
// nothing when no role would help, or the principal is gone. The kind of the
// credential that is wanted matters only where it was what was refused.
func (d *Doors) WayOut(ctx context.Context, id sallyport.PrincipalID, reason sallyport.Reason, want Wanted) ([]api.Suggestion, error) {
	if !roleHelps(reason) {
		return nil, nil
	}
	want.Kind = refusedKind(reason, want.Kind)
	list, err := d.Suggest(ctx, id, want)
	if err != nil && sallyport.KindOf(err) == sallyport.NotFound {
		return nil, nil // he is gone since then
	}
	return list, err
}

func roleHelps(reason sallyport.Reason) bool {
	return slices.Contains([]sallyport.Reason{sallyport.PermissionMissing, sallyport.RealmForbidden, sallyport.ConditionUnmet, sallyport.KindForbidden}, reason)
}

// Again says what would be decided now on a request that was refused for want of
// a right: with the same scopes, from the same address. asked is false where it
// cannot be told, as for a credential that was not good or a principal who is
// gone.
func (d *Doors) Again(ctx context.Context, dec *store.Decision, trace *api.Trace) (reason sallyport.Reason, asked bool, err error) {
	if dec.Allowed || dec.Principal == "" || !roleHelps(dec.Reason) {
		return "", false, nil
	}
	target := (&url.URL{Path: dec.Path}).EscapedPath()
	if a := d.Policy().API(dec.API); a != nil && a.Document.Host != "" {
		target = "http://" + dec.Host + target
	}
	s := &Supposition{Principal: dec.Principal, Trial: policy.Trial{
		Method: dec.Method, Target: target, Time: d.now(), Tenant: dec.ActedIn, Realm: dec.Realm, Kind: dec.CredentialKind,
	}}
	s.Client, _ = netip.ParseAddr(dec.Address)
	if trace.Credential != nil && trace.Credential.Scopes != nil {
		s.Limited, s.Scopes = true, trace.Credential.Scopes
	}
	now, _, err := d.Try(ctx, s)
	if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
		return "", false, err
	}
	return now.Reason, err == nil, nil // who is gone cannot be asked about
}
