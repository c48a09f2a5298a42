package carrier_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/carrier"
)

func TestQueryValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw, name, value string
		count            int
		fault            carrier.Fault
	}{
		{"", "a", "", 0, carrier.OK},
		{"a=1", "a", "1", 1, carrier.OK},
		{"a", "a", "", 1, carrier.OK},
		{"a=", "a", "", 1, carrier.OK},
		{"=1", "", "1", 1, carrier.OK},
		{"&&", "", "", 0, carrier.OK},
		{"b=2&a=1&a=3", "a", "1", 2, carrier.OK},
		{"A=1", "a", "", 0, carrier.OK},
		{"aa=1&ba=2&ab=3", "a", "", 0, carrier.OK},
		{"a=1=2", "a", "1=2", 1, carrier.OK},
		{"%61=1", "a", "1", 1, carrier.OK},
		{"a%5B%5D=1", "a[]", "1", 1, carrier.OK},
		{"a+b=1", "a b", "1", 1, carrier.OK},
		{"a=x+y%2B%20z", "a", "x y+ z", 1, carrier.OK},
		{"a=%zz%4%", "a", "%zz%4%", 1, carrier.OK},
		{"json_data={\"key\":\"LIKE+'%.fr'\"}", "json_data", "{\"key\":\"LIKE '%.fr'\"}", 1, carrier.OK},
		{"a=%ff%00", "a", "\xff\x00", 1, carrier.OK},
		{"a%26b=1", "a", "", 0, carrier.OK},
		{"a=1;b=2", "a", "", 0, carrier.QueryMalformed},
		{"a=1%3Bb=2", "a", "1;b=2", 1, carrier.OK},
		{strings.Repeat("x&", 99) + "a=1", "a", "1", 1, carrier.OK},
		{strings.Repeat("x&", 100) + "a=1", "a", "", 0, carrier.TooManyParameters},
	} {
		value, count, fault := carrier.QueryValue(tt.raw, tt.name)
		if value != tt.value || count != tt.count || fault != tt.fault {
			t.Errorf("QueryValue(%q, %q) = %q, %d, %v; want %q, %d, %v", tt.raw, tt.name, value, count, fault, tt.value, tt.count, tt.fault)
		}
		if all, fault := carrier.QueryValues(tt.raw, tt.name); len(all) != tt.count || fault != tt.fault || len(all) > 0 && all[0] != tt.value {
			t.Errorf("QueryValues(%q, %q) = %q, %v", tt.raw, tt.name, all, fault)
		}
	}
}

func TestQueryNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw  string
		want []string
	}{
		{"", nil},
		{"&&", nil},
		{"a=1&&b&=2", []string{"a", "b", ""}},
		{"x%2Dtenant+id=1&a=b=c", []string{"x-tenant id", "a"}},
	} {
		var got []string
		carrier.QueryNames(tt.raw, func(name string) bool { got = append(got, name); return true })
		if !slices.Equal(got, tt.want) {
			t.Errorf("QueryNames(%q): %q, want %q", tt.raw, got, tt.want)
		}
	}
	var got []string
	carrier.QueryNames("a&b&c", func(name string) bool { got = append(got, name); return name != "b" })
	if want := []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("stopped at b: %q, want %q", got, want)
	}
}

func TestCutQuery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ raw, want string }{
		{"", ""},
		{"a=1", "a=1"},
		{"k=1", ""},
		{"k", ""},
		{"k=1&k=2", ""},
		{"a=1&k=1", "a=1"},
		{"k=1&a=1", "a=1"},
		{"a=1&k=1&b=2", "a=1&b=2"},
		{"k=1&a=1&k=2&b=2&k=3", "a=1&b=2"},
		{"b=2&a=%zz&%61=+&&k=1&=", "b=2&a=%zz&%61=+&&="},
		{"&k=1", ""},
		{"k=1&", ""},
		{"&k=1&", "&"},
		{"a&&k=1&&b", "a&&&b"},
		{"%6b=1&a", "a"},
		{"K=1&kk=2&k%20=3", "K=1&kk=2&k%20=3"},
		{"login=a&b=k=1", "b=k=1"},
		{"a=1;k=2", "a=1;k=2"},
	} {
		if got := carrier.CutQuery(tt.raw, "k", "login"); got != tt.want {
			t.Errorf("CutQuery(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
	if got := carrier.CutQuery("k=1"); got != "k=1" {
		t.Errorf("CutQuery of no names = %q", got)
	}
	if got := carrier.CutForm([]byte("x=1&auth_token=a&y"), "auth_token"); string(got) != "x=1&y" {
		t.Errorf("CutForm = %q", got)
	}
	if got := carrier.CutForm([]byte("x=1"), "auth_token"); string(got) != "x=1" {
		t.Errorf("CutForm without a match = %q", got)
	}
}

func TestCutQueryAllocates(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		if carrier.CutQuery("a=1&b=2", "api_key") != "a=1&b=2" {
			t.Fatal("cut")
		}
	}); n != 0 {
		t.Errorf("CutQuery allocates %v times with nothing to cut", n)
	}
}

// FuzzQuery holds the scanner against net/url where that one has an opinion, and
// cutting against scanning.
func FuzzQuery(f *testing.F) {
	for _, raw := range []string{"", "api_key=1", "a=1&api%5fkey=%zz", "a;b", "&&=", "api_key=+&api_key", "%61pi_key=%26"} {
		f.Add(raw, "api_key")
	}
	f.Fuzz(func(t *testing.T, raw, name string) {
		value, count, fault := carrier.QueryValue(raw, name)
		if (fault == carrier.QueryMalformed) != strings.Contains(raw, ";") {
			t.Fatalf("QueryValue(%q): %v", raw, fault)
		}
		if fault != carrier.OK {
			return
		}
		if parsed, err := url.ParseQuery(raw); err == nil {
			if len(parsed[name]) != count || count > 0 && parsed[name][0] != value {
				t.Fatalf("QueryValue(%q, %q) = %q, %d; net/url says %q", raw, name, value, count, parsed[name])
			}
			if all, _ := carrier.QueryValues(raw, name); !slices.Equal(all, parsed[name]) {
				t.Fatalf("QueryValues(%q, %q) = %q; net/url says %q", raw, name, all, parsed[name])
			}
		}
		cut := carrier.CutQuery(raw, name)
		if _, left, _ := carrier.QueryValue(cut, name); left != 0 {
			t.Fatalf("CutQuery(%q, %q) = %q", raw, name, cut)
		}
		// What is left is what was there, in its order.
		rest := strings.Split(raw, "&")
		if count == 0 && cut != raw || len(rest)-count > 0 && strings.Count(cut, "&") != len(rest)-count-1 {
			t.Fatalf("CutQuery(%q, %q) = %q", raw, name, cut)
		}
		for pair := range strings.SplitSeq(cut, "&") {
			i := slices.Index(rest, pair)
			if i < 0 && cut != "" {
				t.Fatalf("CutQuery(%q, %q) = %q", raw, name, cut)
			}
			rest = rest[i+1:]
		}
	})
}
