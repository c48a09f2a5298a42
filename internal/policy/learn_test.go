package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

func TestLearnIsChecked(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 5, 1, 0, 0, 0, 0, time.UTC)
	spec := func(life time.Duration) sallyport.LearnSpec {
		return sallyport.LearnSpec{From: at, Until: at.Add(life)}
	}
	route := sallyport.Route{Methods: []string{"GET"}, Path: "/", Public: true}
	for _, tt := range []struct {
		what  string
		api   sallyport.API
		field string // of the fault; empty: none
	}{
		{"a day", sallyport.API{Learn: spec(24 * time.Hour)}, ""},
		{"thirty days", sallyport.API{Learn: spec(policy.MaxLearning)}, ""},
		{"longer", sallyport.API{Learn: spec(policy.MaxLearning + time.Second)}, "learn.until"},
		{"for ever", sallyport.API{Learn: sallyport.LearnSpec{From: at}}, "learn.until"},
		{"from ever", sallyport.API{Learn: sallyport.LearnSpec{Until: at}}, "learn.from"},
		{"backwards", sallyport.API{Learn: spec(-time.Hour)}, "learn.until"},
		{"with routes", sallyport.API{Learn: spec(time.Hour), Routes: []sallyport.Route{route}}, "learn"},
		{"of a dialect", sallyport.API{Learn: spec(time.Hour), Dialect: "other"}, "learn"},
		{"the management API", sallyport.API{Name: "sallyport", Learn: spec(time.Hour)}, "learn"},
	} {
		if tt.api.Name == "" {
			tt.api.Name = "shop"
		}
		tt.api.BasePath = "/shop"
		rules := policy.Rules{Dialects: map[string]policy.Dialect{"other": {}}}
		var fields []string
		for _, err := range rules.Check(&tt.api) {
			if e, ok := errors.AsType[*sallyport.Error](err); ok {
				fields = append(fields, e.Field)
			}
		}
		if got := strings.Join(fields, " "); got != tt.field {
			t.Errorf("%s: faults in %q, want %q", tt.what, got, tt.field)
		}
	}
}

// TestLearn: an API lets everything through from one time to another, and nothing
// before and behind. When it is disabled or faulty it never does.
func TestLearn(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 5, 1, 0, 0, 0, 0, time.UTC)
	learning := sallyport.API{Name: "shop", BasePath: "/shop", Learn: sallyport.LearnSpec{From: at, Until: at.Add(time.Hour)}}
	disabled, faulty := learning, learning
	disabled.Disabled, faulty.Explain = true, "loud"
	for _, tt := range []struct {
		what string
		api  sallyport.API
		when time.Duration
		want bool
	}{
		{"before", learning, -1, false},
		{"at first", learning, 0, true},
		{"at last", learning, time.Hour - 1, true},
		{"behind", learning, time.Hour, false},
		{"disabled", disabled, 0, false},
		{"faulty", faulty, 0, false},
	} {
		c, err := policy.NewCompiler(policy.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := c.Compile(policy.Source{APIs: []sallyport.API{tt.api}})
		api := s.API("shop")
		var m policy.Match
		api.Match("DELETE", "", "/any/thing", nil, &m)
		if m.Route != nil {
			t.Fatalf("%s: a route matches", tt.what)
		}
		got := api.Learn(at.Add(tt.when), &m)
		if got != tt.want || got != (m.Route != nil) || got != (m.Reason == "") || got != api.Learns(at.Add(tt.when)) {
			t.Errorf("%s: learns %t, want %t; match %+v", tt.what, got, tt.want, m.Route)
		}
		if len(api.Routes) != 0 {
			t.Errorf("%s: it has routes", tt.what)
		}
	}
}
