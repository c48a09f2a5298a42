package inventory

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

const schema = `
CREATE TABLE IF NOT EXISTS inv_warehouse (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE,
	city     TEXT NOT NULL,
	country  TEXT NOT NULL,
	capacity INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS inv_item (
	id        TEXT PRIMARY KEY,
	sku       TEXT NOT NULL UNIQUE,
	name      TEXT NOT NULL,
	category  TEXT NOT NULL,
	warehouse TEXT NOT NULL REFERENCES inv_warehouse (id),
	quantity  INTEGER NOT NULL,
	price     INTEGER NOT NULL, -- cents
	version   INTEGER NOT NULL,
	created   INTEGER NOT NULL,
	updated   INTEGER NOT NULL,
	editor    TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS inv_item_warehouse ON inv_item (warehouse);
CREATE TABLE IF NOT EXISTS inv_movement (
	id    INTEGER PRIMARY KEY AUTOINCREMENT,
	item  TEXT NOT NULL REFERENCES inv_item (id) ON DELETE CASCADE,
	delta INTEGER NOT NULL,
	note  TEXT NOT NULL,
	who   TEXT NOT NULL,
	at    INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS inv_movement_item ON inv_movement (item, id);
`

// The ids of an item and a warehouse that a fresh database holds.
const (
	SampleItem      = "itm-0001"
	SampleWarehouse = "wh-ber"
)

var seedWarehouses = []Warehouse{
	{ID: "wh-ber", Name: "Berlin Adlershof", City: "Berlin", Country: "DE", Capacity: 4000},
	{ID: "wh-lyo", Name: "Lyon Part-Dieu", City: "Lyon", Country: "FR", Capacity: 2500},
	{ID: "wh-aus", Name: "Austin North", City: "Austin", Country: "US", Capacity: 6000},
}

var seedItems = []struct {
	sku, name, category, warehouse string
	quantity, price                int64
}{
	{"PDU-16A-C13", "Rack PDU 16 A, 24 outlets C13", "power", "wh-ber", 42, 38900},
	{"PDU-32A-C19", "Rack PDU 32 A, 12 outlets C19", "power", "wh-ber", 17, 61200},
	{"UPS-3KVA-RT", "UPS 3 kVA rack and tower", "power", "wh-lyo", 6, 184500},
	{"UPS-BAT-72V", "Battery module 72 V", "power", "wh-lyo", 23, 49900},
	{"RACK-42U-600", "Rack 42U, 600 x 1070 mm", "racks", "wh-ber", 9, 119000},
	{"RACK-48U-750", "Rack 48U, 750 x 1200 mm", "racks", "wh-aus", 4, 164000},
	{"BLANK-1U-10", "Blanking panel 1U, 10 pieces", "racks", "wh-aus", 310, 2400},
	{"SHELF-1U-F", "Fixed shelf 1U", "racks", "wh-lyo", 58, 3900},
	{"CBL-CAT6A-2", "Patch cable Cat 6A, 2 m", "cabling", "wh-ber", 940, 520},
	{"CBL-CAT6A-5", "Patch cable Cat 6A, 5 m", "cabling", "wh-ber", 615, 790},
	{"CBL-OM4-LC-3", "Fibre OM4 LC-LC, 3 m", "cabling", "wh-aus", 402, 1450},
	{"CBL-OS2-LC-10", "Fibre OS2 LC-LC, 10 m", "cabling", "wh-aus", 188, 2100},
	{"CBL-DAC-100G-1", "DAC 100G QSFP28, 1 m", "cabling", "wh-lyo", 74, 6900},
	{"SFP-10G-SR", "Transceiver 10GBASE-SR", "optics", "wh-aus", 133, 4200},
	{"SFP-25G-LR", "Transceiver 25GBASE-LR", "optics", "wh-aus", 61, 18900},
	{"QSFP-100G-CWDM4", "Transceiver 100G CWDM4", "optics", "wh-ber", 28, 47500},
	{"SW-48P-10G", "Switch, 48 ports 10G", "network", "wh-lyo", 5, 612000},
	{"SW-24P-1G-POE", "Switch, 24 ports 1G PoE", "network", "wh-lyo", 14, 98000},
	{"RTR-EDGE-2", "Edge router, 2 WAN ports", "network", "wh-aus", 11, 142000},
	{"SRV-1U-32C", "Server 1U, 32 cores, 256 GB", "compute", "wh-ber", 7, 718000},
	{"SRV-2U-64C", "Server 2U, 64 cores, 512 GB", "compute", "wh-aus", 3, 1249000},
	{"SSD-NVME-4T", "NVMe SSD 4 TB", "compute", "wh-ber", 86, 41900},
	{"DIMM-64G-D5", "DIMM DDR5 64 GB", "compute", "wh-ber", 120, 28900},
	{"SENS-TEMP-RH", "Temperature and humidity sensor", "sensors", "wh-lyo", 67, 11900},
	{"SENS-LEAK-6", "Leak detection rope, 6 m", "sensors", "wh-lyo", 19, 16900},
	{"SENS-DOOR-2", "Door contact, pair", "sensors", "wh-aus", 44, 4900},
	{"CAM-IP-DOME", "Camera, dome, PoE", "sensors", "wh-aus", 22, 23900},
	{"TOOL-TORX-SET", "Torx driver set", "tools", "wh-ber", 31, 3500},
	{"TOOL-LIFT-200", "Server lift, 200 kg", "tools", "wh-ber", 1, 389000},
	{"LABEL-CBL-500", "Cable labels, 500 pieces", "tools", "wh-lyo", 150, 1900},
}

// seed fills a fresh database. The items are dated over the weeks before now,
// so that sorting and the movements have something to show.
func seed(ctx context.Context, tx *sql.Tx, now time.Time) error {
	for _, w := range seedWarehouses {
		if _, err := tx.ExecContext(ctx, insertWarehouse, w.ID, w.Name, w.City, w.Country, w.Capacity); err != nil {
			return err
		}
	}
	for i, it := range seedItems {
		id := fmt.Sprintf("itm-%04d", i+1)
		at := storage.Micros(now.Add(-time.Duration(len(seedItems)-i) * 26 * time.Hour))
		if _, err := tx.ExecContext(ctx, insertItem, id, it.sku, it.name, it.category, it.warehouse, it.quantity, it.price, 1, at, at, "import"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertMovement, id, it.quantity, "initial stock", "import", at); err != nil {
			return err
		}
	}
	return nil
}
