package demo

import (
	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/demo/platform/itadvisor"
	"github.com/sallyport/sallyport/internal/admin"
)

// The tenants of the demonstration.
const (
	tenantMain  = "DemoTenant5"
	tenantOther = "acme_3"
)

// A part is a role of the cast's: a named set of permissions.
type part struct {
	name, title string
	permissions []sallyport.Permission
}

// parts are the roles, for every tenant.
var parts = []part{
	{"interface", "Integration of IT Advisor: equipment, as its documentation asks for", []sallyport.Permission{
		"itadvisor/API", "itadvisor/DESKTOP_CLIENT",
	}},
	{"ita-api", "IT Advisor: use the API", []sallyport.Permission{"itadvisor/API"}},
	{"ita-equipment", "IT Advisor: equipment", []sallyport.Permission{"itadvisor/DESKTOP_CLIENT"}},
	{"customers", "IT Advisor: add and change customers, and nothing else", []sallyport.Permission{"itadvisor/CUSTOMERS"}},
	{"ita-administrator", "IT Advisor: user rights and authentication servers", []sallyport.Permission{
		"itadvisor/API", "itadvisor/DESKTOP_CLIENT", "itadvisor/USER_RIGHTS_AND_AUTHENTICATION_SERVERS_ADMINISTRATOR",
		"itadvisor/SYSTEM_CONFIGURATION_ADMINISTRATOR",
	}},
	{"viewer", "Look at everything that can be looked at", []sallyport.Permission{
		"inventory/read", "truesight/web-services", "truesight/view-groups", "truesight/view-devices",
		"orchestrator/Aspera:Orchestrator:Workflow:view", "orchestrator/Aspera:Orchestrator:System:view", "itop/rest-services-user", "itop/read", "itop/bulk-read", "edgeintel/data-management",
	}},
	{"operator", "Run workflows and keep the inventory", []sallyport.Permission{
		"inventory/read", "inventory/write",
		"itop/rest-services-user", "itop/read", "itop/bulk-read", "itop/create", "itop/bulk-create", "itop/modify", "itop/bulk-modify",
		"orchestrator/Operator", "orchestrator/Aspera:Orchestrator:Workflow:view", "orchestrator/Aspera:Orchestrator:Workflow:run",
	}},
	{"workflow-runner", "Orchestrator: the right to run workflows, without being an operator", []sallyport.Permission{
		"orchestrator/Aspera:Orchestrator:Workflow:run", "orchestrator/Aspera:Orchestrator:Workflow:view",
	}},
	{"workflow-operator", "Orchestrator: run and see workflows", []sallyport.Permission{
		"orchestrator/Operator", "orchestrator/Aspera:Orchestrator:Workflow:run", "orchestrator/Aspera:Orchestrator:Workflow:view",
	}},
	{"network-login", "TrueSight: log in using web services", []sallyport.Permission{"truesight/web-services"}},
	{"network-operator", "TrueSight: devices and groups", []sallyport.Permission{
		"truesight/view-groups", "truesight/edit-groups", "truesight/view-devices",
		"truesight/edit-devices", "truesight/view-jobs", "truesight/submit-jobs",
	}},
	{"groups-only", "TrueSight: see groups, without the right to use web services", []sallyport.Permission{"truesight/view-groups"}},
	{"edge-data", "Edge Intelligence: Data Management", []sallyport.Permission{"edgeintel/data-management"}},
	{"edge-assets", "Edge Intelligence: Asset Management", []sallyport.Permission{"edgeintel/asset-management"}},
	{"edge-all", "Edge Intelligence: everything", []sallyport.Permission{"edgeintel/*", "sallyport/tenants.write"}},
	{"device-operator", "Edge Intelligence: Operations Management", []sallyport.Permission{"edgeintel/operations-management"}},
	{"web-services", "iTop: use web services", []sallyport.Permission{"itop/rest-services-user"}},
	{"itop-reader", "iTop: see objects", []sallyport.Permission{"itop/read", "itop/bulk-read"}},
	{"itop-checker", "iTop: ask whether a password is right", []sallyport.Permission{"itop/check-credentials"}},
	{"portal", "iTop: the portal and nothing else", []sallyport.Permission{"itop/portal-user"}},
	{"stock", "Inventory: look", []sallyport.Permission{"inventory/read"}},
}

