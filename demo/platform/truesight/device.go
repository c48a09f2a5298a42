package truesight

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Device is a router, switch or firewall of one realm.
type Device struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Address string    `json:"address"`
	Type    string    `json:"deviceType"`
	Version string    `json:"osVersion"`
	Realm   reference `json:"realmId"`

	seq int64
}

const (
	insertDevice  = `INSERT INTO tsna_device (seq, realm, name, address, type, version) VALUES ($1, $2, $3, $4, $5, $6)`
	deviceColumns = `
		SELECT d.seq AS seq, d.name AS name, d.address AS address, d.type, d.version, r.seq, r.name AS realm
		FROM tsna_device d JOIN tsna_realm r ON r.seq = d.realm`
	selectDevice = deviceColumns + ` WHERE d.seq = $1 AND ($2 = 'null' OR r.name IN (SELECT value FROM json_each($2)))`
	listDevices  = deviceColumns + `
		WHERE ($1 = '' OR d.name LIKE $1 ESCAPE '\') AND ($2 = '' OR d.name LIKE $2 ESCAPE '\')
			AND ($3 = '' OR r.name = $3) AND ($4 = 'null' OR r.name IN (SELECT value FROM json_each($4))) AND ($5 = '' OR d.address = $5)
		ORDER BY `
)

func scanDevice(r storage.Row) (Device, error) {
	var d Device
	var realm int64
	err := r.Scan(&d.seq, &d.Name, &d.Address, &d.Type, &d.Version, &realm, &d.Realm.Name)
	d.ID, d.Realm.ID, d.Realm.Type = formatID(d.seq), formatID(realm), "Realm"
	return d, err
}

func loadDevice(ctx context.Context, q storage.Querier, in limit, id string) (Device, error) {
	d, err := storage.One(ctx, q, scanDevice, selectDevice, sequence(id), string(in))
	return d, missing(err, "Device", id)
}

func (s *Service) listDevices(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := page(r)
	if err != nil {
		return err
	}
	by, err := order(r, map[string]string{"name": "name", "realm": "realm", "address": "address"})
	if err != nil {
		return err
	}
	q := r.URL.Query()
	all, err := storage.All(r.Context(), s.db, scanDevice, listDevices+by+` LIMIT $6 OFFSET $7`,
		storage.Wildcard(q.Get("query")), storage.Wildcard(q.Get("filter.name")), q.Get("filter.realm"),
		string(limitOf(r)), q.Get("filter.address"), limit, skip)
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	return web.JSON(w, http.StatusOK, all)
}

func (s *Service) getDevice(w http.ResponseWriter, r *http.Request) error {
	d, err := loadDevice(r.Context(), s.db, limitOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, d)
}

// createDevice puts a device into the realm that the body names.
func (s *Service) createDevice(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name    string   `json:"name"`
		Address string   `json:"address"`
		Type    string   `json:"deviceType"`
		Version string   `json:"osVersion"`
		Realm   realmRef `json:"realmId"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return invalid("Device", err)
	}
	d := Device{Name: in.Name, Address: in.Address, Type: in.Type, Version: in.Version}
	if err := d.check(); err != nil {
		return invalid("Device", err)
	}
	err := storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		realm, err := target(r.Context(), tx, r, in.Realm)
		if err != nil {
			return invalid("Device", err)
		}
		seq, err := next(r.Context(), tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(r.Context(), insertDevice, seq, sequence(realm.ID), d.Name, d.Address, d.Type, d.Version)
		if storage.IsDuplicate(err) {
			return invalid("Device", web.BadField("name", "the realm has a device %q", d.Name))
		}
		if err != nil {
			return fmt.Errorf("create device: %w", err)
		}
		d, err = loadDevice(r.Context(), tx, everyRealm, formatID(seq))
		return err
	})
	if err != nil {
		return err
	}
	return created(w, r, "devices", d.ID, d)
}

func (d *Device) check() error {
	var err error
	if d.Name, err = componentName(d.Name); err != nil {
		return err
	}
	if d.Address, err = web.Text("address", d.Address, 0, 253); err != nil {
		return err
	}
	if d.Type, err = web.Text("deviceType", d.Type, 0, 80); err != nil {
		return err
	}
	d.Version, err = web.Text("osVersion", d.Version, 0, 80)
	return err
}

func (s *Service) deleteDevice(w http.ResponseWriter, r *http.Request) error {
	err := storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		d, err := loadDevice(r.Context(), tx, limitOf(r), r.PathValue("id"))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(r.Context(), `DELETE FROM tsna_device WHERE seq = $1`, d.seq)
		return err
	})
	if err != nil {
		return err
	}
	return web.NoContent(w)
}
