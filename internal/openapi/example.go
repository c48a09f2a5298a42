package openapi

import (
	"encoding/json"
	"maps"
	"strings"
)

// Example is a body of a content type to begin with: the document's, or one that
// fits the schema; empty: there is none.
func (b *Body) Example(kind string) string {
	media := b.media[kind]
	if media == nil {
		return ""
	}
	value := media["example"]
	examples := asObject(media["examples"])
	for _, name := range sortedKeys(examples) {
		if value == nil {
			value = b.tree.follow(examples[name])["value"]
		}
	}
	if text, ok := value.(string); ok {
		return text[:min(len(text), maxExample)]
	}
	if value == nil && strings.Contains(kind, "json") && media["schema"] != nil {
		s := sampler{tree: b.tree, left: maxSampled}
		value = s.of(media["schema"], 0)
	}
	if value == nil {
		return ""
	}
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil || len(text) > maxExample {
		return ""
	}
	return string(text)
}

// A sampler makes up values that schemas may mean.
type sampler struct {
	tree *Tree
	left int // how many values may still be made up
}

func (s *sampler) of(v any, depth int) any {
	schema := s.tree.follow(v)
	if s.left--; schema == nil || depth > sampleDepth || s.left < 0 {
		return nil
	}
	for _, key := range []string{"example", "default", "const"} {
		if given := schema[key]; given != nil {
			return given
		}
	}
	for _, key := range []string{"examples", "enum"} {
		if list, _ := schema[key].([]any); len(list) > 0 {
			return list[0]
		}
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		if list, _ := schema[key].([]any); len(list) > 0 {
			return s.of(list[0], depth+1)
		}
	}
	switch {
	case schema["properties"] != nil || schema["allOf"] != nil || typeOf(schema) == "object":
		return s.object(schema, depth)
	case typeOf(schema) == "array":
		if item := s.of(schema["items"], depth+1); item != nil {
			return []any{item}
		}
		return []any{}
	}
	return sampleScalar(schema)
}

func (s *sampler) object(schema map[string]any, depth int) map[string]any {
	object := map[string]any{}
	parts, _ := schema["allOf"].([]any)
	for _, part := range parts {
		inherited, _ := s.of(part, depth+1).(map[string]any)
		maps.Copy(object, inherited)
	}
	properties := asObject(schema["properties"])
	for _, name := range sortedKeys(properties) {
		if readOnly, _ := s.tree.follow(properties[name])["readOnly"].(bool); readOnly {
			continue
		}
		if value := s.of(properties[name], depth+1); value != nil {
			object[name] = value
		}
	}
	return object
}

func sampleScalar(schema map[string]any) any {
	switch typeOf(schema) {
	case "integer", "number":
		if least, ok := schema["minimum"].(json.Number); ok {
			return least
		}
		return 0
	case "boolean":
		return false
	case "null":
		return nil
	}
	switch asText(schema["format"]) {
	case "date-time":
		return "2026-01-01T00:00:00Z"
	case "date":
		return "2026-01-01"
	case "uuid":
		return "00000000-0000-0000-0000-000000000000"
	case "email":
		return "somebody@example.com"
	}
	return "string"
}
