package edgeintel

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

const schema = `
CREATE TABLE IF NOT EXISTS ei_tenant (
	id      TEXT PRIMARY KEY,
	created INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ei_agent (
	tenant     TEXT NOT NULL REFERENCES ei_tenant (id),
	id         TEXT NOT NULL,
	label      TEXT NOT NULL,
	serial     TEXT NOT NULL,
	model      TEXT NOT NULL,
	broker     TEXT NOT NULL,
	assets     INTEGER NOT NULL,
	connection TEXT NOT NULL,
	pipelines  TEXT NOT NULL,
	created    INTEGER NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT;
CREATE TABLE IF NOT EXISTS ei_asset_type (
	tenant     TEXT NOT NULL REFERENCES ei_tenant (id),
	id         TEXT NOT NULL,
	name       TEXT NOT NULL,
	connection TEXT NOT NULL,
	config     TEXT NOT NULL, -- JSON object
	model      TEXT NOT NULL, -- JSON object
	created    INTEGER NOT NULL,
	creator    TEXT NOT NULL,
	PRIMARY KEY (tenant, id),
	UNIQUE (tenant, name)
) STRICT;
`

var seedAgents = []struct {
	label, model, broker  string
	assets                int
	connection, pipelines string
}{
	{"press-line-1", "IR1101-K9", "2.2.1", 6, "CONNECTED", "RUNNING"},
	{"press-line-2", "IR1101-K9", "2.2.1", 4, "CONNECTED", "RUNNING"},
	{"boiler-house", "IE-3400-8T2S", "2.1.0", 11, "CONNECTED", "DEGRADED"},
	{"crossing-17", "IR829GW-LTE", "2.0.4", 2, "DISCONNECTED", "STOPPED"},
	{"crossing-18", "IR829GW-LTE", "2.0.4", 2, "CONNECTED", "RUNNING"},
	{"warehouse-gate", "IC3000-2C2F-K9", "2.2.1", 1, "CONNECTED", "RUNNING"},
}

var seedTypes = []struct{ name, connection, config, model string }{
	{"Hydraulic press", "OPC_UA", `{"port":4840,"securityPolicy":"Basic256Sha256"}`, `{"fields":{"pressure":{"type":"double","unit":"bar"},"cycles":{"type":"int"}}}`},
	{"Steam boiler", "MODBUS_TCP", `{"port":502,"unitId":1}`, `{"fields":{"temperature":{"type":"double","unit":"C","register":40001}}}`},
	{"Signal controller", "NTCIP1202", `{"port":161,"community":"read-only"}`, `{"fields":{"phase":{"type":"int"}}}`},
	{"Vibration sensor", "MQTT", `{"topic":"plant/+/vibration"}`, `{"fields":{"rms":{"type":"double","unit":"mm/s"}}}`},
}

// seed makes the sample data of one tenant. Its ids follow from the tenant's.
func seed(ctx context.Context, tx *sql.Tx, tenant, name string, now time.Time) error {
	space, err := uuid.Parse(tenant)
	if err != nil {
		return err
	}
	id := func(of string) string { return uuid.NewSHA1(space, []byte(of)).String() }
	prefix := strings.ToLower(strings.ReplaceAll(name, " ", "-"))
	for i, a := range seedAgents {
		label := prefix + "-" + a.label
		created := now.Add(-time.Duration(30*(i+1)) * 24 * time.Hour)
		serial := "FCW" + strings.ToUpper(id("serial " + a.label)[:8])
		if _, err := tx.ExecContext(ctx, insertAgent, tenant, id(a.label), label, serial, a.model, a.broker, a.assets,
			a.connection, a.pipelines, storage.Micros(created)); err != nil {
			return fmt.Errorf("agent %s: %w", label, err)
		}
	}
	for _, t := range seedTypes {
		if _, err := tx.ExecContext(ctx, insertType, tenant, id(t.name), t.name, t.connection, t.config, t.model,
			storage.Micros(now), "import"); err != nil {
			return fmt.Errorf("asset type %s: %w", t.name, err)
		}
	}
	return nil
}
