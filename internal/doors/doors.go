package doors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Config is what the doors are made of.
type Config struct {
	Store    *store.Store
	Compiler *policy.Compiler
	Secrets  *token.Digester // digests as they are stored
	Sealer   *token.Sealer   // opens the signing keys
	Factors  *token.Sealer   // opens the secrets of second factors
	Passkeys *passkey.Party  // nil: there are none here
	Hasher   *password.Hasher
	Throttle *authn.Throttle
	Issuer   string // the "iss" of what is signed here: the installation's public URL
	Now      func() time.Time
	Log      *slog.Logger

	MaxStaleness time.Duration // how long this node decides without confirming the newest revision
	Credentials  int           // known credentials at most; 0: the default of package authn

	// Loaded, if not nil, is told of each policy that was put in force.
	Loaded func(*policy.Snapshot)

	// Pseudonyms is for logins that nobody has, in the audit entries of sign-ins
	// that failed. Nil: these entries are not written.
	Pseudonyms *token.PseudonymKey

	// ExpiryWarning is how long before a token or key ends its owner is told so; see
	// [Doors.Notice]. 0: never.
	ExpiryWarning time.Duration

	// Untraced says that decisions are not kept, so that nobody can ask why.
	Untraced bool

	// Uncounted says that the use of permissions is not counted, so that there can
	// be no advice.
	Uncounted bool
}

// Doors decides. It is safe for concurrent use. Make it with [New].
type Doors struct {
	store    *store.Store
	compiler *policy.Compiler
	sealer   *token.Sealer
	issuer   string
	now      func() time.Time
	log      *slog.Logger
	loaded   func(*policy.Snapshot)

	throttle     *authn.Throttle
	pseudonyms   *token.PseudonymKey
	maxStaleness time.Duration
	lease        lease

	policy     atomic.Pointer[inForce]
	keys       atomic.Pointer[token.KeySet]
	revision   atomic.Uint64 // copy of applied that decisions read
	authn      *authn.Verifier
	principals *principals
	ledger     *ledger    // nil: decisions are not kept
	uses       *useLedger // nil: the use of permissions is not counted
	lessons    *lessonBook
	advice     *advice
	watcher    atomic.Pointer[func(*policy.Observed)] // nil: nobody is told of requests
	assertions *otter.Cache[assertionKey, string]
	warning    time.Duration
	notices    notices

	// applying is held while changes are applied; it guards the rest.
	applying sync.Mutex
	applied  sallyport.Revision
	loader   policy.Loader
}

// maxAssertions bounds how many signed assertions are kept for reuse.
const maxAssertions = 1 << 16

