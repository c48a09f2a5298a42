package truesight

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// filterRealm is the parameter by which a list is limited to a realm, and
// filterAction the one by which it is limited to where an action is allowed.
const (
	filterRealm  = "filter.realm"
	filterAction = "filter.action"
)

// openRoutes need no token.
func openRoutes(settings map[string]string) []sallyport.Route {
	product := sallyport.Route{ID: "about", Title: "access product information", Methods: []string{"GET"}, Path: "/about"}
	if settings[about] == aboutToken {
		product.Authenticated = true
	} else {
		product.Public, product.IgnoreCredentials = true, true
	}
	return []sallyport.Route{
		product,
		{ID: "login information", Methods: []string{"GET"}, Path: "/about/login_information", Public: true, IgnoreCredentials: true},
		{ID: "swagger", Methods: []string{"GET"}, Path: "/{version}/swagger.json", Public: true, IgnoreCredentials: true},
	}
}

// tokenRoutes are about sessions. To keep one alive needs the right to use web
// services, which is what a sign-in asks for; to end one needs nothing.
func tokenRoutes() []sallyport.Route {
	return []sallyport.Route{
		{ID: "get token", Methods: []string{"POST"}, Path: "/token", Endpoint: issueEndpoint, Public: true, IgnoreCredentials: true},
		{
			ID: "keep token alive", Title: "access web services", Methods: []string{"GET"}, Path: "/token", Endpoint: "token.keep",
			AllOf: []string{webServices}, Realm: &sallyport.Selector{From: "query", Name: filterRealm, Any: true},
		},
		{ID: "end token", Methods: []string{"DELETE"}, Path: "/token", Endpoint: "token.end", Authenticated: true},
	}
}

// A collection is a kind of thing that the product keeps.
type collection struct {
	path, thing  string
	view, change string // what it needs
	inRealms     bool   // its things are in realms
	byAction     bool   // its list takes [filterAction]
}

// words is what refusals call the collection.
func (c *collection) words() string { return strings.ReplaceAll(c.path, "_", " ") }

var collections = [...]collection{
	{path: "groups", thing: "group", view: viewGroups, change: editGroups, inRealms: true, byAction: true},
	{path: "combo_groups", thing: "combo group", view: viewGroups, change: editGroups, inRealms: true},
	{path: "devices", thing: "device", view: viewDevices, change: editDevices, inRealms: true},
	{path: "jobs", thing: "job", view: viewJobs, change: submitJobs}, // a job has devices of any realm
	{path: "templates", thing: "template", view: viewScripts, change: editScripts},
	{path: "device_agents", thing: "device agent", view: viewAgents, change: editAgents},
	{path: "email_distribution_lists", thing: "email distribution list", view: viewMail, change: editMail},
}

func collectionRoutes(api *sallyport.API) []sallyport.Route {
	var list []sallyport.Route
	for i := range collections {
		list = append(list, collections[i].routes(api)...)
	}
	return list
}

func (c *collection) routes(api *sallyport.API) []sallyport.Route {
	access, modify, remove := "access "+c.words(), "modify this "+c.thing, "delete this "+c.thing
	one := "/" + c.path + "/{id}"
	below := one + "/{part}/{rest...}"
	list := []sallyport.Route{
		route("list "+c.words(), access, "GET /"+c.path, webServices, c.view),
		route("add "+c.thing, "add a new "+c.thing, "POST /"+c.path, webServices, c.change),
		route("read "+c.thing, access, "GET "+one, webServices, c.view),
		route("change "+c.thing, modify, "PUT,PATCH "+one, webServices, c.change),
		route("delete "+c.thing, remove, "DELETE "+one, webServices, c.change),
		route("read part of "+c.thing, access, "GET "+below, webServices, c.view),
		route("change part of "+c.thing, modify, "POST,PUT,PATCH,DELETE "+below, webServices, c.change),
	}
	if !c.inRealms {
		return list
	}
	list[0].Realm = listRealm(api)
	for i := range list[1:] {
		list[1+i].Realm = otherRealm(api)
	}
	if c.byAction {
		list = append(list, byAction(api, &list[0])...)
	}
	return list
}

