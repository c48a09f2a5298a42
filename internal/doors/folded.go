package doors

import (
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
)

// folded refuses a request in which a name that counts is spelled in another way
// which the upstream takes for the same: it would read a parameter there that was
// not seen here.
func (v *visit) folded() sallyport.Reason {
	r := v.request
	spelled := true
	check := func(name string) bool {
		seen := r.API.Fold(name)
		spelled = seen == name || !slices.Contains(r.API.Guarded, seen)
		return spelled
	}
	carrier.QueryNames(r.Canonical.RawQuery, check)
	if contentType := r.Header["Content-Type"]; spelled && r.Body != nil && len(contentType) == 1 {
		body, err := r.Body()
		if err != nil {
			return bodyFault(err)
		}
		if fault := carrier.FormNames(contentType[0], body, check); fault != carrier.OK {
			return fault.Reason()
		}
	}
	if !spelled {
		return sallyport.QueryMalformed
	}
	return ""
}
