package sallyport

// A Reason names why a request was denied. It is part of the wire contract:
// clients switch on it, dashboards count it, auditors search for it. Reasons
// are added, never renamed or reused.
type Reason string

// Reasons of door one: the request itself, then the credential.
const (
	PathAmbiguous         Reason = "path_ambiguous"
	TargetTooLong         Reason = "target_too_long"
	QueryMalformed        Reason = "query_malformed"
	HeaderMalformed       Reason = "header_malformed"
	BodyMalformed         Reason = "body_malformed"
	BodyTooLarge          Reason = "body_too_large"
	CallerUntrusted       Reason = "caller_untrusted"
	OriginForbidden       Reason = "origin_forbidden"
	CredentialsAmbiguous  Reason = "credentials_ambiguous"
	CredentialMissing     Reason = "credential_missing"
	CredentialMalformed   Reason = "credential_malformed"
	CredentialMisplaced   Reason = "credential_misplaced"
	CredentialNotAccepted Reason = "credential_not_accepted"
	CredentialUnknown     Reason = "credential_unknown"
	CredentialExpired     Reason = "credential_expired"
	CredentialIdle        Reason = "credential_idle"
	CredentialRevoked     Reason = "credential_revoked"
	CredentialReplaced    Reason = "credential_replaced"
	CredentialBrownout    Reason = "credential_brownout"
	SignatureInvalid      Reason = "signature_invalid"
	ClaimsInvalid         Reason = "claims_invalid"
	UserUnknown           Reason = "user_unknown"
	PasswordWrong         Reason = "password_wrong"
	OwnerInactive         Reason = "owner_inactive"
	TenantInactive        Reason = "tenant_inactive"
	NetworkForbidden      Reason = "network_forbidden"
	Overdone              Reason = "throttled"

	PasswordChangeRequired   Reason = "password_change_required"
	SecondFactorRequired     Reason = "second_factor_required"
	SecondFactorWrong        Reason = "second_factor_wrong"
	ReauthenticationRequired Reason = "reauthentication_required"
)

// Reasons of door two.
const (
	APIUnknown        Reason = "api_unknown"
	RouteUnknown      Reason = "route_unknown"
	MethodNotAllowed  Reason = "method_not_allowed"
	TenantRequired    Reason = "tenant_required"
	TenantMalformed   Reason = "tenant_malformed"
	TenantForbidden   Reason = "tenant_forbidden"
	RealmRequired     Reason = "realm_required"
	RealmForbidden    Reason = "realm_forbidden"
	ScopeInsufficient Reason = "scope_insufficient"
	PermissionMissing Reason = "permission_missing"
	ConditionUnmet    Reason = "condition_unmet"
	KindForbidden     Reason = "kind_forbidden"
	PrivilegeCeiling  Reason = "privilege_ceiling"
)

// Reasons for which no decision could be taken.
const (
	StoreUnavailable Reason = "store_unavailable"
	PolicyStale      Reason = "policy_stale"
	Overloaded       Reason = "overloaded"
	InternalFault    Reason = "internal_fault"
)

// A ReasonInfo is what there is to know about a reason.
type ReasonInfo struct {
	Reason   Reason
	Status   int    // HTTP status of the answer
	Title    string // public, short, the same for every occurrence (RFC 9457 section 3.1.3)
	Public   string // public: what happened and what the caller can do
	Operator string // for who runs the installation: what to look at
	Coarse   Reason // what a caller is told instead, when telling would help an attacker; empty: the reason itself
}

// Anchor returns the part of docs/reasons.md that describes the reason.
func (r Reason) Anchor() string { return "#" + string(r) }

// Info returns the table's row of r. An unknown reason has the row of
// [InternalFault]: a denial with status 500.
func (r Reason) Info() ReasonInfo {
	for i := range reasons {
		if reasons[i].Reason == r {
			return reasons[i]
		}
	}
	return reasons[len(reasons)-1]
}

// Status returns the HTTP status of the reason.
func (r Reason) Status() int { return r.Info().Status }

// Coarse returns the reason that a stranger is told: r itself, unless that
// would tell an attacker whether an account or a credential exists.
func (r Reason) Coarse() Reason {
	if c := r.Info().Coarse; c != "" {
		return c
	}
	return r
}

// Reasons returns the table of all reasons, in the order of the documentation.
func Reasons() []ReasonInfo { return append([]ReasonInfo(nil), reasons[:]...) }

