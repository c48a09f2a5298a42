package truesight

import (
	"mime"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// formType is the content type of a sign-in.
const formType = "application/x-www-form-urlencoded"

// A form is what a sign-in sends.
type form struct {
	username, password string
}

// readForm reads the form of a sign-in. Names and passwords count in the body
// alone: in a query they would be in the logs.
func readForm(x *surface.Exchange) (form, error) {
	types := x.Request.Header["Content-Type"]
	if len(types) != 1 {
		return form{}, errForm()
	}
	if kind, _, err := mime.ParseMediaType(types[0]); err != nil || kind != formType {
		return form{}, errForm()
	}
	body, err := wire.Body(x)
	if err != nil {
		return form{}, err
	}
	return parseForm(body)
}

func errForm() error {
	return sallyport.ErrInvalid("", "send grant_type, username and password as "+formType)
}

// parseForm reads the fields, each of which must be there once. What is empty is
// there, and is nobody's name or password.
func parseForm(body []byte) (f form, err error) {
	for _, field := range []struct {
		name string
		to   *string
	}{{"grant_type", nil}, {"username", &f.username}, {"password", &f.password}} {
		value, count, fault := carrier.FormValue(formType, body, field.name)
		switch {
		case fault != carrier.OK:
			return form{}, wire.Refused(sallyport.BodyMalformed)
		case count == 0:
			return form{}, sallyport.ErrInvalid(field.name, field.name+" is missing")
		case count > 1:
			return form{}, sallyport.ErrInvalid(field.name, field.name+" is there more than once")
		case field.to != nil:
			*field.to = value
		case value != "password":
			return form{}, sallyport.ErrInvalid(field.name, field.name+" is password; there is no other")
		}
	}
	return f, nil
}

// loginOf returns the login of the name that somebody signs in with. The product
// takes names of a directory as domain\user and as user@domain; no login has a
// backslash, so the first is another way to write the second.
func loginOf(name string) string {
	domain, user, there := strings.Cut(name, `\`)
	if !there || domain == "" || user == "" || strings.ContainsAny(user, `\@`) {
		return name
	}
	return user + "@" + domain
}
