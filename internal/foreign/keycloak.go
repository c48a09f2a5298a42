package foreign

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// keycloakRealm is what is read of a realm export.
type keycloakRealm struct {
	Realm string          `json:"realm"`
	Users []keycloakUser  `json:"users"`
	Group []keycloakGroup `json:"groups"`
	Roles struct {
		Realm  []keycloakRole            `json:"realm"`
		Client map[string][]keycloakRole `json:"client"`
	} `json:"roles"`
	Clients   []json.RawMessage `json:"clients"`
	Providers []json.RawMessage `json:"identityProviders"`
}

type keycloakUser struct {
	Username    string               `json:"username"`
	Email       string               `json:"email"`
	First       string               `json:"firstName"`
	Last        string               `json:"lastName"`
	Enabled     *bool                `json:"enabled"`
	Service     string               `json:"serviceAccountClientId"`
	Federated   string               `json:"federationLink"`
	Credentials []keycloakCredential `json:"credentials"`
	RealmRoles  []string             `json:"realmRoles"`
	ClientRoles map[string][]string  `json:"clientRoles"`
	Groups      []string             `json:"groups"`
}

type keycloakCredential struct {
	Type       string `json:"type"`
	SecretData string `json:"secretData"`
	Data       string `json:"credentialData"`
}

type keycloakRole struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Composite   bool   `json:"composite"`
}

type keycloakGroup struct {
	Name        string              `json:"name"`
	Path        string              `json:"path"`
	Sub         []keycloakGroup     `json:"subGroups"`
	RealmRoles  []string            `json:"realmRoles"`
	ClientRoles map[string][]string `json:"clientRoles"`
}

// readKeycloak reads the users of a realm export with their passwords, roles and
// groups. Roles of clients are called CLIENT/ROLE.
func (h *Haul) readKeycloak(data []byte) error {
	var realm keycloakRealm
	if err := json.Unmarshal(data, &realm); err != nil {
		return fmt.Errorf("the file is not a realm export of Keycloak: %w", err)
	}
	if realm.Realm == "" && len(realm.Users) == 0 {
		return errors.New("the file has neither realm nor users, so it is no realm export of Keycloak")
	}
	h.keycloakRoles(&realm)
	h.keycloakGroups(realm.Group, "")
	for i := range realm.Users {
		h.keycloakUser(&realm.Users[i])
	}
	if n := len(realm.Clients); n > 0 {
		h.lose(fmt.Sprintf("%d clients", n), "are not carried over; a service account or an API key stands for each here")
	}
	if n := len(realm.Providers); n > 0 {
		h.lose(fmt.Sprintf("%d identity providers", n), "are not carried over")
	}
	return nil
}

// builtIn are roles that Keycloak gives to everybody and that mean nothing
// elsewhere.
func builtIn(role string) bool {
	return role == "offline_access" || role == "uma_authorization" || strings.HasPrefix(role, "default-roles-") ||
		strings.HasPrefix(role, "account/") || strings.HasPrefix(role, "broker/")
}

func (h *Haul) keycloakRoles(realm *keycloakRealm) {
	add := func(prefix string, list []keycloakRole) {
		for _, r := range list {
			name := tidy(prefix + r.Name)
			if builtIn(name) || name == "" {
				continue
			}
			h.Roles = append(h.Roles, Role{Name: name, Title: tidy(r.Description)})
			if r.Composite {
				h.lose(fmt.Sprintf("role %q", name), "contains other roles; give it their permissions")
			}
		}
	}
	add("", realm.Roles.Realm)
	clients := make([]string, 0, len(realm.Roles.Client))
	for client := range realm.Roles.Client {
		clients = append(clients, client)
	}
	slices.Sort(clients)
	for _, client := range clients {
		if !slices.Contains([]string{"account", "account-console", "broker", "realm-management", "security-admin-console", "admin-cli"}, client) {
			add(client+"/", realm.Roles.Client[client])
		}
	}
}

// maxGroupDepth bounds how deep groups are nested.
const maxGroupDepth = 32

