package itop

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"
)

// SamplePerson is the key of a person in the sample data.
const SamplePerson = "1"

// seedObjects is the sample data: the class, then the fields that differ from
// the defaults. Objects get the ids 1, 2, 3 … below their root class, in this
// order.
var seedObjects = []struct {
	class  string
	fields map[string]string
}{
	{"Organization", fields("name", "Demo", "code", "DEMO")},
	{"Organization", fields("name", "Institut du Radium", "code", "IDR", "parent_id", "1")},
	{"Organization", fields("name", "Kaiser-Wilhelm-Institut", "code", "KWI", "parent_id", "1")},
	{"Organization", fields("name", "IT Department", "code", "IT", "parent_id", "1")},
	{"Location", fields("name", "Paris", "org_id", "2", "city", "Paris", "country", "France", "address", "11 rue Pierre et Marie Curie")},
	{"Location", fields("name", "Berlin", "org_id", "3", "city", "Berlin", "country", "Germany")},
	{"Location", fields("name", "Grenoble", "org_id", "1", "city", "Grenoble", "country", "France")},
	{"Person", fields("first_name", "Marie", "name", "Curie", "org_id", "2", "email", "marie@example.fr", "function", "Director", "location_id", "1")},
	{"Person", fields("first_name", "Irène", "name", "Joliot-Curie", "org_id", "2", "email", "irene@example.fr", "location_id", "1", "manager_id", "1")},
	{"Person", fields("first_name", "Frédéric", "name", "Joliot", "org_id", "2", "email", "frederic@example.fr", "location_id", "1", "manager_id", "1")},
	{"Person", fields("first_name", "Lise", "name", "Meitner", "org_id", "3", "email", "lise@example.de", "function", "Head of physics", "location_id", "2")},
	{"Person", fields("first_name", "Otto", "name", "Hahn", "org_id", "3", "email", "otto@example.de", "location_id", "2")},
	{"Person", fields("first_name", "Fritz", "name", "Strassmann", "org_id", "3", "email", "fritz@example.de", "location_id", "2", "status", "inactive")},
	{"Person", fields("first_name", "Ada", "name", "Lovelace", "org_id", "4", "email", "ada@example.com", "function", "Support agent", "phone", "+44 20 7946 0123")},
	{"Person", fields("first_name", "Grace", "name", "Hopper", "org_id", "4", "email", "grace@example.com", "function", "Support agent", "manager_id", "7")},
	{"Person", fields("first_name", "Alan", "name", "Turing", "org_id", "4", "email", "alan@example.com", "function", "Administrator")},
	{"Person", fields("first_name", "Sophie", "name", "Germain", "org_id", "1", "email", "sophie@example.fr", "location_id", "3")},
	{"Team", fields("name", "Helpdesk", "org_id", "4", "email", "helpdesk@example.com", "function", "First level")},
	{"Team", fields("name", "Network team", "org_id", "4", "email", "network@example.com", "function", "Second level")},
	{"Server", fields("name", "par-web-01", "org_id", "2", "location_id", "1", "managementip", "10.1.0.11", "serialnumber", "CZ21450K3J", "brand_name", "HPE", "model_name", "DL360 Gen10", "cpu", "16", "ram", "64", "business_criticity", "high", "move2production", "2024-03-11")},
	{"Server", fields("name", "par-db-01", "org_id", "2", "location_id", "1", "managementip", "10.1.0.21", "brand_name", "HPE", "model_name", "DL380 Gen10", "cpu", "32", "ram", "256", "business_criticity", "high", "move2production", "2024-03-11")},
	{"Server", fields("name", "ber-app-01", "org_id", "3", "location_id", "2", "managementip", "10.2.0.11", "brand_name", "Dell", "model_name", "R650", "cpu", "24", "ram", "128", "business_criticity", "medium", "move2production", "2025-01-20")},
	{"Server", fields("name", "ber-app-02", "org_id", "3", "location_id", "2", "managementip", "10.2.0.12", "brand_name", "Dell", "model_name", "R650", "cpu", "24", "ram", "128", "status", "implementation")},
	{"Server", fields("name", "gre-old-07", "org_id", "1", "location_id", "3", "brand_name", "Dell", "model_name", "R610", "cpu", "8", "ram", "24", "status", "obsolete")},
	{"NetworkDevice", fields("name", "par-sw-01", "org_id", "2", "location_id", "1", "managementip", "10.1.0.2", "brand_name", "Cisco", "model_name", "C9300", "iosversion_name", "17.9.4a")},
	{"NetworkDevice", fields("name", "ber-sw-01", "org_id", "3", "location_id", "2", "managementip", "10.2.0.2", "brand_name", "Cisco", "model_name", "C9300", "iosversion_name", "17.6.6")},
	{"UserRequest", fields("title", "New laptop", "description", "The old one does not start any more.", "org_id", "2", "caller_id", "2", "agent_id", "7", "team_id", "11", "status", "assigned", "priority", "3", "origin", "portal")},
	{"UserRequest", fields("title", "Access to the measurement archive", "description", "Read access is enough.", "org_id", "3", "caller_id", "4")},
	{"UserRequest", fields("title", "Mailbox is full", "description", "Please enlarge it.", "org_id", "3", "caller_id", "5", "agent_id", "8", "team_id", "11", "status", "resolved", "solution", "Quota raised to 50 GB")},
	{"Incident", fields("title", "Intranet unreachable", "description", "Since 08:40, whole building.", "org_id", "2", "caller_id", "1", "agent_id", "9", "team_id", "12", "status", "assigned", "priority", "1", "urgency", "1")},
	{"Incident", fields("title", "Slow file share", "description", "Copying takes minutes.", "org_id", "3", "caller_id", "5", "origin", "mail")},
}

func fields(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// seed fills a fresh database and checks that every key points somewhere.
func seed(ctx context.Context, tx *sql.Tx, now time.Time) error {
	b := &base{at: map[place]*object{}}
	next := map[string]int{}
	for i, d := range seedObjects {
		c, _ := findClass(d.class)
		o := &object{class: c, fields: map[string]string{}}
		for _, a := range c.attributes() {
			if len(a.enum) > 0 {
				o.fields[a.code] = a.enum[0]
			}
		}
		for code, value := range d.fields {
			if _, ok := c.attribute(code); !ok {
				return fmt.Errorf("sample object %d: class %s has no %s", i, c.name, code)
			}
			o.fields[code] = value
		}
		if err := o.save(ctx, tx, now.Add(-time.Duration(len(seedObjects)-i)*time.Hour)); err != nil {
			return err
		}
		next[c.root()]++
		if o.key() != strconv.Itoa(next[c.root()]) {
			return fmt.Errorf("sample object %d got the id %s", i, o.key())
		}
		b.objects, b.at[place{c.root(), o.id}] = append(b.objects, o), o
	}
	for _, o := range b.objects {
		for _, a := range o.class.attributes() {
			if _, ok := b.target(o, a.code); a.target != "" && o.fields[a.code] != "" && !ok {
				return fmt.Errorf("sample %s %s: %s points nowhere", o.class.name, o.friendly(), a.code)
			}
		}
	}
	return nil
}
