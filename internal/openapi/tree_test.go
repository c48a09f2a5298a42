package openapi_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/openapi"
)

func tree(t *testing.T, text string) *openapi.Tree {
	t.Helper()
	kept, err := openapi.Keep([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	made, err := openapi.ReadTree(kept)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A document is kept as JSON, whatever YAML can say.
func TestKeep(t *testing.T) {
	t.Parallel()
	got, err := openapi.Keep([]byte(`
openapi: 3.0.0
info: {title: T, version: 1.0}
x: &shared {a: 1, b: ~, c: 2020-01-01, d: 0x10, e: true, f: .nan}
paths:
  /a: {get: {responses: {200: {<<: *shared, description: ok}}}}
`))
	const want = `{"info":{"title":"T","version":1.0},"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{"200":` +
		`{"a":1,"b":null,"c":"2020-01-01","d":"0x10","description":"ok","e":true,"f":".nan"}}}}},` +
		`"x":{"a":1,"b":null,"c":"2020-01-01","d":"0x10","e":true,"f":".nan"}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	var bomb strings.Builder
	bomb.WriteString("openapi: 3.0.0\npaths: {}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		name, last := "a"+string(rune('0'+i)), "*a"+string(rune('0'+i-1))
		fmt.Fprintf(&bomb, "%s: &%s [%s%s]\n", name, name, strings.Repeat(last+", ", 9), last)
	}
	for what, text := range map[string]string{"a bomb": bomb.String(), "no document": "a: 1", "too deep": "openapi: 3.0.0\npaths: {}\nx: " + strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		if _, err := openapi.Keep([]byte(text)); err == nil {
			t.Errorf("%s is kept", what)
		}
	}
}

// What a call takes is found in either version, with a body to begin with.
func TestCalls(t *testing.T) {
	t.Parallel()
	got := tree(t, `
openapi: 3.1.0
paths:
  /things/{id}:
    parameters: [{$ref: "#/components/parameters/Id"}]
    get: {operationId: see, parameters: [{name: tags, in: query, schema: {type: array, items: {enum: [a, b]}}}, {name: s, in: cookie}]}
    put:
      requestBody: {content: {text/plain: {}, application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
    post: {requestBody: {content: {application/x-www-form-urlencoded: {schema: {required: [n], properties: {n: {type: integer}, m: {type: boolean}}}}}}}
components:
  parameters: {Id: {name: id, in: path, required: true, schema: {type: [string, "null"]}, example: 7}}
  schemas:
    Thing: {allOf: [{properties: {id: {type: string, readOnly: true}, at: {type: string, format: date}}}, {properties: {in: {$ref: "#/components/schemas/Thing"}, n: {type: integer, minimum: 3}}}]}
`).Calls()
	if len(got) != 3 {
		t.Fatalf("%d calls: %+v", len(got), got)
	}
	id := openapi.Parameter{Name: "id", In: "path", Type: "string", Required: true, Example: "7"}
	for i, want := range [][]openapi.Parameter{
		{{Name: "tags", In: "query", Many: true, Choices: []string{"a", "b"}}, id},
		{id},
		{id, {Name: "m", In: "form", Type: "boolean", Choices: []string{"true", "false"}}, {Name: "n", In: "form", Type: "integer", Required: true}},
	} {
		if !reflect.DeepEqual(got[i].Parameters, want) {
			t.Errorf("%s: %+v, want %+v", got[i].Method, got[i].Parameters, want)
		}
	}
	body := got[1].Body
	if !reflect.DeepEqual(body.Types, []string{"application/json", "text/plain"}) {
		t.Errorf("types %v", body.Types)
	}
	var sample map[string]any
	if err := json.Unmarshal([]byte(body.Example("application/json")), &sample); err != nil || sample["at"] != "2026-01-01" || sample["n"] != 3.0 || sample["id"] != nil {
		t.Errorf("sample %s, %v", body.Example("application/json"), err)
	}
	old := tree(t, `{"swagger":"2.0","basePath":"/v1/","consumes":["application/json"],"paths":{"/a":{"post":{"parameters":[
		{"name":"b","in":"body","required":true,"schema":{"type":"object","properties":{"x":{"type":"string"}}}},{"name":"f","in":"formData","type":"string"}]}}}}`)
	call := old.Calls()[0]
	if old.BasePath() != "/v1" || call.Body == nil || !call.Body.Required || !strings.Contains(call.Body.Example("application/json"), `"x": "string"`) ||
		!reflect.DeepEqual(call.Parameters, []openapi.Parameter{{Name: "f", In: "form", Type: "string"}}) {
		t.Errorf("Swagger 2.0: base %s, call %+v", old.BasePath(), call)
	}
	old.Move("https://here.example/api/v1")
	old.Secure([]openapi.Scheme{{ID: "bearer", In: "bearer"}, {ID: "c", In: "cookie", Name: "c"}})
	text, err := old.JSON()
	if err != nil || !strings.Contains(string(text), `"host": "here.example"`) || !strings.Contains(string(text), `"basePath": "/api/v1"`) || strings.Contains(string(text), "cookie") {
		t.Errorf("moved: %s, %v", text, err)
	}
}

// Whatever is kept can be read, listed and cut without harm.
func FuzzKeep(f *testing.F) {
	f.Add([]byte("openapi: 3.1.0\npaths: {/a: {get: {parameters: [{$ref: '#/paths/~1a/get/parameters/0'}]}}}"))
	f.Add([]byte(`{"swagger":"2.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`))
	f.Add([]byte("openapi: 3.0.0\npaths: {/a: {post: {requestBody: {content: {a/json: {schema: {$ref: '#/x'}}}}}}}\nx: {properties: {y: {$ref: '#/x'}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		kept, err := openapi.Keep(text)
		if err != nil {
			return
		}
		made, err := openapi.ReadTree(kept)
		if err != nil {
			t.Fatalf("what was kept is not read: %v", err)
		}
		calls := made.Calls()
		made.Move("https://a.example/b")
		made.Secure([]openapi.Scheme{{ID: "basic", In: "basic"}})
		made.Cut(func(string, string) openapi.Shown { return openapi.Shown{Keep: true, Open: true} })
		if left := made.Calls(); len(left) != len(calls) {
			t.Errorf("%d calls of %d are left", len(left), len(calls))
		}
		if _, err := made.JSON(); err != nil {
			t.Error(err)
		}
	})
}
