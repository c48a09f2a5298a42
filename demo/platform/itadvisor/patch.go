package itadvisor

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// An operation changes one property of one asset.
type operation struct {
	UUID  string          `json:"uuid"`
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

const (
	maxOperations = 500
	updateAsset   = `
		UPDATE ita_asset SET name = $1, serial = $2, barcode = $3, manufacturer = $4, part = $5, model = $6,
			description = $7, properties = $8, tags = $9
		WHERE id = $10`
)

// patchAsset applies a list of operations to the asset that the path names.
func (s *Service) patchAsset(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	ops, err := readOperations(w, r)
	if err != nil {
		return err
	}
	for i := range ops {
		if ops[i].UUID != "" && !strings.EqualFold(ops[i].UUID, id) {
			return web.BadField(field(i, "uuid"), "is not the asset of the path")
		}
		ops[i].UUID = id
	}
	changed, err := s.apply(r, ops)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, changed[0])
}

// patchAssets applies a list of operations, each of which names its asset.
func (s *Service) patchAssets(w http.ResponseWriter, r *http.Request) error {
	ops, err := readOperations(w, r)
	if err != nil {
		return err
	}
	for i := range ops {
		if ops[i].UUID, err = parseID(field(i, "uuid"), ops[i].UUID); err != nil {
			return err
		}
	}
	changed, err := s.apply(r, ops)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, changed)
}

// readOperations accepts a list of operations or a single one.
func readOperations(w http.ResponseWriter, r *http.Request) ([]operation, error) {
	body, err := web.Body(w, r)
	if err != nil {
		return nil, err
	}
	var ops []operation
	if strings.HasPrefix(strings.TrimSpace(string(body)), "{") {
		ops = make([]operation, 1)
		err = web.Unmarshal(body, &ops[0])
	} else {
		err = web.Unmarshal(body, &ops)
	}
	if err != nil {
		return nil, err
	}
	if len(ops) == 0 || len(ops) > maxOperations {
		return nil, web.Bad("send a list of 1 to %d operations", maxOperations)
	}
	return ops, nil
}

