package admin

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of what shadows do on a node.
const (
	shadowQueue    = 4096 // requests that wait to be compared; what comes after is let go
	shadowBatch    = 512  // of them that are compared in one look at the store
	shadowSorts    = 1000 // sorts of differences between two flushes, of one shadow
	shadowPause    = 500 * time.Millisecond
	shadowRefresh  = 2 * time.Second
	shadowReplan   = 5 * time.Second // between two plans of one draft, however often the policy changes
	shadowPatience = 30 * time.Second
)

// A shadows is what a node does about drafts. Requests pay for a note and a
// place in a queue, and only while a shadow runs; all else happens in [Run].
type shadows struct {
	queue chan *policy.Observed
	seen  atomic.Int64 // since the last flush, also what was let go

	mu     sync.Mutex // guards all below; one round at a time
	drafts map[string]*draft
	due    time.Time // of the next look at which shadows there are
}

// A draft is a shadow on this node.
type draft struct {
	store.Shadow
	cast     *cast // nil: it cannot be tried
	revision sallyport.Revision
	planned  time.Time
	compared int64
	found    map[differenceKey]*store.ShadowDifference
}

type differenceKey struct {
	day       int64
	refused   bool
	tenant    sallyport.TenantID
	principal sallyport.PrincipalID
	api       sallyport.APIName
	route     string
	reason    sallyport.Reason
}

func newShadows() *shadows {
	return &shadows{queue: make(chan *policy.Observed, shadowQueue), drafts: map[string]*draft{}}
}

// observe takes a request to be compared, if there is room.
func (h *shadows) observe(o *policy.Observed) {
	h.seen.Add(1)
	select {
	case h.queue <- o:
	default:
	}
}

// RunShadows tries drafts on the requests of this node until ctx ends. failed is
// told of trouble.
func (s *Service) RunShadows(ctx context.Context, failed func(error)) {
	if s.c.Watch == nil {
		return
	}
	defer s.c.Watch(nil)
	tick := time.NewTicker(shadowPause)
	defer tick.Stop()
	for {
		if err := s.shadowRound(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shadowReplan)
			defer cancel()
			if err := s.flushShadows(last); err != nil {
				failed(err)
			}
			return
		case <-tick.C:
		}
	}
}

// shadowRound looks which shadows there are, compares what waits and writes down
// what was found.
func (s *Service) shadowRound(ctx context.Context) error {
	h := s.shadows
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := s.refreshShadows(ctx); err != nil {
		return err
	}
	for len(h.drafts) > 0 && len(h.queue) > 0 {
		if err := s.compareShadows(ctx); err != nil {
			return err
		}
	}
	return s.writeShadows(ctx)
}

// flushShadows is a round for who wants to know what was found.
func (s *Service) flushShadows(ctx context.Context) error {
	if s.c.Watch == nil {
		return nil
	}
	return s.shadowRound(ctx)
}

// rouseShadows has this node try what was started a moment ago from now on. If
// that fails, it will when it looks the next time.
func (s *Service) rouseShadows(ctx context.Context) {
	if s.c.Watch == nil {
		return
	}
	h := s.shadows
	h.mu.Lock()
	defer h.mu.Unlock()
	h.due = time.Time{}
	_ = s.refreshShadows(ctx)
}

// refreshShadows brings the drafts of this node to what the store has.
func (s *Service) refreshShadows(ctx context.Context) error {
	h, now := s.shadows, s.c.Now()
	if now.Before(h.due) {
		return nil
	}
	all, err := s.c.Store.Shadows(ctx)
	if err != nil {
		return err
	}
	h.due = now.Add(shadowRefresh)
	running := map[string]*draft{}
	for i := range all {
		if !all[i].Ends.After(now) {
			continue
		}
		d := h.drafts[all[i].ID]
		if d == nil {
			d = &draft{found: map[differenceKey]*store.ShadowDifference{}}
		}
		d.Shadow = all[i]
		running[d.ID] = d
	}
	h.drafts = running
	if len(running) > 0 {
		s.c.Watch(h.observe)
	} else {
		s.c.Watch(nil)
	}
	return nil
}

