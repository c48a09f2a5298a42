package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// A Decision is what is kept of a decision, so that it can be explained later.
// There is no secret in it.
type Decision struct {
	RequestID string
	At        time.Time

	// Tenant is whose decision it is: the tenant that it was taken in, or else
	// where the principal is at home; [sallyport.EveryTenant] for strangers.
	Tenant sallyport.TenantID

	Allowed bool
	Reason  sallyport.Reason // empty when Allowed
	API     sallyport.APIName
	Route   string // id; empty: none matched
	Method  string
	Host    string
	Path    string // canonical, without the query

	Principal      sallyport.PrincipalID // empty: nobody was recognised
	PrincipalKind  sallyport.PrincipalKind
	Login          string // at the time
	Credential     string // id; empty: none, or not known here
	CredentialKind sallyport.CredentialKind

	ActedIn  sallyport.TenantID // the tenant that was chosen; empty: none was
	Realm    string
	Revision sallyport.Revision
	Missing  []sallyport.Permission
	Scopes   []string // of which one would have done
	Address  string

	Trace string // JSON; lists leave it out
}

const decisionFields = `
	request_id, at, tenant, allowed, reason, api, route, method, host, path, principal, principal_kind, login,
		credential, credential_kind, acted_in, realm, revision, missing, scopes, address, `

const (
	decisionColumns = `
	SELECT ` + decisionFields + `trace FROM decision `
	decisionOutlineColumns = `
	SELECT ` + decisionFields + `'' FROM decision `
)

func scanDecision(r row) (d Decision, err error) {
	var at, allowed int64
	var missing, scopes string
	err = r.Scan(&d.RequestID, &at, &d.Tenant, &allowed, &d.Reason, &d.API, &d.Route, &d.Method, &d.Host, &d.Path,
		&d.Principal, &d.PrincipalKind, &d.Login, &d.Credential, &d.CredentialKind, &d.ActedIn, &d.Realm, &d.Revision,
		&missing, &scopes, &d.Address, &d.Trace)
	if err != nil {
		return d, err
	}
	d.At, d.Allowed = moment(at), allowed == 1
	if d.Allowed != (d.Reason == "") {
		return d, damaged("decision", d.RequestID, "allowed for a reason, or refused without one")
	}
	if err := checkTenant("decision", d.RequestID, d.Tenant); err != nil {
		return d, err
	}
	if err := decode("decision", d.RequestID, "missing", missing, &d.Missing); err != nil {
		return d, err
	}
	return d, decode("decision", d.RequestID, "scopes", scopes, &d.Scopes)
}

const selectDecision = decisionColumns + `WHERE request_id = $1 ORDER BY at DESC LIMIT 1`

// DecisionByID returns the last decision on a request; NotFound when none is
// kept.
func (r *Reader) DecisionByID(ctx context.Context, requestID string) (Decision, error) {
	return one(ctx, r, "decision", selectDecision, scanDecision, requestID)
}

// A DecisionFilter chooses among decisions; what is empty does not matter.
type DecisionFilter struct {
	Principal sallyport.PrincipalID
	API       sallyport.APIName
	Reason    sallyport.Reason
	Outcome   string    // [OutcomeAllowed] or [OutcomeRefused]
	Since     time.Time // not before
	Until     time.Time // before

	Credential string // id
	Address    string // where it came from
}

// Outcomes of decisions.
const (
	OutcomeAllowed = "allowed"
	OutcomeRefused = "refused"
)

const (
	decisionFilter = `
	AND (at, request_id) < ($2, $3)
	AND (CAST($4 AS TEXT) = '' OR principal = $4) AND (CAST($5 AS TEXT) = '' OR api = $5)
	AND (CAST($6 AS TEXT) = '' OR reason = $6) AND allowed >= $7 AND allowed <= $8
	AND at >= $9 AND at < $10
	AND (CAST($11 AS TEXT) = '' OR credential = $11) AND (CAST($12 AS TEXT) = '' OR address = $12)
	ORDER BY at DESC, request_id DESC LIMIT $13`
	selectDecisions     = decisionOutlineColumns + `WHERE tenant = $1` + decisionFilter
	selectEveryDecision = decisionOutlineColumns + `WHERE tenant <> $1` + decisionFilter
	selectDecisionsOf   = decisionOutlineColumns + `WHERE principal = $1` + decisionFilter
)

