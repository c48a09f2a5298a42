package console

import (
	"testing"

	"github.com/sallyport/sallyport/internal/store"
)

// Who has lost his phone gets in again without it, and whoever has it now is out.
func TestLostPhone(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	jo := w.user("jo", "Jo")
	at := w.at() + "/users/" + string(jo.ID)
	session := w.signedIn("jo").session
	ctx := t.Context()
	if _, err := w.node.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.InsertFactor(ctx, &store.Factor{ID: "phone", Principal: jo.ID, Kind: store.FactorTOTP, Name: "phone", Active: true})
	}); err != nil {
		t.Fatal(err)
	}
	b.get(at+"/factors").want(t, 200)
	if w.holder(session) != "" {
		t.Fatal("the question ended the session")
	}
	b.post(at+"/factors").leads(t, "/sallyport"+at+"?done=user.factors")
	if has, err := w.node.Store.HasSecondFactor(ctx, jo.ID); has || err != nil {
		t.Errorf("reset, and there is one: %v %v", has, err)
	}
	if w.holder(session) == "" {
		t.Error("the session goes on after the factors were reset")
	}
	session = w.signedIn("jo").session
	b.post(at+"/end").leads(t, "/sallyport"+at+"?done=user.ended")
	if w.holder(session) == "" {
		t.Error("the session goes on after everything was ended")
	}
}
