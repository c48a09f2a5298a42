package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newAPILearn() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "learn",
		Short: "Let an API without routes learn them from what is asked of it",
		Long: `Let an API without routes learn them from what is asked of it. While it learns it enforces
nothing: every path and method is let through, with or without a credential (a bad one is
refused as ever). What is asked, and by whom, is noted, and a policy can be made of it.

  sallyport api learn start orders --for 3d
  sallyport api learn status orders
  sallyport api learn propose orders > orders.yaml     look at it, and edit it
  sallyport shadow start -f orders.yaml --adopt        what would it refuse?
  sallyport apply -f orders.yaml --adopt               from now on it is enforced`,
	}, newLearnStart(), newLearnStatus(), newLearnPropose(), newLearnStop(), newLearnForget())
}

// learn changes the time in which an API learns.
func (m *manager) learn(ctx context.Context, name string, spec sallyport.LearnSpec) (api.API, error) {
	a, err := m.api(ctx, name)
	if err != nil {
		return a, err
	}
	a.Document.Learn = spec
	return m.APIs().Replace(ctx, a.Document.Name, a.Version, a.Document)
}

func newLearnStart() *cobra.Command {
	life := span{length: sallyport.Duration(day), text: "24h"}
	c := &cobra.Command{
		Use: "start NAME", Short: "Enforce nothing for an API for a while, and note what is asked of it",
		Example: "  sallyport api learn start orders\n  sallyport api learn start orders --for 3d",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			if life.length <= 0 {
				return &usageError{errors.New("--for is not a time such as 24h")}
			}
			from := m.now.UTC().Truncate(time.Second)
			a, err := m.learn(ctx, args[0], sallyport.LearnSpec{From: from, Until: from.Add(time.Duration(life.length))})
			if err != nil {
				return err
			}
			return m.told(a, "The API %s learns until %s. Until then it lets everything through.", apiName(a), m.when(a.Document.Learn.Until))
		}),
	}
	c.Flags().Var(&life, "for", "for how long, at most 30d")
	return c
}

func newLearnStop() *cobra.Command {
	return &cobra.Command{
		Use: "stop NAME", Short: "End it: without routes the API refuses everything; what was noted stays",
		Example: "  sallyport api learn stop orders",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			a, err := m.learn(ctx, args[0], sallyport.LearnSpec{})
			if err != nil {
				return err
			}
			return m.told(a, "The API %s does not learn any more. It has %s, and refuses what has none.", apiName(a),
				counted(len(a.Document.Routes), "route", "routes"))
		}),
	}
}

func learnedView() view[api.LearnedRoute] {
	return view[api.LearnedRoute]{
		{name: "method", text: func(r api.LearnedRoute) string { return r.Method }},
		{name: "path", text: func(r api.LearnedRoute) string { return r.Path }},
		{name: "requests", text: func(r api.LearnedRoute) string {
			if r.Absent > 0 {
				return fmt.Sprintf("%d, %d not found", r.Requests, r.Absent)
			}
			return fmt.Sprint(r.Requests)
		}},
		{name: "by", text: func(r api.LearnedRoute) string {
			const shown = 3
			var names []string
			for i, c := range r.Callers {
				if i == shown {
					break
				}
				names = append(names, learnedCaller(c))
			}
			text := strings.Join(names, ", ")
			if more := len(r.Callers) + r.MoreCallers - len(names); more > 0 {
				text += fmt.Sprintf(" and %d more", more)
			}
			return text
		}},
	}
}

func learnedCaller(c api.LearnedCaller) string {
	switch {
	case c.Principal == "":
		return "nobody known"
	case c.Kind == sallyport.PrincipalAPIKey:
		return "key:" + c.Login
	case c.Login == "":
		return string(c.Principal)
	}
	return c.Login
}

func newLearnStatus() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "status NAME", Short: "Show what was asked of an API while it learned",
		Example: "  sallyport api learn status orders\n  sallyport api learn status orders -o json",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			if _, err := m.api(ctx, args[0]); err != nil {
				return err
			}
			first, all, err := m.APIs().Learned(ctx, sallyport.APIName(args[0]))
			if err != nil {
				return err
			}
			items, more, err := take(all, limit)
			if err != nil {
				return err
			}
			if m.format != formatTable {
				first.Items, first.Next = items, ""
				return m.encode(first)
			}
			state := "does not learn"
			switch {
			case first.Learning:
				state = "learns until " + m.when(first.Until) + " and lets everything through"
			case !first.Until.IsZero() && m.now.Before(first.From):
				state = "learns from " + m.when(first.From) + " until " + m.when(first.Until)
			case !first.Until.IsZero():
				state = "learned until " + m.when(first.Until)
			}
			fmt.Fprintf(m.out, "The API %s %s. It learned of %s.\n", printable(args[0]), state, counted(int(first.Requests), "request", "requests"))
			if first.Untold > 0 {
				fmt.Fprintf(m.out, "%s of them were too different to be told apart.\n", fmt.Sprint(first.Untold))
			}
			return showItems(&m.printer, sort{"path", "paths"}, learnedView(), items, more, limit)
		}),
	}
	addLimit(c, &limit, 50)
	return c
}

func newLearnPropose() *cobra.Command {
	return &cobra.Command{
		Use: "propose NAME", Short: "Write a policy file made of what was asked of an API while it learned",
		Long: `Write a policy file made of what was asked of an API while it learned: a route for each
path, a permission for each resource to read and to write it, a role for those who use the
same, bindings, and tests. Nothing is changed. Nothing is public in it, also not what was
asked for without a credential.`,
		Example: "  sallyport api learn propose orders > orders.yaml",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			if _, err := m.api(ctx, args[0]); err != nil {
				return err
			}
			p, err := m.APIs().ProposeLearned(ctx, sallyport.APIName(args[0]))
			if err != nil {
				return err
			}
			if m.format != formatTable {
				return m.encode(p)
			}
			fmt.Fprintf(m.out, "# Made of what was asked of the API %s while it learned. Look at it, then:\n#   sallyport apply -f FILE --adopt\n", printable(args[0]))
			for _, note := range p.Notes {
				fmt.Fprintf(m.out, "# Note: %s.\n", printable(note))
			}
			m.format = formatYAML
			return m.encode(p.Policy)
		}),
	}
}

func newLearnForget() *cobra.Command {
	return &cobra.Command{
		Use: "forget NAME", Short: "Forget what was asked of an API while it learned",
		Example: "  sallyport api learn forget orders",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			a, err := m.api(ctx, args[0])
			if err == nil {
				err = m.APIs().ForgetLearned(ctx, a.Document.Name)
			}
			if err != nil {
				return err
			}
			return m.told(map[string]string{"api": apiName(a)}, "Forgotten.")
		}),
	}
}
