package authn

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/store"
)

// QuestionLife is for how long a question to a passkey may be answered.
const QuestionLife = 5 * time.Minute

// maxAnswer bounds what a passkey may answer, in bytes.
const maxAnswer = 16 << 10

// A PasskeyQuestion is a question to a passkey, on its way through a browser.
type PasskeyQuestion struct {
	Options string // JSON for the browser
	Ticket  string // what has to come back with the answer; sealed
}

// A PasskeyAnswer is what came back.
type PasskeyAnswer struct {
	Ticket string
	Answer string // JSON of the browser
}

// A ticket is what is remembered of a question.
type ticket struct {
	Drawn int64           `json:"drawn"` // unix microseconds
	Begun json.RawMessage `json:"begun"`
}

// AskPasskey asks for one of a user's passkeys, or with "" for anybody's. The
// question is good for one answer in the same place, which says what it was asked
// for: a sign-in, or a session. It is NotFound if the user has none, or there are
// no passkeys at the installation's public URL.
func (v *Verifier) AskPasskey(ctx context.Context, id sallyport.PrincipalID, place string) (q PasskeyQuestion, err error) {
	none := sallyport.ErrNotFound("there is no passkey to ask for")
	if v.Passkeys == nil {
		return q, none
	}
	var owner *passkey.Owner
	if id != "" {
		if owner, err = v.passkeysOf(ctx, id); err != nil {
			return q, err
		}
		if len(owner.Keys) == 0 {
			return q, none
		}
	}
	asked, err := v.Passkeys.Ask(owner)
	if err != nil {
		return q, err
	}
	plain, err := json.Marshal(ticket{v.Now().UnixMicro(), asked.Remember})
	if err != nil {
		return q, fmt.Errorf("write a question to a passkey: %w", err)
	}
	sealed, err := v.Factors.Seal(plain, "question", place)
	return PasskeyQuestion{string(asked.Options), base64.RawURLEncoding.EncodeToString(sealed)}, err
}

// passkeysOf returns a user with his passkeys in force.
func (v *Verifier) passkeysOf(ctx context.Context, id sallyport.PrincipalID) (*passkey.Owner, error) {
	all, err := v.Store.FactorsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	owner := &passkey.Owner{ID: id}
	owner.Keys, err = Passkeys(v.Factors, all)
	return owner, err
}

// Passkey checks the answer of one of a user's passkeys. Wrong ones are counted with
// wrong passwords of the account. regressed names a passkey whose counter of
// signatures did not grow, which is refused: there may be a copy of it.
func (v *Verifier) Passkey(ctx context.Context, p *sallyport.Principal, a PasskeyAnswer, place string, client netip.Addr) (reason sallyport.Reason, retryAfter int, regressed string) {
	reason, retryAfter = v.tried(ctx, p, client, func() sallyport.Reason {
		var reason sallyport.Reason
		reason, regressed = v.checkPasskey(ctx, p.ID, a, place)
		return reason
	})
	return reason, retryAfter, regressed
}

func (v *Verifier) checkPasskey(ctx context.Context, id sallyport.PrincipalID, a PasskeyAnswer, place string) (reason sallyport.Reason, regressed string) {
	sealed, err := base64.RawURLEncoding.DecodeString(a.Ticket)
	if err != nil || len(a.Answer) > maxAnswer || v.Passkeys == nil {
		return sallyport.SecondFactorWrong, ""
	}
	var t ticket
	plain, err := v.Factors.Open(sealed, "question", place)
	if err != nil || json.Unmarshal(plain, &t) != nil {
		return sallyport.SecondFactorWrong, ""
	}
	drawn := time.UnixMicro(t.Drawn)
	if v.Now().Sub(drawn) > QuestionLife {
		return sallyport.SecondFactorWrong, ""
	}
	owner, err := v.passkeysOf(ctx, id)
	if err != nil {
		v.Log.ErrorContext(ctx, "a passkey cannot be checked", "user", id, "error", err)
		return reasonOf(err, sallyport.InternalFault), ""
	}
	key, err := v.Passkeys.Answered(owner, t.Begun, []byte(a.Answer))
	switch {
	case errors.Is(err, passkey.ErrRegressed) && key.LastUsed.Before(drawn): // else it was answered before
		return sallyport.SecondFactorWrong, string(key.Factor)
	case err != nil:
		v.Log.DebugContext(ctx, "the answer of a passkey is wrong", "user", id, "error", err)
		return sallyport.SecondFactorWrong, ""
	}
	good := false
	_, err = v.Store.Write(ctx, func(tx *store.Tx) (err error) {
		good, err = tx.UsePasskey(ctx, id, key.Factor, key.Counter, drawn)
		return err
	})
	switch {
	case err != nil:
		return reasonOf(err, sallyport.InternalFault), ""
	case !good:
		return sallyport.SecondFactorWrong, "" // it was answered before
	}
	return "", ""
}
