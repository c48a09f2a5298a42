package console

import (
	"strings"
	"time"
)

// A moment is a time as a page shows it: in words, and in full for who wants to
// know. Where there is a script, it shows the full time, and what has no words,
// in the zone of the reader.
type moment struct {
	Words   string
	Full    string
	Machine string // empty: no time
	Show    string // what the script puts in place of Words: "date", "exact", or nothing
}

// moment tells a time from now. The zero time has no words.
func (c *catalogue) moment(now, t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	m := c.exact(t)
	m.Words, m.Show = c.distance(now, t), ""
	if m.Words == "" {
		m.Words, m.Show = c.date(t), "date"
	}
	return m
}

// exact is a time to the second.
func (c *catalogue) exact(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	clock := t.Format("15:04:05")
	return moment{
		Words: c.date(t) + " " + clock, Show: "exact", Machine: t.Format(time.RFC3339),
		Full: c.plain("time.full", c.date(t), clock),
	}
}

// date is a day, in UTC.
func (c *catalogue) date(t time.Time) string {
	t = t.UTC()
	month := t.Month().String()
	if names := strings.Fields(c.plain("time.months")); len(names) == 12 {
		month = names[t.Month()-1]
	}
	return c.plain("time.date", t.Day(), month, t.Year())
}

// distance says how far t is away, in the largest unit that fits. What is more
// than some months away is a date, and has no words here.
func (c *catalogue) distance(now, t time.Time) string {
	d := t.Sub(now)
	ahead := d > 0
	d = d.Abs()
	var text string
	switch {
	case d < time.Minute && ahead:
		return c.plain("time.soon")
	case d < time.Minute:
		return c.plain("time.now")
	case d < time.Hour:
		text = c.count("time.minute", int(d/time.Minute))
	case d < 48*time.Hour:
		text = c.count("time.hour", int((d+30*time.Minute)/time.Hour))
	case d < 120*24*time.Hour:
		text = c.count("time.day", int((d+12*time.Hour)/(24*time.Hour)))
	default:
		return ""
	}
	if ahead {
		return c.plain("time.ahead", text)
	}
	return c.plain("time.ago", text)
}
