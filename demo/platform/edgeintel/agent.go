package edgeintel

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// An Agent is the product's software on one piece of hardware at the edge.
type Agent struct {
	ID         string `json:"id"`
	Label      string `json:"label"`
	Serial     string `json:"hardwareSerial"`
	Model      string `json:"hardwareModel"`
	Broker     string `json:"brokerVersion"`
	Assets     int    `json:"numOfMappedAssets"`
	Connection string `json:"connectionState"`
	Pipelines  string `json:"dataPipelinesStatus"`
	Created    int64  `json:"creationTime"` // milliseconds since 1970
}

const (
	agentColumns = `id, label, serial, model, broker, assets, connection, pipelines, created`
	insertAgent  = `
		INSERT INTO ei_agent (tenant, id, label, serial, model, broker, assets, connection, pipelines, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	selectAgent = `SELECT ` + agentColumns + ` FROM ei_agent WHERE tenant = $1 AND id = $2`
)

// agentFilters are the parameters that must equal a column exactly.
var agentFilters = []struct{ name, column string }{
	{"label", "label"},
	{"hardwareSerial", "serial"},
	{"hardwareModel", "model"},
	{"brokerVersion", "broker"},
	{"numOfMappedAssets", "CAST(assets AS TEXT)"},
	{"connectionState", "connection"},
	{"dataPipelinesStatus", "pipelines"},
}

func scanAgent(r storage.Row) (Agent, error) {
	var a Agent
	err := r.Scan(&a.ID, &a.Label, &a.Serial, &a.Model, &a.Broker, &a.Assets, &a.Connection, &a.Pipelines, &a.Created)
	a.Created = storage.Time(a.Created).UnixMilli()
	return a, err
}

func (s *Service) listAgents(w http.ResponseWriter, r *http.Request, tenant string) error {
	info, err := readPage(r)
	if err != nil {
		return err
	}
	where, args := []string{"tenant = ?"}, []any{tenant}
	if text := r.URL.Query().Get("search"); text != "" {
		var either []string
		for _, f := range agentFilters {
			either = append(either, f.column+` LIKE ? ESCAPE '\'`)
			args = append(args, storage.Like(text))
		}
		where = append(where, "("+strings.Join(either, " OR ")+")")
	}
	for _, f := range agentFilters {
		if v := r.URL.Query().Get(f.name); v != "" {
			where, args = append(where, f.column+" = ?"), append(args, v)
		}
	}
	condition := strings.Join(where, " AND ")
	if info.Total, err = storage.Count(r.Context(), s.db, `SELECT count(*) FROM ei_agent WHERE `+condition, args...); err != nil {
		return fmt.Errorf("count agents: %w", err)
	}
	agents, err := storage.All(r.Context(), s.db, scanAgent, `SELECT `+agentColumns+` FROM ei_agent WHERE `+condition+
		` ORDER BY label, id LIMIT ? OFFSET ?`, append(args, info.Size, info.skip())...)
	if err != nil {
		return fmt.Errorf("list agents: %w", err)
	}
	info.Count = len(agents)
	return web.JSON(w, http.StatusOK, struct {
		Agents []Agent  `json:"agents"`
		Page   pageInfo `json:"pageinfo"`
	}{agents, info})
}

func (s *Service) getAgent(w http.ResponseWriter, r *http.Request, tenant string) error {
	id := r.PathValue("id")
	a, err := storage.One(r.Context(), s.db, scanAgent, selectAgent, tenant, id)
	if err != nil {
		return missing(err, "agent", id)
	}
	return web.JSON(w, http.StatusOK, a)
}
