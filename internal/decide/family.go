package decide

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// A family is a kind of proxy: where it puts the request that it asks about, and
// which answers it can carry. Names of headers are in canonical form.
type family struct {
	name string

	// mirror says that the question is the client's request itself, with the
	// path of the endpoint in front of its target. Method, target and host are
	// then those of the question, and there are no headers for them.
	mirror bool

	// shown says that the request is there as it is, beside the question.
	shown bool

	method string // the method of the client's request
	uri    string // its target, as it came
	host   string // its Host
	proto  string // http or https: how the client came
	client string // the client's address

	// hops says that client may be a list to which each proxy on the way has
	// appended its peer. In the others it is one address.
	hops bool
	// narrow says that the proxy carries 200, 401 and 403 alone, and a header
	// once.
	narrow bool
}

// families are all there are. The files below deploy/ set these headers, each on
// every question and in place of what the client may have sent.
var families = [...]family{
	{
		name: "nginx", narrow: true,
		method: "X-Original-Method", uri: "X-Original-Uri", host: "X-Original-Host",
		proto: "X-Original-Proto", client: "X-Original-Addr",
	},
	{
		name:   "apache",
		method: "X-Original-Method", uri: "X-Original-Uri", host: "X-Original-Host",
		proto: "X-Original-Proto", client: "X-Original-Addr",
	},
	{
		name:   "haproxy",
		method: "X-Sallyport-Method", uri: "X-Sallyport-Uri", host: "X-Sallyport-Host",
		proto: "X-Sallyport-Proto", client: "X-Sallyport-Addr",
	},
	{
		name: "caddy", hops: true,
		method: "X-Forwarded-Method", uri: "X-Forwarded-Uri", host: "X-Forwarded-Host",
		proto: "X-Forwarded-Proto", client: "X-Forwarded-For",
	},
	{
		name: "traefik", hops: true,
		method: "X-Forwarded-Method", uri: "X-Forwarded-Uri", host: "X-Forwarded-Host",
		proto: "X-Forwarded-Proto", client: "X-Forwarded-For",
	},
	{
		// Envoy sets both itself where it is told to use the remote address.
		name: "envoy", mirror: true, hops: true,
		proto: "X-Forwarded-Proto", client: "X-Forwarded-For",
	},
}

// overGRPC is Envoy as it asks over gRPC. It shows the client's request whole, and
// says itself who is at the other end of the connection; what it appends to
// X-Forwarded-For it may be told not to.
var overGRPC = family{name: "envoy, gRPC", shown: true, proto: "X-Forwarded-Proto"}

// prefix is what the path of every endpoint starts with.
const prefix = "/decide/"

// familyOf returns the family whose endpoint a question is for, nil if it is for
// none.
func familyOf(r *http.Request) *family {
	name, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		return nil
	}
	name, _, below := strings.Cut(name, "/")
	for i := range families {
		if f := &families[i]; f.name == name && f.mirror == below {
			return f
		}
	}
	return nil
}

// A Fault says what is wrong with a question, for the operator's log.
type Fault struct {
	Header string // that it is about
	What   string
}

const (
	missing   = "is missing or empty"
	twice     = "is there more than once"
	noScheme  = "is neither http nor https"
	noAddress = "is not an address"
)

// original reads the client's request from the question into the visit. It
// reports the first header that is not there exactly once, or cannot be what it
// should.
func (f *family) original(r *http.Request, hops hops, v *visit) (Fault, bool) {
	if f.mirror {
		// The path of the endpoint is cut off the target as it came: nothing may
		// be decoded on the way. A question that spells it in another way is none.
		uri, ok := strings.CutPrefix(r.RequestURI, prefix+f.name)
		if !ok || uri == "" {
			return Fault{":path", missing}, false
		}
		v.request.Method, v.request.Target, v.request.Host = r.Method, uri, r.Host
	}
	if f.shown {
		if bad := v.check.original(r, v); bad.What != "" {
			return bad, false
		}
	}
	for _, field := range [...]struct {
		name string
		into *string
	}{
		{f.method, &v.request.Method},
		{f.uri, &v.request.Target},
		{f.host, &v.request.Host},
		{f.proto, &v.proto},
		{f.client, &v.client},
	} {
		if field.name == "" {
			continue
		}
		values := r.Header[field.name]
		switch {
		case len(values) > 1:
			return Fault{field.name, twice}, false
		case len(values) == 0 || values[0] == "":
			return Fault{field.name, missing}, false
		}
		*field.into = values[0]
	}
	var ok bool
	if v.request.Scheme, ok = schemeOf(v.proto); !ok {
		return Fault{f.proto, noScheme}, false
	}
	switch {
	case f.shown:
		v.request.Client = hops.behind(v.check.Peer, r.Header["X-Forwarded-For"])
		if !v.request.Client.IsValid() {
			return Fault{"source.address", noAddress}, false
		}
	case f.hops:
		v.request.Client = hops.client(v.client)
	default:
		if addr, err := netip.ParseAddr(v.client); err == nil {
			v.request.Client = addr.Unmap().WithZone("")
		}
	}
	if !v.request.Client.IsValid() {
		return Fault{f.client, noAddress}, false
	}
	return Fault{}, true
}

// schemeOf returns the scheme of HTTP that a proxy means. Traefik says ws and wss
// of a request that asks for a WebSocket.
func schemeOf(proto string) (string, bool) {
	switch proto {
	case "http", "ws":
		return "http", true
	case "https", "wss":
		return "https", true
	}
	return "", false
}

// hops are the proxies in front of the one that asks.
type hops struct {
	trusted []netip.Prefix
	depth   int
}

// client returns the address that a list of hops leads to. Its last token is the
// peer of the proxy that asks, which is believed; whether the one before is
// believed depends on who said it. The address is not valid if the last token is
// none.
func (p hops) client(list string) netip.Addr {
	i := strings.LastIndexByte(list, ',')
	peer := last(list[i+1:])
	if i < 0 || !peer.IsValid() {
		return peer
	}
	return target.ClientIP(peer, []string{list[:i]}, p.trusted, p.depth)
}

// behind returns the address that the lists of hops lead to from the other end of
// the proxy's connection, which the proxy says by itself. It may have appended that
// to the list as well; it then counts once.
func (p hops) behind(peer netip.Addr, lists []string) netip.Addr {
	peer = peer.Unmap().WithZone("")
	n := len(lists)
	if n == 0 || !peer.IsValid() {
		return peer
	}
	list := lists[n-1]
	switch i := strings.LastIndexByte(list, ','); {
	case last(list[i+1:]) != peer:
	case i < 0:
		lists = lists[:n-1]
	default:
		lists = slices.Clone(lists)
		lists[n-1] = list[:i]
	}
	return target.ClientIP(peer, lists, p.trusted, p.depth)
}

// last parses the token that the asking proxy wrote itself. Some proxies append
// the port.
func last(token string) netip.Addr {
	token = strings.Trim(token, " \t")
	addr, err := netip.ParseAddr(token)
	if err != nil {
		withPort, err := netip.ParseAddrPort(token)
		if err != nil {
			return netip.Addr{}
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone("")
}
