package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// An Overview is how things stand in a tenant, or in the whole installation. What
// the actor may not see is left out.
type Overview struct {
	Refusals []store.RefusalCount

	Expiring []Expiring // tokens and keys, the next one first; needs [TokensRead] and [KeysRead]
	More     bool       // there are more than are listed
	Expires  bool       // whether Expiring is there

	Newest sallyport.Revision // in the store
	Nodes  []store.Node       // by name; of the whole installation alone
}

// An Expiring is a token or an API key that ends soon.
type Expiring struct {
	sallyport.Credential
	Acts sallyport.Principal // whom it acts as; only the id, if the actor may not look at it by [Service.ViewCredential]
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
		ending, err := w.expiring(ctx, tenant, in)
		if err != nil {
			return err
		}
		o.More = len(ending) > in.Most
		for _, c := range ending[:min(len(ending), in.Most)] {
			acts, err := w.actsAs(ctx, &c)
			if err != nil {
				return err
			}
			o.Expiring = append(o.Expiring, Expiring{c, acts})
		}
		return nil
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

// actsAs returns whom a token or an API key acts as, if the actor may look at it.
func (w *work) actsAs(ctx context.Context, c *sallyport.Credential) (sallyport.Principal, error) {
	_, _, err := w.readable(ctx, c.ID)
	if err == nil {
		var record *policy.Record
		if record, err = w.identity(ctx, c.Owner); err == nil {
			return record.Principal, nil
		}
	}
	if kind := sallyport.KindOf(err); kind == sallyport.Refused || kind == sallyport.NotFound {
		err = nil // he is gone, or not for the actor to see
	}
	return sallyport.Principal{ID: c.Owner}, err
}
