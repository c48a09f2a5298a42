package console

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// ticketLife is how long somebody may look for his phone.
const ticketLife = 5 * time.Minute

// A codePage is the second half of a sign-in.
type codePage struct {
	frame
	Ticket  string // who has given his password, and when; sealed
	Next    string
	Passkey passkeyAsk
	Faults  faults
}

// showCodePage answers with the form for whose password was right.
func (v *visit) showCodePage(status int, p *policy.Principal, page *codePage) (err error) {
	if page.Passkey, err = v.askPasskey(p.ID, codePlace+string(p.ID), "/sign-in/code"); err != nil {
		return err
	}
	page.Passkey.Next, page.Passkey.Hidden = page.Next, map[string][]string{"ticket": {page.Ticket}}
	return v.show(status, "sign_in_code", page)
}

// askCode goes on with a sign-in of which the password was right. Who it is comes
// back with the form, sealed: there is nothing to keep for a sign-in that may
// never be finished, and without a code the ticket is worth nothing.
func (v *visit) askCode(p *policy.Principal, next string) error {
	ticket, err := v.ticketFor(p)
	if err != nil {
		return err
	}
	return v.showCodePage(http.StatusOK, p, &codePage{frame: v.frame(v.text("code.title"), ""), Ticket: ticket, Next: next})
}

// A ticket holds the moment, the epoch of the user when his password was right,
// and his id.
const ticketHead = 16

func (v *visit) ticketFor(p *policy.Principal) (string, error) {
	plain := binary.BigEndian.AppendUint64(nil, uint64(v.now.Unix()))              //nolint:gosec // the present is after 1970
	plain = append(binary.BigEndian.AppendUint64(plain, uint64(p.Epoch)), p.ID...) //nolint:gosec // epochs count up from 0
	sealed, err := v.Tickets.Seal(plain)
	if err != nil {
		return "", fmt.Errorf("seal half a sign-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// holderOf returns who a ticket was made for, as he is now; nil if it is none, or
// is not good any more.
func (v *visit) holderOf(ticket string) (*policy.Principal, sallyport.Reason) {
	sealed, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil {
		return nil, sallyport.CredentialMalformed
	}
	plain, err := v.Tickets.Open(sealed)
	if err != nil || len(plain) <= ticketHead {
		return nil, sallyport.CredentialMalformed
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0)    //nolint:gosec // it was sealed here
	epoch := int64(binary.BigEndian.Uint64(plain[8:ticketHead])) //nolint:gosec // the same
	if v.now.Sub(at) > ticketLife {
		return nil, sallyport.CredentialExpired
	}
	return v.Doors.Recall(v.r.Context(), sallyport.PrincipalID(plain[ticketHead:]), epoch)
}

// signInCode finishes a sign-in with the code of the second factor.
func (v *visit) signInCode() error {
	f := v.form
	next := ownPath(f.Get("next"))
	p, reason := v.holderOf(f.Get("ticket"))
	again := &signInPage{frame: v.frame(v.text("signin.title"), ""), Next: next}
	switch {
	case reason.Coarse() == sallyport.CredentialInvalid:
		again.Faults.say(v.text("code.late"))
		_ = v.denied(reason)
		return v.showSignInPage(http.StatusUnauthorized, again)
	case reason != "":
		return v.signInRefused(again, reason, 1)
	}
	page := &codePage{frame: v.frame(v.text("code.title"), ""), Ticket: f.Get("ticket"), Next: next}
	page.Faults.need(f.Get("code")+f.Get(passkeyAnswer), "code", v.text("code.missing"))
	if page.Faults.Any() {
		return v.showCodePage(http.StatusUnprocessableEntity, p, page)
	}
	reason, retry := v.secondFactor(p, f.Get("code"), codePlace+string(p.ID))
	switch {
	case reason == sallyport.SecondFactorWrong:
		_ = v.denied(reason)
		if f.Get(passkeyAnswer) != "" {
			page.Faults.say(v.text("passkey.wrong"))
		} else {
			page.Faults.at("code", v.text("code.wrong"))
		}
		return v.showCodePage(http.StatusUnauthorized, p, page)
	case reason != "":
		return v.signInRefused(again, reason, retry)
	}
	return v.enter(p, again)
}
