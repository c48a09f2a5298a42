package truesight

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

const schema = `
CREATE TABLE IF NOT EXISTS tsna_seq (seq INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;
CREATE TABLE IF NOT EXISTS tsna_realm (
	seq         INTEGER PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tsna_device (
	seq     INTEGER PRIMARY KEY,
	realm   INTEGER NOT NULL REFERENCES tsna_realm (seq),
	name    TEXT NOT NULL,
	address TEXT NOT NULL,
	type    TEXT NOT NULL,
	version TEXT NOT NULL,
	UNIQUE (realm, name)
) STRICT;
CREATE TABLE IF NOT EXISTS tsna_group (
	seq         INTEGER PRIMARY KEY,
	realm       INTEGER NOT NULL REFERENCES tsna_realm (seq),
	name        TEXT NOT NULL,
	description TEXT NOT NULL,
	auto        INTEGER NOT NULL,
	UNIQUE (realm, name)
) STRICT;
CREATE TABLE IF NOT EXISTS tsna_group_device (
	grp    INTEGER NOT NULL REFERENCES tsna_group (seq) ON DELETE CASCADE,
	device INTEGER NOT NULL REFERENCES tsna_device (seq) ON DELETE CASCADE,
	PRIMARY KEY (grp, device)
) STRICT;
CREATE TABLE IF NOT EXISTS tsna_group_field (
	grp   INTEGER NOT NULL REFERENCES tsna_group (seq) ON DELETE CASCADE,
	name  TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (grp, name, value)
) STRICT;
CREATE TABLE IF NOT EXISTS tsna_job (
	seq         INTEGER PRIMARY KEY,
	change_id   TEXT NOT NULL,
	description TEXT NOT NULL,
	actions     TEXT NOT NULL, -- JSON array, as it was sent
	steps       INTEGER NOT NULL,
	creator     TEXT NOT NULL,
	created     INTEGER NOT NULL,
	submitted   INTEGER NOT NULL
) STRICT;
`

// installation is the first half of every id.
const installation = "714294386"

// SampleGroup is the id of a group of the realm Default in the sample data.
const SampleGroup = installation + "-4"

func formatID(seq int64) string { return installation + "-" + strconv.FormatInt(seq, 10) }

// next draws a number that was never used in this installation.
func next(ctx context.Context, tx *sql.Tx) (int64, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO tsna_seq DEFAULT VALUES`)
	if err != nil {
		return 0, fmt.Errorf("draw an id: %w", err)
	}
	return res.LastInsertId()
}

var seedRealms = []struct{ name, description string }{
	{"Default", "Production network"},
	{"Lab", "Test benches, no change control"},
	{"Retail", "Branches and stores"},
}

var seedGroups = []struct {
	realm             int
	name, description string
	auto              bool
	site              string
	devices           []int // indexes into seedDevices
}{
	{0, "Core routers", "Backbone of both data centres", false, "Berlin", []int{0, 1, 2}},
	{0, "Firewalls", "Perimeter", false, "Berlin", []int{3, 4}},
	{0, "All Cisco IOS-XE", "Follows the type of a device", true, "", []int{0, 1, 2, 5}},
	{0, "Access switches Lyon", "", false, "Lyon", []int{5, 6}},
	{0, "End of support", "Replace before the end of the year", true, "", []int{6}},
	{1, "Lab routers", "", false, "Lyon", []int{7, 8}},
	{1, "Nightly builds", "", true, "", []int{8}},
	{2, "Store gateways", "One for each store", false, "", []int{9, 10, 11}},
	{2, "Store access points", "", true, "", nil},
}

var seedDevices = []struct {
	realm                        int
	name, address, kind, version string
}{
	{0, "ber-core-01", "10.10.0.1", "Cisco IOS-XE", "17.9.4a"},
	{0, "ber-core-02", "10.10.0.2", "Cisco IOS-XE", "17.9.4a"},
	{0, "lyo-core-01", "10.20.0.1", "Cisco IOS-XE", "17.6.6"},
	{0, "ber-fw-01", "10.10.0.251", "Palo Alto PAN-OS", "11.0.3"},
	{0, "ber-fw-02", "10.10.0.252", "Palo Alto PAN-OS", "11.0.3"},
	{0, "lyo-acc-01", "10.20.1.1", "Cisco IOS-XE", "16.12.8"},
	{0, "lyo-acc-02", "10.20.1.2", "HP ProCurve", "K.16.02"},
	{1, "lab-rtr-01", "192.168.50.1", "Juniper Junos", "22.4R3"},
	{1, "lab-rtr-02", "192.168.50.2", "Juniper Junos", "23.2R1"},
	{2, "store-017-gw", "172.16.17.1", "Fortinet FortiOS", "7.2.7"},
	{2, "store-018-gw", "172.16.18.1", "Fortinet FortiOS", "7.2.7"},
	{2, "store-042-gw", "172.16.42.1", "Fortinet FortiOS", "7.0.14"},
}

// seed fills a fresh database. The realms get the first numbers, then the
// groups, then the devices.
func seed(ctx context.Context, tx *sql.Tx, now time.Time) error {
	put := func(query string, args ...any) (int64, error) {
		seq, err := next(ctx, tx)
		if err != nil {
			return 0, err
		}
		_, err = tx.ExecContext(ctx, query, append([]any{seq}, args...)...)
		return seq, err
	}
	realms := make([]int64, len(seedRealms))
	groups := make([]int64, len(seedGroups))
	devices := make([]int64, len(seedDevices))
	var err error
	for i, r := range seedRealms {
		if realms[i], err = put(insertRealm, r.name, r.description); err != nil {
			return err
		}
	}
	for i, g := range seedGroups {
		if groups[i], err = put(insertGroup, realms[g.realm], g.name, g.description, g.auto); err != nil {
			return err
		}
		if g.site == "" {
			continue
		}
		if _, err = tx.ExecContext(ctx, insertField, groups[i], "Site", g.site); err != nil {
			return err
		}
	}
	for i, d := range seedDevices {
		if devices[i], err = put(insertDevice, realms[d.realm], d.name, d.address, d.kind, d.version); err != nil {
			return err
		}
	}
	for i, g := range seedGroups {
		for _, d := range g.devices {
			if _, err = tx.ExecContext(ctx, insertMember, groups[i], devices[d]); err != nil {
				return err
			}
		}
	}
	_, err = put(insertJob, "CRQ000000104233", "Snapshot of the core before the upgrade",
		`[{"@class":"com.bmc.bcan.rest.services.v1_0.JobService$SnapshotActionDTO"}]`, 1, "import",
		storage.Micros(now.Add(-48*time.Hour)), storage.Micros(now.Add(-47*time.Hour)))
	return err
}
