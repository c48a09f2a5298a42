package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
)

// An expectation is a test of a policy as it is written.
type expectation struct {
	who, method, target, tenant string

	allowed bool             // what is expected
	status  int              // 0: not said
	reason  sallyport.Reason // empty: not said
}

const expectationForm = "write LOGIN METHOD PATH [in TENANT] -> STATUS REASON, such as: viewer POST /orders in north -> 403 permission_missing"

// parseExpectation reads the text of a test.
func parseExpectation(text string) (q expectation, err error) {
	question, answer, ok := strings.Cut(strings.ReplaceAll(text, "→", "->"), "->")
	words := strings.Fields(question)
	if !ok || len(words) < 3 {
		return q, sallyport.ErrInvalid("", "is not a test; "+expectationForm)
	}
	q.who, q.method, q.target = words[0], words[1], words[2]
	if len(words) > 3 {
		if q.tenant = strings.Join(words[4:], " "); words[3] != "in" || q.tenant == "" {
			return q, sallyport.ErrInvalid("", "has "+quoted(strings.Join(words[3:], " "))+" after the path; "+expectationForm)
		}
	}
	if !strings.HasPrefix(q.target, "/") && !strings.Contains(q.target, "://") {
		return q, sallyport.ErrInvalid("", "has no path; "+expectationForm)
	}
	return q, q.answer(strings.Fields(answer))
}

// answer reads what is expected.
func (q *expectation) answer(words []string) error {
	if len(words) == 0 || len(words) > 2 {
		return sallyport.ErrInvalid("", "does not say what is expected; "+expectationForm)
	}
	for i, word := range words {
		status, err := strconv.Atoi(word)
		switch reason := sallyport.Reason(word); {
		case len(words) == 1 && slices.Contains([]string{"allow", "allowed", "200"}, word):
			q.allowed = true
		case len(words) == 1 && slices.Contains([]string{"deny", "denied"}, word):
		case i == 0 && err == nil && status >= 400 && status < 600:
			q.status = status
		case reason.Info().Reason == reason && (i == 1 || len(words) == 1):
			q.reason = reason
		default:
			return sallyport.ErrInvalid("", "expects "+quoted(word)+", which is neither allow, deny, a status from 400 to 599 nor a reason; docs/reference/reasons.md lists the reasons")
		}
	}
	return nil
}

// met reports whether a decision is as expected.
func (q *expectation) met(d *sallyport.Decision) bool {
	switch {
	case d.Allowed != q.allowed:
		return false
	case q.status != 0 && d.Reason.Info().Status != q.status:
		return false
	default:
		return q.reason == "" || q.reason == d.Reason
	}
}

// play plays the tests of the document against the policy as it would be.
func (p *planner) play(ctx context.Context) error {
	if len(p.faults) > 0 || len(p.doc.Tests) == 0 {
		return nil
	}
	if p.c.Judge == nil {
		return sallyport.ErrInvalid("tests", "this installation cannot play tests")
	}
	cast := newCast(p)
	for i, t := range p.doc.Tests {
		if err := p.wrong(at("tests", i), cast.play(ctx, t)); err != nil {
			return err
		}
	}
	return nil
}

// A cast is who plays in tests.
type cast struct {
	*planner
	known map[string]*policy.Principal
	bound map[string][]sallyport.Binding // by subject
}

func newCast(p *planner) *cast {
	c := &cast{planner: p, known: map[string]*policy.Principal{}, bound: map[string][]sallyport.Binding{}}
	for _, b := range p.estate.bindings {
		c.bound[b.Subject] = append(c.bound[b.Subject], b)
	}
	return c
}

// principalByID returns a user or API key as it would be; nil: there is none.
func (c *cast) principalByID(ctx context.Context, id sallyport.PrincipalID) (*policy.Principal, error) {
	if who, ok := c.known[string(id)]; ok {
		return who, nil
	}
	record, err := c.record(ctx, id)
	if isUnknown(err) {
		c.known[string(id)] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if u, there := c.estate.users[id]; there {
		record.Principal, record.State = principalOf(u), u.State
	}
	c.overlay(record)
	// The error tells of bindings that are damaged; they give nothing.
	who, _ := c.trial.Principal(*record)
	c.known[string(id)] = who
	return who, nil
}

func (c *cast) play(ctx context.Context, t api.PolicyTest) error {
	q, err := parseExpectation(t.Expect)
	if err != nil {
		return inField("expect", err)
	}
	trial, err := c.trialOf(&q, t)
	if err != nil {
		return err
	}
	who, err := c.principalOf(ctx, &q)
	if err != nil {
		return inField("expect", err)
	}
	d := c.c.Judge(c.final, who, trial)
	if !c.tells(d.Tenant) {
		d = sallyport.Decision{Reason: sallyport.TenantForbidden, API: d.API, Route: d.Route}
	}
	out := api.PolicyOutcome{Expect: t.Expect, Note: t.Note, OK: q.met(&d), Reason: d.Reason, Got: "allow"}
	if !d.Allowed {
		out.Got = fmt.Sprintf("%d %s", d.Reason.Info().Status, d.Reason)
	}
	if d.Route != "" {
		out.Route = string(d.API) + " " + d.Route
	}
	if !out.OK {
		c.failed++
	}
	c.tests = append(c.tests, out)
	return nil
}

// tells reports whether the actor may be told what somebody may do in a tenant, to
// which a path or a header can lead as well. Of any other he is told what he would
// be of one that there is not.
func (c *cast) tells(t sallyport.TenantID) bool {
	return t == "" || c.estate.concerned[t] || c.there[tenantItem(t)] || c.may(t, PolicyRead) == nil
}

// trialOf returns the request of a test.
func (c *cast) trialOf(q *expectation, t api.PolicyTest) (*policy.Trial, error) {
	trial := &policy.Trial{
		Method: q.method, Target: q.target, Header: http.Header{}, Client: t.From, Time: t.At, Realm: t.Realm,
		Limited: t.Scopes != nil, Scopes: t.Scopes,
	}
	if trial.Time.IsZero() {
		trial.Time = c.now
	}
	for i, h := range t.Headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, sallyport.ErrInvalid(at("headers", i), "is not a header; write Name: value")
		}
		trial.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if q.tenant != "" {
		id, ok := c.estate.named[q.tenant]
		if !ok || id == sallyport.EveryTenant {
			return nil, sallyport.ErrInvalid("expect", "there is no tenant "+quoted(q.tenant)+", or you have no rights in it")
		}
		trial.Tenant = id
		// Where the path names the tenant, nobody knows the id of one to come.
		trial.Target = strings.ReplaceAll(trial.Target, "{tenant}", string(id))
	}
	return trial, nil
}

