package respond_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/respond"
)

const id = "q83vEjRWeJq83vEjRWeJqw"

var (
	three = []sallyport.Accept{
		{In: sallyport.CarrierBasic},
		{In: sallyport.CarrierBearer},
		{In: sallyport.CarrierHeader, Name: "X-API-Key"},
		{In: sallyport.CarrierBearer, Kinds: []sallyport.CredentialKind{sallyport.AccessToken}},
	}
	alice = &sallyport.Principal{ID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", Login: "alice"}
)

// denied plays one denial.
func denied(name, method string, a respond.Answer, try respond.Try) play {
	a.Decision.RequestID = id
	a.Decision.Revision = 42
	try.Reason = a.Decision.Reason
	a.Challenges = respond.Challenges(three, "orders", try)
	rec := httptest.NewRecorder()
	respond.Denied(rec, httptest.NewRequest(method, "/orders/1", nil), a)
	return play{name, rec}
}

func deny(r sallyport.Reason) sallyport.Decision { return sallyport.Decision{Reason: r} }

func TestDenied(t *testing.T) {
	t.Parallel()
	missing := sallyport.Decision{
		Reason: sallyport.PermissionMissing, Principal: alice, API: "orders",
		Tenant: "7d444840-9dc0-41d1-b245-5ffdce74fad2", Realm: "emea",
		Missing: []sallyport.Permission{"orders/write"},
	}
	scope := sallyport.Decision{
		Reason: sallyport.ScopeInsufficient, Principal: alice,
		Missing: []sallyport.Permission{"orders/write"}, MissingScopes: []string{"orders", "all"},
	}
	bearer := respond.Try{Sent: sallyport.CarrierBearer}
	full := sallyport.ExplainFull
	check(t, "denied.txtar", []play{
		denied("nothing-sent", "GET", respond.Answer{Decision: deny(sallyport.CredentialMissing)}, respond.Try{}),
		denied("nothing-sent-head", "HEAD", respond.Answer{Decision: deny(sallyport.CredentialMissing)}, respond.Try{}),
		denied("metadata", "GET", respond.Answer{Decision: deny(sallyport.CredentialMissing)},
			respond.Try{Metadata: "https://gw.example/.well-known/oauth-protected-resource"}),
		denied("expired", "GET", respond.Answer{Decision: deny(sallyport.CredentialExpired)}, bearer),
		denied("revoked", "GET", respond.Answer{Decision: deny(sallyport.CredentialRevoked), Explain: full}, bearer),
		denied("password", "GET", respond.Answer{Decision: deny(sallyport.PasswordWrong)}, respond.Try{Sent: sallyport.CarrierBasic}),
		denied("permission-none", "POST", respond.Answer{Decision: missing, Explain: sallyport.ExplainNone}, bearer),
		denied("permission-code", "POST", respond.Answer{Decision: missing}, bearer),
		denied("permission-full", "POST", respond.Answer{Decision: missing, Explain: full}, bearer),
		denied("scope-full", "POST", respond.Answer{Decision: scope, Explain: full}, respond.Try{Sent: sallyport.CarrierBearer, Scopes: scope.MissingScopes}),
		denied("method", "PUT", respond.Answer{Decision: sallyport.Decision{Reason: sallyport.MethodNotAllowed, Allow: []string{"GET", "HEAD", "POST"}}}, bearer),
		denied("route", "GET", respond.Answer{Decision: deny(sallyport.RouteUnknown)}, bearer),
		denied("throttled", "GET", respond.Answer{Decision: sallyport.Decision{Reason: sallyport.Overdone, RetryAfter: 30}}, bearer),
		denied("store", "GET", respond.Answer{Decision: deny(sallyport.StoreUnavailable), Vary: []string{"Authorization", "X-Tenant-Id"}}, bearer),
		denied("allowed-by-mistake", "GET", respond.Answer{Decision: sallyport.Decision{Allowed: true}}, bearer),
	})
}

func TestFailed(t *testing.T) {
	t.Parallel()
	cause := errors.New(`dial tcp 10.0.0.7:5432: password "hunter2"`)
	fail := func(name string, err error) play {
		rec := httptest.NewRecorder()
		rec.Header().Set(respond.HeaderRequestID, id)
		respond.Failed(rec, httptest.NewRequest("POST", "/sallyport/api/v1/roles", nil), err)
		return play{name, rec}
	}
	kind := func(k sallyport.Kind, message string) error {
		return fmt.Errorf("put role: %w", &sallyport.Error{Kind: k, Message: message, Err: cause})
	}
	check(t, "failed.txtar", []play{
		fail("invalid", sallyport.ErrInvalid("name", `name "" is empty; give the role one`)),
		fail("invalid-twice", errors.Join(sallyport.ErrInvalid("name", "name is empty"), fmt.Errorf("role: %w", sallyport.ErrInvalid("permissions[0]", `no permission "x"`)))),
		fail("not-found", sallyport.ErrNotFound(`no role "x" in this tenant`)),
		fail("conflict", sallyport.ErrConflict("name", `a role "x" exists already`)),
		fail("changed", kind(sallyport.Changed, "the role changed; it has version 4 now")),
		fail("match", kind(sallyport.MissingMatch, "send If-Match with the ETag of the role")),
		fail("refused", &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.PrivilegeCeiling, Message: "the role would hold sallyport/users-write, which you do not", Missing: []sallyport.Permission{"sallyport/users-write"}, Err: cause}),
		fail("refused-without-reason", kind(sallyport.Refused, "no")),
		fail("refused-401", &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.PasswordWrong, Message: "the old password of alice is wrong"}),
		fail("unavailable", sallyport.ErrUnavailable(cause)),
		fail("overloaded", &sallyport.Error{Kind: sallyport.Unavailable, Reason: sallyport.Overloaded, Err: cause}),
		fail("throttled", kind(sallyport.Throttled, "alice failed ten times")),
		fail("internal", kind(sallyport.Internal, "row 7 is damaged")),
		fail("foreign", cause),
		fail("too-large", fmt.Errorf("read body: %w", &http.MaxBytesError{Limit: 10})),
	})
}