// apply carries out all operations or, when one is wrong, none. It returns
// the assets they changed, in the order of their first operation.
func (s *Service) apply(r *http.Request, ops []operation) ([]Asset, error) {
	ctx := r.Context()
	var order []string
	assets := map[string]*Asset{}
	err := storage.Tx(ctx, s.db, func(tx *sql.Tx) error {
		for i, op := range ops {
			a := assets[op.UUID]
			if a == nil {
				loaded, err := loadAsset(ctx, tx, op.UUID)
				if err != nil {
					return err
				}
				a = &loaded
				assets[op.UUID], order = a, append(order, op.UUID)
			}
			if err := op.apply(i, a); err != nil {
				return err
			}
		}
		for _, id := range order {
			a := assets[id]
			props, tags, err := a.stored()
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, updateAsset, a.Name, a.Serial, a.Barcode, a.Manufacturer, a.Part, a.Model,
				a.Description, props, tags, id); err != nil {
				return fmt.Errorf("change asset: %w", err)
			}
			if err := s.record(r, tx, "ASSET_CHANGE", id, describe(ops, id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]Asset, 0, len(order))
	for _, id := range order {
		out = append(out, *assets[id])
	}
	return out, nil
}

// describe says which properties of the asset id the operations change.
func describe(ops []operation, id string) string {
	var paths []string
	for _, op := range ops {
		if op.UUID == id && !slices.Contains(paths, op.Path) {
			paths = append(paths, op.Path)
		}
	}
	return "Changed " + strings.Join(paths, ", ")
}

// apply changes a. The number i says where the operation stands in its list.
func (op operation) apply(i int, a *Asset) error {
	if !slices.Contains([]string{"add", "remove", "replace"}, op.Op) {
		return web.BadField(field(i, "op"), "must be add, remove or replace")
	}
	value := ""
	if len(op.Value) > 0 && string(op.Value) != "null" {
		if err := json.Unmarshal(op.Value, &value); err != nil {
			return web.BadField(field(i, "value"), "must be a text")
		}
	}
	value, err := web.Text(field(i, "value"), value, 0, 500)
	if err != nil {
		return err
	}
	if name, ok := strings.CutPrefix(op.Path, "/customProperty/"); ok {
		return op.property(i, a, name, value)
	}
	if name, ok := strings.CutPrefix(op.Path, "/tag/"); ok {
		return op.tag(i, a, name)
	}
	to := a.member(op.Path)
	if to == nil {
		return web.BadField(field(i, "path"), "%q is none of /name, /serialNumber, /barcode, /manufacturer, /partNumber, "+
			"/modelName, /description, /customProperty/{name} and /tag/{name}", op.Path)
	}
	if op.Op == "remove" {
		value = ""
	}
	if op.Path == "/name" && value == "" {
		return web.BadField(field(i, "value"), "an asset needs a name")
	}
	*to = value
	return nil
}

// member is the text of a that path names, or nil.
func (a *Asset) member(path string) *string {
	switch path {
	case "/name":
		return &a.Name
	case "/serialNumber":
		return &a.Serial
	case "/barcode":
		return &a.Barcode
	case "/manufacturer":
		return &a.Manufacturer
	case "/partNumber":
		return &a.Part
	case "/modelName":
		return &a.Model
	case "/description":
		return &a.Description
	}
	return nil
}

func (op operation) property(i int, a *Asset, name, value string) error {
	name, err := segment(i, name)
	if err != nil {
		return err
	}
	_, exists := a.Properties[name]
	switch {
	case op.Op != "add" && !exists:
		return web.BadField(field(i, "path"), "the asset has no custom property %q", name)
	case op.Op == "remove":
		delete(a.Properties, name)
		return nil
	case !exists && len(a.Properties) >= 100:
		return web.BadField(field(i, "path"), "the asset has 100 custom properties already")
	}
	if a.Properties == nil {
		a.Properties = map[string]string{}
	}
	a.Properties[name] = value
	return nil
}

// tag adds or removes the tag that the path names; adding it twice is no
// error, and a tag has no value.
func (op operation) tag(i int, a *Asset, name string) error {
	name, err := segment(i, name)
	if err != nil {
		return err
	}
	at, exists := slices.BinarySearch(a.Tags, name)
	switch {
	case op.Op == "remove" && !exists:
		return web.BadField(field(i, "path"), "the asset has no tag %q", name)
	case op.Op == "remove":
		a.Tags = slices.Delete(a.Tags, at, at+1)
	case !exists && len(a.Tags) >= 100:
		return web.BadField(field(i, "path"), "the asset has 100 tags already")
	case !exists:
		a.Tags = slices.Insert(a.Tags, at, name)
	}
	return nil
}

// segment reads the last part of a JSON pointer (RFC 6901 section 4).
func segment(i int, text string) (string, error) {
	if strings.Contains(text, "/") {
		return "", web.BadField(field(i, "path"), "write ~1 for / in a name")
	}
	return web.Text(field(i, "path"), strings.NewReplacer("~1", "/", "~0", "~").Replace(text), 1, 100)
}

func field(i int, name string) string { return fmt.Sprintf("[%d].%s", i, name) }

// check validates an asset that a caller wants to add.
func (a *Asset) check() error {
	if _, ok := parents[a.Type]; !ok {
		return web.BadField("type", "%q is no type of asset; GET /api/current/assets/types lists them", a.Type)
	}
	if a.Parent != "" {
		id, err := parseID("parentId", a.Parent)
		if err != nil {
			return err
		}
		a.Parent = id
	}
	if a.Position < 0 || a.Position > 1000 {
		return web.BadField("position", "must be between 0 and 1000")
	}
	for _, path := range []string{"/name", "/serialNumber", "/barcode", "/manufacturer", "/partNumber", "/modelName", "/description"} {
		least, to := 0, a.member(path)
		if path == "/name" {
			least = 1
		}
		v, err := web.Text(path[1:], *to, least, 500)
		if err != nil {
			return err
		}
		*to = v
	}
	return a.checkExtras()
}

func (a *Asset) checkExtras() error {
	if len(a.Properties) > 100 || len(a.Tags) > 100 {
		return web.Bad("an asset has at most 100 custom properties and 100 tags")
	}
	for name, value := range a.Properties {
		if _, err := web.Text("customProperties", name, 1, 100); err != nil {
			return err
		}
		if _, err := web.Text("customProperties."+name, value, 0, 500); err != nil {
			return err
		}
	}
	for _, t := range a.Tags {
		if _, err := web.Text("tags", t, 1, 100); err != nil {
			return err
		}
	}
	if a.Properties == nil {
		a.Properties = map[string]string{}
	}
	if a.Tags == nil {
		a.Tags = []string{}
	}
	slices.Sort(a.Tags)
	a.Tags = slices.Compact(a.Tags)
	return nil
}
