package authn

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/authn/totp"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// maxCode bounds what somebody may type as a code, in bytes.
const maxCode = 64

// SecondFactor checks a code of a user whose password was right a moment ago: of
// an app that shows codes, or a recovery code. Either is good once, on all nodes
// together. Wrong codes have a budget like that of wrong passwords, and beside it:
// who guesses codes knows the password, and giving it forgives no wrong code.
func (v *Verifier) SecondFactor(ctx context.Context, p *sallyport.Principal, code string, client netip.Addr) (sallyport.Reason, int) {
	return v.tried(ctx, p, client, func() sallyport.Reason { return v.checkFactor(ctx, p.ID, code) })
}

// codesOf stands before the login where codes are counted. No login has a NUL.
const codesOf = "second factor\x00"

// tried checks a second factor of a user, if he may try one now.
func (v *Verifier) tried(ctx context.Context, p *sallyport.Principal, client netip.Addr, check func() sallyport.Reason) (sallyport.Reason, int) {
	canonical, err := login.Canonical(p.Login)
	if err != nil {
		return sallyport.InternalFault, 0
	}
	attempt, wait, err := v.Throttle.Begin(ctx, codesOf+canonical, client)
	switch {
	case err != nil:
		return sallyport.Overloaded, busySeconds
	case wait > 0:
		return sallyport.Overdone, wait
	}
	reason := check()
	switch {
	case reason == "":
		attempt.Succeeded()
		return "", 0
	case reason.Status() >= 500:
		attempt.Abandoned()
		return reason, busySeconds
	}
	attempt.Failed()
	user := sallyport.User{ID: p.ID, Tenant: p.Home, Login: p.Login}
	v.failed.note(canonical, client, &outcome{login: p.Login, user: user, reason: reason}, v.Now())
	return reason, 0
}

func (v *Verifier) checkFactor(ctx context.Context, id sallyport.PrincipalID, code string) sallyport.Reason {
	code = CleanCode(code)
	if code == "" || len(code) > maxCode {
		return sallyport.SecondFactorWrong
	}
	all, err := v.Store.FactorsOf(ctx, id)
	if err != nil {
		return reasonOf(err, sallyport.SecondFactorWrong)
	}
	for i := range all {
		f := &all[i]
		if !f.Active {
			continue
		}
		var good bool
		switch f.Kind {
		case store.FactorTOTP:
			good, err = v.takeStep(ctx, f, code)
		case store.FactorRecovery:
			good, err = v.takeRecovery(ctx, f, code)
		}
		if err != nil {
			v.Log.ErrorContext(ctx, "a second factor cannot be checked", "user", id, "factor", f.ID, "error", err)
			return reasonOf(err, sallyport.InternalFault)
		}
		if good {
			return ""
		}
	}
	return sallyport.SecondFactorWrong
}

// takeStep takes the code that an app shows now, or showed a step ago, or will
// show next: clocks differ (RFC 6238 section 5.2).
func (v *Verifier) takeStep(ctx context.Context, f *store.Factor, code string) (good bool, err error) {
	secret, err := OpenFactor(v.Factors, f)
	if err != nil {
		return false, err
	}
	step := totp.Match(secret, code, v.Now(), f.Used)
	if step == 0 {
		return false, nil
	}
	_, err = v.Store.Write(ctx, func(tx *store.Tx) (err error) {
		good, err = tx.UseFactor(ctx, f.Principal, f.ID, step)
		return err
	})
	return good, err
}

func (v *Verifier) takeRecovery(ctx context.Context, f *store.Factor, code string) (good bool, err error) {
	if subtle.ConstantTimeCompare([]byte(f.Secret), []byte(RecoveryDigest(v.Secrets, f.Principal, code))) != 1 {
		return false, nil
	}
	_, err = v.Store.Write(ctx, func(tx *store.Tx) (err error) {
		good, err = tx.DeleteFactor(ctx, f.Principal, f.ID)
		return err
	})
	return good, err
}

// CleanCode returns a code without the spaces and dashes that people type, in
// lower case.
func CleanCode(code string) string {
	if len(code) > 2*maxCode {
		return ""
	}
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code))
}

// RecoveryDigest is what is stored of a recovery code.
func RecoveryDigest(d *token.Digester, id sallyport.PrincipalID, code string) sallyport.Secret {
	digest := d.DigestPair("recovery:"+string(id), CleanCode(code))
	return sallyport.Secret(digest[:])
}

// SealFactor seals the secret of an app, or what is known of a passkey, for its row.
func SealFactor(s *token.Sealer, f *store.Factor, secret []byte) error {
	sealed, err := s.Seal(secret, string(f.Principal), string(f.ID))
	f.Secret = sallyport.Secret(sealed)
	return err
}

// OpenFactor returns what was sealed for a row.
func OpenFactor(s *token.Sealer, f *store.Factor) ([]byte, error) {
	return s.Open([]byte(f.Secret), string(f.Principal), string(f.ID))
}

// Passkeys returns those of a user's factors that are passkeys in force, opened.
func Passkeys(s *token.Sealer, all []store.Factor) (keys []passkey.Key, err error) {
	for i := range all {
		f := &all[i]
		if f.Kind != store.FactorPasskey || !f.Active {
			continue
		}
		record, err := OpenFactor(s, f)
		if err != nil {
			return nil, fmt.Errorf("open a passkey: %w", err)
		}
		keys = append(keys, passkey.Key{Factor: f.ID, Record: record, Counter: f.Used, LastUsed: f.LastUsed})
	}
	return keys, nil
}

// FactorStep returns the time step of a code that confirms a new app; 0: the code
// is wrong.
func FactorStep(s *token.Sealer, f *store.Factor, code string, now time.Time) (int64, error) {
	secret, err := OpenFactor(s, f)
	if err != nil {
		return 0, err
	}
	return totp.Match(secret, CleanCode(code), now, 0), nil
}
