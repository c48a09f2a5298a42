package itop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// form returns the parameters of a request to the page: those of the query, and
// those of the form before them.
func (c *call) form() (url.Values, error) {
	f, err := url.ParseQuery(c.Request.Canonical.RawQuery)
	if err != nil {
		return nil, wire.Refused(sallyport.QueryMalformed)
	}
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" || c.Request.Body == nil {
		return f, nil
	}
	text, err := wire.Body(c.Exchange)
	if err != nil {
		return nil, err
	}
	posted, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, wire.Refused(sallyport.BodyMalformed)
	}
	maps.Copy(f, posted)
	return f, nil
}

// formLife is how long a form can be sent off after it was made.
const formLife = time.Hour

// errForm refuses a form that was sent off before, is too old or was not made for
// this.
var errForm = sallyport.ErrConflict("transaction_id", "this form was sent off already, or is too old; open it again")

// transaction makes the id of a form for a token, new if its id is newToken. It is
// good once: to make something it is remembered when it was used, and to change
// something it is for one version of it.
func (c *call) transaction(id string, version int64) (string, error) {
	plain := make([]byte, 16, 32)
	if _, err := rand.Read(plain); err != nil {
		return "", err
	}
	plain = binary.BigEndian.AppendUint64(plain, uint64(c.Now().Add(formLife).Unix())) //nolint:gosec // after 1970
	plain = binary.BigEndian.AppendUint64(plain, uint64(version))                      //nolint:gosec // counts from 1
	sealed, err := c.forms.Seal(plain, string(c.actor.Principal.ID), id)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// redeem returns what makes the use of a form unique, and the version of what it
// was made for.
func (c *call) redeem(transaction, id string) (once *admin.Once, version int64, err error) {
	const longest = 200
	if len(transaction) > longest {
		return nil, 0, errForm
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(transaction)
	if err != nil {
		return nil, 0, errForm
	}
	plain, err := c.forms.Open(sealed, string(c.actor.Principal.ID), id)
	if err != nil || len(plain) != 32 {
		return nil, 0, errForm
	}
	if c.Now().Unix() >= int64(binary.BigEndian.Uint64(plain[16:])) { //nolint:gosec // we wrote it
		return nil, 0, errForm
	}
	once = &admin.Once{Key: "itop-form-" + hex.EncodeToString(plain[:16]), Request: sha256.Sum256(plain)}
	return once, int64(binary.BigEndian.Uint64(plain[24:])), nil //nolint:gosec // we wrote it
}

// A fresh is a secret that was just made, for the next page that its owner loads.
const freshLife = 2 * time.Minute

// keepFresh gives the browser a new secret, sealed, for the next page.
func (c *call) keepFresh(name string, secret sallyport.Secret) error {
	sealed, err := c.secrets.Seal([]byte(secret.Reveal()+"\n"+name), string(c.actor.Principal.ID))
	if err != nil {
		return err
	}
	c.setCookie(c.freshCookie(), base64.RawURLEncoding.EncodeToString(sealed), int(freshLife/time.Second))
	return nil
}

func (c *call) freshCookie() string { return cookieName(c.Exchange) + "_new" }

// takeFresh returns the secret that [call.keepFresh] left, and takes it out of the
// browser.
func (c *call) takeFresh() (name, secret string) {
	cookies := c.r.CookiesNamed(c.freshCookie())
	if len(cookies) == 0 {
		return "", ""
	}
	c.setCookie(c.freshCookie(), "", 0)
	sealed, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return "", ""
	}
	plain, err := c.secrets.Open(sealed, string(c.actor.Principal.ID))
	if err != nil {
		return "", ""
	}
	for i, b := range plain {
		if b == '\n' {
			return string(plain[i+1:]), string(plain[:i])
		}
	}
	return "", ""
}

// setCookie sets a cookie of the page; an empty value removes it.
func (c *call) setCookie(name, value string, life int) {
	cookie := http.Cookie{
		Name: name, Value: value, Path: c.Request.BasePath + "/pages", MaxAge: life,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.Secure(),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.w, &cookie)
}
