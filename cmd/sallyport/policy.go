package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
)

// errChanges is what plan ends with when it was asked to tell by its exit status
// that something would change.
var errChanges = errors.New("something would change")

func leaf(c *cobra.Command) *cobra.Command {
	c.Flags().VarP(newChoice(formatTable, formatJSON, formatYAML), "output", "o", "how to print")
	return c
}

func newExport() *cobra.Command {
	var filter api.PolicyExport
	c := leaf(&cobra.Command{
		Use: "export", Short: "Write what there is as a policy file",
		Long: `Write what there is as a policy file: tenants, realms, users, groups, roles, bindings and
APIs, without what is built in and without secrets. The file can be planned and applied,
here or at another installation; see docs/how-to/policy-as-code.md.`,
		Example: "  sallyport export > everything.yaml\n  sallyport export --tenant DemoTenant5 > tenant.yaml\n  sallyport export --policy site -o json",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			doc, err := m.Policy().Export(ctx, filter)
			if err != nil {
				return err
			}
			if m.format == formatTable {
				m.format = formatYAML
			}
			return m.encode(doc)
		}),
	})
	c.Flags().StringVar(&filter.Tenant, "tenant", "", "only what belongs to the `TENANT` of this name")
	c.Flags().StringVar(&filter.Policy, "policy", "", "only what the policy of this `NAME` owns")
	return c
}

func newPlan() *cobra.Command {
	var files policyFlag
	var status bool
	c := leaf(&cobra.Command{
		Use: "plan -f FILE...", Short: "Show what policy files would change, and play their tests",
		Long: `Show what policy files would change, and play their tests, without changing anything. A
policy owns what it made; what it does not own it leaves alone.

Exit status: 0 done, 1 refused, faulty or a test failed. With --exit-code also 3:
something would change.`,
		Example: "  sallyport plan -f site.yaml\n  sallyport plan -f site.yaml -f checks.yaml --exit-code",
		Args:    cobra.ArbitraryArgs,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			s, err := files.read(m.in, args)
			if err != nil {
				return err
			}
			plan, err := m.Policy().Plan(ctx, api.PolicyRequest{Policy: s.Policy, Adopt: files.adopt})
			if err != nil {
				return s.located(err)
			}
			if err := m.showPlan(s, &plan); err != nil {
				return err
			}
			switch {
			case plan.Failed > 0:
				return errTests(plan.Failed)
			case status && len(plan.Changes) > 0:
				return errChanges
			}
			return nil
		}),
	})
	files.add(c)
	files.addAdopt(c)
	c.Flags().BoolVar(&status, "exit-code", false, "exit with 3 if something would change")
	return c
}

func newApply() *cobra.Command {
	var files policyFlag
	var yes bool
	c := leaf(&cobra.Command{
		Use: "apply -f FILE...", Short: "Make things as policy files say, all or nothing",
		Long: `Make things as policy files say, all or nothing: the plan is shown and carried out when
you agree. Nothing is done if a test fails, or if the plan would be another one meanwhile.
You can hand out by a file only what you could hand out otherwise.`,
		Example: "  sallyport apply -f site.yaml\n  sallyport apply -f site.yaml --yes",
		Args:    cobra.ArbitraryArgs,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			s, err := files.read(m.in, args)
			if err != nil {
				return err
			}
			if !yes && slices.Contains(slices.Concat(files.files, args), "-") {
				return &usageError{errors.New("standard input is the policy, so it cannot answer as well; add --yes")}
			}
			return m.apply(ctx, s, api.PolicyRequest{Policy: s.Policy, Adopt: files.adopt}, yes)
		}),
	})
	files.add(c)
	files.addAdopt(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// apply shows a plan and carries it out.
func (m *manager) apply(ctx context.Context, s *policySource, in api.PolicyRequest, yes bool) error {
	plan, err := m.Policy().Plan(ctx, in)
	if err != nil {
		return s.located(err)
	}
	quiet := m.printer
	if m.format != formatTable {
		quiet.out = m.errOut // the answer alone is for programs
		quiet.format = formatTable
	}
	if err := quiet.plan(s, &plan); err != nil {
		return err
	}
	switch {
	case plan.Failed > 0:
		return errTests(plan.Failed)
	case len(plan.Changes) == 0:
		return m.told(plan, "Nothing to do.")
	case !yes:
		if agreed, err := m.agree("Apply this?"); err != nil || !agreed {
			return err
		}
	}
	in.Fingerprint = plan.Fingerprint
	done, err := m.Policy().Apply(ctx, in)
	if err != nil {
		return s.located(err)
	}
	return m.told(done, "Applied %s.", counted(len(done.Changes), "change", "changes"))
}

// agree asks a question that is answered with yes or something else.
func (m *manager) agree(question string) (bool, error) {
	fmt.Fprintf(m.errOut, "%s Write yes: ", question)
	line, err := bufio.NewReader(io.LimitReader(m.in, 1<<10)).ReadString('\n')
	if err != nil && line == "" {
		return false, withHint(errors.New("nobody answered, so nothing was done"), "add --yes where nobody can answer")
	}
	if strings.TrimSpace(line) != "yes" {
		return false, errors.New("nothing was done")
	}
	return true, nil
}

func errTests(n int) error {
	return fmt.Errorf("%s failed", counted(n, "test", "tests"))
}

// counted writes a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func newPolicy() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "policy",
		Short: "Check and test policy files",
		Long: `Check and test policy files; sallyport plan and sallyport apply put them in force, sallyport
export writes them. The keys of a file are in docs/how-to/policy-as-code.md, and as a JSON
Schema in docs/reference/policy.schema.json.`,
	}, newPolicyLint(), newPolicyTest())
}