// A grant gives a part to a player.
type grant struct {
	part   string
	tenant string // [tenantMain] when empty, "*" for every tenant
	realm  string
}

// A player is an account of the cast.
type player struct {
	login, name string
	kind        sallyport.UserKind
	about       string
	grants      []grant
	gone        bool // deactivated
}

// Built-in roles: of whoever may do everything, and of whoever may do what
// concerns one tenant.
const (
	administrator       = admin.RoleAdministrator
	tenantAdministrator = admin.RoleTenantAdministrator
)

var players = []player{
	{
		login: "admin", name: "Ada Admin", about: "may do everything",
		grants: []grant{{part: administrator, tenant: "*"}},
	},
	{
		login: "interface", name: "ITA interface", kind: sallyport.Service,
		about:  "integration account: may change racks, may not add customers",
		grants: []grant{{part: "interface"}},
	},
	{
		login: "crm", name: "CRM", kind: sallyport.Service, about: "integration account: may add customers, by a permission for just that",
		grants: []grant{{part: "ita-api"}, {part: "customers"}},
	},
	{
		login: "billing", name: "Billing", kind: sallyport.Service,
		about:  "integration account: adds customers, and was given the administrator's role for it",
		grants: []grant{{part: "ita-administrator"}},
	},
	{
		login: "technician", name: "Tove Technician", about: "IT Advisor: equipment at one location only",
		grants: []grant{{part: "ita-api"}, {part: "ita-equipment", realm: itadvisor.SampleLocations()[0]}},
	},
	{
		login: "nologin", name: "Nora Nologin", about: "has rights, but not the one to use web services",
		grants: []grant{{part: "groups-only"}, {part: "workflow-runner"}},
	},
	{
		login: "gone", name: "Gus Gone", about: "deactivated", gone: true,
		grants: []grant{{part: "viewer"}},
	},
	{
		login: "viewer", name: "Vera Viewer", about: "may look, not touch",
		grants: []grant{{part: "viewer"}},
	},
	{
		login: "operator", name: "Otto Operator", about: "runs workflows; network devices in realm Default only",
		grants: []grant{{part: "operator"}, {part: "network-login"}, {part: "network-operator", realm: "Default"}},
	},
	{
		login: "courier", name: "Cora Courier", about: "Orchestrator: runs workflow 124 and no other",
		grants: []grant{{part: "workflow-operator", realm: "124"}},
	},
	{
		login: "jane", name: "Jane Twotenants", about: "belongs to two tenants, with other rights in each",
		grants: []grant{{part: "edge-data"}, {part: "edge-assets", tenant: tenantOther}},
	},
	{
		login: "tina@acme.example", name: "Tina Tenantadmin", about: "administrates the tenant acme_3: its roles, API keys and sub-tenants",
		grants: []grant{{part: tenantAdministrator, tenant: tenantOther}, {part: "edge-all", tenant: tenantOther}},
	},
	{
		login: "clerk", name: "Cleo Clerk", about: "iTop: sees persons and nothing else, and may ask whether a password is right",
		grants: []grant{{part: "web-services"}, {part: "itop-reader", realm: "Person"}, {part: "itop-checker"}},
	},
	{
		login: "portal", name: "Paula Portal", about: "iTop: a user of the portal", grants: []grant{{part: "portal"}},
	},
	{
		login: "collector", name: "Collector", kind: sallyport.Service, about: "iTop: service account of a data collector; may look",
		grants: []grant{{part: "web-services"}, {part: "itop-reader"}},
	},
	{
		login: "stockroom", name: "Stockroom", kind: sallyport.Service, about: "service account with an application token",
		grants: []grant{{part: "stock"}},
	},
}
