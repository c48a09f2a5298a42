package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// none is what takes a value away in a command that changes something.
const none = "none"

// A choice is a flag with one of a few words.
type choice struct {
	words []string
	value string
}

// newChoice returns a flag with the first of the words as default. An empty
// first word stands for no choice.
func newChoice(words ...string) *choice { return &choice{words: words, value: words[0]} }

// Set takes one of the words.
func (c *choice) Set(text string) error {
	if text == "" || !slices.Contains(c.words, text) {
		return fmt.Errorf("write %s", alternatives(c.words))
	}
	c.value = text
	return nil
}

// String returns the word.
func (c *choice) String() string { return c.value }

// Type names what follows the flag in the help.
func (c *choice) Type() string {
	return strings.Join(slices.DeleteFunc(slices.Clone(c.words), func(w string) bool { return w == "" }), "|")
}

// alternatives lists words with "or" before the last one.
func alternatives(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// A moment is a flag with a time: a date, a time or how long from now.
type moment struct {
	given bool
	at    time.Time
	from  time.Duration // from now, when at is zero
	past  bool          // count backwards from now
	null  bool          // "none" was written
	text  string
}

// Set reads RFC 3339, a date in UTC, a duration such as 12h or 30d, or "none".
func (m *moment) Set(text string) error {
	*m = moment{given: true, past: m.past, text: text}
	if text == none {
		m.null = true
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			m.at = at.UTC()
			return nil
		}
	}
	d, err := duration(text)
	if err != nil {
		return errors.New("write a time such as 2030-01-31T12:00:00Z, a date such as 2030-01-31, or a duration such as 12h or 30d")
	}
	m.from = d
	return nil
}

// String returns what was written.
func (m *moment) String() string { return m.text }

// Type names what follows the flag in the help.
func (m *moment) Type() string { return "TIME" }

// value returns the time; zero if there is none.
func (m *moment) value(now time.Time) time.Time {
	switch {
	case !m.given || m.null:
		return time.Time{}
	case !m.at.IsZero():
		return m.at
	case m.past:
		return now.Add(-m.from).UTC().Truncate(time.Second)
	}
	return now.Add(m.from).UTC().Truncate(time.Second)
}

// change returns the time as a field of a change.
func (m *moment) change(now time.Time) api.Nullable[time.Time] {
	switch {
	case !m.given:
		return api.Nullable[time.Time]{}
	case m.null:
		return api.Null[time.Time]()
	}
	return api.To(m.value(now))
}

// A span is a flag with a length of time.
type span struct {
	given  bool
	length sallyport.Duration
	text   string
}

// Set reads a duration such as 12h or 90d.
func (s *span) Set(text string) error {
	d, err := duration(text)
	*s = span{given: true, length: sallyport.Duration(d), text: text}
	return err
}

// String returns what was written.
func (s *span) String() string { return s.text }

// Type names what follows the flag in the help.
func (s *span) Type() string { return "DURATION" }

// A spanOrNone is a span that can be taken away.
type spanOrNone struct {
	span
	null bool
}

// Set reads a duration, or "none".
func (s *spanOrNone) Set(text string) error {
	if s.null = text == none; s.null {
		s.span = span{given: true, text: text}
		return nil
	}
	return s.span.Set(text)
}

// change returns the length as a field of a change.
func (s *spanOrNone) change() api.Nullable[sallyport.Duration] {
	switch {
	case !s.given:
		return api.Nullable[sallyport.Duration]{}
	case s.null:
		return api.Null[sallyport.Duration]()
	}
	return api.To(s.length)
}

// day is what the letter d stands for.
const day = 24 * time.Hour

// duration reads what time.ParseDuration reads, and whole days.
func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		const most = 365 * 250 // a time.Duration ends after 292 years
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n <= most {
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("write a duration such as 90s, 12h or 30d")
	}
	return d, nil
}

// A networksFlag is a flag with networks; it can be given several times.
type networksFlag struct {
	given bool
	list  []netip.Prefix
}

