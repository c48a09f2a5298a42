package authn

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/authn/known"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Config is what a [Verifier] needs. All fields but the last two are required.
type Config struct {
	Store    *store.Store
	Secrets  *token.Digester // digests as they are stored
	Factors  *token.Sealer   // of [token.SealFactor]
	Passkeys *passkey.Party  // nil: there are none here
	Memory   token.MemoryKey // digests under which what was verified is remembered
	Keys     func() *token.KeySet
	Hasher   *password.Hasher
	Throttle *Throttle
	Now      func() time.Time
	Log      *slog.Logger

	// Number gives a principal the number that known credentials refer to.
	Number func(sallyport.PrincipalID) uint32
	// Scopes gives a list of scopes the number that the policy knows it by.
	Scopes func([]string) (int32, bool)

	Capacity    int           // known credentials at most; 1,048,576 when 0
	RememberFor time.Duration // how long a password stays verified; 60 s when 0
}

// A Verifier turns credentials into known ones. It is safe for concurrent use.
type Verifier struct {
	Config
	table    *known.Table
	limits   *limitTable
	negative negatives
	uses     useList
	failed   failures
	flights  singleflight.Group // passwords being hashed

	// forgets grows before anything is forgotten. Who learns a credential looks
	// at it before it asks the store and again after it wrote the table; if it
	// moved, what was learnt may be older than what was forgotten.
	forgets  atomic.Uint64
	revision atomic.Uint64
	lots     atomic.Uint64 // that were drawn for brown-outs
}

// New returns a verifier that knows nothing yet.
func New(c Config) *Verifier {
	if c.Capacity == 0 {
		c.Capacity = 1 << 20
	}
	if c.RememberFor == 0 {
		c.RememberFor = time.Minute
	}
	now := c.Now
	return &Verifier{
		Config: c,
		table:  known.New(c.Capacity, func() int64 { return now().UnixMicro() }),
		limits: newLimitTable(),
	}
}

// A Presented is a credential as it was found in a request, and where it is
// going.
type Presented struct {
	In     sallyport.Carrier
	Login  string                     // of Basic, or beside the secret in a query or form
	Secret string                     // password, token or key
	Kinds  []sallyport.CredentialKind // what the API accepts on this carrier; empty: all
	API    sallyport.APIName
	Client netip.Addr
	Now    time.Time

	// Set by [Verifier.Verify]:
	Asked bool   // it was not known, so somebody was asked
	Claim *Claim // what a stored secret or token that was refused says of itself; nil: nobody looked
}

// isPassword tells a password from a secret that is stored. With Basic it is
// always one. Beside a login in a query or form it is one too, where passwords
// are accepted, unless it has the look of a password's substitute.
func (p *Presented) isPassword() bool {
	return p.In == sallyport.CarrierBasic ||
		p.Login != "" && !token.IsScrambled(p.Secret) && accepts(p.Kinds, sallyport.Password)
}

// A Known is a credential that was verified, now or earlier.
type Known struct {
	entry  *known.Entry
	limits *Limits
	secret sallyport.Secret

	supposed sallyport.CredentialKind // kind of one that does not exist
}

// Principal returns the number of who the credential belongs to.
func (k Known) Principal() uint32 { return k.entry.Principal }

// ID returns the id of the credential; of an access token that of its sign-in,
// of a password that of its user.
func (k Known) ID() sallyport.UUID { return sallyport.UUID(k.entry.ID) }

// Kind returns the kind of the credential.
func (k Known) Kind() sallyport.CredentialKind {
	if k.entry == nil {
		return k.supposed
	}
	return kinds[k.entry.Kind]
}

// Supposed returns a credential that does not exist, of a kind or, empty, of none
// in particular, that narrows this much. It answers for these alone.
func Supposed(kind sallyport.CredentialKind, l *Limits) Known {
	return Known{supposed: kind, limits: l}
}

// Limits returns what the credential narrows.
func (k Known) Limits() *Limits { return k.limits }

// Expires returns when the credential ends by itself; zero: never.
func (k Known) Expires() time.Time {
	if k.entry == nil || k.entry.Expires == 0 {
		return time.Time{}
	}
	return time.UnixMicro(k.entry.Expires).UTC()
}

// Made returns when a stored secret was made, or an access token issued.
func (k Known) Made() time.Time { return time.UnixMicro(k.entry.Stamp).UTC() }

// Dead reports whether the credential was forgotten since it was looked up.
func (k Known) Dead() bool { return k.entry.Dead() }

// GoodFor reports whether the credential was made under the present state of
// its owner: a password under this epoch, an access token not before this time.
// What else ends with its owner's state is revoked when that changes.
func (k Known) GoodFor(epoch int64, notBefore time.Time) bool {
	switch kind := k.Kind(); {
	case kind == sallyport.Password:
		return k.entry.Stamp == epoch
	case kind == sallyport.AccessToken && !notBefore.IsZero():
		return k.entry.Stamp >= notBefore.UnixMicro()
	default:
		return true
	}
}

