package truesight

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/web"
)

// document describes the newest version; the older ones lack a few endpoints.
//
//go:embed swagger.json
var document []byte

// Swagger returns the Swagger 2.0 document of the newest version.
func Swagger() []byte { return bytes.Clone(document) }

// swagger answers the Swagger 2.0 document of one version.
func (s *Service) swagger(w http.ResponseWriter, r *http.Request) error {
	doc, err := s.swaggerOf(r.PathValue("version"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, doc)
}

func (s *Service) swaggerOf(version string) (map[string]any, error) {
	var doc map[string]any
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("read swagger document: %w", err)
	}
	doc["basePath"] = "/bca-networks/api/" + version
	if info, ok := doc["info"].(map[string]any); ok {
		info["version"] = strings.TrimPrefix(version, "v")
	}
	paths, _ := doc["paths"].(map[string]any)
	for _, route := range s.routes() {
		if methods, ok := paths[route.path].(map[string]any); ok && version < route.since {
			delete(methods, strings.ToLower(route.method))
		}
	}
	return doc, nil
}
