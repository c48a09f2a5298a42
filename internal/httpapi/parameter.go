package httpapi

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
)

// setParameter sets a field from the values of a query parameter. It returns
// what is wrong with them, which is never shown if there are none.
func setParameter(field reflect.Value, tag reflect.StructTag, given []string) string {
	switch {
	case len(given) != 1:
		return "is there more than once; send it once"
	case !utf8.ValidString(given[0]) || strings.ContainsRune(given[0], 0):
		return "is not text in UTF-8"
	}
	text := given[0]
	if most, err := strconv.Atoi(tag.Get("maxLength")); err == nil && len(text) > most {
		return "is too long; at most " + strconv.Itoa(most) + " bytes"
	}
	if known := tag.Get("enum"); known != "" && !slices.Contains(strings.Split(known, ","), text) {
		return "is not known; choose one of " + known
	}
	switch {
	case field.Type() == reflect.TypeFor[time.Time]():
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return `is not a time such as 2030-01-31T12:00:00Z`
		}
		field.Set(reflect.ValueOf(at))
	case field.Type() == reflect.TypeFor[sallyport.Duration]():
		var d sallyport.Duration
		if d.UnmarshalText([]byte(text)) != nil {
			return `is not a duration such as 90m or 720h`
		}
		field.Set(reflect.ValueOf(d))
	case field.CanInt():
		return setNumber(field, tag, text)
	default:
		field.SetString(text)
	}
	return ""
}

func setNumber(field reflect.Value, tag reflect.StructTag, text string) string {
	least, _ := strconv.ParseInt(tag.Get("minimum"), 10, 64) // 0 if there is none
	most, err := strconv.ParseInt(tag.Get("maximum"), 10, 64)
	n, bad := strconv.ParseInt(text, 10, 64)
	if bad != nil || n < least || err == nil && n > most {
		return "is not a whole number from " + tag.Get("minimum") + " to " + tag.Get("maximum")
	}
	field.SetInt(n)
	return ""
}
