package policy

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// Rules is what a check of documents must know of the installation.
type Rules struct {
	Dialects map[string]Dialect // the known dialects besides "standard", by name
	Reserved []string           // base paths at and below which only the API "sallyport" may be
}

// Check returns all faults of a document, and of the place where it is mounted
// beside others. An API of the same name among the others is passed over, as it
// is the one that the document replaces. Every fault is a [sallyport.Error] of
// kind Invalid that names the field.
func (r Rules) Check(api *sallyport.API, others ...*sallyport.API) []error {
	_, list := newAPI(api, r)
	f := &faults{list: list}
	for _, other := range others {
		if other.Name == api.Name {
			continue
		}
		whole, _ := r.Complete(api)
		beside, _ := r.Complete(other)
		for _, at := range sharedMounts(whole, beside) {
			f.add(at.field, "%s is where the API %q is already; mount one of them elsewhere", at, other.Name)
		}
	}
	return f.list
}

// faults collects what is wrong with a document.
type faults struct {
	list []error
}

func (f *faults) add(field, format string, args ...any) {
	f.list = append(f.list, sallyport.ErrInvalid(field, fmt.Sprintf(format, args...)))
}

// field returns the name of an element of a list.
func field(name string, i int) string { return fmt.Sprintf("%s[%d]", name, i) }

// Bounds of a document.
const (
	maxRoutes      = 50_000
	maxPermissions = 10_000
	maxScopes      = 1_000
	maxAliases     = 64
	maxTitle       = 200
	maxRetries     = 10
)

// checkDocument checks everything but the routes.
func (r Rules) checkDocument(a *sallyport.API, f *faults) {
	if !isAPIName(string(a.Name)) {
		f.add("name", "%q is not a name of an API: use lower-case letters, digits and dashes, a letter or digit first, at most 63", a.Name)
	}
	checkTitle("title", a.Title, f)
	if _, known := r.Dialects[a.Dialect]; a.Dialect != "" && a.Dialect != DefaultDialect && !known {
		f.add("dialect", "there is no dialect %q; known are %s", a.Dialect, strings.Join(r.dialects(), ", "))
	}
	r.checkEndpoints(a, f)
	r.checkRealms(a, f)
	r.checkPlace(a, f)
	checkUpstream(&a.Upstream, f)
	checkAccept(a, f)
	checkSelector("tenant", "tenant", a.Tenant, f)
	checkSelector("realm", "realm", a.Realm, f)
	checkPermissions(a, f)
	checkScopes(a, f)
	if len(a.Routes) > maxRoutes {
		f.add("routes", "there are %d routes; an API has at most %d", len(a.Routes), maxRoutes)
	}
	checkBehaviour(a, f)
	checkLearn(a, f)
	checkToken(&a.Token, f)
}

func checkTitle(field, title string, f *faults) {
	if len(title) > maxTitle || !isText(title) {
		f.add(field, "a title is at most %d bytes of text on one line", maxTitle)
	}
}

// checkPlace checks where the API is mounted.
func (r Rules) checkPlace(a *sallyport.API, f *faults) {
	checkHost("host", a.Host, f)
	r.checkBase("base_path", a.BasePath, a.Name, f)
	if len(a.Aliases) > maxAliases {
		f.add("aliases", "there are %d aliases; an API has at most %d", len(a.Aliases), maxAliases)
	}
	for i, alias := range a.Aliases {
		r.checkBase(field("aliases", i), alias, a.Name, f)
		if alias == a.BasePath || slices.Contains(a.Aliases[:i], alias) {
			f.add(field("aliases", i), "%q is there twice; name each base path once", alias)
		}
	}
}

func (r Rules) checkBase(where, base string, name sallyport.APIName, f *faults) {
	switch {
	case base == "":
		f.add(where, `the base path is missing; write "/" to take every path of the host`)
		return
	case base == "/":
		return
	case strings.ContainsAny(base, "{}"):
		f.add(where, "the base path %q has a {name}; names stand in the paths of routes", base)
		return
	case base[0] == '/' && base[len(base)-1] == '/':
		f.add(where, "the base path %q ends with a slash; write %q", base, strings.TrimRight(base, "/"))
		return
	}
	segments, err := parsePattern(base)
	if err != nil {
		f.add(where, "%v", err)
		return
	}
	if canonical := joinLiterals(segments); canonical != base {
		f.add(where, "the base path %q is not in its canonical form; write %q", base, canonical)
	}
	for _, reserved := range r.Reserved {
		if name != managementAPI && (base == reserved || strings.HasPrefix(base, reserved+"/")) {
			f.add(where, "the base path %q is kept for Sallyport itself; choose one outside %q", base, reserved)
		}
	}
}

