package target_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/doors/target"
)

func networks(written ...string) (list []netip.Prefix) {
	for _, w := range written {
		list = append(list, netip.MustParsePrefix(w))
	}
	return list
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	trusted := networks("10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32")
	for _, tt := range []struct {
		name  string
		peer  string
		xff   []string
		depth int
		want  string
	}{
		{"untrusted peer", "203.0.113.9", []string{"127.0.0.1"}, 3, "203.0.113.9"},
		{"trusted peer", "10.1.1.1", []string{"203.0.113.9"}, 1, "203.0.113.9"},
		{"the client's own words come first", "10.1.1.1", []string{"127.0.0.1, 203.0.113.9"}, 3, "203.0.113.9"},
		{"two proxies", "10.1.1.1", []string{"203.0.113.9, 10.2.2.2"}, 2, "203.0.113.9"},
		{"two proxies, depth of one", "10.1.1.1", []string{"203.0.113.9, 10.2.2.2"}, 1, "10.2.2.2"},
		{"no depth", "10.1.1.1", []string{"203.0.113.9"}, 0, "10.1.1.1"},
		{"negative depth", "10.1.1.1", []string{"203.0.113.9"}, -1, "10.1.1.1"},
		{"several fields", "10.1.1.1", []string{"127.0.0.1", "203.0.113.9", "10.2.2.2"}, 5, "203.0.113.9"},
		{"nothing said", "10.1.1.1", nil, 3, "10.1.1.1"},
		{"empty field", "10.1.1.1", []string{""}, 3, "10.1.1.1"},
		{"all trusted", "10.1.1.1", []string{"10.3.3.3, 10.2.2.2"}, 9, "10.3.3.3"},
		{"word stops", "10.1.1.1", []string{"203.0.113.9, unknown"}, 3, "10.1.1.1"},
		{"word in the middle stops", "10.1.1.1", []string{"203.0.113.9, x, 10.2.2.2"}, 5, "10.2.2.2"},
		{"empty token stops", "10.1.1.1", []string{"203.0.113.9, , 10.2.2.2"}, 5, "10.2.2.2"},
		{"escape stops", "10.1.1.1", []string{"127.0.0.%31"}, 3, "10.1.1.1"},
		{"leading zero stops", "10.1.1.1", []string{"010.0.0.1"}, 3, "10.1.1.1"},
		{"quotes stop", "10.1.1.1", []string{`"203.0.113.9"`}, 3, "10.1.1.1"},
		{"zone stops", "10.1.1.1", []string{"fe80::1%eth0"}, 3, "10.1.1.1"},
		{"zone in brackets stops", "10.1.1.1", []string{"[fe80::1%eth0]:1"}, 3, "10.1.1.1"},
		{"brackets around IPv4 stop", "10.1.1.1", []string{"[203.0.113.9]"}, 3, "10.1.1.1"},
		{"long token stops", "10.1.1.1", []string{strings.Repeat("1", 9000)}, 3, "10.1.1.1"},
		{"port", "10.1.1.1", []string{"203.0.113.9:4711"}, 3, "203.0.113.9"},
		{"IPv6", "2001:db8::1", []string{"2001:db8:1::2, 2001:db8::3"}, 3, "2001:db8:1::2"},
		{"IPv6 client", "10.1.1.1", []string{"2001:4860::8"}, 3, "2001:4860::8"},
		{"IPv6 in brackets", "10.1.1.1", []string{"[2001:4860::8]"}, 3, "2001:4860::8"},
		{"IPv6 with port", "10.1.1.1", []string{"[2001:4860::8]:443"}, 3, "2001:4860::8"},
		{"mapped peer", "::ffff:10.1.1.1", []string{"203.0.113.9"}, 3, "203.0.113.9"},
		{"mapped token", "10.1.1.1", []string{"::ffff:203.0.113.9"}, 3, "203.0.113.9"},
		{"mapped and trusted", "10.1.1.1", []string{"203.0.113.9,\t::ffff:10.2.2.2"}, 3, "203.0.113.9"},
		{"single trusted address", "192.0.2.1", []string{"203.0.113.9"}, 3, "203.0.113.9"},
		{"its neighbour", "192.0.2.2", []string{"203.0.113.9"}, 3, "192.0.2.2"},
		{"walk is bounded", "10.1.1.1", []string{"203.0.113.9" + strings.Repeat(", 10.2.2.2", 100)}, 1000, "10.2.2.2"},
	} {
		got := target.ClientIP(netip.MustParseAddr(tt.peer), tt.xff, trusted, tt.depth)
		if got.String() != tt.want {
			t.Errorf("%s: ClientIP(%s, %.60q, depth %d) = %s, want %s", tt.name, tt.peer, tt.xff, tt.depth, got, tt.want)
		}
	}
	if got := target.ClientIP(netip.MustParseAddr("10.1.1.1"), []string{"203.0.113.9"}, nil, 9); got.String() != "10.1.1.1" {
		t.Errorf("with nobody trusted the client is %s", got)
	}
	if got := target.ClientIP(netip.Addr{}, []string{"203.0.113.9"}, trusted, 9); got.IsValid() {
		t.Errorf("without a peer the client is %s", got)
	}
}

func TestClientIPAllocates(t *testing.T) {
	trusted := networks("10.0.0.0/8")
	peer, xff := netip.MustParseAddr("10.1.1.1"), []string{"127.0.0.1, 203.0.113.9, 10.2.2.2"}
	if n := testing.AllocsPerRun(100, func() { target.ClientIP(peer, xff, trusted, 5) }); n != 0 {
		t.Errorf("ClientIP allocates %v times", n)
	}
}
