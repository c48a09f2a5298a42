package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/env/v2"
)

// Prefix is how the variables start that override the file.
const Prefix = "SALLYPORT_"

// notOurs reports whether a variable with our prefix means something else: it
// belongs to the command line or to the tests, or Kubernetes made it for a
// service that is named sallyport.
func notOurs(name string) bool {
	own := []string{"SALLYPORT_URL", "SALLYPORT_TOKEN", "SALLYPORT_CONFIG", "SALLYPORT_OUTPUT", "SALLYPORT_UPDATE"}
	return slices.Contains(own, name) || strings.HasPrefix(name, "SALLYPORT_TEST_") ||
		strings.HasPrefix(name, "SALLYPORT_BENCH_") || kubernetesVariable.MatchString(name)
}

var kubernetesVariable = regexp.MustCompile(`^SALLYPORT_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// environment returns the layer of the variables. An empty one counts as not
// set.
func (l *loader) environment(environ []string) map[string]any {
	byName := map[string]leaf{}
	var names []string
	for _, x := range l.root.leaves("") {
		if x.shape.kind == list && x.shape.elem.kind == object {
			continue
		}
		name := variable(x.path)
		byName[name] = x
		names = append(names, name[len(Prefix):])
	}
	// The provider wants a function that cannot fail, so faults are put aside.
	transform := func(name, value string) (string, any) {
		if value == "" || notOurs(name) {
			return "", nil
		}
		x, ok := byName[name]
		if !ok {
			message := "no key has this variable"
			if near := Nearest(name[len(Prefix):], names); near != "" {
				message += "; did you mean " + Prefix + near + "?"
			}
			l.faults = append(l.faults, Fault{File: shownVariable(name), Message: message})
			return "", nil
		}
		v, err := x.shape.fromVariable(value)
		if err != nil {
			l.faults = append(l.faults, Fault{File: name, Key: x.path, Message: err.Error()})
			return "", nil
		}
		l.origins[x.path] = origin{variable: name}
		return x.path, v
	}
	provider := env.Provider(".", env.Opt{Prefix: Prefix, TransformFunc: transform, EnvironFunc: func() []string { return environ }})
	values, err := provider.Read()
	if err != nil {
		l.fault("", "%s", err) // unreachable: the provider only splits and asks transform
	}
	return values
}

// fromVariable reads the value of a variable.
func (s *shape) fromVariable(value string) (any, error) {
	if s.kind != list {
		return s.value(value)
	}
	all := []any{}
	for part := range strings.SplitSeq(value, ",") {
		v, err := s.elem.value(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// shownVariable returns the name of a variable for a message.
func shownVariable(name string) string {
	if quoted := shorten(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
