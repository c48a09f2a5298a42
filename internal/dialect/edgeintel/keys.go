package edgeintel

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/store"
)

// A key is an API key. Its secret is there once, when it was generated.
type key struct {
	ID       sallyport.CredentialID `json:"id"`
	Name     string                 `json:"name"`
	ClientID string                 `json:"client_id"`
	Secret   string                 `json:"client_secret,omitempty"`
	Roles    []string               `json:"roles,omitempty"`
	State    sallyport.State        `json:"status"`
	Created  time.Time              `json:"created_at"`
	Expires  *time.Time             `json:"expires_at"`
	LastUsed *time.Time             `json:"last_used_at,omitempty"`
	Uses     int64                  `json:"uses"`
}

func (c *call) keyOf(k *sallyport.Credential, roles []string) key {
	out := key{
		ID: k.ID, Name: k.Name, ClientID: k.Name, Roles: roles, State: k.State, Created: k.Created,
		Expires: instant(k.Expires), LastUsed: instant(k.LastUsed), Uses: k.Uses,
	}
	if t := c.Doors.Policy().Tenant(k.Tenant); t != nil {
		out.ClientID = clientID(t.Name, k.Name)
	}
	return out
}

// instant is a time that may be missing.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// keys lists the API keys of the tenant.
func (c *call) keys() error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Credential], error) {
		return c.Admin.Keys(c.r.Context(), c.actor, c.Decision.Tenant, sallyport.Active, p)
	})
	if err != nil {
		return err
	}
	roles, err := c.rolesOfKeys()
	if err != nil {
		return err
	}
	out := struct {
		Keys []key    `json:"api_keys"`
		Page pageInfo `json:"pageinfo"`
	}{Keys: []key{}}
	for _, k := range part(list, &p) {
		out.Keys = append(out.Keys, c.keyOf(&k, roles[string(k.ID)]))
	}
	out.Page = p
	return c.send(http.StatusOK, out)
}

// rolesOfKeys returns the names of the roles of each key of the tenant. Who may
// not see bindings gets none.
func (c *call) rolesOfKeys() (map[string][]string, error) {
	bindings, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Binding], error) {
		return c.Admin.Bindings(c.r.Context(), c.actor, c.Decision.Tenant, store.BindingFilter{SubjectKind: sallyport.SubjectKey}, p)
	})
	if sallyport.KindOf(err) == sallyport.Refused {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	roles := map[string][]string{}
	for _, b := range bindings {
		if r := c.Doors.Policy().Role(b.Role); r != nil && b.State == sallyport.Active {
			roles[b.Subject] = append(roles[b.Subject], roleName(&r.Role))
		}
	}
	return roles, nil
}

// A keyInput is what a client sends to generate a key.
type keyInput struct {
	Name       string   `json:"name"`
	Role       string   `json:"role"`
	Roles      []string `json:"roles"`
	Expiration string   `json:"expiration"`
}

// addKey generates a key with a name, roles and an end.
func (c *call) addKey() error {
	var in keyInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	names := in.Roles
	if in.Role != "" {
		names = append([]string{in.Role}, names...)
	}
	made := admin.NewKey{Name: in.Name}
	var err error
	if made.Expires, err = c.expiration(in.Expiration); err != nil {
		return err
	}
	if made.Roles, err = c.keyRoles(names); err != nil {
		return err
	}
	issued, err := c.Admin.CreateKey(c.r.Context(), c.actor, c.Decision.Tenant, made)
	if err != nil {
		return err
	}
	out := c.keyOf(&issued.Credential, names)
	out.Secret = issued.Secret.Reveal()
	return c.send(http.StatusCreated, out)
}

// keyRoles finds the roles of a new key by name or id.
func (c *call) keyRoles(names []string) ([]admin.KeyRole, error) {
	if len(names) == 0 {
		return nil, sallyport.ErrInvalid("role", "role is missing; it decides which calls the key is good for")
	}
	known, err := c.allRoles()
	if err != nil {
		return nil, err
	}
	var out []admin.KeyRole
	for _, name := range names {
		at := slices.IndexFunc(known, func(r sallyport.Role) bool {
			return strings.EqualFold(name, roleName(&r)) || strings.EqualFold(name, r.Name) || name == string(r.ID)
		})
		if at < 0 {
			return nil, sallyport.ErrInvalid("role", "there is no such role in this tenant; GET "+iam+"/roles lists them")
		}
		out = append(out, admin.KeyRole{Role: known[at].ID})
	}
	return out, nil
}

// durations are those that one can choose from instead of a date.
var durations = [...]struct {
	name string
	days int
}{{"1d", 1}, {"7d", 7}, {"30d", 30}, {"90d", 90}, {"180d", 180}, {"1y", 365}}

// expiration reads a duration or a date. A date is the end of that day (UTC).
func (c *call) expiration(text string) (time.Time, error) {
	var names []string
	for _, d := range durations {
		if text == d.name {
			return c.Now().Add(time.Duration(d.days) * 24 * time.Hour).UTC().Truncate(time.Second), nil
		}
		names = append(names, d.name)
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Add(24 * time.Hour), nil
	}
	return time.Time{}, sallyport.ErrInvalid("expiration", "expiration is one of "+strings.Join(names, ", ")+
		`, a date such as "2030-12-31" or a time such as "2030-12-31T12:00:00Z"`)
}

// renewKey generates a lost secret again. The old one ends at once.
func (c *call) renewKey() error {
	id := sallyport.CredentialID(c.pathID())
	issued, err := c.Admin.RenewKey(c.r.Context(), c.actor, c.Decision.Tenant, id, admin.AnyVersion, 0)
	if err != nil {
		return err
	}
	out := c.keyOf(&issued.Credential, nil)
	out.Secret = issued.Secret.Reveal()
	return c.send(http.StatusOK, out)
}

func (c *call) removeKey() error {
	err := c.Admin.RevokeKey(c.r.Context(), c.actor, c.Decision.Tenant, sallyport.CredentialID(c.pathID()), admin.AnyVersion)
	if err != nil {
		return err
	}
	return wire.NoContent(c.w, c.Exchange)
}
