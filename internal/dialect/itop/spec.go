package itop

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

const base = "/itop"

// Settings. All but the last two have the names that they have in the product's
// configuration.
const (
	loginTypes    = "allowed_login_types"
	tokenProfiles = "personal_tokens_allowed_profiles"
	secureREST    = "secure_rest_services"
	viaTokens     = "allow_rest_services_via_tokens"
	accountMenu   = "enable_myaccount_menu"
	logREST       = "log_rest_service"
	sessionCookie = "session_cookie"
	sessionIdle   = "session_idle"
)

// Values of the setting "allowed_login_types", separated by "|".
const (
	modeForm   = "form"
	modeBasic  = "basic"
	modeURL    = "url"
	modeToken  = "token"
	modeLegacy = "rest-token" // another name of "token"
)

const yes, no = "yes", "no"

func settings() []wire.Setting {
	return []wire.Setting{
		{Name: loginTypes, Default: modeForm + "|" + modeBasic + "|" + modeToken, Check: checkLoginTypes},
		{Name: tokenProfiles, Default: administrator.title, Check: checkProfiles},
		{Name: secureREST, Default: yes, Values: []string{yes, no}},
		{Name: viaTokens, Default: no, Values: []string{yes, no}},
		{Name: accountMenu, Default: yes, Values: []string{yes, no}},
		{Name: logREST, Default: no, Values: []string{yes, no}},
		{Name: sessionCookie, Default: "itop_session", Check: wire.CookieName},
		{Name: sessionIdle, Default: "30m", Check: wire.Within(time.Minute, 24*time.Hour)},
	}
}

func checkLoginTypes(value string) error {
	known := []string{modeForm, modeBasic, modeURL, modeToken, modeLegacy}
	for mode := range strings.SplitSeq(value, "|") {
		if mode == "external" {
			return errors.New(`"external" trusts a proxy, and that is Sallyport; leave it out here, and write it in the product's own configuration`)
		}
		if !slices.Contains(known, mode) {
			return fmt.Errorf("%q is not a way to sign in; write some of %s, with | between them", mode, strings.Join(known, ", "))
		}
	}
	return nil
}

func checkProfiles(value string) error {
	for _, title := range split(value) {
		if p := profile(title); p.name == "" || strings.ContainsFunc(p.name, func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
		}) {
			return fmt.Errorf("%q is not the name of a profile, such as Support Agent", title)
		}
	}
	return nil
}

// split reads a list with commas.
func split(list string) (out []string) {
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// A right is a permission of the API.
type right struct{ name, title string }

// Rights are those that the product has for each class.
var (
	read       = right{"read", "Read objects one by one"}
	bulkRead   = right{"bulk-read", "Export objects"}
	create     = right{"create", "Create objects"}
	bulkCreate = right{"bulk-create", "Create objects by program"}
	modify     = right{"modify", "Modify objects"}
	bulkModify = right{"bulk-modify", "Modify objects by program"}
	remove     = right{"delete", "Delete objects"}
	bulkRemove = right{"bulk-delete", "Delete objects by program"}
	checking   = right{"check-credentials", "Ask whether a password is right"}
)

// Profiles are what the product calls its roles. Those that it looks at by name
// are permissions here: a role that stands for such a profile has it.
var (
	administrator = profile("Administrator")
	restUser      = profile("REST Services User")
	portalUser    = profile("Portal user")
)

// profile returns the permission that stands for a profile.
func profile(title string) right {
	return right{strings.ToLower(strings.Join(strings.Fields(title), "-")), title}
}

// tokenHolders are the profiles of which one lets somebody have personal tokens.
// Administrators may in any case.
func tokenHolders(settings map[string]string) []right {
	list := []right{administrator}
	for _, title := range split(settings[tokenProfiles]) {
		if p := profile(title); !slices.ContainsFunc(list, func(r right) bool { return r.name == p.name }) {
			list = append(list, p)
		}
	}
	return list
}

func names(list []right) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.name
	}
	return out
}

