package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// browser is what a browser sends with a request of a page's script, without the
// credential.
var browser = [][2]string{
	{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	{"Accept", "application/json, text/plain, */*"},
	{"Accept-Language", "en-GB,en;q=0.8,de;q=0.5"},
	{"Accept-Encoding", "gzip, deflate, br, zstd"},
	{"Referer", "https://api.example.com/app/orders?page=2"},
	{"Sec-Fetch-Dest", "empty"},
	{"Sec-Fetch-Mode", "cors"},
	{"Sec-Fetch-Site", "same-origin"},
	{"Dnt", "1"},
}

// question is what nginx asks about the request of an asker: with the shipped
// configuration it passes all headers of the client on and adds five. With a
// credential and a host these are 16.
func question(a asker, client [][2]string) []byte {
	var b strings.Builder
	b.WriteString("GET /decide/nginx HTTP/1.1\r\nHost: sallyport\r\n")
	fields := append([][2]string{
		{"X-Original-Method", http.MethodGet},
		{"X-Original-URI", a.Path + "?fields=id"},
		{"X-Original-Host", "api.example.com"},
		{"X-Original-Proto", "https"},
		{"X-Original-Addr", "192.0.2.7"},
	}, client...)
	return finish(&b, append(fields, a.Header))
}

// direct is the request of an asker to a proxy.
func direct(a asker) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s?fields=id HTTP/1.1\r\nHost: api.example.com\r\n", a.Path)
	return finish(&b, append(browser[:len(browser):len(browser)], a.Header))
}

func finish(b *strings.Builder, fields [][2]string) []byte {
	for _, f := range fields {
		fmt.Fprintf(b, "%s: %s\r\n", f[0], f[1])
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// A turn is one kind of request to one server.
type turn struct {
	name     string
	server   string // part that serves
	access   bool   // with the access log
	baseline string // name of the turn that it is compared with
	goal     float64

	kind     string // of askers
	most     int    // askers at most; 0: all
	careless bool   // lets everybody in
	plain    bool   // without the headers of a browser
	grpc     bool   // over gRPC, as Envoy asks
	collects bool   // also tell what collecting garbage takes
	wrk      bool   // asked by wrk
	want     int
}

// Goals of the ratios of CPU time.
const (
	decideGoal     = 0.80 // below the cheapest peer, which checks less
	rememberedGoal = 0.85
	deniedGoal     = 1 // a flood of refusals costs no more than the bare handler
	gatewayGoal    = 1.10
	garbageGoal    = 3 // percent of the CPU
)

// inTurn is how many tokens take turns, of the many that are known, unless all
// do. All of them at this pace would mean ten thousand use counts to write every
// second, which is a load of its own.
const inTurn = 2000

const (
	bareTurn  = "bare handler, 16 headers"
	plainTurn = "bare handler, 7 headers"
	proxyTurn = "httputil.ReverseProxy"
)

// decideTurns are about the decision service. Each request goes to the bare
// handler byte for byte as it goes to the decision service.
func decideTurns() []turn {
	turns := []turn{
		{name: bareTurn, server: "bare", kind: byToken, most: inTurn},
		{name: "/decide/nginx, " + byToken, server: "decide", baseline: bareTurn, goal: decideGoal, kind: byToken, most: inTurn, collects: true},
		{name: "/decide/nginx, " + byToken + ", net/http", server: "standard", baseline: bareTurn, kind: byToken, most: inTurn},
		{name: plainTurn, server: "bare", kind: byToken, most: inTurn, plain: true},
		{name: "/decide/nginx, " + byToken + ", 7 headers", server: "decide", baseline: plainTurn, kind: byToken, most: inTurn, plain: true},
		{name: "/decide/nginx, " + byToken + ", access log", server: "decide", access: true, baseline: bareTurn, kind: byToken, most: inTurn},
		{name: "/decide/nginx, " + byToken + ", 10,000 in turn", server: "decide", baseline: bareTurn, kind: byToken},
	}
	for _, kind := range []string{byAccess, bySession, byKey, byBasic} {
		turns = append(turns, turn{name: "/decide/nginx, " + kind, server: "decide", baseline: bareTurn, goal: rememberedGoal, kind: kind})
	}
	for _, kind := range []string{noToken, noPermission} {
		turns = append(turns, turn{name: "/decide/nginx, " + kind, server: "decide", baseline: bareTurn, goal: deniedGoal, kind: kind, most: inTurn, want: denied(kind)})
	}
	return turns
}

// gatewayTurns are about the reverse proxy.
func gatewayTurns() []turn {
	return []turn{
		{name: proxyTurn, server: "proxy", kind: byToken, most: inTurn},
		{name: "gateway, " + byToken, server: "gateway", baseline: proxyTurn, goal: gatewayGoal, kind: byToken, most: inTurn},
		{name: "gateway, " + byToken + ", access log", server: "gateway", access: true, baseline: proxyTurn, kind: byToken, most: inTurn},
	}
}

// denied returns the status for askers that are not let in.
func denied(kind string) int {
	if kind == noPermission {
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// requests makes the requests of a turn.
func (t *turn) requests(askers map[string][]asker) [][]byte {
	list := askers[t.kind]
	if t.most > 0 && len(list) > t.most {
		list = list[:t.most]
	}
	client := browser
	if t.plain {
		client = nil
	}
	out := make([][]byte, len(list))
	for i, a := range list {
		switch {
		case t.grpc:
			out[i] = checkRequest(a, client)
		case t.server == "gateway" || t.server == "proxy":
			out[i] = direct(a)
		default:
			out[i] = question(a, client)
		}
	}
	return out
}

// status returns what each answer of the turn must have.
func (t *turn) status() int {
	if t.want == 0 {
		return http.StatusOK
	}
	return t.want
}

// chosen returns the turns whose names match, and those that they are compared
// with.
func chosen(all []turn, pattern *regexp.Regexp) []turn {
	if pattern == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(t turn) bool {
		return !pattern.MatchString(t.name) && !slices.ContainsFunc(all, func(o turn) bool {
			return o.baseline == t.name && pattern.MatchString(o.name)
		})
	})
}
