package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// A Setting is a switch of a dialect.
type Setting struct {
	Name    string
	Default string
	Values  []string           // what it may be; empty: whatever Check takes
	Check   func(string) error // nil: one of Values
}

// FillSettings checks the settings of a document and fills in those that it
// leaves out, so that who reads them finds all. It returns what is wrong with
// them.
func FillSettings(api *sallyport.API, known ...Setting) []error {
	all := map[string]string{}
	var wrong []error
	for _, s := range known {
		all[s.Name] = s.Default
		value, there := api.Settings[s.Name]
		if !there {
			continue
		}
		if err := s.check(value); err != nil {
			wrong = append(wrong, sallyport.ErrInvalid("settings."+s.Name, err.Error()))
			continue
		}
		all[s.Name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(api.Settings)) {
		if _, there := all[name]; !there {
			wrong = append(wrong, sallyport.ErrInvalid("settings."+name, "there is no such setting; there are "+names(known)))
		}
	}
	api.Settings = all
	return wrong
}

func names(known []Setting) string {
	list := make([]string, len(known))
	for i, s := range known {
		list[i] = s.Name
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func (s *Setting) check(value string) error {
	if s.Check != nil {
		return s.Check(value)
	}
	if !slices.Contains(s.Values, value) {
		return fmt.Errorf("%q is not a value of this setting; write %s", value, strings.Join(s.Values, " or "))
	}
	return nil
}

// Within returns a check for durations between two bounds.
func Within(least, most time.Duration) func(string) error {
	return func(value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d < least || d > most {
			return fmt.Errorf("%q is not a duration from %s to %s, such as 30m", value, least, most)
		}
		return nil
	}
}

// DurationOf returns the value of a setting that [Within] has checked.
func DurationOf(api *sallyport.API, name string) time.Duration {
	d, err := time.ParseDuration(api.Settings[name])
	if err != nil {
		return 0 // unreachable: what is in force was checked
	}
	return d
}
