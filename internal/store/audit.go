package store

import (
	"context"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
)

// An AuditRow is one entry of the audit trail. Each is chained to the one
// before by its hash, which internal/audit computes.
type AuditRow struct {
	Seq        int64 // from 1, without gaps
	Time       time.Time
	Tenant     sallyport.TenantID // where it happened; [sallyport.EveryTenant]: in the installation
	ActorID    sallyport.PrincipalID
	ActorName  string
	ActorKind  string
	Action     string // such as "role.update"
	TargetKind string
	TargetID   string
	TargetName string
	Before     string // JSON, empty if there is nothing to say
	After      string
	RequestID  string
	Address    string
	Prev       [32]byte // hash of the entry before; zero for the first
	Hash       [32]byte
}

const auditColumns = `
	SELECT seq, at, tenant, actor_id, actor_name, actor_kind, action, target_kind, target_id, target_name,
		before, after, request_id, address, prev, hash
	FROM audit_entry `

func scanAudit(r row) (a AuditRow, err error) {
	var at int64
	var prev, hash []byte
	err = r.Scan(&a.Seq, &at, &a.Tenant, &a.ActorID, &a.ActorName, &a.ActorKind, &a.Action, &a.TargetKind, &a.TargetID,
		&a.TargetName, &a.Before, &a.After, &a.RequestID, &a.Address, &prev, &hash)
	if err != nil {
		return a, err
	}
	a.Time = moment(at)
	seq := strconv.FormatInt(a.Seq, 10)
	if a.Prev, err = digest("audit entry", seq, prev); err != nil {
		return a, err
	}
	a.Hash, err = digest("audit entry", seq, hash)
	return a, err
}

