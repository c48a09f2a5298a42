package itadvisor

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

const schema = `
CREATE TABLE IF NOT EXISTS ita_customer (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE,
	external TEXT NOT NULL, -- id in the caller's own system, unique unless empty
	email    TEXT NOT NULL,
	active   INTEGER NOT NULL,
	created  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS ita_customer_external ON ita_customer (external) WHERE external <> '';
CREATE TABLE IF NOT EXISTS ita_asset (
	id           TEXT PRIMARY KEY,
	parent       TEXT REFERENCES ita_asset (id) ON DELETE CASCADE,
	type         TEXT NOT NULL,
	name         TEXT NOT NULL,
	serial       TEXT NOT NULL,
	barcode      TEXT NOT NULL,
	manufacturer TEXT NOT NULL,
	part         TEXT NOT NULL,
	model        TEXT NOT NULL,
	description  TEXT NOT NULL,
	customer     TEXT REFERENCES ita_customer (id),
	properties   TEXT NOT NULL, -- JSON object, name to value
	tags         TEXT NOT NULL, -- JSON array, sorted
	position     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ita_asset_parent ON ita_asset (parent);
CREATE INDEX IF NOT EXISTS ita_asset_customer ON ita_asset (customer);
CREATE TABLE IF NOT EXISTS ita_user (
	id       TEXT PRIMARY KEY,
	login    TEXT NOT NULL UNIQUE,
	name     TEXT NOT NULL,
	email    TEXT NOT NULL,
	customer TEXT REFERENCES ita_customer (id) ON DELETE SET NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ita_entry (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	at      INTEGER NOT NULL,
	type    TEXT NOT NULL,
	who     TEXT NOT NULL,
	object  TEXT NOT NULL,
	message TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ita_entry_object ON ita_entry (object);
`

// seedID names a row of the sample data, the same in every installation.
func seedID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:sallyport:demo:itadvisor:"+name)).String()
}

// SampleRack is the id of rack A01 in the sample data.
func SampleRack() string { return seedID("Rack A01") }

// SampleLocations are the names of the locations in the sample data; the sample
// rack is at the first.
func SampleLocations() []string { return []string{"Kolding campus", "Boston colocation"} }

// SampleCustomer is the id of a customer in the sample data.
func SampleCustomer() string { return seedID("Northwind Hosting") }

var seedCustomers = []struct {
	name, external, email string
	active                bool
}{
	{"Northwind Hosting", "c-1001", "dc@northwind.example", true},
	{"Bluefin Retail", "c-1002", "it@bluefin.example", true},
	{"Helios Research", "c-1003", "ops@helios.example", true},
	{"Old Mill Logistics", "c-1004", "admin@oldmill.example", false},
}

var seedUsers = []struct{ login, name, email, customer string }{
	{"apc", "Built-in administrator", "dc-admin@example.com", ""},
	{"jlarsen", "Jette Larsen", "jette.larsen@example.com", ""},
	{"interface", "Integration account", "integration@example.com", ""},
	{"nw-portal", "Portal of Northwind", "portal@northwind.example", "Northwind Hosting"},
	{"bf-portal", "Portal of Bluefin", "portal@bluefin.example", "Bluefin Retail"},
}

