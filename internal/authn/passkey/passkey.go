// Package passkey asks passkeys and checks their answers: Web Authentication
// (https://www.w3.org/TR/webauthn-3/) with what an installation insists on. It is
// asked for at its public URL and nowhere else, the user is verified by the device,
// and no attestation is wanted: which device somebody has is his own affair.
//
// It keeps nothing. What is to be remembered between a question and its answer, and
// of a passkey for ever, it returns as bytes.
package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/sallyport/sallyport"
)

// A Party is who passkeys are made for: an installation at its public URL. It is
// safe for concurrent use.
type Party struct{ rp *webauthn.WebAuthn }

// For returns the party of a public URL. It is nil where browsers have no passkeys:
// at an address instead of a name, and without TLS elsewhere than on localhost.
func For(public string) (*Party, error) {
	u, err := url.Parse(public)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || u.Scheme != "https" && host != "localhost" || host == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	rp, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Sallyport at " + host, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Party{rp}, nil
}

// An Owner is a user with his passkeys.
type Owner struct {
	ID    sallyport.PrincipalID
	Login string
	Name  string
	Keys  []Key
}

// A Key is a passkey: what was returned of it when it was made, and how many
// signatures it counted last.
type Key struct {
	Factor   sallyport.FactorID
	Record   []byte
	Counter  int64
	LastUsed time.Time
}

// A Question is what a browser is told, and what has to be remembered of it.
type Question struct {
	Options  []byte // JSON: the member publicKey of what navigator.credentials takes
	Remember []byte
}

// Make asks for a new passkey, other than those that there are.
func (p *Party) Make(o *Owner) (Question, error) {
	u, err := o.user()
	if err != nil {
		return Question{}, err
	}
	var there []protocol.CredentialDescriptor
	for _, c := range u.credentials {
		there = append(there, c.Descriptor())
	}
	options, session, err := p.rp.BeginRegistration(u, webauthn.WithExclusions(there))
	if err != nil {
		return Question{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return question(options.Response, session)
}

// Made checks the answer to [Party.Make].
func (p *Party) Made(o *Owner, remembered, answer []byte) (Key, error) {
	session, u, err := o.begun(remembered)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Key{}, fmt.Errorf("read a new passkey: %w", err)
	}
	c, err := p.rp.CreateCredential(u, session, parsed)
	if err != nil {
		return Key{}, fmt.Errorf("check a new passkey: %w", err)
	}
	counter := int64(c.Authenticator.SignCount)
	c.Attestation = webauthn.CredentialAttestation{} // nobody wanted it
	record, err := json.Marshal(c)
	return Key{Record: record, Counter: counter}, err
}

// Ask asks for any of an owner's passkeys; of nil, for anybody's that the device
// offers.
func (p *Party) Ask(o *Owner) (Question, error) {
	var options *protocol.CredentialAssertion
	var session *webauthn.SessionData
	var err error
	if o == nil {
		options, session, err = p.rp.BeginDiscoverableLogin()
	} else {
		var u *user
		if u, err = o.user(); err != nil {
			return Question{}, err
		}
		options, session, err = p.rp.BeginLogin(u)
	}
	if err != nil {
		return Question{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return question(options.Response, session)
}

// ErrRegressed says that an answer is right but for its counter of signatures, which
// did not grow: there may be a copy of the passkey.
var ErrRegressed = errors.New("the counter of the passkey did not grow")

// Answered checks the answer to [Party.Ask], and returns which passkey gave it with
// its new counter. With [ErrRegressed] it returns it as well.
func (p *Party) Answered(o *Owner, remembered, answer []byte) (Key, error) {
	session, u, err := o.begun(remembered)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Key{}, fmt.Errorf("read the answer of a passkey: %w", err)
	}
	var c *webauthn.Credential
	if len(session.UserID) == 0 {
		_, c, err = p.rp.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			if string(handle) != string(o.ID) {
				return nil, errors.New("it is somebody else's")
			}
			return u, nil
		}, session, parsed)
	} else {
		c, err = p.rp.ValidateLogin(u, session, parsed)
	}
	if err != nil {
		return Key{}, fmt.Errorf("check the answer of a passkey: %w", err)
	}
	at := slices.IndexFunc(u.credentials, func(k webauthn.Credential) bool { return string(k.ID) == string(c.ID) })
	if at < 0 {
		return Key{}, errors.New("check the answer of a passkey: it is none of the owner's")
	}
	k := o.Keys[at]
	if c.Authenticator.CloneWarning {
		return k, ErrRegressed
	}
	k.Counter = int64(c.Authenticator.SignCount)
	return k, nil
}

// Whose returns the owner that an answer names. It is his own word.
func Whose(answer []byte) (sallyport.PrincipalID, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", fmt.Errorf("read the answer of a passkey: %w", err)
	}
	return sallyport.PrincipalID(parsed.Response.UserHandle), nil
}

func question(options any, session *webauthn.SessionData) (q Question, err error) {
	if q.Options, err = json.Marshal(options); err != nil {
		return q, fmt.Errorf("write a question to a passkey: %w", err)
	}
	if q.Remember, err = json.Marshal(session); err != nil {
		return q, fmt.Errorf("write what is to be remembered: %w", err)
	}
	return q, nil
}

// begun reads what was remembered of a question.
func (o *Owner) begun(remembered []byte) (session webauthn.SessionData, u *user, err error) {
	if err := json.Unmarshal(remembered, &session); err != nil {
		return session, nil, fmt.Errorf("read what was remembered: %w", err)
	}
	u, err = o.user()
	return session, u, err
}

// A user is an owner as the library wants him.
type user struct {
	*Owner
	credentials []webauthn.Credential
}

func (o *Owner) user() (*user, error) {
	u := &user{Owner: o}
	for _, k := range o.Keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Record, &c); err != nil {
			return nil, fmt.Errorf("read a passkey: %w", err)
		}
		c.Authenticator.SignCount = uint32(k.Counter) //nolint:gosec // it was one
		u.credentials = append(u.credentials, c)
	}
	return u, nil
}

// WebAuthnID is the handle of the user: his id, which tells nobody who he is.
func (u *user) WebAuthnID() []byte { return []byte(u.ID) }

// WebAuthnName is what devices list him under.
func (u *user) WebAuthnName() string { return u.Login }

// WebAuthnDisplayName is what devices call him.
func (u *user) WebAuthnDisplayName() string {
	if u.Name == "" {
		return u.Login
	}
	return u.Name
}

// WebAuthnCredentials are his passkeys.
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }
