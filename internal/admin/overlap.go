package admin

import (
	"context"

	"github.com/sallyport/sallyport"
)

// EndTokenOverlap ends the overlap after a renewal at once: the secrets before the
// newest stop working, and with them what was begun with the token. It needs what [Service.RenewToken] needs.
func (s *Service) EndTokenOverlap(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64) (out sallyport.Credential, err error) {
	err = s.changeToken(ctx, a, id, ifVersion, func(w *work, c sallyport.Credential, home sallyport.TenantID) error {
		out, err = w.endOverlap(ctx, c, ifVersion)
		if err != nil {
			return err
		}
		return w.write(ctx, home, "token.end_overlap", credentialThing(c), nil, nil)
	})
	return out, err
}

// EndKeyOverlap is [Service.EndTokenOverlap] for an API key. It needs what
// [Service.RenewKey] needs.
func (s *Service) EndKeyOverlap(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64) (out sallyport.Credential, err error) {
	err = s.changeKey(ctx, a, tenant, id, ifVersion, func(w *work, c sallyport.Credential) error {
		out, err = w.endOverlap(ctx, c, ifVersion)
		if err != nil {
			return err
		}
		return w.write(ctx, tenant, "key.end_overlap", credentialThing(c), nil, nil)
	})
	return out, err
}

func (w *work) endOverlap(ctx context.Context, c sallyport.Credential, ifVersion int64) (sallyport.Credential, error) {
	if err := w.tx.EndOverlap(ctx, c.Tenant, c.ID, ifVersion); err != nil {
		return c, err
	}
	if err := w.endBegunWith(ctx, c.ID); err != nil {
		return c, err
	}
	return w.tx.Credential(ctx, c.Tenant, c.ID)
}
