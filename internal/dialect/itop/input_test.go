package itop

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/policy"
)

func TestFoldName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"json_data": "json_data", "json.data": "json_data", "json data": "json_data", "  json_data": "json_data", "json_data ": "json_data_",
		"json[data": "json_data", "json_data[": "json_data_", "json_data[]": "json_data", "json_data[a][b]": "json_data", "json_data]": "json_data]",
		"json_data\x00[x": "json_data", "a.b[c.d]": "a_b", "": "", "[": "_", "\tjson_data": "\tjson_data", "JSON_DATA": "JSON_DATA",
	} {
		if got := foldName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestQueryClass(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"SELECT Person": "Person", " select  Person ": "Person", "SELECT\tPerson\nWHERE a = 1": "Person", "SELECT Person AS p": "Person",
		"SELECT Person JOIN Team ON Person.a = Team.id": "Person", "SELECT Person WHERE id IN (SELECT Server)": "Person",
		"": "", "SELECT": "", "SELECT ": "", "SELECTPerson": "", "SELECT p FROM Person AS p": "", "SELECT Person FROM Server AS Person": "",
		"SELECT Person, Server": "", "SELECT Person,Server": "", "SELECT Person UNION SELECT Server": "", "SELECT Person WHERE a = 'union'": "",
		"SELECT `Person`": "", "SELECT 1": "", "SELECT Person(": "", "SELECT Person WHEREAS": "", "SELECT Person.x": "", "SELECT Person\vWHERE a=1": "",
		"DELETE Person": "", "SELECT \u00c9t\u00e9": "", "SELECT " + strings.Repeat("a", 101): "",
	} {
		if got := queryClass(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestTooDeep(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + "1" + strings.Repeat("]", n) }
	for text, want := range map[string]bool{
		nested(512): false, nested(513): true, `"` + nested(600) + `"`: false, `["\\",` + nested(511) + `]`: false, `["\"",` + nested(512) + `]`: true,
		strings.Repeat("[],", 600): false, "": false,
	} {
		if got := tooDeep([]byte(text)); got != want {
			t.Errorf("%.30s: %t, want %t", text, got, want)
		}
	}
}

// source is a request that has one parameter.
type source string

func (s source) Form(name string) (string, bool) { return string(s), name == dataParameter }
func (source) Query(string) (string, bool)       { return "", false }
func (source) QueryAll(string) []string          { return nil }
func (source) Header(string) (string, bool)      { return "", false }

// FuzzInput: what is read as an object is one for any reader of JSON, a class is
// told only if it is what the parameter says, and never of a query that can select
// from another.
func FuzzInput(f *testing.F) {
	for _, seed := range []string{
		`{"operation":"core/get","class":"Person","key":"SELECT Person"}`, `{"operation":"core/get","class":"Person","key":"SELECT Person UNION SELECT Server"}`,
		`{"operation":"core/update","class":"Server","key":1}`, `{"operation":"core/delete","class":"Server","key":{"name":"x"}}`, `[1]`, `null`, `"x"`, "{\"\xff\":1}", `{`,
		"\v\"0\"", "\u00a0{}", " {}\n",
		`{"operation":"core/get","class":"Person","key":"select\u0009Person as p where p.name='x'"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, ok := readInput(text)
		if ok && (!json.Valid([]byte(text)) || !utf8.ValidString(text)) {
			t.Fatalf("%q was read, and is no JSON", text)
		}
		var params policy.ParameterSource = source(text)
		class := classOf(params)
		if class == "" {
			return
		}
		if said, _ := in.text("class"); said != class || !isName(class) {
			t.Errorf("%q: the class is %q", text, class)
		}
		key, isText := in.text("key")
		if isText && !isDigits(key) && in["key"][0] == '"' {
			upper := strings.ToUpper(key)
			if !strings.Contains(upper, "SELECT") || strings.Contains(upper, "UNION") || !strings.Contains(key, class) {
				t.Errorf("%q: the class of %q is %q", text, key, class)
			}
		}
	})
}

// FuzzEscape: JSON is the same JSON afterwards, in ASCII.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"a/b", "caf\u00e9", "\U0001f600", "\x00\"\\", "<&>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		out := escape(raw)
		var got, want string
		if json.Unmarshal(out, &got) != nil || json.Unmarshal(raw, &want) != nil || got != want {
			t.Errorf("%q became %s", text, out)
		}
		if strings.ContainsFunc(string(out), func(r rune) bool { return r >= utf8.RuneSelf }) {
			t.Errorf("%s is not ASCII", out)
		}
	})
}
