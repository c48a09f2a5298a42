package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newWhy() *cobra.Command {
	return leaf(&cobra.Command{
		Use: "why REQUEST-ID", Short: "Explain why a request was refused, and what would let it pass",
		Long: `Explain the decision on a request: its way through both doors as it was, each binding that
was considered, and the smallest existing roles that would let it pass now, with the command
that gives them.

The id is the X-Request-Id of the answer; it is in the body of a refusal too. Refusals are
kept for a day, and a sample of what was allowed. About your own requests you may always ask;
about those of others with the permission sallyport/decisions.explain.`,
		Example: `  sallyport why Yw1xk0mPSpi9qvB0TBcY4w
  sallyport why Yw1xk0mPSpi9qvB0TBcY4w -o json`,
		Args: needs("REQUEST-ID"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			e, err := m.Why(ctx, args[0])
			if err != nil {
				return err
			}
			if m.format != formatTable {
				return m.encode(e)
			}
			return m.showWhy(ctx, &e)
		}),
	})
}

// showWhy tells people about a decision that was taken.
func (m *manager) showWhy(ctx context.Context, e *api.Explained) error {
	who := e.Login
	if who == "" {
		who = cmp.Or(string(e.Principal), "a stranger")
	}
	m.say("%s %s by %s at %s: %s, under revision %d of the policy", e.Method, cmp.Or(e.Path, "?"), who, m.when(e.At), verdictText(e.Allowed, e.Reason), e.Revision)
	return m.showWay(ctx, &way{
		trace: &e.Trace, suggestions: e.Suggestions, refused: !e.Allowed,
		subject: subjectFlag(e.PrincipalKind, e.Login, e.Principal), scopes: e.RequiredScopes,
	})
}

// verdictText says in a few words what came of a request.
func verdictText(allowed bool, reason sallyport.Reason) string { //nolint:revive // not a switch: what was decided
	if allowed {
		return "allowed"
	}
	return fmt.Sprintf("refused with %d %s", reason.Info().Status, reason)
}

// A way is what there is to tell of a request.
type way struct {
	trace       *api.Trace
	suggestions []api.Suggestion
	refused     bool
	subject     string // the flag that names the principal to "binding create"
	scopes      []string
}

// showWay tells people of the way through both doors, and of the way out.
func (m *manager) showWay(ctx context.Context, w *way) error {
	var rows [][]string
	for _, s := range w.trace.Steps {
		if s.Verdict != api.StepSkipped {
			rows = append(rows, []string{"  " + s.Step, s.Verdict, s.Text})
		}
	}
	m.blank()
	if err := align(m.out, rows); err != nil {
		return err
	}
	if t := w.trace.Tenant; t != nil && len(t.Members) > 0 {
		var names []string
		for _, id := range t.Members {
			names = append(names, m.tenantText(ctx, id))
		}
		m.blank()
		m.say("Tenants that the principal belongs to: %s", strings.Join(names, ", "))
	}
	if err := m.showConsidered(w.trace); err != nil {
		return err
	}
	if err := m.showNear(w.trace); err != nil {
		return err
	}
	switch {
	case !w.refused:
	case len(w.suggestions) > 0:
		m.showSuggestions(ctx, w)
		if len(w.scopes) > 0 {
			m.blank()
			m.say("The credential itself is limited too: it needs the scope %s, or no limit.", strings.Join(w.scopes, " or "))
		}
	case len(w.scopes) > 0:
		m.blank()
		m.say("A credential with the scope %s would pass, or one that is not limited.", strings.Join(w.scopes, " or "))
	}
	return nil
}

var consideredView = view[api.TraceBinding]{
	{name: "role", text: func(b api.TraceBinding) string { return cmp.Or(b.RoleName, string(b.Role)) }},
	{name: "gives", text: func(b api.TraceBinding) string { return joined(b.Gives) }},
	{name: "verdict", text: verdictOf},
	{name: "realm", text: func(b api.TraceBinding) string { return orAny(b.Realm) }},
	{name: "condition", text: func(b api.TraceBinding) string {
		if b.Value == "" {
			return b.Condition
		}
		return b.Condition + " is " + b.Value
	}},
	{name: "tenant", text: func(b api.TraceBinding) string {
		if b.Every {
			return "every"
		}
		return "this"
	}},
	{name: "group", text: func(b api.TraceBinding) string { return b.Group }},
	{name: "binding", text: func(b api.TraceBinding) string { return string(b.ID) }},
}

