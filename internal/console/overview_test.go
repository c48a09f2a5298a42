package console

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// drawnAway leaves drawings out of a page; charts_test.go looks at them.
var drawnAway = regexp.MustCompile(`(?s)<svg.*?</svg>`)

// The overview shows what there is, to each as much as he may see.
func TestOverview(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	now := w.clock.Now()
	metrics := telemetry.NewMetrics(telemetry.Build{})
	w.console.History = telemetry.NewHistory(metrics, now)
	metrics.API("none").Decided(&sallyport.Decision{Allowed: true})
	_, err := w.node.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.AddDecisions(t.Context(), []store.Decision{
			{RequestID: "r1", At: now, Tenant: w.tenant.ID, Reason: sallyport.PermissionMissing},
			{RequestID: "r2", At: now.Add(-2 * time.Hour), Tenant: w.tenant.ID, Reason: sallyport.PermissionMissing},
			{RequestID: "r3", At: now, Tenant: sallyport.EveryTenant, Reason: sallyport.CredentialExpired},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	b.made("name", "dies soon", "reach", "all", "expires", "7")
	b.made("name", "lives on", "reach", "all", "expires", "90")
	whole := b.get("/overview").want(t, 200).has(t, "permission_missing", "credential_expired", "dies soon", "Credentials known", "the newest", `role="img"`).hasNot(t, "lives on")
	for _, fault := range wellMade(drawnAway.ReplaceAllString(whole.text, "")) {
		t.Errorf("%s\n%s", fault, whole.text)
	}
	if len(whole.text) > 40_000 {
		t.Errorf("%d bytes", len(whole.text))
	}
	b.get("/overview?tenant="+string(w.tenant.ID)).want(t, 200).has(t, "permission_missing").hasNot(t, "credential_expired", "Credentials known")
	b.get("/").leads(t, "/sallyport/overview")

	w.user("ann", "Ann", "sallyport/decisions.explain")
	ann := w.signedIn("ann")
	ann.get("/overview").want(t, 200).has(t, "permission_missing").hasNot(t, "credential_expired", "Credentials known", "dies soon", "expire within")
	w.user("jo", "Jo")
	w.signedIn("jo").get("/overview").want(t, 403)
}

// What ends soon leads to its page and names whom it acts as, for who may look at it.
func TestOverviewOfWhatExpires(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	id, _ := b.made("name", "mine", "reach", "all", "expires", "7")
	home := must(w.node.Admin.CreateTenant(t.Context(), system, admin.NewTenant{Name: "elsewhere"}))
	far := must(w.node.Admin.CreateUser(t.Context(), system, home.ID, admin.NewUser{
		Kind: sallyport.Person, Login: "far", Password: password, KeepPassword: true,
	}))
	role := must(w.node.Admin.CreateRole(t.Context(), system, w.tenant.ID, admin.NewRole{Name: "guest", Permissions: []sallyport.Permission{admin.UsersRead}}))
	must(w.node.Admin.CreateBinding(t.Context(), system, w.tenant.ID, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(far.ID), Role: role.ID}))
	visits, _ := w.signedIn("far").made("name", "visits", "reach", "all", "expires", "7", "tenant", string(w.tenant.ID))
	w.user("eve", "Eve", admin.DecisionsExplain, admin.TokensRead, admin.KeysRead)

	link := func(id, name string) string { return `<a href="/sallyport/tokens/` + id + `">` + name + `</a>` }
	b.get("/overview").want(t, 200).has(t, link(id, "mine"), ">boss<", link(visits, "visits"), ">far<")
	eve := w.signedIn("eve")
	eve.get("/overview").want(t, 200).has(t, "visits").hasNot(t, link(visits, "visits"), ">far<")
	eve.get("/tokens/"+visits).want(t, 404)
}

// A node that does not have the newest policy, or is not heard of any more, is told
// apart from those that are well.
func TestOverviewOfNodes(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	newest, err := w.node.Store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	see := func(n store.Node) {
		t.Helper()
		_, err := w.node.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SeeNode(t.Context(), &n) })
		if err != nil {
			t.Fatal(err)
		}
	}
	see(store.Node{ID: "n-lost", Name: "hall-9", Version: "v1", Started: w.clock.Now(), Revision: newest})
	w.later(t, lostAfter+time.Second)
	see(store.Node{ID: "n-behind", Name: "hall-2", Version: "v1", Started: w.clock.Now(), Revision: newest - 3})
	see(store.Node{ID: "n-well", Name: "hall-1", Version: "v1", Started: w.clock.Now(), Revision: newest})
	page := b.get("/overview").want(t, 200).has(t, "to this node, since it started")
	for name, want := range map[string][]string{
		"hall-1": {`class="badge active"`, "the newest<"},
		"hall-2": {`class="badge active"`, "3 changes behind<"},
		"hall-9": {`class="badge lost"`, "not heard of"},
	} {
		_, row, _ := strings.Cut(page.text, `<th scope="row">`+name+" ")
		row, _, _ = strings.Cut(row, "</tr>")
		for _, text := range want {
			if !strings.Contains(row, text) {
				t.Errorf("%s has no %q: %s", name, text, row)
			}
		}
	}
}

