package oql

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var marie = map[string]string{
	"id": "7", "first_name": "Marie", "name": "Curie", "email": "marie@example.fr", "phone": "", "function": "100% \\ _x_",
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"SELECT Person":                                                                  true,
		"SELECT Person WHERE email LIKE '%.fr'":                                          true,
		"select Person as p where p.email like '%.FR'":                                   true,
		"SELECT Person WHERE Person.email LIKE '%.de'":                                   false,
		"SELECT `Person` AS `p` WHERE `p`.`email` NOT LIKE '%.de'":                       true,
		"SELECT Person WHERE name = 'curie'":                                             true,
		`SELECT Person WHERE name = "Curie"`:                                             true,
		"SELECT Person WHERE name != 'Curie'":                                            false,
		"SELECT Person WHERE id = 7":                                                     true,
		"SELECT Person WHERE id > 10":                                                    false,
		"SELECT Person WHERE id < '10'":                                                  true,
		"SELECT Person WHERE id >= 7.0 AND id <= 7":                                      true,
		"SELECT Person WHERE id > -1":                                                    true,
		"SELECT Person WHERE name > 'A' AND name < 'D'":                                  true,
		"SELECT Person WHERE id IN (1, 7, 9)":                                            true,
		"SELECT Person WHERE name NOT IN ('Curie', 'Meitner')":                           false,
		"SELECT Person WHERE phone = ''":                                                 true,
		"SELECT Person WHERE name = 'X' OR first_name = 'Marie' AND id = 7":              true,
		"SELECT Person WHERE (name = 'X' OR first_name = 'Marie') AND id = 8":            false,
		"SELECT Person WHERE ((name = 'Curie')) AND (id = 8 OR (id = 7 AND phone = ''))": true,
		"SELECT Person WHERE name LIKE 'C_rie'":                                          true,
		"SELECT Person WHERE name LIKE 'C_ie'":                                           false,
		"SELECT Person WHERE name LIKE '%u%i%'":                                          true,
		"SELECT Person WHERE name LIKE '%Cre'":                                           false,
		"SELECT Person WHERE name LIKE ''":                                               false,
		"SELECT Person WHERE phone LIKE '%'":                                             true,
		`SELECT Person WHERE function LIKE '100\% %'`:                                    true,
		`SELECT Person WHERE function LIKE '10\% %'`:                                     false,
		`SELECT Person WHERE function LIKE '% \\\\ %'`:                                   true,
		`SELECT Person WHERE function LIKE '%\_x\_'`:                                     true,
		`SELECT Person WHERE name = 'O\'Hara'`:                                           false,
	} {
		q, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := q.Match(func(a string) string { return marie[a] }); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	q, err := Parse(`SELECT Server AS s WHERE s.name LIKE "it's %" AND (s.id IN (1,'b') OR s.status!='x')`)
	if err != nil {
		t.Fatal(err)
	}
	if want := `SELECT Server AS s WHERE name LIKE 'it\'s %' AND (id IN (1, 'b') OR status != 'x')`; q.String() != want {
		t.Errorf("%s\nwant %s", q, want)
	}
	if want := []string{"name", "id", "status"}; !slices.Equal(q.Attributes(), want) {
		t.Errorf("attributes %q, want %q", q.Attributes(), want)
	}
	built := &Query{Class: "Person", Where: All(Equal("name", "Curie"), Equal("id", "7"))}
	if built.String() != "SELECT Person WHERE name = 'Curie' AND id = '7'" || All() != nil {
		t.Errorf("built %s", built)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                      "SELECT is expected at byte 0",
		"DELETE Person":                         "SELECT is expected at byte 0",
		"SELECT":                                "a class is expected at byte 6",
		"SELECT 7":                              "a class is expected",
		"SELECT where":                          "a class is expected",
		"SELECT Person AS":                      "an alias is expected",
		"SELECT Person p":                       "the end of the query is expected at byte 14",
		"SELECT Person WHERE":                   "an attribute is expected",
		"SELECT Person WHERE name":              "a comparison is expected",
		"SELECT Person WHERE name NOT 'x'":      "a comparison is expected",
		"SELECT Person WHERE name = name":       "a value is expected",
		"SELECT Person WHERE name LIKE 7":       "a string is expected",
		"SELECT Person WHERE name IN 'x'":       "( is expected",
		"SELECT Person WHERE name IN ()":        "a value is expected",
		"SELECT Person WHERE name IN ('x'":      ", or ) is expected",
		"SELECT Person WHERE (name = 'x'":       ") is expected",
		"SELECT Person WHERE name = 'x":         "a string is not closed",
		"SELECT Person WHERE q.name = 'x'":      "nothing in the query is called q",
		"SELECT Person AS p WHERE Person.a = 1": "nothing in the query is called Person",
		"SELECT Person WHERE name = 1.":         "a number is expected",
		"SELECT Person WHERE name = 1.2.3":      "a number is expected",
		"SELECT Person WHERE name; DROP":        "unexpected character at byte 24",
		"SELECT ``":                             "a name in backquotes",
		"SELECT \xff":                           "invalid UTF-8",
		"SELECT Person WHERE a = 'x' AND":       "an attribute is expected",
		"SELECT Person WHERE " + strings.Repeat("(", 51) + "a = 1" + strings.Repeat(")", 51): "too many parentheses",
		"SELECT Person WHERE a IN (1" + strings.Repeat(",1", 1000) + ")":                     "too many values",
		strings.Repeat(" ", 16<<10) + "x":                                                    "too long",
	} {
		q, err := Parse(text)
		var e *Error
		if q != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}

// FuzzParse wants that nothing breaks the parser, and that what it accepts
// means the same after it was written and read again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"SELECT Person", "SELECT Person AS p WHERE p.email LIKE '%.fr' AND (id IN (1, -2.5) OR name NOT IN ('a\\'b'))",
		"SELECT `a` WHERE b >= \"\\\\\" OR c NOT LIKE '_' AND d != 0", "SELECT a WHERE ((((b = 1))))", "SELECT a WHERE b = 'ſK'",
	} {
		f.Add(text, "Curie")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		q, err := Parse(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(text) {
				t.Fatalf("error %v of %q", err, text)
			}
			return
		}
		again, err := Parse(q.String())
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, q, err)
		}
		if again.String() != q.String() {
			t.Errorf("%q was written as %q and then as %q", text, q, again)
		}
		get := func(string) string { return value }
		if q.Match(get) != again.Match(get) {
			t.Errorf("%q and %q differ on %q", text, q, value)
		}
	})
}
