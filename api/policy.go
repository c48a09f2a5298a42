package api

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
)

// A Policy is what a policy file says: things that are to be as it says, and
// nothing of the sort that it owned and no longer names. Things are named by
// their names, not by ids.
type Policy struct {
	Policy   string          `json:"policy,omitempty" doc:"Name of the policy, which owns what it makes. A file that only has tests needs none." maxLength:"100" example:"plant-north"`
	Tenant   string          `json:"tenant,omitempty" doc:"Tenant of what names none below; \"*\" for the installation." maxLength:"100" example:"Plant North"`
	Tenants  []PolicyTenant  `json:"tenants,omitempty" maxItems:"10000" doc:"Tenants."`
	Realms   []PolicyRealm   `json:"realms,omitempty" maxItems:"10000" doc:"Realms of tenants."`
	Users    []PolicyUser    `json:"users,omitempty" maxItems:"50000" doc:"Accounts, without secrets."`
	Groups   []PolicyGroup   `json:"groups,omitempty" maxItems:"10000" doc:"Groups of users."`
	Roles    []PolicyRole    `json:"roles,omitempty" maxItems:"10000" doc:"Named sets of permissions."`
	Bindings []PolicyBinding `json:"bindings,omitempty" maxItems:"100000" doc:"Who has which role where."`
	APIs     []sallyport.API `json:"apis,omitempty" maxItems:"1000" doc:"Documents of protected APIs."`
	Tests    []PolicyTest    `json:"tests,omitempty" maxItems:"10000" doc:"What the policy must decide; nothing is applied if one fails."`
}

// A PolicyTenant is a tenant in a policy file.
type PolicyTenant struct {
	Name            string             `json:"name" doc:"Unique in the installation." maxLength:"100" example:"Plant North"`
	Parent          string             `json:"parent,omitempty" doc:"Name of the tenant above; left out: none." maxLength:"100"`
	TokenMaxAge     sallyport.Duration `json:"token_max_age,omitempty" doc:"Longest life of a token or key made here; left out: no limit." example:"8760h"`
	TokenDefaultAge sallyport.Duration `json:"token_default_age,omitempty" doc:"Life of a token or key made without an expiry; left out: none." example:"2160h"`
	State           sallyport.State    `json:"state,omitempty" enum:"active,deactivated" doc:"Left out: it is left as it is."`
}

// A PolicyRealm is a realm in a policy file.
type PolicyRealm struct {
	Tenant string `json:"tenant,omitempty" doc:"Name of its tenant; left out: that of the file." maxLength:"100"`
	Name   string `json:"name" doc:"Unique in the tenant; never changes." maxLength:"64" example:"hall-2"`
	Title  string `json:"title,omitempty" doc:"For people." maxLength:"200"`
}

// A PolicyUser is a user in a policy file. He is made without a password.
type PolicyUser struct {
	Tenant string             `json:"tenant,omitempty" doc:"Name of the tenant where the account is administered; left out: that of the file." maxLength:"100"`
	Login  string             `json:"login" doc:"Unique in the installation." maxLength:"128" example:"jo"`
	Kind   sallyport.UserKind `json:"kind,omitempty" enum:"person,service" doc:"Left out: a person. It never changes."`
	Name   string             `json:"name,omitempty" doc:"For people." maxLength:"100" example:"Jo Doe"`
	Email  string             `json:"email,omitempty" doc:"Address for people." maxLength:"254" example:"jo@example.com"`
	State  sallyport.State    `json:"state,omitempty" enum:"active,deactivated" doc:"Left out: it is left as it is."`
}

// A PolicyGroup is a group in a policy file.
type PolicyGroup struct {
	Tenant  string   `json:"tenant,omitempty" doc:"Name of its tenant; left out: that of the file." maxLength:"100"`
	Name    string   `json:"name" doc:"Unique in the tenant." maxLength:"100" example:"night-shift"`
	Title   string   `json:"title,omitempty" doc:"For people." maxLength:"200"`
	Members []string `json:"members,omitzero" doc:"Logins of all its members; left out: they are left as they are." example:"jo"`
}

// A PolicyRole is a role in a policy file.
type PolicyRole struct {
	Tenant      string                 `json:"tenant,omitempty" doc:"Name of its tenant, \"*\" for a role of every tenant; left out: that of the file." maxLength:"100"`
	Name        string                 `json:"name" doc:"Unique in the tenant." maxLength:"100" example:"shift-lead"`
	Title       string                 `json:"title,omitempty" doc:"For people." maxLength:"200"`
	Permissions []sallyport.Permission `json:"permissions" doc:"What it gives: api/name, api/* for all of an API, * for everything." example:"inventory/items.read"`
}

