package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/store"
)

// Apply makes things as a policy says, all or nothing. It needs what [Service.Plan]
// needs, [PolicyWrite] in the same tenants, and for each change the right to make
// it alone: nobody hands out by a file what he could not hand out otherwise. It
// is refused if a test fails, or if the changes are not those of the
// fingerprint.
func (s *Service) Apply(ctx context.Context, a Actor, in api.PolicyRequest) (plan api.Plan, err error) {
	err = s.change(ctx, a, func(w *work) error {
		p, err := w.planPolicy(ctx, in, PolicyWrite, PolicyRead)
		if err != nil {
			return err
		}
		plan = p.onWire()
		if err := p.ready(&plan); err != nil {
			return err
		}
		plan.Applied = true
		return p.run(ctx)
	})
	if err != nil {
		plan = api.Plan{}
	}
	return plan, err
}

// ready checks that a plan can be carried out.
func (p *planner) ready(plan *api.Plan) error {
	if p.name == "" {
		return sallyport.ErrInvalid("policy", "policy is missing; name the policy, which owns what it makes")
	}
	if p.in.Fingerprint != "" && p.in.Fingerprint != plan.Fingerprint {
		return &sallyport.Error{
			Kind: sallyport.Changed, Field: "fingerprint",
			Message: "something was changed since the plan was made, and the changes would be others now; make a new plan",
		}
	}
	var failed []error
	for i, t := range p.tests {
		if !t.OK && len(failed) < maxFaults {
			failed = append(failed, sallyport.ErrConflict(at("tests", i), fmt.Sprintf("a test fails, so nothing is applied: %s; got %s", t.Expect, t.Got)))
		}
	}
	return errors.Join(failed...)
}

// run carries the plan out.
func (p *planner) run(ctx context.Context) error {
	if len(p.steps) == 0 && len(p.gone) == 0 {
		return nil
	}
	w := p.work
	w.actor.Once = nil
	mounts := slices.ContainsFunc(p.steps, func(s step) bool { return s.item.kind == kindAPI && s.Action != actionDelete })
	err := w.guarded(ctx, func() error {
		for i, s := range p.steps {
			if err := p.step(ctx, s); err != nil {
				return err
			}
			// From here on things can be named that were mounted just now.
			last := i+1 == len(p.steps) || p.steps[i+1].item.kind != kindAPI
			if mounts && s.item.kind == kindAPI && s.Action != actionDelete && last {
				if err := w.redraft(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.keep(ctx); err != nil {
		return err
	}
	return w.write(ctx, p.place(), "policy.apply", thing{"policy", p.name, p.name}, nil, p.summary())
}

// step makes one change, and says which one it was if that cannot be.
func (p *planner) step(ctx context.Context, s step) error {
	if s.do == nil {
		return nil
	}
	if s.item.kind == kindAPI {
		if err := p.mayAPIs(APIsWrite); err != nil {
			return err
		}
	}
	err := s.do(ctx, p.work)
	e, ok := errors.AsType[*sallyport.Error](err)
	if !ok || e.Kind == sallyport.Unavailable || e.Kind == sallyport.Internal {
		return err
	}
	told := *e
	told.Message = fmt.Sprintf("cannot %s the %s %s: %s", s.Action, s.Kind, quoted(s.Name), e.Message)
	told.Field = ""
	return &told
}

// place is the tenant whose trail tells that the policy was applied: the one in
// which all of it happened.
func (p *planner) place() sallyport.TenantID {
	for i, s := range p.steps {
		if s.item.kind == kindTenant || i > 0 && s.item.tenant != p.steps[0].item.tenant {
			return sallyport.EveryTenant
		}
	}
	if len(p.steps) == 0 {
		return sallyport.EveryTenant
	}
	return p.steps[0].item.tenant
}

// keep writes down what the policy owns from now on.
func (p *planner) keep(ctx context.Context) error {
	var items []store.PolicyItem
	for _, s := range p.steps {
		if s.Action == actionDelete {
			p.gone = append(p.gone, s.item)
			continue
		}
		items = append(items, store.PolicyItem{Kind: s.item.kind, Tenant: s.item.tenant, ID: s.item.id, Policy: p.name})
	}
	if err := p.tx.KeepPolicyItems(ctx, items); err != nil {
		return err
	}
	for _, item := range p.gone {
		if err := p.tx.DropPolicyItem(ctx, item.tenant, item.kind, item.id); err != nil {
			return err
		}
	}
	return nil
}

// summary is the policy in the audit trail: each change has an entry of its own.
func (p *planner) summary() map[string]any {
	counts := map[string]any{"tests": len(p.tests)}
	for _, s := range p.steps {
		n, _ := counts[s.Action].(int)
		counts[s.Action] = n + 1
	}
	return counts
}
