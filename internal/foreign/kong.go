package foreign

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport"
)

// kongFile is what is read of a declarative configuration.
type kongFile struct {
	Format    string         `yaml:"_format_version"`
	Consumers []kongConsumer `yaml:"consumers"`
	Keys      []kongKey      `yaml:"keyauth_credentials"`
	Basics    []kongBasic    `yaml:"basicauth_credentials"`
	ACLs      []kongACL      `yaml:"acls"`
	Services  []yaml.Node    `yaml:"services"`
	Routes    []yaml.Node    `yaml:"routes"`
	Plugins   []yaml.Node    `yaml:"plugins"`
}

type kongConsumer struct {
	ID       string      `yaml:"id"`
	Username string      `yaml:"username"`
	CustomID string      `yaml:"custom_id"`
	Keys     []kongKey   `yaml:"keyauth_credentials"`
	Basics   []kongBasic `yaml:"basicauth_credentials"`
	ACLs     []kongACL   `yaml:"acls"`
	JWTs     []yaml.Node `yaml:"jwt_secrets"`
	HMACs    []yaml.Node `yaml:"hmacauth_credentials"`
	OAuths   []yaml.Node `yaml:"oauth2_credentials"`
	Plugins  []yaml.Node `yaml:"plugins"`
}

type kongKey struct {
	Consumer yaml.Node `yaml:"consumer"`
	Key      string    `yaml:"key"`
}

type kongBasic struct {
	Consumer yaml.Node `yaml:"consumer"`
	Username string    `yaml:"username"`
	Password string    `yaml:"password"`
}

type kongACL struct {
	Consumer yaml.Node `yaml:"consumer"`
	Group    string    `yaml:"group"`
}

// readKong reads consumers with their keys, passwords and groups. A key becomes
// an API key with the same secret, a password a service account, a group a role.
func (h *Haul) readKong(data []byte) error {
	var f kongFile
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&f); err != nil {
		return fmt.Errorf("the file is not a declarative configuration of Kong in YAML or JSON: %w", err)
	}
	if f.Format == "" && len(f.Consumers) == 0 {
		return fmt.Errorf("the file has neither _format_version nor consumers, so it is none of Kong's")
	}
	at := map[string]*kongConsumer{}
	for i := range f.Consumers {
		c := &f.Consumers[i]
		if c.Username == "" {
			c.Username = c.CustomID
		}
		at[c.Username] = c
		if c.ID != "" {
			at[c.ID] = c
		}
	}
	h.kongApart(&f, at)
	for i := range f.Consumers {
		h.kongConsumer(&f.Consumers[i])
	}
	for what, n := range map[string]int{"services": len(f.Services), "routes": len(f.Routes), "plugins": len(f.Plugins)} {
		if n > 0 {
			h.lose(fmt.Sprintf("%d %s", n, what), "are not read; mount the APIs with sallyport api import or sallyport api create")
		}
	}
	return nil
}

// kongApart gives consumers what the file has apart from them.
func (h *Haul) kongApart(f *kongFile, at map[string]*kongConsumer) {
	find := func(n *yaml.Node, what string) *kongConsumer {
		name := n.Value
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if key := n.Content[i].Value; key == "username" || key == "id" {
				name = n.Content[i+1].Value
			}
		}
		c := at[name]
		if c == nil {
			h.lose(what, "belongs to a consumer that is not in the file")
		}
		return c
	}
	for _, k := range f.Keys {
		if c := find(&k.Consumer, "a key"); c != nil {
			c.Keys = append(c.Keys, k)
		}
	}
	for _, b := range f.Basics {
		if c := find(&b.Consumer, "a password"); c != nil {
			c.Basics = append(c.Basics, b)
		}
	}
	for _, a := range f.ACLs {
		if c := find(&a.Consumer, "a group"); c != nil {
			c.ACLs = append(c.ACLs, a)
		}
	}
}

func (h *Haul) kongConsumer(c *kongConsumer) {
	what := fmt.Sprintf("consumer %q", tidy(c.Username))
	if c.Username == "" {
		h.lose("a consumer", "has no name")
		return
	}
	var roles []string
	for _, a := range c.ACLs {
		if name := tidy(a.Group); name != "" {
			roles = append(roles, name)
		}
	}
	for _, b := range c.Basics {
		u := User{Login: b.Username, Kind: sallyport.Service, Name: tidy(c.Username), Roles: roles}
		u.Hash, u.Plain = kongPassword(b.Password, c.ID)
		if u.Login == "" {
			u.Login = c.Username
		}
		h.Users = append(h.Users, u)
	}
	for _, k := range c.Keys {
		if k.Key == "" {
			h.lose(what, "has a key that Kong drew itself and the file does not tell; make a new one")
			continue
		}
		h.Keys = append(h.Keys, Key{Name: tidy(c.Username), Secret: sallyport.Secret(k.Key), Roles: roles})
	}
	for kind, n := range map[string]int{"JWT secrets": len(c.JWTs), "HMAC credentials": len(c.HMACs), "OAuth 2.0 clients": len(c.OAuths), "plugins": len(c.Plugins)} {
		if n > 0 {
			h.lose(what, "has %d %s, which are not carried over", n, kind)
		}
	}
	if len(c.Basics)+len(c.Keys) == 0 {
		h.lose(what, "has neither a key nor a password, so there is nothing to make of it")
	}
}

// kongPassword tells a hash from a password. Kong's hash is one SHA-1 over the
// password and the consumer's id.
func kongPassword(password, consumer string) (hash, plain sallyport.Secret) {
	digest, err := hex.DecodeString(password)
	if err != nil || len(digest) != 20 || consumer == "" || strings.ToLower(password) != password {
		return "", sallyport.Secret(password)
	}
	return sallyport.Secret("{SSHA}" + base64.StdEncoding.EncodeToString(append(digest, consumer...))), ""
}
