package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// Learned is what was asked of an API while it learned.
type Learned struct {
	API      sallyport.APIName `json:"api" doc:"The API."`
	Learning bool              `json:"learning" doc:"It learns now: every path and method is let through."`
	From     time.Time         `json:"from,omitzero" doc:"From when its document has it learn; left out: it does not."`
	Until    time.Time         `json:"until,omitzero" doc:"Until when."`
	Requests int64             `json:"requests" doc:"How many requests were let through because of it, those of earlier times with them."`
	Untold   int64             `json:"untold,omitempty" doc:"How many of those were too different to be told apart; no route stands for them."`
	List[LearnedRoute]
}

// A LearnedRoute is a method and a path pattern that were asked for.
type LearnedRoute struct {
	Method      string          `json:"method" doc:"The method." example:"GET"`
	Path        string          `json:"path" doc:"Pattern below the base path: what is no word is a name." example:"/racks/{rack}"`
	Requests    int64           `json:"requests" doc:"How often it was asked for."`
	Answered    int64           `json:"answered" doc:"How many answers of the upstream were seen. Behind another proxy there are none."`
	Absent      int64           `json:"absent" doc:"How many of those said that there is no such thing: 404, 405, 410 or 501."`
	FirstAt     time.Time       `json:"first_at" doc:"When it was asked for first."`
	LastAt      time.Time       `json:"last_at" doc:"When it was asked for last."`
	Callers     []LearnedCaller `json:"callers" doc:"Who asked, the most frequent first; at most 20."`
	MoreCallers int             `json:"more_callers,omitempty" doc:"How many more there are."`
}

// A LearnedCaller is somebody who called an API while it learned.
type LearnedCaller struct {
	Principal sallyport.PrincipalID   `json:"principal,omitempty" doc:"Who; left out: nobody who was known; \"others\": those beyond the first hundred."`
	Kind      sallyport.PrincipalKind `json:"kind,omitempty" doc:"What the principal is."`
	Login     string                  `json:"login,omitempty" doc:"The login; the name of an API key." example:"billing"`
	Tenant    sallyport.TenantID      `json:"tenant,omitempty" doc:"The tenant of the requests; left out: none."`
	Requests  int64                   `json:"requests" doc:"How often."`
}

// A LearnedProposal is a policy made of what was asked of an API.
type LearnedProposal struct {
	Policy Policy   `json:"policy" doc:"Routes, permissions, roles and bindings, to be looked at, planned and applied with adopt."`
	Notes  []string `json:"notes" doc:"What is to be known about it, such as what was left out."`
}
