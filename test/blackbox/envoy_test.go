package blackbox_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// dialEnvoy connects to the listener for Envoy as Envoy does.
func dialEnvoy(t testing.TB, address string, secured credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(secured))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// check asks over gRPC about a request that has come to a host. The status is that of
// the client's answer.
func (q question) check(ctx context.Context, conn *grpc.ClientConn, host string, headers []string) (int, *authv3.CheckResponse, error) {
	fields := []string{":authority: " + host, ":path: " + q.target, ":method: " + q.method, ":scheme: http", "x-forwarded-proto: http"}
	h := &authv3.AttributeContext_HttpRequest{Method: q.method, Path: q.target, Host: host, Scheme: "http", HeaderMap: &corev3.HeaderMap{}}
	for _, f := range append(fields, headers...) {
		i := strings.Index(f[1:], ": ") + 1
		h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: strings.ToLower(f[:i]), RawValue: []byte(f[i+2:])})
	}
	res, err := authv3.NewAuthorizationClient(conn).Check(ctx, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Request: &authv3.AttributeContext_Request{Http: h},
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: "127.0.0.1"},
		}}},
	}})
	if err != nil {
		return 0, nil, err
	}
	if res.GetStatus().GetCode() == 0 {
		return http.StatusOK, res, nil
	}
	return int(res.GetDeniedResponse().GetStatus().GetCode()), res, nil
}

// TestEnvoyOverGRPC: on a port with a certificate and a secret, and on a socket, until
// the node ends.
func TestEnvoyOverGRPC(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	in := initialise(t, "")
	certFile, keyFile := filepath.Join(in.dir, "cert.pem"), filepath.Join(in.dir, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	at, socket := freeAddress(t), filepath.Join(t.TempDir(), "envoy")
	env := []string{
		"SALLYPORT_DECIDE_GRPC_LISTEN=" + at, "SALLYPORT_DECIDE_GRPC_UNIX_SOCKET=" + socket, "SALLYPORT_DECIDE_SECRET=" + secret,
		"SALLYPORT_DECIDE_GRPC_TLS_CERT_FILE=" + certFile, "SALLYPORT_DECIDE_GRPC_TLS_KEY_FILE=" + keyFile,
	}
	p := in.serve("TERM", env...)
	w := in.furnish()
	over := dialEnvoy(t, at, credentials.NewTLS(trusting(t, certFile)))
	q := question{http.MethodGet, "/orders/1?api_key=" + w.key, ""}
	for _, tt := range []struct {
		name   string
		conn   *grpc.ClientConn
		secret string
		want   int
	}{
		{"secret", over, secret, 200},
		{"no secret", over, "", 403},
		{"wrong secret", over, strings.ToUpper(secret), 403},
		{"socket", dialEnvoy(t, "unix:"+socket, insecure.NewCredentials()), "", 200},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-sallyport-caller", tt.secret)
		got, res, err := q.check(ctx, tt.conn, in.public, []string{"X-Sallyport-User: root"})
		if err != nil || got != tt.want {
			t.Errorf("%s: %d, %v, want %d", tt.name, got, err, tt.want)
			continue
		}
		if got != http.StatusOK {
			if d := res.GetDeniedResponse(); !strings.Contains(d.GetBody(), `"reason":"caller_untrusted"`) {
				t.Errorf("%s: %v", tt.name, d)
			}
			continue
		}
		set := map[string]string{}
		for _, o := range res.GetOkResponse().GetHeaders() {
			set[o.GetHeader().GetKey()] = o.GetHeader().GetValue()
		}
		if set["x-sallyport-user"] != "api_key:conveyor" || set["x-sallyport-assertion"] == "" {
			t.Errorf("%s: the upstream gets %v", tt.name, set)
		}
		if cut := res.GetOkResponse().GetQueryParametersToRemove(); len(cut) != 1 || cut[0] != "api_key" {
			t.Errorf("%s: the query loses %q", tt.name, cut)
		}
	}
	if _, _, err := q.check(t.Context(), dialEnvoy(t, at, insecure.NewCredentials()), in.public, nil); status.Code(err) != codes.Unavailable {
		t.Errorf("in the clear: %v", err)
	}
	if res, err := healthv1.NewHealthClient(over).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || res.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", res, err)
	}
	if text := scrapeMetrics(t, in); !strings.Contains(text, `sallyport_decisions_total{api="orders"`) {
		t.Errorf("the decisions are not counted:\n%s", text)
	}
	report := run(t, append(in.env, env...), "doctor", "--config", in.config)
	if report.status != 0 || !strings.Contains(report.out, "certificate for gRPC") {
		t.Errorf("doctor: %d\n%s%s", report.status, report.out, report.errOut)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if _, _, err := q.check(t.Context(), over, in.public, nil); status.Code(err) != codes.Unavailable {
		t.Errorf("after the end: %v", err)
	}
}

func scrapeMetrics(t *testing.T, in *installation) string {
	t.Helper()
	return ask(t, http.MethodGet, "http://"+in.internal+"/metrics", "").body
}
