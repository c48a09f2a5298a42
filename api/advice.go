package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// Kinds of findings.
const (
	FindingIdleGrant       = "idle_grant"       // nothing that a role gives to somebody was used
	FindingBroadGrant      = "broad_grant"      // a part of what a role gives to somebody was not used
	FindingBroadRole       = "broad_role"       // a part of a role was used by nobody who has it
	FindingIdleCredential  = "idle_credential"  // a token or key was not used
	FindingBroadCredential = "broad_credential" // a token reaches further than it was used for
)

// An AdviceWindow says how far advice looks back.
type AdviceWindow struct {
	Since sallyport.Duration `query:"since" doc:"How far to look back, in days begun; left out: 720h, which is 30 days. Uses are kept for 90 days." example:"720h"`
}

// An AdviceFilter chooses among findings.
type AdviceFilter struct {
	Since     sallyport.Duration    `query:"since" doc:"How far to look back, in days begun; left out: 720h, which is 30 days. Uses are kept for 90 days." example:"720h"`
	Tenant    sallyport.TenantID    `query:"tenant" doc:"What is granted in this tenant; \"*\": what is granted in every tenant at once; left out: where you are at home." maxLength:"36"`
	Kind      string                `query:"kind" doc:"Only findings of this kind." enum:"idle_grant,broad_grant,broad_role,idle_credential,broad_credential"`
	Principal sallyport.PrincipalID `query:"principal" doc:"Only about this user or API key." maxLength:"36"`
	Role      sallyport.RoleID      `query:"role" doc:"Only about this role." maxLength:"36"`
}

// A Finding is something that is granted and was not used.
type Finding struct {
	Kind          string                  `json:"kind" enum:"idle_grant,broad_grant,broad_role,idle_credential,broad_credential" doc:"What was found: a role that somebody has and of which nothing, or not all, was used; a role of which nobody used all; a token or key that was not used, or that reaches further than it was used for."`
	Tenant        sallyport.TenantID      `json:"tenant" doc:"Where it is granted; \"*\": in every tenant."`
	Principal     sallyport.PrincipalID   `json:"principal,omitempty" doc:"Who has it; not there for a role, or one of a group."`
	PrincipalKind sallyport.PrincipalKind `json:"principal_kind,omitempty" doc:"What the principal is."`
	Login         string                  `json:"login,omitempty" doc:"The principal's login; the name of an API key." example:"billing"`
	Group         sallyport.GroupID       `json:"group,omitempty" doc:"The group that has it."`
	GroupName     string                  `json:"group_name,omitempty" doc:"The group's name."`
	Binding       sallyport.BindingID     `json:"binding,omitempty" doc:"The binding that gives it."`
	Role          sallyport.RoleID        `json:"role,omitempty" doc:"The role."`
	RoleName      string                  `json:"role_name,omitempty" doc:"The role's name." example:"ita-administrator"`
	Realm         string                  `json:"realm,omitempty" doc:"The one realm that it is granted in."`
	Condition     string                  `json:"condition,omitempty" doc:"The condition that it is granted under."`
	Credential    *AdviceCredential       `json:"credential,omitempty" doc:"The token or key."`
	Observed      time.Time               `json:"observed_since" doc:"Since when its use was watched: the beginning of the window, or when it was granted, or when counting began."`
	Granted       int                     `json:"granted" doc:"How many permissions it gives."`
	Used          []sallyport.Permission  `json:"used" doc:"What would do for everything that was used of it."`
	Unused        []sallyport.Permission  `json:"unused" doc:"What it gives besides; the first 50."`
	MoreUnused    int                     `json:"more_unused,omitempty" doc:"How many more of those there are."`
	Narrower      []Narrower              `json:"narrower,omitempty" doc:"Permissions that were used where a narrower one would do."`
	Opens         int                     `json:"opens" doc:"How many routes it opens that were not needed; what opens the most comes first."`
	Policy        string                  `json:"policy,omitempty" doc:"The policy file that owns the binding or role, where it has to be changed."`
	Proposal      Proposal                `json:"proposal" doc:"What would be enough."`
}

// An AdviceCredential is the token or key of a finding.
type AdviceCredential struct {
	ID         sallyport.CredentialID   `json:"id" doc:"Its id."`
	Kind       sallyport.CredentialKind `json:"kind" enum:"personal_token,application_token,api_key" doc:"What it is."`
	Name       string                   `json:"name" doc:"What it is called."`
	Hint       string                   `json:"hint" doc:"Beginning and end of the secret, for recognising it."`
	Scopes     []string                 `json:"scopes,omitempty" doc:"What it is limited to; left out: not limited."`
	CreatedAt  time.Time                `json:"created_at" doc:"When it was made."`
	LastUsedAt time.Time                `json:"last_used_at,omitzero" doc:"When it was last used; left out: never."`
}

// A Narrower is a permission in whose place a narrower one would do.
type Narrower struct {
	Held   sallyport.Permission `json:"held" doc:"What was used." example:"itadvisor/USER_RIGHTS_AND_AUTHENTICATION_SERVERS_ADMINISTRATOR"`
	Enough sallyport.Permission `json:"enough" doc:"What would do for the same requests." example:"itadvisor/CUSTOMERS"`
}

// A Proposal is what would be enough.
type Proposal struct {
	Remove bool        `json:"remove,omitempty" doc:"It can go."`
	Roles  []string    `json:"roles,omitempty" doc:"Names of roles that there are and that together give what was used, and nothing else." example:"customers"`
	Role   *PolicyRole `json:"role,omitempty" doc:"The role that would do, if there is none yet; of a finding about a role what would remain of it."`
	Scopes []string    `json:"scopes,omitempty" doc:"The scopes that would do for a token." example:"inventory/read"`
}

// A PermissionUse is what a principal used.
type PermissionUse struct {
	Tenant     sallyport.TenantID     `json:"tenant" doc:"Where; \"*\": in no one tenant."`
	AnyOf      []sallyport.Permission `json:"any_of" doc:"The permission; several: any of them was enough; none: nothing but a good credential was asked for."`
	Binding    sallyport.BindingID    `json:"binding,omitempty" doc:"The binding that gave it; left out: that is not known of one alone."`
	Credential sallyport.CredentialID `json:"credential,omitempty" doc:"The token or key; left out: another way in."`
	Uses       int64                  `json:"uses" doc:"How often in the window."`
	LastDay    time.Time              `json:"last_day" doc:"The last day on which it was."`
}

// An Advice is what a principal was granted against what it used.
type Advice struct {
	Principal     sallyport.PrincipalID   `json:"principal" doc:"Who."`
	PrincipalKind sallyport.PrincipalKind `json:"principal_kind" doc:"What the principal is."`
	Login         string                  `json:"login" doc:"The login; the name of an API key." example:"billing"`
	Since         time.Time               `json:"since" doc:"The beginning of the window."`
	CountedSince  time.Time               `json:"counted_since,omitzero" doc:"Since when uses are counted in this installation; left out: nothing was used yet."`
	Uses          []PermissionUse         `json:"uses" doc:"What was used, the most used first."`
	Findings      []Finding               `json:"findings" doc:"What was granted and not used."`
	Policy        *Policy                 `json:"policy,omitempty" doc:"The proposals as a policy file, to be planned and applied with adopt; left out: there is nothing to change by one."`
}