const badCredential = "The credential is not valid. Sign in again or get a new one."

// reasons is the table behind docs/reasons.md. Every constant above has
// exactly one row; a test keeps that so. InternalFault is last.
var reasons = [...]ReasonInfo{
	{PathAmbiguous, 400, "Ambiguous request target", "Two programs could read this path differently. Send it without dot segments, empty segments, backslashes, semicolons or encoded separators.", "The path, as sent, could be read in two ways; nothing was matched or forwarded. If the API needs such paths, set the one path option that it needs.", ""},
	{TargetTooLong, 414, "Request target too long", "The path or the query is longer than allowed.", "Limits: path 8 KiB and 256 segments, query 8 KiB.", ""},
	{QueryMalformed, 400, "Malformed query", "The query has too many parameters, a semicolon as separator, or a parameter twice that must be single.", "A query in which a credential could hide was refused.", ""},
	{HeaderMalformed, 400, "Malformed header", "A header that takes part in the decision is missing, has bytes outside visible ASCII, or is there twice.", "See the name of the header in the log.", ""},
	{BodyMalformed, 400, "Malformed body", "The body cannot be read as its content type says.", "The API looks for a credential or an operation in the body, and the body did not parse.", ""},
	{BodyTooLarge, 413, "Body too large", "The body is larger than this API takes.", "Raise the API's body limit if such bodies are expected.", ""},
	{CallerUntrusted, 403, "Untrusted caller", "This endpoint answers configured proxies only.", "A decision was asked for by an address, or without the shared secret, that the configuration names. Add the proxy to decide.callers.", ""},
	{OriginForbidden, 403, "Cross-origin request refused", "A cookie is not accepted from another site's page.", "An unsafe request with a cookie came without proof of the same origin.", ""},
	{CredentialsAmbiguous, 400, "More than one credential", "Send exactly one credential.", "Two credentials in one request; neither was looked up.", ""},
	{CredentialMissing, 401, "Credential required", "Send a credential in one of the ways that the WWW-Authenticate header names.", "No credential was found on any carrier of the API.", ""},
	{CredentialMalformed, 401, "Invalid credential", badCredential, "The credential is not of the form that it claims to be: wrong checksum, bad base64, too long, or empty.", "credential_invalid"},
	{CredentialMisplaced, 401, "Credential in the wrong place", "This API does not take a credential in this place. See the WWW-Authenticate header.", "For example an API key in the URL where the API does not accept it.", ""},
	{CredentialNotAccepted, 401, "Invalid credential", badCredential, "The credential may be good, but this API does not accept its kind on this carrier. See the API's accept list.", "credential_invalid"},
	{CredentialUnknown, 401, "Invalid credential", badCredential, "No credential has this secret.", "credential_invalid"},
	{CredentialExpired, 401, "Invalid credential", badCredential, "The credential's expiry has passed. Its owner can renew it.", "credential_invalid"},
	{CredentialIdle, 401, "Invalid credential", badCredential, "The session was unused for longer than its idle limit.", "credential_invalid"},
	{CredentialRevoked, 401, "Invalid credential", badCredential, "The credential was revoked, or its owner's tokens were ended. It will never work again.", "credential_invalid"},
	{CredentialReplaced, 401, "Invalid credential", badCredential, "The secret was replaced by a refresh and its overlap is over. Somebody still uses the old one.", "credential_invalid"},
	{CredentialBrownout, 401, "Invalid credential", badCredential, "The credential is in a brown-out: a share of its uses is refused for a while, as if it had been revoked already. Whoever runs into it will miss it; the brown-out can be ended.", "credential_invalid"},
	{SignatureInvalid, 401, "Invalid credential", badCredential, "The access token's signature does not verify with a key of this installation.", "credential_invalid"},
	{ClaimsInvalid, 401, "Invalid credential", badCredential, "The access token is signed, but its type, issuer, audience or times are not acceptable here.", "credential_invalid"},
	{UserUnknown, 401, "Invalid credential", badCredential, "No user has this login.", "credential_invalid"},
	{PasswordWrong, 401, "Invalid credential", badCredential, "The password is wrong.", "credential_invalid"},
	{OwnerInactive, 401, "Invalid credential", badCredential, "The user, or the owner of the token, is deactivated or locked.", "credential_invalid"},
	{TenantInactive, 401, "Invalid credential", badCredential, "The tenant of the credential is deactivated.", "credential_invalid"},
	{NetworkForbidden, 401, "Invalid credential", badCredential, "The credential is limited to networks that the client's address is not in.", "credential_invalid"},
	{Overdone, 429, "Too many attempts", "Too many failed attempts. Wait for as long as the Retry-After header says.", "The budget of failures of this account or address is used up; the attempt was not evaluated.", ""},
	{PasswordChangeRequired, 403, "Password change required", "This password was set by somebody else. Choose your own first: sign in at /sallyport/ with a browser, or POST /sallyport/api/v1/me/password. Until then it opens nothing else.", "A person's password was set by an administrator and was not changed since. For a program use a service account or a token.", ""},
	{SecondFactorRequired, 403, "Second factor required", "The password alone does not open this account. Sign in at /sallyport/ with a browser, or with the code beside the password. For a program use a token or an API key.", "The user has a second factor. What takes nothing but a password, such as HTTP Basic, is closed to him; that his password was right is no proof.", ""},
	{SecondFactorWrong, 401, "Invalid credential", badCredential, "The code of the second factor is wrong, or was used before.", "credential_invalid"},
	{ReauthenticationRequired, 403, "Confirmation required", "This needs your password once more. Confirm it with POST /sallyport/api/v1/session/confirm, or on the page that asks for it, then try again.", "A session in which the password was not given within the last five minutes asked for something that an intruder would want.", ""},

	{APIUnknown, 404, "Not found", "There is nothing here.", "No protected API has this host and path.", "not_found"},
	{RouteUnknown, 404, "Not found", "There is nothing here.", "The API has no route for this path; what has no route is refused. Add a route if the operation is meant to be reachable.", "not_found"},
	{MethodNotAllowed, 405, "Method not allowed", "This path does not take this method; the Allow header names those that it takes.", "The path has routes, but none for this method.", ""},
	{TenantRequired, 400, "Tenant required", "Say which tenant the request is for.", "The API takes the tenant from the request and none was there.", ""},
	{TenantMalformed, 400, "Malformed tenant", "A tenant is named by its UUID, in lower case, exactly once.", "", ""},
	{TenantForbidden, 403, "Not your tenant", "You have no rights in this tenant, or it does not exist.", "The principal has no binding in the tenant, the credential is limited to another one, or the tenant is unknown or deactivated.", ""},
	{RealmRequired, 400, "Realm required", "Say which realm the request is for.", "The API takes the realm from the request and none was there.", ""},
	{RealmForbidden, 403, "Not in this realm", "You hold the permission, but not in this realm.", "Bindings give the permission in other realms only.", ""},
	{ScopeInsufficient, 403, "Scope insufficient", "The token's scopes do not reach this far. Use a token with the scope that is named.", "The owner may, but the token's scopes leave the permission out.", ""},
	{PermissionMissing, 403, "Permission missing", "You do not hold the permission that this operation needs.", "No binding of the principal in this tenant gives the permission.", ""},
	{ConditionUnmet, 403, "Condition not met", "A condition on your right to do this is not met at the moment.", "A binding gives the permission, but its condition is false or could not be evaluated.", ""},
	{KindForbidden, 403, "Credential of this kind refused", "You may not use a credential of this kind here.", "The route takes credentials of this kind from those only who hold one of the permissions that are named. This is no use of the credential, and was not counted.", ""},
	{PrivilegeCeiling, 403, "Beyond your own rights", "You cannot hand out what you do not hold yourself.", "The change would create a role, binding or credential that is stronger than who makes it.", ""},

	{StoreUnavailable, 503, "Temporarily unavailable", "Try again in a moment.", "The store did not answer, and this credential or principal was not known yet.", ""},
	{PolicyStale, 503, "Temporarily unavailable", "Try again in a moment.", "This node has not been able to confirm the newest revision for longer than max_staleness.", ""},
	{Overloaded, 503, "Temporarily unavailable", "Try again in a moment.", "A bounded queue was full, such as the one before the password hashes.", ""},
	{InternalFault, 500, "Internal error", "Something went wrong on our side. Report the request id.", "See the log for the request id.", ""},
}

// Reasons that callers see in place of a finer one. They are never the reason
// of a [Decision].
const (
	CredentialInvalid Reason = "credential_invalid"
	NothingHere       Reason = "not_found"
)
