package foreign_test

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport/sallyport/internal/foreign"
	"github.com/sallyport/sallyport/internal/password"
)

const secret = "open sesame 42"

func read(t *testing.T, format, text string) *foreign.Haul {
	t.Helper()
	h, err := foreign.Read(format, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return h
}

// told writes a haul, a thing a line, without secrets.
func told(h *foreign.Haul) string {
	var b strings.Builder
	for _, u := range h.Users {
		fmt.Fprintf(&b, "%s %s (%s, %s)", u.Kind, u.Login, u.Name, u.Email)
		for _, word := range []struct {
			text string
			is   bool
		}{{" disabled", u.Disabled}, {" with a hash", u.Hash != ""}, {" with a password", u.Plain != ""}} {
			if word.is {
				b.WriteString(word.text)
			}
		}
		fmt.Fprintf(&b, " groups %q roles %q\n", u.Groups, u.Roles)
	}
	for _, k := range h.Keys {
		fmt.Fprintf(&b, "key %s %d roles %q\n", k.Name, len(k.Secret.Reveal()), k.Roles)
	}
	fmt.Fprintf(&b, "groups %q roles %v\n", h.Groups, h.Roles)
	for _, l := range h.Lost {
		fmt.Fprintf(&b, "lost %s: %s\n", l.What, l.Why)
	}
	return b.String()
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != strings.TrimPrefix(want, "\n") {
		t.Errorf("%s:\n%s", what, got)
	}
}

// verified checks that the password of a user is still good.
func verified(t *testing.T, u foreign.User) {
	t.Helper()
	if err := password.CheckHash(u.Hash.Reveal()); err != nil {
		t.Errorf("%s: %v", u.Login, err)
		return
	}
	h, err := password.NewCheapHasher(password.NewGate(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	good, err := h.Verify(t.Context(), u.Hash.Reveal(), secret)
	bad, _ := h.Verify(t.Context(), u.Hash.Reveal(), secret+"x")
	if err != nil || !good || bad {
		t.Errorf("%s: good %v, bad %v, %v", u.Login, good, bad, err)
	}
}

func TestHTPasswd(t *testing.T) {
	t.Parallel()
	crypt, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum([]byte(secret))
	h := read(t, foreign.HTPasswd, "# users\njo:"+strings.Replace(string(crypt), "$2a$", "$2y$", 1)+"\nal:{SHA}"+base64.StdEncoding.EncodeToString(sum[:])+
		"\nbo:$apr1$a$b:comment\ncy:plain\n\nnothing\njo:{SHA}x\n")
	same(t, "htpasswd", told(h), `
person jo (, ) with a hash groups [] roles []
person al (, ) with a hash groups [] roles []
person bo (, ) with a hash groups [] roles []
person cy (, ) groups [] roles []
groups [] roles []
lost line 7: is not LOGIN:HASH
lost password of "cy": is not a hash of bcrypt, SHA or apr1; give the user a new password
lost user "jo": is there twice; the first one counts
`)
	verified(t, h.Users[0])
	verified(t, h.Users[1])
	// From openssl passwd -apr1 -salt abcdefgh.
	if err := password.CheckHash(read(t, foreign.HTPasswd, "x:$apr1$abcdefgh$zH07v9rUAAbMWQ8nBZuDF/").Users[0].Hash.Reveal()); err != nil {
		t.Error(err)
	}
}

func TestKong(t *testing.T) {
	t.Parallel()
	const id = "4fe2bc1c-9b55-4b5a-8f41-31d4a7b1f1e2"
	sum := sha1.Sum([]byte(secret + id))
	h := read(t, foreign.Kong, `
_format_version: "3.0"
services: [{name: a}, {name: b}]
consumers:
  - username: app
    keyauth_credentials: [{key: 0123456789abcdef0123}, {key: 0123456789abcdef4567}, {}]
    acls: [{group: readers}]
    jwt_secrets: [{key: x}]
  - {username: empty}
  - username: robot
    id: `+id+`
    basicauth_credentials: [{username: robot-1, password: `+hex.EncodeToString(sum[:])+`}]
basicauth_credentials:
  - {consumer: robot, username: robot-2, password: plain-text}
acls:
  - {consumer: {username: robot}, group: writers}
  - {consumer: nobody, group: writers}
`)
	same(t, "kong", told(h), `
service robot-1 (robot, ) with a hash groups [] roles ["writers"]
service robot-2 (robot, ) with a password groups [] roles ["writers"]
key app 20 roles ["readers"]
key app-2 20 roles ["readers"]
groups [] roles [{writers } {readers }]
lost 2 services: are not read; mount the APIs with sallyport api import or sallyport api create
lost a group: belongs to a consumer that is not in the file
lost consumer "app": has 1 JWT secrets, which are not carried over
lost consumer "app": has a key that Kong drew itself and the file does not tell; make a new one
lost consumer "empty": has neither a key nor a password, so there is nothing to make of it
`)
	verified(t, h.Users[0])
}

func TestKeycloak(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	long, err := pbkdf2.Key(sha256.New, secret, salt, 27500, 64)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	credential := func(value []byte, data string) string {
		return fmt.Sprintf(`{"type": "password", "secretData": %q, "credentialData": %q}`,
			fmt.Sprintf(`{"value":%q,"salt":%q}`, b64(value), b64(salt)), data)
	}
	h := read(t, foreign.Keycloak, `{"realm": "shop",
		"roles": {"realm": [{"name": "offline_access"}, {"name": "clerk", "description": "Sells"}], "client": {"web": [{"name": "see", "composite": true}], "account": [{"name": "manage"}]}},
		"groups": [{"name": "sales", "path": "/sales", "subGroups": [{"name": "north"}], "realmRoles": ["clerk"]}],
		"clients": [{}], "users": [
		{"username": "pb", "enabled": true, "firstName": "P", "lastName": "B", "email": "pb@example.com", "realmRoles": ["clerk", "default-roles-shop"], "clientRoles": {"web": ["see"]}, "groups": ["/sales/north"],
			"credentials": [`+credential(long, `{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}`)+`, {"type": "otp"}]},
		{"username": "ar", "enabled": false, "credentials": [`+credential(argon2.IDKey([]byte(secret), salt, 5, 7168, 1, 32),
		`{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}`)+`]},
		{"username": "old", "credentials": [`+credential(long, `{"hashIterations":20000,"algorithm":"pbkdf2"}`)+`]},
		{"username": "service-account-web", "serviceAccountClientId": "web"}]}`)
	same(t, "keycloak", told(h), `
person pb (P B, pb@example.com) with a hash groups ["sales/north"] roles ["clerk" "web/see"]
person ar (, ) disabled with a hash groups [] roles []
person old (, ) groups [] roles []
service service-account-web (, ) groups [] roles []
groups ["sales" "sales/north"] roles [{clerk Sells} {web/see }]
lost 1 clients: are not carried over; a service account or an API key stands for each here
lost group "sales": has roles; bind the group to them
lost role "web/see": contains other roles; give it their permissions
lost user "old": has a password that cannot be carried over: its algorithm "pbkdf2" is not verified here; give the user a new one
lost user "pb": has a credential of the kind "otp", which is not carried over
`)
	verified(t, h.Users[0])
	verified(t, h.Users[1])
}

func TestITop(t *testing.T) {
	t.Parallel()
	want := `
person jo (Jo Doe, jo@example.com) groups [] roles ["Administrator" "Support Agent"]
service rest (,) disabled groups [] roles ["REST Services User"]
groups [] roles [{Administrator } {Support Agent } {REST Services User }]
lost passwords: iTop exports none; users need new ones, or another way to sign in
`
	want = strings.ReplaceAll(want, "(,)", "(, )")
	same(t, "CSV", told(read(t, foreign.ITop, `id;login;contactid_friendlyname;email;status;profile_list
1;jo;Jo Doe;jo@example.com;enabled;"profileid->name:Administrator;reason:boss|profileid->name:Support Agent"
2;rest;;;disabled;REST Services User
`)), want)
	same(t, "XML", told(read(t, foreign.ITop, `<?xml version="1.0"?><Set>
<UserLocal alias="UserLocal" id="1"><login>jo</login><contactid_friendlyname>Jo Doe</contactid_friendlyname><email>jo@example.com</email><status>enabled</status>
<profile_list><Set><URP_UserProfile id="1"><profile>Administrator</profile></URP_UserProfile><URP_UserProfile id="2"><profile>Support Agent</profile></URP_UserProfile></Set></profile_list></UserLocal>
<UserLocal id="2"><login>rest</login><status>disabled</status><profile_list><Set><URP_UserProfile><profile>REST Services User</profile></URP_UserProfile></Set></profile_list></UserLocal>
</Set>`)), want)
}

func TestCSV(t *testing.T) {
	t.Parallel()
	same(t, "csv", told(read(t, foreign.CSV, "\ufeffLogin,Name,Mail,Kind,Active,Password,Groups,Roles,Shoe size\n"+
		"jo,\"Doe, Jo\",jo@example.com,person,yes,"+secret+",a|b,r,42\nbot,,,service,no,,,,\n,x\n")), `
person jo (Doe, Jo, jo@example.com) with a password groups ["a" "b"] roles ["r"]
service bot (, ) disabled groups [] roles []
groups ["a" "b"] roles [{r }]
lost column "Shoe size": means nothing here
lost line 4: has no login
`)
}

func TestNotTheFormat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ format, text, want string }{
		{"nothing", "", `no format "nothing"`},
		{foreign.CSV, "", "nothing in the file"},
		{foreign.CSV, "a,b\n1,2\n", "no column login"},
		{foreign.ITop, "<Set", "not XML"},
		{foreign.Kong, "a: b", "none of Kong's"},
		{foreign.Kong, "[", "not a declarative configuration"},
		{foreign.Keycloak, "{}", "no realm export"},
		{foreign.Keycloak, "x", "not a realm export"},
		{foreign.CSV, strings.Repeat("x", foreign.MaxSize+1), "larger than"},
	} {
		if _, err := foreign.Read(tt.format, []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.format, err, tt.want)
		}
	}
}

// No file makes a reader fall over.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"login\njo\n", "jo:$2y$x\n", "<Set><U><login>x</login></U></Set>", "consumers: [{username: a, acls: [{group: b}]}]", `{"realm":"x","users":[{"username":"a"}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range foreign.Formats() {
			h, err := foreign.Read(format, data)
			if err == nil && h == nil {
				t.Errorf("%s: neither a haul nor an error", format)
			}
		}
	})
}
