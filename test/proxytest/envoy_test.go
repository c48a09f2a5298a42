package proxytest_test

import (
	"encoding/json"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/header_mutation/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/sallyport/sallyport/test/proxytest"
)

// unpacked returns the message that an Any holds.
func unpacked[T proto.Message](t *testing.T, a *anypb.Any, into T) T {
	t.Helper()
	if err := a.UnmarshalTo(into); err != nil {
		t.Fatal(err)
	}
	return into
}

// managerOf reads a sample with Envoy's own descriptions, in which no key may be
// unknown and every value must be one, and returns what stands before the API.
func managerOf(t *testing.T, sample string) (*bootstrapv3.Bootstrap, *managerv3.HttpConnectionManager) {
	t.Helper()
	var tree any
	parse(t, sample, &tree)
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var b bootstrapv3.Bootstrap
	if err := protojson.Unmarshal(text, &b); err != nil {
		t.Fatalf("%s: %v", sample, err)
	}
	if err := b.ValidateAll(); err != nil {
		t.Errorf("%s: %v", sample, err)
	}
	filter := b.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()[0]
	m := unpacked(t, filter.GetConfigType().(*listenerv3.Filter_TypedConfig).TypedConfig, &managerv3.HttpConnectionManager{})
	if err := m.ValidateAll(); err != nil {
		t.Errorf("%s: %v", sample, err)
	}
	return &b, m
}

// authorization returns the filter that asks, which nothing but a cleaner may stand
// before.
func authorization(t *testing.T, m *managerv3.HttpConnectionManager) *authzv3.ExtAuthz {
	t.Helper()
	for _, f := range m.GetHttpFilters() {
		switch f.GetName() {
		case "envoy.filters.http.header_mutation":
		case "envoy.filters.http.ext_authz":
			a := unpacked(t, f.GetTypedConfig(), &authzv3.ExtAuthz{})
			if err := a.ValidateAll(); err != nil {
				t.Error(err)
			}
			return a
		default:
			t.Fatalf("%s comes before the question", f.GetName())
		}
	}
	t.Fatal("nothing asks")
	return nil
}

// TestEnvoySamplesAreEnvoys: what Envoy would not start with is found here, and what it
// would let pass without a decision.
func TestEnvoySamplesAreEnvoys(t *testing.T) {
	t.Parallel()
	for _, sample := range []string{"envoy/envoy.yaml", "envoy/envoy-grpc.yaml"} {
		_, m := managerOf(t, sample)
		a := authorization(t, m)
		if a.GetFailureModeAllow() || a.GetStatusOnError().GetCode() != 503 || a.GetFilterEnabled() != nil || a.GetClearRouteCache() {
			t.Errorf("%s does not fail closed: %v", sample, a)
		}
		if !m.GetUseRemoteAddress().GetValue() || m.GetNormalizePath().GetValue() || m.GetMergeSlashes() ||
			m.GetPathWithEscapedSlashesAction() != managerv3.HttpConnectionManager_REJECT_REQUEST ||
			m.GetCommonHttpProtocolOptions().GetHeadersWithUnderscoresAction() != 1 {
			t.Errorf("%s: what is decided is not what is forwarded", sample)
		}
		for _, h := range m.GetRouteConfig().GetVirtualHosts() {
			if len(h.GetTypedPerFilterConfig()) > 0 {
				t.Errorf("%s: %s changes the filter", sample, h.GetName())
			}
		}
		if !strings.Contains(proxytest.Sample(t, sample), "Not run by this project's tests") {
			t.Errorf("%s does not say that it was not run", sample)
		}
	}
}

// TestEnvoyAsksOverGRPC: with every header, as it came, over HTTP/2.
func TestEnvoyAsksOverGRPC(t *testing.T) {
	t.Parallel()
	b, m := managerOf(t, "envoy/envoy-grpc.yaml")
	a := authorization(t, m)
	if !a.GetEncodeRawHeaders() || a.GetAllowedHeaders() != nil || a.GetDisallowedHeaders() != nil || a.GetTransportApiVersion().String() != "V3" {
		t.Errorf("it does not show every header: %v", a)
	}
	name := a.GetGrpcService().GetEnvoyGrpc().GetClusterName()
	for _, c := range b.GetStaticResources().GetClusters() {
		if c.GetName() == name {
			if len(c.GetTypedExtensionProtocolOptions()) != 1 {
				t.Errorf("%s speaks no HTTP/2", name)
			}
			return
		}
	}
	t.Errorf("there is no cluster %q", name)
}
