package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A RefusalCount is how many refusals of one reason there were in an hour, of
// those that are kept.
type RefusalCount struct {
	Hour   time.Time // its beginning
	Reason sallyport.Reason
	Count  int64
}

const (
	refusalsSince = ` AND allowed = 0 AND at >= $2 GROUP BY 1, 2 ORDER BY 1, 2`

	selectRefusalCounts = `
	SELECT at / 3600000000, reason, COUNT(*) FROM decision WHERE tenant = $1` + refusalsSince
	selectEveryRefusalCounts = `
	SELECT at / 3600000000, reason, COUNT(*) FROM decision WHERE tenant <> $1` + refusalsSince
)

func scanRefusalCount(r row) (c RefusalCount, err error) {
	var hour int64
	err = r.Scan(&hour, &c.Reason, &c.Count)
	c.Hour = time.Unix(hour*3600, 0).UTC()
	return c, err
}

// RefusalCounts counts the refusals of a tenant since a time, of those that are
// kept: there is a bound to these for each tenant.
func (r *Reader) RefusalCounts(ctx context.Context, tenant sallyport.TenantID, since time.Time) ([]RefusalCount, error) {
	if err := needTenant(tenant); err != nil {
		return nil, err
	}
	return list(ctx, r, "decision", selectRefusalCounts, scanRefusalCount, string(tenant), micros(since))
}

// EveryRefusalCount is [Reader.RefusalCounts] for the whole installation.
func (r *Reader) EveryRefusalCount(ctx context.Context, since time.Time) ([]RefusalCount, error) {
	return list(ctx, r, "decision", selectEveryRefusalCounts, scanRefusalCount, "", micros(since))
}

const (
	expiringCredentials = `
	AND c.state = 'active' AND c.kind IN ('personal_token', 'application_token', 'api_key') AND c.expires >= $2 AND c.expires < $3
	ORDER BY c.expires, c.id LIMIT $4`
	selectExpiring      = credentialColumns + `WHERE c.tenant = $1` + expiringCredentials
	selectEveryExpiring = credentialColumns + `WHERE c.tenant <> $1` + expiringCredentials
)

// Expiring returns the tokens and keys of a tenant that expire between two times,
// the next one first, at most so many.
func (r *Reader) Expiring(ctx context.Context, tenant sallyport.TenantID, from, until time.Time, most int) ([]sallyport.Credential, error) {
	if err := needTenant(tenant); err != nil {
		return nil, err
	}
	return list(ctx, r, "credential", selectExpiring, scanCredential, string(tenant), micros(from), micros(until), int64(most))
}

// EveryExpiring is [Reader.Expiring] for the whole installation.
func (r *Reader) EveryExpiring(ctx context.Context, from, until time.Time, most int) ([]sallyport.Credential, error) {
	return list(ctx, r, "credential", selectEveryExpiring, scanCredential, "", micros(from), micros(until), int64(most))
}
