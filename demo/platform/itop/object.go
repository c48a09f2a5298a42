package itop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/demo/platform/oql"
	"github.com/sallyport/sallyport/demo/platform/storage"
)

const schema = `
CREATE TABLE IF NOT EXISTS itop_object (
	root   TEXT NOT NULL,
	id     INTEGER NOT NULL,
	class  TEXT NOT NULL,
	fields TEXT NOT NULL, -- JSON object of texts
	PRIMARY KEY (root, id)
) STRICT;
CREATE TABLE IF NOT EXISTS itop_counter (
	root TEXT PRIMARY KEY,
	last INTEGER NOT NULL
) STRICT;
`

// maxObjects bounds the whole stand-in database, which is read whole for each
// request: the query language may look at any attribute of any object.
const maxObjects = 5000

// An object is one row of the CMDB.
type object struct {
	class  class
	id     int64
	fields map[string]string
}

func (o *object) key() string { return strconv.FormatInt(o.id, 10) }

// A place is where an object is found: ids are unique below a root class.
type place struct {
	root string
	id   int64
}

// A base is the whole database as it was at one moment.
type base struct {
	objects []*object // by root class and id
	at      map[place]*object
}

const (
	selectObjects = `SELECT class, id, fields FROM itop_object ORDER BY root, id`
	insertObject  = `INSERT INTO itop_object (root, id, class, fields) VALUES ($1, $2, $3, $4)`
	updateObject  = `UPDATE itop_object SET fields = $1 WHERE root = $2 AND id = $3`
	deleteObject  = `DELETE FROM itop_object WHERE root = $1 AND id = $2`
	drawID        = `
		INSERT INTO itop_counter (root, last) VALUES ($1, 1)
		ON CONFLICT (root) DO UPDATE SET last = last + 1
		RETURNING last`
)

func scanObject(r storage.Row) (*object, error) {
	var o object
	var name, fields string
	if err := r.Scan(&name, &o.id, &fields); err != nil {
		return nil, err
	}
	var ok bool
	if o.class, ok = findClass(name); !ok {
		return nil, fmt.Errorf("stored object %d has the unknown class %q", o.id, name)
	}
	return &o, json.Unmarshal([]byte(fields), &o.fields)
}

func load(ctx context.Context, q storage.Querier) (*base, error) {
	all, err := storage.All(ctx, q, scanObject, selectObjects)
	if err != nil {
		return nil, fmt.Errorf("load objects: %w", err)
	}
	b := &base{objects: all, at: make(map[place]*object, len(all))}
	for _, o := range all {
		b.at[place{o.class.root(), o.id}] = o
	}
	return b, nil
}

// find returns the object of a class by its id.
func (b *base) find(c class, id int64) (*object, bool) {
	o, ok := b.at[place{c.root(), id}]
	if !ok || !o.class.is(c.name) {
		return nil, false
	}
	return o, true
}

// value is what a caller reads of an object under an attribute code. It is
// empty for codes that the object does not have.
func (b *base) value(o *object, code string) string {
	switch code {
	case "id":
		return o.key()
	case "finalclass":
		return o.class.name
	case "friendlyname":
		return o.friendly()
	}
	if a, ok := o.class.attribute(code); ok {
		if a.target != "" && o.fields[code] == "" {
			return "0"
		}
		return o.fields[code]
	}
	if key, ok := strings.CutSuffix(code, "_friendlyname"); ok {
		if t, ok := b.target(o, key); ok {
			return t.friendly()
		}
	}
	if stem, ok := strings.CutSuffix(code, "_name"); ok {
		if t, ok := b.target(o, stem+"_id"); ok {
			return b.value(t, "name")
		}
	}
	return ""
}

// target is the object to which the key code of o points.
func (b *base) target(o *object, code string) (*object, bool) {
	a, ok := o.class.attribute(code)
	if !ok || a.target == "" {
		return nil, false
	}
	id, err := strconv.ParseInt(o.fields[code], 10, 64)
	if err != nil {
		return nil, false
	}
	t, _ := findClass(a.target)
	return b.find(t, id)
}

// friendly is the name by which people know an object.
func (o *object) friendly() string {
	switch {
	case o.class.name == "Person":
		return strings.TrimSpace(o.fields["first_name"] + " " + o.fields["name"])
	case o.class.is("Ticket"):
		return o.fields["ref"]
	}
	return o.fields["name"]
}

// search returns the objects of c that q selects. The class of q may lie
// below c; its condition may only look at attributes that its class has.
func (b *base) search(c class, q *oql.Query) ([]*object, error) {
	selected, ok := findClass(q.Class)
	if !ok {
		return nil, internal("key: unknown class '%s' in the query", q.Class)
	}
	if !selected.is(c.name) && !c.is(selected.name) {
		return nil, internal("key: the query selects '%s', which is no '%s'", q.Class, c.name)
	}
	for _, code := range q.Attributes() {
		if !selected.readable(code) {
			return nil, internal("key: unknown attribute '%s' of class '%s' in the query", code, q.Class)
		}
	}
	var out []*object
	for _, o := range b.objects {
		if o.class.is(c.name) && o.class.is(selected.name) && q.Match(func(code string) string { return b.value(o, code) }) {
			out = append(out, o)
		}
	}
	return out, nil
}

// referrers are the objects with a key that points to o.
func (b *base) referrers(o *object) []*object {
	var out []*object
	for _, other := range b.objects {
		for _, a := range other.class.attributes() {
			if a.target == "" || other == o {
				continue
			}
			if t, ok := b.target(other, a.code); ok && t == o {
				out = append(out, other)
				break
			}
		}
	}
	return out
}

// save stores a new object, which gets its id here, or a changed one.
func (o *object) save(ctx context.Context, tx *sql.Tx, now time.Time) error {
	fresh := o.id == 0
	if fresh {
		if err := tx.QueryRowContext(ctx, drawID, o.class.root()).Scan(&o.id); err != nil {
			return fmt.Errorf("draw an id: %w", err)
		}
	}
	if o.class.is("Ticket") {
		const layout = "2006-01-02 15:04:05"
		if fresh {
			o.fields["ref"] = fmt.Sprintf("%s-%06d", map[string]string{"UserRequest": "R", "Incident": "I"}[o.class.name], o.id)
			o.fields["start_date"] = now.UTC().Format(layout)
		}
		o.fields["last_update"] = now.UTC().Format(layout)
	}
	fields, err := json.Marshal(o.fields)
	if err != nil {
		return err
	}
	if fresh {
		_, err = tx.ExecContext(ctx, insertObject, o.class.root(), o.id, o.class.name, string(fields))
	} else {
		_, err = tx.ExecContext(ctx, updateObject, string(fields), o.class.root(), o.id)
	}
	return err
}
