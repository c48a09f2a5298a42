package itop

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

//go:embed page/account.html page/edit.html page/account.css
var files embed.FS

// views are what the page is made of.
type views struct {
	account, edit *template.Template
	style         []byte
}

func newViews() (*views, error) {
	var v views
	for name, to := range map[string]**template.Template{"page/account.html": &v.account, "page/edit.html": &v.edit} {
		t, err := template.New(path.Base(name)).Funcs(template.FuncMap{"button": newButton}).ParseFS(files, name)
		if err != nil {
			return nil, fmt.Errorf("itop: read %s: %w", name, err)
		}
		*to = t
	}
	style, err := files.ReadFile("page/account.css")
	if err != nil {
		return nil, fmt.Errorf("itop: read the style: %w", err)
	}
	v.style = style
	return &v, nil
}

const html5 = "text/html; charset=utf-8"

// contentSecurity allows the stylesheet and forms to ourselves, and nothing else.
const contentSecurity = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// A button sends off one of the calls about a token.
type button struct{ Base, ID, Operation, Label, About string }

func newButton(base, id, operation, label, about string) button {
	return button{base, id, operation, label, about}
}

// A page is what the page of one's account shows.
type page struct {
	Base  string
	Title string
	Fault string // what went wrong; empty: nothing

	SignedIn bool
	Login    string
	Tenants  string
	Profiles []string
	Name     string
	Email    string

	MayHave bool // he may have tokens
	Tokens  []row

	FreshName, Fresh string // a secret that was just made
}

// A row is a token in the table.
type row struct {
	ID, Application, Scope, Expires, Uses, LastUsed string
}

// send answers with something for a browser.
func (c *call) send(status int, contentType string, body []byte) {
	sendPage(c.w, c.r, c.Exchange, status, contentType, body)
}

func sendPage(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Add("Vary", "Cookie, Authorization")
	wire.Send(w, r, x, status, contentType, body)
}

func (d *dialect) show(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, p *page) {
	p.Base, p.Title = x.Request.BasePath, cmp.Or(x.Request.API.Document.Title, "iTop")
	var b bytes.Buffer
	if err := d.views.account.Execute(&b, p); err != nil {
		x.Docs.Failed(w, r, &sallyport.Error{Kind: sallyport.Internal, Err: err})
		return
	}
	sendPage(w, r, x, status, html5, b.Bytes())
}

// showSignIn shows the form to sign in with.
func (d *dialect) showSignIn(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, fault string) {
	// A browser that is asked for Basic opens a window of its own.
	x.Answer.Challenges = respond.Challenges([]sallyport.Accept{{In: sallyport.CarrierCookie, Name: cookieName(x)}}, "iTop", respond.Try{})
	d.show(w, r, x, status, &page{Fault: fault})
}

// account is the page of one's account. A password in a form that is sent to it
// starts a session, as sending off the form to sign in does.
func (c *call) account() error {
	switch kind := c.Decision.CredentialKind; {
	case c.Decision.Principal == nil:
		c.showSignIn(c.w, c.r, c.Exchange, http.StatusOK, "")
		return nil
	case kind != sallyport.Session && kind != sallyport.Password:
		c.showSignIn(c.w, c.r, c.Exchange, http.StatusForbidden, "A token is not good for this page. Sign in.")
		return nil
	case c.r.Method == http.MethodPost && kind == sallyport.Password && c.Request.Found.In.Carrier() == sallyport.CarrierForm:
		return c.startSession()
	}
	p, err := c.whoAmI()
	if err != nil {
		return err
	}
	p.FreshName, p.Fresh = c.takeFresh()
	c.show(c.w, c.r, c.Exchange, http.StatusOK, p)
	return nil
}

// startSession gives a browser the cookie of a session.
func (c *call) startSession() error {
	if err := wire.SameOrigin(c.r); err != nil {
		return err
	}
	// The doors have made sure of the password already, and do not tell under which
	// one of his passwords; it is remembered, so this costs no second hash.
	found := &c.Request.Found
	p, err := c.Authenticate(c.r, c.Exchange, found.Login, found.Secret)
	if err != nil {
		return err
	}
	issued, err := c.Admin.StartSession(c.r.Context(), admin.NewSession{
		User: p.ID, Epoch: p.Epoch, Idle: wire.DurationOf(c.Request.API.Document, sessionIdle),
		Address: wire.Address(c.Exchange), Via: c.r.UserAgent(), RequestID: c.Decision.RequestID,
	})
	if err != nil {
		return err
	}
	c.setCookie(cookieName(c.Exchange), issued.Secret.Reveal(), int(issued.Credential.Expires.Sub(c.Now()).Seconds()))
	return c.toPage()
}

