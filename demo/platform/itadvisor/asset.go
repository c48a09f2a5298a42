package itadvisor

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// An Asset is a location, a room, a rack or a piece of equipment. Racks stand
// in rooms, rooms belong to locations.
type Asset struct {
	ID           string            `json:"id"`
	Parent       string            `json:"parentId,omitempty"`
	Type         string            `json:"type"`
	Name         string            `json:"name"`
	Serial       string            `json:"serialNumber"`
	Barcode      string            `json:"barcode"`
	Manufacturer string            `json:"manufacturer"`
	Part         string            `json:"partNumber"`
	Model        string            `json:"modelName"`
	Description  string            `json:"description"`
	Customer     string            `json:"customerId,omitempty"`
	Properties   map[string]string `json:"customProperties"`
	Tags         []string          `json:"tags"`
	Position     int               `json:"position"`

	Children []Asset `json:"children,omitempty"`       // asked for with include=children
	Path     []crumb `json:"navigationPath,omitempty"` // asked for with include=navigation_path
}

// A crumb is one step from a location down to an asset.
type crumb struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// parents says what each type of asset may stand in; "" is nothing.
var parents = map[string][]string{
	"LOCATION": {"", "LOCATION"},
	"ROOM":     {"LOCATION"},
	"CAGE":     {"ROOM"},
	"RACK":     {"ROOM", "CAGE"},
	"SERVER":   {"RACK"},
	"SWITCH":   {"RACK"},
	"PDU":      {"RACK", "ROOM"},
	"UPS":      {"RACK", "ROOM"},
	"SENSOR":   {"RACK", "ROOM"},
}