// Decisions returns the decisions of a tenant that are kept, newest first,
// without traces.
func (r *Reader) Decisions(ctx context.Context, tenant sallyport.TenantID, f DecisionFilter, p Page) ([]Decision, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	return r.decisions(ctx, selectDecisions, string(tenant), f, p)
}

// EveryDecision returns the decisions of the whole installation that are kept,
// newest first, without traces.
func (r *Reader) EveryDecision(ctx context.Context, f DecisionFilter, p Page) ([]Decision, string, error) {
	return r.decisions(ctx, selectEveryDecision, "", f, p)
}

// DecisionsOf returns the decisions on a principal's requests that are kept,
// newest first, without traces.
func (r *Reader) DecisionsOf(ctx context.Context, id sallyport.PrincipalID, f DecisionFilter, p Page) ([]Decision, string, error) {
	if id == "" {
		return nil, "", sallyport.ErrInvalid("principal", "say whose")
	}
	return r.decisions(ctx, selectDecisionsOf, string(id), f, p)
}

func (r *Reader) decisions(ctx context.Context, query, whose string, f DecisionFilter, p Page) ([]Decision, string, error) {
	before, id, until := int64(never), "", int64(never)
	if p.After != "" {
		text, rest, ok := strings.Cut(p.After, ".")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || !ok {
			return nil, "", sallyport.ErrInvalid("cursor", "is not one that this list gave out")
		}
		before, id = n, rest
	}
	least, most := int64(0), int64(1)
	switch f.Outcome {
	case "":
	case OutcomeAllowed:
		least = 1
	case OutcomeRefused:
		most = 0
	default:
		return nil, "", sallyport.ErrInvalid("outcome", "is not known; it is allowed or refused")
	}
	if !f.Until.IsZero() {
		until = micros(f.Until)
	}
	all, err := list(ctx, r, "decision", query, scanDecision, whose, before, id, string(f.Principal), string(f.API),
		string(f.Reason), least, most, micros(f.Since), until, f.Credential, f.Address, p.more())
	return cut(p, all, err, func(d Decision) string { return byAge(d.At, d.RequestID) })
}

var insertDecisions = batchText{
	head: `INSERT INTO decision (request_id, at, tenant, allowed, reason, api, route, method, host, path, principal, principal_kind, login,
		credential, credential_kind, acted_in, realm, revision, missing, scopes, address, trace) VALUES `,
	row: []string{
		asText, asInt, asText, asInt, asText, asText, asText, asText, asText, asText, asText, asText, asText,
		asText, asText, asText, asText, asInt, asText, asText, asText, asText,
	},
	tail: ` ON CONFLICT (request_id, at) DO NOTHING`,
}

// AddDecisions keeps decisions. One that is there already stays as it is.
func (t *Tx) AddDecisions(ctx context.Context, list []Decision) error {
	rows := make([][]any, 0, len(list))
	for i := range list {
		d := &list[i]
		missing, err := encode(d.Missing)
		if err != nil {
			return err
		}
		scopes, err := encode(d.Scopes)
		if err != nil {
			return err
		}
		rows = append(rows, []any{
			d.RequestID, micros(d.At), string(d.Tenant), bit(d.Allowed), string(d.Reason), string(d.API), d.Route, d.Method, d.Host, d.Path,
			string(d.Principal), string(d.PrincipalKind), d.Login, d.Credential, string(d.CredentialKind), string(d.ActedIn), d.Realm,
			int64(d.Revision), missing, scopes, d.Address, d.Trace, //nolint:gosec // revisions count up from 1
		})
	}
	return t.batch(ctx, "decision", insertDecisions, rows)
}

const (
	pruneDecisions = `
	DELETE FROM decision WHERE at < $1`
	trimDecisions = `
	DELETE FROM decision WHERE tenant = $1 AND allowed = $2 AND (at, request_id) <= (
		SELECT at, request_id FROM decision WHERE tenant = $1 AND allowed = $2
		ORDER BY at DESC, request_id DESC LIMIT 1 OFFSET $3)`
)

// PruneDecisions forgets the decisions from before a time, and returns how many.
func (t *Tx) PruneDecisions(ctx context.Context, before time.Time) (int64, error) {
	return t.exec(ctx, "decision", pruneDecisions, micros(before))
}

// TrimDecisions forgets all but the newest decisions of a tenant of which the
// outcome is this, and returns how many.
func (t *Tx) TrimDecisions(ctx context.Context, tenant sallyport.TenantID, allowed bool, keep int) (int64, error) {
	return t.exec(ctx, "decision", trimDecisions, string(tenant), bit(allowed), int64(keep))
}
