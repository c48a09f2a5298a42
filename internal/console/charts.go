package console

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// A chart is figures as a picture, drawn here as SVG, and as a table for who
// does not see it. Its colours are the stylesheet's, so it is good in the dark
// and on paper.
type chart struct {
	Title  string
	Sum    string // all of it in a word; empty: none
	Across string // what the rows are
	Rows   []chartRow
	From   string // labels of the first and the last row, below the drawing
	To     string
	Most   string // the top of the scale

	Drawing template.HTML
	Empty   bool // there is nothing to draw
}

// A chartRow is one figure.
type chartRow struct {
	Label string
	Value float64
	Text  string  // the value as it is read
	Share float64 // of the greatest, from 0 to 100
	Path  string  // where more is said; empty: nowhere
}

// The drawing area; the stylesheet stretches it.
const (
	drawnWidth  = 600.0
	drawnHeight = 120.0
)

// scaled works out the shares, and returns the top of the scale.
func (c *chart) scaled() float64 {
	most := 0.0
	for _, r := range c.Rows {
		most = max(most, r.Value)
	}
	c.Empty = most == 0
	top := niceTop(most)
	for i := range c.Rows {
		if r := &c.Rows[i]; most > 0 {
			r.Share = math.Round(1000*r.Value/most) / 10
		}
	}
	if n := len(c.Rows); n > 0 {
		c.From, c.To = c.Rows[0].Label, c.Rows[n-1].Label
	}
	return top
}

// niceTop is the least of 1, 2, 5, 10, 20, ... that is not below a value.
func niceTop(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// columns draws each row as a column, such as requests by hour. The top is
// written by format.
func (c *chart) columns(format func(float64) string) *chart {
	top := c.scaled()
	c.Most = format(top)
	var b strings.Builder
	c.open(&b)
	step := drawnWidth / float64(max(len(c.Rows), 1))
	for i, r := range c.Rows {
		height := r.Value / top * drawnHeight
		fmt.Fprintf(&b, `<g class="column"><title>%s: %s</title><rect class="reach" x="%s" width="%s" height="%s"/><rect x="%s" y="%s" width="%s" height="%s"/></g>`,
			template.HTMLEscapeString(r.Label), template.HTMLEscapeString(r.Text),
			number(float64(i)*step), number(step), number(drawnHeight),
			number((float64(i)+.12)*step), number(drawnHeight-height), number(step*.76), number(height))
	}
	return c.close(&b)
}

// line draws the rows as one line, such as a latency by hour.
func (c *chart) line(format func(float64) string) *chart {
	top := c.scaled()
	c.Most = format(top)
	var b, path strings.Builder
	c.open(&b)
	step := drawnWidth / float64(max(len(c.Rows)-1, 1))
	for i, r := range c.Rows {
		command := "L"
		if i == 0 {
			command = "M"
		}
		path.WriteString(command + number(float64(i)*step) + " " + number(drawnHeight-r.Value/top*drawnHeight))
	}
	fmt.Fprintf(&b, `<path class="under" d="%sL%s %sL0 %sZ"/><path class="stroke" d="%s"/>`,
		path.String(), number(step*float64(max(len(c.Rows)-1, 0))), number(drawnHeight), number(drawnHeight), path.String())
	return c.close(&b)
}

// bars prepares the rows to be drawn beside their names, such as refusals by
// reason.
func (c *chart) bars() *chart {
	c.scaled()
	return c
}

func (c *chart) open(b *strings.Builder) {
	fmt.Fprintf(b, `<svg viewBox="0 0 %g %g" preserveAspectRatio="none" role="img" aria-label="%s">`,
		drawnWidth, drawnHeight, template.HTMLEscapeString(c.Title))
	for _, share := range []float64{0, .5, 1} {
		fmt.Fprintf(b, `<path class="grid" d="M0 %[1]sH%[2]g"/>`, number(share*drawnHeight), drawnWidth)
	}
}

func (c *chart) close(b *strings.Builder) *chart {
	b.WriteString("</svg>")
	c.Drawing = template.HTML(b.String()) //nolint:gosec // numbers of ours, and texts that were escaped
	return c
}

// number writes a coordinate.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
