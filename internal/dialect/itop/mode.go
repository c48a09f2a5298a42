package itop

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// modes are the ways to sign in.
func modes(settings map[string]string) []string { return strings.Split(settings[loginTypes], "|") }

// takesTokens reports whether tokens are a way to sign in.
func takesTokens(settings map[string]string) bool {
	list := modes(settings)
	return slices.Contains(list, modeToken) || slices.Contains(list, modeLegacy)
}

// isTokenName reports whether a header or parameter is one in which tokens travel.
func isTokenName(name string) bool { return name == tokenHeader || name == tokenParameter }

// takes lets a request choose in which of the ways its client signs in: what came
// in another one does not count then. The session of the page is not one of them.
func takes(api *sallyport.API, p policy.ParameterSource, a *sallyport.Accept) bool {
	mode, _ := p.Form(modeParameter)
	switch {
	case mode == "" || a.In == sallyport.CarrierCookie:
		return true
	case !slices.Contains(modes(api.Settings), mode):
		return false
	case isTokenName(a.Name):
		return mode == modeToken || mode == modeLegacy
	case a.In == sallyport.CarrierBasic:
		return mode == modeBasic
	case a.In == sallyport.CarrierQuery:
		return mode == modeURL
	case a.In == sallyport.CarrierForm:
		return mode == modeForm
	}
	return false
}
