package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// A Use says what was used of what is granted, and by whom.
type Use struct {
	// Tenant is the one that was acted in; [sallyport.EveryTenant]: none, or all.
	Tenant     sallyport.TenantID
	Principal  sallyport.PrincipalID
	Credential sallyport.CredentialID // a token or key; empty: another way in
	Binding    sallyport.BindingID    // that gave it; empty: it is not known of one alone

	// Permission is what was asked for: one, several joined with "|" of which one
	// was enough, or nothing but a good credential.
	Permission string
}

// Alternatives returns the permissions of which one was enough, none if nothing
// was asked for.
func (u *Use) Alternatives() []sallyport.Permission {
	if u.Permission == "" {
		return nil
	}
	var out []sallyport.Permission
	for p := range strings.SplitSeq(u.Permission, "|") {
		out = append(out, sallyport.Permission(p))
	}
	return out
}

// id names the use.
func (u *Use) id() []byte {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		string(u.Tenant), string(u.Principal), string(u.Credential), string(u.Binding), u.Permission,
	}, "\x00")))
	return sum[:16]
}

// A DayUse is how often something was used on a day.
type DayUse struct {
	Use
	Day  int64 // see [DayOf]
	Uses int64
}

// A UseSum is a use over some days.
type UseSum struct {
	Use
	FirstDay, LastDay int64 // of all that is kept
	Uses              int64 // since the day that was asked for; lists leave it out
}

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// DayOf returns the number of the day, in UTC, that a time is in.
func DayOf(t time.Time) int64 { return micros(t) / dayMicros }

// DayStart returns the time at which a day begins.
func DayStart(day int64) time.Time { return moment(day * dayMicros) }

var (
	insertUses = batchText{
		head: `INSERT INTO permission_use (id, tenant, principal, credential, binding, permission, first_day, last_day) VALUES `,
		row:  []string{asBlob, asText, asText, asText, asText, asText, asInt, asInt},
		tail: ` ON CONFLICT (id) DO UPDATE SET
			last_day = CASE WHEN excluded.last_day > permission_use.last_day THEN excluded.last_day ELSE permission_use.last_day END`,
	}
	addUses = batchText{
		head: `INSERT INTO permission_use_day (id, day, uses) VALUES `,
		row:  []string{asBlob, asInt, asInt},
		tail: ` ON CONFLICT (id, day) DO UPDATE SET uses = permission_use_day.uses + excluded.uses`,
	}
)

// AddUses adds to the counts of what was used. All of one call are of one day.
func (t *Tx) AddUses(ctx context.Context, list []DayUse) error {
	type counted struct {
		id []byte
		DayUse
	}
	all := make([]counted, len(list))
	for i, u := range list {
		all[i] = counted{u.id(), u}
	}
	// In order, so that two nodes do not lock the same rows crosswise; each once,
	// as a row may stand in a batch once.
	slices.SortFunc(all, func(a, b counted) int { return bytes.Compare(a.id, b.id) })
	var uses, days [][]any
	var sum int64 // of the row that was written last
	for i, u := range all {
		if i > 0 && bytes.Equal(u.id, all[i-1].id) {
			sum += u.Uses
			days[len(days)-1][2] = sum
			continue
		}
		uses = append(uses, []any{
			u.id, string(u.Tenant), string(u.Principal), string(u.Credential), string(u.Binding), u.Permission, u.Day, u.Day,
		})
		sum = u.Uses
		days = append(days, []any{u.id, u.Day, sum})
	}
	if err := t.batch(ctx, "use", insertUses, uses); err != nil {
		return err
	}
	return t.batch(ctx, "use", addUses, days)
}

const useColumns = `u.id, u.tenant, u.principal, u.credential, u.binding, u.permission, u.first_day, u.last_day`

// A useRow is a use with its id.
type useRow struct {
	UseSum
	id []byte
}