// Set reads networks and addresses, with commas between, or "none".
func (n *networksFlag) Set(text string) error {
	n.given = true
	if text == none {
		n.list = nil
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		prefix, err := netip.ParsePrefix(part)
		if address, bad := netip.ParseAddr(part); err != nil && bad == nil && address.Zone() == "" {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return errors.New("write a network such as 10.0.0.0/8 or 2001:db8::/32, or an address")
		}
		n.list = append(n.list, prefix)
	}
	return nil
}

// String returns the networks.
func (n *networksFlag) String() string {
	text := make([]string, len(n.list))
	for i, p := range n.list {
		text[i] = p.String()
	}
	return strings.Join(text, ",")
}

// Type names what follows the flag in the help.
func (n *networksFlag) Type() string { return "NETWORK,..." }

// nullableList returns a list as a field of a change: the word "none" alone
// takes the limit away.
func nullableList(given bool, list []string) api.Nullable[[]string] {
	switch {
	case !given:
		return api.Nullable[[]string]{}
	case slices.Equal(list, []string{none}):
		return api.Null[[]string]()
	}
	return api.To(list)
}

// changed returns a pointer to the value of a flag that was given, else nil.
func changed[T any](m *manager, flag string, value *T) *T {
	if !m.given(flag) {
		return nil
	}
	return value
}

// needs returns a check that the arguments are these. The last one may end in
// "...": there is at least one of it. One in brackets can be left out.
func needs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		least, most := 0, len(names)
		for _, n := range names {
			if !strings.HasPrefix(n, "[") {
				least++
			}
			if strings.Contains(n, "...") {
				most = len(args)
			}
		}
		switch {
		case len(args) < least:
			return &usageError{fmt.Errorf("%s: %s is missing", nameOf(c), names[len(args)])}
		case len(args) > most && len(names) == 0:
			return &usageError{fmt.Errorf("%s takes no arguments, and got %q", nameOf(c), args[0])}
		case len(args) > most:
			return &usageError{fmt.Errorf("%s takes %s, and got %q as well", nameOf(c), strings.Join(names, " and "), args[most])}
		}
		for i, a := range args {
			if a == "" {
				return &usageError{fmt.Errorf("%s: %s is empty", nameOf(c), names[min(i, len(names)-1)])}
			}
		}
		return nil
	}
}

// nameOf returns the words of a command behind "sallyport", which begins every
// message.
func nameOf(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}

// oneOf checks that exactly one of some flags was given.
func oneOf(c *cobra.Command, flags ...string) error {
	var given []string
	for _, f := range flags {
		if c.Flags().Changed(f) {
			given = append(given, "--"+f)
		}
	}
	switch {
	case len(given) == 0:
		return &usageError{fmt.Errorf("--%s is missing", strings.Join(flags, " or --"))}
	case len(given) > 1:
		return &usageError{fmt.Errorf("%s cannot be given together", strings.Join(given, " and "))}
	}
	return nil
}

// atMostOne checks that no two of some flags were given.
func atMostOne(c *cobra.Command, flags ...string) error {
	if slices.ContainsFunc(flags, c.Flags().Changed) {
		return oneOf(c, flags...)
	}
	return nil
}

// someOf returns a check that there is something to change.
func someOf(flags ...string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		if slices.ContainsFunc(flags, c.Flags().Changed) {
			return nil
		}
		return &usageError{fmt.Errorf("there is nothing to change; add %s", alternatives(withDashes(flags)))}
	}
}

func withDashes(flags []string) []string {
	out := make([]string, len(flags))
	for i, f := range flags {
		out[i] = "--" + f
	}
	return out
}

// addLimit adds the flag --limit.
func addLimit(c *cobra.Command, limit *int, most int) {
	*limit = most
	c.Flags().Var(&count{limit}, "limit", "show at most so many; 0: all")
}

// A count is a flag with a number that is not negative.
type count struct{ n *int }

// Set reads the number.
func (c *count) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return errors.New("write a number, 0 or more")
	}
	*c.n = int(n)
	return nil
}

// String returns the number.
func (c *count) String() string {
	if c.n == nil {
		return "0"
	}
	return strconv.Itoa(*c.n)
}

// Type names what follows the flag in the help.
func (c *count) Type() string { return "N" }
