package itop

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

// Texts that clients know, word for word.
const (
	invalidLogin  = "Invalid login"
	portalRefused = "Portal user is not allowed"
	profileNeeded = "This user is not authorized to use the web services. (The profile REST Services User is required to access the REST web services)"
	otherError    = "Unknown authentication error (retCode=6)"
	pageRefused   = "iTop access to this page is restricted. Please, contact an iTop administrator"
	tokensRefused = "User not allowed to access current ressource."
)

const (
	plainText = "text/plain"
	htmlText  = "text/html"
)

// Fault answers a request that was let in and came to nothing:
// the REST interface with the product's code, all else as the standard dialect.
func (d *dialect) Fault(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p respond.Problem) {
	if pathOf(x) == restPath {
		d.sendREST(w, r, x, p.Status, failed(codeInternal, p.Title+". "+p.Detail))
		return
	}
	w.Header().Set(respond.HeaderRequestID, p.RequestID)
	p.Write(w, r)
}

// pathOf returns the path of a request below the base path.
func pathOf(x *surface.Exchange) string {
	return strings.TrimPrefix(x.Request.Canonical.Path, strings.TrimSuffix(x.Request.BasePath, "/"))
}

// Deny answers a denied request. Of one that leads nowhere it says the same as the
// standard dialect.
func (d *dialect) Deny(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	path := pathOf(x)
	switch {
	case x.Decision.Reason == sallyport.MethodNotAllowed:
		x.Docs.Denied(w, r, x.Answer)
	case path == restPath:
		d.denyREST(w, r, x)
	case path == pagePath || path == signOutPath:
		d.denyAccount(w, r, x)
	case x.Decision.Reason.Status() >= http.StatusInternalServerError || x.Decision.Reason == sallyport.Overdone:
		x.Docs.Denied(w, r, x.Answer)
	case strings.HasPrefix(path, "/synchro/") && unidentified(x):
		sendText(w, r, x, http.StatusOK, htmlText, "<p>"+invalidLogin+"</p>")
	case path == "/webservices/import.php" && unidentified(x):
		sendText(w, r, x, http.StatusOK, plainText, invalidLogin)
	case strings.HasPrefix(path, "/webservices/export") && unidentified(x):
		d.showSignIn(w, r, x, http.StatusOK, "")
	case x.Decision.Reason.Status() == http.StatusUnauthorized:
		x.Answer.Challenges = challenges(x)
		sendText(w, r, x, http.StatusUnauthorized, htmlText, "<p>"+pageRefused+"</p>")
	default:
		x.Docs.Denied(w, r, x.Answer)
	}
}

// challenges ask for a password, if one is taken.
func challenges(x *surface.Exchange) []string {
	for _, a := range x.Request.API.Accept {
		if a.In == sallyport.CarrierBasic {
			return respond.Challenges([]sallyport.Accept{a}, "iTop", respond.Try{})
		}
	}
	return nil
}

// unidentified reports whether nobody was let in as himself: in the product a
// wrong scope and a lost profile look like a wrong token.
func unidentified(x *surface.Exchange) bool {
	switch x.Decision.Reason { //nolint:exhaustive // all others
	case sallyport.ScopeInsufficient, sallyport.CredentialsAmbiguous, sallyport.OriginForbidden:
		return true
	case sallyport.KindForbidden:
		return x.Decision.CredentialKind == sallyport.PersonalToken
	}
	return x.Decision.Reason.Status() == http.StatusUnauthorized
}

// denyREST answers a denied request to the REST interface: with status 200, unless
// Sallyport itself cannot answer.
func (d *dialect) denyREST(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	status, info := http.StatusOK, x.Decision.Reason.Info()
	var o *outcome
	switch {
	case info.Status >= http.StatusInternalServerError:
		status, o = info.Status, failed(codeInternal, info.Title+". "+info.Public)
	case info.Reason == sallyport.Overdone:
		status, o = info.Status, failed(codeUnauthorized, info.Title+". "+info.Public)
	case unidentified(x):
		if text := emptyToken(x); text != "" {
			sendText(w, r, x, status, plainText, text)
			return
		}
		o = signInFault(x)
	case len(x.Decision.Missing) > 0:
		o = d.forbidden(r, x)
	case info.Status == http.StatusForbidden:
		o = failed(codeUnauthorized, otherError)
	default:
		o = failed(codeInternal, info.Title+". "+info.Public)
	}
	d.sendREST(w, r, x, status, o)
}

// signInFault is the outcome for somebody who was not recognised.
func signInFault(x *surface.Exchange) *outcome {
	found := x.Request.Found
	switch x.Decision.Reason { //nolint:exhaustive // all others look the same
	case sallyport.CredentialMalformed:
		if found.Name == passwordParameter && found.Login == "" {
			return failed(codeMissingUser, "Missing parameter '"+userParameter+"'")
		}
	case sallyport.CredentialMissing:
		if user, _ := x.Request.Form(userParameter); user != "" {
			return failed(codeMissingPassword, "Missing parameter '"+passwordParameter+"'")
		}
	}
	return failed(codeUnauthorized, invalidLogin)
}