// route makes a route of methods and a path below a version. Its title is what a
// refusal says one is not allowed to.
func route(id, title, methodsAndPath string, needs ...string) sallyport.Route {
	methods, path, _ := strings.Cut(methodsAndPath, " ")
	return sallyport.Route{ID: id, Title: title, Methods: strings.Split(methods, ","), Path: "/{version}" + path, AllOf: needs}
}

// peopleRoutes administrate users and roles. What somebody may there is a right of
// the management API, which package admin asks for.
func peopleRoutes(settings map[string]string) []sallyport.Route {
	answered := func(endpoint, title, methodsAndPath string) sallyport.Route {
		r := route(title+" by "+methodsAndPath, title, methodsAndPath, webServices)
		r.Endpoint = endpoint
		return r
	}
	var list []sallyport.Route
	if settings[people] == peopleRead || settings[people] == peopleWrite {
		list = append(list,
			answered("users", "access users", "GET /users"),
			answered("users.signed-in", "access users", "GET /users/all_logged_in_users"),
			answered("user", "access users", "GET /users/{id}"),
			answered("roles", "access roles", "GET /roles"),
			answered("role", "access roles", "GET /roles/{id}"))
	}
	if settings[people] == peopleWrite {
		list = append(list,
			answered("user.add", "add a new user", "POST /users"),
			answered("user.change", "modify this user", "PATCH /users/{id}"),
			answered("user.remove", "delete this user", "DELETE /users/{id}"),
			answered("role.add", "add a new role", "POST /roles"),
			answered("role.change", "modify this role", "PUT,PATCH /roles/{id}"),
			answered("role.remove", "delete this role", "DELETE /roles/{id}"))
	}
	return list
}

// realmRoutes are about the realms themselves. To list them is open to everybody
// who may use web services.
func realmRoutes(api *sallyport.API) []sallyport.Route {
	list := []sallyport.Route{
		route("list realms", "access realms", "GET /realms", webServices),
		route("read realm", "access realms", "GET /realms/{id}", webServices),
		route("add realm", "add a new realm", "POST /realms", webServices, editRealms),
		route("change realm", "modify this realm", "PUT,PATCH /realms/{id}", webServices, editRealms),
		route("delete realm", "delete this realm", "DELETE /realms/{id}", webServices, editRealms),
	}
	list[0].Realm, list[1].Realm = otherRealm(api), otherRealm(api)
	return append(list, byAction(api, &list[0])...)
}

// listRealm says where a list names its realm: in the parameter by which the
// product itself keeps it to one. A document that has a realm of its own names it
// in another way.
func listRealm(api *sallyport.API) *sallyport.Selector {
	if api.Realm != nil {
		return nil
	}
	return &sallyport.Selector{From: "query", Name: filterRealm, Any: api.Settings[realms] == realmsTold}
}

// otherRealm says where any other request names its realm. It has nothing that the
// product would keep to, so the right is needed in every realm, unless the upstream
// keeps to those that it is told.
func otherRealm(api *sallyport.API) *sallyport.Selector {
	if api.Settings[realms] != realmsTold {
		return nil
	}
	return listRealm(api)
}

// byAction returns what a list needs when it is asked for what an action is
// allowed on: the right to that action too.
func byAction(api *sallyport.API, list *sallyport.Route) []sallyport.Route {
	known, _ := parseActions(api.Settings[actions]) // what is wrong with it was told
	var out []sallyport.Route
	for _, a := range known {
		if slices.Contains(list.AllOf, a.permission) {
			continue // the list itself needs it
		}
		r := *list
		r.ID += " for " + a.id
		r.AllOf = append(slices.Clone(list.AllOf), a.permission)
		r.Parameter = &sallyport.Parameter{In: "query", Name: filterAction, Value: a.id}
		out = append(out, r)
	}
	return out
}
