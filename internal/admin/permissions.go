package admin

import (
	"strings"

	"github.com/sallyport/sallyport"
)

// ManagementAPI is the name of the API that protects management itself.
const ManagementAPI sallyport.APIName = "sallyport"

// Permissions of the management API. Each operation of this package says which
// of them it needs.
const (
	TenantsRead      sallyport.Permission = "sallyport/tenants.read"
	TenantsWrite     sallyport.Permission = "sallyport/tenants.write"
	RealmsRead       sallyport.Permission = "sallyport/realms.read"
	RealmsWrite      sallyport.Permission = "sallyport/realms.write"
	UsersRead        sallyport.Permission = "sallyport/users.read"
	UsersWrite       sallyport.Permission = "sallyport/users.write"
	GroupsRead       sallyport.Permission = "sallyport/groups.read"
	GroupsWrite      sallyport.Permission = "sallyport/groups.write"
	RolesRead        sallyport.Permission = "sallyport/roles.read"
	RolesWrite       sallyport.Permission = "sallyport/roles.write"
	BindingsRead     sallyport.Permission = "sallyport/bindings.read"
	BindingsWrite    sallyport.Permission = "sallyport/bindings.write"
	APIsRead         sallyport.Permission = "sallyport/apis.read"
	APIsWrite        sallyport.Permission = "sallyport/apis.write"
	KeysRead         sallyport.Permission = "sallyport/keys.read"
	KeysWrite        sallyport.Permission = "sallyport/keys.write"
	TokensRead       sallyport.Permission = "sallyport/tokens.read"
	TokensWrite      sallyport.Permission = "sallyport/tokens.write"
	TokensRevoke     sallyport.Permission = "sallyport/tokens.revoke"
	SessionsRead     sallyport.Permission = "sallyport/sessions.read"
	SessionsRevoke   sallyport.Permission = "sallyport/sessions.revoke"
	AuditRead        sallyport.Permission = "sallyport/audit.read"
	SigningKeysRead  sallyport.Permission = "sallyport/signing-keys.read"
	SigningKeysWrite sallyport.Permission = "sallyport/signing-keys.write"
	DecisionsExplain sallyport.Permission = "sallyport/decisions.explain"
	PolicyRead       sallyport.Permission = "sallyport/policy.read"
	PolicyWrite      sallyport.Permission = "sallyport/policy.write"
	AdviceRead       sallyport.Permission = "sallyport/advice.read"
)

// Everything is the permission that contains all others, also those of APIs to
// come. Who holds it in every tenant is an administrator.
const Everything sallyport.Permission = "*"

// Scopes of the management API: what a token that is limited to one of them may
// do here, as far as its owner may.
const (
	ScopeSelf  = "sallyport/self"  // its owner's profile, tokens and sessions
	ScopeRead  = "sallyport/read"  // look at everything
	ScopeWrite = "sallyport/write" // everything
)

// permissionSpecs lists the permissions above with their titles, by local name.
func permissionSpecs() []sallyport.PermissionSpec {
	return []sallyport.PermissionSpec{
		{Name: "tenants.read", Title: "See tenants"},
		{Name: "tenants.write", Title: "Make, change, deactivate and delete tenants"},
		{Name: "realms.read", Title: "See realms"},
		{Name: "realms.write", Title: "Make, change and delete realms"},
		{Name: "users.read", Title: "See users"},
		{Name: "users.write", Title: "Make, change, deactivate and delete users, and set their passwords"},
		{Name: "groups.read", Title: "See groups and their members"},
		{Name: "groups.write", Title: "Make, change and delete groups, and choose their members"},
		{Name: "roles.read", Title: "See roles"},
		{Name: "roles.write", Title: "Make, change and delete roles"},
		{Name: "bindings.read", Title: "See who has which role"},
		{Name: "bindings.write", Title: "Give roles and take them away"},
		{Name: "apis.read", Title: "See the protected APIs"},
		{Name: "apis.write", Title: "Mount, change and unmount protected APIs"},
		{Name: "keys.read", Title: "See API keys"},
		{Name: "keys.write", Title: "Make, change, renew and revoke API keys"},
		{Name: "tokens.read", Title: "See the tokens of others"},
		{Name: "tokens.write", Title: "Make, change and renew application tokens of service accounts"},
		{Name: "tokens.revoke", Title: "Revoke the tokens of others"},
		{Name: "sessions.read", Title: "See the sessions and sign-ins of others"},
		{Name: "sessions.revoke", Title: "End the sessions and sign-ins of others"},
		{Name: "audit.read", Title: "Read and verify the audit trail"},
		{Name: "signing-keys.read", Title: "See the signing keys"},
		{Name: "signing-keys.write", Title: "Rotate the signing keys"},
		{Name: "decisions.explain", Title: "Ask why a request of somebody else was refused, and what he could do"},
		{Name: "policy.read", Title: "See all that policy files are about, and what they would change"},
		{Name: "policy.write", Title: "Apply policy files; each change needs its own right as well"},
		{Name: "advice.read", Title: "See what is granted and not used"},
	}
}