// verdictOf says in words what a binding did.
func verdictOf(b api.TraceBinding) string {
	switch b.Verdict {
	case "gives":
		return "gives it"
	case "out_of_scope":
		return "beyond the credential's scopes"
	case "condition_unmet":
		return "its condition does not hold"
	case "other_realm":
		return "is for another realm"
	case "expired":
		return "is over"
	case "gives_other":
		return "gives nothing that is needed"
	case "deactivated":
		return "is deactivated"
	case "role_gone":
		return "its role is gone"
	}
	return b.Verdict
}

func (m *manager) showConsidered(t *api.Trace) error {
	if len(t.Bindings) == 0 {
		return nil
	}
	m.blank()
	m.say("Bindings that were considered:")
	m.blank()
	if err := showTable(m.out, consideredView, t.Bindings); err != nil {
		return err
	}
	if t.MoreBinds > 0 {
		m.say("and %d more", t.MoreBinds)
	}
	return nil
}

var nearView = view[api.TraceRoute]{
	{name: "route", text: func(r api.TraceRoute) string { return r.Route }},
	{name: "methods", text: func(r api.TraceRoute) string { return strings.Join(r.Methods, ",") }},
	{name: "path", text: func(r api.TraceRoute) string { return r.Path }},
	{name: "why not", text: func(r api.TraceRoute) string { return r.Why }},
}

func (m *manager) showNear(t *api.Trace) error {
	if len(t.Routes) == 0 {
		return nil
	}
	m.blank()
	m.say("Routes that it nearly matched:")
	m.blank()
	return showTable(m.out, nearView, t.Routes)
}

// opensShown is how many routes of a suggestion are named.
const opensShown = 3

// showSuggestions tells what would let the request pass, with the commands to
// paste.
func (m *manager) showSuggestions(ctx context.Context, w *way) {
	m.blank()
	m.say("What would let it pass, smallest first:")
	for i := range w.suggestions {
		s := &w.suggestions[i]
		var names []string
		for _, r := range s.Roles {
			names = append(names, r.Name)
		}
		m.blank()
		m.say("  %d. the role %s, %s", i+1, strings.Join(names, " with the role "), opensText(s))
		if len(s.MayGrant) > 0 {
			m.say("     who may give it: %s", strings.Join(granters(s.MayGrant), ", "))
		}
		for _, r := range s.Roles {
			m.say("     %s", m.grantCommand(ctx, w.subject, s, r))
		}
	}
}

// opensText says what a suggestion would open besides.
func opensText(s *api.Suggestion) string {
	var routes []string
	for _, r := range s.Opens[:min(len(s.Opens), opensShown)] {
		routes = append(routes, r.Route)
	}
	switch more := s.AlsoOpens - len(routes); {
	case s.AlsoOpens == 0:
		return "which opens nothing else"
	case more > 0:
		return fmt.Sprintf("which opens %d other routes: %s and %d more", s.AlsoOpens, strings.Join(routes, "; "), more)
	case s.AlsoOpens == 1:
		return "which opens 1 other route: " + routes[0]
	default:
		return fmt.Sprintf("which opens %d other routes: %s", s.AlsoOpens, strings.Join(routes, "; "))
	}
}

func granters(list []api.Granter) []string {
	names := make([]string, len(list))
	for i, g := range list {
		names[i] = g.Login
	}
	return names
}

// subjectFlag names a principal to "binding create".
func subjectFlag(kind sallyport.PrincipalKind, login string, id sallyport.PrincipalID) string {
	if kind == sallyport.PrincipalAPIKey {
		return "--key " + string(id) // keys may share a name
	}
	return "--user " + shellWord(cmp.Or(login, string(id)))
}

// grantCommand is the command that carries one role of a suggestion out.
func (m *manager) grantCommand(ctx context.Context, subject string, s *api.Suggestion, r api.SuggestedRole) string {
	role := r.Name
	if found, err := m.role(ctx, s.Tenant, r.Name); err == nil && found.ID != r.ID {
		role = string(r.ID) // another role has its name
	}
	command := "sallyport binding create " + subject + " --role " + shellWord(role) + " --tenant " + shellWord(m.tenantText(ctx, s.Tenant))
	if s.Realm != "" {
		command += " --realm " + shellWord(s.Realm)
	}
	return command
}

// tenantText returns the name of a tenant, or its id if the caller may not know
// the name.
func (m *manager) tenantText(ctx context.Context, id sallyport.TenantID) string {
	if id == "" || id == sallyport.EveryTenant {
		return string(id)
	}
	if t, err := m.tenant(ctx, string(id)); err == nil {
		return t.Name
	}
	return string(id)
}

// shellWord writes text as one word of a command line.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+,", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
