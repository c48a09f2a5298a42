package policy

import sallyport "github.com/sallyport/sallyport"

// An Observed is a request that was decided, as far as it takes to decide it
// again under another policy. There is no credential in its headers; its target
// has the query as it came, so it is kept nowhere.
type Observed struct {
	Trial
	RequestID string
	Principal sallyport.PrincipalID // empty: nobody
	Login     string
	Path      string // canonical, without the query

	Allowed bool
	Reason  sallyport.Reason
	API     sallyport.APIName
	Route   string
	ActedIn sallyport.TenantID
}