// seed fills a fresh database: two locations, four rooms, racks with servers
// and power equipment.
func seed(ctx context.Context, tx *sql.Tx, now time.Time) error {
	for i, c := range seedCustomers {
		created := now.AddDate(0, -6+i, 0)
		if _, err := tx.ExecContext(ctx, insertCustomer, seedID(c.name), c.name, c.external, c.email, c.active, storage.Micros(created)); err != nil {
			return err
		}
	}
	for _, u := range seedUsers {
		var customer any
		if u.customer != "" {
			customer = seedID(u.customer)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ita_user (id, login, name, email, customer) VALUES ($1, $2, $3, $4, $5)`,
			seedID("user "+u.login), u.login, u.name, u.email, customer); err != nil {
			return err
		}
	}
	for _, site := range []struct {
		name  string
		rooms map[string]string // room to the letter of its racks
	}{
		{"Kolding campus", map[string]string{"Server room 1": "A", "Server room 2": "B"}},
		{"Boston colocation", map[string]string{"Hall North": "N", "Hall South": "S"}},
	} {
		loc := Asset{ID: seedID(site.name), Type: "LOCATION", Name: site.name}
		if err := insert(ctx, tx, loc); err != nil {
			return err
		}
		for room, letter := range site.rooms {
			if err := seedRoom(ctx, tx, loc.ID, room, letter); err != nil {
				return err
			}
		}
	}
	for i, e := range seedEntries {
		if _, err := tx.ExecContext(ctx, insertEntry, storage.Micros(now.Add(time.Duration(i-len(seedEntries)+1)*time.Hour)), e.kind, e.who, e.object, e.message); err != nil {
			return err
		}
	}
	return nil
}

// seedEntries are a trail with entries of each kind, the oldest first.
var seedEntries = []struct{ kind, who, object, message string }{
	{"SYSTEM_MAIL_SETTINGS", "apc", "", "The mail server was changed"},
	{"ASSET_ADD", "jlarsen", seedID("Rack B05"), "Rack B05 was added"},
	{"CHANGE_MANAGEMENT_WORK_ORDER", "jlarsen", seedID("Rack B05"), "Work order 17 was closed"},
	{"ALARM_RAISED", "system", seedID("B01-PDU A"), "Load of phase L1 is above 80 %"},
	{"ALARM_REMOVED", "system", seedID("B01-PDU A"), "Load of phase L1 is below 80 %"},
	{"REPORT_CHANGED", "jlarsen", "", "The report Power by room was changed"},
	{"SYSTEM_USER_LOGINS", "apc", "", "apc has logged in"},
	{"USER_MESSAGE", "apc", "", "Maintenance on Sunday from 6 to 8"},
	{"SYSTEM", "system", "", "Sample data was loaded"},
}

func seedRoom(ctx context.Context, tx *sql.Tx, location, name, letter string) error {
	room := Asset{ID: seedID(name), Parent: location, Type: "ROOM", Name: name}
	if err := insert(ctx, tx, room); err != nil {
		return err
	}
	for i := 1; i <= 5; i++ {
		rack := Asset{
			Parent: room.ID, Type: "RACK", Name: fmt.Sprintf("Rack %s%02d", letter, i),
			Serial: fmt.Sprintf("5G%s%06d", letter, 4100+i*37), Barcode: fmt.Sprintf("RK%s%04d", letter, i),
			Manufacturer: "Schneider Electric", Part: "AR3100", Model: "NetShelter SX 42U", Position: i,
			Properties: map[string]string{"Row": letter, "Max load kg": "1360"}, Tags: []string{"production"},
		}
		rack.ID = seedID(rack.Name)
		if i == 5 {
			rack.Tags = []string{"reserve"}
		} else if letter == "N" || letter == "S" {
			rack.Customer = seedID(seedCustomers[i%3].name)
		}
		if err := insert(ctx, tx, rack); err != nil {
			return err
		}
		if err := seedEquipment(ctx, tx, rack); err != nil {
			return err
		}
	}
	return nil
}

func seedEquipment(ctx context.Context, tx *sql.Tx, rack Asset) error {
	for u, e := range []Asset{
		{Type: "PDU", Name: "PDU A", Manufacturer: "APC", Part: "AP8853", Model: "Rack PDU 2G"},
		{Type: "SERVER", Name: "srv-1", Manufacturer: "Dell", Part: "R650", Model: "PowerEdge R650"},
		{Type: "SERVER", Name: "srv-2", Manufacturer: "HPE", Part: "DL380", Model: "ProLiant DL380 Gen10"},
		{Type: "SWITCH", Name: "tor", Manufacturer: "Cisco", Part: "N9K-C93180", Model: "Nexus 93180YC-FX"},
	} {
		e.Parent, e.Position = rack.ID, 1+u*4
		e.Name = rack.Name[len("Rack "):] + "-" + e.Name
		e.ID, e.Serial = seedID(e.Name), "SN-"+seedID("serial " + e.Name)[:8]
		if err := insert(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// insert stores a new asset.
func insert(ctx context.Context, q storage.Querier, a Asset) error {
	props, tags, err := a.stored()
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, insertAsset, a.ID, null(a.Parent), a.Type, a.Name, a.Serial, a.Barcode, a.Manufacturer,
		a.Part, a.Model, a.Description, null(a.Customer), props, tags, a.Position)
	return err
}

// stored is what the two JSON columns hold.
func (a Asset) stored() (properties, tags string, err error) {
	if a.Properties == nil {
		a.Properties = map[string]string{}
	}
	if a.Tags == nil {
		a.Tags = []string{}
	}
	p, err := json.Marshal(a.Properties)
	if err != nil {
		return "", "", err
	}
	t, err := json.Marshal(a.Tags)
	return string(p), string(t), err
}

// null is text for a column that refers to another row, NULL when empty.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}
