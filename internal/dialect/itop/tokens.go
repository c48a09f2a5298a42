package itop

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// A result is the answer to what the page asks for.
type result struct {
	Result  string `json:"result"`
	Message string `json:"message,omitempty"`
	Title   string `json:"title,omitempty"`
}

func (c *call) sendResult(r result) error {
	wire.SendJSON(c.w, c.r, c.Exchange, http.StatusOK, r)
	return nil
}

// newToken stands for the id of a token that is yet to be made.
const newToken = "0"

var errNoToken = sallyport.ErrNotFound("no such token")

// tokens returns the tokens of the caller that are good here, oldest first.
func (c *call) tokens() ([]sallyport.Credential, error) {
	filter := admin.TokenFilter{Owner: c.actor.Principal.ID, State: sallyport.Active}
	all, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Credential], error) {
		return c.Admin.Tokens(c.r.Context(), c.actor, c.actor.Principal.Home, filter, p)
	})
	return slices.DeleteFunc(all, func(t sallyport.Credential) bool { return !c.isOurs(&t) }), err
}

// isOurs reports whether a token can be meant for this API.
func (c *call) isOurs(t *sallyport.Credential) bool {
	api := string(c.Request.API.Name)
	return len(t.Scopes) == 0 || slices.ContainsFunc(t.Scopes, func(s string) bool { return s == api || strings.HasPrefix(s, api+"/") })
}

// token returns a token of the caller. That of somebody else is as good as none,
// whatever the caller may do elsewhere.
func (c *call) token(id string) (sallyport.Credential, error) {
	t, err := c.Admin.Token(c.r.Context(), c.actor, sallyport.CredentialID(id))
	if err == nil && (t.Owner != c.actor.Principal.ID || t.State != sallyport.Active || !c.isOurs(&t)) {
		err = errNoToken
	}
	return t, err
}

// refreshToken gives a token a new secret. The one before ends at once.
func (c *call) refreshToken() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	t, err := c.token(f.Get("token_id"))
	if err != nil {
		return err
	}
	issued, err := c.Admin.RenewTokenAs(c.r.Context(), c.actor, t.ID, t.Version, 0, admin.ShapeBase64)
	if err != nil {
		return err
	}
	if c.forPerson() {
		if err := c.keepFresh(t.Name, issued.Secret); err != nil {
			return err
		}
		return c.toPage()
	}
	return c.sendResult(result{"ok", shown(issued.Secret), t.Name})
}

// forPerson reports whether a browser shows the answer by itself. The product's
// own page asks for JSON.
func (c *call) forPerson() bool { return strings.Contains(c.r.Header.Get("Accept"), "text/html") }

// shown is the one time that a secret is told. Clients look for the name of the
// parameter.
func shown(secret sallyport.Secret) string {
	return "Copy the token now, it is not shown again:<br>" + tokenParameter + "=<a>" + html.EscapeString(secret.Reveal()) + "</a>"
}

func (c *call) deleteToken() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	t, err := c.token(f.Get("token_id"))
	if err != nil {
		return err
	}
	if err := c.Admin.RevokeToken(c.r.Context(), c.actor, t.ID, t.Version); err != nil {
		return err
	}
	if c.forPerson() {
		return c.toPage()
	}
	return c.sendResult(result{Result: "ok"})
}

// An edit is what the form shows of a token.
type edit struct {
	Base        string
	ID          string
	Operation   string
	Transaction string
	Application string
	Expires     string
	Scopes      []box
}

// A box is a scope that can be chosen.
type box struct {
	Name    string
	Checked bool
}

// editToken is the form of a token, or of a new one.
func (c *call) editToken() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	id := f.Get("token_id")
	e := edit{Base: c.Request.BasePath, ID: id, Operation: "apply_new"}
	chosen, version := []string{scopeREST}, int64(0)
	if id != newToken {
		t, err := c.token(id)
		if err != nil {
			return err
		}
		e.Operation, e.Application, e.Expires = "apply_modify", t.Name, dateText(t.Expires)
		chosen, version = c.scopesOf(&t), t.Version
	}
	for _, s := range scopes {
		e.Scopes = append(e.Scopes, box{s, slices.Contains(chosen, s)})
	}
	if e.Transaction, err = c.transaction(id, version); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := c.views.edit.Execute(&b, e); err != nil {
		return err
	}
	c.send(http.StatusOK, html5, b.Bytes())
	return nil
}

// scopesOf returns the scopes of a token for this API, without the API's name.
func (c *call) scopesOf(t *sallyport.Credential) []string {
	api := string(c.Request.API.Name)
	if t.Scopes == nil || slices.Contains(t.Scopes, api) {
		return scopes[:]
	}
	var out []string
	for _, s := range t.Scopes {
		if name, ours := strings.CutPrefix(s, api+"/"); ours {
			out = append(out, name)
		}
	}
	return out
}

