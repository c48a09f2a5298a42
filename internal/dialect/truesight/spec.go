package truesight

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

// Base paths: the real one, and that of the product's documentation.
const (
	base     = "/bca-networks/api"
	baseDocs = "/bca-networks/apidocs"
)

// cookieName is the cookie in which the token of a person may travel.
const cookieName = "accessToken"

// browser is the scope of tokens that may travel in the cookie.
const browser = "browser"

// Settings.
const (
	idle         = "idle"
	lifetime     = "lifetime"
	logoutStatus = "logout_status"
	cookie       = "cookie"
	interactive  = "interactive_user"
	about        = "about"
	realms       = "realms"
	actions      = "actions"
	people       = "administration"
	headers      = "product_headers"
)

// Values of settings.
const (
	yes         = "yes"
	aboutToken  = "token"
	realmsNamed = "named"
	realmsTold  = "upstream"
	peopleRead  = "read"
	peopleWrite = "write"
)

func settings() []wire.Setting {
	return []wire.Setting{
		{Name: idle, Default: "30m", Check: wire.Within(time.Second, 24*time.Hour)},
		{Name: lifetime, Default: "720h", Check: wire.Within(time.Hour, 366*24*time.Hour)},
		{Name: logoutStatus, Default: "204", Values: []string{"204", "200"}},
		{Name: cookie, Default: yes, Values: []string{yes, "no"}},
		{Name: interactive, Default: "false", Values: []string{"false", "true"}},
		{Name: about, Default: "public", Values: []string{"public", aboutToken}},
		{Name: realms, Default: realmsNamed, Values: []string{realmsNamed, realmsTold}},
		{Name: people, Default: "no", Values: []string{"no", peopleRead, peopleWrite}},
		{Name: headers, Default: yes, Values: []string{yes, "no"}},
		{Name: actions, Check: func(text string) error { _, err := parseActions(text); return err }},
	}
}

// The rights of the product. The first is a system right; those on groups and
// devices are network rights, held in a realm or in all of them.
const (
	webServices = "web-services"
	viewGroups  = "view-groups"
	editGroups  = "edit-groups"
	viewDevices = "view-devices"
	editDevices = "edit-devices"
	viewJobs    = "view-jobs"
	submitJobs  = "submit-jobs"
	editRealms  = "edit-realms"
	viewScripts = "view-templates"
	editScripts = "edit-templates"
	viewAgents  = "view-device-agents"
	editAgents  = "edit-device-agents"
	viewMail    = "view-email-distribution-lists"
	editMail    = "edit-email-distribution-lists"
)

func permissions() []sallyport.PermissionSpec {
	return []sallyport.PermissionSpec{
		{Name: webServices, Title: "Log in using web services"},
		{Name: viewGroups, Title: "See groups"},
		{Name: editGroups, Title: "Add and change groups"},
		{Name: viewDevices, Title: "See devices"},
		{Name: editDevices, Title: "Add and change devices"},
		{Name: viewJobs, Title: "See jobs"},
		{Name: submitJobs, Title: "Add and submit jobs"},
		{Name: editRealms, Title: "Add and change realms"},
		{Name: viewScripts, Title: "See templates"},
		{Name: editScripts, Title: "Add and change templates"},
		{Name: viewAgents, Title: "See device agents"},
		{Name: editAgents, Title: "Add and change device agents"},
		{Name: viewMail, Title: "See email distribution lists"},
		{Name: editMail, Title: "Add and change email distribution lists"},
	}
}

// Spec returns what the policy must know of the dialect.
func Spec() policy.Dialect {
	return wire.Spec(endpoints(), settings(), complete)
}

// complete fills in what a document leaves open. Its settings are all there.
func complete(api *sallyport.API) {
	wire.Complete(api, sallyport.API{
		BasePath: base, Aliases: []string{baseDocs}, Accept: accept(api.Settings), Explain: sallyport.ExplainFull,
		Permissions: permissions(),
		Scopes: []sallyport.ScopeSpec{
			{Name: "view", Title: "Look", Permissions: []string{webServices, viewGroups, viewDevices, viewJobs, viewScripts, viewAgents, viewMail}},
			{Name: "change", Title: "Everything that the owner may", Permissions: []string{"*"}},
		},
		Routes: slices.Concat(openRoutes(api.Settings), tokenRoutes(), collectionRoutes(api), realmRoutes(api), peopleRoutes(api.Settings)),
	})
	if api.Settings[cookie] == yes {
		api.Scopes = withBrowser(api.Scopes)
	}
}

// accept is the header, and for browsers the cookie.
func accept(settings map[string]string) []sallyport.Accept {
	list := []sallyport.Accept{{In: sallyport.CarrierBearer}}
	if settings[cookie] == yes {
		list = append(list, sallyport.Accept{
			In: sallyport.CarrierCookie, Name: cookieName, Kinds: []sallyport.CredentialKind{sallyport.Session}, Scopes: []string{browser},
		})
	}
	return list
}

// withBrowser returns the scopes with the one for the cookie.
func withBrowser(scopes []sallyport.ScopeSpec) []sallyport.ScopeSpec {
	if slices.ContainsFunc(scopes, func(s sallyport.ScopeSpec) bool { return s.Name == browser }) {
		return scopes
	}
	return append(slices.Clip(scopes), sallyport.ScopeSpec{Name: browser, Title: "Travel in the cookie " + cookieName})
}
