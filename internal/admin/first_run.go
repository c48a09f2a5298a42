package admin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
)

// FirstRunLife is for how long the code of a first run is good.
const FirstRunLife = time.Hour

const (
	firstRunTries  = 20 // wrong codes that a code bears
	firstRunStarts = 16 // codes at a time: each start of a node draws one
	firstRunLength = 16 // characters of base32: 80 random bits
)

// metaFirstRun is the fact that holds the codes of the first run.
const metaFirstRun = "first_run"

// A firstRunCode is what is kept of a code.
type firstRunCode struct {
	Digest  firstRunDigest `json:"digest"`
	Expires time.Time      `json:"expires"`
	Wrong   int            `json:"wrong"` // codes that were tried since it was drawn
}

// BeginFirstRun draws the code with which somebody makes the first administrator,
// for who starts a node to print where nobody else reads it. It is good until it
// was used, for [FirstRunLife], and for a bounded number of wrong tries, on every
// node: nodes that start together draw one each, and the first that is used ends
// the others. It is empty when there is an administrator.
func (s *Service) BeginFirstRun(ctx context.Context) (code sallyport.Secret, err error) {
	// Nearly every start is of an installation that has one, and writes nothing.
	if there, err := s.HasAdministrator(ctx); err != nil || there {
		return "", err
	}
	err = s.change(ctx, System("first run"), func(w *work) error {
		code = ""
		there, err := administrated(ctx, w.tx)
		if err != nil || there {
			return err
		}
		codes, _, err := w.firstRunCodes(ctx)
		if err != nil {
			return err
		}
		if len(codes) >= firstRunStarts {
			codes = codes[len(codes)-firstRunStarts+1:]
		}
		text := strings.ToLower(rand.Text()[:firstRunLength])
		codes = append(codes, firstRunCode{Digest: w.firstRunDigest(text), Expires: w.now.Add(FirstRunLife)})
		code = sallyport.Secret(grouped(text))
		return w.keepFirstRun(ctx, codes)
	})
	return code, err
}

// grouped is a code as people read it out: in groups of four.
func grouped(code string) string {
	var parts []string
	for part := range slices.Chunk([]byte(code), 4) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, "-")
}

// FirstRun makes the first administrator for who has the code of a first run. Of
// any number of calls exactly one succeeds; when there is an administrator already
// the error is a Conflict. It is Invalid, of the field "code", when the code is
// wrong, of another field when something else is; a code that was right stays good
// then. requestID and address are for the audit trail.
func (s *Service) FirstRun(ctx context.Context, code string, in NewUser, requestID, address string) (user sallyport.User, err error) {
	a := System("first run")
	a.RequestID, a.Address = requestID, address
	digest := s.firstRunDigest(code)
	// Strangers ask this: nothing that costs more than a query is done for a code
	// that is wrong.
	if err := s.tryFirstRun(ctx, a, digest); err != nil {
		return user, err
	}
	hash, err := s.firstPassword(ctx, in)
	if err != nil {
		return user, err
	}
	err = s.change(ctx, a, func(w *work) error {
		if user, err = w.firstAdministrator(ctx, in, hash); err != nil {
			return err
		}
		codes, kept, err := w.firstRunCodes(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(codes, digest.is) {
			return errFirstRunCode() // it ended while the password was hashed
		}
		_, err = w.tx.TakeMeta(ctx, metaFirstRun, kept)
		return err
	})
	return user, err
}

// tryFirstRun compares a code with those that are good, and counts it if it is
// none of them.
func (s *Service) tryFirstRun(ctx context.Context, a Actor, digest firstRunDigest) error {
	var refusal error
	err := s.change(ctx, a, func(w *work) error {
		refusal = nil
		there, err := administrated(ctx, w.tx)
		switch {
		case err != nil:
			return err
		case there:
			return errAdministrated()
		}
		codes, _, err := w.firstRunCodes(ctx)
		if err != nil || slices.ContainsFunc(codes, digest.is) {
			return err
		}
		if len(codes) == 0 {
			return sallyport.ErrInvalid("code", "no code is good any more; start Sallyport again and take the new one from its log")
		}
		// What is counted must be committed, so it is refused afterwards.
		refusal = errFirstRunCode()
		for i := range codes {
			codes[i].Wrong++
		}
		if err := w.keepFirstRun(ctx, codes); err != nil {
			return err
		}
		return w.write(ctx, sallyport.EveryTenant, "first_run.refused", thing{kind: "installation"}, nil, map[string]any{"tries": codes[0].Wrong})
	})
	if err != nil {
		return err
	}
	return refusal
}

func errFirstRunCode() error {
	return sallyport.ErrInvalid("code", "this is not the code; the newest one in the log is good for an hour after the start")
}

func errAdministrated() error {
	return sallyport.ErrConflict("", "there is an administrator already; ask one of them")
}

// A firstRunDigest is the keyed hash of a code, in hex.
type firstRunDigest string

func (s *Service) firstRunDigest(code string) firstRunDigest {
	sum := s.c.Secrets.DigestPair("first run", authn.CleanCode(code))
	return firstRunDigest(hex.EncodeToString(sum[:]))
}

// is compares in constant time.
func (d firstRunDigest) is(c firstRunCode) bool {
	return subtle.ConstantTimeCompare([]byte(d), []byte(c.Digest)) == 1
}

// firstRunCodes returns the codes that are good, oldest first, and the fact that
// they stand in.
func (w *work) firstRunCodes(ctx context.Context) (codes []firstRunCode, kept string, err error) {
	kept, err = w.tx.Meta(ctx, metaFirstRun)
	switch {
	case err == nil:
	case sallyport.KindOf(err) == sallyport.NotFound:
		return nil, "", nil
	default:
		return nil, "", err
	}
	if err := json.Unmarshal([]byte(kept), &codes); err != nil {
		return nil, "", fmt.Errorf("read the codes of the first run: %w", err)
	}
	codes = slices.DeleteFunc(codes, func(c firstRunCode) bool { return !c.Expires.After(w.now) || c.Wrong >= firstRunTries })
	return codes, kept, nil
}

func (w *work) keepFirstRun(ctx context.Context, codes []firstRunCode) error {
	text, err := json.Marshal(codes)
	if err != nil {
		return fmt.Errorf("write the codes of the first run: %w", err)
	}
	return w.tx.SetMeta(ctx, metaFirstRun, string(text))
}

// firstAdministrator makes a user who holds everything, if nobody does yet.
func (w *work) firstAdministrator(ctx context.Context, in NewUser, hash sallyport.Secret) (user sallyport.User, err error) {
	there, err := administrated(ctx, w.tx)
	if err != nil {
		return user, err
	}
	if there {
		return user, errAdministrated()
	}
	return w.administrator(ctx, in, hash)
}

// administrator makes an administrator of the whole installation.
func (w *work) administrator(ctx context.Context, in NewUser, hash sallyport.Secret) (user sallyport.User, err error) {
	if user, err = w.insertUser(ctx, sallyport.EveryTenant, in, hash); err != nil {
		return user, err
	}
	b, role, err := w.bind(ctx, sallyport.EveryTenant, NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: BuiltInRole(RoleAdministrator),
	})
	if err != nil {
		return user, err
	}
	return user, w.write(ctx, sallyport.EveryTenant, "binding.create", bindingThing(b, role), nil, bindingView(b, role))
}
