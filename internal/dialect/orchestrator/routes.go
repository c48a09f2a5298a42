package orchestrator

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// anyMethod are the methods that every endpoint takes: the product does not look
// at them.
func anyMethod() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE"} }

// shapes returns an endpoint in each of the shapes that its path has: alone, with
// the suffix of a format, and with an id, a format or both behind it.
func shapes(r sallyport.Route) []sallyport.Route {
	var all []sallyport.Route
	for _, suffix := range []string{"", ".json", ".xml", "/{id}", "/{id}/{format}"} {
		one := r
		one.ID, one.Path = r.ID+suffix, r.Path+suffix
		all = append(all, one)
	}
	return all
}

// signInRoutes are those that begin and end something.
func signInRoutes(settings map[string]string) []sallyport.Route {
	all := shapes(sallyport.Route{
		ID: "authenticate", Title: "authenticate", Methods: anyMethod(), Path: "/api/authenticate",
		Endpoint: authenticateEndpoint, Public: true, IgnoreCredentials: true,
	})
	for _, path := range []string{"/users/logoff", "/users/logoff.xml", "/users/logoff.json", "/users/logoff/{format}"} {
		all = append(all, sallyport.Route{
			ID: "logoff at " + path, Title: "log off", Methods: []string{"GET", "POST", "DELETE"}, Path: path, Endpoint: "logoff", Authenticated: true,
		})
	}
	if settings[jwt] == yes {
		for _, path := range []string{"/api/login", "/api/login.json", "/api/login/json"} {
			all = append(all, sallyport.Route{
				ID: "log in at " + path, Title: "log in", Methods: []string{"POST"}, Path: path, Endpoint: loginEndpoint, Public: true, IgnoreCredentials: true,
			})
		}
	}
	return all
}

// optionsRoutes let browsers ask what a page of another site may do on the paths
// of these routes.
func optionsRoutes(routes []sallyport.Route) []sallyport.Route {
	var all []sallyport.Route
	seen := map[string]bool{}
	for i := range routes {
		path := routes[i].Path
		if seen[path] {
			continue
		}
		seen[path] = true
		all = append(all, sallyport.Route{
			ID: "options of " + path, Title: "ask what another site may do", Methods: []string{"OPTIONS"}, Path: path,
			Endpoint: "options", Public: true, IgnoreCredentials: true,
		})
	}
	return all
}

// secretRoutes are about one's own API key and scrambled password. Where the
// product has a page, the paths are ours.
func secretRoutes() []sallyport.Route {
	all := shapes(sallyport.Route{
		ID: "list own secrets", Title: "list your API key and scrambled password", Methods: []string{"GET"}, Path: "/api/my_secrets",
		Endpoint: "secrets", Authenticated: true,
	})[:3]
	for _, r := range []sallyport.Route{
		{ID: "generate api key", Title: "generate your API key", Path: "/api/generate_api_key", Endpoint: "secret.api-key"},
		{ID: "generate scrambled password", Title: "generate your scrambled password", Path: "/api/generate_scrambled_password", Endpoint: "secret.scrambled"},
	} {
		r.Methods, r.Authenticated = []string{"POST"}, true
		all = append(all, shapes(r)[:3]...)
	}
	return append(all, sallyport.Route{
		ID: "remove secret", Title: "end your API key or scrambled password", Methods: []string{"DELETE"}, Path: "/api/my_secrets/{id}",
		Endpoint: "secret.remove", Authenticated: true,
	})
}

// pathWorkflow is the part of a path that has the id of a workflow.
const pathWorkflow = "workflow"

// A subject is what a call of the product is about.
type subject uint8

const (
	aboutSystem   subject = iota
	aboutOrder            // a work order, or a step of one; a request does not say of which workflow it is
	aboutWorkflow         // one workflow
	aboutAll              // all workflows, unless the path names one
)

// An action is a call that the product answers itself.
type action struct {
	title string
	need  string // colon path; empty: nobody in particular
	about subject
	names []string // of endpoints below /api
}

