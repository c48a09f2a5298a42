package doors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy/shape"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of what is learned of an API.
const (
	lessonQueue    = 4096 // requests and answers that wait; what comes after is counted only
	lessonInterval = 5 * time.Second
	maxLessons     = 4000 // of an API; what comes after is not told apart
	maxLearners    = 100  // principals of one method and pattern; the others are not told apart
)

// Others stand for principals of a route beyond those that are told apart.
const Others sallyport.PrincipalID = "others"

// A lesson is a request that an API let through because it learns, or the answer
// to one. It holds the path for as long as it waits; what is written down is a
// pattern.
type lesson struct {
	store.Lesson
	path string
}

// A lessonBook takes note of what is asked of APIs that learn, until it is written
// down. A request pays for a copy of its path and a place in a queue.
type lessonBook struct {
	store *store.Store
	log   *slog.Logger
	queue chan *lesson
	lost  atomic.Int64 // that found no room

	writing sync.Mutex // guards due; one at a time
	due     time.Time
}

func newLessonBook(s *store.Store, log *slog.Logger) *lessonBook {
	return &lessonBook{store: s, log: log, queue: make(chan *lesson, lessonQueue)}
}

func (b *lessonBook) hear(l *lesson) {
	select {
	case b.queue <- l:
	default:
		b.lost.Add(1)
	}
}

// lesson is what there is to learn of the visit.
func (v *visit) lesson() *lesson {
	l := lessonOf(v.request, &v.decision)
	l.Requests, l.First, l.Last = 1, v.now.Truncate(time.Microsecond), v.now.Truncate(time.Microsecond)
	return l
}

func lessonOf(r *Request, dec *sallyport.Decision) *lesson {
	path := r.Canonical.Path[min(len(r.BasePath), len(r.Canonical.Path)):]
	l := &lesson{path: strings.Clone(path[:min(len(path), 2*maxPath)])}
	l.API, l.Method, l.Tenant = dec.API, strings.Clone(head(maxMethod, r.Method)), sallyport.TenantID(strings.Clone(string(dec.Tenant)))
	if p := dec.Principal; p != nil {
		l.Principal, l.Kind, l.Login = p.ID, p.Kind, p.Login
	}
	return l
}

// Answered takes note of what the upstream answered to a request of an API that
// learns: a route that leads to nothing need not be proposed.
func (d *Doors) Answered(r *Request, dec *sallyport.Decision, status int) {
	l := lessonOf(r, dec)
	l.Answered = 1
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		l.Absent = 1
	}
	d.lessons.hear(l)
}

// flush writes down what was heard: now, or if it was not done for a while.
func (b *lessonBook) flush(ctx context.Context, now time.Time, atOnce bool) error { //nolint:revive // not a switch: how urgent it is
	b.writing.Lock()
	defer b.writing.Unlock()
	if !atOnce && now.Before(b.due) {
		return nil
	}
	b.due = now.Add(lessonInterval)
	if n := b.lost.Swap(0); n > 0 {
		b.log.WarnContext(ctx, "more is asked of APIs that learn than can be noted; how often is too low", "uncounted", n)
	}
	heard := map[sallyport.APIName]map[store.LessonKey]*store.Lesson{}
	for len(b.queue) > 0 {
		l := <-b.queue
		l.Path = shape.Pattern(l.path)
		if heard[l.API] == nil {
			heard[l.API] = map[store.LessonKey]*store.Lesson{}
		}
		add(heard[l.API], &l.Lesson)
	}
	var failed []error
	for api, lessons := range heard {
		if err := b.write(ctx, api, lessons); err != nil {
			failed = append(failed, fmt.Errorf("write down what the API %s learned: %w", api, err))
		}
	}
	return errors.Join(failed...)
}

func add(to map[store.LessonKey]*store.Lesson, l *store.Lesson) {
	if there := to[l.LessonKey]; there != nil {
		there.Add(l)
		return
	}
	own := *l
	to[l.LessonKey] = &own
}

