package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/store"
)

// A NewPasskey is a passkey that is being made.
type NewPasskey struct {
	ID      sallyport.FactorID
	Options string // JSON for the browser
}

// An unmade is what is kept of a question for a new passkey until it is answered.
type unmade struct {
	Session sallyport.CredentialID `json:"session"` // that it was asked in
	Drawn   time.Time              `json:"drawn"`
	Begun   json.RawMessage        `json:"begun"`
}

// HasPasskeys reports whether browsers can have passkeys for this installation: its
// public URL has a name, and TLS.
func (s *Service) HasPasskeys() bool { return s.c.Passkeys != nil }

func errNoPasskeys() error {
	return sallyport.ErrConflict("", "browsers make no passkeys for this installation: its public URL needs a host name, and https unless it is localhost")
}

// StartPasskey begins to make a passkey of this name. What was begun before and not
// finished is forgotten. The question that the browser gets is good for one answer,
// in this session, for [authn.QuestionLife].
func (s *Service) StartPasskey(ctx context.Context, a Actor, name string) (out NewPasskey, err error) {
	if s.c.Passkeys == nil {
		return out, errNoPasskeys()
	}
	return adding(ctx, s, a, name, "Passkey", func(w *work, name string) (NewPasskey, error) { return w.startPasskey(ctx, name) })
}

func (w *work) startPasskey(ctx context.Context, name string) (out NewPasskey, err error) {
	owner, _, err := w.passkeyOwner(ctx)
	if err != nil {
		return out, err
	}
	asked, err := w.c.Passkeys.Make(owner)
	if err != nil {
		return out, err
	}
	kept, err := json.Marshal(unmade{w.session.ID, w.now, asked.Remember})
	if err != nil {
		return out, fmt.Errorf("write a question for a passkey: %w", err)
	}
	id, err := newID()
	if err != nil {
		return out, err
	}
	f := store.Factor{ID: sallyport.FactorID(id), Principal: owner.ID, Kind: store.FactorPasskey, Name: name}
	if err := authn.SealFactor(w.c.Factors, &f, kept); err != nil {
		return out, fmt.Errorf("seal a question for a passkey: %w", err)
	}
	return NewPasskey{f.ID, string(asked.Options)}, w.tx.InsertFactor(ctx, &f)
}

// passkeyOwner returns the actor with his passkeys, and all his factors.
func (w *work) passkeyOwner(ctx context.Context) (*passkey.Owner, []store.Factor, error) {
	p := w.actor.Principal
	all, err := w.tx.FactorsOf(ctx, p.ID)
	if err != nil {
		return nil, nil, err
	}
	keys, err := authn.Passkeys(w.c.Factors, all)
	return &passkey.Owner{ID: p.ID, Login: p.Login, Name: p.Name, Keys: keys}, all, err
}

// ActivatePasskey puts a passkey in force, now that the browser has made it. Whatever
// the answer is worth, there can be no second one. With the first factor the actor
// gets recovery codes, which are told this once.
func (s *Service) ActivatePasskey(ctx context.Context, a Actor, id sallyport.FactorID, answer string) (codes []sallyport.Secret, err error) {
	if s.c.Passkeys == nil {
		return nil, errNoPasskeys()
	}
	var refusal error
	err = s.change(ctx, a, func(w *work) error {
		refusal = nil
		if err := w.ownFactors(); err != nil {
			return err
		}
		owner, all, err := w.passkeyOwner(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(f store.Factor) bool { return f.ID == id && f.Kind == store.FactorPasskey && !f.Active })
		if at < 0 {
			return sallyport.ErrNotFound("no passkey is being made; begin again")
		}
		f := &all[at]
		key, err := w.madePasskey(owner, f, answer)
		if err != nil {
			// What the question was for is over, which must be committed.
			refusal = sallyport.ErrInvalid("passkey", "the passkey could not be made; begin again")
			_, err = w.tx.DeleteFactor(ctx, f.Principal, f.ID)
			return err
		}
		f.Used = key.Counter
		if err := authn.SealFactor(w.c.Factors, f, key.Record); err != nil {
			return fmt.Errorf("seal a passkey: %w", err)
		}
		if _, err := w.tx.ActivatePasskey(ctx, f); err != nil {
			return err
		}
		codes, err = w.addedFactor(ctx, f, all)
		return err
	})
	if err != nil {
		return nil, err
	}
	return codes, refusal
}

// madePasskey checks the answer to the question that a row holds.
func (w *work) madePasskey(owner *passkey.Owner, f *store.Factor, answer string) (key passkey.Key, err error) {
	plain, err := authn.OpenFactor(w.c.Factors, f)
	if err != nil {
		return key, fmt.Errorf("open a question for a passkey: %w", err)
	}
	var asked unmade
	if err := json.Unmarshal(plain, &asked); err != nil {
		return key, fmt.Errorf("read a question for a passkey: %w", err)
	}
	if asked.Session != w.session.ID || w.now.Sub(asked.Drawn) > authn.QuestionLife {
		return key, errors.New("the question is of another session, or too old")
	}
	return w.c.Passkeys.Made(owner, asked.Begun, []byte(answer))
}
