package audit

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// An Entry is something that was done.
type Entry struct {
	At        time.Time          // to the microsecond
	Tenant    sallyport.TenantID // whose trail it belongs to; empty: the installation's
	Actor     Actor
	Action    string // such as "role.update"
	Target    Target
	Before    any // marshaled to JSON, secrets masked; nil: it was not there
	After     any // nil: it is not there any more
	RequestID string
	Address   string // of the client
}

// An Actor is who did it.
type Actor struct {
	ID             sallyport.PrincipalID // empty: the installation, or a stranger
	Kind           string                // a [sallyport.PrincipalKind], "system" or "stranger"
	Name           string                // login, name of the key, reason of the system
	CredentialKind sallyport.CredentialKind
	Credential     string // id of the credential or sign-in; empty: none
}

// Kinds of actor besides those of principals.
const (
	KindSystem   = "system"
	KindStranger = "stranger"
)

// A Target is the thing that it was done to.
type Target struct {
	Kind string // such as "role"
	ID   string
	Name string
}

// Bounds of texts in the trail. Most come from outside.
const (
	maxText = 256
	maxID   = 128
)

// Append writes an entry at the end of the trail, in the caller's transaction:
// if it cannot be written, neither can be what it tells of.
func Append(ctx context.Context, tx *store.Tx, e Entry) error {
	before, err := encode(e.Before)
	if err != nil {
		return err
	}
	after, err := encode(e.After)
	if err != nil {
		return err
	}
	if e.Tenant == "" {
		e.Tenant = sallyport.EveryTenant
	}
	row := store.AuditRow{
		Time:       e.At.UTC().Truncate(time.Microsecond),
		Tenant:     e.Tenant,
		ActorID:    e.Actor.ID,
		ActorKind:  clean(e.Actor.kind(), maxText),
		ActorName:  clean(e.Actor.Name, maxText),
		Action:     clean(e.Action, maxText),
		TargetKind: clean(e.Target.Kind, maxText),
		TargetID:   clean(e.Target.ID, maxID),
		TargetName: clean(e.Target.Name, maxText),
		Before:     before,
		After:      after,
		RequestID:  clean(e.RequestID, maxID),
		Address:    clean(e.Address, maxID),
	}
	_, err = tx.AppendAudit(ctx, row, func(prev [32]byte, seq int64) [32]byte {
		return hashOf(&row, prev, seq)
	})
	if err != nil {
		return fmt.Errorf("append to the audit trail: %w", err)
	}
	return nil
}

// kind is how an actor's kind is kept: with the credential behind it, such as
// "person/personal_token/0190...".
func (a Actor) kind() string {
	if a.CredentialKind == "" {
		return a.Kind
	}
	return a.Kind + "/" + string(a.CredentialKind) + "/" + a.Credential
}

// ActorOf returns the actor of an entry as it was handed to [Append].
func ActorOf(row *store.AuditRow) Actor {
	a := Actor{ID: row.ActorID, Name: row.ActorName}
	kind, rest, _ := strings.Cut(row.ActorKind, "/")
	credential, id, _ := strings.Cut(rest, "/")
	a.Kind, a.CredentialKind, a.Credential = kind, sallyport.CredentialKind(credential), id
	return a
}

// Stranger returns the actor for a login that no user has. People type their
// password into the wrong field, so what they typed is nowhere written down;
// the pseudonym tells two strangers apart and the same one again.
func Stranger(key token.PseudonymKey, typed string) Actor {
	if canonical, err := login.Canonical(typed); err == nil {
		typed = canonical
	}
	return Actor{Kind: KindStranger, Name: token.Pseudonym(key, typed)}
}

// clean makes text safe for a line of a log: bounded, valid, and without
// characters that are not printed.
func clean(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if len(s) <= most {
		return s
	}
	cut := most - len("…")
	for cut > 0 && s[cut]&0xC0 == 0x80 { // not in the middle of a character
		cut--
	}
	return s[:cut] + "…"
}
