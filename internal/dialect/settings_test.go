package dialect_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect"
)

// TestSettingsAreDocumented: each switch of a dialect has a row in the reference,
// which tells its values, its default and where that comes from; and no row tells
// of a switch that there is not.
func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/reference/dialects.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range dialect.Specs() {
		_, section, there := strings.Cut(string(text), "`dialect: "+name+"`")
		if !there {
			t.Errorf("the reference has nothing on %s", name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		api := sallyport.API{Name: "x"}
		if wrong := spec.Complete(&api); len(wrong) > 0 {
			t.Fatalf("%s: %v", name, wrong)
		}
		for _, s := range spec.Switches {
			_, row, _ := strings.Cut(section, "\n| `"+s.Name+"` |")
			row, _, _ = strings.Cut(row, "\n")
			for _, value := range s.Values {
				if !strings.Contains(row, "`"+value+"`") {
					t.Errorf("%s: the reference does not tell of the value %s of %s", name, value, s.Name)
				}
			}
		}
		table, _, _ := strings.Cut(section[strings.Index(section, "| setting |"):], "\n\n")
		if rows := strings.Count(table, "\n| `"); rows != len(spec.Switches) {
			t.Errorf("%s: the reference has %d settings, and there are %d", name, rows, len(spec.Switches))
		}
		for setting, value := range api.Settings {
			_, row, there := strings.Cut(section, "\n| `"+setting+"` |")
			row, _, _ = strings.Cut(row, "\n")
			cells := strings.Split(row, " | ")
			if !there || len(cells) < 3 {
				t.Errorf("%s: the setting %s has no row of values, default and source", name, setting)
				continue
			}
			stated := cells[len(cells)-2]
			if value == "" && stated != "none" {
				t.Errorf("%s: %s has no default, and the reference says %s", name, setting, stated)
			}
			for part := range strings.SplitSeq(value, "|") {
				if value != "" && !strings.Contains(stated, "`"+part+"`") {
					t.Errorf("%s: the default of %s is %s, and the reference says %s", name, setting, value, stated)
				}
			}
		}
	}
}
