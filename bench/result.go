package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A result is one figure of a run.
type result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`

	// Baseline is what the value is compared with, in the same unit and measured
	// in the same run. Where both were measured in rounds, Ratio is the median of the
	// ratios of the rounds, so it is not exactly the one of the two medians. Both are
	// absent where there is nothing to compare with.
	Baseline *float64 `json:"baseline"`
	Ratio    *float64 `json:"ratio"`

	// Goal is the most that the ratio may be, or the value where there is no
	// ratio. Holds is absent where there is no goal.
	Goal  *float64 `json:"goal"`
	Holds *bool    `json:"holds"`

	Against string `json:"against,omitempty"` // name of the baseline
	Note    string `json:"note,omitempty"`    // spread, allocations, noise
}

// figure is a result without a baseline.
func figure(name string, value float64, unit string) result {
	return result{Name: name, Value: value, Unit: unit}
}

// against compares a result with a baseline.
func (r result) against(name string, baseline, ratio float64) result {
	r.Against, r.Baseline, r.Ratio = name, &baseline, &ratio
	return r
}

// beside compares a result with a baseline that was measured like it.
func (r result) beside(name string, baseline float64) result {
	return r.against(name, baseline, r.Value/baseline)
}

// goal sets the goal, if it is not 0, and says whether it holds.
func (r result) goal(most float64) result {
	if most == 0 {
		return r
	}
	measured := r.Value
	if r.Ratio != nil {
		measured = *r.Ratio
	}
	holds := measured <= most
	r.Goal, r.Holds = &most, &holds
	return r
}

func (r result) note(format string, args ...any) result {
	r.Note = fmt.Sprintf(format, args...)
	return r
}

// A report is all that a run found out.
type report struct {
	Began   time.Time `json:"began"`
	Took    string    `json:"took"`
	Machine machine   `json:"machine"`
	Results []result  `json:"results"`
}

// print writes the table.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\twhat\tvalue\tbaseline\tratio\tgoal\tholds\t")
	for _, x := range r.Results {
		holds := ""
		if x.Holds != nil {
			holds = map[bool]string{true: "yes", false: "NO"}[*x.Holds]
		}
		goal := ""
		if x.Goal != nil {
			goal = "≤ " + number(x.Goal)
		}
		fmt.Fprintf(t, "\t%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n",
			x.Name, number(&x.Value), x.Unit, number(x.Baseline), number(x.Ratio), goal, holds, x.Note)
	}
	return t.Flush()
}

// number writes a figure with as many digits as can be trusted.
func number(f *float64) string {
	switch {
	case f == nil:
		return ""
	case *f >= 100:
		return fmt.Sprintf("%.0f", *f)
	case *f >= 10:
		return fmt.Sprintf("%.1f", *f)
	default:
		return fmt.Sprintf("%.2f", *f)
	}
}

// save writes the report for programs to read.
func (r *report) save(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "results.json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// saveTable writes what was compared with a baseline as a table for
// docs/explanation/performance.md, the cheapest first.
func (r *report) saveTable(folder string) error {
	compared := slices.DeleteFunc(slices.Clone(r.Results), func(x result) bool { return x.Ratio == nil })
	slices.SortFunc(compared, func(a, b result) int { return cmp.Compare(*a.Ratio, *b.Ratio) })
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %s, %s, %s\n\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.Go, r.Began.Format(time.DateOnly))
	b.WriteString("| who answers | CPU of an answer | compared with | ratio | rounds |\n|---|---|---|---|---|\n")
	for _, x := range compared {
		fmt.Fprintf(&b, "| %s | %s %s | %s: %s | %s | %s |\n", x.Name, number(&x.Value), x.Unit, x.Against, number(x.Baseline), number(x.Ratio), x.Note)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "proxies.md"), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// median of an even number of values is the mean of the middle two; of none it
// is 0.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	default:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
}

// ratio is the median of the ratios of the rounds.
func ratio(values, baselines []float64) float64 {
	ratios := make([]float64, 0, len(values))
	for i := range min(len(values), len(baselines)) {
		ratios = append(ratios, values[i]/baselines[i])
	}
	return median(ratios)
}
