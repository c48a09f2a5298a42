package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A Shadow is a draft of a policy that is tried on real requests, beside the
// policy in force.
type Shadow struct {
	ID       string
	Name     string
	Draft    string // JSON of the policy
	Adopt    bool
	Tenants  []sallyport.TenantID // that the draft is about
	Starter  string               // login of who started it
	Created  time.Time
	Ends     time.Time
	Seen     int64  // requests
	Compared int64  // of those; the others were let go when there were too many
	Problem  string // why it cannot be tried now; empty: it is
}

// A ShadowDifference is a sort of request that a draft would decide otherwise.
type ShadowDifference struct {
	Shadow    string
	Day       int64              // see [DayOf]
	Refused   bool               // it would be refused; else it would be allowed
	Tenant    sallyport.TenantID // empty: none was chosen
	Principal sallyport.PrincipalID
	API       sallyport.APIName
	Route     string
	Reason    sallyport.Reason // why the one refuses what the other allows
	Login     string
	Requests  int64
	Method    string // of the last one
	Path      string
	RequestID string
	Last      time.Time
}

const shadowColumns = `
	SELECT id, name, draft, adopt, tenants, starter, created, ends, seen, compared, problem FROM shadow `

func scanShadow(r row) (s Shadow, err error) {
	var adopt, created, ends int64
	var tenants string
	err = r.Scan(&s.ID, &s.Name, &s.Draft, &adopt, &tenants, &s.Starter, &created, &ends, &s.Seen, &s.Compared, &s.Problem)
	if err != nil {
		return s, err
	}
	s.Adopt, s.Created, s.Ends = adopt == 1, moment(created), moment(ends)
	return s, decode("shadow", s.ID, "tenants", tenants, &s.Tenants)
}

const (
	selectShadow  = shadowColumns + `WHERE id = $1`
	selectShadows = shadowColumns + `ORDER BY created, id`
)

// Shadow returns a shadow; NotFound when there is none.
func (r *Reader) Shadow(ctx context.Context, id string) (Shadow, error) {
	return one(ctx, r, "shadow", selectShadow, scanShadow, id)
}

// Shadows returns all shadows, oldest first. There are never many.
func (r *Reader) Shadows(ctx context.Context) ([]Shadow, error) {
	return list(ctx, r, "shadow", selectShadows, scanShadow)
}

const insertShadow = `
	INSERT INTO shadow (id, name, draft, adopt, tenants, starter, created, ends, seen, compared, problem)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '')`

// InsertShadow adds a shadow.
func (t *Tx) InsertShadow(ctx context.Context, s *Shadow) error {
	tenants, err := encode(s.Tenants)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "shadow", insertShadow, s.ID, s.Name, s.Draft, bit(s.Adopt), tenants, s.Starter, micros(s.Created), micros(s.Ends))
	return err
}

const (
	endShadow = `
	UPDATE shadow SET ends = $1 WHERE id = $2 AND ends > $1`
	progressShadow = `
	UPDATE shadow SET seen = seen + $1, compared = compared + $2, problem = $3 WHERE id = $4`
	deleteShadows = `
	DELETE FROM shadow WHERE ends < $1`
	deleteShadowDifferences = `
	DELETE FROM shadow_difference WHERE shadow NOT IN (SELECT id FROM shadow)`
)

// EndShadow ends a shadow, unless it is over.
func (t *Tx) EndShadow(ctx context.Context, id string, at time.Time) error {
	_, err := t.exec(ctx, "shadow", endShadow, micros(at), id)
	return err
}

// ProgressShadow adds to what a shadow saw, and says what is wrong with it now.
func (t *Tx) ProgressShadow(ctx context.Context, id string, seen, compared int64, problem string) error {
	_, err := t.exec(ctx, "shadow", progressShadow, seen, compared, problem, id)
	return err
}

// PruneShadows forgets the shadows that ended before a time.
func (t *Tx) PruneShadows(ctx context.Context, before time.Time) error {
	if _, err := t.exec(ctx, "shadow", deleteShadows, micros(before)); err != nil {
		return err
	}
	_, err := t.exec(ctx, "shadow", deleteShadowDifferences)
	return err
}

var addDifferences = batchText{
	head: `INSERT INTO shadow_difference (shadow, day, refused, tenant, principal, api, route, reason, login, requests, method, path, request_id, last) VALUES `,
	row: []string{
		asText, asInt, asInt, asText, asText, asText, asText, asText, asText, asInt, asText, asText, asText, asInt,
	},
	tail: ` ON CONFLICT (shadow, day, refused, tenant, principal, api, route, reason) DO UPDATE SET
		requests = shadow_difference.requests + excluded.requests, login = excluded.login, method = excluded.method,
		path = excluded.path, request_id = excluded.request_id, last = excluded.last`,
}

// AddDifferences adds to the differences that shadows found. Each sort must be
// there once.
func (t *Tx) AddDifferences(ctx context.Context, list []ShadowDifference) error {
	rows := make([][]any, len(list))
	for i, d := range list {
		rows[i] = []any{
			d.Shadow, d.Day, bit(d.Refused), string(d.Tenant), string(d.Principal), string(d.API), d.Route, string(d.Reason),
			d.Login, d.Requests, d.Method, d.Path, d.RequestID, micros(d.Last),
		}
	}
	return t.batch(ctx, "shadow", addDifferences, rows)
}

const selectDifferences = `
	SELECT shadow, day, refused, tenant, principal, api, route, reason, login, requests, method, path, request_id, last
	FROM shadow_difference WHERE shadow = $1 ORDER BY requests DESC, day, refused, tenant, principal, api, route, reason LIMIT $2`

// Differences returns what a shadow found, the most frequent first, at most so
// many.
func (r *Reader) Differences(ctx context.Context, shadow string, most int) ([]ShadowDifference, error) {
	return list(ctx, r, "shadow", selectDifferences, scanDifference, shadow, int64(most))
}

func scanDifference(r row) (d ShadowDifference, err error) {
	var refused, last int64
	err = r.Scan(&d.Shadow, &d.Day, &refused, &d.Tenant, &d.Principal, &d.API, &d.Route, &d.Reason, &d.Login, &d.Requests,
		&d.Method, &d.Path, &d.RequestID, &last)
	d.Refused, d.Last = refused == 1, moment(last)
	return d, err
}
