package console

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

// example returns the lines of a command that shows that a new token works, and
// the API that it is for. It returns none if no API that the token reaches takes
// tokens in a header.
func (v *visit) example(issued *admin.Issued) (title string, lines []string) {
	can := v.reachOf(&issued.Credential)
	// Tokens are mostly for the APIs of others; our own comes last.
	apis := slices.Clone(v.Doors.Policy().APIs())
	slices.SortStableFunc(apis, func(a, b *policy.API) int { return cmp.Compare(rank(a), rank(b)) })
	for _, api := range apis {
		if lines := v.exampleOf(api, issued, can); lines != nil {
			return titleOr(api.Document.Title, string(api.Name)), lines
		}
	}
	return "", nil
}

// exampleOf is example for one API, for a credential that can do so much.
func (v *visit) exampleOf(api *policy.API, issued *admin.Issued, can *reacher) (lines []string) {
	if api.Disabled || can == nil {
		return nil
	}
	header := headerFor(api, issued.Credential.Kind, issued.Secret.Reveal())
	route := simplest(api, can)
	if header == "" || route == nil {
		return nil
	}
	lines = []string{"curl --header " + quoted(header)}
	if s := route.Tenant; s != nil && s.From == "header" && can.tenant != "" {
		lines = append(lines, "--header "+quoted(s.Name+": "+string(can.tenant)))
	}
	path, _ := plainPath(route.Path)
	return append(lines, quoted(v.base(api)+strings.TrimSuffix(api.Document.BasePath, "/")+path))
}

// plainPath returns the shortest path that a pattern matches, if there is nothing
// in it that one would have to know.
func plainPath(pattern string) (string, bool) {
	if start, rest, ok := strings.Cut(pattern, "{"); ok && strings.HasSuffix(rest, "...}") && !strings.Contains(rest, "{") {
		pattern = start
	}
	return pattern, !strings.ContainsAny(pattern, "{*")
}

func rank(a *policy.API) int {
	if a.Name == admin.ManagementAPI {
		return 1
	}
	return 0
}

// base is the URL of the host that an API is at.
func (v *visit) base(api *policy.API) string {
	scheme, _, _ := strings.Cut(v.URL, "://")
	if api.Document.Host != "" {
		return scheme + "://" + api.Document.Host
	}
	return v.URL
}

// tenantFor is the tenant that a token acts in when it has to say one.
func (v *visit) tenantFor(c *sallyport.Credential) sallyport.TenantID {
	for _, id := range []sallyport.TenantID{c.Tenant, v.self.Principal.Home} {
		if id != "" && id != sallyport.EveryTenant {
			return id
		}
	}
	if len(v.self.Tenants) > 0 {
		return v.self.Tenants[0]
	}
	return ""
}

// headerFor returns the header that takes a token to an API, empty if none does.
func headerFor(api *policy.API, kind sallyport.CredentialKind, secret string) string {
	for _, a := range api.Accept {
		if a.Refused || len(a.Kinds) > 0 && !slices.Contains(a.Kinds, kind) {
			continue
		}
		switch a.In { //nolint:exhaustive // the other places are no headers, or need more than the secret
		case sallyport.CarrierBearer:
			return "Authorization: Bearer " + secret
		case sallyport.CarrierHeader:
			return a.Name + ": " + secret
		}
	}
	return ""
}

// simplest returns a route that the token may look at without saying more than
// its path; nil if there is none.
func simplest(api *policy.API, can *reacher) *policy.Route {
	var best *policy.Route
	shortest := 0
	for _, r := range api.Routes {
		path, plain := plainPath(r.Path)
		if r.Public || r.Parameter != nil || r.Host != "" || !plain || !slices.Contains(r.Methods, "GET") || !can.may(r).May {
			continue
		}
		if best == nil || len(path) < shortest {
			best, shortest = r, len(path)
		}
	}
	return best
}

// quoted is text as one word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
