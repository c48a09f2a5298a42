package itop

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// fault answers a request that names no operation that there is.
func (c *call) fault() error {
	_, o := requestFault(c.Request)
	if o == nil {
		// It could be read in two ways: a member is there twice, or the query and
		// the body differ.
		o = failed(codeInvalidJSON, "Parameter json_data is not a valid JSON structure")
	}
	c.sendREST(c.w, c.r, c.Exchange, http.StatusOK, o)
	return nil
}

// A checked is the answer to who asks whether a password is right.
type checked struct {
	Code       int     `json:"code"`
	Message    *string `json:"message"` // always null
	Authorized bool    `json:"authorized"`
}

// checkCredentials tells whether a password is right. It costs what a sign-in
// costs: wrong ones use up the same budget of failures. Each question is written
// down with who asked it.
func (c *call) checkCredentials() error {
	in, o := faultOf(c.Request)
	var user, password string
	for _, p := range []struct {
		name string
		to   *string
	}{{"user", &user}, {"password", &password}} {
		text, there := in.text(p.name)
		if o == nil && !there {
			o = missing(p.name)
		}
		*p.to = text
	}
	if o != nil {
		c.sendREST(c.w, c.r, c.Exchange, http.StatusOK, o)
		return nil
	}
	authorized, err := c.rightPassword(user, password)
	if err != nil {
		return err
	}
	if err := c.Admin.NotePasswordCheck(c.r.Context(), c.actor, user, authorized); err != nil {
		return err
	}
	c.sendREST(c.w, c.r, c.Exchange, http.StatusOK, checked{Code: codeOK, Authorized: authorized})
	return nil
}

func (c *call) rightPassword(user, password string) (bool, error) {
	if user == "" || password == "" || len(user) > carrier.MaxLogin || len(password) > carrier.MaxPassword {
		return false, nil
	}
	_, reason, retry := c.Doors.Authenticate(c.r.Context(), user, password, c.Request.Client)
	switch {
	case reason == "":
		return true, nil
	case reason == sallyport.Overdone || reason.Status() >= http.StatusInternalServerError:
		c.Decision.RetryAfter = retry
		return false, wire.Refused(reason)
	}
	return false, nil
}
