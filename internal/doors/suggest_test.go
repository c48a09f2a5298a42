package doors_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

// The refusal carries its own repair: the narrow role before the broad one, and
// who may give it, for who is known and only where the API explains in full.
func TestRepair(t *testing.T) {
	t.Parallel()
	management := sallyport.API{Name: "sallyport", BasePath: "/m", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}, Permissions: []sallyport.PermissionSpec{{Name: "bindings.write"}}}
	full := shop()
	full.Explain = sallyport.ExplainFull
	k := doorstest.New(t, full, management)
	reader := k.Role("reader", "shop/read")
	k.Role("broad", "shop/read", "shop/write", "shop/admin")
	k.Role("writer", "shop/write")
	k.Role("elsewhere", "shop/admin")
	keeper := k.Role("keeper", "sallyport/bindings.write", "shop/write")
	giver := k.Role("giver", "sallyport/bindings.write")
	k.User("ada", "", keeper)
	k.User("weak", "", giver) // cannot give what he does not hold
	gone := k.User("gone", "", keeper)
	k.Deactivate(gone)
	alice := k.User("alice", "", reader)
	_, token := k.Token(alice)
	ctx := t.Context()

	r := request("PUT", "/shop/orders/1", "Authorization", "Bearer "+token)
	dec := k.Doors.Decide(ctx, r)
	k.Doors.WaitForAdvice(time.Minute)
	got := k.Doors.Repair(ctx, r, &dec)
	if len(got) != 3 || got[0].Roles[0] != "writer" || got[0].AlsoOpens != 0 || len(got[0].MayGrant) != 1 || got[0].MayGrant[0] != "ada" {
		t.Fatalf("repair = %+v", got)
	}
	for _, g := range got[1:] {
		if g.Roles[0] == "broad" && len(g.MayGrant) != 0 {
			t.Errorf("nobody holds all of the broad role, but %q may give it", g.MayGrant)
		}
	}
	list, err := k.Doors.Suggest(ctx, alice, doors.Wanted{
		API: "shop", Route: "put", Tenant: doorstest.Tenant, Facts: sallyport.Circumstances{Time: k.Clock.Now()},
	})
	if err != nil || len(list) != 3 || list[0].Roles[0].Name != "writer" || len(list[0].Adds) != 1 || list[0].MayGrant[0].Login != "ada" {
		t.Errorf("suggestions = %+v, %v", list, err)
	}

	stranger := request("PUT", "/shop/orders/1", "Authorization", "Bearer nonsense")
	dec = k.Doors.Decide(ctx, stranger)
	if got := k.Doors.Repair(ctx, stranger, &dec); got != nil {
		t.Errorf("a stranger is told %+v", got)
	}
	full.Explain = sallyport.ExplainCode
	k.ReplaceAPI(full)
	dec = k.Doors.Decide(ctx, r)
	if got := k.Doors.Repair(ctx, r, &dec); got != nil {
		t.Errorf("where the API explains little, %+v is told", got)
	}

	// What is suggested makes the request pass.
	k.Bind(sallyport.Binding{Subject: string(alice), SubjectKind: sallyport.SubjectUser, Role: list[0].Roles[0].ID})
	if dec := k.Doors.Decide(ctx, r); !dec.Allowed {
		t.Errorf("with the suggestion it is still %q", dec.Reason)
	}
	if list, err := k.Doors.Suggest(ctx, alice, doors.Wanted{API: "shop", Route: "put", Tenant: doorstest.Tenant, Facts: sallyport.Circumstances{Time: time.Now()}}); err != nil || len(list) != 0 {
		t.Errorf("nothing is missing, but %+v, %v", list, err)
	}
}
