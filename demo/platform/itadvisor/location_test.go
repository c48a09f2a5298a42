package itadvisor

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
)

// TestOneLocation: a request that is for one location sees and changes nothing
// elsewhere.
func TestOneLocation(t *testing.T) {
	t.Parallel()
	s := open(t)
	here, there := SampleRack(), seedID("Rack N01")
	patch := func(id string) string {
		return `[{"uuid":"` + id + `","op":"replace","path":"/description","value":"x"}]`
	}
	for _, tt := range []struct {
		method, path, body, realm string
		status                    int
		want                      string
	}{
		{"GET", "/locations", "", "Kolding%20campus", 200, "Kolding campus"},
		{"GET", "/assets", "", "Kolding%20campus", 200, `"type":"LOCATION"`},
		{"GET", "/assets/search?q=Rack", "", "Kolding%20campus", 200, "Rack A01"},
		{"GET", "/assets/" + here + "?include=navigation_path", "", "Kolding%20campus", 200, "Kolding campus"},
		{"GET", "/assets/" + here, "", seedID("Kolding campus"), 200, "Rack A01"},
		{"GET", "/assets/" + there, "", "Kolding%20campus", 404, "no asset"},
		{"PATCH", "/assets/" + here, patch(here), "Kolding%20campus", 200, "Rack A01"},
		{"PATCH", "/assets/" + there, patch(there), "Kolding%20campus", 404, "no asset"},
		{"PATCH", "/assets", patch(here), "Kolding%20campus", 200, "Rack A01"},
		{"PATCH", "/assets", patch(there), "Kolding%20campus", 404, "no asset"},
		{"POST", "/assets", `{"type":"LOCATION","name":"Mars"}`, "Kolding%20campus", 400, "parentId"},
		{"POST", "/assets/" + there, `{"type":"SENSOR","name":"t"}`, "Kolding%20campus", 404, "no asset"},
		{"DELETE", "/assets/" + there + "?recursive=true", "", "Kolding%20campus", 404, "no asset"},
		{"GET", "/assets", "", "Mars", 404, "no location"},
		{"GET", "/assets/" + there, "", "-", 200, "Rack N01"},
	} {
		w := platformtest.Do(t, s, tt.method, base+tt.path, tt.body, "X-Sallyport-Realm", tt.realm)
		text := w.Body.String()
		if w.Code != tt.status || !strings.Contains(text, tt.want) || tt.realm != "-" && strings.Contains(text, "Rack N") {
			t.Errorf("%s %s in %s: %d %.300s", tt.method, tt.path, tt.realm, w.Code, text)
		}
	}
}
