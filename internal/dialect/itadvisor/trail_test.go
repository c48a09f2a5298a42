package itadvisor_test

import (
	"net/http"
	"testing"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestAuditTrail: entries about assets are for everybody, those about alarms,
// changes and reports for who is not there for one location, and those about the
// system for who administrates it; whoever asks for several needs all of it,
// however he spells that.
func TestAuditTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	api, desktop := w.Role("api", "itadvisor/API"), w.Role("desktop", "itadvisor/DESKTOP_CLIENT")
	if _, err := w.Admin.CreateRealm(t.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: "Kolding"}); err != nil {
		t.Fatal(err)
	}
	w.User("some", api)
	w.Bind(w.User("here", api).ID, desktop, w.Tenant, "Kolding")
	w.User("system", api, desktop, w.Role("system", "itadvisor/SYSTEM_CONFIGURATION_ADMINISTRATOR"))
	w.User("rights", api, desktop, w.broad)
	w.User("rights-alone", api, w.broad)
	type lets map[string]bool
	assets := lets{"some": true, "here": true, "interface": true, "system": true, "rights": true, "rights-alone": true}
	changes := lets{"interface": true, "system": true, "rights": true}
	system := lets{"system": true, "rights": true}
	for query, want := range map[string]lets{
		"?entry-type=ASSETS": assets,
		"?entry-type=ASSET_ADD&entry-type=ASSET_MOVE&limit=5":            assets,
		"?asset-id=1&asset-id=2&entry-type=ASSETS":                       assets,
		"?entry%2Dtype=%41SSETS":                                         assets,
		"?entry-type=ALARM_RAISED":                                       changes,
		"?entry-type=ASSETS&entry-type=REPORT_CHANGED":                   changes,
		"?entry-type=REPORT_CHANGED&entry-type=ASSETS&entry-type=ALARMS": changes,
		"?entry-type=SYSTEM":                                             system,
		"?entry-type=USER_MESSAGE":                                       system,
		"?entry-type=ASSETS&entry-type=SYSTEM_USER_LOGINS":               system,
		"?entry-type=ASSETS&entry-type=%53YSTEM":                         system,
		"?entry-type=ASSETS&%65ntry-type=SYSTEM":                         system,
		"?entry-type=ASSETS&entry-type=":                                 system,
		"?entry-type=assets":                                             system,
		"?entry-type=ASSETS,SYSTEM":                                      system,
		"?entry-type=ASSETS%00":                                          system,
		"?entry-type=+ASSETS":                                            system,
		"?entry-type=ALL":                                                system,
		"?entry-type":                                                    system,
		"":                                                               system,
		"?entry_type=ASSETS":                                             system,
		"?from=1":                                                        system,
		"?entry-type=ASSETS&entry-type=ALARMS&entry-type=USER_MESSAGE&limit=10": system,
	} {
		for who := range assets {
			status := http.StatusForbidden
			if want[who] {
				status = http.StatusOK
			}
			if r := w.Ask("GET", base+"/audit-trail-entries"+query, "", basic(who, dialecttest.Password)...); r.Status != status {
				t.Errorf("%s asks for %s: %d, want %d: %s", who, query, r.Status, status, r.Body)
			}
		}
	}
	for _, query := range []string{
		"?entry-type=ASSETS&Entry-Type=SYSTEM", "?ENTRY-TYPE=ASSETS", "?entry-type=ASSETS&ENTRY%2dtype=SYSTEM", "?entry-type=ASSETS;entry-type=SYSTEM",
	} {
		if r := w.Ask("GET", base+"/audit-trail-entries"+query, "", basic("rights", dialecttest.Password)...); r.Status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400: %s", query, r.Status, r.Body)
		}
	}
}
