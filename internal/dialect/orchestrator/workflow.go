package orchestrator

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"

	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/strictjson"
)

// Names under which a request says which workflow it is for, beside its path.
const (
	plainWorkflow  = "workflow_id"
	nestedWorkflow = "work_order[workflow_id]"
	plainID        = "id"
	order          = "work_order"
)

// workflowOf returns the workflow that a request is for, for rights that are held
// for one workflow: the number in its path, its parameters or its JSON, if all that
// there is of them say the same. It is empty where that cannot be told for sure:
// then a right is needed that is held for all.
func workflowOf(r policy.RealmSource) string {
	var s said
	if id, there := r.PathValue(pathWorkflow); there {
		if id, _ = cutFormat(id); known(id) == "" {
			s.say(id)
		}
	}
	r.Names(func(name string) bool {
		switch name {
		case plainWorkflow, nestedWorkflow, plainID:
		default:
			s.unclear = s.unclear || namesWorkflow(name)
		}
		return !s.unclear
	})
	for _, name := range []string{plainWorkflow, nestedWorkflow, plainID} {
		if id, there := r.Form(name); there {
			s.say(id)
		}
	}
	contentType, body, seen := r.Content()
	if !seen || s.unclear {
		return ""
	}
	if body = bytes.TrimSpace(body); len(body) > 0 {
		s.read(contentType, body)
	}
	if s.unclear {
		return ""
	}
	return s.id
}

// A said is what the parts of a request say of its workflow.
type said struct {
	id      string
	unclear bool // one of them cannot be read, or they differ
}

func (s *said) say(id string) {
	if !isNumber(id) || s.id != "" && s.id != id {
		s.unclear = true
	}
	s.id = id
}

// read looks into a body that is not a form. The upstream reads JSON; it may do so
// whatever the type says, and it may read others in its own way.
func (s *said) read(contentType string, body []byte) {
	kind, _, _ := mime.ParseMediaType(contentType)
	isForm := kind == "application/x-www-form-urlencoded" || kind == "multipart/form-data"
	switch isObject := body[0] == '{'; {
	case isForm && !isObject:
	case !isObject || isForm:
		s.unclear = true
	default:
		s.members("", body)
	}
}

// members reads the members of a JSON object, and those of its work order.
func (s *said) members(within string, raw []byte) {
	var object map[string]json.RawMessage
	if strictjson.Unmarshal(raw, &object) != nil {
		s.unclear = true
		return
	}
	for name, value := range object {
		switch {
		case within == "" && name == order && len(value) > 0 && value[0] == '{':
			s.members(order, value)
		case name == plainWorkflow, name == plainID && within == "":
			s.say(strings.Trim(string(value), `"`))
		case within == "" && namesWorkflow(name), within == order && strings.EqualFold(name, plainWorkflow):
			s.unclear = true
		}
	}
}

// namesWorkflow reports whether the upstream could take a parameter for one of
// those that name a workflow. It takes a name apart at its brackets, and forgives
// some that are in the wrong place.
func namesWorkflow(name string) bool {
	name = strings.TrimLeft(name, "[] \t\r\n")
	key, rest := name, ""
	if i := strings.IndexAny(name, "[]\x00"); i >= 0 {
		key, rest = name[:i], name[i:]
	}
	switch key = strings.ToLower(strings.TrimSpace(key)); key {
	case plainWorkflow, plainID:
		return true
	case order:
		inner, closed := strings.CutSuffix(strings.TrimPrefix(rest, "["), "]")
		return !closed || strings.ContainsAny(inner, "[]\x00") || strings.EqualFold(strings.TrimSpace(inner), plainWorkflow)
	}
	return false
}

// isNumber reports whether text is the id of a workflow. A zero in front would be
// another text for the same one.
func isNumber(text string) bool {
	const longest = 18
	return text != "" && len(text) <= longest && text[0] != '0' && strings.Trim(text, "0123456789") == ""
}
