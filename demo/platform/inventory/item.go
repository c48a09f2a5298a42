package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// An Item is one kind of thing in stock.
type Item struct {
	ID        string    `json:"id"`
	SKU       string    `json:"sku"`
	Name      string    `json:"name"`
	Category  string    `json:"category"`
	Warehouse string    `json:"warehouse_id"`
	Quantity  int64     `json:"quantity"`
	Price     int64     `json:"price_cents"`
	Version   int64     `json:"version"`
	Created   time.Time `json:"created_at"`
	Updated   time.Time `json:"updated_at"`
	Editor    string    `json:"updated_by"`
}

// itemInput is what a caller may write. A pointer tells an absent member from
// an empty one, so that one type serves POST, PUT and PATCH.
type itemInput struct {
	SKU       *string `json:"sku"`
	Name      *string `json:"name"`
	Category  *string `json:"category"`
	Warehouse *string `json:"warehouse_id"`
	Quantity  *int64  `json:"quantity"`
	Price     *int64  `json:"price_cents"`
}

const (
	itemColumns = `id, sku, name, category, warehouse, quantity, price, version, created, updated, editor`
	insertItem  = `INSERT INTO inv_item (` + itemColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	selectItem  = `SELECT ` + itemColumns + ` FROM inv_item WHERE id = $1`
	updateItem  = `
		UPDATE inv_item SET sku = $1, name = $2, category = $3, warehouse = $4, quantity = $5, price = $6,
			version = version + 1, updated = $7, editor = $8
		WHERE id = $9 AND version = $10`
	deleteItem = `DELETE FROM inv_item WHERE id = $1 AND version = $2`
	itemFilter = `
		FROM inv_item
		WHERE ($1 = '' OR name LIKE $2 ESCAPE '\' OR sku LIKE $2 ESCAPE '\')
			AND ($3 = '' OR category = $3)
			AND ($4 = '' OR warehouse = $4)
			AND ($5 < 0 OR quantity <= $5)`
)

func scanItem(r storage.Row) (Item, error) {
	var it Item
	var created, updated int64
	err := r.Scan(&it.ID, &it.SKU, &it.Name, &it.Category, &it.Warehouse, &it.Quantity, &it.Price, &it.Version, &created, &updated, &it.Editor)
	it.Created, it.Updated = storage.Time(created), storage.Time(updated)
	return it, err
}

// orders maps the values of the parameter sort to SQL. The id makes each
// order total, so that paging neither skips nor repeats.
var orders = map[string]string{
	"name": "name, id", "-name": "name DESC, id", "sku": "sku", "-sku": "sku DESC",
	"quantity": "quantity, id", "-quantity": "quantity DESC, id",
	"updated_at": "updated, id", "-updated_at": "updated DESC, id",
}

func (s *Service) listItems(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r)
	if err != nil {
		return err
	}
	below, err := web.Int(r, "max_quantity", -1, 0, 1<<31-1)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	order, sort := "id", q.Get("sort")
	if sort != "" {
		if order = orders[sort]; order == "" {
			return web.BadField("sort", "must be name, sku, quantity or updated_at, with - in front for descending order")
		}
	}
	args := []any{q.Get("q"), storage.Like(q.Get("q")), q.Get("category"), q.Get("warehouse_id"), below}
	total, err := storage.Count(r.Context(), s.db, `SELECT count(*)`+itemFilter, args...)
	if err != nil {
		return fmt.Errorf("count items: %w", err)
	}
	items, err := storage.All(r.Context(), s.db, scanItem,
		`SELECT `+itemColumns+itemFilter+` ORDER BY `+order+` LIMIT $6 OFFSET $7`, append(args, limit, offset)...)
	if err != nil {
		return fmt.Errorf("list items: %w", err)
	}
	return web.JSON(w, http.StatusOK, list[Item]{items, total, limit, offset})
}

func (s *Service) item(ctx context.Context, id string) (Item, error) {
	it, err := storage.One(ctx, s.db, scanItem, selectItem, id)
	return it, missing(err, "item", id)
}

