package main

import (
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// An API that has its paths and routes from its dialect must not look as if it had
// none, which would mean that everything is refused.
func TestAPIOfDialect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		document     sallyport.API
		path, routes string
	}{
		{"standard without routes", sallyport.API{BasePath: "/a"}, "/a", "0"},
		{"all from the dialect", sallyport.API{Dialect: "itop"}, "the dialect's", "the dialect's"},
		{"dialect with a path of its own", sallyport.API{Dialect: "itop", BasePath: "/b", Routes: make([]sallyport.Route, 2)}, "/b", "2"},
	} {
		got := map[string]string{}
		for _, f := range apiView(&printer{}) {
			got[f.name] = f.text(api.API{Document: tt.document})
		}
		if got["base path"] != tt.path || got["routes"] != tt.routes {
			t.Errorf("%s: base path %q and routes %q, want %q and %q", tt.name, got["base path"], got["routes"], tt.path, tt.routes)
		}
	}
}
