package wire

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
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

// Spec returns what the policy must know of a dialect that answers these endpoints
// and has these settings. complete fills in what a document leaves open; by
// then all settings are in it, and those that are wrong have their defaults.
func Spec[C any](endpoints map[string]func(C) error, known []Setting, complete func(*sallyport.API)) policy.Dialect {
	d := policy.Dialect{
		Endpoints: slices.Sorted(maps.Keys(endpoints)),
		Complete: func(api *sallyport.API) []error {
			wrong := FillSettings(api, known...)
			complete(api)
			return wrong
		},
	}
	for _, s := range known {
		d.Switches = append(d.Switches, policy.Switch{Name: s.Name, Default: s.Default, Values: s.Values})
	}
	return d
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

// SettingOf returns a setting of the API that a request is for.
func SettingOf(x *surface.Exchange, name string) string {
	return x.Request.API.Document.Settings[name]
}

// DurationOf returns the value of a setting that [Within] has checked.
func DurationOf(api *sallyport.API, name string) time.Duration {
	d, err := time.ParseDuration(api.Settings[name])
	if err != nil {
		return 0 // unreachable: what is in force was checked
	}
	return d
}

// CookieName is a check for the name of a cookie.
func CookieName(name string) error {
	odd := func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, odd) {
		return errors.New("the name of a cookie has letters, digits, dashes and underscores, at most 64")
	}
	return nil
}

// Complete fills in what a document leaves open, as another one has it. Aliases
// come with the base path alone.
func Complete(api *sallyport.API, whole sallyport.API) {
	if api.BasePath == "" {
		api.BasePath = whole.BasePath
		api.Aliases = either(api.Aliases, whole.Aliases)
	}
	api.Accept = either(api.Accept, whole.Accept)
	api.Tenant = cmp.Or(api.Tenant, whole.Tenant)
	api.Explain = cmp.Or(api.Explain, whole.Explain)
	api.Token.Algorithm = cmp.Or(api.Token.Algorithm, whole.Token.Algorithm)
	api.Token.Lifetime = cmp.Or(api.Token.Lifetime, whole.Token.Lifetime)
	api.Token.Refresh = cmp.Or(api.Token.Refresh, whole.Token.Refresh)
	api.Upstream.Timeout = cmp.Or(api.Upstream.Timeout, whole.Upstream.Timeout)
	api.Upstream.DropParameters = either(api.Upstream.DropParameters, whole.Upstream.DropParameters)
	api.Permissions = either(api.Permissions, whole.Permissions)
	api.Scopes = either(api.Scopes, whole.Scopes)
	api.Routes = either(api.Routes, whole.Routes)
}

func either[T any](first, second []T) []T {
	if len(first) > 0 {
		return first
	}
	return second
}
