package truesight

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Group collects devices of one realm: by hand, or by a rule when it is
// automatic.
type Group struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Realm       reference `json:"realmId"`
	Auto        bool      `json:"autoGroupFlag"`
	Devices     int       `json:"deviceCount"`
	Fields      []field   `json:"dynamicFields"`

	seq int64
}

// A field is a property that an administrator invented.
type field struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// groupInput is what a caller may write.
type groupInput struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Realm       realmRef `json:"realmId"`
	Auto        bool     `json:"autoGroupFlag"`
	Devices     []string `json:"deviceIds"`
	Fields      []field  `json:"dynamicFields"`
}

const (
	insertGroup  = `INSERT INTO tsna_group (seq, realm, name, description, auto) VALUES ($1, $2, $3, $4, $5)`
	updateGroup  = `UPDATE tsna_group SET realm = $1, name = $2, description = $3, auto = $4 WHERE seq = $5`
	insertMember = `INSERT INTO tsna_group_device (grp, device) VALUES ($1, $2)`
	insertField  = `INSERT INTO tsna_group_field (grp, name, value) VALUES ($1, $2, $3)`
	groupColumns = `
		SELECT g.seq AS seq, g.name AS name, g.description, r.seq, r.name AS realm, g.auto AS auto,
			(SELECT count(*) FROM tsna_group_device m WHERE m.grp = g.seq) AS devices
		FROM tsna_group g JOIN tsna_realm r ON r.seq = g.realm`
	selectGroup = groupColumns + ` WHERE g.seq = $1 AND ($2 = 'null' OR r.name IN (SELECT value FROM json_each($2)))`
)

func scanGroup(r storage.Row) (Group, error) {
	var g Group
	var realm int64
	err := r.Scan(&g.seq, &g.Name, &g.Description, &realm, &g.Realm.Name, &g.Auto, &g.Devices)
	g.ID, g.Realm.ID, g.Realm.Type = formatID(g.seq), formatID(realm), "Realm"
	g.Fields = []field{}
	return g, err
}

// addFields reads the dynamic fields of g.
func addFields(ctx context.Context, q storage.Querier, g *Group) error {
	type pair struct{ name, value string }
	pairs, err := storage.All(ctx, q, func(r storage.Row) (pair, error) {
		var p pair
		return p, r.Scan(&p.name, &p.value)
	}, `SELECT name, value FROM tsna_group_field WHERE grp = $1 ORDER BY name, value`, g.seq)
	if err != nil {
		return fmt.Errorf("read dynamic fields: %w", err)
	}
	for _, p := range pairs {
		if n := len(g.Fields); n > 0 && g.Fields[n-1].Name == p.name {
			g.Fields[n-1].Values = append(g.Fields[n-1].Values, p.value)
			continue
		}
		g.Fields = append(g.Fields, field{p.name, []string{p.value}})
	}
	return nil
}

// listGroups answers a bare array, one page of the groups that the filters
// leave.
func (s *Service) listGroups(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := page(r)
	if err != nil {
		return err
	}
	columns := map[string]string{"name": "name", "realm": "realm"}
	if r.PathValue("version") == "v4.0" {
		columns["deviceCount"], columns["autoGroupFlag"] = "devices", "auto"
	}
	by, err := order(r, columns)
	if err != nil {
		return err
	}
	where, args, err := groupFilter(r)
	if err != nil {
		return err
	}
	groups, err := storage.All(r.Context(), s.db, scanGroup,
		groupColumns+` WHERE `+where+` ORDER BY `+by+` LIMIT ? OFFSET ?`, append(args, limit, skip)...)
	if err != nil {
		return fmt.Errorf("list groups: %w", err)
	}
	for i := range groups {
		if err := addFields(r.Context(), s.db, &groups[i]); err != nil {
			return err
		}
	}
	return web.JSON(w, http.StatusOK, groups)
}

// groupFilter turns the query into a condition. Every value travels as an
// argument.
func groupFilter(r *http.Request) (string, []any, error) {
	q := r.URL.Query()
	where, args := []string{"1 = 1"}, []any{}
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if in := limitOf(r); in != everyRealm {
		add("r.name IN (SELECT value FROM json_each(?))", string(in))
	}
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := q.Get(name)
		switch name {
		case "query":
			add(`g.name LIKE ? ESCAPE '\'`, storage.Wildcard(value))
		case "filter.realm":
			add("r.name = ?", value)
		case "filter.autoGroup":
			auto, err := web.Bool(r, name)
			if err != nil {
				return "", nil, err
			}
			add("g.auto = ?", auto)
		case "filter.staticGroups", "filter.autoGroups", "filter.emptyAutoGroups":
			keep, err := web.Bool(r, name)
			if err != nil {
				return "", nil, err
			}
			if !keep {
				add(kinds[name])
			}
		case "filter.action":
			// Who may do what is decided in front of this service, which is told
			// the realms in which the action is allowed.
			if !slices.Contains(knownActions[:], value) {
				return "", nil, web.BadField(name, "there is no action %q", value)
			}
		default:
			if dynamic, ok := strings.CutPrefix(name, "filter."); ok {
				add("EXISTS (SELECT 1 FROM tsna_group_field f WHERE f.grp = g.seq AND f.name = ? AND f.value = ?)", dynamic, value)
			}
		}
	}
	return strings.Join(where, " AND "), args, nil
}

