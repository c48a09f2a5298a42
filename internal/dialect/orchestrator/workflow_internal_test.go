package orchestrator

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/carrier"
)

// An asked is a request as far as its workflow goes.
type asked struct {
	path, query, kind, body string
	blind                   bool // the body cannot be seen
}

func (a asked) PathValue(name string) (string, bool) {
	return a.path, name == pathWorkflow && a.path != ""
}

func (a asked) Query(name string) (string, bool) {
	value, count, _ := carrier.QueryValue(a.query, name)
	return value, count == 1 // of two the doors make a fault
}

func (a asked) Form(name string) (string, bool) {
	if value, count, _ := carrier.FormFileValue(a.kind, []byte(a.body), name); count > 0 {
		return value, count == 1
	}
	return a.Query(name)
}

func (asked) QueryAll(string) []string { return nil }

func (asked) Header(string) (string, bool) { return "", false }

func (a asked) Names(f func(string) bool) {
	carrier.QueryNames(a.query, f)
	carrier.FormNames(a.kind, []byte(a.body), f)
}

func (a asked) Content() (string, []byte, bool) { return a.kind, []byte(a.body), !a.blind }

// TestWorkflowOf: a request is for the workflow that all of its parts agree on, and
// for none that can be told if one of them cannot be read for sure.
func TestWorkflowOf(t *testing.T) {
	t.Parallel()
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for _, tt := range []struct {
		in   asked
		want string
	}{
		{asked{path: "124"}, "124"},
		{asked{path: "124.json"}, "124"},
		{asked{path: "xml", query: "work_order[workflow_id]=124"}, "124"},
		{asked{query: "work_order%5Bworkflow_id%5D=124"}, "124"},
		{asked{query: "workflow_id=124"}, "124"},
		{asked{query: "id=124"}, "124"},
		{asked{path: "124", query: "workflow_id=124&id=124&work_order[name]=N&external_parameters[workflow_id]=131"}, "124"},
		{asked{kind: form, body: "work_order[workflow_id]=124&commit=Start"}, "124"},
		{asked{kind: json, body: `{"workflow_id":124,"external_parameters":{"id":"131"}}`}, "124"},
		{asked{kind: json, body: `{"work_order":{"workflow_id":"124","name":"N"}}`}, "124"},
		{asked{body: ` {"workflow_id":"124"}`}, "124"},
		{asked{path: "124", kind: json, body: `{"tags":"x"}`}, "124"},

		{asked{}, ""},
		{asked{path: "json"}, ""},
		{asked{path: "0124"}, ""},
		{asked{path: "x"}, ""},
		{asked{path: "12 4"}, ""},
		{asked{path: strings.Repeat("9", 19)}, ""},
		{asked{path: "124", blind: true}, ""},
		{asked{path: "124", query: "workflow_id=131"}, ""},
		{asked{path: "124", query: "id=131"}, ""},
		{asked{path: "124", query: "work_order[workflow_id]=131"}, ""},
		{asked{path: "124", query: "workflow_id="}, ""},
		{asked{path: "124", query: "[workflow_id]=131"}, ""},
		{asked{path: "124", query: "workflow_id[]=131"}, ""},
		{asked{path: "124", query: "workflow_id]=131"}, ""},
		{asked{path: "124", query: "+workflow_id=131"}, ""},
		{asked{path: "124", query: "Workflow_ID=131"}, ""},
		{asked{path: "124", query: "work_order[workflow_id][]=131"}, ""},
		{asked{path: "124", query: "[work_order][workflow_id]=131"}, ""},
		{asked{path: "124", query: "work_order[[workflow_id]=131"}, ""},
		{asked{path: "124", query: "work_order=131"}, ""},
		{asked{path: "124", kind: form, body: "workflow_id=131"}, ""},
		{asked{path: "124", kind: form, body: `{"workflow_id":131}`}, ""},
		{asked{path: "124", kind: json, body: `{"workflow_id":131}`}, ""},
		{asked{path: "124", kind: json, body: `{"workflow_id":124,"workflow_id":131}`}, ""},
		{asked{path: "124", kind: json, body: `{"work_order":{"workflow_id":131}}`}, ""},
		{asked{path: "124", kind: json, body: `{"Workflow_Id":131}`}, ""},
		{asked{path: "124", kind: json, body: `{"id":131}`}, ""},
		{asked{path: "124", kind: json, body: `{"workflow_id":`}, ""},
		{asked{path: "124", kind: json, body: `[{"workflow_id":131}]`}, ""},
		{asked{path: "124", kind: "text/xml", body: "<work_order><workflow_id>131</workflow_id></work_order>"}, ""},
		{asked{kind: json, body: `{"workflow_id":124.0}`}, ""},
		{asked{kind: json, body: `{"workflow_id":[124]}`}, ""},
	} {
		if got := workflowOf(tt.in); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.in, got, tt.want)
		}
	}
}

// nameOf takes a name apart as the upstream's language does.
var nameOf = regexp.MustCompile(`\A[\[\]]*([^\[\]]+)\]*(.*)\z`)

// FuzzWorkflowOf: what a request is taken to be for is what a reader with the
// upstream's habits finds in its parameters too.
func FuzzWorkflowOf(f *testing.F) {
	for _, query := range []string{"workflow_id=124", "[work_order][workflow_id]=131", "work_order[workflow_id]=124&id=124", "work_order[[workflow_id]]=1"} {
		f.Add("124", query)
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		got := workflowOf(asked{path: path, query: query})
		if got == "" {
			return
		}
		carrier.QueryNames(query, func(name string) bool {
			m := nameOf.FindStringSubmatch(name)
			if m == nil {
				return true
			}
			value, count, _ := carrier.QueryValue(query, name)
			if named := m[1] == "workflow_id" || m[1] == "work_order" && strings.Contains(m[2], "workflow_id"); named && count == 1 && value != got {
				t.Errorf("%q with %q is for %q, and %q says %q", path, query, got, name, value)
			}
			return true
		})
	})
}
