package extauthz

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/sallyport/sallyport/internal/decide"
)

// question16 is a message with the headers of a browser.
func question16(t testing.TB) []byte {
	t.Helper()
	h := &authv3.AttributeContext_HttpRequest{
		Id: "1234567890123456789", Method: "GET", Path: "/shop/orders/17?fields=id", Host: "api.test", Scheme: "http", Protocol: "HTTP/1.1",
		Size: -1, HeaderMap: &corev3.HeaderMap{},
	}
	for _, f := range [][2]string{
		{":authority", "api.test"},
		{":path", "/shop/orders/17?fields=id"},
		{":method", "GET"},
		{":scheme", "http"},
		{"x-forwarded-proto", "http"},
		{"x-forwarded-for", "192.0.2.7"},
		{"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		{"accept", "application/json"},
		{"accept-language", "en-GB,en;q=0.5"},
		{"accept-encoding", "gzip, deflate, br"},
		{"sec-fetch-dest", "empty"},
		{"sec-fetch-mode", "cors"},
		{"sec-fetch-site", "same-origin"},
		{"dnt", "1"},
		{"referer", "https://api.test/"},
		{"authorization", "Bearer 0123456789012345678901234567890123456789"},
	} {
		h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: f[0], RawValue: []byte(f[1])})
	}
	return marshal(t, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{
			Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
				Address: "192.0.2.7", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 40001},
			}}},
			Service: "s", Labels: map[string]string{"a": "b"}, Principal: "p", Certificate: "c",
		},
		Destination:       &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: "/x"}}}},
		Request:           &authv3.AttributeContext_Request{Time: &timestamppb.Timestamp{Seconds: 1}, Http: h},
		ContextExtensions: map[string]string{"a": "b"},
		MetadataContext:   &corev3.Metadata{}, TlsSession: &authv3.AttributeContext_TLSSession{Sni: "api.test"},
	}})
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzQuestion: what the generated types read is read here, and as the same.
func FuzzQuestion(f *testing.F) {
	whole := question16(f)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(append(slices.Clone(whole), whole...)) // merged
	f.Add(marshal(f, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
		Headers: map[string]string{":path": "/a", "cookie": "a=b", "": ""}, Query: "q", Fragment: "f", Body: "b", RawBody: []byte{0, 0xff},
	}}}}))
	pipe := marshal(f, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Source: &authv3.AttributeContext_Peer{
		Address: &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: "@"}}},
	}}})
	f.Add(append(slices.Clone(whole), pipe...)) // the address is another one now
	f.Add(append(slices.Clone(pipe), whole...))
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}) // longer than all there is
	f.Add([]byte{0x0b, 0x0b, 0x0c, 0x0c})                                           // groups
	f.Add([]byte{0x08, 0x01, 0x0a, 0x02, 0x08, 0x01})                               // of other kinds
	f.Add([]byte{0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		var got question
		err := got.read(data)
		var m authv3.CheckRequest
		if proto.Unmarshal(data, &m) != nil {
			// Texts are not looked at here, nor what is skipped.
			if err == nil {
				got.into(&http.Request{Header: http.Header{}}, new(decide.Check), new([]string))
			}
			return
		}
		if err != nil {
			t.Fatalf("%v, and it is a CheckRequest: %v", err, &m)
		}
		h, source := m.GetAttributes().GetRequest().GetHttp(), m.GetAttributes().GetSource().GetAddress().GetSocketAddress().GetAddress()
		want := question{
			method: h.GetMethod(), path: h.GetPath(), host: h.GetHost(), scheme: h.GetScheme(), query: h.GetQuery(), fragment: h.GetFragment(),
			source: source, rawBody: string(h.GetRawBody()), merged: len(h.GetHeaders()) > 0, listed: h.GetHeaderMap() != nil,
		}
		fields := got.fields
		got.fields = nil
		if !equal(&got, &want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got.merged && got.listed {
			return // and refused
		}
		if got.merged {
			entries := map[string]string{}
			for _, f := range fields {
				entries[f.name] = f.value
			}
			if !maps.Equal(entries, h.GetHeaders()) {
				t.Errorf("headers %q, want %q", entries, h.GetHeaders())
			}
			return
		}
		if len(fields) != len(h.GetHeaderMap().GetHeaders()) {
			t.Fatalf("%d headers, want %d", len(fields), len(h.GetHeaderMap().GetHeaders()))
		}
		for i, v := range h.GetHeaderMap().GetHeaders() {
			if f := fields[i]; f.name != v.GetKey() || f.value != v.GetValue() || f.raw != string(v.GetRawValue()) {
				t.Errorf("header %q, want %v", f, v)
			}
		}
	})
}

func equal(a, b *question) bool {
	return a.method == b.method && a.path == b.path && a.host == b.host && a.scheme == b.scheme && a.query == b.query &&
		a.fragment == b.fragment && a.source == b.source && a.rawBody == b.rawBody && a.merged == b.merged && a.listed == b.listed
}

