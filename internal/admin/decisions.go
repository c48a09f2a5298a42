package admin

import (
	"context"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// A DecisionFilter chooses among decisions; what is empty does not matter.
type DecisionFilter struct {
	store.DecisionFilter
	Tenant     sallyport.TenantID // whose history; empty: the actor's own requests
	Everywhere bool               // the whole installation's instead
}

// Decision returns the decision that was taken on a request. Everybody may see
// those on his own requests; own says that this is how far the actor's right
// goes. Others need [DecisionsExplain] in the tenant of the decision. Of one that
// the actor may not see he is told that there is none.
func (s *Service) Decision(ctx context.Context, a Actor, requestID string) (d store.Decision, own bool, err error) {
	err = s.settled(ctx, func() error {
		return s.look(ctx, a, func(w *work) (err error) {
			if d, err = w.tx.DecisionByID(ctx, requestID); err != nil {
				return unlessGone(err)
			}
			refusal := w.may(d.Tenant, DecisionsExplain)
			if own = refusal != nil; !own {
				return nil
			}
			if w.actor.is(d.Principal) {
				return w.history()
			}
			return errNoDecision()
		})
	})
	if err != nil {
		return store.Decision{}, false, err
	}
	return d, own, nil
}

func unlessGone(err error) error {
	if sallyport.KindOf(err) == sallyport.NotFound {
		return errNoDecision()
	}
	return err
}

func errNoDecision() error {
	return sallyport.ErrNotFound("there is no decision on this request that you may see; refusals are kept for a day, " +
		"of what was allowed a sample, and those of others need the permission " + string(DecisionsExplain))
}

// settled runs a look and, if it finds nothing, once more when this node has
// written down what it decided a moment ago.
func (s *Service) settled(ctx context.Context, look func() error) error {
	err := look()
	if s.c.Settle == nil || err == nil || sallyport.KindOf(err) != sallyport.NotFound {
		return err
	}
	if err := s.c.Settle(ctx); err != nil {
		return err
	}
	return look()
}

// history checks that the actor may look at what his own requests came to.
func (w *work) history() error {
	for _, limit := range w.limits {
		own := slices.ContainsFunc(limit.Scopes, func(s string) bool {
			return s == string(ManagementAPI) || s == ScopeSelf || s == ScopeRead || s == ScopeWrite
		})
		if !own {
			return w.itself() // which says what is missing
		}
	}
	return nil
}

// Decisions returns decisions that are kept, newest first, without traces: with
// a tenant those of its history, which needs [DecisionsExplain] there; with
// Everywhere all, which needs it in every tenant; else those on the actor's own
// requests.
func (s *Service) Decisions(ctx context.Context, a Actor, f DecisionFilter, p Page) (list List[store.Decision], err error) {
	if s.c.Settle != nil && p.Cursor == "" {
		if err := s.c.Settle(ctx); err != nil {
			return list, err
		}
	}
	err = s.look(ctx, a, func(w *work) (err error) {
		switch {
		case f.Everywhere:
			if err := w.mayList("", DecisionsExplain); err != nil {
				return err
			}
		case f.Tenant == "":
			if w.principal == nil || f.Principal != "" && !w.actor.is(f.Principal) {
				return sallyport.ErrInvalid("tenant", "say in which tenant, or leave the principal out for your own requests")
			}
			if err := w.history(); err != nil {
				return err
			}
		default:
			if err := w.mayList(f.Tenant, DecisionsExplain); err != nil {
				return err
			}
		}
		place := []string{
			"decisions", string(f.Tenant), string(f.Principal), string(f.API), string(f.Reason), f.Outcome, f.Since.String(), f.Until.String(),
			f.Credential, f.Address, strconv.FormatBool(f.Everywhere),
		}
		list, err = pages(w, p, place, func(p store.Page) ([]store.Decision, string, error) {
			switch {
			case f.Everywhere:
				return w.tx.EveryDecision(ctx, f.DecisionFilter, p)
			case f.Tenant == "":
				return w.tx.DecisionsOf(ctx, w.actor.Principal.ID, f.DecisionFilter, p)
			}
			return w.tx.Decisions(ctx, f.Tenant, f.DecisionFilter, p)
		})
		return err
	})
	return list, err
}
