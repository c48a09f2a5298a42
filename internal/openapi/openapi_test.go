package openapi_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
)

const three = `
openapi: 3.1.0
info: {title: Pets}
servers: [{url: "https://api.example.com/v1/"}]
security: [{oauth: [pets.read]}]
paths:
  /pets:
    get: {operationId: listPets, tags: [pets], summary: List pets}
    head: {tags: [pets]}
    post: {operationId: addPet, tags: [pets], security: [{oauth: [pets.write, pets.all]}]}
    trace: {}
  /pets/{pet-id}:
    $ref: '#/components/pathItems/pet'
  /pets/{id}.json:
    get: {tags: [pets]}
  /files/{name}.txt: {get: {x-permission: pets/files}}
  /health: {get: {security: []}}
  /x-ray: {get: {security: [{oauth: []}, {}]}}
  /bad{: {get: {}}
components:
  pathItems:
    pet:
      get: {operationId: getPet, tags: [pets]}
      delete: {operationId: deletePet, tags: [pets], deprecated: true}
  schemas: {Broken: {type: [[]]}}
`

const two = `{
	"swagger": "2.0", "info": {"title": "Old"}, "host": "old.example.com", "basePath": "/api", "schemes": ["http"],
	"paths": {"/things/{id}": {"get": {"operationId": "thing get"}, "parameters": []}, "/": {"options": {}}}
}`

