package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
)

// Audit returns entries of the trail, newest first: those of a tenant, or of the
// whole installation when it is empty, and that reading is written down itself.
// It needs [AuditRead] in the tenant, or in every tenant.
func (s *Service) Audit(ctx context.Context, a Actor, tenant sallyport.TenantID, f store.AuditFilter, p Page) (list List[store.AuditRow], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayList(tenant, AuditRead); err != nil {
			return err
		}
		place := []string{"audit", string(tenant), string(f.Actor), f.Action, f.Target, f.RequestID, f.From.String(), f.Until.String()}
		list, err = pages(w, p, place, func(p store.Page) ([]store.AuditRow, string, error) {
			if tenant == "" {
				return w.tx.EveryAudit(ctx, f, p)
			}
			return w.tx.Audit(ctx, tenant, f, p)
		})
		return err
	})
	if err != nil || tenant != "" || p.Cursor != "" || a.IsSystem() {
		return list, err
	}
	return list, s.noted(ctx, a, "audit.read")
}

// noted writes down that the actor looked at the whole trail.
func (s *Service) noted(ctx context.Context, a Actor, action string) error {
	return s.change(ctx, a, func(w *work) error {
		return w.write(ctx, sallyport.EveryTenant, action, thing{"audit", "", ""}, nil, nil)
	})
}

// VerifyAudit walks the trail of the whole installation and reports where it is
// not as it was written; see [audit.Verify]. It needs [AuditRead] in every
// tenant.
func (s *Service) VerifyAudit(ctx context.Context, a Actor, from, to int64, progress func(seen int64)) (audit.Report, error) {
	err := s.look(ctx, a, func(w *work) error { return w.may(sallyport.EveryTenant, AuditRead) })
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(ctx, s.c.Store, from, to, progress)
}
