package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A NewShadow is a draft of a policy that is to be tried on real requests.
type NewShadow struct {
	Name   string             `json:"name,omitempty" doc:"What to call it; left out: as the policy." maxLength:"100" example:"tighter"`
	Policy Policy             `json:"policy" doc:"What would be so."`
	Adopt  bool               `json:"adopt,omitempty" doc:"As when it would be applied: take over what belongs to no policy."`
	For    sallyport.Duration `json:"for,omitempty" doc:"For how long; left out: 24h, at most 336h." example:"24h"`
}

// A Shadow is a draft of a policy that is tried on real requests, beside the
// policy in force, which alone decides.
type Shadow struct {
	ID        string               `json:"id" format:"uuid" doc:"Names it."`
	Name      string               `json:"name" doc:"What it is called."`
	Policy    string               `json:"policy" doc:"The name of the policy that the draft is of."`
	Tenants   []sallyport.TenantID `json:"tenants" doc:"The tenants that the draft is about; \"*\": it is about the installation."`
	StartedBy string               `json:"started_by" doc:"Login of who started it."`
	StartedAt time.Time            `json:"started_at" doc:"When."`
	EndsAt    time.Time            `json:"ends_at" doc:"When it ends, or has ended."`
	Running   bool                 `json:"running" doc:"It is tried on requests now."`
	Seen      int64                `json:"seen" doc:"How many requests there were that it could be tried on."`
	Compared  int64                `json:"compared" doc:"How many of those it was tried on. It is fewer when there were too many at a time; then the differences are those of a sample."`
	Problem   string               `json:"problem,omitempty" doc:"Why the draft cannot be tried on the policy as that is now."`
}

// A ShadowReport is what a draft would change.
type ShadowReport struct {
	Shadow
	WouldRefuse ShadowTotal        `json:"would_refuse" doc:"Requests that were allowed and would be refused."`
	WouldAllow  ShadowTotal        `json:"would_allow" doc:"Requests that were refused and would be allowed."`
	Differences []ShadowDifference `json:"differences" doc:"The sorts of requests that would be decided otherwise, the most frequent first; at most 200."`
}

// A ShadowTotal counts requests that would be decided otherwise.
type ShadowTotal struct {
	Requests int64 `json:"requests" doc:"How many requests, all days together."`
	Clients  int   `json:"clients" doc:"Of how many users and API keys; strangers count as one."`
	Today    int64 `json:"today" doc:"How many requests today (UTC)."`
}

// A ShadowDifference is a sort of request that would be decided otherwise.
type ShadowDifference struct {
	Outcome   string                `json:"outcome" enum:"would_refuse,would_allow" doc:"What the draft would do."`
	Day       time.Time             `json:"day" doc:"The day (UTC)."`
	Reason    sallyport.Reason      `json:"reason" doc:"Why the one refuses what the other allows."`
	Principal sallyport.PrincipalID `json:"principal,omitempty" doc:"Whose requests; left out: a stranger's."`
	Login     string                `json:"login,omitempty" doc:"The principal's login; the name of an API key."`
	Tenant    sallyport.TenantID    `json:"tenant,omitempty" doc:"The tenant of the requests."`
	API       sallyport.APIName     `json:"api" doc:"The protected API."`
	Route     string                `json:"route,omitempty" doc:"The route that it took, or would take."`
	Requests  int64                 `json:"requests" doc:"How many."`
	Method    string                `json:"method" doc:"Of the last one."`
	Path      string                `json:"path" doc:"Of the last one, without the query."`
	RequestID string                `json:"request_id" doc:"Of the last one."`
	LastAt    time.Time             `json:"last_at" doc:"When the last one was."`
}
