package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit/stream"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Config is what a node needs. The zero value of a field that is not required
// means its default in docs/reference/config.md.
type Config struct {
	StorageURL sallyport.Secret // required
	MasterKey  token.MasterKey  // required
	Issuer     string           // required: the public URL
	Log        *slog.Logger     // required
	Now        func() time.Time // required

	// Version is the program's, as the other nodes are told.
	Version string

	// ManagementAPI is the document of the built-in API "sallyport" with its
	// routes. Without routes nobody can be let in to it.
	ManagementAPI sallyport.API

	// Dialects are those that APIs may have besides the standard one.
	Dialects map[string]policy.Dialect

	MaxStaleness time.Duration

	// Untraced says that decisions are not kept, to measure what it costs that
	// they are.
	Untraced      bool
	RetryWindow   time.Duration // of refresh tokens
	SessionIdle   time.Duration
	SessionLife   time.Duration
	HashWorkers   int
	HashQueue     int
	NewHasher     func(*password.Gate) (*password.Hasher, error) // nil: of [password.DefaultParams]; for tests
	Throttle      authn.ThrottleLimits
	ExpiryWarning time.Duration // how long before their end tokens are told of; 0: never
	Sinks         []stream.Target
	Checkpoints   time.Duration // how often the audit trail gets a signed checkpoint; 0: never
	PasswordLen   int           // fewest characters
	PasswordWords []string      // context words that passwords must not be made of

	// Loaded, if not nil, is told of each policy that was put in force.
	Loaded func(*policy.Snapshot)
}

// fill gives what was left out its default.
func (c *Config) fill() {
	if c.HashWorkers == 0 {
		c.HashWorkers = runtime.GOMAXPROCS(0)
	}
	if c.HashQueue == 0 {
		c.HashQueue = password.MaxQueue
	}
	if c.NewHasher == nil {
		c.NewHasher = func(g *password.Gate) (*password.Hasher, error) {
			return password.NewHasher(password.DefaultParams(), g)
		}
	}
	if c.Throttle == (authn.ThrottleLimits{}) {
		c.Throttle = authn.DefaultThrottleLimits()
	}
	if c.MaxStaleness == 0 {
		c.MaxStaleness = 5 * time.Second
	}
	if c.PasswordLen == 0 {
		c.PasswordLen = password.DefaultMinLength
	}
}

// Rules are the rules of this program for APIs: which dialects there are besides
// the standard one, and which paths are its own.
func Rules(dialects map[string]policy.Dialect) policy.Rules {
	return policy.Rules{
		Dialects: dialects,
		Reserved: []string{"/sallyport", "/oauth2", "/.well-known"},
	}
}

// A Node is safe for concurrent use. Close it when it is no longer needed.
type Node struct {
	Store *store.Store
	Doors *doors.Doors
	Admin *admin.Service
	Gate  *password.Gate

	log *slog.Logger
	now func() time.Time

	checkpoints time.Duration
	self        store.Node // as it tells of itself
	streams     *stream.Streams
}

// Open opens the store, brings its schema and its built-in parts up to date and
// puts the policy in force.
func Open(ctx context.Context, c Config) (*Node, error) {
	s, err := store.Open(ctx, c.StorageURL.Reveal(), store.Options{Now: c.Now, Logger: c.Log})
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	n := &Node{
		Store: s, log: c.Log, now: c.Now, checkpoints: c.Checkpoints,
		self:    newSelf(c.Version, c.Now()),
		streams: stream.New(stream.Config{Store: s, Node: uuid.NewString(), Targets: c.Sinks, Now: c.Now, Log: c.Log}),
	}
	if err := n.build(ctx, &c); err != nil {
		if n.Doors != nil {
			n.Doors.Close()
		}
		return nil, errors.Join(err, s.Close())
	}
	return n, nil
}

