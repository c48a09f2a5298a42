package demo

import (
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// draftName is what the draft is called that is tried in the demonstration.
const draftName = "narrower"

// draft has a draft tried on what the cast does: what if the account for bills
// were no administrator any more?
func (s *stage) draft() error {
	list, err := s.Admin.Shadows(s.ctx, actor, admin.Page{Limit: 200})
	if err != nil {
		return err
	}
	for _, there := range list.Items {
		if there.Name == draftName && there.Running {
			return nil
		}
	}
	_, err = s.Admin.StartShadow(s.ctx, actor, api.NewShadow{
		Name: draftName, Adopt: true, For: sallyport.Duration(14 * 24 * time.Hour),
		Policy: api.Policy{
			Policy: draftName, Tenant: tenantMain,
			Bindings: []api.PolicyBinding{{User: "billing", Role: "ita-administrator", State: sallyport.Deactivated}},
		},
	})
	if err != nil {
		return fmt.Errorf("try a draft: %w", err)
	}
	return nil
}
