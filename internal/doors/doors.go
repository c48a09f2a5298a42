package doors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/doors/target"
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

// A visit is one request's way through the doors.
type visit struct {
	doors    *Doors
	policy   *inForce
	request  *Request
	decision sallyport.Decision
	now      time.Time
	waited   bool // for the store, or for the client: now may be long ago

	known     authn.Known  // zero for an anonymous request
	claim     *authn.Claim // of a credential that was refused; nil: not looked at yet
	principal *policy.Principal

	realmOfTrial string // of a request that nobody made, where a dialect would have to find it
}

// decide returns why not, or "".
func (v *visit) decide(ctx context.Context) sallyport.Reason {
	if reason := v.find(); reason != "" {
		return reason
	}
	// The route is known before the credential is looked at, since a public one
	// needs none; but who has none, or a bad one, is not told what routes there
	// are.
	if reason := v.doorOne(ctx); reason != "" {
		return reason
	}
	reason := v.doorTwo()
	if v.principal != nil && Counts(reason) {
		v.count()
	}
	if reason == "" {
		reason = v.stillCurrent()
	}
	if reason == "" && v.principal != nil {
		v.use()
	}
	return reason
}

// Counts reports whether a request that door two refused for a reason was still a
// use of its credential: it was good for the place, and something else was missing.
func Counts(reason sallyport.Reason) bool {
	switch reason { //nolint:exhaustive // all others
	case sallyport.ScopeInsufficient, sallyport.KindForbidden, sallyport.CredentialNotAccepted:
		return false
	}
	return true
}

// openTarget lets every spelling pass that a single API may have opened; the
// API that the path leads to closes again what it did not open.
var openTarget = target.Options{AllowEncodedSlash: true, AllowSemicolon: true, AllowEmptySegments: true}

// find reads the request target and finds the API and the route.
//
// Nearly every target passes with all rules closed. Then it reads the same with
// any of them open, and need not be read again for its API.
func (v *visit) find() sallyport.Reason {
	r := v.request
	t, fault := target.Parse(r.Method, r.Target, r.Host, target.Options{Scheme: r.Scheme})
	closed := fault == target.OK
	if !closed {
		options := openTarget
		options.Scheme = r.Scheme
		if t, fault = target.Parse(r.Method, r.Target, r.Host, options); fault != target.OK {
			v.inManner()
			return reasonOfTarget(fault)
		}
	}
	api, rest := v.policy.Find(t.Host, t.Path)
	if api == nil {
		r.Canonical = t
		return sallyport.APIUnknown
	}
	v.decision.API, r.API = api.Name, api
	if open := api.Document.Path; !closed && open != (sallyport.PathSpec{AllowEncodedSlash: true, AllowSemicolon: true, AllowEmptySegments: true}) {
		t, fault = target.Parse(r.Method, r.Target, r.Host, target.Options{
			Scheme:             r.Scheme,
			AllowEncodedSlash:  open.AllowEncodedSlash,
			AllowSemicolon:     open.AllowSemicolon,
			AllowEmptySegments: open.AllowEmptySegments,
		})
		if fault != target.OK {
			return reasonOfTarget(fault)
		}
	}
	r.Canonical, r.BasePath = t, t.Path[:len(t.Path)-len(rest)]
	for _, p := range api.Parameters {
		if reason := v.once(p); reason != "" {
			return reason
		}
	}
	if api.Fold != nil {
		if reason := v.folded(); reason != "" {
			return reason
		}
	}
	api.Match(r.Method, t.Host, rest, parameters{r}, &r.Match)
	if r.fault != "" {
		return r.fault
	}
	if api.Learn(v.now, &r.Match) {
		v.decision.Learning = api.Document.Learn.Until
	}
	if r.Match.Route != nil {
		v.decision.Route = r.Match.Route.ID
	}
	return ""
}

// inManner finds the API in whose manner it is told that a target cannot be read:
// the one that its path leads to as far as it is plain. The request is refused
// whatever is found.
func (v *visit) inManner() {
	r := v.request
	path, _, _ := strings.Cut(r.Target[:min(len(r.Target), target.MaxPath)], "?")
	if odd := strings.IndexAny(path, `%\;`); odd >= 0 {
		path = path[:strings.LastIndexByte(path[:odd], '/')+1]
	}
	t, fault := target.Parse(http.MethodGet, path, r.Host, target.Options{Scheme: r.Scheme})
	if fault != target.OK {
		return
	}
	if api, _ := v.policy.Find(t.Host, t.Path); api != nil {
		v.decision.API, r.API = api.Name, api
	}
}

// once refuses a request in which a parameter that routes look at is there
// twice, unless it may be.
func (v *visit) once(p policy.Place) sallyport.Reason {
	r := v.request
	switch p.In {
	case "query":
		if !p.Many {
			r.Query(p.Name)
		}
	case "form":
		r.Form(p.Name)
	case "header":
		parameters{r}.Header(p.Name)
	}
	return r.fault
}

func reasonOfTarget(f target.Fault) sallyport.Reason {
	switch {
	case f.Status() == 414:
		return sallyport.TargetTooLong
	case f == target.MethodForbidden || f == target.MethodMalformed:
		return sallyport.MethodNotAllowed
	default:
		return sallyport.PathAmbiguous
	}
}

// stillCurrent is the last look before a request is let in: what it was decided
// on may have been forgotten meanwhile, or be too old.
func (v *visit) stillCurrent() sallyport.Reason {
	d := v.doors
	if v.principal != nil && v.known.Dead() {
		return sallyport.CredentialRevoked
	}
	bound := d.maxStaleness
	if api := v.request.API; api.Document.Stale == policy.StaleServe {
		bound = max(bound, time.Duration(api.Document.MaxStaleness))
	}
	// A look at the clock costs as much as a look-up, and between the last one and
	// this are a few hundred instructions, unless somebody was waited for.
	now := v.now
	if v.waited {
		now = d.now()
	}
	if d.lease.age(now) > bound {
		return sallyport.PolicyStale
	}
	return ""
}

// count counts the use of the credential.
func (v *visit) count() {
	if a := v.doors.authn; a.Use(v.known, v.now) {
		a.Remark(v.known, v.request.Client, userAgent(v.request))
	}
}

func userAgent(r *Request) string {
	if values := r.Header["User-Agent"]; len(values) > 0 {
		return values[0]
	}
	return ""
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
