package demo

import "time"

// A Manifest tells what the demonstration consists of, secrets included. It is
// what "sallyport demo --manifest FILE" writes.
type Manifest struct {
	URL         string               `json:"url"`
	InternalURL string               `json:"internal_url"`
	UpstreamURL string               `json:"upstream_url"`
	ConsoleURL  string               `json:"console_url,omitempty"`
	Users       []ManifestUser       `json:"users"`
	Credentials []ManifestCredential `json:"credentials"`
	Tenants     []ManifestTenant     `json:"tenants"`
	APIs        []ManifestAPI        `json:"apis"`
	Examples    []Example            `json:"examples"`
}

// A ManifestUser is an account of the cast.
type ManifestUser struct {
	Login    string   `json:"login"`
	Password string   `json:"password"`
	Kind     string   `json:"kind"` // person or service
	State    string   `json:"state"`
	Roles    []string `json:"roles"`
	Tenants  []string `json:"tenants"`
	About    string   `json:"about"`
}

// A ManifestCredential is a token or key of the cast.
type ManifestCredential struct {
	Name      string     `json:"name"`
	Kind      string     `json:"kind"` // personal-token, application-token, api-key or scrambled-password
	ID        string     `json:"id"`
	Owner     string     `json:"owner,omitempty"`
	Secret    string     `json:"secret"`
	APIs      []string   `json:"apis"`
	Scopes    []string   `json:"scopes"`
	Roles     []string   `json:"roles"`
	Tenant    string     `json:"tenant,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// A ManifestTenant is a tenant.
type ManifestTenant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// A ManifestAPI is a protected API.
type ManifestAPI struct {
	Name    string `json:"name"`
	Dialect string `json:"dialect"`
	BaseURL string `json:"base_url"`
}

// An Example is a command to paste into a shell. The last line that it prints
// is the HTTP status of the answer.
type Example struct {
	Title        string `json:"title"`
	API          string `json:"api"`
	Credential   string `json:"credential"` // kind that it shows; empty: none
	Command      string `json:"command"`
	ExpectStatus int    `json:"expect_status"`
	Show         bool   `json:"-"`                     // printed when the demonstration starts
	ExpectText   string `json:"expect_text,omitempty"` // that the answer holds, where the status does not tell

	Refused bool `json:"refused"` // it shows what is not let in
}