// FuzzAnswer: what is written here is what the generated types read.
func FuzzAnswer(f *testing.F) {
	f.Add("X-Sallyport-User", "alice", "X-Request-Id", "id", "a=b", "Authorization", "api_key", []byte("{}"), 401)
	f.Add("WWW-Authenticate", "Basic", "WWW-Authenticate", "Bearer", "", "", "", []byte("\xff"), 503)
	f.Add("X", strings.Repeat("x", 300), "Content-Length", "3", "", "", "", []byte(nil), 200)
	f.Add("", "a", "b", "c", "", "", "", []byte("d"), 248) // found by the fuzzer
	f.Fuzz(func(t *testing.T, name, value, other, text, cookie, remove, query string, body []byte, status int) {
		for _, s := range []string{name, value, other, text, cookie, remove, query} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n") {
				return // which answers do not have
			}
		}
		if status < 100 || status > 599 || strings.Contains(name+other, ": ") {
			return
		}
		a := answer{header: http.Header{}}
		a.Line(name, value)
		a.Line(other, text)
		a.WriteHeader(status)
		a.WriteHeader(100) // too late
		_, _ = a.Write(body)
		c := decide.Check{Cookie: cookie, Remove: []string{remove}, RemoveQuery: []string{query}}
		var m authv3.CheckResponse
		var scratch []byte
		if err := proto.Unmarshal(a.appendAllowed(nil, &c, &scratch), &m); err != nil {
			t.Fatal(err)
		}
		ok := m.GetOkResponse()
		if m.GetStatus().GetCode() != 0 || ok == nil || len(m.ProtoReflect().GetUnknown())+len(ok.ProtoReflect().GetUnknown()) > 0 {
			t.Fatalf("%v", &m)
		}
		if got := ok.GetHeadersToRemove(); len(got) != 1 || got[0] != lower(remove) {
			t.Errorf("removes %q, want %q", got, remove)
		}
		if got := ok.GetQueryParametersToRemove(); len(got) != 1 || got[0] != query {
			t.Errorf("removes the parameter %q, want %q", got, query)
		}
		all := append(slices.Clone(ok.GetHeaders()), ok.GetResponseHeadersToAdd()...)
		want := 2
		for _, n := range []string{name, other} {
			if n == "X-Request-Id" || n == "X-Sallyport-Revision" {
				want++ // for the client, too
			}
		}
		if cookie != "" {
			want++
		}
		if len(all) != want {
			t.Errorf("%d headers, want %d: %v", len(all), want, all)
		}
		for _, o := range all {
			n, v := o.GetHeader().GetKey(), o.GetHeader().GetValue()
			if o.GetAppendAction() != overwrite || n != lower(n) || v != value && v != text && v != cookie {
				t.Errorf("sets %v", o)
			}
		}

		if err := proto.Unmarshal(a.appendDenied(nil, &scratch), &m); err != nil {
			t.Fatal(err)
		}
		d := m.GetDeniedResponse()
		if m.GetStatus().GetCode() == 0 || int(d.GetStatus().GetCode()) != status || d.GetBody() != strings.ToValidUTF8(string(body), "\uFFFD") {
			t.Errorf("status %d %q: %v", status, body, &m)
		}
		for i, o := range d.GetHeaders() {
			if again := i > 0 && d.GetHeaders()[i-1].GetHeader().GetKey() == o.GetHeader().GetKey() && name == other; again != (o.GetAppendAction() == 0) {
				t.Errorf("header %d of %v", i, d.GetHeaders())
			}
		}
	})
}

func lower(s string) string { return string(appendLower(nil, s)) }

// TestHealthMessages holds the messages of health checks against their description:
// field 1 of both, a text and a number.
func TestHealthMessages(t *testing.T) {
	t.Parallel()
	var q healthQuestion
	if err := q.read(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "a")); err != nil || q.service != "a" {
		t.Errorf("read %q, %v", q.service, err)
	}
	if err := q.read([]byte{0x0a, 5}); err == nil {
		t.Error("half a message is none")
	}
	if got := serving.append(nil); !slices.Equal(got, []byte{0x08, 1}) {
		t.Errorf("wrote %v", got)
	}
}

// TestReadAllocates once, for the text of all that was read.
func TestReadAllocates(t *testing.T) {
	data := question16(t)
	r := http.Request{Header: http.Header{}}
	var q question
	var c decide.Check
	var room []string
	if n := testing.AllocsPerRun(100, func() {
		if err := q.read(data); err != nil {
			t.Fatal(err)
		}
		q.into(&r, &c, &room)
		if c.Fault.What != "" || len(r.Header) != 12 || !c.Peer.IsValid() {
			t.Fatalf("%v %v", c, r.Header)
		}
		q.reset()
		clear(r.Header)
	}); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

// TestAnswerAllocates nothing once its space is there.
func TestAnswerAllocates(t *testing.T) {
	a := answer{header: http.Header{}}
	c := decide.Check{Remove: []string{"Authorization", "X-Api-Key"}}
	out, scratch := make([]byte, 0, 4<<10), []byte(nil)
	if n := testing.AllocsPerRun(100, func() {
		a.reset()
		a.Lines([]byte("X-Sallyport-User: alice\r\nX-Sallyport-Kind: person\r\n"))
		a.Line("X-Request-Id", "0123456789012345678901")
		_ = a.appendAllowed(out, &c, &scratch)
	}); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkRead compares the reader with the generated types.
func BenchmarkRead(b *testing.B) {
	data := question16(b)
	b.Run("here", func(b *testing.B) {
		r := http.Request{Header: http.Header{}}
		var q question
		var c decide.Check
		var room []string
		b.ReportAllocs()
		for b.Loop() {
			if err := q.read(data); err != nil {
				b.Fatal(err)
			}
			q.into(&r, &c, &room)
			q.reset()
			clear(r.Header)
		}
	})
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m authv3.CheckRequest
			if err := proto.Unmarshal(data, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