func joinLiterals(segments []segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(s.text)
	}
	return b.String()
}

func checkUpstream(u *sallyport.Upstream, f *faults) {
	if u.URL != "" {
		checkUpstreamURL(u.URL, f)
	}
	checkDuration("upstream.timeout", u.Timeout, 0, maxTimeout, f)
	if u.BodyLimit < -1 {
		f.add("upstream.body_limit", "%d is not a number of bytes; write -1 for no limit", u.BodyLimit)
	}
	for i, name := range u.DropParameters {
		if name == "" || !isText(name) {
			f.add(field("upstream.drop_parameters", i), "say the name of the parameter that the upstream is not to see")
		}
	}
	if u.Retries < 0 || u.Retries > maxRetries {
		f.add("upstream.retries", "%d is out of bounds; at most %d retries make sense", u.Retries, maxRetries)
	}
}

func checkUpstreamURL(text string, f *faults) {
	const where = "upstream.url"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		f.add(where, "the upstream is not a URL such as http://10.0.0.5:8080") // not shown: it may hold a password
	case u.User != nil:
		f.add(where, "the upstream %q has a user name or password in it; leave them out", u.Redacted())
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		f.add(where, "the upstream %q has a query or fragment; leave it out", text)
	}
}

// checkBehaviour checks the settings that choose from a list.
func checkBehaviour(a *sallyport.API, f *faults) {
	switch a.Explain {
	case "", sallyport.ExplainNone, sallyport.ExplainCode, sallyport.ExplainFull:
	default:
		f.add("explain", "%q is no level of explanation; write none, code or full", a.Explain)
	}
	switch a.Explore {
	case "", ExploreShown, ExploreNone:
	default:
		f.add("explore", "%q is not known; write shown or none", a.Explore)
	}
	switch a.Stale {
	case "", StaleDeny:
		if a.MaxStaleness != 0 {
			f.add("max_staleness", `a bound is used with stale: serve only; write "stale": "serve" or leave it out`)
		}
	case StaleServe:
		if a.MaxStaleness == 0 {
			f.add("max_staleness", "stale: serve needs a bound, such as 5m")
		}
		checkDuration("max_staleness", a.MaxStaleness, 0, maxStalenessOfNode, f)
	default:
		f.add("stale", "%q is not known; write deny or serve", a.Stale)
	}
}

func checkToken(t *sallyport.TokenSpec, f *faults) {
	switch t.Algorithm {
	case "", DefaultAlgorithm, "ES256", "RS256":
	default:
		f.add("token.algorithm", "%q is not offered; write EdDSA, ES256 or RS256", t.Algorithm)
	}
	checkDuration("token.lifetime", t.Lifetime, 10*time.Second, maxLifetime, f)
	checkDuration("token.refresh", t.Refresh, time.Minute, maxRefresh, f)
	if t.Refresh != 0 && t.Refresh < t.Lifetime {
		f.add("token.refresh", "a sign-in of %s ends before its first token of %s does", time.Duration(t.Refresh), time.Duration(t.Lifetime))
	}
}

// checkDuration checks a duration that is set; 0 is the default.
func checkDuration(where string, d sallyport.Duration, least, most time.Duration, f *faults) {
	if v := time.Duration(d); v != 0 && (v < least || v > most || v < 0) {
		f.add(where, "%s is out of bounds; it may be from %s to %s", v, max(least, 0), most)
	}
}

// A mount is one place of an API.
type mount struct {
	field, host, base string
}

func (m mount) String() string {
	if m.host == "" {
		return fmt.Sprintf("the base path %q", m.base)
	}
	return fmt.Sprintf("the base path %q of host %q", m.base, m.host)
}

func mounts(a *sallyport.API) []mount {
	all := []mount{{"base_path", a.Host, a.BasePath}}
	for i, alias := range a.Aliases {
		all = append(all, mount{field("aliases", i), a.Host, alias})
	}
	return all
}

// sharedMounts returns the places of a that are also places of b.
func sharedMounts(a, b *sallyport.API) []mount {
	if a.Host != b.Host {
		return nil
	}
	var shared []mount
	for _, m := range mounts(a) {
		if m.base == b.BasePath || slices.Contains(b.Aliases, m.base) {
			shared = append(shared, m)
		}
	}
	return shared
}
