package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of shadows.
const (
	maxShadows      = 5 // that run at a time
	defaultShadow   = 24 * time.Hour
	maxShadow       = 14 * 24 * time.Hour
	keepShadows     = 7 * 24 * time.Hour // after their end
	maxShownShadows = 200                // differences that are shown
	maxReadShadows  = 10_000             // differences that are counted together
)

// StartShadow has a draft of a policy tried on real requests, beside the policy
// in force. It needs [PolicyWrite], [PolicyRead] and, as it tells of the requests
// of others, [DecisionsExplain] in each tenant that the draft is about.
func (s *Service) StartShadow(ctx context.Context, a Actor, in api.NewShadow) (out api.Shadow, err error) {
	if out, err = s.startShadow(ctx, a, in); err == nil {
		s.rouseShadows(ctx)
	}
	return out, err
}

func (s *Service) startShadow(ctx context.Context, a Actor, in api.NewShadow) (api.Shadow, error) {
	return making(ctx, s, a, func(w *work) (out api.Shadow, err error) {
		p, err := w.planPolicy(ctx, api.PolicyRequest{Policy: in.Policy, Adopt: in.Adopt}, PolicyWrite, PolicyRead, DecisionsExplain)
		if err != nil {
			return out, err
		}
		sh, err := w.newShadow(in, slices.Sorted(maps.Keys(p.estate.concerned)))
		if err != nil {
			return out, err
		}
		if id, err := w.repeated(ctx); err != nil || id != "" {
			if err == nil {
				sh, err = w.tx.Shadow(ctx, id)
			}
			return shadowOnWire(&sh, w.now), err
		}
		running := 0
		there, err := w.tx.Shadows(ctx)
		if err != nil {
			return out, err
		}
		for i := range there {
			if there[i].Ends.After(w.now) {
				running++
			}
		}
		if running >= maxShadows {
			return out, sallyport.ErrConflict("", fmt.Sprintf("there are %d shadows that run, which is as many as there can be; stop one", running))
		}
		if err := w.tx.InsertShadow(ctx, &sh); err != nil {
			return out, err
		}
		if err := w.remember(ctx, sh.ID); err != nil {
			return out, err
		}
		return shadowOnWire(&sh, w.now), w.write(ctx, p.placeOfShadow(), "shadow.start", thing{"shadow", sh.ID, sh.Name}, nil,
			map[string]any{"policy": p.name, "ends_at": sh.Ends})
	})
}

// placeOfShadow is the tenant whose trail tells of a shadow.
func (p *planner) placeOfShadow() sallyport.TenantID {
	return placeOf(slices.Collect(maps.Keys(p.estate.concerned)))
}

func placeOf(tenants []sallyport.TenantID) sallyport.TenantID {
	if len(tenants) == 1 {
		return tenants[0]
	}
	return sallyport.EveryTenant
}

// newShadow checks what a shadow is asked to be.
func (w *work) newShadow(in api.NewShadow, tenants []sallyport.TenantID) (sh store.Shadow, err error) {
	life := time.Duration(in.For)
	switch {
	case in.Policy.Policy == "":
		return sh, sallyport.ErrInvalid("policy.policy", "policy is missing; name the policy, which would own what it makes")
	case life == 0:
		life = defaultShadow
	case life < time.Minute || life > maxShadow:
		return sh, sallyport.ErrInvalid("for", "for is out of bounds; from 1m to "+maxShadow.String())
	}
	sh = store.Shadow{Adopt: in.Adopt, Tenants: tenants, Created: w.now, Ends: w.now.Add(life).Truncate(time.Microsecond), Starter: w.who().Name}
	if sh.Name, err = text("name", cmp.Or(in.Name, in.Policy.Policy), maxName); err != nil {
		return sh, err
	}
	in.Policy.Tests = nil // they are played when it is planned
	draft, err := json.Marshal(in.Policy)
	if err != nil {
		return sh, fmt.Errorf("encode the draft: %w", err)
	}
	sh.Draft = string(draft)
	sh.ID, err = newID()
	return sh, err
}

func shadowOnWire(s *store.Shadow, now time.Time) api.Shadow {
	var doc struct{ Policy string }
	_ = json.Unmarshal([]byte(s.Draft), &doc) // it was checked before it was written
	return api.Shadow{
		ID: s.ID, Name: s.Name, Policy: doc.Policy, Tenants: s.Tenants, StartedBy: s.Starter, StartedAt: s.Created, EndsAt: s.Ends,
		Running: s.Ends.After(now) && s.Problem == "", Seen: s.Seen, Compared: s.Compared, Problem: s.Problem,
	}
}

