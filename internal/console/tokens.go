package console

import (
	"errors"
	"net/http"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// soon is how long before its end a token is said to end soon.
const soon = 7 * 24 * time.Hour

// A tokenRow is a token as lists and its own page show it.
type tokenRow struct {
	ID       sallyport.CredentialID
	Name     string
	Hint     string
	State    string // one word
	Alive    bool   // it can be used
	Soon     bool   // it ends soon
	Limited  bool   // by Scopes
	Scopes   []string
	Tenant   string // the one that it acts in; empty: wherever its owner may
	Networks []string
	Expires  time.Time
	Uses     int64
	LastUsed time.Time
	Address  string // of the last use
	Agent    string
	Via      string
	Created  time.Time
	Renewed  time.Time
	Version  int64
}

func (v *visit) row(c sallyport.Credential) tokenRow {
	r := tokenRow{
		ID: c.ID, Name: c.Name, Hint: c.Hint, State: "active", Limited: c.Scopes != nil, Scopes: c.Scopes,
		Expires: c.Expires, Uses: c.Uses, LastUsed: c.LastUsed, Address: plainAddress(c.LastAddr),
		Agent: agent(c.LastVia), Via: c.LastVia, Created: c.Created, Renewed: c.Renewed, Version: c.Version,
	}
	switch {
	case c.State == sallyport.Revoked:
		r.State = "revoked"
	case c.State != sallyport.Active:
		r.State = "blocked"
	case !c.Expires.IsZero() && !c.Expires.After(v.now):
		r.State = "expired"
	case !c.Expires.IsZero() && c.Expires.Sub(v.now) < soon:
		r.Alive, r.Soon = true, true
	default:
		r.Alive = true
	}
	if r.Renewed.Equal(r.Created) {
		r.Renewed = time.Time{} // it has the secret that it was made with
	}
	if c.Tenant != sallyport.EveryTenant {
		r.Tenant = v.tenantName(c.Tenant)
	}
	for _, n := range c.Networks {
		r.Networks = append(r.Networks, n.String())
	}
	return r
}

// A tokenPage is about one token.
type tokenPage struct {
	frame
	Token   tokenRow
	Secrets []secretRow
	Faults  faults
	Overlap string // chosen in the form to refresh
}

// A secretRow is what is known of one of a token's secrets.
type secretRow struct {
	admin.SecretInfo
	Newest bool
	Over   bool // its overlap is
}

// own returns the token that the path names, if it is the visitor's own: the
// tokens of others have pages of their own.
func (v *visit) own() (sallyport.Credential, error) {
	c, err := v.Admin.Token(v.r.Context(), v.actor, sallyport.CredentialID(v.r.PathValue("token")))
	e, refused := errors.AsType[*sallyport.Error](err)
	others := err == nil && c.Owner != v.self.Principal.ID || refused && e.Reason == sallyport.PermissionMissing
	if others {
		return sallyport.Credential{}, sallyport.ErrNotFound("no such token")
	}
	return c, err
}

func (v *visit) tokenPage(title string) (*tokenPage, error) {
	c, err := v.own()
	if err != nil {
		return nil, err
	}
	secrets, err := v.Admin.TokenSecrets(v.r.Context(), v.actor, c.ID)
	if err != nil {
		return nil, err
	}
	page := &tokenPage{frame: v.frame(title, "account"), Token: v.row(c)}
	if title == "" {
		page.Title = c.Name
	}
	page.Secrets = v.secretRows(secrets)
	return page, nil
}

// secretRows tells of the secrets of a credential, the newest first.
func (v *visit) secretRows(secrets []admin.SecretInfo) (rows []secretRow) {
	for i, s := range secrets {
		rows = append(rows, secretRow{SecretInfo: s, Newest: i == 0, Over: !s.Expires.IsZero() && !s.Expires.After(v.now)})
	}
	return rows
}

func (v *visit) token() error {
	page, err := v.tokenPage("")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "token", page)
}

// overlaps are how long a replaced secret can go on, as the form offers it.
func overlapOf(choice string) (time.Duration, bool) {
	switch choice {
	case "none":
		return 0, true
	case "hour":
		return time.Hour, true
	case "day":
		return 24 * time.Hour, true
	case "week":
		return 7 * 24 * time.Hour, true
	case "month":
		return 30 * 24 * time.Hour, true
	}
	return 0, false
}

func (v *visit) askRefresh() error {
	page, err := v.tokenPage("Refresh the token")
	if err != nil {
		return err
	}
	page.Overlap = "day"
	if page.Token.Uses == 0 {
		page.Overlap = "none" // nobody would notice
	}
	return v.show(http.StatusOK, "token_refresh", page)
}

// refreshToken gives the token a new secret and shows it.
func (v *visit) refreshToken() error {
	page, err := v.tokenPage("Refresh the token")
	if err != nil {
		return err
	}
	page.Overlap = v.form.Get("overlap")
	overlap, ok := overlapOf(page.Overlap)
	if !ok {
		page.Faults.at("overlap", "Choose what becomes of the present secret.")
		return v.show(http.StatusUnprocessableEntity, "token_refresh", page)
	}
	issued, err := v.Admin.RenewToken(v.r.Context(), v.actor, page.Token.ID, version(v.form), overlap)
	if err != nil {
		if page.Faults.take(err, "overlap") {
			return v.show(statusOf(err), "token_refresh", page)
		}
		return err
	}
	until := time.Time{}
	if overlap > 0 {
		until = v.now.Add(overlap)
	}
	return v.showSecret(http.StatusOK, "The token has a new secret", issued, until)
}

func (v *visit) askRevoke() error {
	page, err := v.tokenPage("Revoke the token")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "token_revoke", page)
}

func (v *visit) revokeToken() error {
	c, err := v.own()
	if err != nil {
		return err
	}
	err = v.Admin.RevokeToken(v.r.Context(), v.actor, c.ID, version(v.form))
	if err == nil {
		return v.redirect(Base + accountPath + "?done=revoked#tokens")
	}
	page, again := v.tokenPage("Revoke the token")
	if again != nil {
		return again
	}
	if page.Faults.take(err) {
		return v.show(statusOf(err), "token_revoke", page)
	}
	return err
}

// A secretPage shows a secret, this once.
type secretPage struct {
	frame
	Heading string
	Token   tokenRow
	Secret  string    // empty: it was shown before
	Until   time.Time // until then the secret before works as well; zero: it does not
	Try     []string  // lines of a request that shows that it works; none: there is no simple one
	TryAPI  string
}

// showSecret shows a new secret. It is in this answer only: the page is kept in
// no cache, and asking for it again is another request.
func (v *visit) showSecret(status int, heading string, issued admin.Issued, until time.Time) error {
	page := &secretPage{frame: v.frame(heading, "account"), Heading: heading, Token: v.row(issued.Credential), Until: until}
	if !issued.Replayed {
		page.Secret = issued.Secret.Reveal()
		page.TryAPI, page.Try = v.example(&issued)
	}
	return v.show(status, "token_secret", page)
}
