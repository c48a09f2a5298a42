package httpapi_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// What a token or a key was used for and what it could do is told to its owner, and
// to who may.
func TestUsageAndReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	jo, secret := w.Person(w.T1.ID, "orders/read", "orders/write")
	mine := w.client(t, secret).Me().Tokens()
	made := ok(mine.Create(ctx, api.NewToken{Name: "backup", Scopes: []string{"orders/read"}}))(t)
	today := store.DayOf(w.Clock.Now())
	_, err := w.Node.Store.Write(ctx, func(tx *store.Tx) error {
		use := store.Use{Tenant: w.T1.ID, Principal: jo.ID, Credential: made.ID, Permission: "orders/read"}
		return tx.AddUses(ctx, []store.DayUse{{Use: use, Day: today, Uses: 41}})
	})
	if err != nil {
		t.Fatal(err)
	}
	used := ok(mine.Usage(ctx, made.ID, api.AdviceWindow{}))(t)
	if len(used.Days) != 1 || used.Days[0].Uses != 41 || !used.Days[0].Day.Equal(store.DayStart(today)) ||
		len(used.Permissions) != 1 || used.Permissions[0].AnyOf[0] != "orders/read" {
		t.Errorf("usage %+v", used)
	}
	reach := ok(mine.Reach(ctx, made.ID, ""))(t)
	if reach.Tenant != w.T1.ID || !slices.Equal(reach.Held, []sallyport.Permission{"orders/read", "orders/write"}) ||
		!slices.Equal(reach.Could, []sallyport.Permission{"orders/read"}) || len(reach.Tenants) != 1 || reach.Tenants[0].ID != w.T1.ID {
		t.Errorf("reach %+v", reach)
	}

	_, boss := w.Person(w.T1.ID, admin.TokensRead, admin.KeysRead, admin.KeysWrite, admin.DecisionsExplain)
	others, keys := w.client(t, boss).Credentials(w.T1.ID), w.client(t, boss).Keys(w.T1.ID)
	if got := ok(others.Usage(ctx, made.ID, api.AdviceWindow{}))(t); len(got.Days) != 1 {
		t.Errorf("usage of another's %+v", got)
	}
	if got := ok(others.Reach(ctx, made.ID, w.T1.ID))(t); !slices.Equal(got.Could, reach.Could) {
		t.Errorf("reach of another's %+v", got)
	}
	key := ok(keys.Create(ctx, api.NewKey{Name: "gate"}))(t)
	if got := ok(keys.Usage(ctx, key.ID, api.AdviceWindow{}))(t); len(got.Days) != 0 {
		t.Errorf("usage of a key %+v", got)
	}
	if got := ok(keys.Reach(ctx, key.ID, ""))(t); len(got.Could) != 0 {
		t.Errorf("reach of a key %+v", got)
	}

	_, stranger := w.Person(w.T1.ID, admin.TokensRead)
	_, err = w.client(t, stranger).Me().Tokens().Usage(ctx, made.ID, api.AdviceWindow{})
	refused(t, err, http.StatusNotFound)
	_, err = w.client(t, stranger).Credentials(w.T1.ID).Reach(ctx, made.ID, w.T1.ID)
	refused(t, err, http.StatusNotFound) // it needs the right to explain as well
	robot := w.User(w.T1.ID, sallyport.Service)
	_, keeper := w.Person(w.T1.ID, admin.TokensRead, admin.TokensWrite, admin.UsersRead)
	k := w.client(t, keeper)
	for _, name := range []string{"a", "b", "c", "d"} {
		w.Advance(time.Millisecond)
		_ = ok(k.Credentials(w.T1.ID).Create(ctx, api.NewApplicationToken{Owner: robot.ID, NewToken: api.NewToken{Name: name}}))(t)
	}
	apps := ok(k.Applications(w.T1.ID).Page(ctx, api.ApplicationFilter{State: sallyport.Active}, api.Page{}))(t)
	if len(apps.Items) != 1 || apps.Items[0].User.ID != robot.ID || len(apps.Items[0].Tokens) != 3 || apps.Items[0].Tokens[2].Name != "c" || !apps.Items[0].More {
		t.Errorf("applications %+v", apps)
	}
	_, err = w.client(t, boss).Applications(w.T1.ID).Page(ctx, api.ApplicationFilter{}, api.Page{})
	refused(t, err, http.StatusForbidden) // it needs the right to see users as well

	_, nobody := w.Person(w.T2.ID, "orders/read")
	if _, err := w.client(t, nobody).Credentials(w.T1.ID).Usage(ctx, made.ID, api.AdviceWindow{}); err == nil {
		t.Error("usage is told to a stranger")
	}
}
