package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// An Overview is how things stand in a tenant, or in the whole installation. What
// the actor may not see is left out.
type Overview struct {
	Refusals []store.RefusalCount

	Expiring []sallyport.Credential // tokens and keys, the next one first; needs [TokensRead] and [KeysRead]
	More     bool                   // there are more than are listed
	Expires  bool                   // whether Expiring is there

	Newest sallyport.Revision // in the store
	Nodes  []store.Node       // by name; of the whole installation alone
}

// maxNodes is how many nodes an overview tells of.
const maxNodes = 100

// Look asks for an [Overview].
type Look struct {
	Since    time.Time     // refusals from then on
	Expiring time.Duration // what expires within that time
	Most     int           // how much of it is listed
}

// Overview returns how things stand in a tenant, or in the whole installation when
// it is empty. It needs [DecisionsExplain] there.
func (s *Service) Overview(ctx context.Context, a Actor, tenant sallyport.TenantID, in Look) (o Overview, err error) {
	if s.c.Settle != nil {
		if err := s.c.Settle(ctx); err != nil {
			return o, err
		}
	}
	if o.Newest, err = s.c.Store.Revision(ctx); err != nil {
		return o, err
	}
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayList(tenant, DecisionsExplain); err != nil {
			return err
		}
		if o.Refusals, err = w.refusalCounts(ctx, tenant, in.Since); err != nil {
			return err
		}
		if tenant == "" {
			if o.Nodes, err = w.tx.Nodes(ctx, maxNodes); err != nil {
				return err
			}
		}
		o.Expires = w.mayList(tenant, TokensRead) == nil && w.mayList(tenant, KeysRead) == nil
		if !o.Expires {
			return nil
		}
		o.Expiring, err = w.expiring(ctx, tenant, in)
		o.More = len(o.Expiring) > in.Most
		o.Expiring = o.Expiring[:min(len(o.Expiring), in.Most)]
		return err
	})
	return o, err
}

func (w *work) refusalCounts(ctx context.Context, tenant sallyport.TenantID, since time.Time) ([]store.RefusalCount, error) {
	if tenant == "" {
		return w.tx.EveryRefusalCount(ctx, since)
	}
	return w.tx.RefusalCounts(ctx, tenant, since)
}

// expiring returns one more than is asked for, if there is one.
func (w *work) expiring(ctx context.Context, tenant sallyport.TenantID, in Look) ([]sallyport.Credential, error) {
	if tenant == "" {
		return w.tx.EveryExpiring(ctx, w.now, w.now.Add(in.Expiring), in.Most+1)
	}
	return w.tx.Expiring(ctx, tenant, w.now, w.now.Add(in.Expiring), in.Most+1)
}