// toPage leads back to the page.
func (c *call) toPage() error {
	c.w.Header().Set("Location", c.Request.BasePath+pagePath+"?exec_module=authent-token&exec_page=index.php")
	c.send(http.StatusSeeOther, "text/plain; charset=utf-8", nil)
	return nil
}

// signOut ends the session that the request came with.
func (c *call) signOut() error {
	if c.Decision.CredentialKind == sallyport.Session {
		if err := c.Admin.EndSession(c.r.Context(), c.actor, sallyport.CredentialID(c.Decision.Credential.String())); err != nil {
			return err
		}
	}
	c.setCookie(cookieName(c.Exchange), "", 0)
	return c.toPage()
}

// style is the stylesheet of the page.
func (c *call) style() error {
	c.w.Header().Set("Cache-Control", "public, max-age=3600")
	c.send(http.StatusOK, "text/css; charset=utf-8", c.views.style)
	return nil
}

// maxRoles is how many roles the page names.
const maxRoles = 100

// whoAmI collects what the page shows.
func (c *call) whoAmI() (*page, error) {
	ctx := c.r.Context()
	me, err := c.Admin.Me(ctx, c.actor)
	if err != nil {
		return nil, err
	}
	p := &page{SignedIn: true, Login: me.Principal.Login, Name: me.Principal.Name, Email: me.Principal.Email}
	held, err := c.Admin.MyRoles(ctx, c.actor, maxRoles)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		if h.Tenant.ID == me.Principal.Home {
			p.Tenants = h.Tenant.Name
		}
		if name := cmp.Or(h.Role.Title, h.Role.Name); !slices.Contains(p.Profiles, name) {
			p.Profiles = append(p.Profiles, name)
		}
	}
	if p.MayHave, err = c.mayHaveTokens(); err != nil || !p.MayHave {
		return p, err
	}
	list, err := c.tokens()
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		r := row{
			ID: string(t.ID), Application: t.Name, Expires: dateText(t.Expires), Uses: strconv.FormatInt(t.Uses, 10), LastUsed: dateText(t.LastUsed),
		}
		for i, s := range c.scopesOf(&t) {
			if i > 0 {
				r.Scope += ", "
			}
			r.Scope += s
		}
		p.Tokens = append(p.Tokens, r)
	}
	return p, nil
}

// mayHaveTokens reports whether the page offers tokens. Whether one can be made
// is decided when it is.
func (c *call) mayHaveTokens() (bool, error) {
	tenant := c.Decision.Tenant
	if tenant == "" {
		tenant = sallyport.EveryTenant
	}
	held, err := c.Admin.Permissions(c.r.Context(), c.actor, tenant)
	if err != nil {
		return false, err
	}
	for _, name := range names(tokenHolders(c.Request.API.Document.Settings)) {
		if slices.Contains(held, sallyport.Permission(string(c.Request.API.Name)+"/"+name)) {
			return true, nil
		}
	}
	return false, nil
}

// denyAccount answers a denied request for the page or what it calls.
func (d *dialect) denyAccount(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	info := x.Decision.Reason.Info()
	switch {
	case x.Endpoint() == accountEndpoint && info.Status == http.StatusUnauthorized && r.Method == http.MethodPost:
		d.showSignIn(w, r, x, http.StatusUnauthorized, "The user name or the password is wrong.")
	case x.Endpoint() == accountEndpoint || x.Endpoint() == signOutEndpoint:
		d.showSignIn(w, r, x, info.Status, info.Title+". "+info.Public)
	case info.Status == http.StatusUnauthorized:
		x.Answer.Challenges = challenges(x)
		sendText(w, r, x, http.StatusUnauthorized, htmlText, "<p>"+pageRefused+"</p>")
	case len(x.Decision.Missing) > 0:
		sendText(w, r, x, http.StatusUnauthorized, plainText, tokensRefused)
	default:
		x.Docs.Denied(w, r, x.Answer)
	}
}
