package itadvisor

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Customer rents rooms, racks or equipment.
type Customer struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	External string    `json:"externalId"`
	Email    string    `json:"email"`
	Active   bool      `json:"active"`
	Created  time.Time `json:"created"`
}

// customerInput is what a caller may write; an absent member is nil.
type customerInput struct {
	Name     *string `json:"name"`
	External *string `json:"externalId"`
	Email    *string `json:"email"`
	Active   *bool   `json:"active"`
}

const (
	customerColumns = `id, name, external, email, active, created`
	insertCustomer  = `INSERT INTO ita_customer (` + customerColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`
	selectCustomer  = `SELECT ` + customerColumns + ` FROM ita_customer WHERE id = $1`
	updateCustomer  = `UPDATE ita_customer SET name = $1, external = $2, email = $3, active = $4 WHERE id = $5`
	customerFilter  = `
		FROM ita_customer
		WHERE ($1 = '' OR name LIKE $2 ESCAPE '\' OR external = $1) AND (NOT $3 OR active = 1)`
	// countCustomers follows the tree below one location, or counts all.
	countCustomers = `
		WITH RECURSIVE below (id, customer) AS (
			SELECT id, customer FROM ita_asset WHERE id = $1
			UNION
			SELECT a.id, a.customer FROM ita_asset a JOIN below b ON a.parent = b.id
		)
		SELECT count(*) FROM ita_customer c
		WHERE ($1 = '' OR c.id IN (SELECT customer FROM below))
			AND (NOT $2 OR c.active = 1)
			AND (NOT $3 OR c.id IN (SELECT customer FROM ita_user))`
)

func scanCustomer(r storage.Row) (Customer, error) {
	var c Customer
	var created int64
	err := r.Scan(&c.ID, &c.Name, &c.External, &c.Email, &c.Active, &created)
	c.Created = storage.Time(created)
	return c, err
}

func loadCustomer(ctx context.Context, q storage.Querier, id string) (Customer, error) {
	c, err := storage.One(ctx, q, scanCustomer, selectCustomer, id)
	return c, missing(err, "customer", id)
}

func (s *Service) listCustomers(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r, 100)
	if err != nil {
		return err
	}
	active, err := web.Bool(r, "only-active")
	if err != nil {
		return err
	}
	q := r.URL.Query().Get("q")
	args := []any{q, storage.Like(q), active}
	total, err := storage.Count(r.Context(), s.db, `SELECT count(*)`+customerFilter, args...)
	if err != nil {
		return fmt.Errorf("count customers: %w", err)
	}
	all, err := storage.All(r.Context(), s.db, scanCustomer,
		`SELECT `+customerColumns+customerFilter+` ORDER BY name LIMIT $4 OFFSET $5`, append(args, limit, offset)...)
	if err != nil {
		return fmt.Errorf("list customers: %w", err)
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	return web.JSON(w, http.StatusOK, all)
}

func (s *Service) countCustomers(w http.ResponseWriter, r *http.Request) error {
	location := r.URL.Query().Get("q")
	var err error
	if location != "" {
		if location, err = parseID("q", location); err != nil {
			return err
		}
		if _, err := loadAsset(r.Context(), s.db, location); err != nil {
			return err
		}
	}
	active, err := web.Bool(r, "only-active")
	if err != nil {
		return err
	}
	users, err := web.Bool(r, "only-with-users")
	if err != nil {
		return err
	}
	n, err := storage.Count(r.Context(), s.db, countCustomers, location, active, users)
	if err != nil {
		return fmt.Errorf("count customers: %w", err)
	}
	return web.JSON(w, http.StatusOK, map[string]int{"count": n})
}

func (s *Service) getCustomer(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	c, err := loadCustomer(r.Context(), s.db, id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, c)
}

func (s *Service) createCustomer(w http.ResponseWriter, r *http.Request) error {
	var in customerInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	c := Customer{ID: id.String(), Active: true, Created: s.now().UTC().Truncate(time.Microsecond)}
	if err := in.apply(&c); err != nil {
		return err
	}
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(r.Context(), insertCustomer, c.ID, c.Name, c.External, c.Email, c.Active, storage.Micros(c.Created)); err != nil {
			return customerConflict(err, c)
		}
		return s.record(r, tx, "CUSTOMER_ADD", c.ID, "Customer "+strconv.Quote(c.Name)+" was added")
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/current/customers/"+c.ID)
	return web.JSON(w, http.StatusCreated, c)
}

// putCustomer replaces a customer: what the body leaves out is reset.
func (s *Service) putCustomer(w http.ResponseWriter, r *http.Request) error {
	var in customerInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	return s.changeCustomer(w, r, func(c *Customer) error {
		*c = Customer{ID: c.ID, Active: true, Created: c.Created}
		return in.apply(c)
	})
}

// patchCustomer changes what the body names and keeps the rest.
func (s *Service) patchCustomer(w http.ResponseWriter, r *http.Request) error {
	var in customerInput
	body, err := web.Body(w, r)
	if err != nil {
		return err
	}
	if err := web.Unmarshal(body, &in); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := web.Unmarshal(body, &members); err != nil {
		return err
	}
	if len(members) == 0 {
		return web.Bad("name at least one of name, externalId, email and active")
	}
	return s.changeCustomer(w, r, in.apply)
}

func (s *Service) changeCustomer(w http.ResponseWriter, r *http.Request, edit func(*Customer) error) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var c Customer
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		if c, err = loadCustomer(r.Context(), tx, id); err != nil {
			return err
		}
		if err := edit(&c); err != nil {
			return err
		}
		if _, err := tx.ExecContext(r.Context(), updateCustomer, c.Name, c.External, c.Email, c.Active, c.ID); err != nil {
			return customerConflict(err, c)
		}
		return s.record(r, tx, "CUSTOMER_CHANGE", c.ID, "Customer "+strconv.Quote(c.Name)+" was changed")
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, c)
}

func (s *Service) deleteCustomer(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		c, err := loadCustomer(r.Context(), tx, id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(r.Context(), `DELETE FROM ita_customer WHERE id = $1`, id)
		if storage.IsReference(err) {
			return web.Conflict("customer %q still rents assets; end that first", c.Name)
		}
		if err != nil {
			return fmt.Errorf("delete customer: %w", err)
		}
		return s.record(r, tx, "CUSTOMER_REMOVE", id, "Customer "+strconv.Quote(c.Name)+" was removed")
	})
	if err != nil {
		return err
	}
	return web.NoContent(w)
}

// apply checks the members that are present and sets them in c.
func (in customerInput) apply(c *Customer) error {
	for _, f := range []struct {
		name     string
		from, to *string
		max      int
	}{
		{"name", in.Name, &c.Name, 120},
		{"externalId", in.External, &c.External, 120},
		{"email", in.Email, &c.Email, 254},
	} {
		if f.from == nil {
			continue
		}
		v, err := web.Text(f.name, *f.from, 0, f.max)
		if err != nil {
			return err
		}
		*f.to = v
	}
	if in.Active != nil {
		c.Active = *in.Active
	}
	if c.Name == "" {
		return web.BadField("name", "is required")
	}
	if c.Email != "" && (strings.Count(c.Email, "@") != 1 || strings.HasPrefix(c.Email, "@") || strings.HasSuffix(c.Email, "@")) {
		return web.BadField("email", "%q is not an address", c.Email)
	}
	return nil
}

func customerConflict(err error, c Customer) error {
	if storage.IsDuplicate(err) {
		return web.Conflict("another customer has the name %q or the externalId %q", c.Name, c.External)
	}
	return fmt.Errorf("write customer: %w", err)
}
