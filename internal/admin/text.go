package admin

import (
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport"
)

// Bounds of what is typed.
const (
	maxName     = 100 // characters
	maxTitle    = 200
	maxRealm    = 64
	maxEmail    = 254 // bytes (RFC 5321 section 4.5.3.1.3, less the brackets)
	maxNetworks = 64
	maxScopes   = 100
	maxOverlap  = 30 * 24 * time.Hour
)

// text checks a piece of text for one line and returns it in normalization form
// C. Control characters would break log lines, invisible ones and those that
// turn the direction of writing would show one name as another.
func text(field, s string, most int) (string, error) {
	if len(s) > 4*most || utf8.RuneCountInString(s) > most {
		return "", sallyport.ErrInvalid(field, fmt.Sprintf("%s is too long; at most %d characters", field, most))
	}
	if !utf8.ValidString(s) {
		return "", sallyport.ErrInvalid(field, field+" is not valid UTF-8")
	}
	s = norm.NFC.String(s)
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return "", sallyport.ErrInvalid(field, field+" has a control or invisible character; write it without")
		}
	}
	if strings.TrimSpace(s) != s {
		return "", sallyport.ErrInvalid(field, field+" begins or ends with a space; write it without")
	}
	return s, nil
}

// name checks the name of a thing, which must not be empty.
func name(s string) (string, error) {
	if s == "" {
		return "", sallyport.ErrInvalid("name", "name is missing; give it one")
	}
	return text("name", s, maxName)
}

// realmName checks the name of a realm. It travels in headers and paths, and in
// front of a login with a slash between.
func realmName(s string) (string, error) {
	s, err := name(s)
	switch {
	case err != nil:
		return "", err
	case utf8.RuneCountInString(s) > maxRealm:
		return "", sallyport.ErrInvalid("name", fmt.Sprintf("name is too long; at most %d characters", maxRealm))
	case strings.ContainsAny(s, `/\:*`):
		return "", sallyport.ErrInvalid("name", `name has one of / \ : * in it; choose another`)
	}
	return s, nil
}

// email checks an address, which may be empty.
func email(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if _, err := text("email", s, maxEmail); err != nil {
		return "", err
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > maxEmail {
		return "", sallyport.ErrInvalid("email", "email is not an address such as jo@example.com")
	}
	return s, nil
}

// future checks the end of something that is made or changed now.
func future(field string, end, now time.Time) error {
	if !end.IsZero() && !end.After(now) {
		return sallyport.ErrInvalid(field, field+" is in the past; choose a time to come, or leave it out")
	}
	return nil
}

// networks checks where a credential may be used from.
func networks(list []netip.Prefix) ([]netip.Prefix, error) {
	if len(list) > maxNetworks {
		return nil, sallyport.ErrInvalid("networks", fmt.Sprintf("there are %d networks; at most %d", len(list), maxNetworks))
	}
	var out []netip.Prefix
	for i, p := range list {
		field := fmt.Sprintf("networks[%d]", i)
		switch {
		case !p.IsValid():
			return nil, sallyport.ErrInvalid(field, field+" is not a network such as 10.0.0.0/8")
		case p != p.Masked():
			return nil, sallyport.ErrInvalid(field, fmt.Sprintf("%s has bits set below its length; did you mean %s?", field, p.Masked()))
		case p.Addr().Is4In6():
			return nil, sallyport.ErrInvalid(field, field+" is an IPv4 network written as IPv6; write it as IPv4")
		}
		out = append(out, p)
	}
	return out, nil
}