const (
	advanceAudit = `
	UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq, hash`
	moveAuditHead = `
	UPDATE audit_head SET hash = $1 WHERE one = 1`
	insertAudit = `
	INSERT INTO audit_entry (seq, at, tenant, actor_id, actor_name, actor_kind, action, target_kind, target_id, target_name,
		before, after, request_id, address, prev, hash)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
)

// A chainHead is the end of the audit trail.
type chainHead struct {
	seq  int64
	hash [32]byte
}

func scanHead(r row) (h chainHead, err error) {
	var b []byte
	if err := r.Scan(&h.seq, &b); err != nil {
		return h, err
	}
	h.hash, err = digest("audit head", "", b)
	return h, err
}

// AppendAudit writes an entry at the end of the trail, in the transaction of
// what it records. hash is given the hash of the entry before and the entry's
// own place, and returns its hash. AppendAudit returns the entry with Seq, Prev
// and Hash set. Until the transaction ends nobody else can append.
//
// The entry's Time must be set, in whole microseconds if hash covers it.
func (t *Tx) AppendAudit(ctx context.Context, a AuditRow, hash func(prev [32]byte, seq int64) [32]byte) (AuditRow, error) {
	if a.Time.IsZero() || a.Tenant == "" {
		return a, sallyport.ErrInvalid("time", "an audit entry needs a time and a tenant")
	}
	head, err := one(ctx, &t.Reader, "audit head", advanceAudit, scanHead)
	if err != nil {
		return a, err
	}
	a.Seq, a.Prev = head.seq, head.hash
	a.Hash = hash(a.Prev, a.Seq)
	err = t.insert(ctx, "audit entry", "seq", "the audit trail goes on beyond its head", insertAudit,
		a.Seq, micros(a.Time), string(a.Tenant), string(a.ActorID), a.ActorName, a.ActorKind, a.Action,
		a.TargetKind, a.TargetID, a.TargetName, a.Before, a.After, a.RequestID, a.Address, a.Prev[:], a.Hash[:])
	if err != nil {
		return a, err
	}
	_, err = t.exec(ctx, "audit head", moveAuditHead, a.Hash[:])
	return a, err
}

const selectAuditHead = `
	SELECT seq, hash FROM audit_head WHERE one = 1`

// AuditHead returns the number and the hash of the last entry, 0 and zeros
// before the first.
func (r *Reader) AuditHead(ctx context.Context) (int64, [32]byte, error) {
	h, err := one(ctx, r, "audit head", selectAuditHead, scanHead)
	return h.seq, h.hash, err
}

const selectAuditFrom = auditColumns + `WHERE seq > $1 ORDER BY seq LIMIT $2`

// AuditAfter returns up to limit entries of the whole trail after a number,
// oldest first, for checking it, exporting it and following it.
func (r *Reader) AuditAfter(ctx context.Context, seq int64, limit int) ([]AuditRow, error) {
	return list(ctx, r, "audit entry", selectAuditFrom, scanAudit, seq, int64(Page{Limit: limit}.limit()))
}

// An AuditFilter chooses among audit entries; what is empty does not matter.
type AuditFilter struct {
	Actor     sallyport.PrincipalID
	Action    string // what the action begins with
	Target    string // id
	RequestID string
	From      time.Time // not before
	Until     time.Time // before
	After     int64     // with a greater number
}

const (
	auditPage = `
	AND seq < $2`
	auditOfAny = `
	AND (CAST($3 AS TEXT) = '' OR actor_id = $3) AND (CAST($4 AS TEXT) = '' OR target_id = $4)`
	auditOfActor = `
	AND actor_id = $3 AND (CAST($4 AS TEXT) = '' OR target_id = $4)`
	auditOfTarget = `
	AND (CAST($3 AS TEXT) = '' OR actor_id = $3) AND target_id = $4`
	auditOrder = `
	AND action >= $5 AND action <= $6 AND (CAST($7 AS TEXT) = '' OR request_id = $7) AND at >= $8 AND at < $9 AND seq > $10
	ORDER BY seq DESC LIMIT $11`

	auditIn    = `WHERE tenant = $1` + auditPage
	everyAudit = `WHERE tenant <> $1` + auditPage

	selectAudit              = auditColumns + auditIn + auditOfAny + auditOrder
	selectAuditOfActor       = auditColumns + auditIn + auditOfActor + auditOrder
	selectAuditOfTarget      = auditColumns + auditIn + auditOfTarget + auditOrder
	selectEveryAudit         = auditColumns + everyAudit + auditOfAny + auditOrder
	selectEveryAuditOfActor  = auditColumns + everyAudit + auditOfActor + auditOrder
	selectEveryAuditOfTarget = auditColumns + everyAudit + auditOfTarget + auditOrder
)

// among chooses one of three queries: what happened to one thing and what somebody
// did are read by indexes of their own.
func (f *AuditFilter) among(all, ofActor, ofTarget string) string {
	switch {
	case f.Target != "":
		return ofTarget
	case f.Actor != "":
		return ofActor
	}
	return all
}

// never is later than every time.
const never = 1<<63 - 1

// Audit returns the entries of a tenant, newest first.
func (r *Reader) Audit(ctx context.Context, tenant sallyport.TenantID, f AuditFilter, p Page) ([]AuditRow, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	return r.audit(ctx, f.among(selectAudit, selectAuditOfActor, selectAuditOfTarget), tenant, f, p)
}

// EveryAudit returns the entries of the whole installation, newest first.
func (r *Reader) EveryAudit(ctx context.Context, f AuditFilter, p Page) ([]AuditRow, string, error) {
	return r.audit(ctx, f.among(selectEveryAudit, selectEveryAuditOfActor, selectEveryAuditOfTarget), "", f, p)
}

func (r *Reader) audit(ctx context.Context, query string, tenant sallyport.TenantID, f AuditFilter, p Page) ([]AuditRow, string, error) {
	before, until := int64(never), int64(never)
	if p.After != "" {
		var err error
		if before, err = strconv.ParseInt(p.After, 10, 64); err != nil {
			return nil, "", sallyport.ErrInvalid("cursor", "is not one that this list gave out")
		}
	}
	if !f.Until.IsZero() {
		until = micros(f.Until)
	}
	all, err := list(ctx, r, "audit entry", query, scanAudit, string(tenant), before, string(f.Actor),
		f.Target, f.Action, f.Action+last, f.RequestID, micros(f.From), until, f.After, p.more())
	return cut(p, all, err, func(a AuditRow) string { return strconv.FormatInt(a.Seq, 10) })
}