// compareShadows takes some requests and decides them under each draft.
func (s *Service) compareShadows(ctx context.Context) error {
	h := s.shadows
	ctx, cancel := context.WithTimeout(ctx, shadowPatience)
	defer cancel()
	var batch []*policy.Observed
	for len(batch) < shadowBatch && len(h.queue) > 0 {
		batch = append(batch, <-h.queue)
	}
	for _, d := range h.drafts {
		err := s.look(ctx, System("shadow "+d.Name), func(w *work) error {
			if err := d.plan(ctx, w); err != nil || d.cast == nil {
				return err
			}
			for _, o := range batch {
				if err := d.compare(ctx, o); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// plan works out the policy as it would be, again when the policy in force has
// changed since.
func (d *draft) plan(ctx context.Context, w *work) error {
	revision := w.snapshot.Revision()
	newest, err := w.tx.Revision(ctx)
	if err != nil {
		return err
	}
	revision = max(revision, newest)
	if revision == d.revision || !d.planned.IsZero() && w.now.Sub(d.planned) < shadowReplan {
		if d.cast != nil {
			d.cast.work = w // its transaction
		}
		return nil
	}
	var doc api.Policy
	if err := json.Unmarshal([]byte(d.Draft), &doc); err != nil {
		return err
	}
	d.revision, d.planned, d.cast, d.Problem = revision, w.now, nil, ""
	p, err := w.planPolicy(ctx, api.PolicyRequest{Policy: doc, Adopt: d.Adopt})
	switch kind := sallyport.KindOf(err); {
	case err == nil:
		d.cast = newCast(p)
	case kind == sallyport.Internal || kind == sallyport.Unavailable:
		return err
	default:
		d.Problem = upTo(1000, err.Error())
	}
	return nil
}

// compare decides a request under the draft and notes if that is otherwise.
func (d *draft) compare(ctx context.Context, o *policy.Observed) error {
	var who *policy.Principal
	if o.Principal != "" {
		var err error
		if who, err = d.cast.principalByID(ctx, o.Principal); err != nil || who == nil {
			return err
		}
	}
	dec := d.cast.c.Judge(d.cast.final, who, &o.Trial)
	d.compared++
	if dec.Allowed == o.Allowed {
		return nil
	}
	reason, route := dec.Reason, o.Route
	if dec.Allowed {
		reason, route = o.Reason, dec.Route
	}
	k := differenceKey{store.DayOf(o.Time), !dec.Allowed, o.ActedIn, o.Principal, o.API, route, reason}
	told := d.tells(o.ActedIn)
	if !told {
		k.principal, k.tenant, k.route = "", "", ""
	}
	f := d.found[k]
	if f == nil {
		if len(d.found) >= shadowSorts {
			k.principal, k.tenant, k.route = "", "", "" // counted, if not told apart
		}
		if f = d.found[k]; f == nil {
			f = &store.ShadowDifference{
				Shadow: d.ID, Day: k.day, Refused: k.refused, Tenant: k.tenant, Principal: k.principal, API: k.api, Route: k.route, Reason: k.reason,
			}
			d.found[k] = f
		}
	}
	f.Requests++
	f.Last = o.Time.Truncate(time.Microsecond)
	if told {
		f.Method, f.Path, f.RequestID = o.Method, o.Path, o.RequestID
	}
	if k.principal != "" {
		f.Login = o.Login
	}
	return nil
}

// tells reports whether whoever reads the report may be told of requests in a
// tenant. A draft can change what comes to pass in others too, by who is at home
// where it is about; that is counted, and no more.
func (d *draft) tells(t sallyport.TenantID) bool {
	return slices.Contains(d.Tenants, t) || slices.Contains(d.Tenants, sallyport.EveryTenant)
}

// writeShadows writes down what was found since the last time.
func (s *Service) writeShadows(ctx context.Context) error {
	h := s.shadows
	if len(h.drafts) == 0 {
		h.seen.Store(0)
		return nil
	}
	seen := h.seen.Swap(0)
	var list []store.ShadowDifference
	changed := seen > 0
	for _, d := range h.drafts {
		for _, f := range d.found {
			list = append(list, *f)
		}
		changed = changed || d.compared > 0
	}
	if !changed && len(list) == 0 {
		return nil
	}
	_, err := s.c.Store.Write(ctx, func(tx *store.Tx) error {
		for _, d := range h.drafts {
			if err := tx.ProgressShadow(ctx, d.ID, seen, d.compared, d.Problem); err != nil {
				return err
			}
		}
		return tx.AddDifferences(ctx, list)
	})
	if err != nil {
		h.seen.Add(seen)
		return err
	}
	for _, d := range h.drafts {
		d.compared = 0
		clear(d.found)
	}
	return nil
}
