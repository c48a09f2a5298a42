package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A Decision is what the two doors decided on one request. Refusals are kept for
// a day, and a sample of what was allowed.
type Decision struct {
	RequestID      string                   `json:"request_id" doc:"The X-Request-Id of the answer." example:"Yw1xk0mPSpi9qvB0TBcY4w"`
	At             time.Time                `json:"at" doc:"When."`
	Allowed        bool                     `json:"allowed" doc:"Whether the request was let in."`
	Reason         sallyport.Reason         `json:"reason,omitempty" doc:"Why it was refused; the fine one." example:"permission_missing"`
	Tenant         sallyport.TenantID       `json:"tenant" doc:"Whose decision it is: the tenant that was asked for, or else where the principal is at home; \"*\": a stranger's."`
	API            sallyport.APIName        `json:"api,omitempty" doc:"The protected API; left out: there is none at this path."`
	Route          string                   `json:"route,omitempty" doc:"Id of the route; left out: none matched."`
	Method         string                   `json:"method" doc:"Of the request." example:"POST"`
	Host           string                   `json:"host,omitempty" doc:"Of the request."`
	Path           string                   `json:"path,omitempty" doc:"As it was matched, without the query." example:"/api/current/customers"`
	Principal      sallyport.PrincipalID    `json:"principal,omitempty" doc:"Who; of a credential that did not work, whose it is; left out: a stranger."`
	PrincipalKind  sallyport.PrincipalKind  `json:"principal_kind,omitempty" doc:"What the principal is."`
	Login          string                   `json:"login,omitempty" doc:"The principal's login at the time." example:"interface"`
	Credential     string                   `json:"credential,omitempty" doc:"Id of the credential; of a password that of its user."`
	CredentialKind sallyport.CredentialKind `json:"credential_kind,omitempty" doc:"What the request came with."`
	ActedIn        sallyport.TenantID       `json:"acted_in,omitempty" doc:"The tenant that was chosen; left out: it did not come to that."`
	Realm          string                   `json:"realm,omitempty" doc:"The realm of the request."`
	Revision       sallyport.Revision       `json:"revision" doc:"Of the policy that it was taken under."`
	Address        string                   `json:"address,omitempty" doc:"Where the request came from." example:"192.0.2.7"`

	MissingPermissions []sallyport.Permission `json:"missing_permissions,omitempty" doc:"What would have been needed."`
	RequiredScopes     []string               `json:"required_scopes,omitempty" doc:"Any of these scopes would have done."`
}

// A DecisionFilter chooses among decisions.
type DecisionFilter struct {
	Tenant    sallyport.TenantID    `query:"tenant" doc:"Those of this tenant; \"*\": those of strangers and of the installation. Left out: your own, or with a principal those of where he is at home." maxLength:"36"`
	Principal sallyport.PrincipalID `query:"principal" doc:"Only on requests of this principal." maxLength:"36"`
	API       sallyport.APIName     `query:"api" doc:"Only on requests to this API." maxLength:"63"`
	Reason    sallyport.Reason      `query:"reason" doc:"Only with this reason." maxLength:"64" example:"permission_missing"`
	Outcome   string                `query:"outcome" doc:"Only what was allowed, or refused." enum:"allowed,refused"`
	Since     time.Time             `query:"since" doc:"Not before this time."`
	Until     time.Time             `query:"until" doc:"Before this time."`
}

// An Explained is a decision with its whole way through both doors, and what
// would make the request pass.
type Explained struct {
	Decision
	Trace       Trace        `json:"trace" doc:"The way through both doors."`
	Suggestions []Suggestion `json:"suggestions" doc:"The smallest existing grants that would do now, those first that open the least besides."`
}

