package doors

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of what is kept of decisions. Each tenant has its own share, so that
// whoever has a thousand requests refused in one pushes nothing out in another.
const (
	pendingEach = 256  // decisions of a tenant between two flushes; the oldest give way
	pendingAll  = 1024 // of all tenants; what comes after that is not kept

	keepRefused = 10_000 // decisions of a tenant in the store
	keepAllowed = 1_000
	trimAfter   = 1_000 // decisions written for a tenant before its oldest are forgotten

	sampleInterval = time.Second // between two allowed requests that are kept
)

// A ledger remembers refusals, and a sample of what was allowed, until they are
// written down with their traces. A request pays for a note and a lock that only
// refused requests share; the trace is made by who flushes.
type ledger struct {
	store *store.Store
	authn *authn.Verifier
	log   *slog.Logger

	sampled atomic.Int64 // unix microseconds of the last allowed request that was kept

	mu      sync.Mutex // guards what follows, down to spare
	pending map[sallyport.TenantID]*ring
	count   int
	dropped int
	spare   []*record // to be used again

	flushing sync.Mutex // guards written; one flush at a time
	written  map[trimKey]int
}

type trimKey struct {
	tenant  sallyport.TenantID
	allowed bool
}

// A ring has the newest records of one tenant.
type ring struct {
	records []*record
	next    int // where the oldest is, once it is full
}

func newLedger(s *store.Store, v *authn.Verifier, log *slog.Logger) *ledger {
	return &ledger{store: s, authn: v, log: log, pending: map[sallyport.TenantID]*ring{}, written: map[trimKey]int{}}
}

// samples reports whether an allowed request is kept: one in 64 at most, by its
// id, and not more than one in an interval. The ids are random, so nothing is
// shared by the other 63.
func (l *ledger) samples(id string, now time.Time) bool {
	// The last character of an id has two random bits, the one before it six.
	if len(id) < 8 || id[len(id)-2] != 'A' {
		return false
	}
	at, last := now.UnixMicro(), l.sampled.Load()
	return at-last >= sampleInterval.Microseconds() && l.sampled.CompareAndSwap(last, at)
}

// keep remembers a decision until the next flush. It allocates nothing once there
// were as many decisions between two flushes before.
func (l *ledger) keep(n *note) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.pending[n.whose()]
	switch {
	case r != nil && len(r.records) == pendingEach:
		r.records[r.next].keep(n)
		r.next = (r.next + 1) % pendingEach
		l.dropped++
	case l.count == pendingAll:
		l.dropped++
	default:
		if r == nil {
			r = &ring{}
			l.pending[sallyport.TenantID(strings.Clone(string(n.whose())))] = r
		}
		kept := l.blank()
		kept.keep(n)
		r.records = append(r.records, kept)
		l.count++
	}
}

// blank returns a record that nobody has.
func (l *ledger) blank() *record {
	last := len(l.spare) - 1
	if last < 0 {
		return new(record)
	}
	r := l.spare[last]
	l.spare = l.spare[:last]
	return r
}

// take returns what was kept since the last flush.
func (l *ledger) take() (records []*record, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.pending {
		records = append(records, r.records...)
	}
	dropped = l.dropped
	clear(l.pending)
	l.count, l.dropped = 0, 0
	return records, dropped
}

// giveBack takes back records that were read.
func (l *ledger) giveBack(records []*record) {
	for _, r := range records {
		r.forget()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = append(l.spare, records[:min(len(records), pendingAll-len(l.spare))]...)
}

// flush writes down what was kept, with traces. When the store does not answer
// it is kept for the next time, as far as there is room.
func (l *ledger) flush(ctx context.Context) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	records, dropped := l.take()
	notes := make([]*note, len(records))
	for i, r := range records {
		notes[i] = r.read()
	}
	l.giveBack(records)
	if dropped > 0 {
		l.log.WarnContext(ctx, "more requests were refused than can be explained; some of them will not be found by why", "count", dropped)
	}
	if len(notes) == 0 {
		return nil
	}
	rows, err := l.rows(ctx, notes)
	if err == nil {
		_, err = l.store.Write(ctx, func(tx *store.Tx) error {
			if err := tx.AddDecisions(ctx, rows); err != nil {
				return err
			}
			return l.trim(ctx, tx, rows)
		})
	}
	if err == nil {
		return nil
	}
	if sallyport.KindOf(err) == sallyport.Unavailable {
		for _, n := range notes {
			l.keep(n)
		}
	}
	return fmt.Errorf("write down %d decisions: %w", len(notes), err)
}

