package itop

import (
	"slices"
	"strings"
)

// A class describes one kind of object. Classes form a tree of two levels: an
// abstract class and the real ones below it, which share its ids.
type class struct {
	name     string
	parent   string // the abstract class above, or empty
	abstract bool
	own      []attribute
}

// An attribute is one value of an object. All values are texts on the wire.
type attribute struct {
	code      string
	mandatory bool
	target    string   // for a key: the class it points to
	enum      []string // the allowed values, the first is the default
	readonly  bool
}

var (
	status     = attribute{code: "status", enum: []string{"active", "inactive"}}
	name       = attribute{code: "name", mandatory: true}
	org        = attribute{code: "org_id", mandatory: true, target: "Organization"}
	location   = attribute{code: "location_id", target: "Location"}
	deployment = attribute{code: "status", enum: []string{"production", "implementation", "stock", "obsolete"}}
	ticketing  = []attribute{
		{code: "status", enum: []string{"new", "assigned", "pending", "resolved", "closed"}},
		{code: "impact", enum: []string{"1", "2", "3"}},
		{code: "urgency", enum: []string{"4", "1", "2", "3"}},
		{code: "priority", enum: []string{"4", "1", "2", "3"}},
		{code: "origin", enum: []string{"phone", "mail", "monitoring", "portal"}},
	}
	hardware = []attribute{deployment, location, {code: "managementip"}, {code: "serialnumber"}, {code: "brand_name"}, {code: "model_name"}}
)

// classes is the data model, abstract classes before those below them.
var classes = []class{
	{name: "Organization", own: []attribute{name, {code: "code"}, status, {code: "parent_id", target: "Organization"}}},
	{name: "Location", own: []attribute{name, status, org, {code: "address"}, {code: "city"}, {code: "country"}}},
	{name: "Contact", abstract: true, own: []attribute{name, status, org, {code: "email"}, {code: "phone"}}},
	{name: "Person", parent: "Contact", own: []attribute{
		{code: "first_name", mandatory: true},
		{code: "function"},
		{code: "employee_number"},
		{code: "mobile_phone"},
		location,
		{code: "manager_id", target: "Person"},
	}},
	{name: "Team", parent: "Contact", own: []attribute{{code: "function"}}},
	{name: "FunctionalCI", abstract: true, own: []attribute{
		name, org, {code: "description"}, {code: "business_criticity", enum: []string{"low", "medium", "high"}}, {code: "move2production"},
	}},
	{name: "Server", parent: "FunctionalCI", own: append(slices.Clone(hardware), attribute{code: "cpu"}, attribute{code: "ram"}, attribute{code: "osfamily_name"})},
	{name: "NetworkDevice", parent: "FunctionalCI", own: append(slices.Clone(hardware), attribute{code: "iosversion_name"})},
	{name: "Ticket", abstract: true, own: []attribute{
		{code: "ref", readonly: true},
		{code: "title", mandatory: true},
		{code: "description", mandatory: true},
		org,
		{code: "caller_id", target: "Person"},
		{code: "agent_id", target: "Person"},
		{code: "team_id", target: "Team"},
		{code: "start_date", readonly: true},
		{code: "last_update", readonly: true},
	}},
	{name: "UserRequest", parent: "Ticket", own: append(slices.Clone(ticketing), attribute{code: "solution"})},
	{name: "Incident", parent: "Ticket", own: append(slices.Clone(ticketing), attribute{code: "solution"})},
}

func findClass(name string) (class, bool) {
	i := slices.IndexFunc(classes, func(c class) bool { return c.name == name })
	if i < 0 {
		return class{}, false
	}
	return classes[i], true
}

// root is the class whose ids c shares.
func (c class) root() string {
	if c.parent != "" {
		return c.parent
	}
	return c.name
}

// is reports whether every c is a thing of the class name.
func (c class) is(name string) bool { return c.name == name || c.parent == name }

// attributes are the stored attributes of c, inherited ones first.
func (c class) attributes() []attribute {
	above, _ := findClass(c.parent)
	return append(slices.Clone(above.own), c.own...)
}

func (c class) attribute(code string) (attribute, bool) {
	all := c.attributes()
	i := slices.IndexFunc(all, func(a attribute) bool { return a.code == code })
	if i < 0 {
		return attribute{}, false
	}
	return all[i], true
}

// codes are all attribute codes of c that a caller may read: the stored ones,
// after each key the name and the friendly name of what it points to, and
// those that every object has.
func (c class) codes() []string {
	var out []string
	for _, a := range c.attributes() {
		out = append(out, a.code)
		if a.target != "" {
			out = append(out, strings.TrimSuffix(a.code, "_id")+"_name", a.code+"_friendlyname")
		}
	}
	return append(out, "finalclass", "friendlyname")
}

// readable reports whether code can stand in output fields or a query.
func (c class) readable(code string) bool { return code == "id" || slices.Contains(c.codes(), code) }
