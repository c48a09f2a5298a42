package itop

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxDepth is how many steps related objects are followed, unless the request
// asks for fewer.
const maxDepth = 20

// related finds what depends on the objects that the key selects ("down"), or what
// they depend on ("up"): objects that point to others depend on them.
func (s *Service) related(_ context.Context, _ *sql.Tx, b *base, c call) (dict, error) {
	raw, ok := c.input["key"]
	if !ok {
		return nil, missingParameter("key")
	}
	relation, ok := c.text("relation")
	if !ok {
		return nil, missingParameter("relation")
	}
	direction, ok := c.text("direction")
	if !ok {
		direction = map[string]string{"impacts": "down", "depends on": "up"}[relation]
	}
	depth, err := c.number("depth", maxDepth)
	switch {
	case relation != "impacts" && relation != "depends on":
		return nil, internal("relation: there is no relation '%s'", relation)
	case direction != "up" && direction != "down":
		return dict{{"objects", nil}, {"relations", nil}, {"code", codeInternal}, {
			"message", "Invalid value: '" + direction + "' for the parameter 'direction'. Valid values are 'up' and 'down'",
		}}, nil
	case err != nil || depth < 0:
		return nil, internal("depth: must be an integer that is not negative")
	}
	q, err := query(b, c.class, raw)
	if err != nil {
		return nil, err
	}
	found, err := b.search(c.class, q)
	if err != nil {
		return nil, err
	}
	return b.graph(found, c.version, direction, min(depth, maxDepth)), nil
}

// graph is the answer about related objects.
func (b *base) graph(from []*object, version, direction string, depth int) dict {
	all, edges := slices.Clone(from), map[*object][]*object{}
	next := from
	for range depth {
		var reached []*object
		for _, o := range next {
			for _, other := range b.neighbours(o, direction) {
				source, sink := o, other
				if direction == "up" {
					source, sink = other, o
				}
				if !slices.Contains(edges[source], sink) {
					edges[source] = append(edges[source], sink)
				}
				if !slices.Contains(all, other) {
					all, reached = append(all, other), append(reached, other)
				}
			}
		}
		next = reached
	}
	return answerOf(b, all, edges, version, len(from))
}

func answerOf(b *base, all []*object, edges map[*object][]*object, version string, scope int) dict {
	var objects, relations dict
	var classes []string
	count := map[string]int{}
	for _, o := range all {
		objects = append(objects, b.entry(o, version, "", []string{"id", "friendlyname"}))
		if count[o.class.name]++; count[o.class.name] == 1 {
			classes = append(classes, o.class.name)
		}
		var sinks []dict
		for _, to := range edges[o] {
			sinks = append(sinks, dict{{"key", to.class.name + "::" + to.key()}})
		}
		if len(sinks) > 0 {
			relations = append(relations, member{o.class.name + "::" + o.key(), sinks})
		}
	}
	if len(all) == 0 {
		return dict{{"objects", nil}, {"relations", nil}, {"code", codeOK}, {"message", "Nothing found"}}
	}
	for i, name := range classes {
		classes[i] = fmt.Sprintf("%s= %d", name, count[name])
	}
	var r any
	if len(relations) > 0 {
		r = relations
	}
	return dict{
		{"objects", objects},
		{"relations", r},
		{"code", codeOK},
		{"message", "Scope: " + strconv.Itoa(scope) + "; Related objects: " + strings.Join(classes, ", ")},
	}
}

// neighbours are the objects one step away.
func (b *base) neighbours(o *object, direction string) []*object {
	if direction == "down" {
		return b.referrers(o)
	}
	var out []*object
	for _, a := range o.class.attributes() {
		if t, ok := b.target(o, a.code); ok && a.target != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// stimuli lead tickets from one state to another.
var stimuli = []struct{ name, from, to string }{
	{"ev_assign", "new", "assigned"},
	{"ev_pending", "assigned", "pending"},
	{"ev_assign", "pending", "assigned"},
	{"ev_resolve", "assigned", "resolved"},
	{"ev_reopen", "resolved", "assigned"},
	{"ev_close", "resolved", "closed"},
}

// stimulate moves one ticket to another state.
func (s *Service) stimulate(ctx context.Context, tx *sql.Tx, b *base, c call) (dict, error) {
	for _, name := range []string{"key", "fields", "stimulus"} {
		if _, ok := c.input[name]; !ok {
			return nil, missingParameter(name)
		}
	}
	codes, own, err := c.output()
	if err != nil {
		return nil, err
	}
	o, err := b.single(c.class, c.input["key"])
	if err != nil {
		return nil, err
	}
	stimulus, _ := c.text("stimulus")
	if !o.class.is("Ticket") {
		return nil, internal("stimulus: objects of class '%s' have no life cycle", o.class.name)
	}
	i := slices.IndexFunc(stimuli, func(t struct{ name, from, to string }) bool {
		return t.name == stimulus && t.from == o.fields["status"]
	})
	if i < 0 {
		return nil, internal("Invalid stimulus: '%s' on the object '%s' in state '%s'", stimulus, o.friendly(), o.fields["status"])
	}
	if err := b.set(o, c); err != nil {
		return nil, err
	}
	o.fields["status"] = stimuli[i].to
	if err := o.save(ctx, tx, s.now()); err != nil {
		return nil, err
	}
	return result(dict{b.entry(o, c.version, "updated", own(o, codes))}, codeOK, nil), nil
}

// credentials is an operation of the product that has nothing to ask here: users
// are known to whoever stands in front.
func (s *Service) credentials(context.Context, *sql.Tx, *base, call) (dict, error) {
	return nil, internal("there are no users here")
}