// actions are the calls of the product.
func actions() []action {
	return []action{
		{"ping", "", aboutSystem, []string{"remote_node_ping"}},
		{"see workflows", viewWorkflow, aboutAll, []string{"workflows_list", "workflows_status", "find_constraints"}},
		{"see a workflow", viewWorkflow, aboutWorkflow, []string{"workflow_details", "workflow_inputs_spec", "workflow_outputs_spec"}},
		{"see the work orders of a workflow", viewWorkflow, aboutWorkflow, []string{"work_orders_list"}},
		{"see work orders", viewWorkflow, aboutOrder, []string{"work_order_status", "work_order_output", "work_step_status"}},
		{"start a work order", runWorkflow, aboutWorkflow, []string{"initiate"}},
		{"stop and repeat work orders", runWorkflow, aboutOrder, []string{"work_order_cancel", "work_order_reset", "work_step_cancel", "workstep_reset"}},
		{"take a workflow out", editWorkflow, aboutWorkflow, []string{"export_workflow"}},
		{"take workflows in", editWorkflow, aboutSystem, []string{"import_workflow", "import_with_constraints"}},
		{"publish workflows", adminWorkflow, aboutWorkflow, []string{"publish_workflow"}},
		{"see the system", viewSystem, aboutSystem, []string{"processes_status", "monitor_snapshot", "plugin_version"}},
		{"reload plug-ins", adminSystem, aboutSystem, []string{"reload_plugin_set"}},
	}
}

// businessRoutes are the calls that the upstream answers.
func businessRoutes(api *sallyport.API) []sallyport.Route {
	var all []sallyport.Route
	for _, a := range actions() {
		r := sallyport.Route{Title: a.title, Methods: anyMethod(), Public: a.need == "", Realm: a.about.realm(api)}
		demand(&r, a.need, api.Settings)
		for _, name := range a.names {
			r.ID, r.Path = name, "/api/"+name
			for _, one := range shapes(r) {
				if a.about == aboutWorkflow || a.about == aboutAll {
					one.Path = strings.Replace(one.Path, "{id}", "{"+pathWorkflow+"}", 1)
				}
				all = append(all, one)
			}
		}
	}
	// What clients of older versions start work orders with. The number in the last
	// path is none of a workflow.
	r := sallyport.Route{Title: "start a work order", Methods: anyMethod(), Realm: aboutWorkflow.realm(api)}
	demand(&r, runWorkflow, api.Settings)
	for _, path := range []string{"/work_orders/initiate", "/work_orders/initiate/{format}", "/work_orders/createBasic/{id}"} {
		r.ID, r.Path = "older "+path, path
		all = append(all, r)
	}
	return all
}

// realm says where a call names the workflow that rights can be held for. What is
// about work orders or all workflows names none, so the right is needed for all,
// unless the upstream keeps to those that it is told. A document that has a realm
// of its own names it in another way.
func (s subject) realm(api *sallyport.API) *sallyport.Selector {
	told := api.Settings[workflows] == workflowsTold
	switch {
	case api.Realm != nil || s == aboutSystem:
		return nil
	case s == aboutOrder && told: // the id in its path is not that of a workflow
		return &sallyport.Selector{From: "query", Name: pathWorkflow, Any: true}
	case s == aboutOrder:
		return nil
	default:
		return &sallyport.Selector{From: "dialect", Any: s == aboutAll && told}
	}
}

// demand says what a route needs.
func demand(r *sallyport.Route, need string, settings map[string]string) {
	switch need {
	case "":
		return
	case viewWorkflow, viewSystem:
		r.Scopes = []string{lookScope, runScope, manageScope}
	case runWorkflow:
		r.Scopes = []string{runScope, manageScope}
		if settings[operatorGroup] == yes {
			r.AllOf = []string{operator}
		}
	default:
		r.Scopes = []string{manageScope}
	}
	r.AnyOf = slices.Clone(upward(need))
}