// emptyToken is what is said to those who ask to be taken for the bearer of a
// token and bring none; it is not JSON.
func emptyToken(x *surface.Exchange) string {
	mode, _ := x.Request.Form(modeParameter)
	switch {
	case mode != modeToken && mode != modeLegacy, !slices.Contains(modes(x.Request.API.Document.Settings), mode):
		return ""
	case x.Decision.Reason == sallyport.CredentialMissing && x.Request.Found.In == carrier.None,
		x.Decision.Reason == sallyport.CredentialNotAccepted && !isTokenName(x.Request.Found.Name):
		return "login_mode '" + mode + "' forced without any token passed"
	}
	return ""
}

// forbidden is the outcome for somebody who may not: first for want of a profile,
// then for faults of the request, then for want of a right.
func (d *dialect) forbidden(r *http.Request, x *surface.Exchange) *outcome {
	api := x.Request.API.Name
	lacks := func(what right) bool {
		return slices.Contains(x.Decision.Missing, sallyport.Permission(string(api)+"/"+what.name))
	}
	switch {
	case lacks(restUser) && d.isPortalUser(r, x):
		return failed(codeUnauthorized, portalRefused)
	case lacks(restUser):
		o := failed(codeUnauthorized, profileNeeded)
		o.More = moreOf(x)
		return o
	}
	in, fault := faultOf(x.Request)
	if fault != nil {
		return fault
	}
	operation, _ := in.text("operation")
	class := classNamed(in)
	o := &outcome{Code: codeUnauthorized, More: moreOf(x)}
	switch deed := deedOf(operation); {
	case deed == nil:
		o.Message = operation + " is not allowed"
	case lacks(deed.one):
		o.Message = noPermission(doing[deed.one], class)
	default:
		o.Message = noPermission(doing[deed.many], class)
	}
	return o
}

// doing says what a right is for, in the words of a refusal.
var doing = map[right]string{
	read: "reading", create: "creating", modify: "modifying", remove: "deleting",
	bulkRead: "exporting", bulkCreate: "massively creating", bulkModify: "massively modifying", bulkRemove: "massively deleting",
}

func noPermission(what, class string) string {
	return "The current user does not have enough permissions for " + what + " data of class " + class
}

// classNamed is the class that a refusal names: that of the query, if it has one.
func classNamed(in input) string {
	class, _ := in.text("class")
	if selected, kind := selectedClass(in["key"]); kind == keyQuery {
		return selected
	}
	return class
}

// isPortalUser reports whether the caller has the profile of users of the portal
// and nothing else of this API. It chooses words, not whether he may.
func (d *dialect) isPortalUser(r *http.Request, x *surface.Exchange) bool {
	known := *x.Decision
	known.Allowed = known.Principal != nil
	tenant := known.Tenant
	if tenant == "" {
		tenant = sallyport.EveryTenant
	}
	held, err := d.Admin.Permissions(r.Context(), admin.ActorOf(&known, wire.Address(x)), tenant)
	if err != nil {
		return false // it stays at the other words
	}
	prefix := string(x.Request.API.Name) + "/"
	held = slices.DeleteFunc(held, func(p sallyport.Permission) bool { return !strings.HasPrefix(string(p), prefix) })
	return len(held) == 1 && string(held[0]) == prefix+portalUser.name
}

// moreOf is what is said beside a refusal, as far as the API explains.
func moreOf(x *surface.Exchange) *more {
	if x.Answer.Explain == sallyport.ExplainNone {
		return nil
	}
	p := x.Docs.Problem(x.Answer)
	return &more{Reason: p.Reason, RequestID: p.RequestID, Permissions: p.MissingPermissions, Suggestions: p.Suggestions}
}

// fail answers with an error of an endpoint.
func (c *call) fail(err error) {
	p := c.Failure(c.r, c.Exchange, err)
	wire.Hold(c.w.Header(), c.Exchange, p.Status)
	status := http.StatusOK
	if p.Status == http.StatusTooManyRequests || p.Status >= http.StatusInternalServerError {
		status = p.Status
	}
	switch c.Endpoint() {
	case faultEndpoint, checkEndpoint:
		text := p.Title
		if p.Detail != "" {
			text += ". " + p.Detail
		}
		c.sendREST(c.w, c.r, c.Exchange, status, failed(codeInternal, text))
	case accountEndpoint, signOutEndpoint, styleEndpoint:
		c.Docs.Failed(c.w, c.r, err)
	default:
		wire.SendJSON(c.w, c.r, c.Exchange, status, result{Result: "error"})
	}
}