// A PolicyBinding is a binding in a policy file. It is told from others by its
// tenant, subject, role, realm and condition.
type PolicyBinding struct {
	Tenant    string          `json:"tenant,omitempty" doc:"Name of the tenant where it holds, \"*\" for every tenant; left out: that of the file." maxLength:"100"`
	User      string          `json:"user,omitempty" doc:"Login of the user who has the role." maxLength:"128" example:"jo"`
	Group     string          `json:"group,omitempty" doc:"Name of the group that has the role, of this tenant or of every tenant." maxLength:"100"`
	Key       string          `json:"key,omitempty" doc:"Name of the API key that has the role. A file makes no keys." maxLength:"100"`
	Role      string          `json:"role" doc:"Name of the role, of this tenant or of every tenant." maxLength:"100" example:"shift-lead"`
	Realm     string          `json:"realm,omitempty" doc:"The one realm that it holds in; left out: all." maxLength:"64"`
	Condition string          `json:"condition,omitempty" doc:"CEL; it holds only while this is true." maxLength:"4096"`
	ExpiresAt time.Time       `json:"expires_at,omitzero" doc:"When it ends; left out: never."`
	State     sallyport.State `json:"state,omitempty" enum:"active,deactivated" doc:"Left out: active."`
}

// A PolicyTest is a test in a policy file: what must be decided on a
// request if the policy were in force.
type PolicyTest struct {
	Expect  string     `json:"expect" doc:"LOGIN METHOD PATH [in TENANT] -> STATUS REASON, or -> allow. The login - stands for nobody, key:NAME for an API key." maxLength:"4096" example:"viewer POST /nbapi/ei/v1/assetTypes in DemoTenant5 -> 403 permission_missing"`
	Note    string     `json:"note,omitempty" doc:"Why it must be so; shown when it is not." maxLength:"500"`
	Realm   string     `json:"realm,omitempty" doc:"The realm that the request names." maxLength:"64"`
	Scopes  []string   `json:"scopes,omitzero" doc:"The scopes of the credential; left out: it is not limited." example:"inventory/items.read"`
	From    netip.Addr `json:"from,omitzero" doc:"The client's address, for conditions."`
	At      time.Time  `json:"at,omitzero" doc:"When the request is made; left out: now."`
	Headers []string   `json:"headers,omitempty" maxItems:"50" doc:"Headers that routes look at, each as Name: value." example:"X-Mode: batch"`
}

// A PolicyRequest is a policy that is to be planned, tested or applied.
type PolicyRequest struct {
	Policy      Policy `json:"policy" doc:"What is to be so."`
	Adopt       bool   `json:"adopt,omitempty" doc:"Take over what is there already and belongs to no policy. Without it, a plan that would change such a thing is refused."`
	Fingerprint string `json:"fingerprint,omitempty" doc:"Of a plan, when it is applied: it is refused if the plan would be another one now." maxLength:"64"`
}

// A Plan is what would change, or has changed, to make things as a policy says.
type Plan struct {
	Policy      string          `json:"policy,omitempty" doc:"Name of the policy."`
	Changes     []PolicyChange  `json:"changes" doc:"Everything that changes, in the order in which it is done."`
	Same        int             `json:"same" doc:"How many things are as the policy says already."`
	Unowned     int             `json:"unowned" doc:"How many of those belong to no policy; adopt takes them over."`
	Tests       []PolicyOutcome `json:"tests" doc:"What became of the tests."`
	Failed      int             `json:"failed" doc:"How many tests failed."`
	Warnings    []FieldError    `json:"warnings" doc:"What is allowed, but probably not meant."`
	Fingerprint string          `json:"fingerprint" doc:"Names these changes; send it when they are applied."`
	Applied     bool            `json:"applied,omitempty" doc:"The changes were made."`
}

// A PolicyChange is one thing that changes.
type PolicyChange struct {
	Action string              `json:"action" enum:"create,update,delete,adopt" doc:"What happens to it. To adopt is to own what stays as it is."`
	Kind   string              `json:"kind" enum:"tenant,realm,user,group,role,binding,api" doc:"What it is."`
	Tenant string              `json:"tenant,omitempty" doc:"Name of its tenant; \"*\" for the installation."`
	Name   string              `json:"name" doc:"What it is called."`
	Fields []PolicyFieldChange `json:"fields,omitempty" doc:"What is different about it, field by field."`
}

// A PolicyFieldChange is a field that changes.
type PolicyFieldChange struct {
	Field  string          `json:"field" doc:"Name of the field."`
	Before json.RawMessage `json:"before,omitempty" doc:"Its value until then; not there: it had none."`
	After  json.RawMessage `json:"after,omitempty" doc:"Its value from then on; not there: it has none."`
}

// A PolicyOutcome is what became of a test.
type PolicyOutcome struct {
	Expect string           `json:"expect" doc:"The test."`
	Note   string           `json:"note,omitempty" doc:"Why it must be so."`
	OK     bool             `json:"ok" doc:"It was decided as expected."`
	Got    string           `json:"got" doc:"What was decided."`
	Reason sallyport.Reason `json:"reason,omitempty" doc:"Why it was refused."`
	Route  string           `json:"route,omitempty" doc:"The route that the request took, with its API."`
}

// PolicyTests is what became of the tests of a policy.
type PolicyTests struct {
	OK     bool            `json:"ok" doc:"All of them were decided as expected."`
	Tests  []PolicyOutcome `json:"tests" doc:"What became of each."`
	Failed int             `json:"failed" doc:"How many failed."`
}

// A PolicyExport says what is to be in a policy file.
type PolicyExport struct {
	Tenant string `query:"tenant" doc:"Only what belongs to the tenant of this name; left out: the whole installation." maxLength:"100"`
	Policy string `query:"policy" doc:"Only what this policy owns; left out: everything." maxLength:"100"`
}
