package itadvisor

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// A need says what a route asks for.
type need func(*sallyport.Route)

func all(permissions ...string) need {
	return func(r *sallyport.Route) { r.AllOf = append(r.AllOf, permissions...) }
}

func either(permissions ...string) need {
	return func(r *sallyport.Route) { r.AnyOf = append(r.AnyOf, permissions...) }
}

// at says where a request names the location that it is for: a right that is
// limited to one is good for nothing else. A document that has a realm of its own
// names it in another way.
func at(api *sallyport.API) need {
	return func(r *sallyport.Route) {
		if api.Realm == nil {
			r.Realm = &sallyport.Selector{From: "query", Name: "location"}
		}
	}
}

// route makes a route of methods and a path. Its title is the action that a
// refusal names.
func route(action, methodsAndPath string, needs ...need) sallyport.Route {
	methods, path, _ := strings.Cut(methodsAndPath, " ")
	r := sallyport.Route{ID: action, Title: action, Methods: strings.Split(methods, ","), Path: path}
	for _, n := range needs {
		n(&r)
	}
	return r
}

// equipmentRoutes are those that equipment permissions are for. Who administrates
// user rights gets past these in the product, unless the setting says otherwise.
func equipmentRoutes(api *sallyport.API) []sallyport.Route {
	equipment, location := either(desktop, userRights), at(api)
	if api.Settings[override] == "no" {
		equipment = all(desktop)
	}
	add := func(action, methodsAndPath string) sallyport.Route {
		return route(action, methodsAndPath, all(useAPI), equipment, location)
	}
	relation := route("change the customer of an asset", "PUT,DELETE /assets/{id}/customer", all(useAPI, desktop), either(customers, userRights), location)
	return []sallyport.Route{
		add("list assets", "GET /assets"),
		add("change assets", "PATCH /assets"),
		add("add assets", "POST /assets"),
		add("search assets", "GET /assets/search"),
		add("list asset types", "GET /assets/types"),
		add("read an asset", "GET /assets/{id}"),
		add("change an asset", "PATCH /assets/{id}"),
		add("add an asset below another", "POST /assets/{id}"),
		add("delete an asset", "DELETE /assets/{id}"),
		add("read the customer of an asset", "GET /assets/{id}/customer"),
		relation,
		add("list locations", "GET /locations"),
		add("read a location", "GET /locations/{id}"),
	}
}

// Types of entries of the audit trail: about assets, which everybody may see, and
// those that nobody may who is there for a customer alone. All others are about the
// system.
var (
	assetEntries  = []string{"ASSETS", "ASSET_ADD", "ASSET_CHANGE", "ASSET_MOVE", "ASSET_REMOVE"}
	changeEntries = []string{
		"ALARMS", "ALARM_RAISED", "ALARM_REMOVED", "CHANGE_MANAGEMENT", "CHANGE_MANAGEMENT_WORK_ORDER", "CHANGE_MANAGEMENT_WORK_ORDER_TASK", "REPORT_CHANGED",
	}
)

// trailRoutes are those of the audit trail. A request can ask for several types,
// and needs what each of them needs; one that asks for none gets all of them. Who
// has the right to equipment at some locations only is there for a customer.
func trailRoutes() []sallyport.Route {
	trail := func(action string, entries []string, needs ...need) sallyport.Route {
		r := route(action, "GET /audit-trail-entries", append(needs, all(useAPI))...)
		if len(entries) > 0 {
			r.Parameter = &sallyport.Parameter{In: "query", Name: "entry-type", Values: entries}
		}
		return r
	}
	return []sallyport.Route{
		trail("read the audit trail of assets", assetEntries),
		trail("read the audit trail of alarms, changes and reports", slices.Concat(changeEntries, assetEntries), all(desktop)),
		trail("read the audit trail of the system", nil, all(desktop), either(systemConfig, userRights)),
	}
}

// otherRoutes are those that have nothing to do with a location.
func otherRoutes() []sallyport.Route {
	api, may := all(useAPI), either(customers, userRights)
	config, rights := all(useAPI, systemConfig), all(useAPI, userRights)
	equipment := all(useAPI, desktop)
	list := []sallyport.Route{
		route("list customers", "GET /customers", api),
		route("read a customer", "GET /customers/{id}", api),
		route("count customers", "GET /customers-count", api),
		route("add customers", "POST /customers", api, may),
		route("change customers", "PUT,PATCH /customers/{id}", api, may),
		route("delete customers", "DELETE /customers/{id}", api, may),
		route("list users", "GET /users", rights),
		route("read a user", "GET /users/{id}", rights),
		route("change users", "POST,PUT,PATCH,DELETE /users/{rest...}", rights),
		route("read user groups", "GET /user-groups/{rest...}", rights),
		route("change user groups", "POST,PUT,PATCH,DELETE /user-groups/{rest...}", rights),
		route("read authentication servers", "GET /authentication-servers/{rest...}", rights),
		route("change authentication servers", "POST,PUT,PATCH,DELETE /authentication-servers/{rest...}", rights),
		route("read custom properties", "GET /custom-properties/{rest...}", equipment),
		route("read genomes", "GET /genomes/{rest...}", equipment),
	}
	for _, tag := range []string{"certificates", "licenses", "mail", "backup", "platform-status", "configuration", "etl-configuration", "struxure-on", "user-message"} {
		list = append(list,
			route("read "+tag, "GET /"+tag+"/{rest...}", config),
			route("change "+tag, "POST,PUT,PATCH,DELETE /"+tag+"/{rest...}", config))
	}
	for _, tag := range []string{"work-orders", "kpis", "power-capacity", "power-path", "sensor-mapping", "routing", "equipment-browser", "change-request", "change-request-template", "svg"} {
		list = append(list, route("read "+tag, "GET /"+tag+"/{rest...}", equipment))
	}
	return list
}
