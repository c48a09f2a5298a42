package truesight

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Realm is a partition of devices and groups.
type Realm struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Devices     int    `json:"deviceCount"`
	Groups      int    `json:"groupCount"`
}

// A reference points at a component in the product's own shape.
type reference struct {
	ID         string   `json:"id"`
	Name       string   `json:"componentName"`
	Type       string   `json:"componentType"`
	Qualifiers struct{} `json:"qualifiers"`
}

const (
	insertRealm  = `INSERT INTO tsna_realm (seq, name, description) VALUES ($1, $2, $3)`
	realmColumns = `seq, name, description,
		(SELECT count(*) FROM tsna_device d WHERE d.realm = r.seq) AS devices,
		(SELECT count(*) FROM tsna_group g WHERE g.realm = r.seq) AS groups`
	selectRealm = `SELECT ` + realmColumns + ` FROM tsna_realm r WHERE (seq = $1 OR name = $2) AND ($3 = 'null' OR name IN (SELECT value FROM json_each($3)))`
	listRealms  = `SELECT ` + realmColumns + ` FROM tsna_realm r WHERE ($1 = '' OR name LIKE $1 ESCAPE '\') AND ($2 = 'null' OR name IN (SELECT value FROM json_each($2))) ORDER BY `
)

func scanRealm(r storage.Row) (Realm, error) {
	var v Realm
	var seq int64
	err := r.Scan(&seq, &v.Name, &v.Description, &v.Devices, &v.Groups)
	v.ID = formatID(seq)
	return v, err
}

// A limit is the list of realms that a caller is kept to, as JSON for queries.
type limit string

// everyRealm is no limit.
const everyRealm limit = "null"

// limitOf returns the realms that the gateway keeps a caller to.
func limitOf(r *http.Request) limit { return only(web.CallerOf(r).Realms...) }

func only(realms ...string) limit {
	text, err := json.Marshal(realms)
	if err != nil {
		return "[]" // unreachable: text can always be written
	}
	return limit(text)
}

// knownActions are those by which groups and realms can be filtered.
var knownActions = [...]string{ActionEdit, ActionSubmit}

// Ids of actions.
const (
	ActionEdit   = "6f9619ff-8b86-d011-b42d-00c04fc964ff" // change the groups of a realm
	ActionSubmit = "1b4e28ba-2fa1-11d2-883f-0016d3cca427" // submit jobs
)

// findRealm loads the realm that a caller names by id or by name. A caller
// whom the gateway limits to one realm sees no other.
func findRealm(ctx context.Context, q storage.Querier, in limit, key string) (Realm, error) {
	v, err := storage.One(ctx, q, scanRealm, selectRealm, sequence(key), key, string(in))
	return v, missing(err, "Realm", key)
}

// sequence is the number in an id, or 0, which no component has.
func sequence(id string) int64 {
	digits, ok := strings.CutPrefix(id, installation+"-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n
}

// A realmRef is the realm in a body: its id as text, or a reference with an
// id or a name.
type realmRef string

// UnmarshalJSON reads either form.
func (k *realmRef) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*k = realmRef(text)
		return nil
	}
	var ref reference
	if err := json.Unmarshal(b, &ref); err != nil {
		return web.BadField("realmId", "must be an id or a reference with an id")
	}
	*k = realmRef(ref.ID)
	if ref.ID == "" {
		*k = realmRef(ref.Name)
	}
	return nil
}

// target finds the realm into which something new is to be put. The second
// result is a 403 when the gateway limits the caller to another.
func target(ctx context.Context, q storage.Querier, r *http.Request, key realmRef) (Realm, error) {
	if key == "" {
		return Realm{}, web.BadField("realmId", "is required")
	}
	realm, err := findRealm(ctx, q, everyRealm, string(key))
	if isMissing(err) {
		return Realm{}, web.BadField("realmId", "there is no realm %q", string(key))
	}
	if err != nil {
		return Realm{}, err
	}
	if in := web.CallerOf(r).Realms; in != nil && !slices.Contains(in, realm.Name) {
		return Realm{}, &web.Error{Status: http.StatusForbidden, Message: "Forbidden: Not allowed to access realm " + realm.Name}
	}
	return realm, nil
}

func (s *Service) listRealms(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := page(r)
	if err != nil {
		return err
	}
	by, err := order(r, map[string]string{"name": "name", "deviceCount": "devices", "groupCount": "groups"})
	if err != nil {
		return err
	}
	if action := r.URL.Query().Get("filter.action"); action != "" && !slices.Contains(knownActions[:], action) {
		return web.BadField("filter.action", "there is no action %q", action)
	}
	all, err := storage.All(r.Context(), s.db, scanRealm, listRealms+by+` LIMIT $3 OFFSET $4`,
		storage.Wildcard(r.URL.Query().Get("query")), string(limitOf(r)), limit, skip)
	if err != nil {
		return fmt.Errorf("list realms: %w", err)
	}
	return web.JSON(w, http.StatusOK, all)
}

func (s *Service) getRealm(w http.ResponseWriter, r *http.Request) error {
	v, err := findRealm(r.Context(), s.db, limitOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

func (s *Service) createRealm(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return invalid("Realm", err)
	}
	name, err := componentName(in.Name)
	if err != nil {
		return invalid("Realm", err)
	}
	description, err := web.Text("description", in.Description, 0, 500)
	if err != nil {
		return invalid("Realm", err)
	}
	if limitOf(r) != everyRealm {
		return &web.Error{Status: http.StatusForbidden, Message: "Forbidden: Not allowed to access realms"}
	}
	var realm Realm
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		seq, err := next(r.Context(), tx)
		if err != nil {
			return err
		}
		realm = Realm{ID: formatID(seq), Name: name, Description: description}
		if _, err = tx.ExecContext(r.Context(), insertRealm, seq, name, description); storage.IsDuplicate(err) {
			return invalid("Realm", web.BadField("name", "there is a realm %q", name))
		}
		return err
	})
	if err != nil {
		return err
	}
	return created(w, r, "realms", realm.ID, realm)
}

// componentName checks the name of something new. A name with a slash could
// not stand in a path.
func componentName(text string) (string, error) {
	name, err := web.Text("name", text, 1, 120)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(name, `/\*`) {
		return "", web.BadField("name", `may not hold / \ or *`)
	}
	return name, nil
}

// created answers 201 with the path of what was made.
func created(w http.ResponseWriter, r *http.Request, collection, id string, v any) error {
	w.Header().Set("Location", "/bca-networks/api/"+r.PathValue("version")+"/"+collection+"/"+id)
	return web.JSON(w, http.StatusCreated, v)
}