// write adds what was heard to what is written down already, by whatever node.
func (b *lessonBook) write(ctx context.Context, api sallyport.APIName, heard map[store.LessonKey]*store.Lesson) error {
	_, err := b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Exclusive(ctx); err != nil {
			return err
		}
		there, err := tx.Lessons(ctx, api)
		if err != nil {
			return err
		}
		page := newLessonPage(api, there)
		for _, l := range sortedLessons(heard) {
			page.add(l)
		}
		if page.fold() {
			if _, err := tx.ForgetLessons(ctx, api); err != nil {
				return err
			}
		}
		return tx.PutLessons(ctx, page.changed())
	})
	return err
}

func sortedLessons(m map[store.LessonKey]*store.Lesson) []*store.Lesson {
	out := make([]*store.Lesson, 0, len(m))
	for _, l := range m {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *store.Lesson) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Tenant, b.Tenant))
	})
	return out
}

// A lessonPage is all that was learned of one API, kept within bounds.
type lessonPage struct {
	api     sallyport.APIName
	lessons map[store.LessonKey]*store.Lesson
	fresh   map[store.LessonKey]bool // to be written
	callers map[[2]string]int        // by path and method
}

func newLessonPage(api sallyport.APIName, there []store.Lesson) *lessonPage {
	p := &lessonPage{api: api}
	p.begin(len(there))
	for i := range there {
		p.lessons[there[i].LessonKey] = &there[i]
		p.callers[[2]string{there[i].Path, there[i].Method}]++
	}
	return p
}

func (p *lessonPage) begin(n int) {
	p.lessons = make(map[store.LessonKey]*store.Lesson, n)
	p.fresh, p.callers = map[store.LessonKey]bool{}, map[[2]string]int{}
}

// add adds a lesson where it belongs: to its own key, or to that of the others
// when there is no room.
func (p *lessonPage) add(l *store.Lesson) {
	one := *l
	route := [2]string{one.Path, one.Method}
	if p.lessons[one.LessonKey] == nil && one.Principal != "" && p.callers[route] >= maxLearners {
		one.Principal, one.Tenant, one.Kind, one.Login = Others, "", "", ""
	}
	if p.lessons[one.LessonKey] == nil {
		if len(p.lessons) >= maxLessons {
			one.LessonKey, one.Kind, one.Login = store.LessonKey{API: p.api}, "", ""
			route = [2]string{}
		}
		if p.lessons[one.LessonKey] == nil {
			p.callers[route]++
		}
	}
	add(p.lessons, &one)
	p.fresh[one.LessonKey] = true
}

// fold makes names of words that stand in one place in too great a number, and
// when there is hardly any room left lets go what leads to nothing. It reports
// whether something has gone that was written down before.
func (p *lessonPage) fold() bool {
	seen := map[string]int64{}
	full, nothing := len(p.lessons) >= maxLessons*9/10, 0
	for k, l := range p.lessons {
		if k.Path == "" {
			continue
		}
		seen[k.Path] += l.Requests
		if l.Answered > 0 && l.Absent == l.Answered {
			nothing++
		}
	}
	becomes := shape.Bound(seen)
	if len(becomes) == 0 && (!full || nothing == 0) {
		return false
	}
	old := sortedLessons(p.lessons)
	p.begin(len(old))
	for _, l := range old {
		if to, ok := becomes[l.Path]; ok {
			l.Path = to
		}
		if full && l.Answered > 0 && l.Absent == l.Answered {
			l.LessonKey, l.Kind, l.Login = store.LessonKey{API: p.api}, "", ""
		}
		p.add(l)
	}
	return true
}

func (p *lessonPage) changed() []store.Lesson {
	var out []store.Lesson
	for _, l := range sortedLessons(p.lessons) {
		if p.fresh[l.LessonKey] {
			out = append(out, *l)
		}
	}
	return out
}
