package client

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
)

// queryOf returns the fields of a filter that are set, as query parameters. The
// names are in the tags "query".
func queryOf(filters ...any) url.Values {
	q := url.Values{}
	for _, filter := range filters {
		v := reflect.ValueOf(filter)
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("query")
			if name != "" && !v.Field(i).IsZero() {
				q.Set(name, text(v.Field(i).Interface()))
			}
		}
	}
	return q
}

func text(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case sallyport.Duration:
		return time.Duration(v).String()
	case int:
		return strconv.Itoa(v)
	default:
		return fmt.Sprint(v)
	}
}