// principalOf returns who a test is about, as he would be; nil for nobody.
func (c *cast) principalOf(ctx context.Context, q *expectation) (*policy.Principal, error) {
	if q.who == "-" {
		return nil, nil
	}
	place := q.who
	if strings.HasPrefix(q.who, "key:") {
		place += " " + q.tenant
	}
	if who, ok := c.known[place]; ok {
		return who, nil
	}
	record, err := c.recordOf(ctx, q)
	if err != nil {
		return nil, err
	}
	who, err := c.trial.Principal(*record)
	if err != nil {
		who = nil // damaged bindings give nothing; so does nobody
	}
	c.known[place] = who
	return who, nil
}

// recordOf returns what the store would hold about who is asked for.
func (c *cast) recordOf(ctx context.Context, q *expectation) (*policy.Record, error) {
	if name, isKey := strings.CutPrefix(q.who, "key:"); isKey {
		tenant, ok := c.estate.named[q.tenant]
		if !ok {
			return nil, sallyport.ErrInvalid("", "names an API key but no tenant; add: in TENANT")
		}
		id, err := c.keyOf(ctx, tenant, name)
		if err != nil {
			return nil, err
		}
		record, err := c.record(ctx, sallyport.PrincipalID(id))
		if err == nil {
			c.overlay(record)
		}
		return record, err
	}
	// A test tells what somebody may do: it takes the right to see that.
	id, err := c.userOf(ctx, c.estate, sallyport.EveryTenant, q.who)
	if err != nil {
		return nil, err
	}
	user := c.estate.users[id]
	if !c.estate.concerned[user.Tenant] {
		if err := c.may(user.Tenant, PolicyRead); err != nil {
			return nil, err
		}
	}
	record, err := c.record(ctx, id)
	if isUnknown(err) {
		record, err = &policy.Record{}, nil // he is yet to be made
	}
	if err != nil {
		return nil, err
	}
	record.Principal, record.State = principalOf(user), user.State
	c.overlay(record)
	return record, nil
}

// isUnknown reports whether record found neither a user nor a key.
func isUnknown(err error) bool { return err != nil && sallyport.KindOf(err) == sallyport.Refused }

// overlay brings groups and bindings of a record to what they would be.
func (c *cast) overlay(record *policy.Record) {
	id := record.Principal.ID
	record.Groups = slices.DeleteFunc(record.Groups, func(g sallyport.GroupID) bool {
		group, there := c.estate.groups[g]
		if there {
			set, asked := c.estate.members[g]
			return asked && !set[id]
		}
		return c.mine[itemKey{kindGroup, group.Tenant, string(g)}] || c.deletedGroup(g)
	})
	for g, set := range c.estate.members {
		if _, there := c.estate.groups[g]; there && set[id] && !slices.Contains(record.Groups, g) {
			record.Groups = append(record.Groups, g)
		}
	}
	record.Bindings = slices.DeleteFunc(record.Bindings, func(b sallyport.Binding) bool {
		return c.estate.concerned[b.Tenant] ||
			b.SubjectKind == sallyport.SubjectGroup && !slices.Contains(record.Groups, sallyport.GroupID(b.Subject))
	})
	for _, subject := range append([]string{string(id)}, textOf(record.Groups)...) {
		for _, b := range c.bound[subject] {
			if !slices.ContainsFunc(record.Bindings, func(there sallyport.Binding) bool { return there.ID == b.ID }) {
				record.Bindings = append(record.Bindings, b)
			}
		}
	}
}

func (c *cast) deletedGroup(id sallyport.GroupID) bool {
	return slices.ContainsFunc(c.last, func(s step) bool { return s.item.kind == kindGroup && s.item.id == string(id) })
}

func textOf[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
