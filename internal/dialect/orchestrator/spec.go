package orchestrator

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

const base = "/aspera/orchestrator"

// Settings.
const (
	jwt                = "jwt"
	urlPassword        = "url_password"
	urlKey             = "url_key"
	formCredentials    = "form_credentials"
	sessionCookie      = "session_cookie"
	sessionIdle        = "session_idle"
	sessionLifetime    = "session_lifetime"
	errorBodies        = "error_bodies"
	authenticateStatus = "authenticate_status"
	deniedStatus       = "denied_status"
	operatorGroup      = "operator_group"
	workflows          = "workflows"
	corsOrigins        = "cors_origins"
)

// Values of settings.
const (
	yes, no = "yes", "no"

	plain, scrambled = "plain", "scrambled" // of url_password

	wellFormed, exact = "well_formed", "exact" // of error_bodies

	ownStatus = "own" // of denied_status

	workflowsNamed, workflowsTold = "named", "upstream" // of workflows
)

func settings() []wire.Setting {
	either := []string{yes, no}
	return []wire.Setting{
		{Name: jwt, Default: yes, Values: either},
		{Name: urlPassword, Default: plain, Values: []string{plain, scrambled, no}},
		{Name: urlKey, Default: yes, Values: either},
		{Name: formCredentials, Default: yes, Values: either},
		{Name: sessionCookie, Default: "_orchestrator_session", Check: wire.CookieName},
		{Name: sessionIdle, Default: "24h", Check: wire.Within(time.Minute, 366*24*time.Hour)},
		{Name: sessionLifetime, Default: "720h", Check: wire.Within(time.Minute, 366*24*time.Hour)},
		{Name: errorBodies, Default: wellFormed, Values: []string{wellFormed, exact}},
		{Name: authenticateStatus, Default: "200", Values: []string{"200", "401"}},
		{Name: deniedStatus, Default: ownStatus, Values: []string{ownStatus, "200", "404", "500"}},
		{Name: operatorGroup, Default: yes, Values: either},
		{Name: workflows, Default: workflowsNamed, Values: []string{workflowsNamed, workflowsTold}},
		{Name: corsOrigins, Check: checkOrigins},
	}
}

// maxOrigins bounds how many origins are listed.
const maxOrigins = 50

// checkOrigins wants origins as browsers write them (RFC 6454 section 6.2), with
// blanks between them.
func checkOrigins(list string) error {
	all := strings.Fields(list)
	if len(all) > maxOrigins {
		return errors.New("there are more than 50 origins")
	}
	for _, origin := range all {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || origin != u.Scheme+"://"+strings.ToLower(u.Host) {
			return errors.New("write origins such as https://app.example.com, in lower case, without a path, with blanks between them")
		}
	}
	return nil
}

// The principals that the product's permissions are for, and what the API needs
// on them. A right on a path holds for all that is below it.
const (
	product  = "Aspera:Orchestrator"
	workflow = product + ":Workflow"
	system   = product + ":System"

	viewWorkflow  = workflow + ":view"
	runWorkflow   = workflow + ":run"
	editWorkflow  = workflow + ":edit"
	adminWorkflow = workflow + ":admin"
	viewSystem    = system + ":view"
	adminSystem   = system + ":admin"

	// operator is what members of the group "Operator" hold.
	operator = "Operator"
)

func permissions() []sallyport.PermissionSpec {
	return []sallyport.PermissionSpec{
		{Name: product, Title: "Everything"},
		{Name: workflow, Title: "Everything with workflows and work orders"},
		{Name: viewWorkflow, Title: "See workflows and work orders"},
		{Name: runWorkflow, Title: "Start, cancel and reset work orders"},
		{Name: editWorkflow, Title: "Import and export workflows"},
		{Name: adminWorkflow, Title: "Publish workflows"},
		{Name: system, Title: "Everything with the system"},
		{Name: viewSystem, Title: "See processes, plug-ins and load"},
		{Name: adminSystem, Title: "Reload plug-ins"},
		{Name: operator, Title: "Member of the group Operator"},
	}
}

// upward returns a colon path and those above it. One of them is enough.
func upward(path string) []string {
	all := []string{path}
	for len(path) > len(product) && strings.HasPrefix(path, product) {
		path = path[:strings.LastIndexByte(path, ':')]
		all = append(all, path)
	}
	return all
}

// Scopes that tokens can be limited to. Routes name those that reach them, since
// what a scope keeps of a right on a path above cannot be told by the right.
const (
	lookScope, runScope, manageScope = "view", "run", "manage"
)

func scopes() []sallyport.ScopeSpec {
	return []sallyport.ScopeSpec{
		{Name: lookScope, Title: "Look"},
		{Name: runScope, Title: "Look and run"},
		{Name: manageScope, Title: "Everything that the owner may", Permissions: []string{"*"}},
	}
}

// Spec returns what the policy must know of the dialect.
func Spec() policy.Dialect {
	d := wire.Spec(endpoints(), settings(), complete)
	d.Realm = workflowOf
	return d
}

// complete fills in what a document leaves open. Its settings are all there.
func complete(api *sallyport.API) {
	routes := slices.Concat(signInRoutes(api.Settings), secretRoutes(), businessRoutes(api))
	if api.Settings[corsOrigins] != "" {
		routes = append(routes, optionsRoutes(routes)...)
	}
	wire.Complete(api, sallyport.API{
		BasePath: base, Accept: accept(api.Settings),
		Token:       sallyport.TokenSpec{Lifetime: sallyport.Duration(15 * time.Minute)},
		Upstream:    sallyport.Upstream{Timeout: sallyport.Duration(2 * time.Minute)}, // somebody waits for a work order
		Permissions: permissions(), Scopes: scopes(), Routes: routes,
	})
}

// accept lists the ways to present oneself, as far as the switches allow them. A
// login stands beside a key or a password; a key alone has another name. What a
// switch shuts is refused, lest it be passed on.
func accept(settings map[string]string) []sallyport.Accept {
	tokens := []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken}
	keys := append(slices.Clone(tokens), sallyport.APIKey)
	list := []sallyport.Accept{{In: sallyport.CarrierBasic, Lenient: true}}
	if settings[jwt] == yes {
		list = append(list, sallyport.Accept{In: sallyport.CarrierBearer})
	}
	places := []sallyport.Carrier{sallyport.CarrierQuery}
	if settings[formCredentials] == yes {
		places = append(places, sallyport.CarrierForm)
	}
	for _, in := range places {
		if settings[urlKey] == yes {
			list = append(list,
				sallyport.Accept{In: in, Name: "api_key", Login: "login", Kinds: keys},
				sallyport.Accept{In: in, Name: "apikey", Kinds: keys})
		} else {
			list = append(list,
				sallyport.Accept{In: in, Name: "api_key", Refused: true},
				sallyport.Accept{In: in, Name: "apikey", Refused: true})
		}
		switch settings[urlPassword] {
		case plain:
			list = append(list, sallyport.Accept{In: in, Name: "password", Login: "login", Kinds: append(slices.Clone(tokens), sallyport.Password)})
		case scrambled:
			list = append(list, sallyport.Accept{In: in, Name: "password", Login: "login", Kinds: tokens})
		default:
			list = append(list, sallyport.Accept{In: in, Name: "password", Refused: true})
		}
	}
	return append(list, sallyport.Accept{
		In: sallyport.CarrierCookie, Name: settings[sessionCookie], Kinds: []sallyport.CredentialKind{sallyport.Session}, Lenient: true,
	})
}