// readPermissions returns the local names of those that change nothing.
func readPermissions() []string {
	var names []string
	for _, p := range permissionSpecs() {
		if strings.HasSuffix(p.Name, ".read") || p.Name == "decisions.explain" {
			names = append(names, p.Name)
		}
	}
	return names
}

// BuiltInAPI returns the document of the management API without its routes;
// these belong to who serves them. Each call returns a new one.
func BuiltInAPI() sallyport.API {
	return sallyport.API{
		Name:        ManagementAPI,
		Title:       "Sallyport",
		BasePath:    "/sallyport/api/v1",
		Accept:      []sallyport.Accept{{In: sallyport.CarrierBearer}, {In: sallyport.CarrierBasic}},
		Permissions: permissionSpecs(),
		Scopes: []sallyport.ScopeSpec{
			{Name: "self", Title: "Your own profile, tokens and sessions"},
			{Name: "read", Title: "Look at everything that you may see", Permissions: readPermissions()},
			{Name: "write", Title: "Everything that you may do", Permissions: []string{"*"}},
		},
		Explain: sallyport.ExplainFull,
	}
}

// Names of the built-in roles. Every tenant can use them, and nobody can change
// them.
const (
	RoleAdministrator       = "administrator"        // everything
	RoleTenantAdministrator = "tenant-administrator" // all that concerns one tenant
	RoleUserAdministrator   = "user-administrator"   // users, groups and their sessions
	RoleAuditor             = "auditor"              // sees all of the management, changes nothing
)

// BuiltInRole returns the id of a built-in role, which is the same in every
// installation, or the empty id if there is no such role.
func BuiltInRole(name string) sallyport.RoleID {
	for _, r := range builtInRoles() {
		if r.Name == name {
			return r.ID
		}
	}
	return ""
}

// builtInRoles lists the built-in roles. Their ids are written down rather than
// drawn, so that files which name them mean the same everywhere.
func builtInRoles() []sallyport.Role {
	var reads []sallyport.Permission
	for _, name := range readPermissions() {
		reads = append(reads, sallyport.Permission(ManagementAPI)+"/"+sallyport.Permission(name))
	}
	return []sallyport.Role{
		{
			ID: "5a11f0e7-0000-4000-8000-000000000001", Name: RoleAdministrator, Title: "Administrator",
			Permissions: []sallyport.Permission{Everything},
		},
		{
			ID: "5a11f0e7-0000-4000-8000-000000000002", Name: RoleTenantAdministrator, Title: "Administrator of a tenant",
			Permissions: []sallyport.Permission{
				TenantsRead, RealmsRead, RealmsWrite, UsersRead, UsersWrite, GroupsRead, GroupsWrite,
				RolesRead, RolesWrite, BindingsRead, BindingsWrite, APIsRead, KeysRead, KeysWrite,
				TokensRead, TokensWrite, TokensRevoke, SessionsRead, SessionsRevoke, AuditRead, DecisionsExplain,
				PolicyRead, PolicyWrite, AdviceRead,
			},
		},
		{
			ID: "5a11f0e7-0000-4000-8000-000000000003", Name: RoleUserAdministrator, Title: "Administrator of users",
			Permissions: []sallyport.Permission{
				UsersRead, UsersWrite, GroupsRead, GroupsWrite, RolesRead, BindingsRead,
				TokensRead, TokensRevoke, SessionsRead, SessionsRevoke,
			},
		},
		{ID: "5a11f0e7-0000-4000-8000-000000000004", Name: RoleAuditor, Title: "Auditor", Permissions: reads},
	}
}
