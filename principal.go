package sallyport

// A PrincipalKind says what sort of principal acts.
type PrincipalKind string

// Kinds of principal.
const (
	PrincipalPerson    PrincipalKind = "person"
	PrincipalService   PrincipalKind = "service"
	PrincipalAPIKey    PrincipalKind = "api_key"
	PrincipalAnonymous PrincipalKind = "anonymous"
)

// A Principal is who a request acts as, once its credential was verified.
type Principal struct {
	ID    PrincipalID
	Kind  PrincipalKind
	Login string // a user's login, an API key's name
	Name  string
	Email string
	Home  TenantID // where it is administered
}