// A Trace is the way of one request through both doors. There is no secret in
// it.
type Trace struct {
	Steps      []Step           `json:"steps" doc:"The story, in order."`
	Carriers   []string         `json:"carriers,omitempty" doc:"Where the request had something like a credential." example:"[\"bearer\"]"`
	Credential *TraceCredential `json:"credential,omitempty" doc:"What is known of the credential."`
	Routes     []TraceRoute     `json:"near_misses,omitempty" doc:"Routes that the request nearly matched."`
	Tenant     *TraceTenant     `json:"tenant,omitempty" doc:"How the tenant was found."`
	Bindings   []TraceBinding   `json:"bindings,omitempty" doc:"Each binding that was considered; what helps most comes first."`
	MoreBinds  int              `json:"more_bindings,omitempty" doc:"How many bindings are not listed."`
	PolicyAge  string           `json:"policy_age,omitempty" doc:"How long ago this node had confirmed that its policy was the newest." example:"12ms"`
}

// Verdicts of a step.
const (
	StepPassed  = "passed"
	StepRefused = "refused"
	StepSkipped = "skipped" // it did not come to that, or was not asked
)

// A Step is one question that the doors asked about a request.
type Step struct {
	Step    string `json:"step" enum:"request,api,route,credential,principal,tenant,realm,scopes,permission,policy" doc:"What was asked about."`
	Verdict string `json:"verdict" enum:"passed,refused,skipped" doc:"What came of it; skipped: it did not come to that."`
	Text    string `json:"text" doc:"The same for people." example:"matched the route \"add customer\""`
}

// A TraceCredential is what a trace tells of a credential.
type TraceCredential struct {
	ID        string                   `json:"id,omitempty" doc:"Left out: it is not known here."`
	Kind      sallyport.CredentialKind `json:"kind,omitempty" doc:"What it is."`
	Name      string                   `json:"name,omitempty" doc:"Its name." example:"racks"`
	Hint      string                   `json:"hint,omitempty" doc:"By which its owner recognises it."`
	State     string                   `json:"state,omitempty" doc:"As it is stored: active, revoked, deactivated or locked."`
	ExpiresAt time.Time                `json:"expires_at,omitzero" doc:"When it ends or ended by itself."`
	Scopes    []string                 `json:"scopes,omitempty" doc:"What it is limited to; left out: not limited."`
}

// A TraceRoute is a route that a request nearly matched.
type TraceRoute struct {
	Route   string   `json:"route" doc:"Its id."`
	Methods []string `json:"methods" doc:"That it takes."`
	Path    string   `json:"path" doc:"Its pattern, below the base path."`
	Why     string   `json:"why" doc:"What kept the request from it."`
}

// A TraceTenant says how the tenant of a request was found.
type TraceTenant struct {
	From    string               `json:"from" enum:"header,path,query,claim,fixed,credential,home,default,none" doc:"Where it came from."`
	Name    string               `json:"name,omitempty" doc:"Of the header, path value, parameter or claim." example:"X-Tenant-Id"`
	Asked   string               `json:"asked,omitempty" doc:"What stood there."`
	Members []sallyport.TenantID `json:"member_of,omitempty" doc:"The tenants that the principal belongs to, when it was refused."`
}

// A TraceBinding is a binding that was considered.
type TraceBinding struct {
	ID        sallyport.BindingID    `json:"id" doc:"Of the binding."`
	Role      sallyport.RoleID       `json:"role" doc:"Id of its role."`
	RoleName  string                 `json:"role_name,omitempty" doc:"Its name; left out: there is no such role." example:"interface"`
	Group     string                 `json:"group,omitempty" doc:"Id of the group through which the principal has it."`
	Every     bool                   `json:"every_tenant,omitempty" doc:"It holds in every tenant."`
	Realm     string                 `json:"realm,omitempty" doc:"The realm that it is limited to."`
	Condition string                 `json:"condition,omitempty" doc:"Its condition (CEL)."`
	Value     string                 `json:"condition_value,omitempty" doc:"What the condition was: true, false or why it could not be evaluated."`
	ExpiresAt time.Time              `json:"expires_at,omitzero" doc:"When it ends or ended."`
	Gives     []sallyport.Permission `json:"gives,omitempty" doc:"What it gives of what was needed."`
	Verdict   string                 `json:"verdict" enum:"gives,out_of_scope,condition_unmet,other_realm,expired,gives_other,deactivated,role_gone" doc:"What it did for the request."`
}

