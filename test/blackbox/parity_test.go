package blackbox_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/credentials/insecure"
)

// A question is one request that every door is asked about.
type question struct{ method, target, credential string }

// The gateway and every decision endpoint decide alike about the same request.
func TestEveryDoorDecidesAlike(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	overGRPC := freeAddress(t)
	in.serve("TERM", "SALLYPORT_LOG_ACCESS=false", "SALLYPORT_DECIDE_GRPC_LISTEN="+overGRPC)
	w := in.furnish()
	envoy := dialEnvoy(t, overGRPC, insecure.NewCredentials())
	methods := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"}
	targets := []string{
		"/pub/x", "/orders/1", "/orders/1?a=1", "/orders/", "/orders", "/admin/x", "/%61dmin/x", "/nothing", "/", "/pub/../admin/x",
		"/pub//x", "/pub/%2e%2e/x", "/orders/%20", "/orders/1;x", "/orders/%2f", "/admin/x?/pub/", "/orders/1?api_key=" + w.key, "/orders/1?api_key=x",
	}
	credentials := []string{
		"", bearer(w.token), apiKey(w.key), "Authorization: " + basic("jo", w.password), bearer("spp_x"), apiKey(flip(w.key)),
		bearer(in.signIn().token), "Authorization: Digest x", "Cookie: sp_session=x",
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	allowed := 0
	for range 400 {
		var err error
		q := question{methods[r.IntN(len(methods))], targets[r.IntN(len(targets))], credentials[r.IntN(len(credentials))]}
		var headers []string
		if q.credential != "" {
			headers = append(headers, q.credential)
		}
		res := ask(t, q.method, in.url(q.target), "", headers...)
		if res.status == 200 {
			allowed++
		}
		for _, family := range []string{"nginx", "apache", "traefik", "caddy", "haproxy", "gRPC"} {
			got := 0
			if family != "gRPC" {
				got = in.decide(t, family, q, headers)
			} else if got, _, err = q.check(t.Context(), envoy, in.public, headers); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(q.target, "%61") && res.status == 200 {
				// The gateway forwards the path as it was read. What a proxy
				// forwards is up to the proxy, so there it must not be let in.
				if got != 400 {
					t.Errorf("%v: /decide/%s answers %d, want 400", q, family, got)
				}
				continue
			}
			if got != res.status {
				t.Errorf("%v: the gateway answers %d and /decide/%s %d", q, res.status, family, got)
			}
		}
	}
	if allowed < 20 {
		t.Errorf("only %d requests were let in", allowed)
	}
}

// decide asks a decision endpoint and returns the status that it means.
func (in *installation) decide(t *testing.T, family string, q question, headers []string) int {
	t.Helper()
	prefix, uri, address := "X-Forwarded-", "Uri", "For"
	switch family {
	case "nginx", "apache":
		prefix, uri, address = "X-Original-", "URI", "Addr"
	case "haproxy":
		prefix, address = "X-Sallyport-", "Addr"
	}
	headers = append([]string{
		prefix + "Method: " + q.method, prefix + uri + ": " + q.target, prefix + "Host: " + in.public,
		prefix + "Proto: http", prefix + address + ": 127.0.0.1",
	}, headers...)
	res := ask(t, http.MethodGet, "http://"+in.internal+"/decide/"+family, "", headers...)
	if res.status == 403 && res.header.Get("X-Sallyport-Status") != "" {
		// A proxy that knows few statuses is told the right one beside.
		return number(t, res.header.Get("X-Sallyport-Status"))
	}
	if res.status == 200 && strings.TrimSpace(res.header.Get("X-Sallyport-User")) == "" {
		t.Errorf("%v: /decide/%s lets in without saying whom: %v", q, family, res.header)
	}
	return res.status
}

func number(t *testing.T, text string) (n int) {
	t.Helper()
	for _, c := range text {
		n = n*10 + int(c-'0')
	}
	return n
}
