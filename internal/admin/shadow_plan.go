package admin

import (
	"context"
	"encoding/json"

	"github.com/sallyport/sallyport/api"
)

// draftOf returns the draft of a shadow, as it would be applied. It needs what it
// takes to stop the shadow.
func (s *Service) draftOf(ctx context.Context, a Actor, id string) (in api.PolicyRequest, err error) {
	err = s.look(ctx, a, func(w *work) error {
		sh, err := w.shadow(ctx, id, PolicyWrite)
		if err != nil {
			return err
		}
		in.Adopt = sh.Adopt
		return json.Unmarshal([]byte(sh.Draft), &in.Policy)
	})
	return in, err
}

// PlanShadow works out what [Service.PromoteShadow] would change now. It needs
// what it takes to stop the shadow, and what it takes to plan the policy; see
// [Service.Plan].
func (s *Service) PlanShadow(ctx context.Context, a Actor, id string) (plan api.Plan, err error) {
	in, err := s.draftOf(ctx, a, id)
	if err != nil {
		return plan, err
	}
	return s.Plan(ctx, a, in)
}