func (s *Service) getItem(w http.ResponseWriter, r *http.Request) error {
	it, err := s.item(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if tag := etag(it); r.Header.Get("If-None-Match") == tag {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return answer(w, http.StatusOK, it)
}

func (s *Service) createItem(w http.ResponseWriter, r *http.Request) error {
	var in itemInput
	if err := web.DecodeStrict(w, r, &in); err != nil {
		return err
	}
	now := s.now()
	it := Item{
		ID: "itm-" + uuid.NewString(), Version: 1, Editor: web.CallerOf(r).Name(),
		Created: now.UTC().Truncate(time.Microsecond), Updated: now.UTC().Truncate(time.Microsecond),
	}
	if err := in.replace(&it); err != nil {
		return err
	}
	_, err := s.db.ExecContext(r.Context(), insertItem, it.ID, it.SKU, it.Name, it.Category, it.Warehouse,
		it.Quantity, it.Price, it.Version, storage.Micros(now), storage.Micros(now), it.Editor)
	if err != nil {
		return itemConflict(err, it)
	}
	w.Header().Set("Location", "/inventory/items/"+it.ID)
	return answer(w, http.StatusCreated, it)
}

func (s *Service) replaceItem(w http.ResponseWriter, r *http.Request) error {
	var in itemInput
	if err := web.DecodeStrict(w, r, &in); err != nil {
		return err
	}
	return s.change(w, r, in.replace)
}

// patchItem is a JSON merge patch (RFC 7396). No member of an item may be
// absent, so null is refused rather than removing one.
func (s *Service) patchItem(w http.ResponseWriter, r *http.Request) error {
	body, err := web.Body(w, r)
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := web.Unmarshal(body, &members); err != nil {
		return err
	}
	for name, v := range members {
		if string(v) == "null" {
			return web.BadField(name, "cannot be removed")
		}
	}
	var in itemInput
	if err := web.UnmarshalStrict(body, &in); err != nil {
		return err
	}
	return s.change(w, r, in.apply)
}

// change edits the item that the path names and stores it unless someone else
// was faster.
func (s *Service) change(w http.ResponseWriter, r *http.Request, edit func(*Item) error) error {
	it, err := s.item(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := precondition(r, it); err != nil {
		return err
	}
	if err := edit(&it); err != nil {
		return err
	}
	editor := web.CallerOf(r).Name()
	ok, err := storage.Changed(s.db.ExecContext(r.Context(), updateItem, it.SKU, it.Name, it.Category, it.Warehouse,
		it.Quantity, it.Price, storage.Micros(s.now()), editor, it.ID, it.Version))
	if err != nil {
		return itemConflict(err, it)
	}
	if !ok {
		return changedMeanwhile(it.ID)
	}
	if it, err = s.item(r.Context(), it.ID); err != nil {
		return err
	}
	return answer(w, http.StatusOK, it)
}

func (s *Service) deleteItem(w http.ResponseWriter, r *http.Request) error {
	it, err := s.item(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := precondition(r, it); err != nil {
		return err
	}
	ok, err := storage.Changed(s.db.ExecContext(r.Context(), deleteItem, it.ID, it.Version))
	if err != nil {
		return fmt.Errorf("delete item: %w", err)
	}
	if !ok {
		return changedMeanwhile(it.ID)
	}
	return web.NoContent(w)
}

var skuPattern = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{1,31}$`)

// replace sets every member of it; sku, name and warehouse_id are required.
func (in itemInput) replace(it *Item) error {
	empty, zero := "", int64(0)
	general := "general"
	for _, required := range []**string{&in.SKU, &in.Name, &in.Warehouse} {
		if *required == nil {
			*required = &empty
		}
	}
	if in.Category == nil {
		in.Category = &general
	}
	if in.Quantity == nil {
		in.Quantity = &zero
	}
	if in.Price == nil {
		in.Price = &zero
	}
	return in.apply(it)
}

// apply checks the members that are present and sets them in it.
func (in itemInput) apply(it *Item) error {
	for _, f := range []struct {
		name string
		from *string
		to   *string
		max  int
	}{
		{"sku", in.SKU, &it.SKU, 32},
		{"name", in.Name, &it.Name, 120},
		{"category", in.Category, &it.Category, 40},
		{"warehouse_id", in.Warehouse, &it.Warehouse, 64},
	} {
		if f.from == nil {
			continue
		}
		v, err := web.Text(f.name, *f.from, 1, f.max)
		if err != nil {
			return err
		}
		*f.to = v
	}
	if !skuPattern.MatchString(it.SKU) {
		return web.BadField("sku", "must be 2 to 32 capital letters, digits and dashes")
	}
	for _, f := range []struct {
		name string
		from *int64
		to   *int64
	}{{"quantity", in.Quantity, &it.Quantity}, {"price_cents", in.Price, &it.Price}} {
		if f.from == nil {
			continue
		}
		if *f.from < 0 || *f.from > 1_000_000_000 {
			return web.BadField(f.name, "must be between 0 and 1000000000")
		}
		*f.to = *f.from
	}
	return nil
}

func etag(it Item) string { return fmt.Sprintf(`"%d"`, it.Version) }

// precondition obeys If-Match (RFC 9110 section 13.1.1) when it is sent.
func precondition(r *http.Request, it Item) error {
	want := strings.Join(r.Header.Values("If-Match"), ",")
	if want == "" {
		return nil
	}
	for tag := range strings.SplitSeq(want, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(it) {
			return nil
		}
	}
	return &web.Error{Status: http.StatusPreconditionFailed, Message: "the item is at version " + etag(it) + " now; read it again"}
}

func changedMeanwhile(id string) error {
	return web.Conflict("item %q was changed by someone else meanwhile; read it again", id)
}

func itemConflict(err error, it Item) error {
	switch {
	case storage.IsDuplicate(err):
		return web.Conflict("sku: another item has %q", it.SKU)
	case storage.IsReference(err):
		return web.BadField("warehouse_id", "no warehouse %q", it.Warehouse)
	}
	return fmt.Errorf("write item: %w", err)
}

func answer(w http.ResponseWriter, status int, it Item) error {
	w.Header().Set("ETag", etag(it))
	return web.JSON(w, status, it)
}
