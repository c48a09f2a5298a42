package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A LessonKey says what was asked of an API that learns, and by whom.
type LessonKey struct {
	API       sallyport.APIName
	Path      string // a pattern below the base path; empty: whatever could not be told apart
	Method    string
	Principal sallyport.PrincipalID // empty: nobody who was known
	Tenant    sallyport.TenantID    // empty: none
}

// A Lesson is what was asked of an API that learns, and how often.
type Lesson struct {
	LessonKey
	Kind     sallyport.PrincipalKind
	Login    string
	Requests int64
	Answered int64 // answers of the upstream that were seen
	Absent   int64 // of those, the ones that say that there is no such thing
	First    time.Time
	Last     time.Time
}

// Add adds what was seen besides.
func (l *Lesson) Add(more *Lesson) {
	l.Requests += more.Requests
	l.Answered += more.Answered
	l.Absent += more.Absent
	if l.First.IsZero() || !more.First.IsZero() && more.First.Before(l.First) {
		l.First = more.First
	}
	if !more.Last.Before(l.Last) {
		l.Last = more.Last
		if more.Login != "" {
			l.Kind, l.Login = more.Kind, more.Login
		}
	}
}

const selectLessons = `
	SELECT api, path, method, principal, tenant, kind, login, requests, answered, absent, first, last
	FROM lesson WHERE api = $1 ORDER BY path, method, principal, tenant`

// Lessons returns all that was learned of an API. Who writes it sees to it that
// there is never much.
func (r *Reader) Lessons(ctx context.Context, api sallyport.APIName) ([]Lesson, error) {
	return list(ctx, r, "lesson", selectLessons, scanLesson, string(api))
}

func scanLesson(r row) (l Lesson, err error) {
	var first, last int64
	err = r.Scan(&l.API, &l.Path, &l.Method, &l.Principal, &l.Tenant, &l.Kind, &l.Login, &l.Requests, &l.Answered, &l.Absent, &first, &last)
	l.First, l.Last = moment(first), moment(last)
	return l, err
}

var putLessons = batchText{
	head: `INSERT INTO lesson (api, path, method, principal, tenant, kind, login, requests, answered, absent, first, last) VALUES `,
	row:  []string{asText, asText, asText, asText, asText, asText, asText, asInt, asInt, asInt, asInt, asInt},
	tail: ` ON CONFLICT (api, path, method, principal, tenant) DO UPDATE SET
		kind = excluded.kind, login = excluded.login, requests = excluded.requests, answered = excluded.answered,
		absent = excluded.absent, first = excluded.first, last = excluded.last`,
}

// PutLessons writes lessons down in the place of those with the same keys. Each
// key must be there once.
func (t *Tx) PutLessons(ctx context.Context, list []Lesson) error {
	rows := make([][]any, len(list))
	for i, l := range list {
		rows[i] = []any{
			string(l.API), l.Path, l.Method, string(l.Principal), string(l.Tenant), string(l.Kind), l.Login,
			l.Requests, l.Answered, l.Absent, micros(l.First), micros(l.Last),
		}
	}
	return t.batch(ctx, "lesson", putLessons, rows)
}

const (
	deleteLessons = `
	DELETE FROM lesson WHERE api = $1`
	pruneLessons = `
	DELETE FROM lesson WHERE last < $1`
)

// ForgetLessons forgets all that was learned of an API, and returns how many
// lessons that were.
func (t *Tx) ForgetLessons(ctx context.Context, api sallyport.APIName) (int64, error) {
	return t.exec(ctx, "lesson", deleteLessons, string(api))
}

// PruneLessons forgets what was last seen before a time.
func (t *Tx) PruneLessons(ctx context.Context, before time.Time) (int64, error) {
	return t.exec(ctx, "lesson", pruneLessons, micros(before))
}
