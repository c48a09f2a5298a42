package orchestrator

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// A kind is a secret that each user can have one of.
type kind struct {
	name  string // in answers
	title string // begins the name of the token that it is
	shape admin.Shape
}

func apiKey() kind { return kind{"api_key", "API key of ", admin.ShapeStandard} }

func scrambledPassword() kind {
	return kind{"scrambled_password", "scrambled password of ", admin.ShapeScrambled}
}

// token returns the name of the token that a kind is. The same user can have
// another one for another API of the dialect.
func (k kind) token(api sallyport.APIName) string { return k.title + string(api) }

// mine returns the actor's token of a name that was not ended; nil if there is
// none.
func (c *call) mine(ctx context.Context, name string) (*sallyport.Credential, error) {
	all, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Credential], error) {
		return c.Admin.Tokens(ctx, c.actor, "", admin.TokenFilter{Owner: c.actor.Principal.ID, State: sallyport.Active}, p)
	})
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(t sallyport.Credential) bool { return t.Name == name }); i >= 0 {
		return &all[i], nil
	}
	return nil, nil
}

func (c *call) newKey() error { return c.generate(apiKey()) }

func (c *call) newScrambled() error { return c.generate(scrambledPassword()) }

// A secret is what may be known of one; the text of it when it was generated.
type secret struct {
	ID       sallyport.CredentialID `json:"id"`
	Kind     string                 `json:"kind"`
	Secret   string                 `json:"secret,omitempty"`
	Hint     string                 `json:"hint"`
	Created  string                 `json:"created_at"`
	Renewed  string                 `json:"generated_at"`
	Expires  string                 `json:"expires_at,omitempty"`
	Uses     int64                  `json:"uses"`
	LastUsed string                 `json:"last_used_at,omitempty"`
	LastAddr string                 `json:"last_used_from,omitempty"`
}

func secretOf(k kind, c *sallyport.Credential) secret {
	return secret{
		ID: c.ID, Kind: k.name, Hint: c.Hint, Created: stamp(c.Created), Renewed: stamp(c.Renewed), Expires: instant(c.Expires),
		Uses: c.Uses, LastUsed: instant(c.LastUsed), LastAddr: c.LastAddr,
	}
}

// instant is a time that may be missing.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

func (s *secret) element() element {
	return element{name: "secret", attrs: []string{
		"id", string(s.ID), "kind", s.Kind, "secret", s.Secret, "hint", s.Hint, "created_at", s.Created, "generated_at", s.Renewed,
		"expires_at", s.Expires, "uses", decimal(s.Uses), "last_used_at", s.LastUsed, "last_used_from", s.LastAddr,
	}}
}

// sendSecrets answers with secrets of the actor.
func (c *call) sendSecrets(status int, action string, list ...secret) error {
	u := user{stamp(c.Now()), action, numberOf(c.actor.Principal.ID), c.actor.Principal.Login}
	e := u.element()
	for i := range list {
		e.children = append(e.children, list[i].element())
	}
	return c.send(status, struct {
		User    user     `json:"user"`
		Secrets []secret `json:"secrets"`
	}{u, list}, e)
}

// secrets lists what there is of the actor's.
func (c *call) secrets() error {
	list := []secret{}
	for _, k := range [...]kind{apiKey(), scrambledPassword()} {
		there, err := c.mine(c.r.Context(), k.token(c.Request.API.Name))
		if err != nil {
			return err
		}
		if there != nil {
			list = append(list, secretOf(k, there))
		}
	}
	return c.sendSecrets(http.StatusOK, "my_secrets", list...)
}

// generate gives the actor a secret in the place of the one that he had. It is
// shown this once.
func (c *call) generate(k kind) error {
	ctx, name := c.r.Context(), k.token(c.Request.API.Name)
	expires, overlap, err := c.terms()
	if err != nil {
		return err
	}
	there, err := c.mine(ctx, name)
	if err != nil {
		return err
	}
	var issued admin.Issued
	if there == nil {
		in := admin.NewToken{Name: name, Shape: k.shape}
		if expires != nil {
			in.Expires = *expires
		}
		issued, err = c.Admin.CreateToken(ctx, c.actor, in)
	} else {
		if over := !there.Expires.IsZero() && !there.Expires.After(c.Now()); over && expires == nil {
			expires = &time.Time{} // as the tenant's policy says
		}
		if expires != nil {
			if _, err := c.Admin.UpdateToken(ctx, c.actor, there.ID, admin.AnyVersion, admin.TokenChange{Expires: expires}); err != nil {
				return err
			}
		}
		issued, err = c.Admin.RenewToken(ctx, c.actor, there.ID, admin.AnyVersion, overlap)
	}
	if err != nil {
		return err
	}
	out := secretOf(k, &issued.Credential)
	out.Secret = issued.Secret.Reveal()
	return c.sendSecrets(http.StatusCreated, "generate_"+k.name, out)
}

// removeSecret ends one of the actor's secrets.
func (c *call) removeSecret() error {
	id, _ := c.Request.Match.Value("id")
	id, _ = cutFormat(id)
	for _, k := range [...]kind{apiKey(), scrambledPassword()} {
		there, err := c.mine(c.r.Context(), k.token(c.Request.API.Name))
		if err != nil {
			return err
		}
		if there != nil && string(there.ID) == id {
			if err := c.Admin.RevokeToken(c.r.Context(), c.actor, there.ID, admin.AnyVersion); err != nil {
				return err
			}
			return c.sendUser("remove_secret", &c.actor.Principal)
		}
	}
	return sallyport.ErrNotFound("you have no such secret; /api/my_secrets lists those that you have")
}

// terms reads the parameters expires and overlap, of the query or a form.
func (c *call) terms() (expires *time.Time, overlap time.Duration, err error) {
	if text, _ := c.Request.Form("expires"); text != "" {
		at, err := c.moment(text)
		if err != nil {
			return nil, 0, err
		}
		expires = &at
	}
	if text, _ := c.Request.Form("overlap"); text != "" {
		if overlap, err = time.ParseDuration(text); err != nil {
			return nil, 0, sallyport.ErrInvalid("overlap", "overlap is a duration from 0 to 720h, such as 24h: for so long the old secret works too")
		}
	}
	return expires, overlap, nil
}

var days = regexp.MustCompile(`^([1-9][0-9]{0,3})d$`)

// moment reads when something ends: in so many days or after a duration, at the end
// of a date (UTC) or at a time.
func (c *call) moment(text string) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return c.Now().Add(d).UTC(), nil
	}
	if m := days.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) // at most four digits
		return c.Now().AddDate(0, 0, n).UTC().Truncate(time.Second), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, sallyport.ErrInvalid("expires", "expires is a number of days such as 90d, a duration such as 12h, a date such as 2030-12-31 or a time such as 2030-12-31T12:00:00Z")
}