// Every reason leaves with its own status, and every 401 with a challenge.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	for _, info := range sallyport.Reasons() {
		for _, explain := range []sallyport.Explain{"", sallyport.ExplainNone, sallyport.ExplainCode, sallyport.ExplainFull} {
			rec := httptest.NewRecorder()
			respond.Denied(rec, httptest.NewRequest("GET", "/", nil), respond.Answer{Decision: deny(info.Reason), Explain: explain})
			if rec.Code != info.Status {
				t.Errorf("%s: status %d, want %d", info.Reason, rec.Code, info.Status)
			}
			if rec.Code == 401 && rec.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s: a 401 without challenge", info.Reason)
			}
			if got := rec.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control %q", info.Reason, got)
			}
			if rec.Code >= 503 && rec.Header().Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", info.Reason)
			}
			if info.Coarse != "" && strings.Contains(rec.Body.String(), string(info.Reason)) {
				t.Errorf("%s: the fine reason is told: %s", info.Reason, rec.Body)
			}
			var p respond.Problem
			if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || p.Status != rec.Code {
				t.Errorf("%s: body %s (%v)", info.Reason, rec.Body, err)
			}
		}
	}
}

// A known principal is told that the route is missing, a stranger is not.
func TestFineReasonForKnown(t *testing.T) {
	t.Parallel()
	d := respond.Docs("https://docs.example/reasons#")
	a := respond.Answer{Decision: deny(sallyport.RouteUnknown), Explain: sallyport.ExplainFull}
	if got := d.Problem(a).Type; got != "https://docs.example/reasons#not_found" {
		t.Errorf("stranger: %s", got)
	}
	a.Decision.Principal = alice
	if got := d.Problem(a).Reason; got != sallyport.RouteUnknown {
		t.Errorf("known: %s", got)
	}
	a.Decision.Reason = sallyport.CredentialExpired
	if got := d.Problem(a).Reason; got != sallyport.CredentialInvalid {
		t.Errorf("401: %s", got)
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	cookie := sallyport.Accept{In: sallyport.CarrierCookie, Name: "__Host-sp_session"}
	query := sallyport.Accept{In: sallyport.CarrierQuery, Name: "api_key"}
	sent := func(c sallyport.Carrier, r sallyport.Reason) respond.Try { return respond.Try{Sent: c, Reason: r} }
	for _, tt := range []struct {
		name   string
		accept []sallyport.Accept
		realm  string
		try    respond.Try
		want   []string
	}{
		{"all", append(slices.Clone(three), cookie, query), "r", sent("", sallyport.CredentialMissing), []string{
			`Basic realm="r", charset="UTF-8"`, `Bearer realm="r"`, `ApiKey realm="r", in="header", name="X-API-Key"`,
			`Cookie realm="r", name="__Host-sp_session"`, `ApiKey realm="r", in="query", name="api_key"`,
		}},
		{"empty list", nil, "", sent("", sallyport.CredentialMissing), []string{`Bearer realm="sallyport"`}},
		{"bad bearer", nil, "r", sent(sallyport.CarrierBearer, sallyport.CredentialRevoked), []string{`Bearer realm="r", error="invalid_token"`}},
		{"bad basic", three[:2], "r", sent(sallyport.CarrierBasic, sallyport.PasswordWrong), []string{`Basic realm="r", charset="UTF-8"`, `Bearer realm="r"`}},
		{"scope", three, "r", respond.Try{Sent: sallyport.CarrierBearer, Reason: sallyport.ScopeInsufficient, Scopes: []string{"a", `b"`, "c d", "e"}}, []string{`Bearer realm="r", error="insufficient_scope", scope="a e"`}},
		{"scope, no bearer", three[:1], "r", sent(sallyport.CarrierBasic, sallyport.ScopeInsufficient), nil},
		{"unknown carrier", []sallyport.Accept{{In: "pigeon"}}, "r", sent("", sallyport.CredentialMissing), []string{`Bearer realm="r"`}},
		{"hostile realm", nil, "a\"b\\c\r\nX-Evil: 1\x00é", sent("", sallyport.CredentialMissing), []string{`Bearer realm="a\"b\\c??X-Evil: 1???"`}},
	} {
		if got := respond.Challenges(tt.accept, tt.realm, tt.try); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// Nothing that a request or a policy says can add a line to the header.
func TestNoHeaderInjection(t *testing.T) {
	t.Parallel()
	evil := "x\r\nX-Evil: 1\r\n\r\n"
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		respond.Denied(w, r, respond.Answer{
			Decision:   sallyport.Decision{Reason: sallyport.Reason(r.URL.Query().Get("reason")), RequestID: evil, Allow: []string{evil, "GET"}, Realm: evil},
			Challenges: append(respond.Challenges([]sallyport.Accept{{In: sallyport.CarrierHeader, Name: evil}}, evil, respond.Try{Metadata: evil}), evil),
			Vary:       []string{evil, "Authorization", "authorization"},
		})
	})
	srv := httptest.NewServer(h)
	defer srv.Close()
	for _, reason := range []sallyport.Reason{sallyport.CredentialMissing, sallyport.MethodNotAllowed} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"?reason="+string(reason), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if v := res.Header.Get("X-Evil"); v != "" {
			t.Errorf("%s: a header was injected", reason)
		}
		if got := res.Header.Get("Vary"); got != "Authorization" {
			t.Errorf("%s: Vary %q", reason, got)
		}
		if got := res.Header.Get(respond.HeaderRequestID); got != "" {
			t.Errorf("%s: request id %q", reason, got)
		}
		if got := res.Header.Get("Allow"); reason == sallyport.MethodNotAllowed && got != "GET" {
			t.Errorf("Allow %q", got)
		}
	}
}