// trim forgets the oldest decisions of tenants that have had many.
func (l *ledger) trim(ctx context.Context, tx *store.Tx, rows []store.Decision) error {
	for i := range rows {
		l.written[trimKey{rows[i].Tenant, rows[i].Allowed}]++
	}
	for k, n := range l.written {
		if n < trimAfter {
			continue
		}
		most := keepRefused
		if k.allowed {
			most = keepAllowed
		}
		if _, err := tx.TrimDecisions(ctx, k.tenant, k.allowed, most); err != nil {
			return err
		}
		delete(l.written, k)
	}
	return nil
}

// An asking asks what is stored of a credential once for each.
type asking struct {
	*ledger
	refused map[authn.Claim]authn.Claimed
	good    map[sallyport.UUID]authn.Claimed
}

// ask begins with the credentials that were good, all at once.
func (l *ledger) ask(ctx context.Context, notes []*note) (*asking, error) {
	var ids []sallyport.UUID
	seen := map[sallyport.UUID]bool{}
	for _, n := range notes {
		if id := n.decision.Credential; n.principal != nil && !seen[id] && id != (sallyport.UUID{}) && authn.Named(n.decision.CredentialKind) {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	good, err := l.authn.Stored(ctx, ids)
	return &asking{ledger: l, refused: map[authn.Claim]authn.Claimed{}, good: good}, err
}

// claimed returns what is stored of the credential of a request.
func (a *asking) claimed(ctx context.Context, n *note) (c authn.Claimed, err error) {
	if n.principal != nil {
		return a.good[n.decision.Credential], nil
	}
	if n.claim == (authn.Claim{}) {
		return c, nil
	}
	c, asked := a.refused[n.claim]
	if !asked {
		c, err = a.authn.Trace(ctx, n.claim)
		a.refused[n.claim] = c
	}
	return c, err
}

// rows makes of notes what is stored.
func (l *ledger) rows(ctx context.Context, notes []*note) ([]store.Decision, error) {
	a, err := l.ask(ctx, notes)
	if err != nil {
		return nil, err
	}
	rows := make([]store.Decision, 0, len(notes))
	for _, n := range notes {
		claimed, err := a.claimed(ctx, n)
		if err != nil {
			return nil, err
		}
		row, err := n.row(&claimed)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row returns the decision as it is stored.
func (n *note) row(claimed *authn.Claimed) (store.Decision, error) {
	dec := &n.decision
	row := store.Decision{
		RequestID: dec.RequestID, At: n.at, Tenant: n.whose(), Allowed: dec.Allowed, Reason: dec.Reason, API: dec.API, Route: dec.Route,
		Method: clean(n.method), Host: clean(n.host), Path: clean(n.path), CredentialKind: dec.CredentialKind,
		ActedIn: dec.Tenant, Realm: clean(upTo(maxAsked, dec.Realm)), Revision: dec.Revision, Missing: dec.Missing, Scopes: dec.MissingScopes,
	}
	if n.client.IsValid() {
		row.Address = n.client.String()
	}
	if dec.Credential != (sallyport.UUID{}) {
		row.Credential = dec.Credential.String()
	}
	switch {
	case n.principal != nil:
		p := &n.principal.Principal
		row.Principal, row.PrincipalKind, row.Login = p.ID, p.Kind, p.Login
	default:
		n.ownerInto(&row, claimed)
	}
	trace, err := json.Marshal(n.trace(claimed))
	row.Trace = string(trace)
	return row, err
}

// ownerInto says whose a refused credential is, so that its owner and who
// administers him can find the refusal.
func (n *note) ownerInto(row *store.Decision, claimed *authn.Claimed) {
	row.CredentialKind = n.claim.Kind
	if u := claimed.User; u != nil {
		row.Principal, row.PrincipalKind, row.Login, row.Tenant = u.ID, sallyport.PrincipalPerson, u.Login, u.Tenant
		if u.Kind == sallyport.Service {
			row.PrincipalKind = sallyport.PrincipalService
		}
	}
	if c := claimed.Credential; c != nil {
		row.Credential, row.CredentialKind = string(c.ID), c.Kind
		if c.Kind == sallyport.APIKey {
			row.Principal, row.PrincipalKind, row.Login, row.Tenant = c.Owner, sallyport.PrincipalAPIKey, c.Name, c.Tenant
		}
	}
}