// New returns doors with the newest policy in force.
func New(ctx context.Context, c Config) (*Doors, error) {
	assertions, err := otter.New(&otter.Options[assertionKey, string]{
		MaximumSize:      maxAssertions,
		ExpiryCalculator: otter.ExpiryWriting[assertionKey, string](assertionReuse),
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache of assertions: %w", err)
	}
	memory, err := token.NewMemoryKey()
	if err != nil {
		assertions.StopAllGoroutines()
		return nil, err
	}
	advice, err := newAdvice()
	if err != nil {
		assertions.StopAllGoroutines()
		return nil, err
	}
	d := &Doors{
		advice: advice, warning: c.ExpiryWarning,
		store: c.Store, compiler: c.Compiler, sealer: c.Sealer, issuer: c.Issuer, now: c.Now, log: c.Log, loaded: c.Loaded,
		throttle: c.Throttle, pseudonyms: c.Pseudonyms, maxStaleness: c.MaxStaleness, assertions: assertions,
	}
	d.lease.start = c.Now()
	d.principals = newPrincipals(d.loadPrincipal)
	d.authn = authn.New(authn.Config{
		Store: c.Store, Secrets: c.Secrets, Factors: c.Factors, Passkeys: c.Passkeys, Memory: memory, Keys: d.keys.Load, Hasher: c.Hasher,
		Throttle: c.Throttle, Now: c.Now, Log: c.Log, Capacity: c.Credentials,
		Number: d.principals.number, Scopes: c.Compiler.LimitIndex,
	})
	if !c.Untraced {
		d.ledger = newLedger(c.Store, d.authn, c.Log)
	}
	if !c.Uncounted {
		d.uses = newUseLedger(c.Store, c.Compiler, c.Log)
	}
	d.lessons = newLessonBook(c.Store, c.Log)
	if err := d.begin(ctx, c); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// begin takes up what the store has.
func (d *Doors) begin(ctx context.Context, c Config) error {
	if err := c.Throttle.Load(ctx, &c.Store.Reader); err != nil {
		return err
	}
	asked := c.Now()
	revision, err := c.Store.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read the revision: %w", err)
	}
	everything := []sallyport.Change{{Revision: revision, Kind: sallyport.ChangeEverything}}
	if err := d.apply(ctx, everything); err != nil {
		return err
	}
	d.lease.confirm(asked)
	return nil
}

// Decide takes the decision on a request and fills the request's second part.
// A decision about what this node knows asks the store nothing and allocates
// nothing.
func (d *Doors) Decide(ctx context.Context, r *Request) sallyport.Decision {
	v := visit{doors: d, policy: d.policy.Load(), request: r, now: r.Now}
	if v.now.IsZero() {
		v.now = d.now()
	}
	v.decision.RequestID, v.decision.Revision = r.ID, sallyport.Revision(d.revision.Load())
	v.decision.Reason = v.decide(ctx)
	v.decision.Allowed = v.decision.Reason == ""
	if f := d.watcher.Load(); f != nil {
		v.observe(*f)
	}
	if v.decision.Allowed && !v.decision.Learning.IsZero() {
		d.lessons.hear(v.lesson())
	}
	if d.ledger != nil && (!v.decision.Allowed && r.ID != "" || r.Session != "" || d.ledger.samples(r.ID, v.now)) {
		var n note
		v.note(&n)
		d.ledger.keep(&n)
	}
	return v.decision
}

// Policy returns the policy in force.
func (d *Doors) Policy() *policy.Snapshot { return d.policy.Load().Snapshot }

// Keys returns the signing keys in force.
func (d *Doors) Keys() *token.KeySet { return d.keys.Load() }

// Revision returns the revision that this node has applied.
func (d *Doors) Revision() sallyport.Revision { return sallyport.Revision(d.revision.Load()) }

// Lag returns how long ago this node confirmed that its revision is the newest.
func (d *Doors) Lag() time.Duration { return d.lease.age(d.now()) }

// Known returns how many credentials this node remembers.
func (d *Doors) Known() int { return d.authn.Size() }

// Flush writes the uses of credentials, the failed attempts and the decisions
// since the last flush to the store, and now and then the uses of permissions.
// It is called every second and before the end.
func (d *Doors) Flush(ctx context.Context) error {
	return errors.Join(
		d.authn.Flush(ctx), d.throttle.Flush(ctx, d.store), d.flushFailures(ctx, false), d.FlushDecisions(ctx), d.flushUses(ctx, false),
		d.lessons.flush(ctx, d.now(), false),
	)
}

// LastFlush is [Doors.Flush] for the end: it leaves nothing for a later one.
func (d *Doors) LastFlush(ctx context.Context) error {
	return errors.Join(d.flushFailures(ctx, true), d.Flush(ctx), d.flushUses(ctx, true), d.lessons.flush(ctx, d.now(), true))
}

// FlushDecisions writes down what was decided on this node until now, for who
// asks why a moment later.
func (d *Doors) FlushDecisions(ctx context.Context) error {
	if d.ledger == nil {
		return nil
	}
	return d.ledger.flush(ctx)
}

// Close ends what goes on in the background. The doors must not be asked any more.
func (d *Doors) Close() {
	d.assertions.StopAllGoroutines()
	d.advice.cache.StopAllGoroutines()
}
