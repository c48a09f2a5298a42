package edgeintel

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// An AssetType says how the assets of one kind are reached and what they
// measure.
type AssetType struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Connection string          `json:"connectionType"`
	Config     json.RawMessage `json:"config"`
	Model      json.RawMessage `json:"dataModel"`
	Created    int64           `json:"createdTime"` // milliseconds since 1970
	Creator    string          `json:"createdBy"`
}

// typeInput is what a caller may write; an absent member is nil.
type typeInput struct {
	Name       *string         `json:"name"`
	Connection *string         `json:"connectionType"`
	Config     json.RawMessage `json:"config"`
	Model      json.RawMessage `json:"dataModel"`
}

// connections are the ways in which an asset can be reached.
var connections = []string{
	"EIPCIP", "MODBUS_TCP", "MODBUS_SERIAL", "MQTT", "NTCIP1202", "NTCIP1203", "NTCIP1204", "OPC_UA", "RSU", "SERIAL",
}

const (
	typeColumns = `id, name, connection, config, model, created, creator`
	insertType  = `
		INSERT INTO ei_asset_type (tenant, id, name, connection, config, model, created, creator)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	selectType = `SELECT ` + typeColumns + ` FROM ei_asset_type WHERE tenant = $1 AND id = $2`
	updateType = `UPDATE ei_asset_type SET name = $1, connection = $2, config = $3, model = $4 WHERE tenant = $5 AND id = $6`
	deleteType = `DELETE FROM ei_asset_type WHERE tenant = $1 AND id = $2`
	typeFilter = `
		FROM ei_asset_type
		WHERE tenant = $1 AND ($2 = '' OR name LIKE $3 ESCAPE '\' OR connection LIKE $3 ESCAPE '\')
			AND ($4 = '' OR name = $4) AND ($5 = '' OR connection = $5)`
)

func scanType(r storage.Row) (AssetType, error) {
	var t AssetType
	var config, model string
	err := r.Scan(&t.ID, &t.Name, &t.Connection, &config, &model, &t.Created, &t.Creator)
	t.Config, t.Model, t.Created = json.RawMessage(config), json.RawMessage(model), storage.Time(t.Created).UnixMilli()
	return t, err
}

func loadType(ctx context.Context, q storage.Querier, tenant, id string) (AssetType, error) {
	t, err := storage.One(ctx, q, scanType, selectType, tenant, id)
	return t, missing(err, "asset type", id)
}

func (s *Service) listTypes(w http.ResponseWriter, r *http.Request, tenant string) error {
	info, err := readPage(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	args := []any{tenant, q.Get("search"), storage.Like(q.Get("search")), q.Get("name"), q.Get("connectionType")}
	if info.Total, err = storage.Count(r.Context(), s.db, `SELECT count(*)`+typeFilter, args...); err != nil {
		return fmt.Errorf("count asset types: %w", err)
	}
	types, err := storage.All(r.Context(), s.db, scanType, `SELECT `+typeColumns+typeFilter+` ORDER BY name LIMIT $6 OFFSET $7`,
		append(args, info.Size, info.skip())...)
	if err != nil {
		return fmt.Errorf("list asset types: %w", err)
	}
	info.Count = len(types)
	return web.JSON(w, http.StatusOK, struct {
		Types []AssetType `json:"assetTypes"`
		Page  pageInfo    `json:"pageinfo"`
	}{types, info})
}

func (s *Service) getType(w http.ResponseWriter, r *http.Request, tenant string) error {
	t, err := loadType(r.Context(), s.db, tenant, r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, t)
}

// named is what the product answers to a change.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Service) createType(w http.ResponseWriter, r *http.Request, tenant string) error {
	var in typeInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	t := AssetType{ID: id.String(), Creator: web.CallerOf(r).Name()}
	if err := in.replace(&t); err != nil {
		return err
	}
	_, err = s.db.ExecContext(r.Context(), insertType, tenant, t.ID, t.Name, t.Connection, string(t.Config), string(t.Model),
		storage.Micros(s.now()), t.Creator)
	if err != nil {
		return typeConflict(err, t)
	}
	w.Header().Set("Location", "/nbapi/ei/v1/assetTypes/"+t.ID)
	return web.JSON(w, http.StatusCreated, named{t.ID, t.Name})
}

func (s *Service) replaceType(w http.ResponseWriter, r *http.Request, tenant string) error {
	return s.changeType(w, r, tenant, typeInput.replace)
}

func (s *Service) patchType(w http.ResponseWriter, r *http.Request, tenant string) error {
	return s.changeType(w, r, tenant, typeInput.apply)
}

func (s *Service) changeType(w http.ResponseWriter, r *http.Request, tenant string, edit func(typeInput, *AssetType) error) error {
	var in typeInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	var t AssetType
	err := storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		var err error
		if t, err = loadType(r.Context(), tx, tenant, r.PathValue("id")); err != nil {
			return err
		}
		if err := edit(in, &t); err != nil {
			return err
		}
		if _, err := tx.ExecContext(r.Context(), updateType, t.Name, t.Connection, string(t.Config), string(t.Model), tenant, t.ID); err != nil {
			return typeConflict(err, t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, named{t.ID, t.Name})
}

func (s *Service) deleteType(w http.ResponseWriter, r *http.Request, tenant string) error {
	id := r.PathValue("id")
	ok, err := storage.Changed(s.db.ExecContext(r.Context(), deleteType, tenant, id))
	if err != nil {
		return fmt.Errorf("delete asset type: %w", err)
	}
	if !ok {
		return web.NotFound("no asset type %q in this tenant", id)
	}
	return web.NoContent(w)
}

// replace sets every member of t; name and connectionType are required.
func (in typeInput) replace(t *AssetType) error {
	if in.Name == nil {
		return web.BadField("name", "is required")
	}
	if in.Connection == nil {
		return web.BadField("connectionType", "is required")
	}
	t.Config, t.Model = json.RawMessage("{}"), json.RawMessage("{}")
	return in.apply(t)
}

// apply checks the members that are present and sets them in t.
func (in typeInput) apply(t *AssetType) error {
	if in.Name != nil {
		v, err := web.Text("name", *in.Name, 1, 120)
		if err != nil {
			return err
		}
		t.Name = v
	}
	if in.Connection != nil {
		if !slices.Contains(connections, *in.Connection) {
			return web.BadField("connectionType", "must be one of %s", strings.Join(connections, ", "))
		}
		t.Connection = *in.Connection
	}
	for _, f := range []struct {
		name string
		from json.RawMessage
		to   *json.RawMessage
	}{{"config", in.Config, &t.Config}, {"dataModel", in.Model, &t.Model}} {
		if f.from == nil {
			continue
		}
		var b bytes.Buffer
		if err := json.Compact(&b, f.from); err != nil || b.Len() == 0 || b.Bytes()[0] != '{' {
			return web.BadField(f.name, "must be a JSON object")
		}
		if b.Len() > 64<<10 {
			return web.BadField(f.name, "is longer than 65536 bytes")
		}
		*f.to = b.Bytes()
	}
	return nil
}

func typeConflict(err error, t AssetType) error {
	if storage.IsDuplicate(err) {
		return web.Conflict("name: the tenant has an asset type %q", t.Name)
	}
	return fmt.Errorf("write asset type: %w", err)
}
