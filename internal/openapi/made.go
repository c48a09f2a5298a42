package openapi

import (
	"slices"
	"strings"
)

// Made returns a document of calls, for an API that nobody described.
func Made(title string, calls []Call) *Tree {
	paths := map[string]any{}
	for i := range calls {
		c := &calls[i]
		item := asObject(paths[c.Path])
		if item == nil {
			item = map[string]any{}
			paths[c.Path] = item
		}
		method := strings.ToLower(c.Method)
		if _, there := item[method]; there || !slices.Contains(methods, method) {
			continue // routes that are told apart by a parameter are one operation here
		}
		op := map[string]any{
			"operationId": c.ID, "summary": c.Summary, "responses": map[string]any{"default": map[string]any{"description": "The answer of the API."}},
		}
		if c.Tag != "" {
			op["tags"] = []any{c.Tag}
		}
		var parameters []any
		for _, p := range c.Parameters {
			if p.In != "form" {
				parameters = append(parameters, p.made())
			}
		}
		if parameters != nil {
			op["parameters"] = parameters
		}
		item[method] = op
	}
	return &Tree{root: map[string]any{"openapi": "3.1.0", "info": map[string]any{"title": title, "version": "1"}, "paths": paths}}
}

func (p *Parameter) made() map[string]any {
	m := map[string]any{"name": p.Name, "in": p.In, "required": p.Required, "schema": map[string]any{"type": "string"}}
	if p.Description != "" {
		m["description"] = p.Description
	}
	return m
}