func read(t *testing.T, text string) *openapi.Document {
	t.Helper()
	d, err := openapi.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// routes tells what routes need, one a line.
func routes(a sallyport.API) string {
	var b strings.Builder
	for _, r := range a.Routes {
		fmt.Fprintf(&b, "%s %s %s", r.Methods[0], r.Path, r.ID)
		if r.Public {
			b.WriteString(" public")
		}
		fmt.Fprintf(&b, " %v %v\n", r.AllOf, r.AnyOf)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	t.Parallel()
	d := read(t, three)
	if d.Title != "Pets" || d.BasePath != "/v1" || d.Server != "https://api.example.com/v1/" || len(d.Operations) != 11 {
		t.Errorf("%+v", d)
	}
	d = read(t, two)
	if d.Title != "Old" || d.BasePath != "/api" || d.Server != "http://old.example.com/api" || len(d.Operations) != 2 {
		t.Errorf("%+v", d)
	}
	for text, want := range map[string]string{
		"":                               "nothing",
		"[]":                             "not an object",
		"a: [":                           "neither YAML nor JSON",
		"a: b":                           `neither "openapi" nor "swagger"`,
		"openapi: 4.0.0":                 "version",
		"openapi: 3.0.0":                 "no paths",
		"openapi: 3.0.0\npaths: {a: {}}": "slash",
		"openapi: 3.0.0\npaths: {/a: {$ref: 'http://127.0.0.1/x.yaml'}}": "another file",
		"openapi: 3.0.0\npaths: {/a: {$ref: '#/paths/~1a'}}":             "and so on",
		"openapi: 3.0.0\npaths: {/a: {$ref: '#/nowhere'}}":               "not there",
		"openapi: 3.0.0\npaths: &a {/a: *a}":                             "",
		"openapi: 3.0.0\nx: " + strings.Repeat("[", 20_000):              "neither YAML nor JSON",
		strings.Repeat(" ", openapi.MaxSize+1):                           "larger than",
	} {
		_, err := openapi.Read([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options openapi.Options
		want    string
	}{
		"by tag": {openapi.Options{}, `GET /pets listPets [pets.read] []
POST /pets addPet [pets.write] []
GET /pets/{pet_id} getPet [pets.read] []
DELETE /pets/{pet_id} deletePet [pets.write] []
GET /files/{name}  [files] []
GET /health  [health.read] []
GET /x-ray  [x-ray.read] []
`},
		"by operation, open": {openapi.Options{Permissions: openapi.ByOperation, Open: true}, `GET /pets listPets [listPets] []
POST /pets addPet [addPet] []
GET /pets/{pet_id} getPet [getPet] []
DELETE /pets/{pet_id} deletePet [deletePet] []
GET /files/{name}  [files] []
GET /health  public [] []
GET /x-ray  public [] []
`},
		"by scope": {openapi.Options{Permissions: openapi.ByScope}, `GET /pets listPets [] [pets.read]
POST /pets addPet [] [pets.all pets.write]
GET /pets/{pet_id} getPet [] [pets.read]
DELETE /pets/{pet_id} deletePet [] [pets.read]
GET /files/{name}  [files] []
GET /health  [unscoped] []
GET /x-ray  [unscoped] []
`},
	} {
		a, notes := read(t, three).API(tt.options)
		if got := routes(a); got != tt.want {
			t.Errorf("%s:\n%s", name, got)
		}
		a.Name, a.BasePath, a.Upstream.URL = "pets", "/v1", "http://127.0.0.1:1"
		if errs := (policy.Rules{}).Check(&a); len(errs) > 0 {
			t.Errorf("%s: it would not be taken: %v", name, errs)
		}
		var told []string
		for _, n := range notes {
			told = append(told, n.Operation)
		}
		want := "TRACE /pets, GET /pets/{id}.json, GET /files/{name}.txt"
		if !tt.options.Open {
			want += ", GET /health, GET /x-ray"
		}
		if want += ", GET /bad{"; strings.Join(told, ", ") != want {
			t.Errorf("%s: notes of %s, want %s", name, strings.Join(told, ", "), want)
		}
	}
}

func TestDriftAndMerge(t *testing.T) {
	t.Parallel()
	d := read(t, three)
	there, _ := d.API(openapi.Options{})
	if appeared, gone := openapi.Drift(&there, d); len(appeared)+len(gone) != 0 {
		t.Errorf("what was made just now: %v, %v", appeared, gone)
	}
	there.Upstream.URL = "http://kept"
	there.Routes[0].AllOf = []string{"pets.special"}
	there.Permissions = append(there.Permissions, sallyport.PermissionSpec{Name: "pets.special"})
	there.Routes[2].Path = "/pets/{other}"
	there.Routes = slices.Delete(there.Routes, 1, 2)
	there.Routes = append(there.Routes, sallyport.Route{ID: "old", Methods: []string{"PUT"}, Path: "/old", AllOf: []string{"pets.write"}})
	appeared, gone := openapi.Drift(&there, d)
	if want := []openapi.Change{{Method: "POST", Path: "/pets"}}; !reflect.DeepEqual(appeared, want) {
		t.Errorf("appeared: %+v", appeared)
	}
	if want := []openapi.Change{{Method: "PUT", Path: "/old", Route: "old"}}; !reflect.DeepEqual(gone, want) {
		t.Errorf("gone: %+v", gone)
	}
	fresh, _ := d.API(openapi.Options{})
	merged, added, removed := openapi.Merge(there, fresh)
	if len(added) != 1 || len(removed) != 1 || merged.Upstream.URL != "http://kept" || len(merged.Routes) != 7 {
		t.Errorf("added %v, removed %v, %d routes", added, removed, len(merged.Routes))
	}
	if !strings.Contains(routes(merged), "GET /pets listPets [pets.special] []\n") || !strings.Contains(routes(merged), "GET /pets/{other} getPet") {
		t.Errorf("what was chosen is lost:\n%s", routes(merged))
	}
	if appeared, gone := openapi.Drift(&merged, d); len(appeared)+len(gone) != 0 {
		t.Errorf("after the merge: %v, %v", appeared, gone)
	}
}

// A document whose paths are whole is compared with an API that begins there.
func TestDriftOfWholePaths(t *testing.T) {
	t.Parallel()
	const text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/shop: {get: {responses: {}}}, /shop/pets: {get: {responses: {}}}%s}\n"
	there := sallyport.API{BasePath: "/shop", Routes: []sallyport.Route{
		{ID: "root", Methods: []string{"GET"}, Path: "/"}, {ID: "pets", Methods: []string{"GET"}, Path: "/pets"},
	}}
	if appeared, gone := openapi.Drift(&there, read(t, fmt.Sprintf(text, ""))); len(appeared)+len(gone) != 0 {
		t.Errorf("below the base path: %v, %v", appeared, gone)
	}
	fresh, _ := read(t, fmt.Sprintf(text, "")).Below("/shop").API(openapi.Options{})
	if _, added, removed := openapi.Merge(there, fresh); len(added)+len(removed) != 0 {
		t.Errorf("a merge below the base path: %v, %v", added, removed)
	}
	elsewhere := read(t, fmt.Sprintf(text, ", /shopping: {get: {responses: {}}}"))
	if appeared, gone := openapi.Drift(&there, elsewhere); len(appeared) != 3 || len(gone) != 2 {
		t.Errorf("paths that begin elsewhere: %v, %v", appeared, gone)
	}
}

// Whatever is read, what is made of it is sound or nothing: no panic, and no
// route that the rules refuse for its path.
func FuzzRead(f *testing.F) {
	f.Add([]byte(three))
	f.Add([]byte(two))
	f.Add([]byte("openapi: 3.0.0\npaths: &a {/a: {get: *a}, '/{a}{b}': {get: {tags: *a}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := openapi.Read(data)
		if err != nil {
			return
		}
		for _, mode := range []string{openapi.ByTag, openapi.ByOperation, openapi.ByScope} {
			a, _ := d.API(openapi.Options{Permissions: mode, Open: true})
			a.Name, a.BasePath, a.Upstream.URL = "fuzz", "/fuzz", "http://127.0.0.1:1"
			for _, err := range (policy.Rules{}).Check(&a) {
				if strings.Contains(err.Error(), "is not a permission") || strings.Contains(err.Error(), "neither literal") {
					t.Errorf("%v", err)
				}
			}
			openapi.Drift(&a, d)
			openapi.Merge(a, a)
		}
	})
}
