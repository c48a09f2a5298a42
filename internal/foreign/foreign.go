// Package foreign reads users, groups, roles and keys out of files that other
// systems write: htpasswd files, Kong's declarative configuration, Keycloak's
// realm exports, iTop's user exports, and plain CSV.
//
// [Read] takes text that nobody vouches for: sizes are bounded, and what cannot
// be carried over is told rather than guessed. Password hashes come out in the
// forms that package password verifies, so nobody needs a new password.
package foreign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// Formats.
const (
	HTPasswd = "htpasswd"
	Kong     = "kong"
	Keycloak = "keycloak"
	ITop     = "itop"
	CSV      = "csv"
)

// Formats lists the formats that [Read] knows.
func Formats() []string { return []string{CSV, HTPasswd, ITop, Keycloak, Kong} }

// Bounds of a file.
const (
	MaxSize    = 64 << 20 // bytes
	maxThings  = 100_000
	maxNameLen = 100 // bytes; names of roles and groups that are longer are cut
)

// A Haul is what a file had in it.
type Haul struct {
	Users  []User
	Keys   []Key
	Groups []string // names, each once
	Roles  []Role   // by name, each once
	Lost   []Loss   // what could not be carried over
}

// A User is an account.
type User struct {
	Login    string
	Kind     sallyport.UserKind
	Name     string
	Email    string
	Disabled bool
	Hash     sallyport.Secret // of the password; empty: none came
	Plain    sallyport.Secret // the password itself, where the file has it so
	Groups   []string
	Roles    []string
}

// A Key is an API key with the secret that its clients have.
type Key struct {
	Name   string
	Secret sallyport.Secret
	Roles  []string
}

// A Role is a role of which only the name and title came: what it may there
// means nothing here.
type Role struct {
	Name  string
	Title string
}

// A Loss is something that could not be carried over.
type Loss struct {
	What string // such as `user "jo"`
	Why  string // never with a secret in it
}

// Read reads a file of a format.
func Read(format string, data []byte) (*Haul, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the file is larger than %d MiB", MaxSize>>20)
	}
	h := &Haul{}
	var err error
	switch format {
	case HTPasswd:
		err = h.readHTPasswd(data)
	case Kong:
		err = h.readKong(data)
	case Keycloak:
		err = h.readKeycloak(data)
	case ITop:
		err = h.readITop(data)
	case CSV:
		err = h.readCSV(data)
	default:
		return nil, fmt.Errorf("there is no format %q; write one of %s", format, strings.Join(Formats(), ", "))
	}
	if err != nil {
		return nil, err
	}
	return h, h.settle()
}

// lose notes what is left behind.
func (h *Haul) lose(what, why string, args ...any) {
	h.Lost = append(h.Lost, Loss{what, fmt.Sprintf(why, args...)})
}

// settle names each group and role once, and sorts out what is there twice.
func (h *Haul) settle() error {
	if len(h.Users)+len(h.Keys) > maxThings {
		return fmt.Errorf("there are more than %d users and keys in the file; cut it into several", maxThings)
	}
	seen := map[string]bool{}
	h.Users = slices.DeleteFunc(h.Users, func(u User) bool {
		login := strings.ToLower(u.Login)
		if seen[login] {
			h.lose(fmt.Sprintf("user %q", u.Login), "is there twice; the first one counts")
			return true
		}
		seen[login] = true
		return false
	})
	names := map[string]bool{}
	for i := range h.Keys {
		base := h.Keys[i].Name
		for n := 2; names[h.Keys[i].Name]; n++ {
			h.Keys[i].Name = fmt.Sprintf("%s-%d", base, n)
		}
		names[h.Keys[i].Name] = true
	}
	roles := map[string]bool{}
	for _, r := range h.Roles {
		roles[r.Name] = true
	}
	role := func(name string) {
		if !roles[name] {
			roles[name] = true
			h.Roles = append(h.Roles, Role{Name: name})
		}
	}
	for _, u := range h.Users {
		for _, name := range u.Roles {
			role(name)
		}
		for _, name := range u.Groups {
			if !slices.Contains(h.Groups, name) {
				h.Groups = append(h.Groups, name)
			}
		}
	}
	for _, k := range h.Keys {
		for _, name := range k.Roles {
			role(name)
		}
	}
	slices.SortStableFunc(h.Lost, func(a, b Loss) int { return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Why, b.Why)) })
	return nil
}

// tidy returns a name as it can be used here: on one line, without spaces around
// it, and not too long.
func tidy(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > maxNameLen {
		s = strings.TrimSpace(strings.ToValidUTF8(s[:maxNameLen], ""))
	}
	return s
}

// words splits a list that is written in one field.
func words(s string) []string {
	var list []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '|' }) {
		if w = tidy(w); w != "" && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}