func scanUse(r row) (u useRow, err error) {
	if err := r.Scan(&u.id, &u.Tenant, &u.Principal, &u.Credential, &u.Binding, &u.Permission, &u.FirstDay, &u.LastDay, &u.Uses); err != nil {
		return u, err
	}
	return u, checkTenant("use", hex.EncodeToString(u.id), u.Tenant)
}

const (
	selectUses = `
	SELECT ` + useColumns + `, 0 FROM permission_use u
	WHERE u.tenant = $1 AND u.last_day >= $2 AND u.id > $3 ORDER BY u.id LIMIT $4`
	selectEveryUse = `
	SELECT ` + useColumns + `, 0 FROM permission_use u
	WHERE u.tenant <> $1 AND u.last_day >= $2 AND u.id > $3 ORDER BY u.id LIMIT $4`
	selectUsesOf = `
	SELECT ` + useColumns + `, (SELECT CAST(COALESCE(SUM(d.uses), 0) AS BIGINT) FROM permission_use_day d WHERE d.id = u.id AND d.day >= $1)
	FROM permission_use u
	WHERE u.principal = $2 AND u.last_day >= $1 AND u.id > $3 ORDER BY u.id LIMIT $4`
	selectUseDays = `
	SELECT d.day, CAST(SUM(d.uses) AS BIGINT) FROM permission_use u JOIN permission_use_day d ON d.id = u.id
	WHERE u.principal = $1 AND u.credential = $2 AND d.day >= $3
	GROUP BY d.day ORDER BY d.day`
)

// Uses returns what was used in a tenant since a day, without how often.
func (r *Reader) Uses(ctx context.Context, tenant sallyport.TenantID, since int64, p Page) ([]UseSum, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	return r.uses(ctx, selectUses, p, string(tenant), since)
}

// EveryUse returns what was used in the whole installation since a day, without
// how often.
func (r *Reader) EveryUse(ctx context.Context, since int64, p Page) ([]UseSum, string, error) {
	return r.uses(ctx, selectEveryUse, p, "", since)
}

// UsesOf returns what a principal used since a day, and how often.
func (r *Reader) UsesOf(ctx context.Context, id sallyport.PrincipalID, since int64, p Page) ([]UseSum, string, error) {
	return r.uses(ctx, selectUsesOf, p, since, string(id))
}

// A UseDay is how often something was used on a day.
type UseDay struct {
	Day  int64 // see [DayOf]
	Uses int64
}

func scanUseDay(r row) (d UseDay, err error) { return d, r.Scan(&d.Day, &d.Uses) }

// UseDays returns how often a token or key of a principal was used on each day
// since one, the oldest first. Days on which it was not are left out.
func (r *Reader) UseDays(ctx context.Context, id sallyport.PrincipalID, credential sallyport.CredentialID, since int64) ([]UseDay, error) {
	return list(ctx, r, "use", selectUseDays, scanUseDay, string(id), string(credential), since)
}

func (r *Reader) uses(ctx context.Context, query string, p Page, args ...any) ([]UseSum, string, error) {
	after, err := hex.DecodeString(p.After)
	if err != nil {
		return nil, "", sallyport.ErrInvalid("cursor", "is not one that this list gave out")
	}
	rows, err := list(ctx, r, "use", query, scanUse, append(args, after, p.more())...)
	rows, next, err := cut(p, rows, err, func(u useRow) string { return hex.EncodeToString(u.id) })
	out := make([]UseSum, len(rows))
	for i := range rows {
		out[i] = rows[i].UseSum
	}
	return out, next, err
}

const (
	pruneUseDays = `
	DELETE FROM permission_use_day WHERE day < $1`
	pruneUses = `
	DELETE FROM permission_use WHERE last_day < $1`
)

// PruneUses forgets what was used before a day, and returns how many counts.
func (t *Tx) PruneUses(ctx context.Context, before int64) (int64, error) {
	n, err := t.exec(ctx, "use", pruneUseDays, before)
	if err != nil {
		return n, err
	}
	_, err = t.exec(ctx, "use", pruneUses, before)
	return n, err
}