// A Suggestion is a set of existing roles, nearly always one, that would make a
// request pass.
type Suggestion struct {
	Roles     []SuggestedRole        `json:"roles" doc:"To be bound to the principal, all of them."`
	Tenant    sallyport.TenantID     `json:"tenant" doc:"Where to bind them."`
	Realm     string                 `json:"realm,omitempty" doc:"The realm to limit the binding to."`
	AlsoOpens int                    `json:"also_opens" doc:"How many routes it would open besides the one that was asked for."`
	Opens     []OpenedRoute          `json:"opens,omitempty" doc:"The first of them."`
	Adds      []sallyport.Permission `json:"adds,omitempty" doc:"The permissions that the principal would hold then and does not now."`
	MayGrant  []Granter              `json:"may_grant,omitempty" doc:"Some who may do that."`
}

// A SuggestedRole is a role in a suggestion.
type SuggestedRole struct {
	ID    sallyport.RoleID `json:"id" doc:"Of the role."`
	Name  string           `json:"name" doc:"Of the role." example:"customers"`
	Title string           `json:"title,omitempty" doc:"For people."`
}

// An OpenedRoute is a route that a suggestion would open.
type OpenedRoute struct {
	API     sallyport.APIName `json:"api" doc:"Of the route."`
	Route   string            `json:"route" doc:"Its id." example:"change customer"`
	Methods []string          `json:"methods" doc:"That it takes."`
	Path    string            `json:"path" doc:"Its pattern, with the base path."`
}

// A Granter is somebody who may give a role.
type Granter struct {
	ID    sallyport.PrincipalID `json:"id" doc:"Of the user."`
	Login string                `json:"login" doc:"The login." example:"admin"`
	Name  string                `json:"name,omitempty" doc:"For people." example:"Ada Admin"`
}

// A CanIQuery asks what would be decided on a request.
type CanIQuery struct {
	Method     string                 `query:"method" required:"true" doc:"Of the request." maxLength:"32" example:"POST"`
	URL        string                 `query:"url" required:"true" doc:"Path and query, or a whole URL where an API has a host of its own." maxLength:"4096" example:"/api/current/customers"`
	Principal  sallyport.PrincipalID  `query:"principal" doc:"The user or API key who would make it; left out: yourself." maxLength:"36"`
	Credential sallyport.CredentialID `query:"credential" doc:"Id of the principal's token that it would be made with; left out: none that is limited, and for yourself the one that you came with." maxLength:"36"`
	Tenant     sallyport.TenantID     `query:"tenant" doc:"The tenant that it would be for, put where the API looks for it." maxLength:"36"`
	Realm      string                 `query:"realm" doc:"The realm that it would be for." maxLength:"128"`
	Address    string                 `query:"address" doc:"Where it would come from; left out: where this request comes from." maxLength:"45" example:"192.0.2.7"`
}

// A CanI is what would be decided on a request.
type CanI struct {
	Allowed            bool                    `json:"allowed" doc:"Whether it would be let in."`
	Reason             sallyport.Reason        `json:"reason,omitempty" doc:"Why it would be refused." example:"permission_missing"`
	Principal          sallyport.PrincipalID   `json:"principal" doc:"Who was asked about."`
	PrincipalKind      sallyport.PrincipalKind `json:"principal_kind,omitempty" doc:"What that is."`
	Login              string                  `json:"login,omitempty" doc:"His login."`
	API                sallyport.APIName       `json:"api,omitempty" doc:"The protected API; left out: there is none at this path."`
	Route              string                  `json:"route,omitempty" doc:"Id of the route; left out: none would match."`
	Tenant             sallyport.TenantID      `json:"tenant,omitempty" doc:"The tenant that would be chosen."`
	Realm              string                  `json:"realm,omitempty" doc:"The realm of the request."`
	Revision           sallyport.Revision      `json:"revision" doc:"Of the policy that was asked."`
	MissingPermissions []sallyport.Permission  `json:"missing_permissions,omitempty" doc:"What would be needed."`
	RequiredScopes     []string                `json:"required_scopes,omitempty" doc:"Any of these scopes would do."`
	Trace              Trace                   `json:"trace" doc:"The way through both doors."`
	Suggestions        []Suggestion            `json:"suggestions" doc:"The smallest existing grants that would do, those first that open the least besides."`
}
