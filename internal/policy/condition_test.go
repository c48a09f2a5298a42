package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// condition returns the compiled condition of a binding.
func condition(tb testing.TB, c *policy.Compiler, text string) sallyport.Condition {
	tb.Helper()
	b := binding("b", "north", "r")
	b.Condition = text
	return principal(tb, c, b).Grants("north")[0].Condition
}

func facts() *sallyport.Circumstances {
	return &sallyport.Circumstances{
		Time: noon, Client: netip.MustParseAddr("10.1.2.3"), Method: "GET", Path: "/racks/7",
		Tenant: "north", Realm: "r1", Names: []string{"id"}, Values: []string{"7"},
	}
}

func TestConditionHolds(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	for _, tt := range []struct {
		text  string
		holds bool
		fails bool
	}{
		{`true`, true, false},
		{`method == "GET"`, true, false},
		{`method in ["POST", "PUT"]`, false, false},
		{`path.startsWith("/racks/") && realm == "r1" && tenant == "north"`, true, false},
		{`path.matches("^/racks/[0-9]+$")`, true, false},
		{`values["id"] == "7"`, true, false},
		{`values["rack"] == "7"`, false, true}, // no such value: not false but an error, which is no
		{`"rack" in values && values.rack == "7"`, false, false},
		{`!(values["rack"] == "7")`, false, true},
		{`time.getHours() >= 8 && time.getHours() < 18`, true, false},
		{`time.getHours("Asia/Tokyo") == 21`, true, false},
		{`time.getDayOfWeek() == 3`, true, false},
		{`time < timestamp("2030-06-01T00:00:00Z")`, true, false},
		{`in_network(client, "10.0.0.0/8")`, true, false},
		{`in_network(client, "192.168.0.0/16")`, false, false},
		{`in_network(client, "2001:db8::/32")`, false, false},
		{`in_network("2001:db8::7", "2001:db8::/32")`, true, false},
		{`in_network("::ffff:10.1.2.3", "10.0.0.0/8")`, true, false},
		{`in_network("no address", "10.0.0.0/8")`, false, true},
		{`in_network(client, path)`, false, true},
		{`["10.0.0.0/8", "192.168.0.0/16"].exists(n, in_network(client, n))`, true, false},
		{`1 / (time.getHours() - 12) > 0`, false, true},
	} {
		got, err := condition(t, c, tt.text).Holds(facts())
		if got != tt.holds || (err != nil) != tt.fails {
			t.Errorf("%s = %v, %v; want %v", tt.text, got, err, tt.holds)
		}
	}
}

// A fact that is not known must not look like an empty one.
func TestConditionUnknownFacts(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	for _, text := range []string{`!in_network(client, "10.0.0.0/8")`, `client != "10.0.0.1"`, `method != "GET"`, `path != "/x"`, `time > timestamp("2001-01-01T00:00:00Z")`, `time < timestamp("2031-01-01T00:00:00Z")`} {
		if got, err := condition(t, c, text).Holds(&sallyport.Circumstances{}); got || err == nil {
			t.Errorf("%s without facts = %v, %v", text, got, err)
		}
	}
}

func TestConditionIPv4InIPv6(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Client = netip.MustParseAddr("::ffff:10.1.2.3")
	c := newCompiler(t)
	for _, text := range []string{`in_network(client, "10.0.0.0/8")`, `client == "10.1.2.3"`} {
		if got, err := condition(t, c, text).Holds(f); !got || err != nil {
			t.Errorf("%s = %v, %v", text, got, err)
		}
	}
}

func TestCheckCondition(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	for _, tt := range []struct{ text, words string }{
		{`method == `, "column 11"},
		{`metod == "GET"`, "column 1|undeclared reference to 'metod'"},
		{`method == "GET" && tme > 1`, "column 20|tme"},
		{"method == \"GET\" &&\n  nope", "line 2, column 3"},
		{`method`, "of type string|true or false"},
		{`1 + 1`, "of type int"},
		{`values`, "of type map"},
		{`method == 1`, "column 8"},
		{`in_network(client, "10.0.0.0/33")`, "column 20|10.0.0.0/33"},
		{`in_network(client, "10.0.0.1")`, "column 20|not a network such as"},
		{`in_network(client, "::ffff:10.0.0.0/104")`, "column 20|IPv4"},
		{`in_network(client)`, "column 11"},
		{`path.matches("(")`, "column 14"},
		{`"/racks".matches(path)`, "column 18|written out"},
		{`matches("/racks", values["x"])`, "written out"},
		{`["a"].exists(p, path.matches(p))`, "written out"},
		{`path.matches("(a?a?a?a?a?a?a?a?a?a?){20}$")`, "column 14"},
		{`time > timestamp("yesterday")`, "column 18"},
		{`"` + strings.Repeat("x", 1100) + `" == path`, "1024"},
		{strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), "wrong"},
		{`[1,2,3].all(a, [1,2,3].all(b, [1,2,3].all(c, true)))`, "nesting"},
		{"\x00", "column 1"},
		{"\xff", "wrong"},
	} {
		err := c.CheckCondition(tt.text)
		if sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("CheckCondition(%q) = %v, want an Invalid error", tt.text, err)
			continue
		}
		message := err.(*sallyport.Error).Message //nolint:errorlint // it is never wrapped here
		for word := range strings.SplitSeq(tt.words, "|") {
			if !strings.Contains(message, word) {
				t.Errorf("CheckCondition(%.60q) says %q, which has no %q", tt.text, message, word)
			}
		}
		if strings.Contains(message, "\n") {
			t.Errorf("CheckCondition(%.60q) says %q, on two lines", tt.text, message)
		}
	}
	for _, text := range []string{"", "true", `in_network(client, path)`} {
		if err := c.CheckCondition(text); err != nil {
			t.Errorf("CheckCondition(%q) = %v", text, err)
		}
	}
}

// The dearest condition that a kilobyte can hold must be broken off, with no.
func TestConditionCostIsBounded(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 200), ",") + "]"
	text := list + ".all(a, " + list + ".all(b, path.matches('(a+)+$') || a + b > 0))"
	f := facts()
	f.Path = "/" + strings.Repeat("a", 8000) + "!"
	got, err := condition(t, c, text).Holds(f)
	if got || err == nil || !strings.Contains(err.Error(), "cost") {
		t.Errorf("a dear condition = %v, %v", got, err)
	}
}

func FuzzCheckCondition(f *testing.F) {
	for _, seed := range []string{`method == "GET"`, `in_network(client, "10.0.0.0/8")`, `values["id"] == "7"`, `time.getHours() < 8`, `[1].all(x, x > 0)`, `path.matches("a*")`, `{"a": 1}.a == 1`, `"\u0000" + b'\xff'`, `1.0 / 0.0 > 0`} {
		f.Add(seed)
	}
	c, err := policy.NewCompiler(rules)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := c.CheckCondition(text); err != nil {
			if sallyport.KindOf(err) != sallyport.Invalid {
				t.Errorf("error of kind %v: %v", sallyport.KindOf(err), err)
			}
			return
		}
		if text == "" {
			return
		}
		holds, err := condition(t, c, text).Holds(facts())
		if holds && err != nil {
			t.Errorf("holds with an error: %v", err)
		}
	})
}