// build brings the schema up to date, opens administration and doors, and sets up
// what is built in.
func (n *Node) build(ctx context.Context, c *Config) error {
	c.fill()
	if err := n.Store.Migrate(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	k, err := derive(c.MasterKey)
	if err != nil {
		return err
	}
	compiler, err := policy.NewCompiler(Rules(c.Dialects))
	if err != nil {
		return err
	}
	passkeys, err := passkey.For(c.Issuer)
	if err != nil {
		return err
	}
	n.Gate = password.NewGate(c.HashWorkers, c.HashQueue)
	hasher, err := c.NewHasher(n.Gate)
	if err != nil {
		return err
	}
	passwords, err := passwordPolicy(c)
	if err != nil {
		return err
	}
	n.Admin, err = admin.New(admin.Config{
		Store: n.Store, Compiler: compiler, Rules: Rules(c.Dialects),
		Policy:  func() *policy.Snapshot { return n.Doors.Policy() },
		Secrets: k.secrets, Keys: k.signingKeys, Successors: k.successors, Cursors: k.cursors, Factors: k.factors, Passkeys: passkeys,
		ExpiryWarning: c.ExpiryWarning, Checkpoints: k.checkpoints, Pseudonyms: k.pseudonyms,
		Hasher: hasher, Passwords: passwords, Now: c.Now, Judge: doors.Judge,
		Watch:     func(f func(*policy.Observed)) { n.Doors.Watch(f) },
		Committed: n.committed, Settle: func(ctx context.Context) error { return n.Doors.Settle(ctx) },
		Used:        func(u policy.Use) { n.Doors.Used(u) },
		RetryWindow: c.RetryWindow, SessionIdle: c.SessionIdle, SessionLife: c.SessionLife,
	})
	if err != nil {
		return err
	}
	// The doors come before what is built in, so that it is judged by a policy and
	// taken up like any other change.
	n.Doors, err = doors.New(ctx, doors.Config{
		Store: n.Store, Compiler: compiler, Secrets: k.secrets, Sealer: k.signingKeys, Factors: k.factors, Passkeys: passkeys,
		Hasher: hasher, Throttle: authn.NewThrottle(c.Throttle, k.throttle, c.Now), Issuer: c.Issuer, Now: c.Now, Log: c.Log,
		MaxStaleness: c.MaxStaleness, ExpiryWarning: c.ExpiryWarning, Pseudonyms: &k.pseudonyms, Loaded: c.Loaded, Untraced: c.Untraced,
	})
	if err != nil {
		return fmt.Errorf("open the doors: %w", err)
	}
	if err := n.Admin.Bootstrap(ctx, c.ManagementAPI); err != nil {
		return fmt.Errorf("set up what is built in: %w", err)
	}
	return nil
}

// newSelf is what a node that starts now tells of itself.
func newSelf(version string, now time.Time) store.Node {
	self := store.Node{ID: uuid.NewString(), Version: version, Started: now}
	var err error
	if self.Name, err = os.Hostname(); err != nil {
		self.Name = self.ID
	}
	return self
}

// ID is what the other nodes know this one by.
func (n *Node) ID() string { return n.self.ID }

// Streams tells how the sinks of the audit trail do.
func (n *Node) Streams() []stream.State { return n.streams.States() }

// committed has this node take up a change before its author is answered.
func (n *Node) committed(ctx context.Context, r sallyport.Revision) error {
	applied, err := n.Doors.Apply(ctx)
	if err == nil && applied < r {
		err = fmt.Errorf("revision %d was committed, and the change log ends at %d", r, applied)
	}
	return err
}

func passwordPolicy(c *Config) (*password.Policy, error) {
	blocklist, err := password.LoadBlocklist()
	if err != nil {
		return nil, fmt.Errorf("read the built-in list of common passwords: %w", err)
	}
	return password.NewPolicy(c.PasswordLen, password.DefaultMinLengthSecondFactor, blocklist, append([]string{"sallyport"}, c.PasswordWords...)...)
}

// Run keeps the node current until ctx ends: it takes up the changes of other
// nodes every poll, writes the uses of credentials down every second, and tidies
// up now and then. It returns when all of that has ended.
func (n *Node) Run(ctx context.Context, poll time.Duration) {
	var loops sync.WaitGroup
	loops.Go(func() { n.Doors.Follow(ctx, poll) })
	loops.Go(func() { n.streams.Run(ctx) })
	loops.Go(func() {
		every(ctx, flushInterval, func() {
			n.tell(ctx, "use counts could not be written; they are kept for the next time", n.Doors.Flush(ctx))
		})
	})
	loops.Go(func() {
		n.tell(ctx, "the other nodes could not be told of this one", n.beat(ctx))
		every(ctx, beatInterval, func() {
			n.tell(ctx, "the other nodes could not be told of this one", n.beat(ctx))
		})
	})
	loops.Go(func() {
		n.Admin.RunShadows(ctx, func(err error) { n.tell(ctx, "drafts of policies could not be tried on requests", err) })
	})
	loops.Go(func() {
		n.tidy(ctx)
		every(ctx, tidyInterval, func() { n.tidy(ctx) })
	})
	loops.Wait()
}

const (
	flushInterval = time.Second
	tidyInterval  = 10 * time.Minute
	lastFlush     = 5 * time.Second
)

// every calls f at each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}

// tidy checks the file of the store if a process that died left it, sets room aside
// for revocations on a full disk, and removes what has been over for a while.
func (n *Node) tidy(ctx context.Context) {
	n.tell(ctx, "the file of the store could not be checked, or is broken", n.Store.CheckFile(ctx))
	n.tell(ctx, "no room could be set aside for revocations on a full disk", n.Store.Reserve())
	n.tell(ctx, "nodes that are gone could not be forgotten; the next time they will be", n.forgetNodes(ctx))
	n.tell(ctx, "what is over could not be removed; the next time it will be", n.Admin.Sweep(ctx))
	n.tell(ctx, "nobody could be told of tokens that end soon; the next time it will be", n.Admin.WarnOfExpiry(ctx))
	n.tell(ctx, "no checkpoint of the audit trail could be made; the next time it will be", n.checkpoint(ctx))
}

// checkpoint has a checkpoint made if it is time for one, and says it in the log,
// which is another place than the store.
func (n *Node) checkpoint(ctx context.Context) error {
	if n.checkpoints == 0 {
		return nil
	}
	text, err := n.Admin.CheckpointWhenDue(ctx, n.checkpoints)
	if text != "" && err == nil {
		n.log.InfoContext(ctx, "checkpoint of the audit trail", "checkpoint", text)
	}
	return err
}

// tell logs an error, unless it is that the end has come.
func (n *Node) tell(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "housekeeping failed", "what", what, "error", err)
	}
}

// Close writes down what was counted and closes the store. The surfaces must
// have ended before.
func (n *Node) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	err := n.Doors.LastFlush(ctx)
	n.tell(ctx, "the other nodes could not be told that this one ends", n.leave(ctx))
	n.Doors.Close()
	return errors.Join(err, n.Store.Close())
}
