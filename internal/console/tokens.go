package console

import (
	"time"

	"github.com/sallyport/sallyport"
)

// soon is how long before its end a token is said to end soon.
const soon = 7 * 24 * time.Hour

// shownTokens is how much of a list of tokens or keys of others a page shows.
const shownTokens = 25

// A tokenTable is a list of tokens or API keys.
type tokenTable struct {
	Now    time.Time
	Rows   []tokenRow
	Change bool // the visitor may try to change them
	Revoke bool // and to revoke them
}

// Acts reports whether there is anything to do with them.
func (t tokenTable) Acts() bool { return t.Change || t.Revoke }

// A tokenAt is a token as it is told of at a time.
type tokenAt struct {
	Now time.Time
	Row tokenRow
}

// A tokenRow is a token as lists and its own page show it.
type tokenRow struct {
	ID       sallyport.CredentialID
	At       string // path of its page
	Name     string
	Hint     string
	State    string // one word
	Alive    bool   // it can be used
	Soon     bool   // it ends soon
	OfKey    bool   // it is an API key
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
	Brownout sallyport.Brownout // that is under way; zero: none is
}

// Times is how often it was used, to be counted in a text.
func (r tokenRow) Times() int { return int(r.Uses) }

// Badge is the state as of a badge.
func (r tokenRow) Badge() string {
	if r.Soon {
		return "soon"
	}
	return r.State
}

func (v *visit) row(c sallyport.Credential) tokenRow {
	r := tokenRow{
		ID: c.ID, Name: c.Name, Hint: c.Hint, State: "active", Limited: c.Scopes != nil, Scopes: c.Scopes,
		Expires: c.Expires, Uses: c.Uses, LastUsed: c.LastUsed, Address: plainAddress(c.LastAddr),
		Agent: agent(c.LastVia), Via: c.LastVia, Created: c.Created, Renewed: c.Renewed, Version: c.Version,
	}
	if r.At = tokenPath(c.ID); c.Kind == sallyport.APIKey {
		r.OfKey = true
		r.At = in(c.Tenant) + "/keys/" + string(c.ID)
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
	if c.Brownout.Until.After(v.now) {
		r.Brownout = c.Brownout
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
