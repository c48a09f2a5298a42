package truesight

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/store"
)

// A person is a user in the product's words. The time is in milliseconds.
type person struct {
	ID        sallyport.PrincipalID `json:"id"`
	Name      string                `json:"name"`
	FullName  string                `json:"fullName"`
	Email     string                `json:"emailAddress"`
	Enabled   bool                  `json:"enabledFlag"`
	Roles     []reference           `json:"roles"`
	LastLogin int64                 `json:"lastSuccessfulLoginTimestamp,omitempty"`
}

// A personInput is what a client may write. Roles are named by name or id, or by a
// reference. What else an answer holds may be sent back, and is not looked at.
type personInput struct {
	Name     *string            `json:"name"`
	FullName *string            `json:"fullName"`
	Email    *string            `json:"emailAddress"`
	Password sallyport.Secret   `json:"password"`
	Enabled  *bool              `json:"enabledFlag"`
	Roles    *[]json.RawMessage `json:"roles"`

	ID        json.RawMessage `json:"id"`
	LastLogin json.RawMessage `json:"lastSuccessfulLoginTimestamp"`
}

func (c *call) allUsers() ([]sallyport.User, error) {
	return wire.Whole(func(p admin.Page) (admin.List[sallyport.User], error) {
		return c.Admin.Users(c.r.Context(), c.actor, c.tenant(), store.UserFilter{}, p)
	})
}

// personOf says a user in the product's words.
func (c *call) personOf(u *sallyport.User, given []sallyport.Binding) person {
	out := person{
		ID: u.ID, Name: u.Login, FullName: u.Name, Email: u.Email, Enabled: u.State == sallyport.Active, Roles: []reference{},
	}
	if !u.LastLogin.IsZero() {
		out.LastLogin = u.LastLogin.UnixMilli()
	}
	for _, b := range given {
		r := c.Doors.Policy().Role(b.Role)
		if b.Subject != string(u.ID) || r == nil {
			continue
		}
		if ref := (reference{ID: string(b.Role), Name: r.Name, Type: "Role"}); !slices.Contains(out.Roles, ref) {
			out.Roles = append(out.Roles, ref)
		}
	}
	slices.SortFunc(out.Roles, func(a, b reference) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// personOrders are the orders of lists of users.
func personOrders() orders[person] {
	number := func(enabled bool) int {
		if enabled {
			return 1
		}
		return 0
	}
	return orders[person]{
		"name":                         func(a, b *person) int { return strings.Compare(a.Name, b.Name) },
		"enabledFlag":                  func(a, b *person) int { return number(a.Enabled) - number(b.Enabled) },
		"lastSuccessfulLoginTimestamp": func(a, b *person) int { return cmp.Compare(a.LastLogin, b.LastLogin) },
		"role": func(a, b *person) int {
			return slices.CompareFunc(a.Roles, b.Roles, func(a, b reference) int { return strings.Compare(a.Name, b.Name) })
		},
	}
}

// users lists the users of the tenant.
func (c *call) users() error {
	return c.listUsers(func(*sallyport.User) (bool, error) { return true, nil })
}

// signedIn lists those who have a token of a sign-in here.
func (c *call) signedIn() error { return c.listUsers(c.hasToken) }

func (c *call) listUsers(keep func(*sallyport.User) (bool, error)) error {
	all, err := c.allUsers()
	if err != nil {
		return err
	}
	given, err := c.given()
	if err != nil {
		return err
	}
	name, _ := c.Request.Query("filter.name")
	var out []person
	for i := range all {
		if !matches(name, all[i].Login) {
			continue
		}
		kept, err := keep(&all[i])
		if err != nil {
			return err
		}
		if kept {
			out = append(out, c.personOf(&all[i], given))
		}
	}
	return sendList(c, out, personOrders())
}

// hasToken reports whether a user has a token of this API that was not ended and
// is not over. Nobody has one who did not sign in within the life of one, and who
// asks with one has it.
func (c *call) hasToken(u *sallyport.User) (bool, error) {
	now := c.Now()
	if u.ID == c.actor.Principal.ID && c.Decision.CredentialKind == sallyport.Session {
		return true, nil
	}
	if u.LastLogin.Add(wire.DurationOf(c.Request.API.Document, lifetime)).Before(now) {
		return false, nil
	}
	list, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Credential], error) {
		return c.Admin.Sessions(c.r.Context(), c.actor, u.Tenant, u.ID, p)
	})
	return slices.ContainsFunc(list, func(s sallyport.Credential) bool {
		return slices.Contains(s.Scopes, string(c.Request.API.Name)) && s.Expires.After(now) && s.LastUsed.Add(s.Idle).After(now)
	}), err
}

// pathUser returns the user whom the path names, by name or id.
func (c *call) pathUser() (sallyport.User, error) {
	key, _ := c.Request.Match.Value("id")
	if sallyport.IsUUID(key) {
		return c.Admin.User(c.r.Context(), c.actor, c.tenant(), sallyport.PrincipalID(key))
	}
	u, err := c.Admin.UserByLogin(c.r.Context(), c.actor, key)
	if sallyport.KindOf(err) == sallyport.Invalid || err == nil && u.Tenant != c.tenant() {
		err = sallyport.ErrNotFound("no such user")
	}
	return u, err
}

func (c *call) user() error {
	u, err := c.pathUser()
	if err != nil {
		return err
	}
	return c.sendUser(http.StatusOK, &u)
}

