package doors_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// traced makes a request, flushes and returns what is kept of it.
func traced(t *testing.T, k *doorstest.Kit, r *doors.Request) (store.Decision, api.Trace) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	k.Doors.Decide(ctx, r)
	if err := k.Doors.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	d, err := k.Store.DecisionByID(ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var trace api.Trace
	if err := json.Unmarshal([]byte(d.Trace), &trace); err != nil {
		t.Fatal(err)
	}
	return d, trace
}

func refusedStep(t api.Trace) (name, text string) {
	for _, s := range t.Steps {
		if s.Verdict == api.StepRefused {
			return s.Step, s.Text
		}
	}
	return "", ""
}

// Each refusal is kept with its reason, whose it was, and the step at which the
// way ended; and nothing that is secret.
func TestTrace(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	reader, writer := k.Role("reader", "shop/read"), k.Role("writer", "shop/write")
	alice := k.User("alice", password, reader)
	bob := k.User("bob", password)
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: writer, Realm: "lab"})
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: reader, Condition: `method == "HEAD"`})
	gone := k.User("gone", password, reader)
	_, goneToken := k.Token(gone)
	k.Deactivate(gone)
	_, token := k.Token(alice)
	_, scoped := k.Token(alice, "shop/nothing")
	_, bobs := k.Token(bob)
	old, oldSecret := k.Credential(sallyport.Credential{
		Kind: sallyport.PersonalToken, Owner: alice, Name: "last year's", Expires: k.Clock.Now().Add(-time.Hour),
	})
	_, access := k.AccessToken(alice, "other")
	secrets := []string{password, token, scoped, bobs, oldSecret, goneToken, access, "hunter2-wrong", basic("alice", "hunter2-wrong")[6:]}

	const elsewhere = "11111111-1111-1111-1111-111111111111"
	for i, tt := range []struct {
		name, method, target string
		headers              []string
		reason               sallyport.Reason
		login                string
		step, text           string // what the step says, in part
	}{
		{"no API", "GET", "/nothing", nil, sallyport.APIUnknown, "", "api", "No protected API"},
		{"a path with dots", "GET", "/shop/../x", nil, sallyport.PathAmbiguous, "", "request", "two ways"},
		{"nobody", "GET", "/shop/orders", nil, sallyport.CredentialMissing, "", "credential", "there was none"},
		{"an unknown token", "GET", "/shop/orders", []string{"Authorization", "Bearer nonsense"}, sallyport.CredentialUnknown, "", "credential", "No credential has this secret"},
		{"two credentials", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Api-Key", bobs}, sallyport.CredentialsAmbiguous, "", "credential", "bearer, header"},
		{"a wrong password", "GET", "/shop/orders", []string{"Authorization", basic("alice", "hunter2-wrong")}, sallyport.PasswordWrong, "alice", "credential", "a password in Authorization: Basic"},
		{"a password in the wrong field", "GET", "/shop/orders", []string{"Authorization", basic("hunter2-wrong", "x")}, sallyport.UserUnknown, "", "credential", "No user has this login"},
		{"an expired token", "GET", "/shop/orders", []string{"Authorization", "Bearer " + oldSecret}, sallyport.CredentialExpired, "alice", "credential", `its name is "last year's", and it is active; it ended at 2030-05-01T11:00:00Z, 1h0m0s before the request`},
		{"a deactivated owner", "GET", "/shop/orders", []string{"Authorization", "Bearer " + goneToken}, sallyport.OwnerInactive, "gone", "principal", `the user "gone" is deactivated`},
		{"a token for another API", "GET", "/shop/orders", []string{"Authorization", "Bearer " + access}, sallyport.ClaimsInvalid, "", "credential", "an access token"},
		{"no route", "GET", "/shop/order", []string{"Authorization", "Bearer " + token}, sallyport.RouteUnknown, "alice", "route", "no route for this path"},
		{"another method", "PATCH", "/shop/orders/1", []string{"Authorization", "Bearer " + token}, sallyport.MethodNotAllowed, "alice", "route", "the path takes"},
		{"another tenant", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Tenant-Id", elsewhere}, sallyport.TenantForbidden, "alice", "tenant", `the header X-Tenant-Id names "` + elsewhere},
		{"a scope too small", "GET", "/shop/orders", []string{"Authorization", "Bearer " + scoped}, sallyport.ScopeInsufficient, "alice", "scopes", "limited to shop/nothing"},
		{"a permission missing, by password", "PUT", "/shop/orders/1", []string{"Authorization", basic("alice", password)}, sallyport.PermissionMissing, "alice", "permission", "missing: shop/write"},
		{"a permission missing", "PUT", "/shop/orders/1", []string{"Authorization", "Bearer " + token}, sallyport.PermissionMissing, "alice", "permission", "missing: shop/write"},
		{"another realm", "GET", "/shop/orders?realm=office", []string{"Authorization", "Bearer " + bobs}, sallyport.ConditionUnmet, "bob", "permission", "condition is false"},
	} {
		for _, again := range []string{"", ", again"} { // the second time its refusal is remembered
			tt.name += again
			r := request(tt.method, tt.target, tt.headers...)
			r.ID = fmt.Sprint("request-", i, again)
			d, trace := traced(t, k, r)
			step, text := refusedStep(trace)
			switch {
			case d.Allowed || d.Reason != tt.reason || d.Login != tt.login:
				t.Errorf("%s: kept as %q of %q, want %q of %q", tt.name, d.Reason, d.Login, tt.reason, tt.login)
			case step != tt.step || !strings.Contains(text, tt.text):
				t.Errorf("%s: refused at %q: %q; want %q with %q", tt.name, step, text, tt.step, tt.text)
			}
			for _, secret := range secrets {
				if strings.Contains(fmt.Sprintf("%+v", d), secret) {
					t.Errorf("%s: a secret is kept: %+v", tt.name, d)
				}
			}
			want := doorstest.Tenant
			if tt.login == "" {
				want = sallyport.EveryTenant
			}
			if d.Tenant != want {
				t.Errorf("%s: it is in the history of %q, want %q", tt.name, d.Tenant, want)
			}
			if strings.HasPrefix(tt.name, "an expired token") && (d.Credential != string(old.ID) || d.Principal != alice) {
				t.Errorf("%s: credential %q of %q", tt.name, d.Credential, d.Principal)
			}
		}
	}
}

// Of a credential that was good the trace tells the name, and of the tenant too;
// that a password is remembered for a while is not its end.
func TestTraceNames(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password)
	own, secret := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: alice, Name: "racks", Expires: k.Clock.Now().Add(time.Hour)})
	for i, tt := range []struct{ header, step, want string }{
		{"Bearer " + secret, "credential", `a personal token in Authorization: Bearer; its name is "racks", and it is active; it ends at 2030-05-01T13:00:00Z, 1h0m0s after the request`},
		{"Bearer " + secret, "tenant", `it is the one where the principal is at home: "DemoTenant5" (` + string(doorstest.Tenant) + `)`},
		{basic("alice", password), "credential", "a password in Authorization: Basic"},
	} {
		r := request("PUT", "/shop/orders/1", "Authorization", tt.header)
		r.ID = fmt.Sprint("request-", i)
		_, trace := traced(t, k, r)
		at := slices.IndexFunc(trace.Steps, func(s api.Step) bool { return s.Step == tt.step })
		if got := trace.Steps[at].Text; !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.step, got, tt.want)
		}
		if c := trace.Credential; i == 0 && (c == nil || c.ID != string(own.ID) || c.Name != "racks" || c.Hint == "" || strings.Contains(c.Hint, secret)) {
			t.Errorf("credential = %+v", c)
		}
	}
}

// The trace tells of each binding what it did.
func TestTraceBindings(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	reader, writer := k.Role("reader", "shop/read"), k.Role("writer", "shop/write")
	bob := k.User("bob", "")
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: writer, Realm: "lab"})
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: reader, Condition: `values["id"] == "2"`, Tenant: sallyport.EveryTenant})
	_, token := k.Token(bob)
	r := request("PUT", "/shop/orders/1?realm=office", "Authorization", "Bearer "+token)
	r.ID = "request-1"
	d, trace := traced(t, k, r)
	if d.Reason != sallyport.RealmForbidden || len(trace.Bindings) != 2 {
		t.Fatalf("%q, %+v", d.Reason, trace.Bindings)
	}
	first, second := trace.Bindings[0], trace.Bindings[1]
	if first.Verdict != "condition_unmet" || first.Value != "false" || first.RoleName != "reader" || !first.Every || first.Condition == "" {
		t.Errorf("first = %+v", first)
	}
	if second.Verdict != "other_realm" || second.Realm != "lab" || len(second.Gives) != 1 || second.Gives[0] != "shop/write" {
		t.Errorf("second = %+v", second)
	}
	// What was granted since then does not change what is told.
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: writer})
	if kept, err := k.Store.DecisionByID(t.Context(), "request-1"); err != nil || kept.Trace != d.Trace {
		t.Errorf("the trace has changed: %v", err)
	}
}

// Near misses, and who the refused one belongs to.
func TestTraceNearMisses(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, token := k.Token(k.User("alice", ""))
	r := request("GET", "/shop/order", "Authorization", "Bearer "+token)
	r.ID = "request-1"
	if _, trace := traced(t, k, r); len(trace.Routes) != 1 || trace.Routes[0].Route != "list" || trace.Routes[0].Why != "its path is /orders" {
		t.Errorf("near misses = %+v", trace.Routes)
	}
}

// Of what is allowed a sample is kept, which costs the others nothing.
func TestTraceSamplesAllowed(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, token := k.Token(k.User("alice", "", k.Role("reader", "shop/read")))
	ctx := t.Context()
	let := func(id string) {
		r := request("GET", "/shop/orders", "Authorization", "Bearer "+token)
		r.ID = id
		if dec := k.Doors.Decide(ctx, r); !dec.Allowed {
			t.Fatal(dec.Reason)
		}
	}
	let("allowed-request-AA")
	let("another-request-AB") // too soon after the first
	let("usual-request-xyz")
	k.Clock.Advance(2 * time.Second)
	k.Apply()
	let("later-request-AA")
	if err := k.Doors.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	kept, _, err := k.Store.EveryDecision(ctx, store.DecisionFilter{}, store.Page{})
	if err != nil || len(kept) != 2 || kept[0].RequestID != "later-request-AA" || kept[1].RequestID != "allowed-request-AA" || !kept[0].Allowed {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// Whoever has very many requests refused pushes out nobody else's history.
func TestTraceIsFair(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, token := k.Token(k.User("alice", ""))
	ctx := t.Context()
	one := request("GET", "/shop/orders", "Authorization", "Bearer "+token)
	one.ID = "the-one-request"
	k.Doors.Decide(ctx, one)
	for i := range 3000 {
		r := request("GET", "/shop/orders", "Authorization", "Bearer nonsense")
		r.ID = fmt.Sprint("flood-", i)
		k.Doors.Decide(ctx, r)
	}
	if err := k.Doors.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if d, err := k.Store.DecisionByID(ctx, "the-one-request"); err != nil || d.Login != "alice" {
		t.Errorf("the request before the flood: %+v, %v", d, err)
	}
	flood, _, err := k.Store.Decisions(ctx, sallyport.EveryTenant, store.DecisionFilter{}, store.Page{Limit: 1000})
	if err != nil || len(flood) == 0 || len(flood) > 256 {
		t.Errorf("%d of the flood are kept, %v", len(flood), err)
	}
	if _, err := k.Store.DecisionByID(ctx, "flood-2999"); err != nil {
		t.Errorf("the last of the flood: %v", err)
	}
}

// What a database might refuse, and a request without an id, do not keep others
// from being written down.
func TestTraceOddRequests(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, token := k.Token(k.User("alice", ""))
	ctx := t.Context()
	for i, target := range []string{"/shop/orders?realm=%00%ff", "/shop/orders?realm=" + strings.Repeat("%C3%A4", 900)} {
		r := request("GET", target, "Authorization", "Bearer "+token)
		r.ID = fmt.Sprint("odd-", i)
		k.Doors.Decide(ctx, r)
	}
	none := request("GET", "/shop/orders", "Authorization", "Bearer "+token)
	none.ID = ""
	k.Doors.Decide(ctx, none)
	if err := k.Doors.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	kept, _, err := k.Store.EveryDecision(ctx, store.DecisionFilter{}, store.Page{})
	if err != nil || len(kept) != 2 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	for _, d := range kept {
		if len(d.Realm) > 200 || strings.Contains(d.Realm, "\x00") {
			t.Errorf("realm %q", d.Realm)
		}
	}
}
