package orchestrator

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
CREATE TABLE IF NOT EXISTS orc_workflow (
	id          INTEGER PRIMARY KEY,
	portable    TEXT NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	description TEXT NOT NULL,
	published   INTEGER NOT NULL,
	revision    INTEGER NOT NULL,
	modified    INTEGER NOT NULL,
	spec        TEXT NOT NULL -- JSON: inputs, steps and outputs
) STRICT;
CREATE TABLE IF NOT EXISTS orc_order (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	workflow INTEGER NOT NULL REFERENCES orc_workflow (id),
	name     TEXT NOT NULL,
	comments TEXT NOT NULL,
	priority INTEGER NOT NULL,
	tags     TEXT NOT NULL,
	params   TEXT NOT NULL, -- JSON object of texts
	creator  TEXT NOT NULL,
	created  INTEGER NOT NULL,
	started  INTEGER NOT NULL,
	canceled INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS orc_order_workflow ON orc_order (workflow, id);
`

// SampleWorkflow is the id of a workflow that needs no parameters.
const SampleWorkflow = 124

const millisecond = time.Millisecond

var seedWorkflows = []Workflow{
	{
		ID: SampleWorkflow, Name: "Deliver package", Published: true, Revision: 7,
		Description: "Transfers files to a partner and verifies what arrived.",
		Inputs: []Input{
			{"source_path", "string", true, "/outgoing/daily.tar"},
			{"target_node", "string", true, "partner-lyon"},
			{"rate_mbps", "int", true, "100"},
		},
		Steps: []Step{
			{"Check source", 300 * millisecond, &Break{"source_path", "/missing", "Failed", "the source does not exist"}},
			{"Transfer", 1200 * millisecond, &Break{"target_node", "offline", "Error", "the node does not answer"}},
			{"Verify checksum", 400 * millisecond, nil},
			{"Notify", 100 * millisecond, nil},
		},
		Outputs: []Output{
			{"delivered_path", "Transfer", "string", "source_path", "value"},
			{"checksum", "Verify checksum", "string", "source_path", "sha256"},
		},
	},
	{
		ID: 131, Name: "Ingest and transcode", Published: true, Revision: 12,
		Description: "Takes in a master and makes the renditions that are asked for.",
		Inputs:      []Input{{"asset_id", "string", false, ""}, {"profiles", "array", true, "h264-1080p,h264-720p"}},
		Steps:       []Step{{"Ingest", 5 * time.Second, nil}, {"Transcode", 20 * time.Second, nil}, {"Publish", 2 * time.Second, nil}},
		Outputs:     []Output{{"rendition_count", "Transcode", "int", "profiles", "count"}, {"asset", "Publish", "string", "asset_id", "value"}},
	},
	{
		ID: 140, Name: "Purge workspace", Published: true, Revision: 2,
		Description: "Deletes what nobody fetched for thirty days.",
		Inputs:      []Input{{"folder", "string", false, ""}, {"days", "int", true, "30"}},
		Steps:       []Step{{"Find files", 500 * millisecond, nil}, {"Delete", 700 * millisecond, &Break{"folder", "/protected", "Failed", "the folder is protected"}}},
		Outputs:     []Output{{"purged_folder", "Delete", "string", "folder", "value"}},
	},
	{
		ID: 152, Name: "Partner onboarding", Published: false, Revision: 3,
		Description: "A draft.",
		Inputs:      []Input{{"partner", "string", false, ""}},
		Steps:       []Step{{"Create account", time.Second, nil}},
	},
}

// seed fills a fresh database: the workflows and one order that is long done,
// whose number is the last one given out.
func seed(ctx context.Context, tx *sql.Tx, now time.Time) error {
	for i, wf := range seedWorkflows {
		text, err := json.Marshal(spec{wf.Inputs, wf.Steps, wf.Outputs})
		if err != nil {
			return err
		}
		portable := uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "urn:sallyport:demo:workflow:%d", wf.ID)).String()
		if _, err := tx.ExecContext(ctx, `INSERT INTO orc_workflow (`+workflowColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			wf.ID, portable, wf.Name, wf.Description, wf.Published, wf.Revision, storage.Micros(now.AddDate(0, 0, -20*(i+1))), string(text)); err != nil {
			return err
		}
	}
	at := storage.Micros(now.Add(-26 * time.Hour))
	_, err := tx.ExecContext(ctx, `INSERT INTO orc_order (`+orderColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		8460, SampleWorkflow, "Nightly delivery", "", 2, "nightly", `{"source_path":"/outgoing/daily.tar","target_node":"partner-lyon","rate_mbps":"100"}`,
		"import", at, at, 0)
	return err
}