// mayShadow checks that the actor holds permissions in all tenants that a shadow
// is about.
func (w *work) mayShadow(s *store.Shadow, permissions ...sallyport.Permission) error {
	for _, t := range s.Tenants {
		for _, p := range permissions {
			if err := w.may(t, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// Shadows returns the shadows that the actor may see, the oldest first. Those
// that ended are kept for a week.
func (s *Service) Shadows(ctx context.Context, a Actor, p Page) (list List[api.Shadow], err error) {
	err = s.look(ctx, a, func(w *work) error {
		all, err := w.tx.Shadows(ctx)
		if err != nil {
			return err
		}
		var seen []api.Shadow
		for i := range all {
			if w.mayShadow(&all[i], PolicyRead, DecisionsExplain) == nil {
				seen = append(seen, shadowOnWire(&all[i], w.now))
			}
		}
		list, err = pages(w, p, []string{"shadows"}, func(p store.Page) ([]api.Shadow, string, error) { return slicePage(seen, p) })
		return err
	})
	return list, err
}

// shadow returns a shadow if the actor holds permissions where it is about.
func (w *work) shadow(ctx context.Context, id string, permissions ...sallyport.Permission) (store.Shadow, error) {
	sh, err := w.tx.Shadow(ctx, id)
	gone := sallyport.ErrNotFound("there is no such shadow that you may see")
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound && err != nil:
		return sh, gone
	case err != nil:
		return sh, err
	case w.mayShadow(&sh, PolicyRead, DecisionsExplain) != nil:
		return sh, gone
	}
	return sh, w.mayShadow(&sh, permissions...)
}

// Shadow returns what a draft would change. It needs [PolicyRead] and
// [DecisionsExplain] in each tenant that the draft is about.
func (s *Service) Shadow(ctx context.Context, a Actor, id string) (out api.ShadowReport, err error) {
	if err := s.flushShadows(ctx); err != nil {
		return out, err
	}
	err = s.look(ctx, a, func(w *work) error {
		sh, err := w.shadow(ctx, id)
		if err != nil {
			return err
		}
		list, err := w.tx.Differences(ctx, id, maxReadShadows)
		out = reportOf(&sh, list, w.now)
		return err
	})
	return out, err
}

// reportOf sums up differences.
func reportOf(sh *store.Shadow, list []store.ShadowDifference, now time.Time) api.ShadowReport {
	out := api.ShadowReport{Shadow: shadowOnWire(sh, now), Differences: []api.ShadowDifference{}}
	clients := map[bool]map[sallyport.PrincipalID]bool{true: {}, false: {}}
	for i := range list {
		d := &list[i]
		total, outcome := &out.WouldAllow, "would_allow"
		if d.Refused {
			total, outcome = &out.WouldRefuse, "would_refuse"
		}
		total.Requests += d.Requests
		if d.Day == store.DayOf(now) {
			total.Today += d.Requests
		}
		clients[d.Refused][d.Principal] = true
		if i < maxShownShadows {
			out.Differences = append(out.Differences, api.ShadowDifference{
				Outcome: outcome, Day: store.DayStart(d.Day), Reason: d.Reason, Principal: d.Principal, Login: d.Login, Tenant: d.Tenant,
				API: d.API, Route: d.Route, Requests: d.Requests, Method: d.Method, Path: d.Path, RequestID: d.RequestID, LastAt: d.Last,
			})
		}
	}
	out.WouldRefuse.Clients, out.WouldAllow.Clients = len(clients[true]), len(clients[false])
	return out
}

// StopShadow ends a shadow; what it found is kept for a week. It needs
// [PolicyWrite] where the draft is about, besides what it takes to see it.
func (s *Service) StopShadow(ctx context.Context, a Actor, id string) error {
	return s.change(ctx, a, func(w *work) error {
		sh, err := w.shadow(ctx, id, PolicyWrite)
		if err != nil {
			return err
		}
		if err := w.tx.EndShadow(ctx, id, w.now); err != nil {
			return err
		}
		return w.write(ctx, placeOf(sh.Tenants), "shadow.stop", thing{"shadow", sh.ID, sh.Name}, nil, nil)
	})
}

// PromoteShadow applies the draft of a shadow, and ends it. It needs what it
// takes to stop it, and what it takes to apply the policy; see [Service.Apply].
func (s *Service) PromoteShadow(ctx context.Context, a Actor, id string) (plan api.Plan, err error) {
	in, err := s.draftOf(ctx, a, id)
	if err != nil {
		return plan, err
	}
	if plan, err = s.Apply(ctx, a, in); err != nil {
		return plan, err
	}
	return plan, s.StopShadow(ctx, a, id)
}
