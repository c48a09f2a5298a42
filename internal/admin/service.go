package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Config is what a [Service] needs. All fields are required unless they say
// otherwise.
type Config struct {
	Store    *store.Store
	Policy   func() *policy.Snapshot // the policy in force on this node
	Compiler *policy.Compiler        // that made it
	Rules    policy.Rules

	Secrets    *token.Digester // of [token.UseSecret]
	Keys       *token.Sealer   // of [token.SealSigningKey]
	Successors *token.Sealer   // of [token.SealSuccessor]
	Cursors    *token.Sealer   // of [token.SealCursor]
	Factors    *token.Sealer   // of [token.SealFactor]

	Passkeys *passkey.Party // nil: there are none here

	Checkpoints *audit.Signer      // signs how the audit trail is
	Pseudonyms  token.PseudonymKey // of the access log

	Hasher    *password.Hasher
	Passwords *password.Policy

	Now func() time.Time

	// Judge plays the tests of policies; nil: there are none to be played.
	Judge policy.Judge

	// Committed returns when a revision is in force on this node. A change is
	// acknowledged after it. Nil: there is nothing to wait for.
	Committed func(context.Context, sallyport.Revision) error

	// Settle writes down what this node decided a moment ago, so that it can be
	// explained and advised on. Nil: there is nothing to wait for.
	Settle func(context.Context) error

	// Watch has a function told of each request that is decided on this node; nil
	// ends that. Nil itself: drafts are not tried on requests here.
	Watch func(func(*policy.Observed))

	// Used counts the use of permissions that are asked for here. Nil: it is not
	// counted.
	Used func(policy.Use)

	// ExpiryWarning is how long before it ends a token or key is told of; 0: never.
	ExpiryWarning time.Duration

	// RetryWindow is for how long a refresh token that was just replaced gives
	// the same successor again; 10 s when 0.
	RetryWindow time.Duration

	// SessionIdle and SessionLife are the limits of sessions that do not ask for
	// others; [DefaultIdle] and [DefaultSession] when 0.
	SessionIdle, SessionLife time.Duration
}

// A Service does what can be done to an installation. It is safe for concurrent
// use.
type Service struct {
	c     Config
	trial *policy.Compiler // for policies that may never be in force

	shadows *shadows
}

// New returns a service.
func New(c Config) (*Service, error) {
	switch {
	case c.Store == nil || c.Policy == nil || c.Compiler == nil:
		return nil, errors.New("admin: no store, policy or compiler")
	case c.Secrets == nil || c.Keys == nil || c.Successors == nil || c.Cursors == nil || c.Factors == nil:
		return nil, errors.New("admin: no digester or sealer")
	case c.Checkpoints == nil:
		return nil, errors.New("admin: no key of checkpoints")
	case c.Hasher == nil || c.Passwords == nil || c.Now == nil:
		return nil, errors.New("admin: no passwords or clock")
	}
	if c.SessionIdle == 0 {
		c.SessionIdle = DefaultIdle
	}
	if c.SessionLife == 0 {
		c.SessionLife = DefaultSession
	}
	if c.RetryWindow == 0 {
		c.RetryWindow = 10 * time.Second
	}
	trial, err := policy.NewCompiler(c.Rules)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	return &Service{c: c, trial: trial, shadows: newShadows()}, nil
}

// errStale says that the policy of this node is older than the rows that were
// just read, so that rights cannot be judged with it.
var errStale = errors.New("the policy in force is older than the store")

// change runs a use case in one transaction and waits until it is in force.
func (s *Service) change(ctx context.Context, a Actor, f func(*work) error) error {
	return s.changeBy(ctx, s.c.Store.Write, a, f)
}

// making is change for a use case that returns something.
func making[T any](ctx context.Context, s *Service, a Actor, f func(*work) (T, error)) (out T, err error) {
	err = s.change(ctx, a, func(w *work) (err error) {
		out, err = f(w)
		return err
	})
	return out, err
}

// takeAway is change for a use case that takes rights away, which must be
// possible on a full disk too.
func (s *Service) takeAway(ctx context.Context, a Actor, f func(*work) error) error {
	return s.changeBy(ctx, s.c.Store.WriteReserved, a, f)
}

// taking is takeAway for a use case that returns something.
func taking[T any](ctx context.Context, s *Service, a Actor, f func(*work) (T, error)) (out T, err error) {
	err = s.takeAway(ctx, a, func(w *work) (err error) {
		out, err = f(w)
		return err
	})
	return out, err
}

// A writer runs a function in a transaction; see [store.Store.Write].
type writer func(context.Context, func(*store.Tx) error) (sallyport.Revision, error)

func (s *Service) changeBy(ctx context.Context, write writer, a Actor, f func(*work) error) error {
	for attempt := 0; ; attempt++ {
		revision, err := write(ctx, func(tx *store.Tx) error {
			if err := tx.Exclusive(ctx); err != nil {
				return err
			}
			w, err := s.begin(ctx, tx, a)
			if err != nil {
				return err
			}
			return f(w)
		})
		if errors.Is(err, errStale) && attempt < 3 {
			if err = s.catchUp(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			return visible(err)
		}
		return s.inForce(ctx, revision)
	}
}

// look runs a use case that changes nothing, on one state of the store.
func (s *Service) look(ctx context.Context, a Actor, f func(*work) error) error {
	for attempt := 0; ; attempt++ {
		err := s.c.Store.Read(ctx, func(tx *store.Tx) error {
			w, err := s.begin(ctx, tx, a)
			if err != nil {
				return err
			}
			return f(w)
		})
		if errors.Is(err, errStale) && attempt < 3 {
			if err = s.catchUp(ctx); err == nil {
				continue
			}
		}
		return visible(err)
	}
}

// catchUp waits until this node has the newest policy.
func (s *Service) catchUp(ctx context.Context) error {
	revision, err := s.c.Store.Revision(ctx)
	if err != nil {
		return err
	}
	return s.inForce(ctx, revision)
}

func (s *Service) inForce(ctx context.Context, revision sallyport.Revision) error {
	if revision == 0 || s.c.Committed == nil {
		return nil
	}
	if err := s.c.Committed(ctx, revision); err != nil {
		return &sallyport.Error{
			Kind: sallyport.Unavailable, Reason: sallyport.PolicyStale,
			Message: "this node has not taken up the change yet; it was made, do not repeat it",
			Err:     fmt.Errorf("wait for revision %d: %w", revision, err),
		}
	}
	return nil
}

// visible turns what callers cannot make sense of into an error that they can.
func visible(err error) error {
	if errors.Is(err, errStale) {
		return &sallyport.Error{
			Kind: sallyport.Unavailable, Reason: sallyport.PolicyStale,
			Message: "this node is behind; try again in a moment", Err: err,
		}
	}
	return err
}
