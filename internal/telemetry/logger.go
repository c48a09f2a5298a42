package telemetry

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
)

// Formats of the log.
const (
	JSON = "json" // one JSON object a line
	Text = "text" // key=value pairs, for people
)

// LogOptions say how to log.
type LogOptions struct {
	Level  slog.Leveler // nil: Info
	Format string       // [JSON] when empty
}

// NewLogger returns a logger to out, which is usually an [Async]. It shows no
// secrets: see [Scrub], and values whose name ends like "password" or "token"
// are replaced whatever they are. Values that have fields of their own are
// shown by the name of their type, because nobody can tell what is in them.
// Control characters are escaped.
func NewLogger(out io.Writer, o LogOptions) *slog.Logger {
	h := slog.HandlerOptions{Level: o.Level, ReplaceAttr: redactAttr}
	if o.Format == Text {
		return slog.New(slog.NewTextHandler(out, &h))
	}
	return slog.New(slog.NewJSONHandler(out, &h))
}

// redactAttr makes an attribute safe to be written.
func redactAttr(groups []string, a slog.Attr) slog.Attr {
	if isSecretName(a.Key) || slices.ContainsFunc(groups, isSecretName) {
		return slog.String(a.Key, redacted)
	}
	a.Value = safeValue(a.Value)
	return a
}

func safeValue(v slog.Value) slog.Value {
	switch v.Kind() { //nolint:exhaustive // numbers, times and durations are safe as they are
	case slog.KindString:
		return slog.StringValue(Scrub(v.String()))
	case slog.KindAny:
		return safeAny(v.Any())
	default:
		return v
	}
}

// safeAny makes text of values that have one, and names the type of the others.
func safeAny(v any) (safe slog.Value) {
	defer func() {
		if recover() != nil { // a nil pointer with a String method: a log line must not end the program
			safe = slog.StringValue("[unprintable]")
		}
	}()
	switch x := v.(type) {
	case nil, *slog.Source, slog.Level:
		return slog.AnyValue(v)
	case http.Header:
		return slog.AnyValue(safeHeader(x))
	case url.Values:
		return slog.StringValue(RedactQuery(x.Encode()))
	case *url.URL:
		return slog.StringValue(RedactURL(x.String()))
	case url.URL:
		return slog.StringValue(RedactURL(x.String()))
	case error:
		return slog.StringValue(Scrub(x.Error()))
	case fmt.Stringer:
		return slog.StringValue(Scrub(x.String()))
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil {
			return slog.StringValue(redacted)
		}
		return slog.StringValue(Scrub(string(text)))
	}
	return safeKind(reflect.ValueOf(v))
}

func safeKind(v reflect.Value) slog.Value {
	switch v.Kind() { //nolint:exhaustive // the default is the safe answer
	case reflect.String:
		return slog.StringValue(Scrub(v.String()))
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return slog.AnyValue(v.Interface())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return slog.StringValue(fmt.Sprintf("[%d bytes]", v.Len()))
		}
		list := make([]any, 0, min(v.Len(), 32))
		for i := range cap(list) {
			list = append(list, safeAny(v.Index(i).Interface()).Any())
		}
		return slog.AnyValue(list)
	default:
		return slog.StringValue("[" + v.Type().String() + "]")
	}
}

// safeHeader shows which fields a header has, and the values of those that
// carry neither credentials nor addresses with a query.
func safeHeader(h http.Header) map[string]string {
	safe := make(map[string]string, len(h))
	for name, values := range h {
		safe[Scrub(name)] = fmt.Sprintf("[%d]", len(values))
		if slices.Contains([]string{"Accept", "Content-Length", "Content-Type", "Host", "User-Agent"}, name) && len(values) == 1 {
			safe[name] = Scrub(values[0])
		}
	}
	return safe
}
