package token

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseObject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want []member
	}{
		{`{}`, nil},
		{" {\r\n\t\"a\" : 1 } ", []member{{"a", "1"}}},
		{`{"a":"x","b":[1,{"c":null}],"d":{"a":1}}`, []member{{"a", `"x"`}, {"b", `[1,{"c":null}]`}, {"d", `{"a":1}`}}},
		{`{"\u0061\n\"\\\/\b\f\r\t":true}`, []member{{"a\n\"\\/\b\f\r\t", "true"}}},
		{`{"\ud83d\ude00":-0.5e+10}`, []member{{"😀", "-0.5e+10"}}},
		{`{"sub":"a","SUB":"b","ſub":"c"}`, []member{{"sub", `"a"`}, {"SUB", `"b"`}, {"ſub", `"c"`}}},
		{strings.Repeat(`{"a":`, 7) + "{}" + strings.Repeat("}", 7), []member{{"a", strings.Repeat(`{"a":`, 6) + "{}" + strings.Repeat("}", 6)}}},
	} {
		got, err := parseObject(tt.text)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("parseObject(%s) = %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
}

func TestParseObjectRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":                 "",
		"array":                 "[]",
		"string":                `"x"`,
		"null":                  "null",
		"trailing object":       "{}{}",
		"trailing text":         "{} x",
		"trailing NUL":          "{}\x00",
		"duplicate":             `{"sub":"alice","sub":"root"}`,
		"duplicate by escape":   `{"sub":"alice","s\u0075b":"root"}`,
		"duplicate, nested":     `{"a":{"b":1,"b":2}}`,
		"duplicate in an array": `{"a":[{"b":1,"b":2}]}`,
		"not UTF-8":             "{\"a\":\"\xff\"}",
		"overlong UTF-8":        "{\"a\":\"\xc0\xaf\"}",
		"lone high surrogate":   `{"a":"\ud800"}`,
		"lone low surrogate":    `{"a":"\udc00"}`,
		"two high surrogates":   `{"a":"\ud800\ud800"}`,
		"too deep, objects":     strings.Repeat(`{"a":`, 8) + "{}" + strings.Repeat("}", 8),
		"too deep, arrays":      `{"a":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + "}",
		"very deep":             `{"a":` + strings.Repeat("[", 10001),
		"too many members":      manyMembers(maxMembers + 1),
		"trailing comma":        `{"a":1,}`,
		"array trailing comma":  `{"a":[1,]}`,
		"leading comma":         `{,"a":1}`,
		"no colon":              `{"a" 1}`,
		"no value":              `{"a":}`,
		"bare name":             `{a:1}`,
		"single quotes":         `{'a':1}`,
		"comment":               `{"a":1/**/}`,
		"leading zero":          `{"a":01}`,
		"plus":                  `{"a":+1}`,
		"bare point":            `{"a":1.}`,
		"bare exponent":         `{"a":1e}`,
		"minus alone":           `{"a":-}`,
		"NaN":                   `{"a":NaN}`,
		"True":                  `{"a":True}`,
		"control character":     "{\"a\":\"\n\"}",
		"escaped then control":  "{\"a\":\"\\n\n\"}",
		"unknown escape":        `{"a":"\x41"}`,
		"short escape":          `{"a":"\u00`,
		"signed escape":         `{"a":"\u+041"}`,
		"open string":           `{"a":"b`,
		"open string, escaped":  `{"a":"\n`,
		"open object":           `{"a":1`,
		"open array":            `{"a":[1`,
		"byte order mark":       "\ufeff{}",
	} {
		if got, err := parseObject(text); !errors.Is(err, Malformed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := parseObject(manyMembers(maxMembers)); err != nil {
		t.Errorf("%d members: %v", maxMembers, err)
	}
}

func manyMembers(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = `"` + strings.Repeat("n", i+1) + `":1`
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestReadInteger(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]int64{"0": 0, "1": 1, "1767225600": 1767225600, "999999999999999": 999999999999999} {
		if got, err := readInteger(raw); err != nil || got != want {
			t.Errorf("readInteger(%s) = %d, %v", raw, got, err)
		}
	}
	for _, raw := range []string{"", "-1", "1.0", "1e3", "1e400", `"1"`, "null", "true", "9223372036854775808", "1000000000000000000", "[]"} {
		if got, err := readInteger(raw); !errors.Is(err, Malformed) || got != 0 {
			t.Errorf("readInteger(%s) = %d, %v", raw, got, err)
		}
	}
}

// Whatever we take as JSON, encoding/json takes too, and it agrees on what the
// members are.
func FuzzParseObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,2.5e-3,{"b":"\u00e9\ud83d\ude00"}],"c":null}`, `{"a":1,"a":2}`, "{\"a\":\"\\n\"}", `[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		members, err := parseObject(text)
		if err != nil {
			if members != nil || !errors.Is(err, Malformed) {
				t.Fatalf("%v beside %v", members, err)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("accepted %q, encoding/json says: %v", text, err)
		}
		if len(want) != len(members) {
			t.Fatalf("%d members, encoding/json finds %d", len(members), len(want))
		}
		for _, m := range members {
			if string(want[m.name]) != m.value {
				t.Fatalf("member %q is %q, encoding/json says %q", m.name, m.value, want[m.name])
			}
		}
	})
}