// addToken makes a token for the caller, whoever the form says it is for.
func (c *call) addToken() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	once, _, err := c.redeem(f.Get("transaction_id"), newToken)
	if err != nil {
		return err
	}
	in := admin.NewToken{Name: f.Get("attr_application"), Shape: admin.ShapeBase64}
	chosen, err := chosenScopes(f)
	if err != nil {
		return err
	}
	in.Scopes = c.fullScopes(chosen)
	if in.Expires, err = c.date(f.Get("attr_expiration_date")); err != nil {
		return err
	}
	by := c.actor
	by.Once = once
	issued, err := c.Admin.CreateToken(c.r.Context(), by, in)
	if err != nil {
		return err
	}
	if issued.Replayed {
		return errForm
	}
	if err := c.keepFresh(issued.Credential.Name, issued.Secret); err != nil {
		return err
	}
	return c.toPage()
}

// changeToken changes a token, but neither its secret nor what was counted.
func (c *call) changeToken() error {
	f, err := c.form()
	if err != nil {
		return err
	}
	id := f.Get("id")
	if id == "" {
		id = f.Get("token_id")
	}
	t, err := c.token(id)
	if err != nil {
		return err
	}
	_, version, err := c.redeem(f.Get("transaction_id"), id)
	if err != nil {
		return err
	}
	var ch admin.TokenChange
	if f.Has("attr_application") {
		name := f.Get("attr_application")
		ch.Name = &name
	}
	if hasScopes(f) {
		chosen, err := chosenScopes(f)
		if err != nil {
			return err
		}
		if all := c.merged(&t, chosen); !slices.Equal(all, t.Scopes) || (all == nil) != (t.Scopes == nil) {
			ch.Scopes = &all
		}
	}
	if text := f.Get("attr_expiration_date"); f.Has("attr_expiration_date") && text != dateText(t.Expires) {
		expires, err := c.date(text)
		if err != nil {
			return err
		}
		ch.Expires = &expires
	}
	if _, err := c.Admin.UpdateToken(c.r.Context(), c.actor, t.ID, version, ch); err != nil {
		return err
	}
	return c.toPage()
}

// merged returns the scopes of a token of which those for this API were chosen
// anew. Those for other APIs stay; one that reaches everything goes on to do so
// if nothing was taken away.
func (c *call) merged(t *sallyport.Credential, chosen []string) []string {
	if t.Scopes == nil && len(chosen) == len(scopes) {
		return nil
	}
	api := string(c.Request.API.Name)
	out := c.fullScopes(chosen)
	for _, s := range t.Scopes {
		if s != api && !strings.HasPrefix(s, api+"/") {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func (c *call) fullScopes(chosen []string) []string {
	out := make([]string, 0, len(chosen))
	for _, s := range chosen {
		out = append(out, string(c.Request.API.Name)+"/"+s)
	}
	slices.Sort(out)
	return out
}

// Names under which forms have scopes: one for each box, or one for all. The last
// says that there are boxes although none may be ticked.
const (
	scopeBoxes = "attr_scope[]"
	scopeList  = "attr_scope"
	scopeShown = "attr_scope_shown"
)

func hasScopes(f url.Values) bool { return f.Has(scopeBoxes) || f.Has(scopeList) || f.Has(scopeShown) }

// chosenScopes reads the scopes of a form: boxes, a list with commas, or what the
// product's own widget sends.
func chosenScopes(f url.Values) ([]string, error) {
	list := slices.Clone(f[scopeBoxes])
	if text := f.Get(scopeList); strings.HasPrefix(text, "{") {
		var widget struct {
			Original []string `json:"orig_value"`
			Added    []string `json:"added"`
			Removed  []string `json:"removed"`
		}
		if json.Unmarshal([]byte(text), &widget) != nil {
			return nil, sallyport.ErrInvalid(scopeList, "the scopes cannot be read; write some of "+strings.Join(scopes[:], ", "))
		}
		list = append(list, widget.Added...)
		for _, s := range widget.Original {
			if !slices.Contains(widget.Removed, s) {
				list = append(list, s)
			}
		}
	} else {
		list = append(list, split(text)...)
	}
	for i, s := range list {
		if s == "WebService" { // its id in the product
			list[i] = scopeREST
		}
		if !slices.Contains(scopes[:], list[i]) {
			return nil, sallyport.ErrInvalid(scopeList, "there is no such scope; there are "+strings.Join(scopes[:], ", "))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// date reads the end of a token: a time in UTC, or empty for none but what the
// policy of the tenant says.
func (c *call) date(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, sallyport.ErrInvalid("attr_expiration_date", "the expiration date is a time such as 2030-12-31 23:59:59, in UTC")
}

// dateText writes a time as the product does.
func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}
