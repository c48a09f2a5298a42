package itop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// get searches for objects.
func (s *Service) get(_ context.Context, _ *sql.Tx, b *base, c call) (dict, error) {
	raw, ok := c.input["key"]
	if !ok {
		return nil, missingParameter("key")
	}
	codes, own, err := c.output()
	if err != nil {
		return nil, err
	}
	q, err := query(b, c.class, raw)
	if err != nil {
		return nil, err
	}
	found, err := b.search(c.class, q)
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 0)
	if err != nil || limit < 0 {
		return nil, internal("limit: must be an integer that is not negative")
	}
	page, ok := c.page()
	if !ok {
		return result(nil, codeInvalidPage, "The request page number is not valid. It must be an integer greater than 0"), nil
	}
	if limit > 0 {
		first := min(len(found), (min(page, maxObjects)-1)*min(limit, maxObjects))
		found = found[first:min(len(found), first+min(limit, maxObjects))]
	}
	var objects dict
	for _, o := range found {
		objects = append(objects, b.entry(o, c.version, "", own(o, codes)))
	}
	return result(objects, codeOK, "Found: "+strconv.Itoa(len(found))), nil
}

// create adds one object.
func (s *Service) create(ctx context.Context, tx *sql.Tx, b *base, c call) (dict, error) {
	if c.class.abstract {
		return nil, internal("class: '%s' is abstract; nothing can be made of it", c.class.name)
	}
	codes, own, err := c.output()
	if err != nil {
		return nil, err
	}
	if len(b.objects) >= maxObjects {
		return nil, internal("there are %d objects already; delete some", maxObjects)
	}
	o := &object{class: c.class, fields: map[string]string{}}
	for _, a := range c.class.attributes() {
		if len(a.enum) > 0 {
			o.fields[a.code] = a.enum[0]
		}
	}
	if err := b.set(o, c); err != nil {
		return nil, err
	}
	if err := o.save(ctx, tx, s.now()); err != nil {
		return nil, err
	}
	return result(dict{b.entry(o, c.version, "created", own(o, codes))}, codeOK, nil), nil
}

// update changes one object.
func (s *Service) update(ctx context.Context, tx *sql.Tx, b *base, c call) (dict, error) {
	raw, ok := c.input["key"]
	if !ok {
		return nil, missingParameter("key")
	}
	codes, own, err := c.output()
	if err != nil {
		return nil, err
	}
	o, err := b.single(c.class, raw)
	if err != nil {
		return nil, err
	}
	if err := b.set(o, c); err != nil {
		return nil, err
	}
	if err := o.save(ctx, tx, s.now()); err != nil {
		return nil, err
	}
	return result(dict{b.entry(o, c.version, "updated", own(o, codes))}, codeOK, nil), nil
}

// remove deletes objects, all of those that the key selects or none: none
// when others still point to one of them.
func (s *Service) remove(ctx context.Context, tx *sql.Tx, b *base, c call) (dict, error) {
	raw, ok := c.input["key"]
	if !ok {
		return nil, missingParameter("key")
	}
	q, err := query(b, c.class, raw)
	if err != nil {
		return nil, err
	}
	found, err := b.search(c.class, q)
	if err != nil {
		return nil, err
	}
	for _, o := range found {
		for _, other := range b.referrers(o) {
			if !slices.Contains(found, other) {
				return result(nil, codeUnsafe, fmt.Sprintf("Deletion cannot be performed: %s::%s is used by %s::%s",
					o.class.name, o.key(), other.class.name, other.key())), nil
			}
		}
	}
	simulate := string(c.input["simulate"]) == "true"
	var objects dict
	for _, o := range found {
		objects = append(objects, b.entry(o, c.version, "", []string{"id", "friendlyname"}))
		if simulate {
			continue
		}
		if _, err := tx.ExecContext(ctx, deleteObject, o.class.root(), o.id); err != nil {
			return nil, fmt.Errorf("delete object: %w", err)
		}
	}
	message := "Deleted: " + strconv.Itoa(len(found))
	if simulate {
		message = "SIMULATING: " + message
	}
	return result(objects, codeOK, message), nil
}

