package inventory

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Warehouse is a place that keeps items.
type Warehouse struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	City     string `json:"city"`
	Country  string `json:"country"`
	Capacity int64  `json:"capacity"`
}

// warehouseInput is what a caller may write.
type warehouseInput struct {
	Name     string `json:"name"`
	City     string `json:"city"`
	Country  string `json:"country"`
	Capacity int64  `json:"capacity"`
}

const (
	warehouseColumns = `id, name, city, country, capacity`
	insertWarehouse  = `INSERT INTO inv_warehouse (` + warehouseColumns + `) VALUES ($1, $2, $3, $4, $5)`
	selectWarehouse  = `SELECT ` + warehouseColumns + ` FROM inv_warehouse WHERE id = $1`
	updateWarehouse  = `UPDATE inv_warehouse SET name = $1, city = $2, country = $3, capacity = $4 WHERE id = $5`
)

func scanWarehouse(r storage.Row) (Warehouse, error) {
	var v Warehouse
	return v, r.Scan(&v.ID, &v.Name, &v.City, &v.Country, &v.Capacity)
}

func (s *Service) warehouse(ctx context.Context, id string) (Warehouse, error) {
	v, err := storage.One(ctx, s.db, scanWarehouse, selectWarehouse, id)
	return v, missing(err, "warehouse", id)
}

func (s *Service) listWarehouses(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r)
	if err != nil {
		return err
	}
	total, err := storage.Count(r.Context(), s.db, `SELECT count(*) FROM inv_warehouse`)
	if err != nil {
		return fmt.Errorf("count warehouses: %w", err)
	}
	all, err := storage.All(r.Context(), s.db, scanWarehouse,
		`SELECT `+warehouseColumns+` FROM inv_warehouse ORDER BY name LIMIT $1 OFFSET $2`, limit, offset)
	if err != nil {
		return fmt.Errorf("list warehouses: %w", err)
	}
	return web.JSON(w, http.StatusOK, list[Warehouse]{all, total, limit, offset})
}

func (s *Service) getWarehouse(w http.ResponseWriter, r *http.Request) error {
	v, err := s.warehouse(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

func (s *Service) createWarehouse(w http.ResponseWriter, r *http.Request) error {
	v, err := readWarehouse(w, r, "wh-"+uuid.NewString())
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(r.Context(), insertWarehouse, v.ID, v.Name, v.City, v.Country, v.Capacity); err != nil {
		return warehouseConflict(err, v)
	}
	w.Header().Set("Location", "/inventory/warehouses/"+v.ID)
	return web.JSON(w, http.StatusCreated, v)
}

func (s *Service) replaceWarehouse(w http.ResponseWriter, r *http.Request) error {
	v, err := readWarehouse(w, r, r.PathValue("id"))
	if err != nil {
		return err
	}
	ok, err := storage.Changed(s.db.ExecContext(r.Context(), updateWarehouse, v.Name, v.City, v.Country, v.Capacity, v.ID))
	if err != nil {
		return warehouseConflict(err, v)
	}
	if !ok {
		return web.NotFound("no warehouse %q", v.ID)
	}
	return web.JSON(w, http.StatusOK, v)
}

func (s *Service) deleteWarehouse(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	ok, err := storage.Changed(s.db.ExecContext(r.Context(), `DELETE FROM inv_warehouse WHERE id = $1`, id))
	switch {
	case storage.IsReference(err):
		return web.Conflict("warehouse %q still keeps items; move or delete them first", id)
	case err != nil:
		return fmt.Errorf("delete warehouse: %w", err)
	case !ok:
		return web.NotFound("no warehouse %q", id)
	}
	return web.NoContent(w)
}

var countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)

func readWarehouse(w http.ResponseWriter, r *http.Request, id string) (Warehouse, error) {
	var in warehouseInput
	if err := web.DecodeStrict(w, r, &in); err != nil {
		return Warehouse{}, err
	}
	name, err := web.Text("name", in.Name, 1, 80)
	if err != nil {
		return Warehouse{}, err
	}
	city, err := web.Text("city", in.City, 1, 80)
	if err != nil {
		return Warehouse{}, err
	}
	if !countryPattern.MatchString(in.Country) {
		return Warehouse{}, web.BadField("country", "must be two capital letters (ISO 3166-1)")
	}
	if in.Capacity < 1 || in.Capacity > 1_000_000_000 {
		return Warehouse{}, web.BadField("capacity", "must be between 1 and 1000000000")
	}
	return Warehouse{id, name, city, in.Country, in.Capacity}, nil
}

func warehouseConflict(err error, v Warehouse) error {
	if storage.IsDuplicate(err) {
		return web.Conflict("name: another warehouse is called %q", v.Name)
	}
	return fmt.Errorf("write warehouse: %w", err)
}
