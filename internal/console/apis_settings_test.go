package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect"
)

// The switches of a dialect are set with a form: what is wrong stands beside its
// field, and what is empty is the default.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.shop()
	_, err := w.node.Admin.CreateAPI(t.Context(), system, sallyport.API{
		Name: "assets", Dialect: "itadvisor", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}, Settings: map[string]string{"session_idle": "10m"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := w.boss()
	b.get("/apis/assets").want(t, 200).has(t, "/sallyport/apis/assets/settings")
	page := b.get("/apis/assets/settings").want(t, 200).has(t, `value="10m"`, "both (default)", "Empty: ita_session.")
	for _, fault := range wellMade(page.text) {
		t.Error(fault)
	}
	version := page.part(t, versionPattern)
	b.post("/apis/assets/settings", "version", version, "method", "basic", "session_idle", "3s").want(t, http.StatusUnprocessableEntity).
		has(t, "session_idle-fault", "is not a duration from", `value="3s"`, `value="basic" selected`)
	b.post("/apis/assets/settings", "version", version, "method", "basic", "session_idle", "").leads(t, "/sallyport/apis/assets?done=api.settings")
	d, err := w.node.Admin.API(t.Context(), system, "assets")
	if err != nil || len(d.API.Settings) != 1 || d.API.Settings["method"] != "basic" {
		t.Errorf("settings %v, %v", d.API.Settings, err)
	}
	b.post("/apis/assets/settings", "version", version, "method", "token").want(t, http.StatusPreconditionFailed)
	b.get("/apis/shop/settings").want(t, 404)
	w.reader("ann").get("/apis/assets").want(t, 200).hasNot(t, "/apis/assets/settings")
	w.signedIn("ann").post("/apis/assets/settings", "version", "2", "method", "token").want(t, 403)
	if d, _ := w.node.Admin.API(t.Context(), system, "assets"); d.API.Settings["method"] != "basic" {
		t.Errorf("somebody without the right set %v", d.API.Settings)
	}
}

// Each setting of each dialect has a text that says what it does.
func TestSettingTexts(t *testing.T) {
	t.Parallel()
	texts := english(t)
	for name, spec := range dialect.Specs() {
		for _, s := range spec.Switches {
			if key := "setting." + name + "." + s.Name; !texts.has(key) || !strings.HasSuffix(texts.plain(key), ".") {
				t.Errorf("there is no sentence %s", key)
			}
		}
	}
}

// The page about an API tells what its document and its routes do not have in
// common.
func TestDrift(t *testing.T) {
	w := newWorld(t)
	w.explorable(sallyport.ExplainFull)
	b := w.boss()
	b.get("/apis/lib").want(t, 200).hasNot(t, "Drift")
	if err := w.node.Admin.KeepOpenAPI(t.Context(), admin.System("test"), "lib", []byte(libraryDocument)); err != nil {
		t.Fatal(err)
	}
	b.get("/apis/lib").want(t, 200).has(t, "Drift", "GET /vault", "GET /lib/books/{id}", "GET /lib/hours").hasNot(t, "GET /lib/books<", "POST /lib/books/{id}")
}