// single is the one object that a key selects.
func (b *base) single(c class, raw json.RawMessage) (*object, error) {
	q, err := query(b, c, raw)
	if err != nil {
		return nil, err
	}
	found, err := b.search(c, q)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return nil, internal("No item found for query: %s", q)
	case 1:
		return found[0], nil
	}
	return nil, internal("Several items found (%d) for query: %s", len(found), q)
}

// set writes the input's fields into o. It changes nothing of o that is
// stored: the caller saves it when all is well.
func (b *base) set(o *object, c call) error {
	raw, ok := c.input["fields"]
	if !ok {
		return missingParameter("fields")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return internal("fields: must be an object")
	}
	codes := make([]string, 0, len(fields))
	for code := range fields {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		a, ok := o.class.attribute(code)
		if !ok {
			return internal("%s: unknown attribute of class '%s'", code, o.class.name)
		}
		if a.readonly {
			return internal("%s: cannot be written", code)
		}
		value, err := b.scalar(o.class, code, fields[code])
		if err != nil {
			return err
		}
		if len(a.enum) > 0 && !slices.Contains(a.enum, value) {
			return internal("%s: must be one of %s", code, strings.Join(a.enum, ", "))
		}
		o.fields[code] = value
	}
	for _, a := range o.class.attributes() {
		if a.mandatory && strings.TrimSpace(o.fields[a.code]) == "" {
			return internal("%s: is mandatory", a.code)
		}
	}
	return nil
}

// scalar reads the value of an attribute. A key may be given as an id, as
// criteria or as a query; it must point to an object.
func (b *base) scalar(c class, code string, raw json.RawMessage) (string, error) {
	if a, ok := c.attribute(code); ok && a.target != "" {
		if text := strings.Trim(string(raw), `"`); text == "0" || text == "" || text == "null" {
			return "", nil
		}
		t, _ := findClass(a.target)
		o, err := b.single(t, raw)
		if err != nil {
			return "", internal("%s: %s", code, strings.TrimPrefix(err.Error(), "Error: "))
		}
		return o.key(), nil
	}
	if string(raw) == "null" {
		return "", nil
	}
	text, ok := call{input: map[string]json.RawMessage{code: raw}}.text(code)
	if !ok {
		return "", internal("%s: must be a text or a number", code)
	}
	if utf8.RuneCountInString(text) > 10_000 {
		return "", internal("%s: is too long", code)
	}
	return text, nil
}

// output reads output_fields. The second result says which of the codes are
// given for an object: with *+ those of its own class.
func (c call) output() ([]string, func(*object, []string) []string, error) {
	same := func(_ *object, codes []string) []string { return codes }
	text, ok := c.text("output_fields")
	if !ok {
		text = "*"
	}
	switch strings.TrimSpace(text) {
	case "*":
		return c.class.codes(), same, nil
	case "*+":
		return nil, func(o *object, _ []string) []string { return o.class.codes() }, nil
	case "":
		return []string{"id", "friendlyname"}, same, nil
	}
	var codes []string
	for code := range strings.SplitSeq(text, ",") {
		code = strings.TrimSpace(code)
		if !c.class.readable(code) {
			return nil, nil, internal("output_fields: invalid attribute code '%s'", code)
		}
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes, same, nil
}

// page is the number of the page that is asked for, counted from 1.
func (c call) page() (int, bool) {
	n, err := c.number("page", 1)
	return n, err == nil && n >= 1
}

func (c call) number(name string, fallback int) (int, error) {
	if _, ok := c.input[name]; !ok {
		return fallback, nil
	}
	text, ok := c.text(name)
	if !ok {
		return 0, strconv.ErrSyntax
	}
	return strconv.Atoi(text)
}
