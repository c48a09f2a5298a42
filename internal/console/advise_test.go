package console

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// What is granted and not used is listed and chosen among by who may see it, and
// compared for one principal.
func TestAdvise(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	jo := w.user("jo", hostile, "orders/read", "orders/write")
	_, secret := w.signedIn("jo").made("name", "script", "reach", "all", "expires", "90")
	if d := w.knock("request-of-jo", "/orders/list", secret); !d.Allowed {
		t.Fatalf("the request came to %q", d.Reason)
	}
	at := "/advise?tenant=" + string(w.tenant.ID)
	page := b.get(at).want(t, 200).has(t, ">jo<", "role broader than used", "1 of 2", "orders/write", "a role of orders/read").hasNot(t, "<img src=x", "ZgotmplZ")
	for _, fault := range wellMade(page.text) {
		t.Errorf("%s\n%s", fault, page.text)
	}
	b.get(at+"&kind=broad_grant").want(t, 200).has(t, ">jo<")
	b.get(at+"&kind=idle_credential").want(t, 200).hasNot(t, ">jo<")
	b.get("/advise").want(t, 200)
	b.get("/advise?kind=broad_role").want(t, 200).has(t, "Nothing was found")
	b.get(at+"&kind=none").want(t, 422).has(t, `id="kind-fault"`)

	one := b.get("/advise/"+string(jo.ID)).want(t, 200).has(t, "What jo needs", "orders/read", "role broader than used", "--adopt", "&#34;roles&#34;")
	for _, fault := range wellMade(one.text) {
		t.Errorf("%s\n%s", fault, one.text)
	}
	w.clock.Advance(time.Second)
	w.user("ann", "Ann", admin.AdviceRead)
	w.signedIn("ann").get(at).want(t, 200).has(t, ">jo<")
	kim := w.user("kim", "Kim")
	none := w.signedIn("kim")
	none.get(at).want(t, 403).hasNot(t, ">jo<")
	none.get("/advise").want(t, 403)
	none.get("/advise/"+string(jo.ID)).want(t, 404)
	none.get("/advise/"+string(kim.ID)).want(t, 200).has(t, "Nothing was used", "What is granted is used.")
}

// What was used through two tokens is one line.
func TestByPermission(t *testing.T) {
	t.Parallel()
	day := time.Date(2030, 5, 1, 0, 0, 0, 0, time.UTC)
	use := func(credential, permission string, uses int64, last time.Time) api.PermissionUse {
		return api.PermissionUse{Credential: sallyport.CredentialID(credential), AnyOf: []sallyport.Permission{sallyport.Permission(permission)}, Uses: uses, LastDay: last}
	}
	got := byPermission([]api.PermissionUse{use("c1", "orders/read", 2, day), use("c1", "orders/write", 3, day), use("c2", "orders/read", 4, day.AddDate(0, 0, 1))})
	if len(got) != 2 || got[0].Uses != 6 || !got[0].LastDay.Equal(day.AddDate(0, 0, 1)) || got[1].Uses != 3 {
		t.Errorf("%+v", got)
	}
}
