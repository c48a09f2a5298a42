package console

import (
	"github.com/sallyport/sallyport"
)

// userSessionRoutes are those about where another is signed in.
func userSessionRoutes() []route {
	const session, signIn = "/access/{tenant}/users/{user}/sessions/{session}/end", "/access/{tenant}/users/{user}/sign-ins/{signin}/end"
	return []route{
		{"user.session.end.ask", "GET", session, member, (*visit).askEndOfUser},
		{"user.session.end", "POST", session, member, (*visit).endOfUser},
		{"user.sign-in.end.ask", "GET", signIn, member, (*visit).askEndOfUser},
		{"user.sign-in.end", "POST", signIn, member, (*visit).endOfUser},
	}
}

// endingOfUser is the question before a session or a sign-in of the user in the
// path ends. One that is not his is not found.
func (v *visit) endingOfUser() (*confirmPage, error) {
	u, err := v.userIn()
	if err != nil {
		return nil, err
	}
	in, err := v.signedInAs(u.Tenant, u.ID)
	if err != nil {
		return nil, err
	}
	page, err := v.ending(&in)
	if err != nil {
		return nil, err
	}
	at := v.here() + atUser(u)
	page.frame, page.Trail, page.Cancel = v.frame(page.Heading, "users"), tab{Text: u.Login, Path: at}, at
	return page, nil
}

func (v *visit) askEndOfUser() error {
	page, err := v.endingOfUser()
	return v.ask(page, err)
}

func (v *visit) endOfUser() error {
	page, err := v.endingOfUser()
	if err != nil {
		return err
	}
	ctx, done := v.r.Context(), "session"
	if id := v.r.PathValue("session"); id != "" {
		err = v.Admin.EndSession(ctx, v.actor, sallyport.CredentialID(id))
	} else {
		done = "signin"
		err = v.Admin.RevokeFamily(ctx, v.actor, sallyport.FamilyID(v.r.PathValue("signin")))
	}
	return v.confirmed(page, err, page.Cancel+"?done="+done)
}