func (h *Haul) keycloakGroups(list []keycloakGroup, above string) {
	if strings.Count(above, "/") > maxGroupDepth {
		return
	}
	for _, g := range list {
		name := tidy(above + g.Name)
		if name == "" {
			continue
		}
		if !slices.Contains(h.Groups, name) {
			h.Groups = append(h.Groups, name)
		}
		if len(g.RealmRoles)+len(g.ClientRoles) > 0 {
			h.lose(fmt.Sprintf("group %q", name), "has roles; bind the group to them")
		}
		h.keycloakGroups(g.Sub, name+"/")
	}
}

func (h *Haul) keycloakUser(k *keycloakUser) {
	u := User{Login: k.Username, Kind: sallyport.Person, Name: tidy(k.First + " " + k.Last), Email: k.Email, Disabled: k.Enabled != nil && !*k.Enabled}
	what := fmt.Sprintf("user %q", tidy(k.Username))
	if k.Username == "" {
		h.lose("a user", "has no name")
		return
	}
	if k.Service != "" {
		u.Kind = sallyport.Service
	}
	roles := slices.Clone(k.RealmRoles)
	for client, list := range k.ClientRoles {
		for _, r := range list {
			roles = append(roles, client+"/"+r)
		}
	}
	slices.Sort(roles)
	for _, r := range roles {
		if name := tidy(r); name != "" && !builtIn(name) && !strings.HasPrefix(name, "realm-management/") {
			u.Roles = append(u.Roles, name)
		}
	}
	for _, g := range k.Groups {
		if name := tidy(strings.TrimPrefix(g, "/")); name != "" {
			u.Groups = append(u.Groups, name)
		}
	}
	for _, c := range k.Credentials {
		if c.Type != "password" {
			h.lose(what, "has a credential of the kind %q, which is not carried over", tidy(c.Type))
			continue
		}
		hash, err := keycloakHash(c)
		if err != nil {
			h.lose(what, "has a password that cannot be carried over: %v; give the user a new one", err)
			continue
		}
		u.Hash = hash
	}
	if k.Federated != "" && u.Hash == "" {
		h.lose(what, "comes from a directory, so there is no password here")
	}
	h.Users = append(h.Users, u)
}

// keycloakHash returns the hash of a password in the form that is verified here.
func keycloakHash(c keycloakCredential) (sallyport.Secret, error) {
	var secret struct {
		Value string `json:"value"`
		Salt  string `json:"salt"`
	}
	var data struct {
		Iterations int                 `json:"hashIterations"`
		Algorithm  string              `json:"algorithm"`
		More       map[string][]string `json:"additionalParameters"`
	}
	if json.Unmarshal([]byte(c.SecretData), &secret) != nil || json.Unmarshal([]byte(c.Data), &data) != nil {
		return "", errors.New("it is not in the form that Keycloak writes")
	}
	value, err1 := base64.StdEncoding.DecodeString(secret.Value)
	salt, err2 := base64.StdEncoding.DecodeString(secret.Salt)
	if err1 != nil || err2 != nil {
		return "", errors.New("it is not base64")
	}
	raw := base64.RawStdEncoding
	switch data.Algorithm {
	case "pbkdf2-sha256", "pbkdf2-sha512":
		return sallyport.Secret(fmt.Sprintf("$%s$i=%d$%s$%s", data.Algorithm, data.Iterations, raw.EncodeToString(salt), raw.EncodeToString(value))), nil
	case "argon2":
		one := func(name string) string {
			if list := data.More[name]; len(list) == 1 {
				return list[0]
			}
			return ""
		}
		if one("type") != "id" || one("version") != "1.3" {
			return "", errors.New("it is of argon2 " + tidy(one("type")) + " " + tidy(one("version")) + ", and only argon2id 1.3 is verified here")
		}
		return sallyport.Secret(fmt.Sprintf("$argon2id$v=19$m=%s,t=%d,p=%s$%s$%s", one("memory"), data.Iterations, one("parallelism"),
			raw.EncodeToString(salt), raw.EncodeToString(value))), nil
	}
	return "", fmt.Errorf("its algorithm %q is not verified here", tidy(data.Algorithm))
}
