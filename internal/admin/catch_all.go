package admin

import (
	"maps"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// Dialects returns the names of the dialects that an API can have, the standard
// one first.
func (s *Service) Dialects() []string {
	names := slices.Sorted(maps.Keys(s.c.Rules.Dialects))
	return slices.Insert(slices.DeleteFunc(names, func(n string) bool { return n == policy.DefaultDialect }), 0, policy.DefaultDialect)
}

// CatchAll returns the document of an API that guards every path of an upstream,
// told apart by nothing but the method: to read, one needs the permission read,
// and to change anything write. It is what to begin with as long as nobody has
// said what each path needs.
func CatchAll(name sallyport.APIName, upstream string) sallyport.API {
	return sallyport.API{
		Name: name, Title: "The API behind " + upstream, BasePath: "/",
		Upstream: sallyport.Upstream{URL: upstream}, Explain: sallyport.ExplainFull,
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBearer}, {In: sallyport.CarrierBasic}, {In: sallyport.CarrierHeader, Name: "X-API-Key"},
		},
		Permissions: []sallyport.PermissionSpec{{Name: "read", Title: "Read"}, {Name: "write", Title: "Change"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "read", Title: "Read only", Permissions: []string{"read"}}},
		Routes: []sallyport.Route{
			{ID: "read", Methods: []string{"GET"}, Path: "/{path...}", AnyOf: []string{"read"}},
			{ID: "change", Methods: []string{"*"}, Path: "/{path...}", AnyOf: []string{"write"}},
		},
	}
}
