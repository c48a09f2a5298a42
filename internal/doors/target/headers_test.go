package target_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// managed are names of identity headers; each is tried in every spelling.
var managed = []string{
	"X-Sallyport-User", "X-Sallyport-Assertion", "X-Sallyport-", "X-Sallyport-A-Name-That-Is-Much-Longer-Than-Any-Table",
	"Remote-User", "Remote-Groups", "Remote-Addr", "X-Remote-User", "X-Remote-Group",
	"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
	"X-Forwarded-Access-Token", "X-Forwarded-Client-Cert",
	"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-User", "X-Webauth-User",
	"X-Authenticated-Userid", "X-Consumer-Username", "X-Credential-Identifier", "X-Anonymous-Consumer",
	"X-Authentik-Username", "X-Pomerium-Jwt-Assertion", "X-Goog-Authenticated-User-Email",
	"X-Ms-Client-Principal", "X-Ms-Client-Principal-Name", "X-Amzn-Oidc-Identity", "X-Userinfo", "X-Jwt-Assertion",
	"Cf-Access-Jwt-Assertion", "Cf-Access-Authenticated-User-Email", "Tailscale-User-Login",
	"Oidc-Claim-Sub", "Iv-User", "Sm-User", "Shib-Identity-Provider", "Mellon-Name-Id", "Proxy-Remote-User",
	"Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Ssl-Client-Dn", "Ssl-Client-Verify", "Wl-Proxy-Client-Cert",
}

// ordinaryNames must pass: real clients send them.
var ordinaryNames = []string{
	"Accept", "Accept-Encoding", "Authorization", "Cache-Control", "Connection", "Content-Length", "Content-Type",
	"Cookie", "Cf-Ray", "Date", "Expect", "From", "Host", "If-Match", "If-None-Match", "Mime-Version", "Origin", "Pragma", "Prefer",
	"Proxy-Authorization", "Proxy-Connection", "Range", "Referer", "Sec-Fetch-Site", "Soapaction", "Te", "Traceparent",
	"Transfer-Encoding", "Upgrade", "User-Agent", "Warning", "X", "X-", "Xsallyport-User", "X-Sallyport", "X-Sallyportuser",
	"X-Api-Key", "X-Access-Token", "X-Request-Id", "X-Tenant-Id", "X-Csrf-Token", "X-Auth-Token", "Auth-Token",
	"X-Requested-With", "X-B3-Traceid", "Idempotency-Key", "Remote", "Remoteuser", "",
}

func TestManagedHeader(t *testing.T) {
	t.Parallel()
	for _, name := range managed {
		for _, spelling := range []string{
			name, strings.ToLower(name), strings.ToUpper(name),
			strings.ReplaceAll(name, "-", "_"), strings.Replace(name, "-", "_", 1),
			strings.ReplaceAll(name, "-", "."), strings.ReplaceAll(name, "-", " "),
			strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.ReplaceAll(name, "-", "!"),
		} {
			if !target.ManagedHeader(spelling) {
				t.Errorf("ManagedHeader(%q) = false", spelling)
			}
		}
	}
	for _, name := range ordinaryNames {
		if target.ManagedHeader(name) {
			t.Errorf("ManagedHeader(%q) = true", name)
		}
	}
}

// Any mixture of case and separators is found.
func TestManagedHeaderSpellings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(managed).Draw(rt, "name")
		var spelt strings.Builder
		for i := range len(name) {
			c := name[i : i+1]
			switch {
			case c == "-":
				c = rapid.SampledFrom([]string{"-", "_", ".", " "}).Draw(rt, "separator")
			case rapid.Bool().Draw(rt, "upper"):
				c = strings.ToUpper(c)
			default:
				c = strings.ToLower(c)
			}
			spelt.WriteString(c)
		}
		if !target.ManagedHeader(spelt.String()) {
			rt.Fatalf("ManagedHeader(%q) = false", spelt.String())
		}
	})
}

func TestOwnHeader(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"X-Sallyport-User": true, "x_sallyport.user": true, "X-SALLYPORT-": true,
		"X-Sallyport": false, "X-Remote-User": false, "": false,
	} {
		if got := target.OwnHeader(name); got != want {
			t.Errorf("OwnHeader(%q) = %v, want %v", name, got, want)
		}
	}
}