// Scopes of tokens. Each is for the calls of one kind.
const (
	scopeREST    = "REST/JSON"
	scopeSynchro = "Synchro"
	scopeImport  = "Import"
	scopeExport  = "Export"
)

var scopes = [...]string{scopeREST, scopeSynchro, scopeImport, scopeExport}

// Spec returns what the policy must know of the dialect.
func Spec() policy.Dialect {
	d := wire.Spec(endpoints(), settings(), complete)
	d.Takes, d.Fold = takes, foldName
	d.Realm = func(r policy.RealmSource) string { return classOf(r) }
	return d
}

// complete fills in what a document leaves open. Its settings are all there.
func complete(api *sallyport.API) {
	n := needs{api.Settings}
	routes := append(n.restRoutes(), n.otherRoutes()...)
	if api.Settings[accountMenu] == yes {
		routes = append(routes, n.accountRoutes()...)
	}
	whole := sallyport.API{
		BasePath: base, Accept: accept(api.Settings),
		Explain: sallyport.ExplainNone, // clients may compare whole bodies
		// The upstream is told who it is in another way, and must not look for a
		// credential that was cut out.
		Upstream:    sallyport.Upstream{DropParameters: []string{userParameter, modeParameter}},
		Permissions: permissions(api.Settings), Routes: routes,
	}
	for _, name := range scopes {
		whole.Scopes = append(whole.Scopes, sallyport.ScopeSpec{Name: name, Title: name, Permissions: []string{"*"}})
	}
	wire.Complete(api, whole)
	api.Upstream.DropCookies = true // each call signs in anew; and some servers take a cookie for a parameter
}

func permissions(settings map[string]string) []sallyport.PermissionSpec {
	list := []right{read, bulkRead, create, bulkCreate, modify, bulkModify, remove, bulkRemove, checking, restUser, portalUser}
	var out []sallyport.PermissionSpec
	for _, r := range append(list, tokenHolders(settings)...) {
		if spec := (sallyport.PermissionSpec{Name: r.name, Title: r.title}); !slices.ContainsFunc(out, func(p sallyport.PermissionSpec) bool { return p.Name == r.name }) {
			out = append(out, spec)
		}
	}
	return out
}

// Parameters by which clients sign in.
const (
	tokenHeader       = "Auth-Token"
	tokenParameter    = "auth_token"
	userParameter     = "auth_user"
	passwordParameter = "auth_pwd"
	modeParameter     = "login_mode"
)

// accept lists the ways to sign in. The session is for the page of one's account.
func accept(settings map[string]string) []sallyport.Accept {
	var list []sallyport.Accept
	tokens := []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey}
	passwords := []sallyport.CredentialKind{sallyport.Password}
	if takesTokens(settings) {
		list = append(list,
			sallyport.Accept{In: sallyport.CarrierHeader, Name: tokenHeader, Kinds: tokens, Lenient: true},
			sallyport.Accept{In: sallyport.CarrierQuery, Name: tokenParameter, Kinds: tokens, Lenient: true},
			sallyport.Accept{In: sallyport.CarrierForm, Name: tokenParameter, Kinds: tokens, Lenient: true})
	}
	for _, mode := range modes(settings) {
		switch mode {
		case modeBasic:
			list = append(list, sallyport.Accept{In: sallyport.CarrierBasic})
		case modeURL:
			list = append(list, sallyport.Accept{In: sallyport.CarrierQuery, Name: passwordParameter, Login: userParameter, Kinds: passwords, Lenient: true})
		case modeForm:
			list = append(list, sallyport.Accept{In: sallyport.CarrierForm, Name: passwordParameter, Login: userParameter, Kinds: passwords, Lenient: true})
		}
	}
	return append(list, sallyport.Accept{
		In: sallyport.CarrierCookie, Name: settings[sessionCookie], Kinds: []sallyport.CredentialKind{sallyport.Session},
	})
}