const (
	assetColumns = `id, coalesce(parent, ''), type, name, serial, barcode, manufacturer, part, model, description,
		coalesce(customer, ''), properties, tags, position`
	insertAsset = `
		INSERT INTO ita_asset (id, parent, type, name, serial, barcode, manufacturer, part, model, description,
			customer, properties, tags, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	selectAsset = `SELECT ` + assetColumns + ` FROM ita_asset WHERE id = $1 AND ($2 = '' OR id IN (` + atLocation + `$2))`
	assetFilter = `
		FROM ita_asset
		WHERE ($1 OR parent IS NULL OR $2 <> '' OR id = $4) AND ($2 = '' OR customer = $2) AND ($3 = '' OR type = $3)
			AND ($4 = '' OR id IN (` + atLocation + `$4))`
	searchAssets = `
		SELECT ` + assetColumns + ` FROM ita_asset
		WHERE ($2 = '' OR id IN (` + atLocation + `$2)) AND (name LIKE $1 ESCAPE '\' OR serial LIKE $1 ESCAPE '\' OR barcode LIKE $1 ESCAPE '\'
			OR model LIKE $1 ESCAPE '\' OR manufacturer LIKE $1 ESCAPE '\' OR tags LIKE $1 ESCAPE '\')
		ORDER BY name, id LIMIT 50`
)

func scanAsset(r storage.Row) (Asset, error) {
	var a Asset
	var props, tags []byte
	if err := r.Scan(&a.ID, &a.Parent, &a.Type, &a.Name, &a.Serial, &a.Barcode, &a.Manufacturer, &a.Part, &a.Model,
		&a.Description, &a.Customer, &props, &tags, &a.Position); err != nil {
		return a, err
	}
	if err := json.Unmarshal(props, &a.Properties); err != nil {
		return a, fmt.Errorf("custom properties of %s: %w", a.ID, err)
	}
	if err := json.Unmarshal(tags, &a.Tags); err != nil {
		return a, fmt.Errorf("tags of %s: %w", a.ID, err)
	}
	return a, nil
}

func loadAsset(ctx context.Context, q storage.Querier, id string) (Asset, error) {
	a, err := storage.One(ctx, q, scanAsset, selectAsset, id, locationOf(ctx))
	return a, missing(err, "asset", id)
}

// listAssets answers the assets at the top of the tree, or with recursive=true
// all of them, or those of one customer.
func (s *Service) listAssets(w http.ResponseWriter, r *http.Request) error {
	recursive, err := web.Bool(r, "recursive")
	if err != nil {
		return err
	}
	customer := r.URL.Query().Get("customer-id")
	if customer != "" {
		if customer, err = parseID("customer-id", customer); err != nil {
			return err
		}
	}
	kind := r.URL.Query().Get("type")
	if kind != "" {
		if _, ok := parents[kind]; !ok {
			return web.BadField("type", "no such type of asset; GET /api/current/assets/types lists them")
		}
	}
	return s.assets(w, r, recursive || kind != "", customer, kind)
}

func (s *Service) listLocations(w http.ResponseWriter, r *http.Request) error {
	return s.assets(w, r, true, "", "LOCATION")
}

// assets answers one page as a bare array, with the total in a header.
func (s *Service) assets(w http.ResponseWriter, r *http.Request, args ...any) error {
	limit, offset, err := page(r, 200)
	if err != nil {
		return err
	}
	args = append(args, locationOf(r.Context()))
	total, err := storage.Count(r.Context(), s.db, `SELECT count(*)`+assetFilter, args...)
	if err != nil {
		return fmt.Errorf("count assets: %w", err)
	}
	all, err := storage.All(r.Context(), s.db, scanAsset,
		`SELECT `+assetColumns+assetFilter+` ORDER BY name, id LIMIT $5 OFFSET $6`, append(args, limit, offset)...)
	if err != nil {
		return fmt.Errorf("list assets: %w", err)
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	return web.JSON(w, http.StatusOK, all)
}

// searchAssets finds at most 50 assets by a text in what identifies them.
func (s *Service) searchAssets(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Text("q", r.URL.Query().Get("q"), 1, 200)
	if err != nil {
		return err
	}
	found, err := storage.All(r.Context(), s.db, scanAsset, searchAssets, storage.Like(q), locationOf(r.Context()))
	if err != nil {
		return fmt.Errorf("search assets: %w", err)
	}
	return web.JSON(w, http.StatusOK, found)
}

func (s *Service) listTypes(w http.ResponseWriter, _ *http.Request) error {
	types := make([]string, 0, len(parents))
	for t := range parents {
		types = append(types, t)
	}
	slices.Sort(types)
	return web.JSON(w, http.StatusOK, types)
}

func (s *Service) getAsset(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	a, err := loadAsset(r.Context(), s.db, id)
	if err != nil {
		return err
	}
	for _, part := range r.URL.Query()["include"] {
		switch part {
		case "children":
			a.Children, err = storage.All(r.Context(), s.db, scanAsset,
				`SELECT `+assetColumns+` FROM ita_asset WHERE parent = $1 ORDER BY position, name`, a.ID)
		case "navigation_path":
			a.Path, err = s.path(r.Context(), a)
		case "custom_properties", "device_links":
			// Properties are always part of an asset here; no devices are linked.
		default:
			err = web.BadField("include", "must be children, custom_properties, device_links or navigation_path")
		}
		if err != nil {
			return err
		}
	}
	return web.JSON(w, http.StatusOK, a)
}

// path is the way from the top of the tree to a, a itself excluded.
func (s *Service) path(ctx context.Context, a Asset) ([]crumb, error) {
	var up []crumb
	for a.Parent != "" && len(up) < 32 && a.ID != locationOf(ctx) {
		p, err := loadAsset(ctx, s.db, a.Parent)
		if err != nil {
			return nil, err
		}
		up = append(up, crumb{p.ID, p.Name, p.Type})
		a = p
	}
	slices.Reverse(up)
	return up, nil
}

// createAsset adds an asset: below the one in the path, else below the
// parentId of the body, else at the top of the tree.
func (s *Service) createAsset(w http.ResponseWriter, r *http.Request) error {
	var a Asset
	if err := web.Decode(w, r, &a); err != nil {
		return err
	}
	if id := r.PathValue("id"); id != "" {
		a.Parent = id
	}
	if err := a.check(); err != nil {
		return err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	a.ID, a.Customer, a.Children, a.Path = id.String(), "", nil, nil
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		if err := fits(r.Context(), tx, a); err != nil {
			return err
		}
		if err := insert(r.Context(), tx, a); err != nil {
			return fmt.Errorf("create asset: %w", err)
		}
		return s.record(r, tx, "ASSET_ADD", a.ID, a.Type+" "+strconv.Quote(a.Name)+" was added")
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/current/assets/"+a.ID)
	return web.JSON(w, http.StatusCreated, a)
}

// fits checks that a may stand where it is to be put.
func fits(ctx context.Context, q storage.Querier, a Asset) error {
	in := ""
	if a.Parent != "" {
		p, err := loadAsset(ctx, q, a.Parent)
		if err != nil {
			return err
		}
		in = p.Type
	}
	if a.Parent == "" && locationOf(ctx) != "" {
		return web.BadField("parentId", "the request is for one location; name where in it the asset stands")
	}
	if slices.Contains(parents[a.Type], in) {
		return nil
	}
	if in == "" {
		return web.BadField("parentId", "a %s needs one", a.Type)
	}
	return web.BadField("parentId", "a %s cannot stand in a %s", a.Type, in)
}

// deleteAsset removes an asset, and with recursive=true all that is in it.
func (s *Service) deleteAsset(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	recursive, err := web.Bool(r, "recursive")
	if err != nil {
		return err
	}
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		a, err := loadAsset(r.Context(), tx, id)
		if err != nil {
			return err
		}
		n, err := storage.Count(r.Context(), tx, `SELECT count(*) FROM ita_asset WHERE parent = $1`, id)
		if err != nil {
			return err
		}
		if n > 0 && !recursive {
			return web.Conflict("%s %q still holds %d assets; remove them first or ask with recursive=true", a.Type, a.Name, n)
		}
		if _, err := tx.ExecContext(r.Context(), `DELETE FROM ita_asset WHERE id = $1`, id); err != nil {
			return fmt.Errorf("delete asset: %w", err)
		}
		return s.record(r, tx, "ASSET_REMOVE", id, a.Type+" "+strconv.Quote(a.Name)+" was removed")
	})
	if err != nil {
		return err
	}
	return web.NoContent(w)
}
