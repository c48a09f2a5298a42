package foreign

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// csvColumns are the names that a column of a table can have.
var csvColumns = map[string][]string{
	"login":    {"login", "username", "user"},
	"name":     {"name", "full_name", "display_name"},
	"email":    {"email", "mail"},
	"kind":     {"kind", "type"},
	"state":    {"state", "status", "active", "enabled"},
	"hash":     {"password_hash", "hash"},
	"password": {"password"},
	"groups":   {"groups", "group"},
	"roles":    {"roles", "role"},
}

// A table is a CSV text with a head.
type table struct {
	reader *csv.Reader
	at     map[string]int // by what a column means
}

// newTable reads the head of a table. Columns whose names mean nothing are
// returned.
func newTable(data []byte, known map[string][]string) (*table, []string, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	head, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		r.Comma = ';'
	}
	names, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, errors.New("there is nothing in the file")
	} else if err != nil {
		return nil, nil, fmt.Errorf("read the first line: %w", err)
	}
	t := &table{reader: r, at: map[string]int{}}
	var strange []string
	for i, name := range names {
		written := strings.ToLower(strings.TrimSpace(name))
		found := false
		for meaning, words := range known {
			if _, there := t.at[meaning]; !there && slices.Contains(words, written) {
				t.at[meaning], found = i, true
			}
		}
		if !found {
			strange = append(strange, strings.TrimSpace(name))
		}
	}
	if _, ok := t.at["login"]; !ok {
		return nil, nil, errors.New("the first line names no column login; it must say what the columns are, such as login,name,email")
	}
	return t, strange, nil
}

// rows calls f for each row, with what its columns mean.
func (t *table) rows(f func(line int, get func(string) string)) error {
	for {
		row, err := t.reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the table: %w", err)
		}
		line, _ := t.reader.FieldPos(0)
		f(line, func(meaning string) string {
			if i, ok := t.at[meaning]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		})
	}
}

// readCSV reads a table with a head. Groups and roles are separated by "|".
func (h *Haul) readCSV(data []byte) error {
	t, strange, err := newTable(data, csvColumns)
	if err != nil {
		return err
	}
	for _, name := range strange {
		h.lose(fmt.Sprintf("column %q", tidy(name)), "means nothing here")
	}
	return t.rows(func(line int, get func(string) string) {
		u := User{
			Login: get("login"), Kind: sallyport.Person, Name: tidy(get("name")), Email: get("email"), Disabled: disabled(get("state")),
			Hash: sallyport.Secret(get("hash")), Plain: sallyport.Secret(get("password")), Groups: words(get("groups")), Roles: words(get("roles")),
		}
		if u.Login == "" {
			h.lose(fmt.Sprintf("line %d", line), "has no login")
			return
		}
		if strings.EqualFold(get("kind"), string(sallyport.Service)) {
			u.Kind = sallyport.Service
		}
		if u.Hash != "" {
			u.Plain = ""
		}
		h.Users = append(h.Users, u)
	})
}

// disabled reads a word for whether an account is in use.
func disabled(word string) bool {
	return slices.Contains([]string{"disabled", "deactivated", "inactive", "locked", "false", "no", "0"}, strings.ToLower(word))
}

var itopColumns = map[string][]string{
	"login":    {"login"},
	"email":    {"email", "person->email", "contactid->email"},
	"name":     {"contactid_friendlyname", "person", "contact", "person->full name", "friendlyname", "full name", "name"},
	"first":    {"first_name", "first name"},
	"last":     {"last_name", "last name"},
	"state":    {"status"},
	"profiles": {"profile_list", "profiles", "profiles list"},
}

// readITop reads users with their profiles as iTop exports them, in CSV or XML.
// Profiles become roles.
func (h *Haul) readITop(data []byte) error {
	h.lose("passwords", "iTop exports none; users need new ones, or another way to sign in")
	if trimmed := bytes.TrimLeft(data, "\ufeff \t\r\n"); len(trimmed) > 0 && trimmed[0] == '<' {
		return h.readITopXML(trimmed)
	}
	t, _, err := newTable(data, itopColumns)
	if err != nil {
		return err
	}
	return t.rows(func(line int, get func(string) string) {
		name := get("name")
		if name == "" {
			name = get("first") + " " + get("last")
		}
		h.itopUser(line, get("login"), name, get("email"), get("state"), profiles(get("profiles")))
	})
}

func (h *Haul) itopUser(line int, login, name, email, state string, profiles []string) {
	if login == "" {
		h.lose(fmt.Sprintf("line %d", line), "has no login")
		return
	}
	u := User{Login: login, Kind: sallyport.Person, Name: tidy(name), Email: email, Disabled: disabled(state), Roles: profiles}
	if slices.Contains(profiles, "REST Services User") && len(profiles) == 1 {
		u.Kind = sallyport.Service
	}
	h.Users = append(h.Users, u)
}

// profiles reads a list of links: profileid->name:Administrator;reason:x|... or
// plain names.
func profiles(s string) []string {
	var list []string
	for link := range strings.SplitSeq(s, "|") {
		name := link
		for part := range strings.SplitSeq(link, ";") {
			if key, value, ok := strings.Cut(part, ":"); ok && strings.HasPrefix(strings.TrimSpace(key), "profile") {
				name = value
			}
		}
		if name = tidy(strings.Trim(name, `"' `)); name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// itopSet is the XML of an export: elements named like classes, with elements
// named like attributes.
type itopSet struct {
	Users []itopUser `xml:",any"`
}

type itopUser struct {
	XMLName  xml.Name
	Login    string `xml:"login"`
	Email    string `xml:"email"`
	Name     string `xml:"contactid_friendlyname"`
	First    string `xml:"first_name"`
	Last     string `xml:"last_name"`
	Status   string `xml:"status"`
	Profiles struct {
		Text  string `xml:",chardata"`
		Links []struct {
			Profile string `xml:"profile"`
			ID      string `xml:"profileid_friendlyname"`
		} `xml:"Set>URP_UserProfile"`
	} `xml:"profile_list"`
}

func (h *Haul) readITopXML(data []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.Strict = true // no entities but those of XML itself
	var set itopSet
	if err := dec.Decode(&set); err != nil {
		return fmt.Errorf("the file is not XML that iTop writes: %w", err)
	}
	for i, u := range set.Users {
		if !strings.HasPrefix(u.XMLName.Local, "User") {
			h.lose("element "+tidy(u.XMLName.Local), "is not a user")
			continue
		}
		list := profiles(strings.TrimSpace(u.Profiles.Text))
		for _, link := range u.Profiles.Links {
			name := link.Profile
			if name == "" {
				name = link.ID
			}
			if name = tidy(name); name != "" && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
		name := u.Name
		if name == "" {
			name = u.First + " " + u.Last
		}
		h.itopUser(i+1, strings.TrimSpace(u.Login), name, strings.TrimSpace(u.Email), strings.TrimSpace(u.Status), list)
	}
	return nil
}
