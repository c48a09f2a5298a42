package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
)

// Redacted returns the configuration as YAML, every key with its value in
// force, and "[redacted]" in the place of secrets. Of storage.url all but the
// password is shown. APIs are listed by name.
func (c Config) Redacted() string {
	var b strings.Builder
	redact(&b, reflect.ValueOf(c), shapeOf(reflect.TypeFor[Config](), "koanf"), "")
	return b.String()
}

func redact(b *strings.Builder, v reflect.Value, s *shape, indent string) {
	for _, key := range s.keys {
		c := s.fields[key]
		f := v.FieldByName(c.field)
		b.WriteString(indent + key + ":")
		switch c.kind {
		case object:
			b.WriteByte('\n')
			redact(b, f, c, indent+"  ")
		case list:
			names := make([]string, f.Len())
			for i := range names {
				names[i] = strconv.Quote(itemText(f.Index(i).Interface()))
			}
			b.WriteString(" [" + strings.Join(names, ", ") + "]\n")
		case secret:
			b.WriteString(" " + strconv.Quote(secretText(key, f.String())) + "\n")
		case text:
			b.WriteString(" " + strconv.Quote(f.String()) + "\n")
		case boolean, number, duration, parsed, texts:
			fmt.Fprintf(b, " %v\n", f.Interface())
		}
	}
}

func itemText(v any) string {
	if a, ok := v.(sallyport.API); ok {
		return string(a.Name)
	}
	if s, ok := v.(Sink); ok {
		return s.Name
	}
	return fmt.Sprint(v)
}

// secretText returns what may be shown of a secret.
func secretText(key, value string) string {
	switch {
	case value == "":
		return ""
	case key == "url":
		return withoutPassword(value)
	default:
		return sallyport.Secret(value).String()
	}
}

// withoutPassword returns a storage.url without what may be secret in it. What
// cannot be parsed is not shown at all.
func withoutPassword(s string) string {
	if strings.HasPrefix(s, "sqlite:") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" {
		return sallyport.Secret(s).String()
	}
	u.RawQuery, u.Fragment = "", ""
	if _, set := u.User.Password(); set {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// String returns what [Config.Redacted] does.
func (c Config) String() string { return c.Redacted() }

// GoString returns what [Config.Redacted] does.
func (c Config) GoString() string { return c.Redacted() }

// LogValue returns what [Config.Redacted] does.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.Redacted()) }
