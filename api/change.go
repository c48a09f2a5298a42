package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A RightsFilter chooses among changes of rights.
type RightsFilter struct {
	Tenant     sallyport.TenantID    `query:"tenant" doc:"What changed in this tenant; \"*\": in the installation. Left out: where you are at home." maxLength:"36"`
	Principal  sallyport.PrincipalID `query:"principal" doc:"Only what concerns this user or API key." maxLength:"36"`
	Permission sallyport.Permission  `query:"permission" doc:"Only what gave this permission or took it away." maxLength:"128" example:"itadvisor/CUSTOMERS"`
	Method     string                `query:"method" doc:"With url: only what changed the answer to this request of the principal, or else of yourself." maxLength:"32" example:"POST"`
	URL        string                `query:"url" doc:"Path and query, or a whole URL." maxLength:"4096" example:"/api/current/customers"`
	Realm      string                `query:"realm" doc:"The realm that the request is for." maxLength:"128"`
	Since      time.Time             `query:"since" doc:"Not before this time. Left out: a day ago."`
	Until      time.Time             `query:"until" doc:"Before this time."`
}

// A RightsChanges is a page of changes of rights, newest first.
type RightsChanges struct {
	List[RightsChange]
	Since time.Time `json:"since" doc:"From when on."`
	Then  *Outcome  `json:"then,omitempty" doc:"What would have been decided on the request at that time."`
	Now   *Outcome  `json:"now,omitempty" doc:"What would be decided now."`
}

// An Outcome is what would have been decided on a request.
type Outcome struct {
	Allowed            bool                   `json:"allowed" doc:"Whether it would have been let in."`
	Reason             sallyport.Reason       `json:"reason,omitempty" doc:"Why not." example:"permission_missing"`
	MissingPermissions []sallyport.Permission `json:"missing_permissions,omitempty" doc:"What would have been needed."`
}

// A RightsChange is a change of what somebody may.
type RightsChange struct {
	Seq       int64                 `json:"seq,omitempty" doc:"Number of the entry of the audit trail; left out: it came with time."`
	At        time.Time             `json:"at" doc:"When."`
	Tenant    sallyport.TenantID    `json:"tenant,omitempty" doc:"Where; \"*\": in the whole installation."`
	ActorID   sallyport.PrincipalID `json:"actor_id,omitempty" doc:"Who did it; left out: you may not see it."`
	ActorKind string                `json:"actor_kind,omitempty" doc:"What the actor is."`
	ActorName string                `json:"actor_name,omitempty" doc:"The actor's login." example:"admin"`
	Action    string                `json:"action" doc:"What was done; binding.end: a binding came to its end." example:"role.update"`
	Role      sallyport.RoleID      `json:"role,omitempty" doc:"The role that was changed, given or taken away."`
	RoleName  string                `json:"role_name,omitempty" doc:"Its name." example:"customers"`
	Binding   sallyport.BindingID   `json:"binding,omitempty" doc:"The binding that was changed."`

	SubjectKind sallyport.SubjectKind  `json:"subject_kind,omitempty" doc:"Of the binding: what it is bound to."`
	Subject     string                 `json:"subject,omitempty" doc:"Of the binding: the id of the user, group or API key."`
	Lost        []sallyport.Permission `json:"lost,omitempty" doc:"Permissions that were taken from those concerned."`
	Gained      []sallyport.Permission `json:"gained,omitempty" doc:"Permissions that were given to them; both, when it may have been either."`
	Text        string                 `json:"text" doc:"The same for people." example:"the role \"customers\" lost itadvisor/CUSTOMERS"`
	Before      *Outcome               `json:"before,omitempty" doc:"What would have been decided on the request before."`
	After       *Outcome               `json:"after,omitempty" doc:"And after it."`
	RequestID   string                 `json:"request_id,omitempty" doc:"The request that did it."`
	Address     string                 `json:"address,omitempty" doc:"Where that came from."`
}
