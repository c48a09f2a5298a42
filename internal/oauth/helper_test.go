package oauth_test

import (
	"context"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// encode writes a form in the order in which it is given.
func encode(fields []string) string {
	var pairs []string
	for i := 0; i+1 < len(fields); i += 2 {
		pairs = append(pairs, url.QueryEscape(fields[i])+"="+url.QueryEscape(fields[i+1]))
	}
	return strings.Join(pairs, "&")
}

// endEverything ends all that a user signed in with.
func (k *kit) endEverything(id sallyport.PrincipalID) {
	k.T.Helper()
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePrincipal, string(id))
		ended, err := tx.EndEverythingOf(ctx, id, "test")
		for _, f := range ended.Families {
			tx.Note(sallyport.ChangeCredential, string(f))
		}
		if err != nil {
			return err
		}
		return tx.AdvanceEpoch(ctx, doorstest.Tenant, id)
	})
}

// tenant makes a second tenant.
func (k *kit) tenant(name string) sallyport.TenantID {
	k.T.Helper()
	id := sallyport.TenantID(doorstest.NewID())
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		return tx.InsertTenant(ctx, &sallyport.Tenant{ID: id, Name: name, State: sallyport.Active})
	})
	return id
}

func sallyportName(name string) sallyport.APIName { return sallyport.APIName(name) }

// endTenant deactivates a tenant.
func (k *kit) endTenant(id sallyport.TenantID) {
	k.T.Helper()
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		there, err := tx.Tenant(ctx, id)
		if err != nil {
			return err
		}
		there.State = sallyport.Deactivated
		return tx.UpdateTenant(ctx, &there, there.Version)
	})
}