func (c *call) sendUser(status int, u *sallyport.User) error {
	given, err := c.given()
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		c.located("users", string(u.ID))
	}
	wire.SendJSON(c.w, c.r, c.Exchange, status, c.personOf(u, given))
	return nil
}

// addUser makes a user and gives him roles. Nobody has preferences here that could
// be copied, but whom they are to be copied from must exist.
func (c *call) addUser() error {
	var in personInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	if in.Name == nil {
		return sallyport.ErrInvalid("name", "name is missing; it is what the user signs in with")
	}
	if from, there := c.Request.Query("copyPreferencesFromUser"); there {
		if _, err := c.Admin.UserByLogin(c.r.Context(), c.actor, from); err != nil {
			return sallyport.ErrInvalid("copyPreferencesFromUser", "there is no user of the name in copyPreferencesFromUser")
		}
	}
	wanted, err := c.roleIDs(in.Roles)
	if err != nil {
		return err
	}
	made := admin.NewUser{Login: *in.Name, Name: *cmp.Or(in.FullName, new(string)), Email: *cmp.Or(in.Email, new(string)), Password: in.Password}
	u, err := c.Admin.CreateUser(c.r.Context(), c.actor, c.tenant(), made)
	if err != nil {
		return err
	}
	if err := c.complete(&u, &in, wanted); err != nil {
		return err
	}
	return c.sendUser(http.StatusCreated, &u)
}

// changeUser changes what is sent.
func (c *call) changeUser() error {
	var in personInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	wanted, err := c.roleIDs(in.Roles)
	if err != nil {
		return err
	}
	u, err := c.pathUser()
	if err != nil {
		return err
	}
	if in.Name != nil || in.FullName != nil || in.Email != nil {
		ch := admin.UserChange{Login: in.Name, Name: in.FullName, Email: in.Email}
		if u, err = c.Admin.UpdateUser(c.r.Context(), c.actor, u.Tenant, u.ID, admin.AnyVersion, ch); err != nil {
			return err
		}
	}
	if in.Password != "" {
		if err := c.Admin.SetPassword(c.r.Context(), c.actor, u.Tenant, u.ID, in.Password, false); err != nil {
			return err
		}
	}
	if err := c.complete(&u, &in, wanted); err != nil {
		return err
	}
	return c.sendUser(http.StatusOK, &u)
}

// complete gives a user the roles that were sent, and takes him out of use or into
// it. If a step fails, those before it stay; the same request does the rest.
func (c *call) complete(u *sallyport.User, in *personInput, wanted []sallyport.RoleID) (err error) {
	if in.Roles != nil {
		if err := c.giveRoles(u, wanted); err != nil {
			return err
		}
	}
	switch active := u.State == sallyport.Active; {
	case in.Enabled == nil || *in.Enabled == active:
	case *in.Enabled:
		*u, err = c.Admin.ActivateUser(c.r.Context(), c.actor, u.Tenant, u.ID, admin.AnyVersion)
	default:
		*u, err = c.Admin.DeactivateUser(c.r.Context(), c.actor, u.Tenant, u.ID, admin.AnyVersion)
	}
	return err
}

// roleIDs finds roles by name or id.
func (c *call) roleIDs(names *[]json.RawMessage) ([]sallyport.RoleID, error) {
	if names == nil {
		return nil, nil
	}
	known, err := c.allRoles()
	if err != nil {
		return nil, err
	}
	var out []sallyport.RoleID
	for i, raw := range *names {
		key := roleKey(raw)
		at := slices.IndexFunc(known, func(r sallyport.Role) bool { return r.Name == key || string(r.ID) == key })
		if at < 0 {
			return nil, sallyport.ErrInvalid(fmt.Sprintf("roles[%d]", i), "there is no such role")
		}
		out = append(out, known[at].ID)
	}
	return out, nil
}

// roleKey returns the name or id of a role, which stands by itself or in a
// reference; empty if there is none.
func roleKey(raw json.RawMessage) (key string) {
	if json.Unmarshal(raw, &key) == nil {
		return key
	}
	var ref reference
	if json.Unmarshal(raw, &ref) != nil {
		return ""
	}
	return cmp.Or(ref.ID, ref.Name)
}

// giveRoles makes the roles of a user those that are wanted. What he has in one
// realm, for a while or under a condition is none of them, and stays.
func (c *call) giveRoles(u *sallyport.User, wanted []sallyport.RoleID) error {
	given, err := c.given()
	if err != nil {
		return err
	}
	for _, b := range given {
		if b.Subject != string(u.ID) || b.Realm != "" || b.Condition != "" || !b.Expires.IsZero() {
			continue
		}
		if i := slices.Index(wanted, b.Role); i >= 0 {
			wanted = slices.Delete(wanted, i, i+1)
			continue
		}
		if err := c.Admin.DeleteBinding(c.r.Context(), c.actor, c.tenant(), b.ID, admin.AnyVersion); err != nil {
			return err
		}
	}
	for _, id := range wanted {
		_, err := c.Admin.CreateBinding(c.r.Context(), c.actor, c.tenant(), admin.NewBinding{
			SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: id,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *call) removeUser() error {
	u, err := c.pathUser()
	if err != nil {
		return err
	}
	if err := c.Admin.DeleteUser(c.r.Context(), c.actor, u.Tenant, u.ID, admin.AnyVersion); err != nil {
		return err
	}
	return wire.NoContent(c.w, c.Exchange)
}