// The trail is searched, exported and verified; what is wrong with a question
// stands beside it.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	w.user("jo", hostile)
	b.post(w.at()+"/users/new", "kind", "person", "login", "made-here")
	page := b.get("/audit").want(t, 200).has(t, "user.create", "made-here", "What changed", html.EscapeString(hostile)).hasNot(t, "<img src=x", "ZgotmplZ")
	for _, fault := range wellMade(page.text) {
		t.Errorf("%s\n%s", fault, page.text)
	}
	b.get("/audit?actor=boss&action=user.").want(t, 200).has(t, "made-here").hasNot(t, "role.create", html.EscapeString(hostile))
	b.get("/audit?actor=nobody-at-all&action=user.").want(t, 422).has(t, `id="actor-fault"`, `value="nobody-at-all"`, `value="user."`)
	b.get("/audit?from=yesterday").want(t, 422).has(t, `id="from-fault"`)
	b.get("/audit?until=2001-01-01").want(t, 200).has(t, "Nothing was written down that fits.")
	b.get("/audit?tenant="+string(w.tenant.ID)).want(t, 200).has(t, "made-here").hasNot(t, "Verify the chain")
	b.post("/audit/verify").want(t, 200).has(t, "The chain is sound", "It ends in")

	file := b.get("/audit/export?action=user.").want(t, 200)
	if got := file.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="audit-20`) {
		t.Errorf("Content-Disposition: %q", got)
	}
	lines := strings.Split(strings.TrimSpace(file.text), "\n")
	var first api.AuditEntry
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Action != "user.create" || first.TargetName != "made-here" || len(lines) < 3 {
		t.Errorf("%d lines, the first: %+v, %v", len(lines), first, err)
	}
	b.get("/audit/export?from=x").want(t, 422)

	w.user("ann", "Ann", admin.AuditRead)
	ann := w.signedIn("ann")
	ann.get("/audit").want(t, 200).has(t, "made-here").hasNot(t, "Verify the chain", "the whole installation")
	ann.post("/audit/verify").want(t, 403)
	jo := w.signedIn("jo")
	jo.get("/audit").want(t, 403)
	jo.get("/audit/export").want(t, 403).hasNot(t, "made-here")
}

func TestChangesOf(t *testing.T) {
	t.Parallel()
	got := changesOf(`{"name":"a","same":1,"gone":true}`, `{"name":"b","same":1,"list":["x"]}`)
	want := []auditChange{{"gone", "true", ""}, {"list", "", `["x"]`}, {"name", "a", "b"}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%+v", got)
	}
	if changesOf("", "") != nil || changesOf("null", "[1]") != nil {
		t.Error("there is something in nothing")
	}
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 1234567: "1,234,567", -999: "-999"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// Who can tells who holds a permission and through what.
func TestWhoCan(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	w.user("jo", "Jo", "orders/read")
	w.user("ann", "Ann", "orders/*")
	b.get(w.at()+"/who-can").want(t, 200).has(t, "orders/read · See orders").hasNot(t, "Nobody holds it here.")
	page := b.get(w.at()+"/who-can?permission=orders/read").want(t, 200).has(t, ">jo<", ">ann<", ">boss<", "role role of jo", "every realm")
	if !regexp.MustCompile(`<option value="orders/read" selected>`).MatchString(page.text) {
		t.Error("the question is not kept")
	}
	b.get(w.at()+"/who-can?permission=orders/write").has(t, ">ann<", ">boss<").hasNot(t, ">jo<")
	b.get(w.at()+"/who-can?permission=orders/none").want(t, 422).has(t, `id="permission-fault"`)
	w.signedIn("jo").get(w.at()+"/who-can?permission=orders/read").want(t, 403)
}

func TestThreeDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 12_345: "12.3µs", 123_456: "123µs", 430_857_100: "431ms", 999_600_000: "1s", 90 * time.Second: "1m30s", -5: "-5ns",
	} {
		if got := threeDigits(d); got != want {
			t.Errorf("threeDigits(%d) = %s, want %s", d, got, want)
		}
	}
}