// kinds says how version 4.0 leaves out a kind of group.
var kinds = map[string]string{
	"filter.staticGroups":    "g.auto = 1",
	"filter.autoGroups":      "g.auto = 0",
	"filter.emptyAutoGroups": "(g.auto = 0 OR EXISTS (SELECT 1 FROM tsna_group_device m WHERE m.grp = g.seq))",
}

func loadGroup(ctx context.Context, q storage.Querier, in limit, id string) (Group, error) {
	g, err := storage.One(ctx, q, scanGroup, selectGroup, sequence(id), string(in))
	if err != nil {
		return g, missing(err, "Group", id)
	}
	return g, addFields(ctx, q, &g)
}

func (s *Service) getGroup(w http.ResponseWriter, r *http.Request) error {
	g, err := loadGroup(r.Context(), s.db, limitOf(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, g)
}

func (s *Service) createGroup(w http.ResponseWriter, r *http.Request) error {
	in, err := readGroup(w, r)
	if err != nil {
		return err
	}
	var g Group
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		realm, err := target(r.Context(), tx, r, in.Realm)
		if err != nil {
			return invalid("Group", err)
		}
		seq, err := next(r.Context(), tx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(r.Context(), insertGroup, seq, sequence(realm.ID), in.Name, in.Description, in.Auto); err != nil {
			return groupConflict(err, in.Name)
		}
		g, err = fillGroup(r.Context(), tx, seq, realm, in)
		return err
	})
	if err != nil {
		return err
	}
	return created(w, r, "groups", g.ID, g)
}

// replaceGroup changes the whole group: what the body leaves out is reset.
func (s *Service) replaceGroup(w http.ResponseWriter, r *http.Request) error {
	in, err := readGroup(w, r)
	if err != nil {
		return err
	}
	var g Group
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		old, err := loadGroup(r.Context(), tx, limitOf(r), r.PathValue("id"))
		if err != nil {
			return err
		}
		realm, err := target(r.Context(), tx, r, in.Realm)
		if err != nil {
			return invalid("Group", err)
		}
		if _, err := tx.ExecContext(r.Context(), updateGroup, sequence(realm.ID), in.Name, in.Description, in.Auto, old.seq); err != nil {
			return groupConflict(err, in.Name)
		}
		for _, table := range []string{"tsna_group_device", "tsna_group_field"} {
			if _, err := tx.ExecContext(r.Context(), `DELETE FROM `+table+` WHERE grp = $1`, old.seq); err != nil {
				return err
			}
		}
		g, err = fillGroup(r.Context(), tx, old.seq, realm, in)
		return err
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, g)
}

// fillGroup puts devices and fields into the group seq and reads it back.
func fillGroup(ctx context.Context, tx *sql.Tx, seq int64, realm Realm, in groupInput) (Group, error) {
	for _, id := range in.Devices {
		d, err := loadDevice(ctx, tx, only(realm.Name), id)
		if isMissing(err) {
			return Group{}, invalid("Group", web.BadField("deviceIds", "no device %s in realm %s", id, realm.Name))
		}
		if err != nil {
			return Group{}, err
		}
		if _, err := tx.ExecContext(ctx, insertMember, seq, d.seq); err != nil && !storage.IsDuplicate(err) {
			return Group{}, err
		}
	}
	for _, f := range in.Fields {
		for _, v := range f.Values {
			if _, err := tx.ExecContext(ctx, insertField, seq, f.Name, v); err != nil && !storage.IsDuplicate(err) {
				return Group{}, err
			}
		}
	}
	return loadGroup(ctx, tx, everyRealm, formatID(seq))
}

func (s *Service) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	err := storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		g, err := loadGroup(r.Context(), tx, limitOf(r), r.PathValue("id"))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(r.Context(), `DELETE FROM tsna_group WHERE seq = $1`, g.seq)
		return err
	})
	if err != nil {
		return err
	}
	return web.NoContent(w)
}

func readGroup(w http.ResponseWriter, r *http.Request) (groupInput, error) {
	var in groupInput
	err := web.Decode(w, r, &in)
	if err == nil {
		in.Name, err = componentName(in.Name)
	}
	if err == nil {
		in.Description, err = web.Text("description", in.Description, 0, 500)
	}
	if err == nil && len(in.Devices) > 1000 {
		err = web.BadField("deviceIds", "a group has at most 1000 devices")
	}
	values := 0
	for i := 0; err == nil && i < len(in.Fields); i++ {
		in.Fields[i].Name, err = web.Text("dynamicFields.name", in.Fields[i].Name, 1, 80)
		values += len(in.Fields[i].Values)
	}
	if err == nil && values > 100 {
		err = web.BadField("dynamicFields", "a group has at most 100 values")
	}
	if err != nil {
		return in, invalid("Group", err)
	}
	return in, nil
}

func groupConflict(err error, name string) error {
	if storage.IsDuplicate(err) {
		return invalid("Group", web.BadField("name", "the realm has a group %q", name))
	}
	return fmt.Errorf("write group: %w", err)
}
