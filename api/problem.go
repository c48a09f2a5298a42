package api

import "github.com/sallyport/sallyport"

// A Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Type   string           `json:"type" doc:"Page that explains this kind of problem." example:"/sallyport/docs/reasons#permission_missing"`
	Title  string           `json:"title" doc:"Short, and the same for every occurrence." example:"Permission missing"`
	Status int              `json:"status" doc:"The HTTP status." example:"403"`
	Detail string           `json:"detail,omitempty" doc:"What happened and what can be done." example:"You do not hold the permission that this operation needs."`
	Reason sallyport.Reason `json:"reason,omitempty" doc:"The cause in one word, to be switched on." example:"permission_missing"`

	RequestID string `json:"request_id,omitempty" doc:"Names this request in logs and in the audit trail."`

	MissingPermissions []sallyport.Permission `json:"missing_permissions,omitempty" doc:"What would have been needed, as far as the caller may know."`
	RequiredScopes     []string               `json:"required_scopes,omitempty" doc:"Any of these scopes would have done."`
	Tenant             sallyport.TenantID     `json:"tenant,omitempty" doc:"The tenant that the request was for."`
	Realm              string                 `json:"realm,omitempty" doc:"The realm that the request was for."`

	Suggestions []Grant `json:"suggestions,omitempty" doc:"The smallest existing grants that would have done, those first that open the least besides."`

	Errors []FieldError `json:"errors,omitempty" doc:"What is wrong with which field."`
}

// A Grant is something that could be given to a caller to make what was refused
// pass.
type Grant struct {
	Roles     []string `json:"roles" doc:"Names of roles; all of them are needed, and nearly always it is one." example:"[\"customers\"]"`
	Realm     string   `json:"realm,omitempty" doc:"The realm to limit it to."`
	AlsoOpens int      `json:"also_opens" doc:"How many routes it would open besides." example:"2"`
	MayGrant  []string `json:"may_grant,omitempty" doc:"Logins of some who may give it." example:"[\"admin\"]"`
}

// A FieldError says what is wrong with one field of what was sent.
type FieldError struct {
	Field   string `json:"field,omitempty" doc:"Path of the field, a header or a query parameter." example:"roles[0].role"`
	Message string `json:"message" doc:"What is wrong and the cure." example:"there is no such role in this tenant"`
}