// header makes a header with these very names, however they are spelt.
func header(names ...string) http.Header {
	h := http.Header{}
	for _, name := range names {
		h[name] = []string{"v"}
	}
	return h
}

func TestStripManaged(t *testing.T) {
	t.Parallel()
	always := []string{
		"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Method", "X_http_method_override",
		"X-Original-Url", "X-Rewrite-Url", "X-Original-Uri", "X-Original-Method", "Proxy", "X-Middleware-Subrequest",
	}
	origin := []string{
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Uri",
		"X-Forwarded-Method", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Original-Forwarded-For",
		"X-Cluster-Client-Ip", "X-9r-Real-Ip", "X-Envoy-External-Address", "X-Envoy-Original-Path", "Fastly-Client-Ip",
		"X-Original-Host", "X-Host",
	}
	odd := []string{"Api_key", "X_tenant_id", "x.tenant.id", "X_Real_Ip", "x_api_key"}
	tests := []struct {
		name string
		opt  target.StripOptions
		gone [][]string
		stay [][]string
	}{
		{"nothing trusted", target.StripOptions{Guarded: []string{"X-Tenant-Id"}}, [][]string{managed, always, origin, odd}, [][]string{ordinaryNames}},
		{
			"trusted peer",
			target.StripOptions{TrustedPeer: true, Guarded: []string{"X-Tenant-Id"}},
			[][]string{managed, always, odd},
			[][]string{origin, ordinaryNames},
		},
		{
			"underscore allowed",
			target.StripOptions{AllowUnderscore: []string{"api_key", "X_Tenant_Id", "X_REMOTE_USER"}, Guarded: []string{"X-Tenant-Id"}},
			[][]string{managed, {"X_tenant_id", "X_remote_user"}},
			[][]string{{"Api_key", "api_key"}, ordinaryNames},
		},
		{
			"guarded by the operator",
			target.StripOptions{Guarded: []string{"X-Real-Ip", "Remote-User", "X-Sallyport-User"}},
			[][]string{{"X_real_ip", "Remote_user", "X-Remote-User", "X-Sallyport-User", "X_sallyport_user"}},
			[][]string{{"X-Real-Ip", "Remote-User"}},
		},
	}
	for _, tt := range tests {
		gone, stay := header(slices.Concat(tt.gone...)...), header(slices.Concat(tt.stay...)...)
		both := maps.Clone(gone)
		maps.Copy(both, stay)
		if removed := target.StripManaged(both, tt.opt); removed != len(gone) {
			t.Errorf("%s: removed %d names, want %d", tt.name, removed, len(gone))
		}
		for name := range gone {
			if _, ok := both[name]; ok {
				t.Errorf("%s: %q stayed", tt.name, name)
			}
		}
		for name := range stay {
			if _, ok := both[name]; !ok {
				t.Errorf("%s: %q is gone", tt.name, name)
			}
		}
	}
	if target.StripManaged(nil, target.StripOptions{}) != 0 {
		t.Error("removed something from no header")
	}
}

func TestStripManagedAllocates(t *testing.T) {
	h := header(ordinaryNames...)
	opt := target.StripOptions{Guarded: []string{"X-Tenant-Id", "X-Api-Key"}}
	if n := testing.AllocsPerRun(100, func() { target.StripManaged(h, opt) }); n != 0 {
		t.Errorf("StripManaged allocates %v times with nothing to strip", n)
	}
	long := "X-Some-Header-Of-An-Application-With-A-Very-Long-Name"
	if n := testing.AllocsPerRun(100, func() { target.ManagedHeader(long) }); n != 0 {
		t.Errorf("ManagedHeader allocates %v times", n)
	}
}

func BenchmarkStripManaged(b *testing.B) {
	h := header("Accept", "Accept-Encoding", "Authorization", "Content-Type", "Content-Length", "User-Agent",
		"X-Tenant-Id", "X-Request-Id", "Traceparent")
	opt := target.StripOptions{Guarded: []string{"X-Tenant-Id"}}
	b.ReportAllocs()
	for b.Loop() {
		target.StripManaged(h, opt)
	}
}
