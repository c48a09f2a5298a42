package console

import (
	"strings"
	"testing"
)

func TestNiceTop(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]float64{0: 1, -1: 1, 1: 1, 1.5: 2, 3: 5, 7: 10, 10: 10, 11: 20, 99: 100, 0.03: 0.05, 1e6 + 1: 2e6} {
		if got := niceTop(v); got < want*(1-1e-9) || got > want*(1+1e-9) {
			t.Errorf("the top for %g is %g, want %g", v, got, want)
		}
	}
}

func TestCharts(t *testing.T) {
	t.Parallel()
	rows := []chartRow{{Label: "<b>", Value: 5, Text: "5"}, {Label: "two", Value: 10, Text: `"10"`}}
	format := func(float64) string { return "top" }
	columns := (&chart{Title: "a & b", Rows: rows}).columns(format)
	line := (&chart{Title: "a & b", Rows: rows}).line(format)
	for _, c := range []*chart{columns, line} {
		svg := string(c.Drawing)
		if c.Empty || c.From != "<b>" || c.To != "two" || c.Rows[0].Share != 50 || c.Most != "top" {
			t.Errorf("%+v", c)
		}
		if !strings.Contains(svg, `aria-label="a &amp; b"`) || strings.Contains(svg, "<b>") || strings.Contains(svg, "style=") || strings.Contains(svg, "NaN") {
			t.Errorf("the drawing is %s", svg)
		}
		if faults := balanced(strings.NewReplacer("<rect", "<br", "<path", "<br").Replace(svg)); len(faults) > 0 {
			t.Errorf("%v: %s", faults, svg)
		}
	}
	for _, rows := range [][]chartRow{nil, {{Label: "none"}}} {
		c := (&chart{Rows: rows}).columns(format)
		if l := (&chart{Rows: rows}).line(format); !c.Empty || !l.Empty || strings.Contains(string(c.Drawing+l.Drawing), "NaN") || strings.Contains(string(c.Drawing+l.Drawing), "Inf") {
			t.Errorf("nothing to draw: %+v", c)
		}
	}
}
