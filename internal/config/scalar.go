package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value reads the text of a scalar and returns it as the plain value that the
// layers hold: text, bool, int64 or time.Duration. Its errors say what to do,
// and do not repeat the text of a secret.
func (s *shape) value(written string) (any, error) {
	if isReference(written) {
		return nil, errors.New("the value is a reference that nobody resolved; put the value itself here, or use a ..._file key or a variable")
	}
	switch s.kind { //nolint:exhaustive // what has no value of its own does not come here
	case boolean:
		if written != "true" && written != "false" {
			return nil, fmt.Errorf("must be true or false, not %s", shorten(written))
		}
		return written == "true", nil
	case number:
		n, err := strconv.ParseInt(written, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("must be a whole number, not %s", shorten(written))
		}
		return n, s.within(n, func(bound string) (int64, error) { return strconv.ParseInt(bound, 10, 64) })
	case duration:
		d, err := time.ParseDuration(written)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("must be a duration with its unit, such as 250ms, 30s or 12h, not %s", shorten(written))
		}
		return d, s.within(int64(d), func(bound string) (int64, error) {
			b, err := time.ParseDuration(bound)
			return int64(b), err
		})
	case parsed:
		return s.parse(written)
	default:
		return s.word(written)
	}
}

// within checks the bounds of a number.
func (s *shape) within(n int64, parse func(string) (int64, error)) error {
	for _, b := range []struct {
		bound string
		out   func(bound int64) bool
	}{{s.min, func(b int64) bool { return n < b }}, {s.max, func(b int64) bool { return n > b }}} {
		if b.bound == "" {
			continue
		}
		if bound, err := parse(b.bound); err != nil || b.out(bound) {
			return fmt.Errorf("must be from %s to %s", s.min, s.max)
		}
	}
	return nil
}

// parse reads a text with the method of its type.
func (s *shape) parse(written string) (any, error) {
	v := reflect.New(s.typ)
	u, ok := v.Interface().(encoding.TextUnmarshaler)
	if !ok {
		return nil, fmt.Errorf("a value of type %s cannot be read", s.typ) // unreachable: shapeOf made sure
	}
	if s.typ == reflect.TypeFor[netip.Prefix]() {
		return written, checkPrefix(written)
	}
	err := u.UnmarshalText([]byte(written))
	if s.typ == reflect.TypeFor[time.Time]() && err != nil {
		return nil, fmt.Errorf("must be a time such as 2030-05-01T08:00:00Z, not %s", shorten(written))
	}
	if err != nil {
		return nil, err
	}
	if size, ok := v.Interface().(*Size); ok {
		return written, s.within(int64(*size), func(bound string) (int64, error) {
			var b Size
			err := b.UnmarshalText([]byte(bound))
			return int64(b), err
		})
	}
	return written, nil
}

// checkPrefix wants a network as it is meant, and no network that is everybody.
func checkPrefix(written string) error {
	p, err := netip.ParsePrefix(written)
	switch {
	case err != nil:
		return fmt.Errorf("must be a network such as 10.0.0.0/8 or 192.0.2.7/32, not %s", shorten(written))
	case p.Bits() == 0:
		return fmt.Errorf("%s is everybody; name the networks that are meant", written)
	case p != p.Masked():
		return fmt.Errorf("%s has bits beyond its mask; is %s meant?", written, p.Masked())
	default:
		return nil
	}
}

// word checks a text against the words that it may be.
func (s *shape) word(written string) (any, error) {
	if len(s.enum) == 0 || slices.Contains(s.enum, written) {
		return written, nil
	}
	message := fmt.Sprintf("must be one of %s, not %s", strings.Join(s.enum, ", "), shorten(written))
	if near := Nearest(written, s.enum); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return nil, errors.New(message)
}

// isReference reports whether a text is a reference to a value elsewhere that
// some tool should have put in its place.
func isReference(s string) bool {
	return strings.Contains(s, "${") || strings.Contains(s, "{{") || strings.Contains(s, "$secret:") || strings.HasPrefix(s, "$(")
}

// shorten quotes the start of a text for a message.
func shorten(s string) string {
	const longest = 40
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return strconv.Quote(s)
}
