package itop_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

const rest = "/itop/webservices/rest.php"

// Literals of the product.
const (
	invalidLogin = `{"code":1,"message":"Error: Invalid login"}`
	noProfile    = `{"code":1,"message":"Error: This user is not authorized to use the web services. (The profile REST Services User is required to access the REST web services)"}`
	invalidJSON  = `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`
)

func noRight(what, class string) string {
	return `{"objects":null,"code":1,"message":"The current user does not have enough permissions for ` + what + ` data of class ` + class + `"}`
}

func faulty(code int, message string) string {
	return fmt.Sprintf(`{"code":%d,"message":"Error: %s"}`, code, message)
}

// A world is the product with people.
type world struct {
	*dialecttest.Kit
	rest, reader, writer, administrator sallyport.RoleID
	jane                                sallyport.User // an administrator who may use web services and read
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "itop", Dialect: "itop", Settings: settings})}
	w.rest = w.Role("REST Services User", "itop/rest-services-user")
	w.reader = w.Role("reader", "itop/read", "itop/bulk-read")
	w.writer = w.Role("writer", "itop/create", "itop/bulk-create", "itop/modify", "itop/bulk-modify", "itop/delete", "itop/bulk-delete")
	w.administrator = w.Role("Administrator", "itop/administrator")
	w.jane = w.User("jane", w.rest, w.reader, w.administrator)
	return w
}

// token makes a token of a user.
func (w *world) token(u sallyport.User, name string, expires time.Time, scopes ...string) admin.Issued {
	w.T.Helper()
	issued, err := w.Admin.CreateToken(w.T.Context(), self(u), admin.NewToken{Name: name, Scopes: scopes, Expires: expires, Shape: admin.ShapeBase64})
	if err != nil {
		w.T.Fatal(err)
	}
	return issued
}

func self(u sallyport.User) admin.Actor {
	return admin.Actor{Principal: sallyport.Principal{ID: u.ID, Kind: sallyport.PrincipalPerson, Login: u.Login, Home: u.Tenant}}
}

// uses returns how often a token was used.
func (w *world) uses(id sallyport.CredentialID) int64 {
	w.T.Helper()
	if err := w.Doors.Flush(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	c, err := w.Admin.Token(w.T.Context(), dialecttest.System(), id)
	if err != nil {
		w.T.Fatal(err)
	}
	return c.Uses
}

const (
	restScope   = "itop/REST/JSON"
	getPersons  = `{"operation":"core/get","class":"Person","key":"SELECT Person WHERE email LIKE '%.fr'","output_fields":"friendlyname, email"}`
	updateThing = `{"operation":"core/update","class":"Person","key":1,"fields":{"name":"x"}}`
)

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const urlencoded = "application/x-www-form-urlencoded"

// call sends a form to the REST interface with a token in the header.
func (w *world) call(token, data string) dialecttest.Reply {
	w.T.Helper()
	return w.Ask("POST", rest, form("version", "1.3", "json_data", data), "Auth-Token", token, "Content-Type", urlencoded)
}

// forwarded reports whether the upstream was asked.
func forwarded(r dialecttest.Reply) bool {
	return r.Status == 200 && (strings.HasPrefix(r.Body, "POST "+rest) || strings.HasPrefix(r.Body, "GET "+rest))
}

func multipart(parts ...string) (contentType, body string) {
	var b strings.Builder
	for i := 0; i < len(parts); i += 2 {
		b.WriteString("--cut\r\nContent-Disposition: form-data; " + parts[i] + "\r\n\r\n" + parts[i+1] + "\r\n")
	}
	return "multipart/form-data; boundary=cut", b.String() + "--cut--\r\n"
}

// TestOutage: without the store, who is not known yet is told so in the product's
// form, with a status that says it is not his fault; who is known goes on.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	known, unknown := w.token(w.jane, "known", time.Time{}, restScope), w.token(w.jane, "unknown", time.Time{}, restScope)
	if r := w.call(known.Secret.Reveal(), getPersons); !forwarded(r) {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	w.Outage()
	if r := w.call(known.Secret.Reveal(), getPersons); !forwarded(r) {
		t.Errorf("known: %d %s", r.Status, r.Body)
	}
	r := w.call(unknown.Secret.Reveal(), getPersons)
	if r.Status != 503 || r.Body != faulty(100, "Temporarily unavailable. Try again in a moment.") || r.Header.Get("Retry-After") == "" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("unknown: %d %s %v", r.Status, r.Body, r.Header)
	}
	if r := w.Ask("POST", "/itop/synchro/synchro_exec.php", "", "Auth-Token", unknown.Secret.Reveal()); r.Status != 503 {
		t.Errorf("synchro: %d %s", r.Status, r.Body)
	}
}

// TestOtherScopes: each scope is good for its calls, and the refusals of these
// look each in their own way.
func TestOtherScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Bind(w.jane.ID, w.writer, w.Tenant, "")
	weak := w.User("weak", w.rest, w.administrator)
	places := map[string][]string{
		"REST/JSON": {rest}, "Synchro": {"/itop/synchro/synchro_exec.php", "/itop/synchro/synchro_import.php"},
		"Import": {"/itop/webservices/import.php"}, "Export": {"/itop/webservices/export-v2.php", "/itop/webservices/export.php"},
	}
	refusals := map[string]struct {
		status       int
		kind, needle string
	}{
		"Synchro": {200, "text/html", "<p>Invalid login</p>"}, "Import": {200, "text/plain", "Invalid login"}, "Export": {200, "text/html", `id="login-body"`},
	}
	for scope := range places {
		token := w.token(w.jane, scope, time.Time{}, "itop/"+scope)
		secret := token.Secret.Reveal()
		feeble := w.token(weak, scope, time.Time{}, "itop/"+scope).Secret.Reveal()
		want := int64(0)
		for of, paths := range places {
			for _, path := range paths {
				r := w.Ask("POST", path, form("version", "1.3", "json_data", getPersons), "Auth-Token", secret, "Content-Type", urlencoded)
				switch in := strings.HasPrefix(r.Body, "POST "+path); {
				case scope == of:
					want++
					if !in {
						t.Errorf("%s at %s: %d %s", scope, path, r.Status, r.Body)
					}
					if r := w.Ask("POST", path, form("version", "1.3", "json_data", getPersons), "Auth-Token", feeble, "Content-Type", urlencoded); of != "REST/JSON" && r.Status != 403 {
						t.Errorf("without the right at %s: %d %s", path, r.Status, r.Body)
					}
				case of == "REST/JSON":
					if r.Body != invalidLogin {
						t.Errorf("%s at %s: %d %s", scope, path, r.Status, r.Body)
					}
				case in || r.Status != refusals[of].status || !strings.HasPrefix(r.Header.Get("Content-Type"), refusals[of].kind) || !strings.Contains(r.Body, refusals[of].needle):
					t.Errorf("%s at %s: %d %s", scope, path, r.Status, r.Body)
				}
			}
		}
		if got := w.uses(token.Credential.ID); got != want {
			t.Errorf("%s: %d uses, want %d", scope, got, want)
		}
	}
	if r := w.Ask("GET", "/itop/pages/UI.php", ""); r.Status != 401 || !strings.Contains(r.Body, "iTop access to this page is restricted. Please, contact an iTop administrator") ||
		!strings.HasPrefix(r.Header.Get("Www-Authenticate"), "Basic ") {
		t.Errorf("another page: %d %s %v", r.Status, r.Body, r.Header)
	}
}
