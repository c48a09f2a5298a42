package console

import (
	"errors"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
)

// Fields of a form that brings the answer of a passkey.
const (
	passkeyTicket = "passkey_ticket"
	passkeyAnswer = "passkey_answer"
)

// Places that a passkey is asked in: its answer is good nowhere else.
const (
	signInPlace = "sign-in"
	codePlace   = "code:" // and the id of whose password was right
	selfPlace   = "self:" // and the id of the session
)

// A passkeyAsk is a form that the script has the browser answer. Without the script it
// is not shown.
type passkeyAsk struct {
	Action  string
	Options string // for the browser; empty: there is no passkey to ask for
	Ticket  string // empty: a new passkey is made
	Script  string // URL
	Next    string
	Hidden  map[string][]string
}

// askPasskey is the form that asks for a passkey in a place; an empty one if there is
// none to ask for.
func (v *visit) askPasskey(id sallyport.PrincipalID, place, action string) (passkeyAsk, error) {
	q, err := v.Doors.AskPasskey(v.r.Context(), id, place)
	switch {
	case err == nil:
		return passkeyAsk{Action: Base + action, Options: q.Options, Ticket: q.Ticket, Script: v.assets.passkey}, nil
	case sallyport.KindOf(err) == sallyport.NotFound:
		return passkeyAsk{}, nil
	}
	return passkeyAsk{}, err
}

// answered is the answer of a passkey that a form brought.
func (v *visit) answered() authn.PasskeyAnswer {
	return authn.PasskeyAnswer{Ticket: v.form.Get(passkeyTicket), Answer: v.form.Get(passkeyAnswer)}
}

// signInPasskey signs somebody in with a passkey alone: his device has seen to it that
// it is he, by a finger, a face or a number that he knows.
func (v *visit) signInPasskey() error {
	page := &signInPage{frame: v.frame(v.text("signin.title"), ""), Next: ownPath(v.form.Get("next"))}
	p, reason := v.Doors.PasskeyHolder(v.r.Context(), v.form.Get(passkeyAnswer))
	retry := 0
	if reason == "" {
		reason, retry = v.Doors.Passkey(v.r.Context(), p, v.answered(), signInPlace, v.request.Client)
	}
	if reason.Coarse() == sallyport.CredentialInvalid || reason == sallyport.SecondFactorWrong {
		_ = v.denied(reason)
		page.Faults.say(v.text("passkey.wrong"))
		return v.showSignInPage(http.StatusUnauthorized, page)
	}
	if reason != "" {
		return v.signInRefused(page, reason, retry)
	}
	return v.enter(p, page)
}

// secondFactor checks what a form brought as a second factor: a code, or the answer of
// a passkey that was asked for in a place.
func (v *visit) secondFactor(p *policy.Principal, code, place string) (sallyport.Reason, int) {
	if v.form.Get(passkeyAnswer) != "" {
		return v.Doors.Passkey(v.r.Context(), p, v.answered(), place, v.request.Client)
	}
	return v.Doors.SecondFactor(v.r.Context(), p, code, v.request.Client)
}

// A passkeyPage has the browser make a passkey.
type passkeyPage struct {
	frame
	Name    string
	Passkey passkeyAsk
}

func (v *visit) startPasskey() error {
	name := v.form.Get("name")
	begun, err := v.Admin.StartPasskey(v.r.Context(), v.actor, name)
	if err != nil {
		return v.factorsRefused(err, name)
	}
	page := &passkeyPage{frame: v.frame(v.text("passkey.title"), "factors"), Name: name}
	page.Passkey = passkeyAsk{Action: Base + "/factors/" + string(begun.ID) + "/passkey", Options: begun.Options, Script: v.assets.passkey}
	return v.show(http.StatusOK, "passkey", page)
}

// factorsRefused shows the list with what is wrong with a form in it.
func (v *visit) factorsRefused(err error, name string) error {
	page, perr := v.factorsPage()
	if perr != nil {
		return errors.Join(err, perr)
	}
	if page.Name = name; !page.Faults.take(err, "name") {
		return err
	}
	return v.show(statusOf(err), "factors", page)
}

func (v *visit) activatePasskey() error {
	codes, err := v.Admin.ActivatePasskey(v.r.Context(), v.actor, sallyport.FactorID(v.r.PathValue("factor")), v.form.Get(passkeyAnswer))
	switch {
	case err == nil && len(codes) > 0:
		return v.showCodes(codes)
	case err == nil:
		return v.redirect(Base + "/factors?done=passkey")
	}
	return v.factorsRefused(err, "")
}

// A factorNamePage gives a factor another name.
type factorNamePage struct {
	frame
	ID     sallyport.FactorID
	Name   string
	Faults faults
}

func (v *visit) showFactorName() error {
	f, _, err := v.factorNamed()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "factor_name", &factorNamePage{frame: v.frame(v.text("factor.rename"), "factors"), ID: f.ID, Name: f.Name})
}

func (v *visit) renameFactor() error {
	page := &factorNamePage{
		frame: v.frame(v.text("factor.rename"), "factors"), ID: sallyport.FactorID(v.r.PathValue("factor")), Name: v.form.Get("name"),
	}
	err := v.Admin.RenameFactor(v.r.Context(), v.actor, page.ID, page.Name)
	switch {
	case err == nil:
		return v.redirect(Base + "/factors?done=factor-renamed")
	case page.Faults.take(err, "name"):
		return v.show(statusOf(err), "factor_name", page)
	}
	return err
}
