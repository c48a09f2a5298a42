package itadvisor

import (
	"database/sql"
	"fmt"
	"net/http"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// getAssetCustomer answers the customer who rents an asset.
func (s *Service) getAssetCustomer(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	a, err := loadAsset(r.Context(), s.db, id)
	if err != nil {
		return err
	}
	if a.Customer == "" {
		return web.NotFound("asset %s belongs to no customer", id)
	}
	c, err := loadCustomer(r.Context(), s.db, a.Customer)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, c)
}

// putAssetCustomer lets an asset to the customer of the body's customerId.
func (s *Service) putAssetCustomer(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Customer string `json:"customerId"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	customer, err := parseID("customerId", in.Customer)
	if err != nil {
		return err
	}
	return s.relate(w, r, customer)
}

func (s *Service) deleteAssetCustomer(w http.ResponseWriter, r *http.Request) error {
	return s.relate(w, r, "")
}

// relate sets or, for an empty customer, ends the relation of an asset.
func (s *Service) relate(w http.ResponseWriter, r *http.Request, customer string) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var a Asset
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		if a, err = loadAsset(r.Context(), tx, id); err != nil {
			return err
		}
		note := "The relation to a customer was ended"
		if customer != "" {
			c, err := loadCustomer(r.Context(), tx, customer)
			if err != nil {
				return err
			}
			note = fmt.Sprintf("Let to customer %q", c.Name)
		}
		if _, err := tx.ExecContext(r.Context(), `UPDATE ita_asset SET customer = $1 WHERE id = $2`, null(customer), id); err != nil {
			return fmt.Errorf("relate asset: %w", err)
		}
		a.Customer = customer
		return s.record(r, tx, "ASSET_CHANGE", id, note)
	})
	if err != nil {
		return err
	}
	if customer == "" {
		return web.NoContent(w)
	}
	return web.JSON(w, http.StatusOK, a)
}
