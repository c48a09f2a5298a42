package inventory

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Movement is one change of an item's stock.
type Movement struct {
	ID    int64     `json:"id"`
	Item  string    `json:"item_id"`
	Delta int64     `json:"delta"`
	Note  string    `json:"note"`
	Who   string    `json:"who"`
	At    time.Time `json:"at"`
}

const (
	movementColumns = `id, item, delta, note, who, at`
	insertMovement  = `INSERT INTO inv_movement (item, delta, note, who, at) VALUES ($1, $2, $3, $4, $5)`
	listMovements   = `SELECT ` + movementColumns + ` FROM inv_movement WHERE item = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`
	moveStock       = `
		UPDATE inv_item SET quantity = quantity + $1, version = version + 1, updated = $2, editor = $3
		WHERE id = $4`
)

func scanMovement(r storage.Row) (Movement, error) {
	var m Movement
	var at int64
	err := r.Scan(&m.ID, &m.Item, &m.Delta, &m.Note, &m.Who, &at)
	m.At = storage.Time(at)
	return m, err
}

func (s *Service) listMovements(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r)
	if err != nil {
		return err
	}
	it, err := s.item(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	total, err := storage.Count(r.Context(), s.db, `SELECT count(*) FROM inv_movement WHERE item = $1`, it.ID)
	if err != nil {
		return fmt.Errorf("count movements: %w", err)
	}
	ms, err := storage.All(r.Context(), s.db, scanMovement, listMovements, it.ID, limit, offset)
	if err != nil {
		return fmt.Errorf("list movements: %w", err)
	}
	return web.JSON(w, http.StatusOK, list[Movement]{ms, total, limit, offset})
}

// move adds to or takes from the stock of one item. The stock and its record
// change together, and the stock never falls below nothing.
func (s *Service) move(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Delta int64  `json:"delta"`
		Note  string `json:"note"`
	}
	if err := web.DecodeStrict(w, r, &in); err != nil {
		return err
	}
	if in.Delta == 0 || in.Delta < -1_000_000 || in.Delta > 1_000_000 {
		return web.BadField("delta", "must be between -1000000 and 1000000, and not 0")
	}
	note, err := web.Text("note", in.Note, 0, 200)
	if err != nil {
		return err
	}
	id, who, now := r.PathValue("id"), web.CallerOf(r).Name(), storage.Micros(s.now())
	var it Item
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(r.Context(), moveStock, in.Delta, now, who, id); err != nil {
			return fmt.Errorf("move stock: %w", err)
		}
		if it, err = storage.One(r.Context(), tx, scanItem, selectItem, id); err != nil {
			return missing(err, "item", id)
		}
		if it.Quantity < 0 {
			return web.Conflict("delta: only %d in stock", it.Quantity-in.Delta)
		}
		if it.Quantity > 1_000_000_000 {
			return web.BadField("delta", "the stock would exceed 1000000000")
		}
		_, err := tx.ExecContext(r.Context(), insertMovement, id, in.Delta, note, who, now)
		return err
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, it)
}

// movementAfter returns the oldest movement younger than id, and whether
// there is one.
func (s *Service) movementAfter(r *http.Request, id int64) (Movement, bool, error) {
	m, err := storage.One(r.Context(), s.db, scanMovement,
		`SELECT `+movementColumns+` FROM inv_movement WHERE id > $1 ORDER BY id LIMIT 1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Movement{}, false, nil
	}
	return m, err == nil, err
}
