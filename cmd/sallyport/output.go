package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// How a command prints.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatYAML  = "yaml"
)

// A printer prints what a command found or did.
type printer struct {
	out, errOut io.Writer
	format      string
	now         time.Time
}

// A field is something to tell people about a T.
type field[T any] struct {
	name   string
	text   func(T) string
	detail bool // not in lists
	list   bool // in lists only
}

// A view is how a T is shown to people.
type view[T any] []field[T]

// row returns the fields of lists.
func (v view[T]) row() view[T] {
	var out view[T]
	for _, f := range v {
		if !f.detail {
			out = append(out, f)
		}
	}
	return out
}

// A sort of things, for what is said about them.
type sort struct{ one, many string }

// showList prints a list, of at most limit things unless that is 0.
func showList[T any](p *printer, s sort, v view[T], all iter.Seq2[T, error], limit int) error {
	items, more, err := take(all, limit)
	if err != nil {
		return err
	}
	return showItems(p, s, v, items, more, limit)
}

// showItems prints the first things of a list, and says whether there are more
// than the limit.
func showItems[T any](p *printer, s sort, v view[T], items []T, more bool, limit int) error { //nolint:revive // not a switch: what was found
	if more {
		defer fmt.Fprintf(p.errOut, "sallyport: there are more than %d; --limit 0 shows all\n", limit)
	}
	if p.format != formatTable {
		return p.encode(items)
	}
	if len(items) == 0 {
		fmt.Fprintf(p.errOut, "No %s.\n", s.many)
		return nil
	}
	return showTable(p.out, v.row(), items)
}

// take returns the first things of a list, and whether there are more.
func take[T any](all iter.Seq2[T, error], limit int) (items []T, more bool, err error) {
	items = []T{}
	for item, err := range all {
		switch {
		case err != nil:
			return nil, false, err
		case limit > 0 && len(items) == limit:
			return items, true, nil
		}
		items = append(items, item)
	}
	return items, false, nil
}

// all yields what is in a slice.
func all[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func showTable[T any](w io.Writer, v view[T], items []T) error {
	rows := make([][]string, 0, len(items)+1)
	head := make([]string, len(v))
	for i, f := range v {
		head[i] = strings.ToUpper(f.name)
	}
	rows = append(rows, head)
	for _, item := range items {
		row := make([]string, len(v))
		for i, f := range v {
			if row[i] = f.text(item); row[i] == "" {
				row[i] = "-" // so that columns can be counted
			}
		}
		rows = append(rows, row)
	}
	return align(w, rows)
}

// align writes rows in columns that are as wide as they must be.
func align(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

// show prints one thing. The sentence before it is for people.
func show[T any](p *printer, v view[T], item T, sentence string, args ...any) error {
	if p.format != formatTable {
		return p.encode(item)
	}
	if sentence != "" {
		fmt.Fprintln(p.out, printable(fmt.Sprintf(sentence, args...)))
	}
	var rows [][]string
	for _, f := range v {
		if text := f.text(item); text != "" && !f.list {
			rows = append(rows, []string{"  " + f.name + ":", text})
		}
	}
	return align(p.out, rows)
}

// told prints what was done: a sentence for people, the thing for programs.
func (p *printer) told(item any, sentence string, args ...any) error {
	if p.format != formatTable {
		return p.encode(item)
	}
	_, err := fmt.Fprintln(p.out, printable(fmt.Sprintf(sentence, args...)))
	return err
}

// showSecret prints what was issued. For people the secret stands alone on the
// last line.
func (p *printer) showSecret(issued *api.Issued, sentence string, args ...any) error {
	if p.format != formatTable {
		return p.encode(issued)
	}
	if err := show(p, credentialView(p), issued.Credential, sentence, args...); err != nil {
		return err
	}
	return p.secret("The secret", issued.Secret)
}

func (p *printer) secret(what string, secret api.Secret) error {
	if secret == "" {
		return errors.New("the answer with the secret was lost on the way; the secret cannot be shown again, make another one")
	}
	_, err := fmt.Fprintf(p.out, "\n%s is shown this once and cannot be shown again:\n\n%s\n", what, secret.Reveal())
	return err
}

// say prints a line for people.
func (p *printer) say(format string, args ...any) {
	fmt.Fprintln(p.out, printable(fmt.Sprintf(format, args...)))
}

// blank prints an empty line.
func (p *printer) blank() { fmt.Fprintln(p.out) }

// encode prints a value for programs.
func (p *printer) encode(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	if p.format == formatYAML {
		if text, err = yamlOf(text); err != nil {
			return err
		}
		_, err = p.out.Write(text)
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s\n", text)
	return err
}

// yamlOf turns JSON into YAML with the same keys in the same order.
func yamlOf(text []byte) ([]byte, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, fmt.Errorf("write the answer as YAML: %w", err)
	}
	plain(&node)
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(&node), e.Close()); err != nil {
		return nil, fmt.Errorf("write the answer as YAML: %w", err)
	}
	return []byte(b.String()), nil
}

// plain removes the braces and quotes of JSON where YAML needs none.
func plain(n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!str":
		// The encoder knows what older readers would take for something else.
		if alone, err := yaml.Marshal(n.Value); err == nil && alone[0] != '"' && alone[0] != '\'' {
			n.Style = 0
		}
	case n.Kind == yaml.ScalarNode || len(n.Content) > 0: // else it must stay {} or []
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}

// printable returns text as a terminal can be given it: what it would obey, or
// what would hide or turn other text, is written out.
func printable(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// when returns a time as people want it: exact, and how long that is from now.
func (p *printer) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	const layout = "2006-01-02 15:04:05Z"
	return t.UTC().Format(layout) + " (" + distance(t.Sub(p.now)) + ")"
}

// until is when for an end: something without one lasts for ever.
func (p *printer) until(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return p.when(t)
}

// distance returns a length of time in words; a negative one is ago.
func distance(d time.Duration) string {
	const year = 365 * day
	size := d.Abs()
	unit, letter := time.Second, "s"
	switch {
	case size < 2*time.Second:
		return "now"
	case size < 2*time.Minute:
	case size < 2*time.Hour:
		unit, letter = time.Minute, "m"
	case size < 2*day:
		unit, letter = time.Hour, "h"
	case size < 2*year:
		unit, letter = day, "d"
	default:
		unit, letter = year, "y"
	}
	text := fmt.Sprintf("%d%s", (size+unit/2)/unit, letter)
	if d < 0 {
		return text + " ago"
	}
	return "in " + text
}

// orAny returns text for a limit that may not be there.
func orAny(text string) string {
	if text == "" {
		return "any"
	}
	return text
}

// length returns a length of time as people write it; nothing for none.
func length(d sallyport.Duration) string {
	switch t := time.Duration(d); {
	case t == 0:
		return ""
	case t%day == 0:
		return fmt.Sprintf("%dd", t/day)
	default:
		return t.String()
	}
}

// yes is the word for what is so; nothing for what is not.
var yes = map[bool]string{true: "yes"}

// some lists the first few words and how many there are besides.
func some(list []string, most int) string {
	if len(list) <= most+1 {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