// Verify returns the known credential that was presented, or the reason why
// there is none. retryAfter is in seconds and goes with [sallyport.Overdone]
// and [sallyport.Overloaded].
//
// A credential that is known costs no query and no allocation.
func (v *Verifier) Verify(ctx context.Context, p *Presented) (k Known, reason sallyport.Reason, retryAfter int) {
	var digest known.Digest
	if p.isPassword() {
		digest = v.Memory.DigestPair(p.Login, p.Secret)
	} else {
		digest = v.Memory.Digest(p.Secret)
	}
	if e := v.table.Get(&digest); e != nil {
		k = Known{entry: e, limits: v.limits.at(e.Limits), secret: sallyport.Secret(p.Secret)}
		reason = v.look(k, p)
		switch {
		case reason == sallyport.CredentialIdle: // another node may have seen it used
		case reason == sallyport.CredentialExpired && k.Kind() == sallyport.Password: // what expired is our memory of it
		default:
			return k, reason, 0
		}
		e.SetAside() // and no other of the same user, which may have been learnt just now
	}
	return v.meet(ctx, p, digest)
}

// meet verifies a credential that is not known.
func (v *Verifier) meet(ctx context.Context, p *Presented, digest known.Digest) (k Known, reason sallyport.Reason, retryAfter int) {
	p.Asked = true
	if p.In == sallyport.CarrierBearer { // for any other carrier that was done when it was found
		if fault := carrier.CheckBearer(p.Secret); fault != carrier.OK {
			p.Claim = &nothing
			return Known{}, fault.Reason(), 0
		}
	}
	switch {
	case !p.isPassword():
		k, reason = v.learn(ctx, p, digest)
	case accepts(p.Kinds, sallyport.Password):
		k, reason, retryAfter = v.learnPassword(ctx, p, digest)
	default:
		reason = sallyport.CredentialNotAccepted
	}
	if reason != "" {
		return Known{}, reason, retryAfter
	}
	k.secret = sallyport.Secret(p.Secret)
	return k, v.look(k, p), 0
}

// look judges what can change about a known credential between two requests.
func (v *Verifier) look(k Known, p *Presented) sallyport.Reason {
	e := k.entry
	switch {
	case !accepts(p.Kinds, kinds[e.Kind]):
		return sallyport.CredentialNotAccepted
	case e.Expires != 0 && p.Now.UnixMicro() >= e.Expires:
		return sallyport.CredentialExpired
	case k.limits.Idle != 0 && p.Now.Unix()-e.LastUsed() >= int64(k.limits.Idle/time.Second):
		return sallyport.CredentialIdle
	case !k.limits.From(p.Client):
		return sallyport.NetworkForbidden
	case !k.limits.For(p.API):
		return sallyport.ClaimsInvalid
	case k.limits.Brownout.Share != 0 && v.draw() < k.limits.Brownout.At(p.Now):
		return sallyport.CredentialBrownout
	}
	return ""
}

// draw returns a number from 0 to 99, each as often as the others. It need not be
// hard to guess: who is refused may ask again.
func (v *Verifier) draw() int {
	// SplitMix64 over a count: two clients that take turns do not get every other
	// number of a series.
	n := v.lots.Add(1) * 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return int((n ^ n>>31) % 100)
}

func accepts(list []sallyport.CredentialKind, kind sallyport.CredentialKind) bool {
	return len(list) == 0 || slices.Contains(list, kind)
}

// Forget makes the credential, sign-in or user with this id be looked up anew.
func (v *Verifier) Forget(id string) {
	v.forgets.Add(1)
	if u, ok := sallyport.ParseUUID(id); ok {
		v.table.Drop(known.ID(u))
	}
}

// ForgetAll makes every credential be looked up anew.
func (v *Verifier) ForgetAll() {
	v.forgets.Add(1)
	v.table.Clear()
}

// Advance tells the verifier which revision has been applied.
func (v *Verifier) Advance(r sallyport.Revision) { v.revision.Store(uint64(r)) }

// Size returns how many credentials are remembered.
func (v *Verifier) Size() int { return v.table.Len() }

// publish puts a verified secret into the table.
func (v *Verifier) publish(r known.Record, l Limits, lastUsed int64) Known {
	if l.Limited {
		l.Scope, l.Numbered = v.Scopes(l.Scopes)
	}
	number, ok := v.limits.number(l)
	r.Limits = number
	e := v.table.Put(r, lastUsed)
	if !ok {
		// It serves this request alone, and is asked about anew the next time.
		e.SetAside()
		return Known{entry: e, limits: &l}
	}
	return Known{entry: e, limits: v.limits.at(number)}
}

// remember publishes what was just read from the store. before is the count of
// forgets from before that reading; if it has moved since, the record may be
// out of date and is taken back.
func (v *Verifier) remember(r known.Record, l Limits, lastUsed int64, before uint64) (Known, bool) {
	k := v.publish(r, l, lastUsed)
	if v.forgets.Load() != before {
		k.entry.End() // for those too that have found it meanwhile
		return Known{}, false
	}
	return k, true
}