func newPolicyLint() *cobra.Command {
	var files policyFlag
	var strict bool
	c := &cobra.Command{
		Use: "lint -f FILE...", Short: "Tell what is wrong with policy files, and what is probably not meant",
		Example: "  sallyport policy lint -f site.yaml\n  sallyport policy lint site.yaml checks.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			s, err := files.read(m.in, args)
			if err != nil {
				return err
			}
			plan, err := m.Policy().Plan(ctx, api.PolicyRequest{Policy: s.Policy, Adopt: true})
			if err != nil {
				return s.located(err)
			}
			switch {
			case m.format != formatTable:
				err = m.encode(plan.Warnings)
			case len(plan.Warnings) == 0:
				err = m.told(plan.Warnings, "Nothing is wrong.")
			default:
				m.warnings(s, &plan)
			}
			if err == nil && strict && len(plan.Warnings) > 0 {
				err = fmt.Errorf("%s", counted(len(plan.Warnings), "warning", "warnings"))
			}
			return err
		}),
	}
	files.add(c)
	c.Flags().BoolVar(&strict, "strict", false, "fail on warnings as well")
	return c
}

func newPolicyTest() *cobra.Command {
	var files policyFlag
	c := &cobra.Command{
		Use: "test -f FILE...", Short: "Play the tests of policy files as if these were in force",
		Long: `Play the tests of policy files as if these were in force, without changing anything. A file
that has only tests is played against what is in force now.`,
		Example: "  sallyport policy test -f site.yaml\n  sallyport policy test -f checks.yaml -o json",
		Args:    cobra.ArbitraryArgs,
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			s, err := files.read(m.in, args)
			if err != nil {
				return err
			}
			got, err := m.Policy().Test(ctx, s.Policy)
			if err != nil {
				return s.located(err)
			}
			if m.format != formatTable {
				err = m.encode(got)
			} else {
				m.outcomes(got.Tests, len(got.Tests))
			}
			if err == nil && got.Failed > 0 {
				err = errTests(got.Failed)
			}
			return err
		}),
	}
	files.add(c)
	return c
}

// showPlan prints a plan.
func (m *manager) showPlan(s *policySource, plan *api.Plan) error {
	if m.format != formatTable {
		return m.encode(plan)
	}
	return m.plan(s, plan)
}

var marks = map[string]string{"create": "+", "update": "~", "delete": "-", "adopt": "="}

// plan prints a plan for people.
func (p *printer) plan(s *policySource, plan *api.Plan) error {
	counts := map[string]int{}
	for _, c := range plan.Changes {
		counts[c.Action]++
		name := c.Name
		if c.Tenant != "" {
			name = c.Tenant + "/" + c.Name
		}
		fmt.Fprintf(p.out, "%s %s %s\n", marks[c.Action], c.Kind, printable(name))
		for _, f := range c.Fields {
			fmt.Fprintf(p.out, "    %s: %s\n", printable(f.Field), printable(changeText(f)))
		}
	}
	if len(plan.Changes) > 0 {
		fmt.Fprintln(p.out)
	}
	fmt.Fprintf(p.out, "%d to create, %d to change, %d to delete", counts["create"], counts["update"], counts["delete"])
	if counts["adopt"] > 0 {
		fmt.Fprintf(p.out, ", %d to adopt", counts["adopt"])
	}
	fmt.Fprintf(p.out, "; %d as they should be.\n", plan.Same)
	if plan.Unowned > 0 {
		fmt.Fprintf(p.out, "%d of those belong to no policy; --adopt takes them over.\n", plan.Unowned)
	}
	if len(plan.Tests) > 0 {
		p.outcomes(failedTests(plan.Tests), len(plan.Tests))
	}
	p.warnings(s, plan)
	return nil
}

func (p *printer) warnings(s *policySource, plan *api.Plan) {
	for _, w := range plan.Warnings {
		fmt.Fprintf(p.errOut, "warning: %s: %s\n", s.place(w.Field), printable(w.Message))
	}
}

func failedTests(tests []api.PolicyOutcome) []api.PolicyOutcome {
	var failed []api.PolicyOutcome
	for _, t := range tests {
		if !t.OK {
			failed = append(failed, t)
		}
	}
	return failed
}

// outcomes prints what became of some of so many tests, those that failed among
// them.
func (p *printer) outcomes(tests []api.PolicyOutcome, all int) {
	for _, t := range tests {
		if t.OK {
			fmt.Fprintf(p.out, "ok    %s\n", printable(t.Expect))
			continue
		}
		got := t.Got
		if t.Route != "" {
			got += " (route " + t.Route + ")"
		}
		fmt.Fprintf(p.out, "FAIL  %s\n      got %s\n", printable(t.Expect), printable(got))
		if t.Note != "" {
			fmt.Fprintf(p.out, "      %s\n", printable(t.Note))
		}
	}
	fmt.Fprintf(p.out, "%d of %s passed.\n", all-len(failedTests(tests)), counted(all, "test", "tests"))
}

// changeText says how a field changes.
func changeText(f api.PolicyFieldChange) string {
	var before, after []string
	lists := (f.Before == nil || json.Unmarshal(f.Before, &before) == nil) && (f.After == nil || json.Unmarshal(f.After, &after) == nil)
	if !lists {
		return rawText(f.Before) + " -> " + rawText(f.After)
	}
	var parts []string
	for _, v := range after {
		if !slices.Contains(before, v) {
			parts = append(parts, "+ "+v)
		}
	}
	for _, v := range before {
		if !slices.Contains(after, v) {
			parts = append(parts, "- "+v)
		}
	}
	return some(parts, 20)
}

func rawText(v json.RawMessage) string {
	if len(v) == 0 {
		return "none"
	}
	return string(v)
}