// A HEAD over a real connection has the header of the GET and no content.
func TestHead(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		respond.Failed(w, r, sallyport.ErrNotFound("no"))
	}))
	defer srv.Close()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: "HEAD"})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 404 || res.ContentLength <= 0 {
		t.Errorf("status %d, length %d", res.StatusCode, res.ContentLength)
	}
}

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want int
	}{
		{sallyport.ErrInvalid("a", "b"), 422},
		{sallyport.ErrNotFound("a"), 404},
		{sallyport.ErrConflict("a", "b"), 409},
		{sallyport.ErrUnavailable(context.DeadlineExceeded), 503},
		{&sallyport.Error{Kind: sallyport.Changed}, 412},
		{&sallyport.Error{Kind: sallyport.MissingMatch}, 428},
		{&sallyport.Error{Kind: sallyport.Throttled}, 429},
		{&sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.CredentialMissing}, 401},
		{&sallyport.Error{Kind: sallyport.Refused}, 403},
		{&sallyport.Error{Kind: sallyport.Unavailable, Reason: sallyport.PermissionMissing}, 503},
		{&sallyport.Error{}, 500},
		{errors.New("x"), 500},
		{nil, 500},
	} {
		if got := respond.StatusOf(tt.err); got != tt.want {
			t.Errorf("StatusOf(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestVary(t *testing.T) {
	t.Parallel()
	tenant := &sallyport.Selector{From: "header", Name: "x-tenant-id"}
	realm := &sallyport.Selector{From: "query", Name: "realm"}
	got := strings.Join(respond.Vary(three, tenant, realm, nil), ", ")
	if want := "Authorization, Cookie, X-Api-Key, X-Tenant-Id"; got != want {
		t.Errorf("Vary = %q, want %q", got, want)
	}
}

// nginx turns every other status into 500, as measured with nginx 1.22.
func TestForNginx(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status, wire int
		original     string
	}{
		{200, 200, ""},
		{401, 401, ""},
		{403, 403, ""},
		{204, 403, "204"},
		{206, 403, "206"},
		{302, 403, "302"},
		{400, 403, "400"},
		{404, 403, "404"},
		{429, 403, "429"},
		{500, 403, "500"},
		{503, 403, "503"},
		{0, 403, "0"},
	} {
		wire, original := respond.ForNginx(tt.status)
		if wire != tt.wire || original != tt.original {
			t.Errorf("ForNginx(%d) = %d, %q, want %d, %q", tt.status, wire, original, tt.wire, tt.original)
		}
	}
}

// What would make a refusal pass is told where the API explains in full, and
// never with a 401.
func TestRepairIsNoOracle(t *testing.T) {
	t.Parallel()
	someone := &sallyport.Principal{ID: "p"}
	repair := []respond.Grant{{Roles: []string{"customers"}, AlsoOpens: 2, MayGrant: []string{"ada"}}}
	for _, tt := range []struct {
		explain sallyport.Explain
		reason  sallyport.Reason
		want    int
	}{
		{sallyport.ExplainFull, sallyport.PermissionMissing, 1},
		{sallyport.ExplainCode, sallyport.PermissionMissing, 0},
		{sallyport.ExplainNone, sallyport.PermissionMissing, 0},
		{"", sallyport.PermissionMissing, 0},
		{sallyport.ExplainFull, sallyport.CredentialExpired, 0},
		{sallyport.ExplainFull, sallyport.OwnerInactive, 0},
	} {
		p := respond.DefaultDocs.Problem(respond.Answer{
			Decision: sallyport.Decision{Reason: tt.reason, Principal: someone}, Explain: tt.explain, Repair: repair,
		})
		if len(p.Suggestions) != tt.want {
			t.Errorf("%s at %q: %+v", tt.reason, tt.explain, p.Suggestions)
		}
	}
}

// TestExplainLevels has the whole body of a refusal at each level: full tells
// what is missing and its repair, code the coarse reason, none nothing but the
// status and where to ask; a 401 is the same to all who are not known.
func TestExplainLevels(t *testing.T) {
	t.Parallel()
	decision := func(reason sallyport.Reason) sallyport.Decision {
		return sallyport.Decision{
			RequestID: "request-1", Reason: reason, Principal: &sallyport.Principal{ID: "p"}, Tenant: "t1", Realm: "lab",
			Missing: []sallyport.Permission{"ita/CUSTOMERS"},
		}
	}
	repair := []respond.Grant{{Roles: []string{"customers"}, AlsoOpens: 3, MayGrant: []string{"ada"}}}
	const (
		missing = `{"type":"https://d.example/#permission_missing","title":"Permission missing","status":403,` +
			`"detail":"You do not hold the permission that this operation needs.","reason":"permission_missing","request_id":"request-1"`
		full = missing + `,"missing_permissions":["ita/CUSTOMERS"],"tenant":"t1","realm":"lab",` +
			`"suggestions":[{"roles":["customers"],"also_opens":3,"may_grant":["ada"]}]}`
		none    = `{"type":"about:blank","title":"Forbidden","status":403,"request_id":"request-1"}`
		invalid = `{"type":"https://d.example/#credential_invalid","title":"Invalid credential","status":401,` +
			`"detail":"The credential is not valid. Sign in again or get a new one.","reason":"credential_invalid","request_id":"request-1"}`
	)
	for _, tt := range []struct {
		reason  sallyport.Reason
		explain sallyport.Explain
		want    string
	}{
		{sallyport.PermissionMissing, sallyport.ExplainFull, full},
		{sallyport.PermissionMissing, sallyport.ExplainCode, missing + "}"},
		{sallyport.PermissionMissing, sallyport.ExplainNone, none},
		{sallyport.CredentialExpired, sallyport.ExplainFull, invalid},
		{sallyport.CredentialUnknown, sallyport.ExplainFull, invalid},
		{sallyport.OwnerInactive, sallyport.ExplainFull, invalid},
		{sallyport.CredentialRevoked, sallyport.ExplainCode, invalid},
	} {
		body, err := json.Marshal(respond.Docs("https://d.example/#").Problem(respond.Answer{
			Decision: decision(tt.reason), Explain: tt.explain, Repair: repair,
		}))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(body); got != tt.want {
			t.Errorf("%s at %s:\n%s\nwant\n%s", tt.reason, tt.explain, got, tt.want)
		}
	}
}
